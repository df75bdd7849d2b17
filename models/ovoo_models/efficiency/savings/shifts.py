"""Shifts of level in a series of residuals: where they lie and how sure they are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.errors import ConfigError

from ovoo_models.efficiency.savings.numerics import median

__all__ = ["Stretch", "row_sigma", "stretches"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows [start, end) of one level; `statistic` of the shift at its start in standard errors, 0 for the first."""

    start: int
    end: int
    mean: float
    statistic: float


def stretches(values: Sequence[float], limit: float = 5.0, least: int = 7) -> list[Stretch]:
    """Parts of a series that differ in level, by halving at the greatest shift (binary segmentation, Vostrikova 1981).

    A shift counts where |mean before - mean after| is at least `limit` standard errors, `least` rows on each side. The
    error is that of first differences (no shift can blow it up), widened for their lag-1 correlation. Dismissed again
    is a shift that no longer stands out between its final neighbours.
    """
    if least < 2 or not limit > 0.0:
        raise ConfigError("out of range", code="savings.out_of_range", offender="stretches", value=(limit, least))
    n, sums = len(values), [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    sigma = row_sigma(values)
    cuts: dict[int, float] = {}
    todo = [(0, n)]
    while todo:
        low, high = todo.pop()
        best, at = 0.0, -1
        for k in range(low + least, high - least + 1):
            found = _statistic(sums, low, k, high, sigma)
            if found > best:
                best, at = found, k
        if at >= 0 and best >= limit:
            cuts[at] = best
            todo += [(low, at), (at, high)]
    kept = _confirmed(sums, sorted(cuts), n, sigma, limit)
    edges = [0, *(at for at, _ in kept), n]
    sure = [0.0, *(value for _, value in kept)]
    return [
        Stretch(a, b, (sums[b] - sums[a]) / (b - a), s)
        for a, b, s in zip(edges, edges[1:], sure, strict=False)
        if b > a
    ]


def _confirmed(sums: Sequence[float], cuts: list[int], n: int, sigma: float, limit: float) -> list[tuple[int, float]]:
    while True:
        edges = [0, *cuts, n]
        found = [_statistic(sums, edges[k], at, edges[k + 2], sigma) for k, at in enumerate(cuts)]
        weak = [k for k, value in enumerate(found) if value < limit]
        if not weak:
            return list(zip(cuts, found, strict=True))
        del cuts[min(weak, key=found.__getitem__)]


def _statistic(sums: Sequence[float], low: int, k: int, high: int, sigma: float) -> float:
    first, second = (sums[k] - sums[low]) / (k - low), (sums[high] - sums[k]) / (high - k)
    return abs(first - second) / (sigma * math.sqrt(1.0 / (k - low) + 1.0 / (high - k)))


def row_sigma(values: Sequence[float]) -> float:
    """Long-run spread of one row: from the median deviation about a running median, times sqrt((1 + r) / (1 - r))."""
    n, half = len(values), 10
    local = [values[i] - median(values[max(0, i - half) : i + half + 1]) for i in range(n)]
    spread = 1.4826 * median([abs(v) for v in local]) if n else 0.0
    below = math.fsum(v * v for v in local)
    r = math.fsum(a * b for a, b in itertools.pairwise(local)) / below if below > 0.0 else 0.0
    r = min(max(r, 0.0), 0.9)
    return max(spread * math.sqrt((1.0 + r) / (1.0 - r)), 1e-300)
