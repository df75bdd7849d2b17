"""Hours that a signal has shown before, value by value: a simulator, a file or a memory played again.

A measured value does not repeat an hour of itself to the last digit. Blocks of `_WIDTH` minutes are compared by hash at
every place, so the loop may have any length and need not begin at midnight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["Repeats", "repeats_of"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
_WIDTH: Final = 64
"""Minutes; a power of two, for hashes of double length come from two of half."""
_DISTINCT: Final = 10
"""Values in a block below which a repetition may be chance: a switch, a coarse or a settled reading."""
_BASE: Final = 0x9E3779B97F4A7C15
_MODULUS: Final = 1 << 64


@dataclass(frozen=True, slots=True)
class Repeats:
    """By minute: `telling`, part of a block varied enough to be recognised; `repeated`, seen before."""

    telling: Flags
    repeated: Flags


def repeats_of(value: Floats) -> Repeats:
    """Looks through a column of minutes; NaN is a minute without data."""
    length = len(value)
    telling, repeated = np.zeros(length, dtype=np.bool_), np.zeros(length, dtype=np.bool_)
    starts = [*range(0, length - _WIDTH + 1, _WIDTH), length - _WIDTH]
    for start in starts if length >= _WIDTH else ():
        block = value[start : start + _WIDTH]
        if bool(np.all(np.isfinite(block))) and len(np.unique(block)) >= _DISTINCT:
            telling[start : start + _WIDTH] = True
    if not bool(np.any(telling)):
        return Repeats(telling, repeated)
    hashes = _hashes(value)
    usable = np.flatnonzero(_whole(telling))
    _, first, place = np.unique(hashes[usable], return_index=True, return_inverse=True)
    again = usable[first[place] < np.arange(len(usable))]
    edges = np.zeros(length + 1, dtype=np.int64)
    np.add.at(edges, again, 1)
    np.add.at(edges, again + _WIDTH, -1)
    return Repeats(telling, np.cumsum(edges[:-1]) > 0)


def _whole(flags: Flags) -> Flags:
    """Places from which `_WIDTH` flags in a row are set."""
    sums = np.concatenate(([0], np.cumsum(flags)))
    return np.asarray(sums[_WIDTH:] - sums[:-_WIDTH] == _WIDTH)


def _hashes(value: Floats) -> Hashes:
    """A polynomial hash of every `_WIDTH` neighbours, modulo 2**64."""
    with np.errstate(over="ignore"):
        found = (value + 0.0).view(np.uint64) * np.uint64(_BASE)
        found ^= found >> np.uint64(29)
        reach, power = 1, _BASE
        while reach < _WIDTH:
            found = found[:-reach] * np.uint64(power) + found[reach:]
            power = power * power % _MODULUS
            reach *= 2
    return found
