"""How many independent rows a series of neighbours is worth: its length over its integrated autocorrelation time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

__all__ = ["effective_rows"]

_LEAST_BLOCKS: Final = 32
"""Means of fewer blocks scatter too much to tell a variance by: at 32 it is known to a quarter."""


def effective_rows(values: Sequence[float]) -> float:
    """1 to n: the variance of a row over that of the mean, by blocking (Flyvbjerg, Petersen 1989).

    Neighbours are averaged in pairs again and again; the variance of the mean told by the blocks rises until they are
    independent, and the greatest counts. It is O(n). Too short to be blocked even once: n.

    Args:
        values: residuals in time order, finite; gaps are closed, which joins what is further apart and so does no harm.
    """
    n = len(values)
    blocks, greatest = list(values), 0.0
    first = _variance(blocks) if n > 1 else 0.0
    if first <= 0.0:
        return float(n)
    while len(blocks) >= _LEAST_BLOCKS:
        greatest = max(greatest, _variance(blocks) / len(blocks))
        blocks = [0.5 * (blocks[i] + blocks[i + 1]) for i in range(0, len(blocks) - 1, 2)]
    return min(max(first / greatest, 1.0), float(n)) if greatest > 0.0 else float(n)


def _variance(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((each - mean) ** 2 for each in values) / (len(values) - 1)
