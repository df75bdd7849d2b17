"""What was emitted: per signal and hour a count and a checksum that does not depend on the order of samples.

A sample's mark is a 64-bit mix of (time, bits of the value, status code); a checksum is the sum of marks modulo 2^64.
So a reader of any store computes the same number from its columns, in any order, in parts, and adds the parts.
"""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from ovoo_contract.errors import ConfigError

from ovoo_simulator.arrays import IntArray, Uint64Array
from ovoo_simulator.noise import mix64
from ovoo_simulator.times import HOUR_NS

__all__ = ["Comparison", "Difference", "Ledger", "Tally", "checksum", "marks", "tally"]

_VERSION = 1
_WORD = 1 << 64
_STATUS = np.uint64(0xFFFF0000)
_ABSENT = np.uint64(0x7FF8000000000000)


def marks(time_ns: ArrayLike, value: ArrayLike, quality: ArrayLike) -> Uint64Array:
    """One 64-bit mark a sample. Every NaN (absent value) counts alike, -0.0 as 0.0, Ovoo's own flag bits not at all.

    Args:
        time_ns: UTC nanoseconds.
        value: doubles, NaN where absent.
        quality: OPC UA status codes, with or without Ovoo's flags.
    """
    times = np.ascontiguousarray(time_ns, dtype=np.int64).view(np.uint64)
    numbers = np.ascontiguousarray(value, dtype=np.float64) + 0.0
    bits = np.where(np.isnan(numbers), _ABSENT, numbers.view(np.uint64))
    status = np.asarray(quality).astype(np.uint64) & _STATUS & ~np.uint64(0x30000000)
    mixed: Uint64Array = mix64(mix64(mix64(times) ^ bits) ^ status)
    return mixed


def checksum(time_ns: ArrayLike, value: ArrayLike, quality: ArrayLike) -> int:
    """The sum of all marks modulo 2^64.

    >>> one = checksum([1, 2], [0.5, float("nan")], [0, 0x80310000])
    >>> one == checksum([2, 1], [float("nan"), 0.5], [0x80310000, 0])
    True
    """
    return int(marks(time_ns, value, quality).sum(dtype=np.uint64))


@dataclass(frozen=True, slots=True)
class Tally:
    """Count and checksum of some samples; `hours` splits them by whole hours since 1970 where known."""

    count: int
    checksum: int
    hours: Mapping[int, tuple[int, int]] = field(default_factory=dict)


def tally(time_ns: ArrayLike, value: ArrayLike, quality: ArrayLike) -> Tally:
    """What a reader found for one signal."""
    times = np.ascontiguousarray(time_ns, dtype=np.int64)
    signs = marks(times, value, quality)
    hours: dict[int, tuple[int, int]] = {}
    index = times // HOUR_NS
    for hour in np.unique(index):
        chosen = signs[index == hour]
        hours[int(hour)] = (len(chosen), int(chosen.sum(dtype=np.uint64)))
    return Tally(len(times), int(signs.sum(dtype=np.uint64)), hours)


