"""The deadline of a signal's silence: a signal that stopped talking gets one "no communication" row."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from ovoo_contract.quality import BAD_NO_COMMUNICATION, TIME_FROM_RECEIVE
from ovoo_contract.samples import SampleBatch

from ovoo_edge.sources.base import Chunk, Intake, SignalMap, SourceContext

__all__ = ["FreshnessWatch", "watch_silence"]


class FreshnessWatch:
    """Remembers when each watched signal was last heard.

    Args:
        signals: all signals of the source.
        default_s: deadline of signals without one of their own, seconds, 0 = not watched.
        now_s: monotonic time of the start, from which the first deadline counts.
    """

    def __init__(self, signals: Sequence[SignalMap], default_s: float, now_s: float) -> None:
        deadlines = {signal.index: signal.freshness_s or default_s for signal in signals}
        self._deadline_s = {index: seconds for index, seconds in deadlines.items() if seconds > 0}
        self._heard_s = dict.fromkeys(self._deadline_s, now_s)
        self._silent: set[int] = set()

    @property
    def shortest_s(self) -> float | None:
        """The shortest deadline, None when nothing is watched."""
        return min(self._deadline_s.values(), default=None)

    @property
    def silent(self) -> frozenset[int]:
        """Catalogue indexes that are past their deadline now."""
        return frozenset(self._silent)

    def hear(self, batch: SampleBatch, now_s: float) -> None:
        """Notes that the signals of a batch spoke."""
        if not self._deadline_s:
            return
        for index in set(batch.signal):
            if index in self._heard_s:
                self._heard_s[index] = now_s
                self._silent.discard(index)

    def overdue(self, now_s: float, receive_ns: int) -> SampleBatch | None:
        """One row for every signal that became silent since the last call; None when there is none."""
        late = [
            index
            for index, heard_s in self._heard_s.items()
            if index not in self._silent and now_s - heard_s > self._deadline_s[index]
        ]
        if not late:
            return None
        self._silent.update(late)
        batch = SampleBatch.empty()
        batch.signal.extend(late)
        batch.time_ns.extend([receive_ns] * len(late))
        batch.value.extend([float("nan")] * len(late))
        batch.quality.extend([BAD_NO_COMMUNICATION | TIME_FROM_RECEIVE] * len(late))
        return batch


async def watch_silence(
    fresh: FreshnessWatch, intake: Intake, source: str, context: SourceContext, counters: Counter[str]
) -> None:
    """Hands over the "no communication" rows of a source's silent signals until cancelled."""
    shortest_s = fresh.shortest_s
    if shortest_s is None:
        return
    while True:
        await asyncio.sleep(min(1.0, shortest_s / 4))
        receive_ns = context.wall_ns()
        batch = fresh.overdue(context.monotonic_s(), receive_ns)
        if batch is not None:
            counters["silence_rows"] += len(batch)
            await intake.put(Chunk(batch, None, source, receive_ns=receive_ns))
