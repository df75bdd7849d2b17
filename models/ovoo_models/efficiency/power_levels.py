"""The levels of a machine's power: off, idle, no load, load, found in a histogram without labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["IDLE", "LOAD", "NO_LOAD", "OFF", "Level", "PowerLevels", "levels_of"]

OFF, IDLE, NO_LOAD, LOAD = 0, 1, 2, 3
_DEEP: Final = 0.1
"""A valley of at most this share of the lower peak parts two levels."""
_SHALLOW: Final = 0.5
"""A valley between `_DEEP` and this share hints at two levels that cannot be told apart."""
_LEAST_ROWS: Final = 30.0
_LEAST_SHARE: Final = 0.002
_OFF_BELOW, _IDLE_BELOW = 0.03, 0.15
"""Shares of the highest level."""
_NO_LOAD: Final[Mapping[str, tuple[float, float]]] = {"power": (0.45, 0.6), "current": (0.72, 0.78)}
"""Up to the first share of the highest level a steady level is no load for sure, from the second on it is work; between
them it may be either. A motor's current holds the magnetising part, which does not fall with the load."""
_LOOSE: Final = 0.5
"""Greatest spread of an idle level as a share of its mean."""
_TIGHT: Final = 0.12
"""Greatest spread of a no-load level as a share of its mean: what varies more is work."""
_BLUR: Final = 0.05
_REACH: Final = 0.25
"""How far into a level its hysteresis reaches, as a share of the way from the valley to the peak."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level: OFF, IDLE, NO_LOAD or LOAD, its mean and standard deviation in the power's unit, share of time."""

    kind: int
    mean: float
    spread: float
    share: float


@dataclass(frozen=True, slots=True)
class PowerLevels:
    """What a histogram tells: levels from low to high, three rises and three falls, kinds that cannot be told apart.

    Crossing rise k upwards means at least state k + 1; a state that the machine has not is skipped by equal bounds.
    unclear: kinds whose rows may be another state; they are given as unknown.
    """

    levels: tuple[Level, ...]
    rises: tuple[float, float, float]
    falls: tuple[float, float, float]
    unclear: frozenset[int]

    def level(self, kind: int) -> Level | None:
        """The level of a kind; None where the machine has none or it cannot be told apart."""
        if kind in self.unclear:
            return None
        return next((each for each in self.levels if each.kind == kind), None)


@dataclass(slots=True)
class _Hill:
    first: int
    last: int
    peak: int
    unclear: bool = False


def levels_of(
    counts: Sequence[float], low: float, step: float, *, has_running: bool = False, kind: str = "power"
) -> PowerLevels | None:
    """Levels of a histogram whose cell k holds low + [k, k + 1) step; None below 30 rows.

    Peaks of the smoothed counts stay apart where the valley between them is at most a tenth of the lower peak and each
    side holds enough rows; a shallower valley joins them, and where those would be different states it says so.
    has_running: rows of a machine that stands are not in the counts, so there is no level `off` to find.
    kind: `power` or `current`.
    """
    total = math.fsum(counts)
    if total < _LEAST_ROWS:
        return None
    smooth = _smoothed(counts)
    hills = _parted(_hills(smooth), smooth, counts, max(_LEAST_ROWS, _LEAST_SHARE * total), (low, step), kind)
    rough = [_moments(counts, hill, low, step, total) for hill in hills]
    top = rough[-1].mean
    found = [_kind(level, top, has_running, _NO_LOAD[kind], last=level is rough[-1]) for level in rough]
    kinds = [each for each, _sure in found]
    unclear = frozenset(each for (each, sure), hill in zip(found, hills, strict=True) if hill.unclear or not sure)
    levels, edges = _joined(rough, kinds, hills, counts, (low, step, total))
    rises, falls = _bounds(levels, edges)
    return PowerLevels(tuple(levels), rises, falls, unclear)


def _smoothed(counts: Sequence[float]) -> list[float]:
    """Each cell spread over a triangle of 2 cells and a twentieth of its power to either side."""
    smooth = [0.0] * len(counts)
    for k, count in enumerate(counts):
        if count:
            reach = 2 + int(_BLUR * k)
            for step in range(-reach, reach + 1):
                place = min(max(k + step, 0), len(smooth) - 1)
                smooth[place] += count * (reach + 1 - abs(step)) / (reach + 1) ** 2
    return smooth


def _hills(smooth: Sequence[float]) -> list[_Hill]:
    """One hill a local maximum, parted at the lowest cell between, the middle of equal ones."""
    peaks = [
        k
        for k, x in enumerate(smooth)
        if x > 0 and x > (smooth[k - 1] if k else -1.0) and x >= (smooth[k + 1] if k + 1 < len(smooth) else -1.0)
    ]
    hills = [_Hill(0, len(smooth) - 1, peaks[0])]
    for peak in peaks[1:]:
        valley = _valley(smooth, hills[-1].peak, peak)
        hills[-1].last = valley
        hills.append(_Hill(valley + 1, len(smooth) - 1, peak))
    return hills


