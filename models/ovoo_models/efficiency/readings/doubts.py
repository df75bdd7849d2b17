"""Doubts about values on the grid: negative flows, unit slips, frozen, copied and outlying values, gaps."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

from ovoo_models.efficiency.readings.options import ReadingOptions
from ovoo_models.efficiency.readings.problem import ProblemLog
from ovoo_models.efficiency.readings.timeline import DAY, wall_text

__all__ = ["Grid", "doubt"]

_FROZEN_S: Final = 6 * 3600
_FROZEN_ROWS: Final = 12
_OUTLIER: Final = 4.0
_WEEK: Final = 7 * DAY


@dataclass(frozen=True, slots=True)
class Grid:
    """Equal steps of local wall seconds: kWh (NaN = missing) and the line of the file it is from (0: none)."""

    wall_s: array[int]
    kwh: array[float]
    line: array[int]
    interval_s: int


def doubt(grid: Grid, options: ReadingOptions, log: ProblemLog) -> None:
    """Applies all checks in place, in an order in which one does not mislead the next.

    Raises:
        Refused: nearly all values are negative, or above what the connection can carry.
    """
    _gaps(grid, log)
    _negative(grid, options, log)
    _slips(grid, options, log)
    _limit(grid, options, log)
    _catch_up(grid, options, log)
    _outliers(grid, options, log)
    _runs(grid, options, log)
    _copies(grid, options, log)


def _spans(grid: Grid, member: list[bool]) -> Iterator[tuple[int, int]]:
    """[start, stop) of runs of members."""
    start = -1
    for place, inside in enumerate([*member, False]):
        if inside and start < 0:
            start = place
        elif not inside and start >= 0:
            yield start, place
            start = -1


def _rows(grid: Grid, start: int, stop: int) -> tuple[int, int, int]:
    lines = [line for line in grid.line[start:stop] if line]
    return (min(lines), max(lines), len(lines)) if lines else (0, 0, 0)


def _blank(grid: Grid, start: int, stop: int) -> None:
    for place in range(start, stop):
        grid.kwh[place] = math.nan


def _gaps(grid: Grid, log: ProblemLog) -> None:
    for start, stop in _spans(grid, [line == 0 for line in grid.line]):
        long = (stop - start) * grid.interval_s >= _WEEK
        rows = (grid.line[start - 1], grid.line[stop] if stop < len(grid.line) else grid.line[start - 1], stop - start)
        hours = f"{(stop - start) * grid.interval_s / 3600:g}"
        end = wall_text(grid.wall_s[stop - 1] + grid.interval_s)
        since = wall_text(grid.wall_s[start])
        log.add_span("gap.weeks" if long else "gap", "missing", rows, hours, since=since, until=end)


def _negative(grid: Grid, options: ReadingOptions, log: ProblemLog) -> None:
    below = [value < 0 for value in grid.kwh]
    count, known = sum(below), sum(1 for value in grid.kwh if value == value)
    if count == 0:
        return
    if count > 0.9 * known and options.negative == "missing":
        first = below.index(True)
        raise log.refuse("negative.all", grid.line[first], grid.kwh[first])
    action = {"missing": "missing", "keep": "kept", "absolute": "repaired"}[options.negative]
    for start, stop in _spans(grid, below):
        log.add_span("negative.flow", action, _rows(grid, start, stop), grid.kwh[start])
        for place in range(start, stop):
            if options.negative != "keep":
                grid.kwh[place] = -grid.kwh[place] if options.negative == "absolute" else math.nan


def _levels(grid: Grid, start: int, stop: int) -> tuple[float, float, float] | None:
    """10, 50 and 90 % points of positive values, None where there are too few."""
    values = sorted(value for value in grid.kwh[start:stop] if value > 0)
    if len(values) < max(1, (stop - start) // 4):
        return None
    return values[len(values) // 10], values[len(values) // 2], values[(9 * len(values)) // 10]


def _slips(grid: Grid, options: ReadingOptions, log: ProblemLog) -> None:
    """Days whose level is 1000 times off (W, kW, MW), or whose whole shape is kW where the rest is kWh."""
    per_day = max(DAY // grid.interval_s, 1)
    days = [(start, min(start + per_day, len(grid.kwh))) for start in range(0, len(grid.kwh), per_day)]
    levels = [_levels(grid, *day) for day in days]
    known = [each for each in levels if each is not None]
    if len(known) < 5:
        return
    usual = tuple(median(each[n] for each in known) for n in range(3))
    factors = [_slip(each, usual, 3600 / grid.interval_s) for each in levels]
    start = 0
    for stop in range(1, len(days) + 1):
        if stop < len(days) and factors[stop] == factors[start]:
            continue
        long_enough = abs(math.log10(factors[start])) > 2 or stop - start >= 3
        if factors[start] != 1.0 and long_enough:
            _slipped(grid, days[start][0], days[stop - 1][1], factors[start], options, log)
        start = stop


def _slip(levels: tuple[float, float, float] | None, usual: tuple[float, ...], per_hour: float) -> float:
    if levels is None:
        return 1.0
    ratio = levels[1] / usual[1]
    for factor in (1000.0, 0.001):
        if abs(math.log10(ratio / factor)) < 0.5:
            return factor
    if per_hour > 1 and all(abs(levels[n] / usual[n] / per_hour - 1) < 0.12 for n in range(3)):
        return per_hour
    return 1.0


def _slipped(grid: Grid, start: int, stop: int, factor: float, options: ReadingOptions, log: ProblemLog) -> None:
    action = {"missing": "missing", "keep": "kept", "repair": "repaired"}[options.slips]
    code = "unit.slip" if abs(math.log10(factor)) > 2 else "unit.power_segment"
    example = next(value for value in grid.kwh[start:stop] if value > 0)
    log.add_span(code, action, _rows(grid, start, stop), example, factor=f"{factor:g}")
    for place in range(start, stop):
        if options.slips != "keep":
            grid.kwh[place] = grid.kwh[place] / factor if options.slips == "repair" else math.nan


def _limit(grid: Grid, options: ReadingOptions, log: ProblemLog) -> None:
    if not options.limit_kw:
        return
    most = options.limit_kw * grid.interval_s / 3600
    above = [value > most for value in grid.kwh]
    if sum(above) > 0.2 * len(above):
        first = above.index(True)
        raise log.refuse("limit.mostly", grid.line[first], grid.kwh[first], limit=f"{options.limit_kw:g}")
    for start, stop in _spans(grid, above):
        log.add_span("limit.above", "missing", _rows(grid, start, stop), grid.kwh[start], limit=f"{options.limit_kw:g}")
        _blank(grid, start, stop)


def _high(grid: Grid) -> float:
    """The 99 % point of positive values; inf where there are too few."""
    values = sorted(value for value in grid.kwh if value > 0)
    return values[(99 * (len(values) - 1)) // 100] if len(values) >= 50 else math.inf


def _catch_up(grid: Grid, options: ReadingOptions, log: ProblemLog) -> None:
    """A value that holds the energy of the gap before it: far above all others, but usual when spread over the gap."""
    high = _high(grid)
    for start, stop in _spans(grid, [line == 0 for line in grid.line]):
        value = grid.kwh[stop] if stop < len(grid.kwh) else math.nan
        share = value / (stop - start + 1)
        if not (value > 1.5 * high and share <= high):
            continue
        action = {"missing": "missing", "keep": "kept", "spread": "repaired"}[options.catch_up]
        log.add("catch_up", action, grid.line[stop], value, intervals=stop - start + 1)
        if options.catch_up != "keep":
            for place in range(start, stop + 1):
                grid.kwh[place] = share if options.catch_up == "spread" else math.nan


def _outliers(grid: Grid, options: ReadingOptions, log: ProblemLog) -> None:
    most = _OUTLIER * _high(grid)
    for start, stop in _spans(grid, [value > most for value in grid.kwh]):
        action = "missing" if options.outliers == "missing" else "kept"
        log.add_span("outlier", action, _rows(grid, start, stop), grid.kwh[start], most=f"{most:g}")
        if action == "missing":
            _blank(grid, start, stop)


def _runs(grid: Grid, options: ReadingOptions, log: ProblemLog) -> None:
    """Values that stand still for hours: zero is told, another value is frozen unless the file often rests there."""
    least = max(_FROZEN_ROWS, _FROZEN_S // grid.interval_s)
    runs: dict[float, list[tuple[int, int]]] = {}
    start = 0
    for stop in range(1, len(grid.kwh) + 1):
        if stop < len(grid.kwh) and grid.kwh[stop] == grid.kwh[start]:
            continue
        if stop - start >= least and grid.kwh[start] == grid.kwh[start]:
            runs.setdefault(grid.kwh[start], []).append((start, stop))
        start = stop
    for value, found in sorted(runs.items()):
        if value == 0:
            _zeros(grid, found, log)
        elif len(found) <= 2:
            for start, stop in found:
                action = "missing" if options.frozen == "missing" else "kept"
                log.add_span("frozen", action, _rows(grid, start, stop), value, hours=_hours(grid, start, stop))
                if action == "missing":
                    _blank(grid, start, stop)
        else:
            total = sum(stop - start for start, stop in found)
            log.add_span("frozen.often", "kept", (*_rows(grid, found[0][0], found[-1][1])[:2], total), value)


def _hours(grid: Grid, start: int, stop: int) -> str:
    return f"{(stop - start) * grid.interval_s / 3600:g}"


def _zeros(grid: Grid, found: list[tuple[int, int]], log: ProblemLog) -> None:
    if len(found) > 5:
        total = sum(stop - start for start, stop in found)
        log.add_span("zero.often", "kept", (*_rows(grid, found[0][0], found[-1][1])[:2], total), 0.0)
        return
    for start, stop in found:
        log.add_span("zero.run", "kept", _rows(grid, start, stop), 0.0, hours=_hours(grid, start, stop))


def _copies(grid: Grid, options: ReadingOptions, log: ProblemLog) -> None:
    """Days whose values equal those of an earlier day to the last digit, though they vary: pasted twice."""
    per_day = DAY // grid.interval_s if grid.interval_s < DAY else 0
    if per_day < 12:
        return
    first = next((place for place, at in enumerate(grid.wall_s) if at % DAY < grid.interval_s), 0)
    seen: dict[tuple[float, ...], int] = {}
    copied: list[int] = []
    for start in range(first, len(grid.kwh) - per_day + 1, per_day):
        day = tuple(grid.kwh[start : start + per_day])
        if any(value != value for value in day) or len(set(day)) < 6:
            continue
        if day in seen:
            copied.append(start)
        else:
            seen[day] = start
    member = [False] * len(grid.kwh)
    for start in copied:
        member[start : start + per_day] = [True] * per_day
    for start, stop in _spans(grid, member):
        origin = seen[tuple(grid.kwh[start : start + per_day])]
        action = "missing" if options.copies == "missing" else "kept"
        log.add_span("duplicate.copied_days", action, _rows(grid, start, stop), f"{(stop - start) // per_day}",
                     since=wall_text(grid.wall_s[start]), origin=wall_text(grid.wall_s[origin]))  # fmt: skip
    for start in copied:
        if options.copies == "missing":
            _blank(grid, start, start + per_day)
