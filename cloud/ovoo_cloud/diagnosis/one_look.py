"""A source that gives one answer to one question, however much arrives in the store while a report is measured.

Samples of a month do not fit into memory, so a signal is read again where its series is needed. Late and re-sent data
may come in between: then evidence would hash other samples than the figures rest on.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Final, TypeVar

from ovoo_contract.address import Address
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import StoreError
from ovoo_contract.evidence import SampleColumns
from ovoo_contract.findings import Finding

from ovoo_cloud.diagnosis.evidence import Columns, EvidenceSource, PlatformFacts, cut
from ovoo_cloud.diagnosis.usage import Usage

__all__ = ["OneLook", "SamplesMoved", "measured_steadily"]

_Made = TypeVar("_Made")
_PART_NS: Final = 86_400_000_000_000
"""Samples are compared in parts of a day, so that a look at an hour does not read a month."""
_IN_MEMORY: Final = 64 * 1024 * 1024
"""Samples that are kept go to a file beyond so many bytes."""


class SamplesMoved(Exception):
    """A signal has other samples than at the first look. No error of anybody: whoever measures begins again."""

    def __init__(self, address: Address) -> None:
        super().__init__(str(address))


@dataclass(frozen=True, slots=True)
class _Look:
    """What was read first of one signal in [start, end): a digest of each part, and where its samples are kept."""

    start_ns: int
    end_ns: int
    parts: Sequence[bytes] = ()
    place: int = -1

    def covers(self, start_ns: int, end_ns: int) -> bool:
        return self.start_ns <= start_ns and end_ns <= self.end_ns


class OneLook:
    """An `EvidenceSource` over another one, which may be written to meanwhile.

    Without `kept` a signal is read again when it is asked for again, and SamplesMoved is raised when it then holds
    other samples; with it, every sample is kept in that file and given again from there.
    """

    def __init__(self, source: EvidenceSource, kept: IO[bytes] | None = None) -> None:
        self._source = source
        self._kept = kept
        self._looks: dict[str, list[_Look]] = {}
        self._list: tuple[Sequence[SignalEntry], Sequence[str]] | None = None
        self._findings: dict[tuple[int, int], tuple[Finding, ...]] = {}
        self._platform: PlatformFacts | None = None
        self._usage: dict[tuple[int, int], Usage] = {}

    def signals(self) -> Sequence[SignalEntry]:
        """The catalogue entries as they were when asked first."""
        return self._listed()[0]

    def catalogue_ids(self) -> Sequence[str]:
        """The catalogues of those entries."""
        return self._listed()[1]

    def _listed(self) -> tuple[Sequence[SignalEntry], Sequence[str]]:
        while self._list is None:
            before, entries = list(self._source.catalogue_ids()), tuple(self._source.signals())
            if before == list(self._source.catalogue_ids()):  # else a gateway announced another catalogue in between
                self._list = (entries, before)
        return self._list

    def findings(self, start_ns: int, end_ns: int) -> Sequence[Finding]:
        """The findings as they were when asked first for this window."""
        key = (start_ns, end_ns)
        if key not in self._findings:
            self._findings[key] = tuple(self._source.findings(start_ns, end_ns))
        return self._findings[key]

    def platform(self) -> PlatformFacts:
        """The facts as they were when asked first."""
        if self._platform is None:
            self._platform = self._source.platform()
        return self._platform

    def usage(self, start_ns: int, end_ns: int) -> Usage:
        """The usage as it was when asked first for this window."""
        key = (start_ns, end_ns)
        if key not in self._usage:
            self._usage[key] = self._source.usage(start_ns, end_ns)
        return self._usage[key]

    def samples(self, address: Address, start_ns: int, end_ns: int) -> SampleColumns:
        """The samples of a signal as they were at the first look at this window, or at one around it.

        Raises:
            SamplesMoved: they were not kept, and the source has others by now.
        """
        looks = self._looks.setdefault(str(address), [])
        look = next((each for each in looks if each.covers(start_ns, end_ns)), None)
        if look is None:
            columns = self._source.samples(address, start_ns, end_ns)
            looks.append(self._noted(_Look(start_ns, end_ns), columns))
            return columns
        if self._kept is not None:
            return cut(_load(self._kept, look.place), start_ns, end_ns)
        return self._same(address, look, start_ns, end_ns)

    def _noted(self, look: _Look, columns: SampleColumns) -> _Look:
        if self._kept is not None:
            return replace(look, place=_keep(self._kept, columns))
        return replace(look, parts=_digests(columns, look.start_ns, look.end_ns))

    def _same(self, address: Address, look: _Look, start_ns: int, end_ns: int) -> SampleColumns:
        first, last = (start_ns - look.start_ns) // _PART_NS, -((look.start_ns - end_ns) // _PART_NS)
        low, high = look.start_ns + first * _PART_NS, min(look.start_ns + last * _PART_NS, look.end_ns)
        columns = self._source.samples(address, low, high)
        if _digests(columns, low, high) != look.parts[first:last]:
            raise SamplesMoved(address)
        return columns if (low, high) == (start_ns, end_ns) else cut(columns, start_ns, end_ns)


def measured_steadily(source: EvidenceSource, measure: Callable[[EvidenceSource], _Made]) -> _Made:
    """What `measure` makes of a source that gives one answer to one question.

    Where samples arrive meanwhile, it is measured once more with every sample kept, in a temporary file.

    Raises:
        StoreError: they cannot be kept.
    """
    if isinstance(source, OneLook):
        return measure(source)
    try:
        return measure(OneLook(source))
    except SamplesMoved:
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as kept:
            return measure(OneLook(source, kept))


def _digests(columns: SampleColumns, start_ns: int, end_ns: int) -> list[bytes]:
    return [_digest(cut(columns, low, min(low + _PART_NS, end_ns))) for low in range(start_ns, end_ns, _PART_NS)]


def _digest(columns: SampleColumns) -> bytes:
    made = hashlib.blake2b(digest_size=16)
    for each in (columns.time_ns, columns.value, columns.quality):
        made.update(each)
    made.update(json.dumps(sorted(columns.text.items())).encode())
    return made.digest()


def _keep(file: IO[bytes], columns: SampleColumns) -> int:
    """Writes columns behind what is kept; gives their place."""
    try:
        place = file.seek(0, 2)
        words = json.dumps(sorted(columns.text.items())).encode()
        file.write(array("q", [len(columns.time_ns), len(words)]).tobytes())
        for each in (columns.time_ns, columns.value, columns.quality):
            file.write(each)
        file.write(words)
    except OSError as error:
        remedy = "free space in the folder for temporary files"
        raise StoreError(error.strerror or str(error), offender="samples being measured", remedy=remedy) from error
    return place


def _load(file: IO[bytes], place: int) -> Columns:
    file.seek(place)
    rows, size = array("q", file.read(16))
    found = Columns(array("q"), array("d"), array("I"))
    for each in (found.time_ns, found.value, found.quality):
        each.frombytes(file.read(rows * each.itemsize))
    return replace(found, text=_text(file.read(size)))


def _text(words: bytes) -> Mapping[int, str]:
    return {int(row): str(text) for row, text in json.loads(words)}
