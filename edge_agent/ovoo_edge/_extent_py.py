"""Least and greatest of columns in plain Python: the twin of `_extent.pyx`, with the same results."""

from __future__ import annotations

import itertools
from array import array

__all__ = ["bounds_of", "greatest_of", "lift_marks", "newest_of"]


def greatest_of(numbers: array[int]) -> int:
    """The greatest number, 0 where there is none."""
    return max(numbers, default=0)


def bounds_of(time_ns: array[int]) -> tuple[int, int]:
    """The least and the greatest time; ValueError without rows."""
    if not time_ns:
        raise ValueError("no rows")
    return min(time_ns), max(time_ns)


def newest_of(time_ns: array[int], quality: array[int], without: int) -> int | None:
    """The greatest time of rows whose quality has none of the bits `without`; None where there is no such row."""
    if len(quality) != len(time_ns):
        raise ValueError("columns differ in length")
    return max(itertools.compress(time_ns, (not code & without for code in quality)), default=None)


def lift_marks(signal: array[int], time_ns: array[int], marks: array[int] | memoryview) -> None:
    """Lifts the marks of signals to times that are greater; of several rows of a signal the last counts.

    Raises:
        IndexError: a signal has no mark; none was changed.
    """
    if len(time_ns) != len(signal):
        raise ValueError("columns differ in length")
    if signal and max(signal) >= len(marks):
        raise IndexError(f"signal {max(signal)}")
    for slot, newest_ns in dict(zip(signal, time_ns, strict=True)).items():
        marks[slot] = max(marks[slot], newest_ns)
