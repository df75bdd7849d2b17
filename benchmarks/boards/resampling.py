"""What a few files can say: bootstrap over files, and constants chosen without the file they score."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping

from benchmarks.boards import BoardResult, Counts

__all__ = ["HeldOut", "intervals", "leave_one_out"]

_SEED = 20_260_731
_SHARE = 0.025

HeldOut = tuple[Mapping[str, float], Mapping[str, int]]
"""Figures, and how often each choice of constants was made."""


def intervals(board: BoardResult, draws: int = 1000) -> dict[str, tuple[float, float]]:
    """2.5 % and 97.5 % of every figure over `draws` sets of files, drawn with replacement from a fixed seed.

    A figure that fewer than half of the sets can give has no interval.
    """
    rng = random.Random(_SEED)
    records = list(board.records.values())
    found: dict[str, list[float]] = {}
    for _ in range(draws):
        for key, value in board.totals(rng.choices(records, k=len(records))).items():
            if math.isfinite(value):
                found.setdefault(key, []).append(value)
    return {key: _ends(sorted(values)) for key, values in found.items() if 2 * len(values) >= draws}


def _ends(ranked: list[float]) -> tuple[float, float]:
    last = len(ranked) - 1
    return ranked[round(_SHARE * last)], ranked[round((1 - _SHARE) * last)]


def leave_one_out(board: BoardResult) -> HeldOut | None:
    """Each file scored with the constants that are best on the other files; None where nothing was chosen on files.

    Best is the greatest `objective` of the totals over the other files; of equals the first of the grid.
    """
    if board.alternatives is None or len(board.records) < 2:
        return None
    grid = board.alternatives()
    kept: list[Counts] = []
    choices: Counter[str] = Counter()
    for name in board.records:
        scores = {
            label: board.totals([each for other, each in records.items() if other != name]).get(
                board.objective, -math.inf
            )
            for label, records in grid.items()
        }
        best = max(scores, key=lambda label: scores[label])
        choices[best] += 1
        kept.append(grid[best][name])
    return board.totals(kept), choices
