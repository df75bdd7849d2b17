"""A gradient-boosted model beside a baseline: what could be won without physics, on data that neither has seen.

It is never signed and nothing is proven against it: trees have no coefficients to read, and beyond the loads that they
saw they stay flat. Where it is better by a point and more, the baseline lacks a variable or a knee.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from ovoo_contract.errors import ConfigError, EvidenceError
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from ovoo_models.efficiency.savings.observations import DAY_NS, Observations, hour_of_week, weekday_of
from ovoo_models.efficiency.savings.saving import Model

__all__ = ["BETTER_POINTS", "Challenge", "Score", "challenge"]

BETTER_POINTS: Final = 1.0
"""Percentage points of CV(RMSE) from which on a difference is worth a look."""
_YEAR_NS: Final = 365 * DAY_NS
_HELD_OUT: Final = 0.25
_LEAST_TRAINED: Final = 60
_LEAST_JUDGED: Final = 20
_SETTINGS: Final[Mapping[str, Any]] = {
    "max_iter": 200, "learning_rate": 0.05, "max_leaf_nodes": 15, "min_samples_leaf": 10, "l2_regularization": 1.0,
    "early_stopping": False, "random_state": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Score:
    """On rows that were held out: cv_rmse = sqrt(mean e^2) / mean, nmbe = sum e / sum actual, e = actual - expected."""

    cv_rmse: float
    nmbe: float


@dataclass(frozen=True, slots=True)
class Challenge:
    """Both models fitted before `cut_ns` and judged from there on, over the same `judged` rows."""

    cut_ns: int
    trained: int
    judged: int
    champion: Score
    challenger: Score

    @property
    def gain_points(self) -> float:
        """By how many percentage points of CV(RMSE) the challenger is better; negative where it is worse."""
        return 100.0 * (self.champion.cv_rmse - self.challenger.cv_rmse)

    @property
    def better(self) -> bool:
        """Whether the difference is worth a look."""
        return self.gain_points >= BETTER_POINTS


def challenge(
    data: Observations,
    names: Sequence[str],
    refit: Callable[[Sequence[int]], Model],
    used: Sequence[int],
    monotonic: Mapping[str, int] | None = None,
) -> Challenge:
    """Both models on the same rows: the first year and the next, where there are two, else the last quarter held out.

    Args:
        names: drivers and variables of the baseline, which the challenger takes too, beside day of week and hour.
        refit: fits the baseline again over some of the `used` rows.
        monotonic: expected sign of the energy in a column, -1 or 1; a column without one may go either way.

    Raises:
        EvidenceError: too few rows on a side, or the held-out energy has no positive mean.
        ConfigError: a sign for a column that is not taken, or another than -1, 0 and 1.
    """
    signs = _signs(names, monotonic or {})
    early, late = _parted(data, used)
    champion = refit(early).predict(data)
    rows = [i for i in late if math.isfinite(champion[i])]
    actual = np.array([data.energy[i] for i in rows])
    if len(early) < _LEAST_TRAINED or len(rows) < _LEAST_JUDGED or not actual.mean() > 0.0:
        raise EvidenceError(
            "too few rows to judge by", code="challenger.too_few_rows",
            slots={"trained": _LEAST_TRAINED, "judged": _LEAST_JUDGED}, offender="challenger",
            value=(len(early), len(rows)), remedy=f"{_LEAST_TRAINED} to fit and {_LEAST_JUDGED} to judge by",
        )  # fmt: skip
    trees = HistGradientBoostingRegressor(monotonic_cst=signs, **_SETTINGS)
    with threadpool_limits(limits=1):  # sums in one order, whatever the machine
        trees.fit(_features(data, names, early), np.array([data.energy[i] for i in early]))
        expected = trees.predict(_features(data, names, rows))
    return Challenge(
        data.time_ns[rows[0]], len(early), len(rows), _score(actual, np.array([champion[i] for i in rows])),
        _score(actual, expected),
    )  # fmt: skip


def _signs(names: Sequence[str], monotonic: Mapping[str, int]) -> list[int]:
    for name, sign in monotonic.items():
        if name not in names or sign not in (-1, 0, 1):
            raise ConfigError(
                "not a sign of a column", code="challenger.not_sign", slots={"known": tuple(names)}, offender=name,
                value=sign, remedy="-1, 0 or 1 for a column of the baseline",
            )  # fmt: skip
    return [*(monotonic.get(name, 0) for name in names), 0, 0]


def _parted(data: Observations, used: Sequence[int]) -> tuple[list[int], list[int]]:
    rows = list(used)
    if not rows:
        return [], []
    start, end = data.time_ns[rows[0]], data.time_ns[rows[-1]] + data.step_ns
    if end - start >= 2 * _YEAR_NS:
        cut = start + _YEAR_NS
        return [i for i in rows if data.time_ns[i] < cut], [i for i in rows if cut <= data.time_ns[i] < cut + _YEAR_NS]
    cut = data.time_ns[rows[round((1.0 - _HELD_OUT) * (len(rows) - 1))]]
    return [i for i in rows if data.time_ns[i] < cut], [i for i in rows if data.time_ns[i] >= cut]


def _features(data: Observations, names: Sequence[str], rows: Sequence[int]) -> Any:
    columns = [[data.driver(name)[i] for i in rows] for name in names]
    columns.append([float(weekday_of(data.time_ns[i], data.utc_offset_s)) for i in rows])
    columns.append([float(hour_of_week(data.time_ns[i], data.utc_offset_s) % 24) for i in rows])
    return np.array(columns).T


def _score(actual: Any, expected: Any) -> Score:
    errors = actual - expected
    return Score(
        math.sqrt(math.fsum(errors * errors) / len(errors)) / float(actual.mean()),
        math.fsum(errors) / math.fsum(actual),
    )  # fmt: skip
