"""One look at every signal of the window: good minutes, counts, gaps, hash; and the evidence built from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt
from ovoo_contract.address import Address, AssetAddress
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.evidence import EvidenceDescriptor, SampleColumns, figure, hash_samples
from ovoo_contract.quality import UNCERTAIN
from ovoo_models.efficiency.gap_rule import GAP_NS

from ovoo_cloud.diagnosis.evidence import EvidenceSource

__all__ = [
    "GAP_MINUTES",
    "MINUTE_NS",
    "EvidenceBook",
    "Flags",
    "Observation",
    "Series",
    "SignalScan",
    "Window",
    "good_series",
    "held_minutes",
    "held_values",
    "scan_columns",
]

MINUTE_NS = 60_000_000_000
GAP_MINUTES = GAP_NS // 60_000_000_000
"""Shortest silence, in minutes, that is listed as a gap."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Window:
    """The report window [start, end), ns UTC, counted in whole minutes from its start."""

    start_ns: int
    end_ns: int

    @property
    def minutes(self) -> int:
        """Whole minutes in the window."""
        return (self.end_ns - self.start_ns) // MINUTE_NS


@dataclass(frozen=True, slots=True)
class Series:
    """Good samples with a value, as numpy columns ordered by time."""

    time_ns: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SignalScan:
    """What one signal delivered.

    Attributes:
        good, seen: a flag per minute for a Good sample and for any row at all.
        changed: a flag per minute in which a Good value differs from the Good value before it.
        varied: two Good values of the window differ.
    """

    entry: SignalEntry
    samples: int
    good_samples: int
    sha256: str
    good: Flags
    seen: Flags
    changed: Flags
    varied: bool


@dataclass(slots=True)
class EvidenceBook:
    """The evidence records of one snapshot, by id."""

    window: Window
    catalogue_ids: tuple[str, ...]
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(
        self,
        scans: Sequence[SignalScan],
        query: str,
        *,
        formulas: Sequence[str] = (),
        factors: Sequence[str] = (),
    ) -> str:
        """Record that `query` looked at these signals over the whole window; returns the evidence id."""
        ordered = sorted(scans, key=lambda scan: str(scan.entry.address))
        good = np.logical_or.reduce([scan.good for scan in ordered]) if ordered else np.zeros(0, dtype=np.bool_)
        record = {
            "samples": sum(scan.samples for scan in ordered),
            "good_share": _share(sum(s.good_samples for s in ordered), sum(s.samples for s in ordered)),
            "sha256": _joined([scan.sha256 for scan in ordered]),
            "gaps": [list(gap) for gap in gaps_of(good, self.window)],
        }
        return self._put([scan.entry.address for scan in ordered], query, formulas, factors, record)

    def add_records(self, records: Sequence[Any], query: str, *, formulas: Sequence[str] = ()) -> str:
        """Record that `query` looked at records of the platform itself, plain data kept in the snapshot's source."""
        content = {
            "samples": len(records),
            "good_share": _share(len(records), len(records)),
            "sha256": sha256_hex(canonical_json(list(records))),
            "gaps": [],
        }
        return self._put([], query, formulas, (), content)

    def _put(
        self, addresses: Sequence[Address], query: str, formulas: Sequence[str], factors: Sequence[str], record: Any
    ) -> str:
        descriptor = EvidenceDescriptor(
            addresses=tuple(addresses),
            start_ns=self.window.start_ns,
            end_ns=self.window.end_ns,
            query=query,
            catalogue_ids=self.catalogue_ids,
            formula_ids=tuple(sorted(formulas)),
            factor_ids=tuple(sorted(factors)),
        )
        self.records[descriptor.id] = {**descriptor.to_dict(), **record}
        return descriptor.id


def _joined(hashes: Sequence[str]) -> str:
    """The hash of one signal's samples; for several signals the SHA-256 over their hashes, one a line."""
    return hashes[0] if len(hashes) == 1 else sha256_hex("\n".join(hashes).encode())


def _share(part: int, whole: int) -> str:
    return figure(part / whole, 4) if whole else "0.0000"


def gaps_of(good: Flags, window: Window, least: int = GAP_MINUTES) -> list[tuple[str, str]]:
    """Runs of at least `least` minutes without a flag, as (start, end) in ns written as text."""
    padded = np.concatenate(([True], good, [True]))
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    runs = edges.reshape(-1, 2)
    return [
        (str(window.start_ns + int(a) * MINUTE_NS), str(window.start_ns + int(b) * MINUTE_NS))
        for a, b in runs
        if b - a >= least
    ]


