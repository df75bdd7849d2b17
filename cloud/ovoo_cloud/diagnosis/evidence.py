"""Where a diagnosis gets its samples from: the port, and a source held in memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from ovoo_contract.address import Address
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.evidence import SampleColumns
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch

from ovoo_cloud.diagnosis.usage import Usage

__all__ = ["Columns", "EvidenceSource", "MemorySource", "PlatformFacts", "cut"]


@dataclass(frozen=True, slots=True)
class Columns:
    """The plain `SampleColumns` of one signal, ordered by time."""

    time_ns: array[int]
    value: array[float]
    quality: array[int]
    text: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlatformFacts:
    """What the platform knows about its own links; None where it has not looked.

    `gateways` counts the enterprise's gateways; `gateways_tls` those connected by TLS with their own certificate.
    """

    gateways: int | None = None
    gateways_tls: int | None = None
    roles_enforced: bool | None = None
    backup_restored: bool | None = None


@runtime_checkable
class EvidenceSource(Protocol):
    """Read access to one enterprise. All windows are half-open [start, end), ns UTC; nothing outside is returned."""

    def signals(self) -> Sequence[SignalEntry]:
        """The enterprise's catalogue entries; order is of no importance."""

    def catalogue_ids(self) -> Sequence[str]:
        """Ids of the catalogues that the entries come from."""

    def samples(self, address: Address, start_ns: int, end_ns: int) -> SampleColumns:
        """All samples of one signal in the window, ordered by time."""

    def findings(self, start_ns: int, end_ns: int) -> Sequence[Finding]:
        """Findings whose window touches [start, end); order is of no importance."""

    def platform(self) -> PlatformFacts:
        """Facts about the links and the platform itself."""

    def usage(self, start_ns: int, end_ns: int) -> Usage:
        """What the platform was used for in the window, and how its links did."""


class MemorySource:
    """An evidence source over batches held in memory, in whatever order they came."""

    def __init__(
        self,
        entries: Sequence[SignalEntry],
        batches: Iterable[SampleBatch],
        *,
        findings: Sequence[Finding] = (),
        catalogue_ids: Sequence[str] = (),
        platform: PlatformFacts | None = None,
        usage: Usage | None = None,
    ) -> None:
        """Signal indexes in the batches are positions in `entries`."""
        self._entries = tuple(entries)
        self._findings = tuple(findings)
        self._catalogue_ids = tuple(catalogue_ids)
        self._platform = platform or PlatformFacts()
        self._usage = usage or Usage()
        merged, _, _ = SampleBatch.concat(list(batches)).sorted().dedupe()
        self._columns = _split(merged, self._entries)

    def signals(self) -> Sequence[SignalEntry]:
        """The entries given."""
        return self._entries

    def catalogue_ids(self) -> Sequence[str]:
        """The catalogue ids given."""
        return self._catalogue_ids

    def samples(self, address: Address, start_ns: int, end_ns: int) -> Columns:
        """Samples of one signal in the window; empty for an unknown address."""
        columns = self._columns.get(str(address))
        if columns is None:
            return Columns(array("q"), array("d"), array("I"))
        return cut(columns, start_ns, end_ns)

    def findings(self, start_ns: int, end_ns: int) -> Sequence[Finding]:
        """Findings that touch the window."""
        return tuple(each for each in self._findings if each.start_ns < end_ns and each.end_ns > start_ns)

    def platform(self) -> PlatformFacts:
        """The facts given."""
        return self._platform

    def usage(self, start_ns: int, end_ns: int) -> Usage:
        """The usage given, with the alarms raised in the window."""
        alarms = tuple(each for each in self._usage.alarms if start_ns <= each.raised_ns < end_ns)
        return replace(self._usage, alarms=alarms)


def cut(columns: SampleColumns, start_ns: int, end_ns: int) -> Columns:
    """The samples of [start, end) among those of one signal."""
    first, last = bisect_left(columns.time_ns, start_ns), bisect_left(columns.time_ns, end_ns)
    text = {row - first: words for row, words in columns.text.items() if first <= row < last}
    return Columns(columns.time_ns[first:last], columns.value[first:last], columns.quality[first:last], text)


def _split(batch: SampleBatch, entries: Sequence[SignalEntry]) -> Mapping[str, Columns]:
    columns: dict[str, Columns] = {}
    start = 0
    while start < len(batch):
        end = bisect_right(batch.signal, batch.signal[start], start)
        text = {row - start: words for row, words in batch.text.items() if start <= row < end}
        columns[str(entries[batch.signal[start]].address)] = Columns(
            batch.time_ns[start:end], batch.value[start:end], batch.quality[start:end], text
        )
        start = end
    return columns
