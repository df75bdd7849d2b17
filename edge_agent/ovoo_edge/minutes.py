"""Signals that go on as figures of every minute: count, good, min, max, mean, last."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.samples import SampleBatch

from ovoo_edge._minutes_py import FIGURES, MinuteColumns
from ovoo_edge._select import minute_kernels
from ovoo_edge.cells import HourCells, count_rows
from ovoo_edge.normalise import SignalRule
from ovoo_edge.verdicts import NEVER_NS, POLICIES

__all__ = ["FIGURES", "ClosedMinutes", "MinuteState", "Minutes", "figure_bases", "figure_entries"]

_PATIENCE_NS = 120_000_000_000


class MinuteState:
    """Rules and the open minute of every signal as columns, one item per signal of the catalogue.

    `minute_ns` is the start of the open minute, `closed_ns` the end of the last closed one, `since_ns` the gateway's
    clock when the minute opened, `entry` the journal entry in which it began; `total` + `rest` is the sum.
    """

    __slots__ = (
        "base", "closed_ns", "count", "entry", "good", "high", "last", "low", "minute_ns", "policy", "rest", "since_ns",
        "total",
    )  # fmt: skip

    def __init__(self, rules: Sequence[SignalRule], bases: Sequence[int]) -> None:
        count = len(rules)
        self.policy = bytes(POLICIES[rule.keep] for rule in rules)
        self.base = array("I", bases)
        self.minute_ns, self.closed_ns, self.since_ns, self.entry = (array("q", [NEVER_NS]) * count for _ in range(4))
        self.count, self.good = array("I", bytes(4 * count)), array("I", bytes(4 * count))
        self.low, self.high, self.total, self.rest, self.last = (array("d", bytes(8 * count)) for _ in range(5))


@dataclass(frozen=True, slots=True)
class ClosedMinutes:
    """What closing minutes gave.

    Attributes:
        figures: rows of the derived signals, sorted.
        ends: signal and greatest time that belongs to the minute.
        counts: samples that went into the minutes, as suppressed ones of their signal.
    """

    figures: SampleBatch
    ends: SampleBatch
    counts: HourCells


class Minutes:
    """Aggregates the signals of policy `aggregate_1m`.

    A minute closes with the first sample of a later one, or after two minutes of silence. A sample that comes out of
    order, or after its minute closed, is not aggregated: it stays a sample of its own.

    Args:
        rules: one per signal of the catalogue.
        bases: per signal, the index of its first figure's signal; 0 where it has none.
    """

    def __init__(self, rules: Sequence[SignalRule], bases: Sequence[int]) -> None:
        self.active = any(rule.keep == "aggregate_1m" for rule in rules)
        self._state = MinuteState(rules, bases) if self.active else MinuteState((), ())

    def apply(self, batch: SampleBatch, mark: bytearray, now_ns: int, entry: int) -> ClosedMinutes:
        """Takes the kept rows of aggregated signals, and marks them `AGGREGATED`; texts stay what they are."""
        worded = bytearray(len(batch)) if batch.text else None
        for row in batch.text:
            if worded is not None:
                worded[row] = 1
        return _closed(
            minute_kernels.add_rows(
                batch.signal, batch.time_ns, batch.value, batch.quality, worded, mark, self._state, now_ns, entry
            )
        )

    def close_silent(self, now_ns: int) -> ClosedMinutes:
        """Closes minutes whose signal has been silent for two minutes by the gateway's clock."""
        return _closed(minute_kernels.close_minutes(self._state, now_ns, _PATIENCE_NS))

    def oldest_entry(self) -> int:
        """The journal entry in which the oldest open minute began, 0 when none is open."""
        return minute_kernels.oldest_entry(self._state)


def figure_bases(catalogue: Catalogue) -> list[int]:
    """Per signal, the index of its `count` figure; 0 where it has none. The other figures follow in order."""
    own = {
        str(entry.address.asset_address.signal(entry.model)): index
        for index, entry in enumerate(catalogue.entries)
        if entry.measurement == "telemetry_1m" and entry.field == FIGURES[0]
    }
    return [own.get(str(entry.address), 0) for entry in catalogue.entries]


def figure_entries(entry: SignalEntry) -> list[SignalEntry]:
    """The derived signals of an aggregated one: `<signal>_1m_count` and so on, written to `telemetry_1m`.

    Raises:
        AddressError: the name of the signal is too long for that.
    """
    name = entry.address.signal
    return [
        SignalEntry(
            entry.address.asset_address.signal(f"{name}_1m_{figure}"),
            "1" if figure in ("count", "good") else entry.unit,
            data_class=entry.data_class,
            period_s=60.0,
            measurement="telemetry_1m",
            field=figure,
            model=name,
        )
        for figure in FIGURES
    ]


def _closed(columns: MinuteColumns) -> ClosedMinutes:
    signal, time_ns, value, source, until_ns, numbers = columns
    if not source:
        return _NOTHING
    figures = SampleBatch(signal, time_ns, value, array("I", bytes(4 * len(signal)))).sorted()
    # the numbers ride in the column of qualities, so that sorting keeps them with their minute
    ends = SampleBatch(source, until_ns, array("d", bytes(8 * len(source))), numbers).sorted()
    return ClosedMinutes(figures, ends, count_rows(ends, "suppressed", weights=ends.quality))


_NOTHING = ClosedMinutes(SampleBatch.empty(), SampleBatch.empty(), {})
