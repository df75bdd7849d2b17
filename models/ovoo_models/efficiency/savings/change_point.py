"""Baselines with knees: 1P to 5P over one driver, further linear variables, parted by kind of day and season."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import ConfigError, EvidenceError

from ovoo_models.efficiency.savings.knees import KINDS
from ovoo_models.efficiency.savings.numerics import median, zeros
from ovoo_models.efficiency.savings.observations import Observations
from ovoo_models.efficiency.savings.segment import Choice, Piece, Segment, charge, choose, fit_segment
from ovoo_models.efficiency.savings.splits import LABELS, SPLITS, calendar_flags
from ovoo_models.efficiency.savings.uncertainty import gaps_of, lag1

__all__ = ["ChangePointModel", "Settings", "fit"]

_MAD_SIGMA: Final = 1.4826022185056018


@dataclass(frozen=True, slots=True)
class Settings:
    """How a baseline is fitted; all of it stands in the record of a saving.

    `driver` has the knees (empty: none); `variables` enter linearly. `signs` of the slopes below the left and above
    the right knee: for temperature (1, 1), 0 for any. `splits` are tried in their order. A piece needs `rows_min` rows,
    a knee `least` on each side. Kinds and splits are compared by RSS (1 + cost terms / n)^2; a split must stand the
    comparison with n' = n (1 - rho) / (1 + rho) of its residuals as well. A `cost` of 3 asks of a term about what the
    Bayesian criterion asks in a year of days.
    Residuals beyond `clip` robust sigma get weight clip sigma / |residual| (Huber 1964); inf switches that off.
    """

    driver: str = "temperature"
    variables: tuple[str, ...] = ()
    kinds: tuple[str, ...] = KINDS
    signs: tuple[int, int] = (1, 1)
    splits: tuple[str, ...] = SPLITS
    cold_months: tuple[int, ...] = (11, 12, 1, 2, 3)
    weekend: tuple[int, ...] = (5, 6)
    rows_min: int = 45
    least: int = 10
    cost: float = 3.0
    clip: float = 3.0

    def __post_init__(self) -> None:
        for name, given, known in (("kinds", self.kinds, KINDS), ("splits", self.splits, SPLITS)):
            if not given or not set(given) <= set(known):
                raise ConfigError(
                    "unknown or none given", code="savings.unknown_or_none_given", slots={"known": known},
                    offender=name, value=given, remedy=f"of {known}",
                )  # fmt: skip
        if self.driver in self.variables or len(set(self.variables)) < len(self.variables):
            raise ConfigError(
                "a variable stands twice", code="savings.variable_stands_twice", offender="variables",
                value=self.variables,
            )  # fmt: skip
        if self.least < 3 or self.rows_min < 2 * self.least or not self.cost >= 1.0 or not self.clip > 1.0:
            raise ConfigError(
                "out of range", code="savings.settings_out_of_range", offender="settings",
                value=(self.least, self.rows_min, self.cost, self.clip),
                remedy="least >= 3, rows_min >= 2 least, cost >= 1, clip > 1",
            )  # fmt: skip

    @property
    def names(self) -> tuple[str, ...]:
        """Every column the model reads beside energy."""
        return (self.driver, *self.variables) if self.driver else self.variables


@dataclass(frozen=True, slots=True)
class ChangePointModel:
    """A fitted baseline: its split, a segment a label, and how it fits the `used` rows it was made from.

    `fitted` and `weights` belong to `used`, in order of time; `terms` counts coefficients and knees of all segments.
    """

    settings: Settings
    split: str
    segments: Mapping[str, Segment]
    used: tuple[int, ...]
    fitted: array[float]
    weights: array[float]
    terms: int

    def predict(self, data: Observations) -> array[float]:
        """Expected energy of each interval; NaN where a driver is missing or the label was not in the baseline."""
        x, extra, labels = _inputs(
            data,
            self.settings,
            range(len(data)),
            self.split,
            calendar_flags(data, self.settings.weekend, self.settings.cold_months),
        )
        q = len(extra) // len(data) if len(data) else 0
        out = array("d")
        for i, label in enumerate(labels):
            segment = self.segments.get(label)
            row = extra[i * q : i * q + q]
            # a missing driver lies on no side of a knee: it would pass as the flat part
            known = x[i] == x[i]
            out.append(segment.value(x[i], row) if segment is not None and known else math.nan)
        return out

    def kinds(self) -> dict[str, str]:
        """Kind of each segment."""
        return {label: segment.shape.kind for label, segment in self.segments.items()}

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Least and greatest value of the driver and each variable over all segments."""
        found: dict[str, tuple[float, float]] = {}
        for segment in self.segments.values():
            own = dict(zip(self.settings.variables, segment.ranges, strict=False))
            if self.settings.driver:
                own[self.settings.driver] = (segment.low, segment.high)
            for name, (low, high) in own.items():
                known = found.get(name, (low, high))
                found[name] = (min(known[0], low), max(known[1], high))
        return found

    def named(self) -> dict[str, Mapping[str, float]]:
        """Coefficients and knees of each segment by name."""
        variables = self.settings.variables + (("weekend",) if self.split == "day_level" else ())
        return {label: segment.named(variables) for label, segment in self.segments.items()}

    def design(self, data: Observations, rows: Sequence[int]) -> tuple[array[float], int]:
        """Linearised design of the rows, segments side by side, and its number of columns."""
        x, extra, labels = _inputs(
            data,
            self.settings,
            rows,
            self.split,
            calendar_flags(data, self.settings.weekend, self.settings.cold_months, rows),
        )
        q = len(extra) // len(rows) if rows else 0
        starts, width = {}, 0
        for label, segment in self.segments.items():
            starts[label] = width
            width += math.isqrt(len(segment.inverse))
        out = zeros(len(rows) * width)
        for i, label in enumerate(labels):
            row = self.segments[label].design(x[i], extra[i * q : i * q + q])
            at = i * width + starts[label]
            out[at : at + len(row)] = array("d", row)
        return out, width