@dataclass(slots=True)
class Observation:
    """All signals of the enterprise over the window, scanned once in the order of their addresses."""

    source: EvidenceSource
    window: Window
    scans: Mapping[str, SignalScan]
    platform_seen: Flags
    book: EvidenceBook

    @classmethod
    def scan(cls, source: EvidenceSource, window: Window) -> Observation:
        """Read every signal once."""
        entries = sorted(source.signals(), key=lambda entry: str(entry.address))
        scans = {}
        for entry in entries:
            columns = source.samples(entry.address, window.start_ns, window.end_ns)
            scans[str(entry.address)] = scan_columns(columns, entry, window)
        seen = np.zeros(window.minutes, dtype=np.bool_)
        for scan in scans.values():
            seen |= scan.seen
        book = EvidenceBook(window, tuple(sorted(source.catalogue_ids())))
        return cls(source, window, scans, seen, book)

    def of_asset(self, asset: AssetAddress, measurement: str = "telemetry") -> list[SignalScan]:
        """Scans of an asset's signals of one measurement."""
        return [
            scan
            for scan in self.scans.values()
            if scan.entry.address.asset_address == asset and scan.entry.measurement == measurement
        ]

    def find(self, asset: AssetAddress, signal: str) -> SignalScan | None:
        """The scan of one named signal of an asset; None where the catalogue does not have it."""
        return self.scans.get(str(asset.signal(signal)))

    def series(self, scan: SignalScan) -> Series:
        """The good samples of a signal, read again from the source."""
        columns = self.source.samples(scan.entry.address, self.window.start_ns, self.window.end_ns)
        return good_series(columns)

    def by_minute(self, scan: SignalScan) -> npt.NDArray[np.float64]:
        """The last good value of every minute, held until the signal's next sample is due; NaN where there is none.

        No averaging, so no rounding.
        """
        return held_values(self.series(scan), scan.entry, self.window)


def held_values(series: Series, entry: SignalEntry, window: Window) -> npt.NDArray[np.float64]:
    """The last value of every minute, held until the signal's next sample is due; NaN where there is none."""
    result = np.full(window.minutes, np.nan)
    slots = (series.time_ns - window.start_ns) // MINUTE_NS
    for step in reversed(range(_hold(entry))):
        reached = slots + step
        inside = reached < window.minutes
        result[reached[inside]] = series.value[inside]
    return result


def good_series(columns: SampleColumns) -> Series:
    """Rows of Good quality that carry a value."""
    times = np.asarray(columns.time_ns, dtype=np.int64)
    values = np.asarray(columns.value, dtype=np.float64)
    keep = (np.asarray(columns.quality, dtype=np.uint32) < UNCERTAIN) & np.isfinite(values)
    return Series(times[keep], values[keep])


def scan_columns(columns: SampleColumns, entry: SignalEntry, window: Window) -> SignalScan:
    """The scan of a signal's samples, all of which lie in the window."""
    times = np.asarray(columns.time_ns, dtype=np.int64)
    good_rows = np.asarray(columns.quality, dtype=np.uint32) < UNCERTAIN
    values = np.asarray(columns.value, dtype=np.float64)[good_rows]
    return SignalScan(
        entry=entry,
        samples=len(times),
        good_samples=int(np.count_nonzero(good_rows)),
        sha256=hash_samples([(entry.address, columns)]),
        good=held_minutes(times[good_rows], entry, window),
        seen=held_minutes(times, entry, window),
        changed=_changed(times[good_rows], values, window),
        varied=bool(len(values)) and not bool(np.all(values == values[0])),
    )


def _changed(times: npt.NDArray[np.int64], values: npt.NDArray[np.float64], window: Window) -> Flags:
    flags = np.zeros(window.minutes, dtype=np.bool_)
    moved = times[1:][values[1:] != values[:-1]]
    slots = (moved - window.start_ns) // MINUTE_NS
    flags[slots[slots < window.minutes]] = True
    return flags


def held_minutes(times: npt.NDArray[np.int64], entry: SignalEntry, window: Window) -> Flags:
    """Minutes covered: a sample covers its own minute, a slower signal also those until its next sample is due."""
    flags = np.zeros(window.minutes, dtype=np.bool_)
    slots = (times - window.start_ns) // MINUTE_NS
    for step in range(_hold(entry)):
        reached = slots + step
        flags[reached[reached < window.minutes]] = True
    return flags


def _hold(entry: SignalEntry) -> int:
    """Minutes that one sample stands for."""
    return max(1, ceil(entry.period_s / 60))
