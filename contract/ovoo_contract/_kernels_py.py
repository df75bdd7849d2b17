"""Row kernels in plain Python: the twin of `_kernels.pyx`, with the same results."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

__all__ = ["dedupe_rows", "encode_lines", "is_sorted", "replace_nan", "select_rows", "sort_rows", "take_rows"]

_FURTHEST: Final = 999
_LAST: Final = 2**63 - 1
_COUNT: Final = 2
_COUNT_END: Final = 2**53
_Column = TypeVar("_Column", "array[int]", "array[float]")


def is_sorted(signal: array[int], time_ns: array[int]) -> bool:
    """True if rows stand in (signal, time) order; equal keys count as ordered."""
    return all(
        signal[row - 1] < signal[row] or (signal[row - 1] == signal[row] and time_ns[row - 1] <= time_ns[row])
        for row in range(1, len(signal))
    )


def sort_rows(signal: array[int], time_ns: array[int]) -> array[int]:
    """The row numbers in (signal, time) order, equal keys in their given order."""
    return array("I", sorted(range(len(signal)), key=lambda row: (signal[row], time_ns[row])))


def take_rows(column: _Column, rows: array[int]) -> _Column:
    """The column's items at the given rows; IndexError if a row does not exist."""
    return array(column.typecode, map(column.__getitem__, rows))


def select_rows(signal: array[int], keep: bytes) -> array[int]:
    """The rows whose signal has a nonzero byte in `keep`; signals beyond its end are left out."""
    size = len(keep)
    return array("I", [row for row, index in enumerate(signal) if index < size and keep[index]])


def replace_nan(value: array[float]) -> None:
    """Writes the canonical NaN over every other NaN, in place."""
    for row, item in enumerate(value):
        if item != item:
            value[row] = math.nan


def dedupe_rows(
    signal: array[int], time_ns: array[int], value: array[float], quality: array[int], tag: array[int] | None
) -> tuple[array[int], array[int], bytes, int, int]:
    """Resolves rows of the same signal and time in sorted columns (CONTRACT 2).

    `tag` tells rows apart that differ in text. Gives the rows to keep, their times, a mask of those that were moved,
    the number of duplicates and the number of rows for which no free nanosecond was left within +999.
    """
    rows, times, moved = array("I"), array("q"), bytearray()
    duplicates = overflow = start = 0
    count = len(signal)
    last_signal, last_moved = -1, 0
    while start < count:
        stop = start + 1
        while stop < count and signal[stop] == signal[start] and time_ns[stop] == time_ns[start]:
            stop += 1
        if signal[start] != last_signal:
            last_signal, last_moved = signal[start], -(2**63)
        rows.append(start)
        times.append(time_ns[start])
        moved.append(0)
        first, ahead, origin = len(rows) - 1, stop, time_ns[start]
        for row in range(start + 1, stop):
            if any(_same(value, quality, tag, row, kept) for kept in rows[first:]):
                duplicates += 1
                continue
            free = max(origin, last_moved) + 1
            while ahead < count and signal[ahead] == last_signal and time_ns[ahead] <= free:
                free += time_ns[ahead] == free
                ahead += 1
            if free - origin > _FURTHEST or free > _LAST:
                overflow += 1
                continue
            rows.append(row)
            times.append(free)
            moved.append(1)
            last_moved = free
        start = stop
    return rows, times, bytes(moved), duplicates, overflow


def _same(value: array[float], quality: array[int], tag: array[int] | None, row: int, other: int) -> bool:
    one, two = value[row], value[other]
    equal = (one != one and two != two) or (one == two and math.copysign(1.0, one) == math.copysign(1.0, two))
    return equal and quality[row] == quality[other] and (tag is None or tag[row] == tag[other])


def encode_lines(
    heads: Sequence[bytes],
    keys: Sequence[bytes],
    full: bytes,
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    texts: Mapping[int, bytes],
    rows: array[int] | None,
) -> bytes:
    """Line protocol of the given rows (all if None).

    `heads[s]` is measurement and tags with the blank after them, `keys[s]` the field key with its equals sign;
    `full[s]` is 1 where quality and text are written too, 2 where the value is a count and is written as an integer
    (0 <= value < 2**53, else there is no line), else 0. Texts are escaped already, quotes included. A row without any
    field gives no line. IndexError if a signal or row does not exist.
    """
    out: list[bytes] = []
    for row in range(len(signal)) if rows is None else rows:
        index, item = signal[row], value[row]
        finite = item - item == 0.0
        if full[index] == _COUNT:
            if 0 <= item < _COUNT_END:
                out.append(b"%b%b%di %d\n" % (heads[index], keys[index], int(item), time_ns[row]))
            continue
        if finite:
            fields = keys[index] + repr(item).encode()
            if full[index]:
                fields += b",quality=%di" % quality[row]
        elif full[index]:
            fields = b"quality=%di" % quality[row]
        else:
            continue
        if full[index] and row in texts:
            fields += b",text=" + texts[row]
        out.append(b"%b%b %d\n" % (heads[index], fields, time_ns[row]))
    return b"".join(out)
