"""Peaks: the least peak by hand and by linear programming, the share that stays, and what is refused."""

from __future__ import annotations

from datetime import UTC

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError, EvidenceError, NotReady
from ovoo_models.efficiency.tariff.intervals import HOUR_NS, Intervals
from ovoo_models.efficiency.tariff.shaving import Movable, shave_peaks
from ovoo_models.efficiency.tariff.shift import ShiftRule
from scipy.optimize import linprog  # type: ignore[import-untyped]

RULE = ShiftRule(100.0, "batch plan 3 (fictitious)")


def hours(days: list[list[float]]) -> Intervals:
    return Intervals.regular(0, HOUR_NS, [kwh for day in days for kwh in day])


def flat(value: float, days: int = 5) -> list[list[float]]:
    return [[value] * 24 for _ in range(days)]


def test_a_batch_at_the_peak_moves_into_the_valley() -> None:
    rest, batch = flat(50.0), flat(0.0)
    for day in rest:
        day[18] = 90.0
    batch[2][18] = 30.0
    site = hours([[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(rest, batch, strict=True)])

    found = shave_peaks([Movable(hours(batch), RULE)], site, UTC)

    assert found.peak_kw == pytest.approx(120.0)
    assert found.reachable_kw == pytest.approx(90.0)
    assert (found.intervals, found.days_to_hold) == (1, 1)
    assert [each.peak_kw for each in found.days] == pytest.approx([90.0, 90.0, 120.0, 90.0, 90.0])
    assert found.days[2].day == "1970-01-03"
    assert found.sigma_kw > 0.0


def test_only_the_share_that_may_move_moves() -> None:
    rest, batch = flat(50.0), flat(0.0)
    for day in batch:
        day[18] = 40.0
    site = hours([[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(rest, batch, strict=True)])

    # a quarter may move, 10 kWh a day: 50 + 30 stay at the peak, and the rest finds room in the 23 other hours
    found = shave_peaks([Movable(hours(batch), ShiftRule(100.0, "plan (fictitious)", share=0.25))], site, UTC)

    assert found.reachable_kw == pytest.approx(80.0)
    assert found.sigma_kw == 0.0


def test_hours_that_are_not_allowed_stay_free() -> None:
    rest, batch = flat(50.0), flat(0.0)
    for day in batch:
        day[18] = 24.0
    site = hours([[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(rest, batch, strict=True)])
    rule = ShiftRule(100.0, "plan (fictitious)", hours=frozenset({0, 1, 18}))

    found = shave_peaks([Movable(hours(batch), rule)], site, UTC)

    assert found.reachable_kw == pytest.approx(50.0 + 24.0 / 3.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_one_load_reaches_the_least_peak_there_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rest, batch = rng.uniform(20.0, 100.0, (5, 24)).round(3), rng.uniform(0.0, 30.0, (5, 24)).round(3)
    rule = ShiftRule(35.0, "plan (fictitious)", hours=None if seed % 2 else frozenset(range(6, 24)))
    batch[:, :6] *= seed % 2
    site = hours((rest + batch).round(3).tolist())

    found = shave_peaks([Movable(hours(batch.tolist()), rule)], site, UTC)

    least = 0.0
    for day in range(5):
        room = [35.0 if rule.hours is None or hour in rule.hours else 0.0 for hour in range(24)]
        # the level, then 24 amounts: amounts + rest <= level, their sum is the day's energy
        rows = np.hstack([-np.ones((24, 1)), np.eye(24)])
        solved = linprog(
            [1.0, *[0.0] * 24], A_ub=rows, b_ub=-rest[day], A_eq=[[0.0, *[1.0] * 24]], b_eq=[batch[day].sum()],
            bounds=[(0.0, None), *[(0.0, each) for each in room]],
        )  # fmt: skip
        least = max(least, solved.fun)
    assert found.reachable_kw == pytest.approx(least, abs=2e-3)


def test_draws_are_the_same_each_time_and_follow_the_seed() -> None:
    rng = np.random.default_rng(4)
    rest, batch = rng.uniform(20.0, 100.0, (9, 24)), rng.uniform(0.0, 30.0, (9, 24))
    site, load = hours((rest + batch).tolist()), Movable(hours(batch.tolist()), RULE)

    first, again, other = (shave_peaks([load], site, UTC, seed) for seed in (0, 0, 1))

    assert first.sigma_kw.hex() == again.sigma_kw.hex()
    assert first.sigma_kw != other.sigma_kw
    assert first.sigma_kw == pytest.approx(other.sigma_kw, rel=0.2)


@pytest.mark.parametrize(
    ("rule", "site", "days", "error"),
    [
        (RULE, 50.0, 4, NotReady),
        (RULE, 10.0, 5, EvidenceError),
        (RULE, float("nan"), 5, EvidenceError),
        (ShiftRule(100.0, " "), 50.0, 5, ConfigError),
        (ShiftRule(100.0, "plan", share=1.5), 50.0, 5, ConfigError),
    ],
)
def test_what_cannot_be_planned_is_refused(rule: ShiftRule, site: float, days: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        shave_peaks([Movable(hours(flat(20.0, days)), rule)], hours(flat(site, days)), UTC)


def test_other_intervals_than_the_sites_are_refused() -> None:
    with pytest.raises(ConfigError, match="differ in time"):
        shave_peaks([Movable(hours(flat(1.0, 6)), RULE)], hours(flat(9.0, 5)), UTC)
