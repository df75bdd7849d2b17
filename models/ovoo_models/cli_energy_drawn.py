"""Results of the energy engines as data of their pictures."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ovoo_models.cli_energy_pictures import Picture
from ovoo_models.efficiency.plots import Course, Scatter, draw_saving, draw_scatter

if TYPE_CHECKING:
    from ovoo_models.efficiency.savings.change_point import ChangePointModel
    from ovoo_models.efficiency.savings.observations import Observations
    from ovoo_models.efficiency.savings.saving import Plan, Saving
    from ovoo_models.efficiency.savings.uncertainty import Fitness

__all__ = ["course_of", "scatter_of"]

_Z90: Final = 1.6448536269514722
_LINE: Final = 60
_STATIONS: Final = 12
"""Points of the reporting period at which the interval of the sum is computed; between them it is drawn straight."""


def scatter_of(model: ChangePointModel, before: Observations, after: Observations | None, quality: Fitness) -> Picture:
    """Energy over the driver; further variables stand at their mean along the line.

    Without a driver the first variable takes its place.
    """
    from ovoo_models.efficiency.savings.observations import Observations

    settings = model.settings
    along = settings.driver or settings.variables[0]
    column = before.driver(along)
    known = [column[n] for n in model.used]
    low, high = min(known), max(known)
    xs = [low + (high - low) * n / _LINE for n in range(_LINE + 1)]
    means = {name: _mean([before.driver(name)[n] for n in model.used]) for name in settings.names}
    drivers: dict[str, Sequence[float]] = {
        name: array("d", xs if name == along else [mean] * len(xs)) for name, mean in means.items()
    }
    # all on the first day of the baseline: a split by season or weekday is drawn for that label
    line = model.predict(Observations(
        array("q", [before.time_ns[model.used[0]]] * len(xs)), array("d", [math.nan] * len(xs)), drivers,
        before.step_ns, before.unit, before.utc_offset_s,
    ))  # fmt: skip
    half = _Z90 * quality.cv_rmse * quality.mean
    name, _, unit = along.partition("(")
    knees = [each for segment in model.segments.values() for each in (segment.shape.left, segment.shape.right)]
    data = Scatter(
        name, unit.rstrip(")"), "", before.unit, [column[n] for n in model.used],
        [before.energy[n] for n in model.used], xs, line, [half] * len(xs),
        [each for each in knees if math.isfinite(each)],
        after.driver(along) if after is not None else (), after.energy if after is not None else (),
    )  # fmt: skip
    return lambda look: draw_scatter(data, look)


def course_of(found: Saving, before: Observations, after: Observations, plan: Plan) -> Picture:
    """Both periods: measured, expected with the band of one step, and the sum of savings with its interval."""
    times = [*before.time_ns, *after.time_ns]
    expected = [*found.model.predict(before), *found.model.predict(after)]
    half = _Z90 * found.fit.cv_rmse * found.fit.mean
    sums, halves = _sums(found, before, after, plan)
    lead = [math.nan] * len(before)
    data = Course(
        times, after.time_ns[-1] + after.step_ns, [*before.energy, *after.energy], expected, [half] * len(times),
        [*lead, *sums], [*lead, *halves], after.time_ns[0], before.unit,
    )  # fmt: skip
    return lambda look: draw_saving(data, look)


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
    for (a, low), (b, high) in zip(points, points[1:], strict=False):
        if a <= n <= b and b > a:
            return low + (high - low) * (n - a) / (b - a)
    return points[-1][1]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
