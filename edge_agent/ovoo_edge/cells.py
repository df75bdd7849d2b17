"""Counts per signal and hour as columns: what the ledger keeps, without an object per sample or signal."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from ovoo_contract.errors import SpoolDamaged
from ovoo_contract.samples import SampleBatch

from ovoo_edge._select import process_kernels

__all__ = ["COUNTERS", "Cells", "HourCells", "cells_of", "count_rows", "pack", "unpack"]

COUNTERS: Final = ("received", "suppressed", "duplicate", "shifted", "backfilled")
_WIDTH: Final = len(COUNTERS)
_FIRST_WIDTH: Final = 4
"""Counters in a body of spool format 1 or 2, which starts as zlib does and not with a number of its own."""
_ZLIB_START: Final = 0x78


class Cells(NamedTuple):
    """Numbers by key, ascending; key = signal * len(COUNTERS) + position of the counter."""

    keys: array[int]
    numbers: array[int]

    def plus(self, other: Cells) -> Cells:
        """The sums."""
        return Cells(*process_kernels.merge_cells(*self, *other, False))

    def minus(self, other: Cells) -> Cells:
        """The differences; `other` is contained in this."""
        return Cells(*process_kernels.merge_cells(*self, *other, True))

    def total(self) -> int:
        """Sum of all numbers."""
        return sum(self.numbers)

    def each(self) -> Iterator[tuple[int, str, int]]:
        """(signal, counter, number), ascending; for reports, not for the way of the samples."""
        for key, number in zip(self.keys, self.numbers, strict=True):
            yield key // _WIDTH, COUNTERS[key % _WIDTH], number


HourCells = dict[int, Cells]
"""Hour since 1970 UTC -> its cells."""


def cells_of(counter: str, per_signal: Mapping[int, int]) -> Cells:
    """The cells of one counter."""
    kind = COUNTERS.index(counter)
    signals = sorted(per_signal)
    return Cells(
        array("I", [signal * _WIDTH + kind for signal in signals]), array("I", [per_signal[key] for key in signals])
    )


def count_rows(
    batch: SampleBatch,
    counter: str,
    mark: bytes | bytearray | None = None,
    codes: int = 0,
    weights: array[int] | None = None,
) -> HourCells:
    """Rows of a batch sorted by signal, per hour and signal.

    Args:
        batch: sorted.
        counter: one of `COUNTERS`.
        mark, codes: only rows whose mark is a set bit of `codes`; None = all.
        weights: how many samples a row stands for; None = one.
    """
    kind = COUNTERS.index(counter)
    found: HourCells = {}
    for hour in process_kernels.hours_of(batch.time_ns):
        cells = process_kernels.count_cells(batch.signal, batch.time_ns, mark, codes, weights, hour, _WIDTH, kind)
        if cells[0]:
            found[hour] = Cells(*cells)
    return found


def pack(cells: Cells) -> bytes:
    """The cells as they stand in the spool."""
    steps = process_kernels.steps_of(cells.keys)
    return bytes([_WIDTH]) + zlib.compress(steps.tobytes() + cells.numbers.tobytes(), 1)


def unpack(body: bytes) -> Cells:
    """What `pack` wrote, also in earlier formats of the spool.

    Raises:
        SpoolDamaged: it is something else.
    """
    start = body[0] if body else 0
    width = _FIRST_WIDTH if start == _ZLIB_START else start
    try:
        if not _FIRST_WIDTH <= width <= _WIDTH:
            raise ValueError(f"{width} counters")
        packed = array("I", zlib.decompress(body if start == _ZLIB_START else body[1:]))
    except (zlib.error, ValueError) as error:
        raise SpoolDamaged(str(error), offender="ledger", remedy="the spool is set aside and salvaged") from error
    half = len(packed) // 2
    keys = process_kernels.keys_of(packed[:half])
    if width != _WIDTH:
        keys = array("I", (key // width * _WIDTH + key % width for key in keys))
    return Cells(keys, packed[half:])
