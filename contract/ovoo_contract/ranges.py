"""Sets of sequence numbers, held as ranges."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from ovoo_contract.errors import DeliveryError

__all__ = ["SeqRanges"]

_LAST: Final = 2**64 - 1


class SeqRanges:
    """An immutable set of integers from 0 to 2**64 - 1 as sorted, disjoint, non-adjacent closed ranges."""

    __slots__ = ("_ranges",)

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._ranges = _merge(ranges)

    @classmethod
    def from_list(cls, ranges: Iterable[Iterable[int]]) -> SeqRanges:
        """The set of `[[first, last], ...]` in any order, overlaps allowed; DeliveryError if a range is malformed."""
        pairs = [tuple(item) for item in ranges]
        for pair in pairs:
            if len(pair) != 2:
                raise DeliveryError("not a pair", offender="ranges", value=pair, remedy="write [first, last]")
        return cls((pair[0], pair[1]) for pair in pairs)

    @classmethod
    def of(cls, numbers: Iterable[int]) -> SeqRanges:
        """The set of single numbers."""
        return cls((number, number) for number in numbers)

    def add(self, first: int, last: int | None = None) -> SeqRanges:
        """This set and the numbers `first` to `last` (or only `first`)."""
        end = first if last is None else last
        if self._ranges and self._ranges[-1][1] < first <= end <= _LAST:  # the common case: appending
            start, stop = self._ranges[-1]
            tail = ((start, end),) if stop + 1 == first else ((start, stop), (first, end))
            return self._make(self._ranges[:-1] + tail)
        return SeqRanges((*self._ranges, (first, end)))

    def union(self, other: SeqRanges) -> SeqRanges:
        """The numbers in either set."""
        return SeqRanges((*self._ranges, *other._ranges))

    def difference(self, other: SeqRanges) -> SeqRanges:
        """The numbers of this set that are not in the other."""
        result: list[tuple[int, int]] = []
        for first, last in self._ranges:
            start = first
            for low, high in other._overlapping(first, last):
                if start < low:
                    result.append((start, low - 1))
                start = high + 1
            if start <= last:
                result.append((start, last))
        return self._make(tuple(result))

    def missing(self) -> SeqRanges:
        """The gaps between the smallest and the greatest number."""
        pairs = zip(self._ranges, self._ranges[1:], strict=False)
        return self._make(tuple((before[1] + 1, after[0] - 1) for before, after in pairs))

    def contains(self, number: int) -> bool:
        """True if the number is in the set."""
        position = bisect_right(self._ranges, (number, _LAST))
        return position > 0 and number <= self._ranges[position - 1][1]

    def to_list(self) -> list[list[int]]:
        """`[[first, last], ...]`, sorted."""
        return [[first, last] for first, last in self._ranges]

    @property
    def count(self) -> int:
        """How many numbers the set holds (`len` would be too small for it)."""
        return sum(last - first + 1 for first, last in self._ranges)

    def _overlapping(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        position = max(bisect_right(self._ranges, (first, _LAST)) - 1, 0)
        while position < len(self._ranges) and self._ranges[position][0] <= last:
            low, high = self._ranges[position]
            if high >= first:
                yield low, high
            position += 1

    @classmethod
    def _make(cls, ranges: tuple[tuple[int, int], ...]) -> SeqRanges:
        result = cls()
        result._ranges = ranges
        return result

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.contains(number)

    def __iter__(self) -> Iterator[int]:
        for first, last in self._ranges:
            yield from range(first, last + 1)

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SeqRanges) and self._ranges == other._ranges

    def __hash__(self) -> int:
        return hash(self._ranges)

    def __repr__(self) -> str:
        return f"SeqRanges({self.to_list()})"


def _merge(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if not 0 <= first <= last <= _LAST:
            raise DeliveryError(
                "not a range", offender="ranges", value=[first, last], remedy="0 <= first <= last < 2**64"
            )
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)