@dataclass(frozen=True, slots=True)
class Difference:
    """Samples of one signal that do not agree."""

    address: str
    lost: int
    duplicated: int
    mismatched: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ledger against store.

    Attributes:
        emitted: samples in the ledger.
        stored: samples found.
        lost: emitted but not found.
        duplicated: found beyond what was emitted.
        mismatched: samples in cells (signal and hour, or signal) of equal count whose checksum differs.
        differences: the signals concerned.
    """

    emitted: int
    stored: int
    lost: int
    duplicated: int
    mismatched: int
    differences: tuple[Difference, ...]

    @property
    def exact(self) -> bool:
        """Whether the store holds what was emitted, no less and no more."""
        return not self.differences


class _Hour:
    __slots__ = ("counts", "sums")

    def __init__(self, width: int) -> None:
        self.counts = np.zeros(width, dtype=np.int64)
        self.sums = np.zeros(width, dtype=np.uint64)


class Ledger:
    """Counts of everything emitted.

    Args:
        addresses: full addresses; the position is the index used in `add`.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = tuple(addresses)
        self._hours: dict[int, _Hour] = {}
        self._first = np.full(len(addresses), np.iinfo(np.int64).max, dtype=np.int64)
        self._last = np.full(len(addresses), np.iinfo(np.int64).min, dtype=np.int64)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Of the signals."""
        return self._addresses

    @property
    def count(self) -> int:
        """Samples so far."""
        return sum(int(hour.counts.sum()) for hour in self._hours.values())

    def add(self, signal: ArrayLike, time_ns: ArrayLike, value: ArrayLike, quality: ArrayLike) -> None:
        """Counts samples; columns of equal length in any order, `signal` holding positions of `addresses`."""
        index = np.asarray(signal, dtype=np.int64)
        times = np.ascontiguousarray(time_ns, dtype=np.int64)
        signs = marks(times, value, quality)
        hours = times // HOUR_NS
        for hour in np.unique(hours):
            chosen = hours == hour
            self._cell(int(hour), index[chosen], signs[chosen])
        np.minimum.at(self._first, index, times)
        np.maximum.at(self._last, index, times)

    def _cell(self, hour: int, index: IntArray, signs: Uint64Array) -> None:
        cell = self._hours.setdefault(hour, _Hour(len(self._addresses)))
        np.add.at(cell.counts, index, 1)
        np.add.at(cell.sums, index, signs)

    def tallies(self) -> dict[str, Tally]:
        """Per address, signals without samples included."""
        return {address: self._tally(row) for row, address in enumerate(self._addresses)}

    def _tally(self, row: int) -> Tally:
        hours = {
            hour: (int(cell.counts[row]), int(cell.sums[row]))
            for hour, cell in sorted(self._hours.items())
            if cell.counts[row]
        }
        count = sum(each[0] for each in hours.values())
        return Tally(count, sum(each[1] for each in hours.values()) % _WORD, hours)

    def merge(self, other: Ledger) -> Ledger:
        """A ledger of both, signals joined by address."""
        joined = Ledger(tuple(dict.fromkeys((*self._addresses, *other._addresses))))
        places = {address: row for row, address in enumerate(joined._addresses)}
        for part in (self, other):
            rows = np.array([places[address] for address in part._addresses], dtype=np.int64)
            for hour, cell in part._hours.items():
                into = joined._hours.setdefault(hour, _Hour(len(places)))
                into.counts[rows] += cell.counts
                into.sums[rows] += cell.sums
            joined._first[rows] = np.minimum(joined._first[rows], part._first)
            joined._last[rows] = np.maximum(joined._last[rows], part._last)
        return joined

    def compare(self, stored: Mapping[str, Tally | tuple[int, int]]) -> Comparison:
        """Checks what a reader found.

        Args:
            stored: per address a `Tally`, or plainly (count, checksum). With hours the check is by hour, so that a
                lost sample and a doubled one do not cancel out.
        """
        found = {address: value if isinstance(value, Tally) else Tally(*value) for address, value in stored.items()}
        expected = self.tallies()
        nothing = Tally(0, 0)
        differences = []
        for address in sorted(expected.keys() | found.keys()):
            change = _difference(address, expected.get(address, nothing), found.get(address, nothing))
            if change is not None:
                differences.append(change)
        return Comparison(
            emitted=self.count,
            stored=sum(each.count for each in found.values()),
            lost=sum(each.lost for each in differences),
            duplicated=sum(each.duplicated for each in differences),
            mismatched=sum(each.mismatched for each in differences),
            differences=tuple(differences),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; checksums are hexadecimal."""
        signals: dict[str, Any] = {}
        for row, (address, found) in enumerate(self.tallies().items()):
            entry: dict[str, Any] = {"count": found.count, "checksum": f"{found.checksum:016x}"}
            if found.count:
                entry["first_ns"] = int(self._first[row])
                entry["last_ns"] = int(self._last[row])
                entry["hours"] = {str(hour): [count, f"{total:016x}"] for hour, (count, total) in found.hours.items()}
            signals[address] = entry
        return {"version": _VERSION, "count": self.count, "signals": signals}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Ledger:
        """The ledger of `to_dict`; raises ConfigError for anything else."""
        try:
            ledger = cls(tuple(data["signals"]))
            for row, entry in enumerate(data["signals"].values()):
                if entry["count"]:
                    ledger._first[row], ledger._last[row] = entry["first_ns"], entry["last_ns"]
                for hour, (count, total) in entry.get("hours", {}).items():
                    cell = ledger._hours.setdefault(int(hour), _Hour(len(ledger._addresses)))
                    cell.counts[row], cell.sums[row] = count, int(total, 16)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError("not a ledger", offender="ledger", value=str(error)) from error
        return ledger

    def save(self, path: pathlib.Path) -> None:
        """Writes the file, replacing it in one step."""
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(self.to_dict()), encoding="utf-8")
        os.replace(part, path)

    @classmethod
    def load(cls, path: pathlib.Path) -> Ledger:
        """Reads a file of `save`; raises ConfigError naming it."""
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise ConfigError("not a ledger", offender=str(path), value=str(error)) from error


def _difference(address: str, expected: Tally, found: Tally) -> Difference | None:
    if expected.hours and found.hours:
        cells = [
            (expected.hours.get(hour, (0, 0)), found.hours.get(hour, (0, 0)))
            for hour in expected.hours.keys() | found.hours.keys()
        ]
    else:
        cells = [((expected.count, expected.checksum), (found.count, found.checksum))]
    lost = sum(max(want[0] - got[0], 0) for want, got in cells)
    duplicated = sum(max(got[0] - want[0], 0) for want, got in cells)
    mismatched = sum(want[0] for want, got in cells if want[0] == got[0] and want[1] != got[1])
    if not (lost or duplicated or mismatched):
        return None
    return Difference(address, lost, duplicated, mismatched)
