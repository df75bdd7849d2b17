"""Which samples go on: deadband and swinging door per signal, with state that lives across batches."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.samples import SampleBatch

from ovoo_edge._select import process_kernels, thin_kernels
from ovoo_edge.normalise import SignalRule
from ovoo_edge.verdicts import KEPT, NEVER_NS, POLICIES, SUPPRESSED

__all__ = ["Decided", "ThinState", "Thinning"]


class ThinState:
    """Rules and state of every signal as columns, one item per signal of the catalogue.

    `kept_*` is the sample kept last, `held_*` the one that waits for its verdict (phase 2), `low` and `high` the slopes
    per nanosecond that pass every sample since, `since_ns` the gateway's clock when holding began.
    """

    __slots__ = (
        "band", "held_ns", "held_quality", "held_value", "high", "kept_ns", "kept_quality", "kept_value", "low",
        "phase", "policy", "refresh_ns", "since_ns",
    )  # fmt: skip

    def __init__(self, rules: Sequence[SignalRule], refresh_s: float) -> None:
        count = len(rules)
        self.policy = bytes(POLICIES[rule.keep] for rule in rules)
        self.band = array("d", [rule.deadband for rule in rules])
        self.refresh_ns = array("q", [int((rule.refresh_s or refresh_s) * 1e9) for rule in rules])
        self.phase = bytearray(count)
        self.kept_ns, self.held_ns, self.since_ns = (array("q", [NEVER_NS]) * count for _ in range(3))
        self.kept_value, self.held_value = array("d", bytes(8 * count)), array("d", bytes(8 * count))
        self.kept_quality, self.held_quality = array("I", bytes(4 * count)), array("I", bytes(4 * count))
        self.low, self.high = array("d", [-math.inf]) * count, array("d", [math.inf]) * count


@dataclass(frozen=True, slots=True)
class Decided:
    """Samples that were held before and have their verdict now; both sorted by signal and time."""

    kept: SampleBatch
    suppressed: SampleBatch


class Thinning:
    """Applies the policy of every signal to sorted batches.

    Args:
        rules: one per signal of the catalogue.
        refresh_s: of signals without one of their own: an unchanged signal is kept again after this much of its own
            time, > 0; silence then means failure. It is also the longest time a sample is held.
    """

    def __init__(self, rules: Sequence[SignalRule], refresh_s: float) -> None:
        self.active = any(POLICIES[rule.keep] in (1, 2, 3) for rule in rules)
        self._state = ThinState(rules if self.active else (), refresh_s)
        self.holds = any(rule.keep == "swinging_door" for rule in rules)

    def apply(self, batch: SampleBatch, mark: bytearray, now_ns: int) -> Decided:
        """Marks the rows of a sorted batch as `KEPT`, `SUPPRESSED` or `HELD`; rows marked otherwise are left alone."""
        worded: bytearray | None = None
        if batch.text:
            worded = bytearray(len(batch))
            for row in batch.text:
                worded[row] = 1
        return _decided(
            thin_kernels.thin_rows(
                batch.signal, batch.time_ns, batch.value, batch.quality, worded, mark, self._state, now_ns
            )
        )

    def release(self, now_ns: int) -> SampleBatch:
        """Samples held for their refresh time by the gateway's clock: a signal that fell silent shows its end."""
        if not self.holds:
            return SampleBatch.empty()
        return _decided(thin_kernels.release_held(self._state, now_ns)).kept

    def held(self) -> SampleBatch:
        """What is held now."""
        signal, time_ns, value, quality, _ = thin_kernels.held_columns(self._state)
        return SampleBatch(signal, time_ns, value, quality)


def _decided(columns: tuple[array[int], array[int], array[float], array[int], bytes]) -> Decided:
    signal, time_ns, value, quality, fate = columns
    if not fate:
        return _NOTHING
    batch = SampleBatch(signal, time_ns, value, quality)
    return Decided(
        batch.take(process_kernels.pick_rows(fate, 1 << KEPT)),
        batch.take(process_kernels.pick_rows(fate, 1 << SUPPRESSED)),
    )


_NOTHING = Decided(SampleBatch.empty(), SampleBatch.empty())
