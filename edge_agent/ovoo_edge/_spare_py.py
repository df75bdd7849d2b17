"""What a full spool keeps of a signal, and runs of samples, in plain Python: the twin of `_spare.pyx`."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from typing import Final

from ovoo_contract.quality import UNCERTAIN

__all__ = ["SPARE", "mark_spare", "runs_of"]

SPARE: Final = 1
"""Mark of a row that may go; 0 stays."""


def mark_spare(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    worded: bytes | bytearray | None,
    step_ns: int,
) -> bytearray:
    """Marks the rows of a sorted batch that a thinned one does without.

    Of every signal and step of time (aligned to 1970 UTC) there stay the first and the last row, the least and the
    greatest good value (the earlier of equal ones), every row whose quality differs from the one before, and texts.
    ValueError for columns of different length or a step that is not positive.
    """
    if step_ns <= 0:
        raise ValueError("step_ns must be positive")
    columns = (time_ns, value, quality) if worded is None else (time_ns, value, quality, worded)
    if any(len(column) != len(signal) for column in columns):
        raise ValueError("columns differ in length")
    mark = bytearray([SPARE]) * len(signal)
    for row, stop in _spans(signal, time_ns, step_ns):
        for at in _kept(value, quality, row, stop):
            mark[at] = 0
    for row, has_text in enumerate(worded or b""):
        if has_text:
            mark[row] = 0
    return mark


def runs_of(
    signal: array[int], time_ns: array[int], span_ns: int
) -> tuple[array[int], array[int], array[int], array[int]]:
    """(signal, samples, first time, last time) of every signal and span of time of a sorted batch.

    ValueError for columns of different length or a span that is not positive.
    """
    if span_ns <= 0:
        raise ValueError("span_ns must be positive")
    spans = list(_spans(signal, time_ns, span_ns))
    return (
        array("I", [signal[row] for row, _ in spans]),
        array("I", [stop - row for row, stop in spans]),
        array("q", [time_ns[row] for row, _ in spans]),
        array("q", [time_ns[stop - 1] for _, stop in spans]),
    )


def _spans(signal: array[int], time_ns: array[int], span_ns: int) -> Iterator[tuple[int, int]]:
    """Rows [start, stop) of one signal within one span."""
    start = 0
    keys = [(index, now // span_ns) for index, now in zip(signal, time_ns, strict=True)]
    for row in range(1, len(keys) + 1):
        if row == len(keys) or keys[row] != keys[start]:
            yield start, row
            start = row


def _kept(value: array[float], quality: array[int], row: int, stop: int) -> Iterator[int]:
    yield row
    yield stop - 1
    low = high = -1
    for at in range(row, stop):
        if at > row and quality[at] != quality[at - 1]:
            yield at
        if quality[at] >= UNCERTAIN or not math.isfinite(value[at]):
            continue
        if low < 0 or value[at] < value[low]:
            low = at
        if high < 0 or value[at] > value[high]:
            high = at
    if low >= 0:
        yield low
        yield high
