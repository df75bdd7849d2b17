"""Results of the energy engines as data of their pictures."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ovoo_models.cli_energy_pictures import Picture
from ovoo_models.efficiency.plots import Course, Line, Scatter, draw_saving, draw_scatter

if TYPE_CHECKING:
    from ovoo_models.efficiency.savings.change_point import ChangePointModel
    from ovoo_models.efficiency.savings.observations import Observations
    from ovoo_models.efficiency.savings.saving import Plan, Saving
    from ovoo_models.efficiency.savings.uncertainty import Fitness

__all__ = ["course_data", "course_of", "scatter_data", "scatter_of"]

_Z90: Final = 1.6448536269514722
_LINE: Final = 60
_STATIONS: Final = 12
"""Points of the reporting period at which the interval of the sum is computed; between them it is drawn straight."""


def scatter_of(model: ChangePointModel, before: Observations, after: Observations | None, quality: Fitness) -> Picture:
    """The picture of `scatter_data`."""
    data = scatter_data(model, before, after, quality)
    return lambda look: draw_scatter(data, look)


def scatter_data(
    model: ChangePointModel, before: Observations, after: Observations | None, quality: Fitness
) -> Scatter:
    """Energy over the driver, one line a segment; without a driver the first variable takes its place.

    Other variables stand at their mean along the lines, and points are moved by as much as the model explains by them.
    """
    settings = model.settings
    along = settings.driver or settings.variables[0]
    rows = before.rows(model.used)
    means = {name: _mean(rows.driver(name)) for name in settings.names if name != along}
    xs, ys = _adjusted(model, rows, means)
    later = _adjusted(model, after.rows(after.complete(settings.names)), means) if after is not None else ((), ())
    name, _, unit = along.partition("(")
    knees = [each for segment in model.segments.values() for each in (segment.shape.left, segment.shape.right)]
    return Scatter(
        name, unit.rstrip(")"), before.unit, xs, ys, _lines(model, rows, along, means, quality),
        [each for each in knees if math.isfinite(each)], later[0], later[1], adjusted=bool(means),
    )  # fmt: skip


def _adjusted(
    model: ChangePointModel, data: Observations, means: Mapping[str, float]
) -> tuple[Sequence[float], Sequence[float]]:
    """x and the energy as it would be with the other variables at their means."""
    settings = model.settings
    along = data.driver(settings.driver or settings.variables[0])
    there = replace(data, drivers={**data.drivers, **{k: array("d", [m]) * len(data) for k, m in means.items()}})
    moved = zip(data.energy, model.predict(data), model.predict(there), strict=True)
    return along, [energy - here + mean for energy, here, mean in moved]


def _lines(
    model: ChangePointModel, data: Observations, along: str, means: Mapping[str, float], quality: Fitness
) -> list[Line]:
    """Each segment over its own range, drawn through a day that belongs to it."""
    from ovoo_models.efficiency.savings.splits import LABELS, calendar_flags

    labels = LABELS[model.split]
    flags = calendar_flags(data, model.settings.weekend, model.settings.cold_months)
    half, lines = _Z90 * quality.cv_rmse * quality.mean, []
    for label, segment in model.segments.items():
        times = [at for at, flag in zip(data.time_ns, flags, strict=True) if labels[flag] == label]
        low, high = (segment.low, segment.high) if model.settings.driver else segment.ranges[0]
        xs = [low + (high - low) * n / _LINE for n in range(_LINE + 1)]
        drivers: dict[str, Sequence[float]] = {k: array("d", [m]) * len(xs) for k, m in means.items()}
        drivers[along] = array("d", xs)
        day = replace(data, time_ns=array("q", times[:1] * len(xs)), energy=array("d", xs), drivers=drivers)
        name = "" if len(model.segments) == 1 else label
        lines.append(Line(name, xs, model.predict(day), [half] * len(xs)))
    return lines


def course_of(found: Saving, before: Observations, after: Observations, plan: Plan) -> Picture:
    """The picture of `course_data`."""
    data = course_data(found, before, after, plan)
    return lambda look: draw_saving(data, look)


def course_data(found: Saving, before: Observations, after: Observations, plan: Plan) -> Course:
    """Both periods: measured, expected with the band of one step, and the sum of savings with its interval."""
    times = [*before.time_ns, *after.time_ns]
    expected = [*found.model.predict(before), *found.model.predict(after)]
    half = _Z90 * found.fit.cv_rmse * found.fit.mean
    sums, halves = _sums(found, before, after, plan)
    lead = [math.nan] * len(before)
    return Course(
        times, after.time_ns[-1] + after.step_ns, [*before.energy, *after.energy], expected, [half] * len(times),
        [*lead, *sums], [*lead, *halves], after.time_ns[0], before.unit,
    )  # fmt: skip


def _sums(found: Saving, before: Observations, after: Observations, plan: Plan) -> tuple[list[float], list[float]]:
    from ovoo_models.efficiency.savings.saving import prove

    counted = dict(zip(found.used, found.series, strict=True))
    sums, total = [], 0.0
    for n in range(len(after)):
        total += counted.get(n, 0.0)
        sums.append(total)
    stations = sorted({max(10, round(len(found.used) * (k + 1) / _STATIONS)) for k in range(_STATIONS)})
    at = [(0, 0.0)]
    for count in stations:
        rows = found.used[min(count, len(found.used)) - 1] + 1
        part = found if count >= len(found.used) else prove(before, after.rows(range(rows)), plan)
        at.append((rows - 1, (part.interval.high - part.interval.low) / 2))
    return sums, [_between(at, n) for n in range(len(after))]


def _between(points: Sequence[tuple[int, float]], n: int) -> float:
    for (a, low), (b, high) in pairwise(points):
        if a <= n <= b and b > a:
            return low + (high - low) * (n - a) / (b - a)
    return points[-1][1]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