def fit(data: Observations, settings: Settings | None = None, used: Sequence[int] | None = None) -> ChangePointModel:
    """The baseline of the `used` rows (all complete ones by default): best split, best kinds, robust weights.

    The split is chosen on equal weights, then the weights are found from the residuals and the chosen split is fitted
    once more.

    Raises:
        EvidenceError: too few rows, or a variable that others explain.
    """
    settings = settings or Settings()
    rows = data.complete(settings.names) if used is None else list(used)
    if len(rows) < settings.rows_min:
        raise EvidenceError(
            "too few rows for a baseline", code="savings.too_few_rows_for_baseline",
            slots={"least": settings.rows_min}, offender="baseline", value=len(rows),
            remedy=f">= {settings.rows_min}",
        )  # fmt: skip
    y = array("d", [data.energy[i] for i in rows])
    w = array("d", [1.0]) * len(rows)
    flags = calendar_flags(data, settings.weekend, settings.cold_months, rows)
    found = [_part(data, settings, rows, y, w, split, flags) for split in settings.splits]
    partings = [each for each in found if each is not None]
    if not partings:
        raise EvidenceError(
            "no split has enough rows", code="savings.no_split_has_enough_rows", offender="splits",
            value=settings.splits, remedy="add 'none'",
        )  # fmt: skip
    best = _best(partings, len(rows), settings.cost)
    model = _fitted(settings, rows, w, best)
    if best is not partings[0]:
        # errors that hang together feign seasons: the charge of a term grows as n' shrinks
        residuals = [a - b for a, b in zip(y, model.fitted, strict=True)]
        rho = max(lag1(residuals, gaps_of([data.time_ns[i] for i in rows], data.step_ns)), 0.0)
        again = _best(partings, len(rows), settings.cost * (1.0 + rho) / (1.0 - rho))
        if again is not best:
            best, model = again, _fitted(settings, rows, w, again)
    weights = _weights(y, model.fitted, settings.clip)
    if min(weights) < 1.0:
        robust = _part(data, settings, rows, y, weights, best.split, flags)
        model = model if robust is None else _fitted(settings, rows, weights, robust)
    return model