def _valley(smooth: Sequence[float], left: int, right: int) -> int:
    lowest = min(smooth[left:right])
    run = [k for k in range(left, right) if smooth[k] <= lowest]
    return run[len(run) // 2]


def _parted(
    hills: list[_Hill], smooth: Sequence[float], counts: Sequence[float], least: float, scale: tuple[float, float],
    kind: str,
) -> list[_Hill]:  # fmt: skip
    """Join the worst parted neighbours until every valley is deep and every hill holds `least` rows."""
    while len(hills) > 1:
        ratios = [_ratio(hills[k], hills[k + 1], smooth) for k in range(len(hills) - 1)]
        worst = max(range(len(ratios)), key=ratios.__getitem__)
        if ratios[worst] <= _DEEP:
            few = [math.fsum(counts[hill.first : hill.last + 1]) < least for hill in hills]
            poor = [k for k in range(len(ratios)) if few[k] or few[k + 1]]
            if not poor:
                break
            worst = max(poor, key=ratios.__getitem__)
        left, right = hills[worst], hills[worst + 1]
        doubt = _DEEP < ratios[worst] < _SHALLOW and _differ(left, right, hills[-1], scale, kind)
        higher = left if smooth[left.peak] >= smooth[right.peak] else right
        hills[worst : worst + 2] = [_Hill(left.first, right.last, higher.peak, left.unclear or right.unclear or doubt)]
    return hills


def _ratio(left: _Hill, right: _Hill, smooth: Sequence[float]) -> float:
    """The valley as a share of the lower peak."""
    return min(smooth[left.peak : right.peak]) / min(smooth[left.peak], smooth[right.peak])


def _differ(left: _Hill, right: _Hill, top: _Hill, scale: tuple[float, float], kind: str) -> bool:
    low, step = scale
    powers = [low + (hill.peak + 0.5) * step for hill in (left, right, top)]
    shares = (_OFF_BELOW, _IDLE_BELOW, _NO_LOAD[kind][1])
    zones = [sum(power >= share * powers[2] for share in shares) for power in powers]
    return zones[0] != zones[1]


def _moments(counts: Sequence[float], hill: _Hill, low: float, step: float, total: float) -> Level:
    rows = math.fsum(counts[hill.first : hill.last + 1])
    cells = range(hill.first, hill.last + 1)
    mean = math.fsum(counts[k] * (k + 0.5) for k in cells) / rows
    square = math.fsum(counts[k] * (k + 0.5 - mean) ** 2 for k in cells) / rows
    return Level(LOAD, low + mean * step, math.sqrt(square) * step, rows / total)


def _kind(level: Level, top: float, has_running: bool, no_load: tuple[float, float], *, last: bool) -> tuple[int, bool]:
    """The state of a level, and whether that is sure."""
    share = level.mean / top if top > 0 else 0.0
    if last and share > 0:
        return LOAD, True
    if share < _OFF_BELOW:
        return (IDLE if has_running else OFF), True
    if share < _IDLE_BELOW:
        return IDLE, level.spread <= _LOOSE * level.mean
    if share >= no_load[1] or level.spread > _TIGHT * level.mean:
        return LOAD, True
    return NO_LOAD, share < no_load[0]


def _joined(
    rough: Sequence[Level], kinds: Sequence[int], hills: Sequence[_Hill], counts: Sequence[float],
    scale: tuple[float, float, float],
) -> tuple[list[Level], list[tuple[float, float, float]]]:  # fmt: skip
    """Neighbours of one kind as one level; edges: (lower peak, valley, upper peak) between the levels."""
    low, step, total = scale
    levels: list[Level] = []
    edges: list[tuple[float, float, float]] = []
    spans: list[_Hill] = []
    highest = OFF
    for kind, hill in zip(kinds, hills, strict=True):
        highest = max(kind, highest)
        if levels and levels[-1].kind == highest:
            spans[-1] = _Hill(spans[-1].first, hill.last, hill.peak)
            level = _moments(counts, spans[-1], low, step, total)
            levels[-1] = Level(highest, level.mean, level.spread, level.share)
            continue
        if levels:
            cells = (spans[-1].peak + 0.5, hill.first + 0.0, hill.peak + 0.5)
            edges.append((low + cells[0] * step, low + cells[1] * step, low + cells[2] * step))
        spans.append(hill)
        level = _moments(counts, hill, low, step, total)
        levels.append(Level(highest, level.mean, level.spread, level.share))
    return levels, edges


def _bounds(
    levels: Sequence[Level], edges: Sequence[tuple[float, float, float]]
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    rises, falls = [math.inf] * 3, [math.inf] * 3
    for kind in (IDLE, NO_LOAD, LOAD):
        place = next((k for k, level in enumerate(levels) if level.kind >= kind), None)
        if place == 0:
            rises[kind - 1] = falls[kind - 1] = -math.inf
        elif place is not None:
            below, valley, above = edges[place - 1]
            rises[kind - 1] = valley + _REACH * (above - valley)
            falls[kind - 1] = valley - _REACH * (valley - below)
    return (rises[0], rises[1], rises[2]), (falls[0], falls[1], falls[2])
