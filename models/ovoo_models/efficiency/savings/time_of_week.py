"""Hourly baselines: a level for each hour of the week and straight pieces over temperature or another driver.

Form of the time-of-week and temperature model (Mathieu, Price, Kiliccote, Piette 2011), without its occupancy split.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ovoo_contract.errors import EvidenceError

from ovoo_models._select import savings_kernels
from ovoo_models.efficiency.savings.numerics import zeros
from ovoo_models.efficiency.savings.observations import DAY_NS, HOUR_NS, Observations, hour_of_week
from ovoo_models.efficiency.savings.uncertainty import Path, gaps_of

__all__ = ["HourlySettings", "TimeOfWeekModel", "fit_hourly", "path_of_days"]

_HOURS = 168


@dataclass(frozen=True, slots=True)
class HourlySettings:
    """`driver` in `pieces` straight pieces between its 1 % and 99 % quantiles, `variables` linearly."""

    driver: str = "temperature"
    variables: tuple[str, ...] = ()
    pieces: int = 7

    @property
    def names(self) -> tuple[str, ...]:
        """Every column the model reads beside energy."""
        return (self.driver, *self.variables)


@dataclass(frozen=True, slots=True)
class TimeOfWeekModel:
    """Levels (168, NaN where the baseline has no such hour), slopes over driver pieces and variables."""

    settings: HourlySettings
    knots: tuple[float, ...]
    levels: array[float]
    slopes: tuple[float, ...]
    used: tuple[int, ...]
    fitted: array[float]
    terms: int
    seen: Mapping[str, tuple[float, float]]

    @property
    def split(self) -> str:
        """By hour of the week."""
        return "hour_of_week"

    def kinds(self) -> dict[str, str]:
        """The one kind there is."""
        return {"all": "time_of_week"}

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Least and greatest value of the driver and each variable."""
        return dict(self.seen)

    def named(self) -> dict[str, dict[str, float]]:
        """Levels by hour of the week, slopes by piece and variable, and the knots."""
        pieces = [f"piece_{k}" for k in range(len(self.knots) + 1)]
        slopes = dict(zip([*pieces, *self.settings.variables], self.slopes, strict=True))
        knots = {f"knot_{k}": knot for k, knot in enumerate(self.knots, 1)}
        levels = {f"hour_{k:03}": level for k, level in enumerate(self.levels) if level == level}
        return {"levels": levels, "slopes": slopes, "knots": knots}

    def predict(self, data: Observations) -> array[float]:
        """Expected energy of each hour; NaN where a driver is missing or the baseline has no such hour."""
        width = len(self.slopes)
        columns = _columns(data, self.settings, self.knots, range(len(data)))
        out = array("d")
        for i, at in enumerate(data.time_ns):
            total = self.levels[hour_of_week(at, data.utc_offset_s)]
            for j in range(width):
                total += self.slopes[j] * columns[i * width + j]
            out.append(total)
        return out


def fit_hourly(
    data: Observations, settings: HourlySettings | None = None, used: Sequence[int] | None = None
) -> TimeOfWeekModel:
    """Least squares; the 168 levels are cleared first, so that only the pieces and variables are solved for.

    Raises:
        EvidenceError: intervals are no hours, too few rows, or a variable that others explain.
    """
    settings = settings or HourlySettings()
    if data.step_ns != HOUR_NS:
        raise EvidenceError(
            "intervals are no hours", code="savings.intervals_no_hours", offender="step_ns", value=data.step_ns
        )
    rows = data.complete(settings.names) if used is None else list(used)
    knots = _knots(sorted(data.driver(settings.driver)[i] for i in rows), settings.pieces)
    width = len(knots) + 1 + len(settings.variables)
    if len(rows) < 4 * (_HOURS + width):
        raise EvidenceError(
            "too few hours for a baseline", code="savings.too_few_hours_for_baseline", offender="baseline",
            value=len(rows), remedy="four weeks",
        )  # fmt: skip
    plain = _columns(data, settings, knots, rows)
    groups = array("i", [hour_of_week(data.time_ns[i], data.utc_offset_s) for i in rows])
    y = array("d", [data.energy[i] for i in rows])
    w = array("d", [1.0]) * len(rows)
    design, lowered = plain[:], y[:]
    savings_kernels.within_groups(design, width, w, groups, _HOURS, len(rows))
    savings_kernels.within_groups(lowered, 1, w, groups, _HOURS, len(rows))
    slopes, inverse, fitted = zeros(width), zeros(width * width), zeros(len(rows))
    bad = savings_kernels.least_squares(design, width, lowered, w, len(rows), slopes, inverse, fitted)
    if bad >= 0:
        raise EvidenceError(
            "a variable says what others say already", code="savings.variable_says_what_others_say_already",
            offender=f"column {bad}", value=bad,
        )  # fmt: skip
    levels, count = array("d", [math.nan]) * _HOURS, 0
    for i, g in enumerate(groups):
        mean = y[i] - lowered[i]
        fitted[i] += mean
        if levels[g] == levels[g]:
            continue
        for j in range(width):
            mean -= slopes[j] * (plain[i * width + j] - design[i * width + j])
        levels[g] = mean
        count += 1
    seen = {name: _range(data.driver(name), rows) for name in settings.names}
    return TimeOfWeekModel(settings, knots, levels, tuple(slopes), tuple(rows), fitted, width + count, seen)