def _best(partings: Sequence[_Parting], n: int, cost: float) -> _Parting:
    """The one with the least charge; the first on a tie."""
    return min(partings, key=lambda each: charge(each.rss, n, each.terms, cost))


def _weights(y: Sequence[float], fitted: Sequence[float], clip: float) -> array[float]:
    residuals = [abs(a - b) for a, b in zip(y, fitted, strict=True)]
    bound = clip * _MAD_SIGMA * median(residuals)
    return array("d", [1.0 if r <= bound or bound <= 0.0 else bound / r for r in residuals])


def _inputs(
    data: Observations, settings: Settings, rows: Sequence[int], split: str, flags: Sequence[int]
) -> tuple[array[float], array[float], list[str]]:
    """Driver, rows of further variables (with the weekend's step where the split has one) and labels."""
    column = data.driver(settings.driver) if settings.driver else None
    x = array("d", [column[i] for i in rows] if column is not None else bytes(8 * len(rows)))
    others = [data.driver(name) for name in settings.variables]
    extra = array("d")
    for k, i in enumerate(rows if others or split == "day_level" else ()):
        for other in others:
            extra.append(other[i])
        if split == "day_level":
            extra.append(float(flags[k] & 1))
    labels = LABELS[split]
    return x, extra, [labels[flag] for flag in flags]


@dataclass(frozen=True, slots=True)
class _Parting:
    """A split with the kind chosen for each of its pieces, and what splits are compared by."""

    split: str
    rss: float
    terms: int
    choices: Mapping[str, Choice]
    members: Mapping[str, Sequence[int]]
    x: array[float]
    extra: array[float]


def _part(
    data: Observations,
    settings: Settings,
    rows: Sequence[int],
    y: array[float],
    w: array[float],
    split: str,
    flags: Sequence[int],
) -> _Parting | None:
    """Kinds and sum of squares of one split; None where a piece has too few rows or the split parts nothing."""
    x, extra, labels = _inputs(data, settings, rows, split, flags)
    n, q = len(rows), len(extra) // len(rows)
    members: dict[str, list[int]] = {}
    for i, label in enumerate(labels):
        members.setdefault(label, []).append(i)
    if (split not in ("none", "day_level") and len(members) < 2) or min(map(len, members.values())) < settings.rows_min:
        return None
    if split == "day_level" and len(set(extra[q - 1 :: q])) < 2:
        return None
    kinds = settings.kinds if settings.driver else ("1P",)
    choices: dict[str, Choice] = {}
    rss, terms = 0.0, 0
    for label in sorted(members):
        piece = _piece(x, extra, q, y, w, members[label])
        try:
            choice = choose(piece, kinds, settings.least, settings.cost, settings.signs)
        except EvidenceError:
            if split == settings.splits[0]:
                raise
            return None
        choices[label] = choice
        rss += choice.rss
        terms += choice.terms
    return _Parting(split, rss, terms, choices, members, x, extra) if n > 2 * terms else None


def _fitted(settings: Settings, rows: Sequence[int], w: array[float], parting: _Parting) -> ChangePointModel:
    x, extra, fitted = parting.x, parting.extra, zeros(len(rows))
    q, terms = len(extra) // len(rows), 0
    segments: dict[str, Segment] = {}
    for label, choice in parting.choices.items():
        segment = segments[label] = fit_segment(choice, settings.least, settings.signs)
        terms += segment.terms
        for i in parting.members[label]:
            fitted[i] = segment.value(x[i], extra[i * q : i * q + q])
    return ChangePointModel(settings, parting.split, segments, tuple(rows), fitted, w, terms)


def _piece(x: array[float], extra: array[float], q: int, y: array[float], w: array[float], own: Sequence[int]) -> Piece:
    if len(own) == len(x):
        return Piece(x, extra, q, y, w)
    picked = [array("d", [column[i] for i in own]) for column in (x, y, w)]
    more = array("d", [v for i in own for v in extra[i * q : i * q + q]])
    return Piece(picked[0], more, q, picked[1], picked[2])
