"""What each sink has acknowledged, as ranges of sequence numbers, and which rows therefore may leave."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence

__all__ = ["Acknowledgements", "Ranges", "gaps", "intersect", "merge"]

Ranges = list[tuple[int, int]]
"""Inclusive, ascending, disjoint and not adjacent."""


def merge(ranges: Iterable[Sequence[int]]) -> Ranges:
    """The same numbers in normal form; a reversed pair is dropped."""
    found: Ranges = []
    for low, high in sorted((pair[0], pair[1]) for pair in ranges if pair[0] <= pair[1]):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def intersect(left: Ranges, right: Ranges) -> Ranges:
    """Numbers in both; both in normal form."""
    found: Ranges = []
    here = there = 0
    while here < len(left) and there < len(right):
        low = max(left[here][0], right[there][0])
        high = min(left[here][1], right[there][1])
        if low <= high:
            found.append((low, high))
        if left[here][1] < right[there][1]:
            here += 1
        else:
            there += 1
    return found


def gaps(ranges: Ranges, low: int, high: int) -> Ranges:
    """Numbers of `low .. high` (inclusive) that are in none of `ranges`."""
    found: Ranges = []
    for place in range(bisect_left(ranges, low, key=_high), len(ranges)):
        first, last = ranges[place]
        if first > high:
            break
        if low < first:
            found.append((low, first - 1))
        low = last + 1
    if low <= high:
        found.append((low, high))
    return found


def _high(pair: tuple[int, int]) -> int:
    return pair[1]


class Acknowledgements:
    """Ranges per sink, ahead of the file until they are flushed with the next transaction.

    Args:
        acked: sink name -> ranges as stored.
    """

    def __init__(self, acked: dict[str, Ranges]) -> None:
        self._acked = acked
        self._deletable: Ranges = []
        self._dirty: set[str] = set()

    @property
    def sinks(self) -> tuple[str, ...]:
        """Names, in the order of the configuration."""
        return tuple(self._acked)

    @property
    def dirty(self) -> bool:
        """True while something is not in the file yet."""
        return bool(self._dirty or self._deletable)

    def missing(self, sink: str, low: int, high: int) -> Ranges:
        """Numbers of `low .. high` that the sink has not acknowledged."""
        return gaps(self._acked[sink], low, high)

    def add(self, sink: str, ranges: Iterable[Sequence[int]], last_seq: int) -> Ranges:
        """Acknowledges and returns what was new; numbers never given out are ignored."""
        wanted = intersect(merge(ranges), [(1, last_seq)] if last_seq else [])
        fresh: Ranges = []
        for low, high in wanted:
            fresh += self.missing(sink, low, high)
        if not fresh:
            return fresh
        self._acked[sink] = merge([*self._acked[sink], *fresh])
        self._dirty.add(sink)
        everywhere = fresh
        for name, have in self._acked.items():
            if name != sink:
                everywhere = intersect(everywhere, have)
        self._deletable += everywhere
        return fresh

    def settle(self, oldest: int) -> None:
        """Numbers before the oldest row there is are done for every sink: acknowledged, or freed."""
        for name, have in self._acked.items():
            if gaps(have, 1, oldest - 1):
                self._acked[name] = merge([*have, (1, oldest - 1)])
                self._dirty.add(name)

    def unflushed(self) -> tuple[Ranges, list[tuple[str, str]]]:
        """(rows to delete, [(stored form, sink)]) for the caller's transaction."""
        return merge(self._deletable), [(json.dumps(self._acked[name]), name) for name in sorted(self._dirty)]

    def flushed(self, deleted: Ranges) -> None:
        """Called once that transaction stands, with the part of the rows that it deleted."""
        self._deletable = [hole for low, high in merge(self._deletable) for hole in gaps(deleted, low, high)]
        self._dirty.clear()