def _range(column: Sequence[float], rows: Sequence[int]) -> tuple[float, float]:
    values = [column[i] for i in rows]
    return min(values), max(values)


def _knots(ordered: Sequence[float], pieces: int) -> tuple[float, ...]:
    if not ordered:
        return ()
    low, high = ordered[len(ordered) // 100], ordered[len(ordered) - 1 - len(ordered) // 100]
    return tuple(low + (high - low) * k / pieces for k in range(1, pieces))


def _columns(data: Observations, settings: HourlySettings, knots: Sequence[float], rows: Sequence[int]) -> array[float]:
    driver, others = data.driver(settings.driver), [data.driver(name) for name in settings.variables]
    out = array("d")
    for i in rows:
        x = driver[i]
        out.append(x)
        for knot in knots:
            # x - x is nought, or NaN where x is missing: the row then has no value
            out.append(x - knot if x > knot else x - x)
        for other in others:
            out.append(other[i])
    return out


def path_of_days(model: TimeOfWeekModel, baseline: Observations, reporting: Observations, used: Sequence[int]) -> Path:
    """Errors of whole days for the bootstrap of an hourly saving.

    Hourly errors of plants hang together over days; their sums over days carry the saving, and their dependence is
    short enough to be drawn in blocks. How the coefficients pass errors on is taken from the same model over days:
    a constant and the day's mean of pieces and variables. Days with fewer hours than others weigh by their hours.
    """
    first = _days(model, baseline, model.used, model.fitted)
    expected = model.predict(reporting)
    second = _days(model, reporting, used, [expected[i] for i in used])
    width, n = 1 + len(model.slopes), len(first)
    design = array("d", [v for _day, _e, row in first for v in row])
    w, y = array("d", [1.0]) * n, array("d", [e for _day, e, _row in first])
    basis = zeros(n * width)
    kept = savings_kernels.orthonormal(design, width, n, basis)
    q = basis[: n * kept]
    # an error passes on through the projection: Q (Q' x) with x the reported sum, solved on the columns that were kept
    coef, inverse, fitted = zeros(width), zeros(width * width), zeros(n)
    if savings_kernels.least_squares(design, width, y, w, n, coef, inverse, fitted) >= 0:
        raise EvidenceError(
            "a variable does not change from day to day", code="savings.variable_does_not_change_from_day",
            offender="variables", value=width,
        )  # fmt: skip
    sums = [math.fsum(row[j] for _day, _e, row in second) for j in range(width)]
    pull = [math.fsum(inverse[j * width + k] * sums[k] for k in range(width)) for j in range(width)]
    influence = [math.fsum(v * p for v, p in zip(row, pull, strict=True)) for _day, _e, row in first]
    times = [day * DAY_NS for day, _e, _row in (*first, *second)]
    return Path(y, influence, [e for _day, e, _row in second], gaps_of(times, DAY_NS), q, kept, 3.0 * width)


def _days(
    model: TimeOfWeekModel, data: Observations, rows: Sequence[int], expected: Sequence[float]
) -> list[tuple[int, float, list[float]]]:
    """Day, sum of errors, and sums over 24 of 1, pieces and variables."""
    width = len(model.slopes)
    columns = _columns(data, model.settings, model.knots, rows)
    found: dict[int, tuple[list[float], list[list[float]]]] = {}
    for k, i in enumerate(rows):
        day = (data.time_ns[i] + data.utc_offset_s * 1_000_000_000) // DAY_NS
        errors, lines = found.setdefault(day, ([], []))
        errors.append(data.energy[i] - expected[k])
        lines.append([1.0, *columns[k * width : (k + 1) * width]])
    return [
        (day, math.fsum(errors), [math.fsum(line[j] for line in lines) / 24.0 for j in range(width + 1)])
        for day, (errors, lines) in sorted(found.items())
    ]
