"""Fills gaps of a subscription from the server's own history, beside the live data and within the load budget.

A gap of a signal reaches from the newest sample held to the first that came again, both exclusive; so nothing that
came by the subscription is read a second time. Spans stay in a file until what was read for them is on disk.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ovoo_contract.errors import ConnectFailed, SourceError
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL

from ovoo_edge.sources.backfill_plan import BackfillPlan, Span, Window, next_window
from ovoo_edge.sources.base import Chunk, Intake, SignalMap, SourceContext
from ovoo_edge.sources.decode import HandleTable, ServiceFault, WireFault
from ovoo_edge.sources.gaps import GapLog
from ovoo_edge.sources.history_access import read_history_access, read_key_frame
from ovoo_edge.sources.history_reader import NO_HISTORY, HistoryReader, SeenRows, describe
from ovoo_edge.sources.opcua_paced import PacedLink
from ovoo_edge.sources.sample_marks import SampleMarks
from ovoo_edge.sources.settings_opcua import OpcUaSettings

__all__ = ["Backfill"]

_log = logging.getLogger(__name__)
_SLACK_NS = 60_000_000_000
_HOUR_NS = 3_600_000_000_000
_OVERFLOW = 0x480
_FIRST_WIDTH_NS = 60_000_000_000
_LEAST_WIDTH_NS = 1_000_000_000
_GREATEST_WIDTH_NS = 7 * 24 * _HOUR_NS
_WANTED_ROWS = 20_000
_MOST_ATTEMPTS = 3
_RETRY_S = 1.0


class Backfill:
    """The backfill of one source; it outlives connections.

    Args:
        settings: order and limits.
        signals: all signals of the source; a signal's client handle is its position.
        context: clocks and the state folder.
        handles: meaning of the client handles, as on the live path.
        gaps: where gaps are listed.
    """

    def __init__(
        self,
        settings: OpcUaSettings,
        signals: Sequence[SignalMap],
        context: SourceContext,
        handles: HandleTable,
        gaps: GapLog,
    ) -> None:
        self._settings = settings
        self._signals = signals
        self._context = context
        self._handles = handles
        self._gaps = gaps
        self._handle_of = {signal.index: handle for handle, signal in enumerate(signals)}
        self.marks = SampleMarks(context.state_dir / f"{settings.name}.marks", signals, context.wall_ns())
        self._plan = BackfillPlan(context.state_file(f"{settings.name}.backfill.json"), self.marks.keys)
        for gap in self._plan.known_gaps:
            gaps.restore(gap)
        self.counters: Counter[str] = Counter()
        self._wake = asyncio.Event()
        self._width_ns = _FIRST_WIDTH_NS
        self._refusals: dict[int, str] = {}
        self._overdue = False
        self._unbounded = {span.gap for span in self._plan.open.values()}
        self._unfilled: dict[int, Counter[str]] = {}
        self._missing: Counter[int] = Counter()
        self._current: Window | None = None
        self._seen: SeenRows = {}
        self._attempts = 0
        self._uncommitted = 0
        self._written = asyncio.Event()

    def figures(self) -> dict[str, int]:
        """Counters for `/health`; `backfill_pending` counts spans that are still to be closed or read."""
        return {**self.counters, "backfill_pending": len(self._plan.closed) + len(self._plan.open)}

    def lost(self, cause: str, heard_ns: int, number: int | None = None, signals: Collection[int] | None = None) -> int:
        """Notes that from now back to the newest sample held of each signal something may be missing.

        Args:
            cause: why, for people.
            heard_ns: UTC of the last receipt, 0 = none.
            number: the gap that it belongs to; None: a new one.
            signals: catalogue indexes concerned; None: all.

        Returns:
            The gap's number.
        """
        now_ns = self._context.wall_ns()
        starts = self._starts(heard_ns, now_ns, signals)
        if number is None and starts and all(signal in self._plan.open for signal, _ in starts):
            return self._plan.open[starts[0][0]].gap  # the outage that is known already still lasts
        if number is None:
            number = self._gaps.add(self._last_held_ns(heard_ns), now_ns, cause)
        if self._settings.backfill == "off":
            self._gaps.settle(number, "backfill is off", 0)
            self._unbounded.add(number)
        elif self._plan.begin(starts, number):
            self._unbounded.add(number)
            self._wake.set()
        self._plan.save(self._gaps.recent)
        return number

    def _last_held_ns(self, heard_ns: int) -> int:
        """Where a gap begins, by the samples' own clock: ours may have jumped since the last receipt, or before it."""
        newest_ns = self.marks.newest_ns
        together = heard_ns and abs(heard_ns - newest_ns) <= _SLACK_NS
        return min(heard_ns, newest_ns) if together else newest_ns or heard_ns

    def _starts(self, heard_ns: int, now_ns: int, signals: Collection[int] | None) -> list[tuple[int, int]]:
        """(signal, newest time held) of all signals concerned that ever spoke."""
        received = self.marks.received
        newest_ns = self.marks.newest_ns
        # a signal that had nothing to say for days is not asked for those days
        floor_ns = (min(newest_ns, heard_ns) if heard_ns else newest_ns) - _SLACK_NS
        floor_ns = max(floor_ns, now_ns - int(self._settings.backfill_max_h * _HOUR_NS))
        return [
            (signal.index, max(received[signal.index], floor_ns))
            for signal in self._signals
            if received[signal.index] and (signals is None or signal.index in signals)
        ]

    def arriving(self, batch: SampleBatch, *, overflow: bool) -> None:
        """Notes a live batch before it is handed on: it ends open spans, and a flagged row tells of an overflow."""
        changed = False
        if self._plan.open or self._unbounded:
            changed = self._end_spans(batch)
        if overflow and self._settings.backfill != "off":
            changed = self._overflowed(batch) or changed
        self.marks.receive(batch)
        if changed:
            self._plan.save(self._gaps.recent, durable=not overflow)
            self._wake.set()

    def _end_spans(self, batch: SampleBatch) -> bool:
        """The first samples again close spans, and tell by their own clock when a gap was over."""
        ended = self._plan.end(zip(batch.signal, batch.time_ns, strict=True))
        if self._settings.backfill == "off":
            ended = dict.fromkeys(self._unbounded, batch.time_ns.tolist())
        for number, times in ended.items():
            gap = self._gaps.find(number)
            if gap is not None:
                first = number in self._unbounded
                near_ns = (sorted(times)[len(times) // 2] if first else gap.end_ns) + _SLACK_NS
                self._gaps.reach(number, max((time for time in times if time <= near_ns), default=0))
                if self._settings.backfill == "off" and (gap := self._gaps.find(number)) is not None:
                    missing = sum(self._steps(each.index, gap.start_ns, gap.end_ns) for each in self._signals)
                    self._gaps.settle(number, gap.outcome, 0, missing)
        self._unbounded -= ended.keys()
        return bool(ended)

    def _overflowed(self, batch: SampleBatch) -> bool:
        """Spans before rows with the overflow bit: the server dropped what came between them and the row before."""
        before: dict[int, int] = {}
        found: list[tuple[int, int, int]] = []
        for signal, time_ns, quality in zip(batch.signal, batch.time_ns, batch.quality, strict=True):
            start_ns = before.get(signal, self.marks.received[signal])
            if quality & _OVERFLOW == _OVERFLOW and start_ns:
                found.append((signal, start_ns, time_ns))
            before[signal] = time_ns
        if not found:
            return False
        first_ns, last_ns = min(start for _, start, _ in found), max(end for _, _, end in found)
        number = self._gaps.add(first_ns, last_ns, "queue overflow at the server", extend=True)
        for signal, start_ns, end_ns in found:
            span = Span(signal, start_ns, end_ns, number)
            if self._refusals.get(signal):
                self._note_unfilled(span, self._refusals[signal])
            else:
                self._plan.add(span)
        self._settle(number)
        return True

    def committed(self, batch: SampleBatch) -> None:
        """Notes that a live batch is on disk."""
        self.marks.commit(batch)

    async def run(
        self,
        link: PacedLink,
        node_of: Callable[[int], Any],
        history_values: int,
        intake: Intake,
        responses: Callable[[], int],
    ) -> None:
        """Fills gaps over one connection until cancelled; its own failures never end the connection.

        Args:
            link: the connection.
            node_of: node id of a signal, by catalogue index; raises NodeMissing where the server has none.
            history_values: see `HistoryReader`.
            intake: where rows go.
            responses: publish responses so far; they tell a dead connection from a server that refuses history.
        """
        if self._settings.backfill == "off":
            return
        self._refusals.clear()  # another server, or another right, may stand behind this connection
        reader = HistoryReader(link, self._handles, self._handle_of, node_of, history_values, self._context.wall_ns)
        while True:
            before = responses()
            try:
                if not await self._step(reader, link, intake):
                    await self._rest()
                continue
            except (ServiceFault, WireFault, SourceError) as error:
                self._failed(error, alive=responses() != before)
            await asyncio.sleep(_RETRY_S)

    async def _rest(self) -> None:
        """Waits for a new gap; while one is open, not for longer than its signals may take to come again."""
        self._wake.clear()
        patience_s = max(3.0, 3 * self._settings.publishing_interval_ms / 1000) if self._plan.open else None
        try:
            async with asyncio.timeout(patience_s):
                await self._wake.wait()
        except TimeoutError:
            self._overdue = True

    async def _step(self, reader: HistoryReader, link: PacedLink, intake: Intake) -> bool:
        """Does one thing; False when there is nothing to do."""
        if self._overdue and self._plan.open:
            await self._key_frame(reader, link, intake)
            self._overdue = False
            return True
        self._overdue = False
        window = self._choose(link)
        if window is None:
            return False
        if await self._without_access(reader, link, window):
            return True
        await self._fill(reader, window, intake)
        return True

    def _choose(self, link: PacedLink) -> Window | None:
        spans = self._plan.closed
        if self._current is not None and set(self._current.spans) <= set(spans):
            return self._current
        window = next_window(spans, self._settings.backfill, link.budget.batch("history"), self._width_ns)
        self._current, self._seen = window, {}
        return window

    async def _without_access(self, reader: HistoryReader, link: PacedLink, window: Window) -> bool:
        """Drops the spans of signals whose history cannot be read; True when there were any."""
        unknown = [span.signal for span in window.spans if span.signal not in self._refusals]
        if unknown:
            self._refusals.update(await read_history_access(link, unknown, reader.node_of))
        bad = {span: self._refusals[span.signal] for span in window.spans if self._refusals[span.signal]}
        if bad:
            self._give_up(bad)
        return bool(bad)

    async def _fill(self, reader: HistoryReader, window: Window, intake: Intake) -> None:
        rows: Counter[int] = Counter()
        gap_of = {span.signal: span.gap for span in window.spans}
        total = 0
        async for batch in reader.read(window, self._seen):
            self._uncommitted += 1
            total += len(batch)
            rows.update(gap_of[signal] for signal in batch.signal)
            self.counters["backfilled"] += len(batch)
            receive_ns = self._context.wall_ns()
            await intake.put(Chunk(batch, self._on_disk, self._settings.name, FLAG_BACKFILL, receive_ns))
        while self._uncommitted:
            self._written.clear()
            await self._written.wait()
        self._conclude(reader, window, rows)
        self._adapt(total)

    def _on_disk(self) -> None:
        self._uncommitted -= 1
        self._written.set()

    def _conclude(self, reader: HistoryReader, window: Window, rows: Mapping[int, int]) -> None:
        """The window is on disk: its spans shrink, and what could not be read is named."""
        failures = dict(reader.failures)
        for number, count in rows.items():
            gap = self._gaps.find(number)
            self._gaps.settle(number, gap.outcome if gap else "", count)
        self._current, self._attempts = None, 0
        for span, failure in failures.items():
            if isinstance(failure, int) and failure & 0xFFFF_0000 in NO_HISTORY:
                self._refusals[span.signal] = _refusal(failure)
        self._give_up({span: _refusal(failure) for span, failure in failures.items()})
        for number in {span.gap for span in self._plan.finish(window, self._settings.backfill)}:
            self._settle(number)
        self._plan.save(self._gaps.recent)

    def _give_up(self, reasons: Mapping[Span, str]) -> None:
        self._plan.drop(reasons)
        for span, reason in reasons.items():
            self._note_unfilled(span, reason)
        for number in {span.gap for span in reasons}:
            self._settle(number)
        if reasons:
            self._plan.save(self._gaps.recent)

    def _note_unfilled(self, span: Span, reason: str) -> None:
        self._unfilled.setdefault(span.gap, Counter())[reason] += 1
        self._missing[span.gap] += self._steps(span.signal, span.start_ns, span.end_ns)
        self.counters["unfilled_spans"] += 1

    def _steps(self, signal: int, start_ns: int, end_ns: int) -> int:
        """Samples that the nominal step asks for between two that are held."""
        step_ns = max(1, int(self._signals[self._handle_of[signal]].period_s * 1e9))
        return max(0, -(-(end_ns - start_ns) // step_ns) - 1)

    def _settle(self, number: int) -> None:
        """States what came of a gap once nothing of it is left to do."""
        if any(span.gap == number for span in (*self._plan.closed, *self._plan.open.values())):
            return
        reasons = self._unfilled.pop(number, Counter())
        outcome = "; ".join(f"{reason} ({count} signals)" for reason, count in sorted(reasons.items())) or "filled"
        self._gaps.settle(number, outcome, 0, self._missing.pop(number, 0))
        gap = self._gaps.find(number)
        rows = gap.filled if gap else 0
        _log.info("source=%s event=gap_settled rows=%d outcome=%r", self._settings.name, rows, outcome)

    def _adapt(self, rows: int) -> None:
        """Windows grow while they hold little and shrink when they hold much."""
        if rows > 2 * _WANTED_ROWS:
            self._width_ns = max(_LEAST_WIDTH_NS, self._width_ns // 2)
        elif rows < _WANTED_ROWS:
            self._width_ns = min(_GREATEST_WIDTH_NS, self._width_ns * 2)

    def _failed(self, error: Exception, *, alive: bool) -> None:
        """The server refused or did not answer: another try, a smaller window, at last the next spans."""
        self.counters["history_failures"] += 1
        if self._current is None:
            return
        window = self._current
        if isinstance(error, ServiceFault) and error.status & 0xFFFF_0000 in NO_HISTORY:
            self._current = None
            self._refusals.update((span.signal, _refusal(error.status)) for span in window.spans)
            self._give_up({span: _refusal(error.status) for span in window.spans})
            return
        if isinstance(error, ConnectFailed) and not alive:
            return  # the connection itself is gone; the next one tries again
        self._attempts += 1
        self._width_ns = max(_LEAST_WIDTH_NS, self._width_ns // 4)
        if self._attempts >= _MOST_ATTEMPTS:
            self._current, self._attempts = None, 0
            reason = describe(error.status) if isinstance(error, ServiceFault) else str(error)
            self._give_up(dict.fromkeys(window.spans, f"history reads fail: {reason}"))

    async def _key_frame(self, reader: HistoryReader, link: PacedLink, intake: Intake) -> None:
        """Reads the current values of signals that did not come again by themselves: they end their spans."""
        waiting = list(self._plan.open.values())
        batch = await read_key_frame(
            link, [span.signal for span in waiting], reader.node_of, self._handles, self._handle_of, self._context
        )
        still_open = [span for span in waiting if self._plan.open.get(span.signal) is span]
        fresh = batch.take(
            [
                row
                for row, (signal, time_ns) in enumerate(zip(batch.signal, batch.time_ns, strict=True))
                if signal in self._plan.open and time_ns > self.marks.received[signal]
            ]
        )
        self.counters["key_frame_rows"] += len(fresh)
        self._plan.end((span.signal, 0) for span in still_open if span.signal not in set(fresh.signal))
        if len(fresh):
            done = functools.partial(self.committed, fresh)
            await intake.put(Chunk(fresh, done, self._settings.name, receive_ns=self._context.wall_ns()))
            self.arriving(fresh, overflow=False)
        for number in {span.gap for span in still_open}:
            self._settle(number)
        self._plan.save(self._gaps.recent)


def _refusal(failure: int | str) -> str:
    if isinstance(failure, int) and failure & 0xFFFF_0000 in NO_HISTORY:
        return f"the server keeps no history: {describe(failure)}"
    return f"history reads fail: {describe(failure)}"
