"""A baseline fitted again from sums: the fit of the raw minutes, in any order, when no sample is left."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import hour_sums, signals
from ovoo_cloud.catalogue.tables import Gateway
from ovoo_cloud.energy.sums_merge import merge_hours
from ovoo_cloud.energy.sums_refit import SumsRefit, judge, refit, window_sums
from ovoo_cloud.services import Services
from ovoo_contract.completeness import HOUR_NS
from ovoo_contract.errors import EvidenceError, NotFound, QueryError
from ovoo_contract.hour_sums import HourSums, SumsLayout
from ovoo_models.minute_rows import POWER, REGIMES

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, GATEWAY, SITE, T0
from tests.cloud.energy.machine_hours import LAYOUT, MINUTE_NS, Minute, hour_of, hours_of, minutes

ASSET = f"{ENTERPRISE}/{SITE}/utilities/air/comp1"
SYSTEM = Scope.system()
START = T0 - 240 * HOUR_NS
ROWS = minutes(START, 240)
HOURS = hours_of(ASSET, ROWS)


def keep(services: Services, hours: Sequence[HourSums], gateway: str = GATEWAY) -> None:
    with services.database.write() as session:
        owner = session.get(Gateway, GATEWAY)
        assert owner is not None
        signals.save_catalogue(session, owner, builders.catalogue(("flow", "power"), ASSET), now_ns=T0)
        for hour in hours:
            hour_sums.record(session, gateway, hour, T0)


def ask(services: Services, start_ns: int = START, end_ns: int = T0, *names: str, scope: Scope = SYSTEM) -> SumsRefit:
    return refit(services, scope, ENTERPRISE, SITE, ASSET, start_ns, end_ns, names or None)


def raw_fit(rows: Sequence[Minute], regime: int, columns: Sequence[int]) -> NDArray[np.float64]:
    """Intercept and slopes of the raw minutes by numpy, about the means."""
    table = np.array([(row.flow, row.pressure, row.power_kw) for row in rows if row.regime == regime])
    centre = table.mean(axis=0)
    moved = table - centre
    slopes = np.linalg.lstsq(moved[:, list(columns)], moved[:, 2], rcond=None)[0]
    return np.array([centre[2] - centre[list(columns)] @ slopes, *slopes])


@pytest.mark.parametrize(("names", "columns"), [((), (0, 1)), (("flow",), (0,)), (("pressure", "flow"), (1, 0))])
@pytest.mark.parametrize("window", [(0, 240), (0, 1), (37, 203)])
def test_a_refit_from_sums_is_the_fit_of_the_raw_minutes(
    services: Services, names: tuple[str, ...], columns: tuple[int, ...], window: tuple[int, int]
) -> None:
    keep(services, HOURS)
    start_ns, end_ns = START + window[0] * HOUR_NS, START + window[1] * HOUR_NS
    rows = [row for row in ROWS if start_ns <= row.at_ns < end_ns]

    found = ask(services, start_ns, end_ns, *names)

    load = found.regimes[2]
    assert load.fit is not None
    told = [load.fit.intercept, *load.fit.coefficients]
    assert told == pytest.approx(raw_fit(rows, 2, columns).tolist(), rel=1e-9, abs=1e-9)
    own = [row.power_kw for row in rows if row.regime == 2]
    assert load.rows == len(own)
    assert load.energy_kwh == pytest.approx(math.fsum(own) / 60.0, rel=1e-12)
    assert found.rows == found.merged.minutes == len(rows)
    assert found.coverage == 1.0
    assert found.regimes[0].fit is None
    assert "too few rows" in found.regimes[0].reason


def test_a_regime_in_which_a_driver_stands_still_is_refitted_without_it(services: Services) -> None:
    keep(services, HOURS)

    idle = ask(services).regimes[1]
    alone = ask(services, START, T0, "pressure").regimes[1]

    assert idle.fit is None
    assert "flow" in idle.reason
    assert alone.fit is not None
    assert alone.fit.intercept == pytest.approx(raw_fit(ROWS, 1, (1,))[0], rel=1e-9)


def test_the_same_hours_give_the_same_bits_and_another_order_moves_no_coefficient_by_1e_12() -> None:
    hours = list(HOURS)
    shuffled = random.Random(3).sample(hours, len(hours))
    whole = merge_hours(hours).sums
    fit = whole.refit(2)

    assert merge_hours(shuffled).sums.to_json() == whole.to_json()
    for seed in range(5):
        backwards = merge_hours(hours[:1]).sums
        for hour in random.Random(seed).sample(hours[1:], len(hours) - 1):
            backwards.merge(merge_hours([hour]).sums)
        other = backwards.refit(2)
        assert other.coefficients == pytest.approx(fit.coefficients, rel=1e-12)
        assert other.intercept == pytest.approx(fit.intercept, rel=1e-12)
        assert other.residual == pytest.approx(fit.residual, rel=1e-11)


def test_minutes_of_which_two_hours_tell_count_once(services: Services) -> None:
    hours = list(HOURS)
    first = [row for row in ROWS if row.at_ns < START + 25 * MINUTE_NS]
    second = [row for row in ROWS if START + 25 * MINUTE_NS <= row.at_ns < START + HOUR_NS]
    promoted = "fedcba9876543210"
    parts = [hour_of(ASSET, first, START), hour_of(ASSET, second, START, model=promoted)]
    keep(services, [*parts, *hours[1:]])
    keep(services, [hour_of(ASSET, first[:9], START)], "spare-gw")

    found = ask(services)

    assert [(each.start_ns, each.reason) for each in found.merged.left_out] == [(START, "overlap")]
    assert found.rows == len(ROWS)
    assert set(found.merged.models) == {promoted, hours[1].model}
    load = found.regimes[2].fit
    assert load is not None
    assert load.coefficients == pytest.approx(raw_fit(ROWS, 2, (0, 1))[1:].tolist(), rel=1e-9)


def test_hours_of_other_variables_are_left_out_and_told(services: Services) -> None:
    single = SumsLayout("power_state", REGIMES, (("flow", "m3/min"),), POWER)
    hours = list(HOURS)
    older = hour_of(ASSET, ROWS[:60], START, layout=single)
    keep(services, [older, *hours[1:]])

    found = ask(services)

    assert found.merged.layout == LAYOUT
    assert [each.reason for each in found.merged.left_out] == ["layout"]
    assert found.coverage == pytest.approx(239 / 240)
    with pytest.raises(QueryError, match="other variables"):
        judge(found, window_sums(services, SYSTEM, ENTERPRISE, SITE, ASSET, START, START + HOUR_NS))


def test_what_is_missing_lowers_the_coverage_and_mixed_minutes_are_covered_but_no_rows(services: Services) -> None:
    hours = list(HOURS)
    held = hour_of(ASSET, [row for row in ROWS[:60] if row.at_ns < START + 30 * MINUTE_NS], START)
    mixed = replace(held, minutes=held.minutes | 7 << 40)
    keep(services, [mixed, *hours[2:]])

    found = ask(services)

    assert found.merged.minutes == 33 + 238 * 60
    assert found.rows == 30 + 238 * 60
    assert found.coverage == pytest.approx((33 + 238 * 60) / (240 * 60))


def test_a_later_window_is_held_against_the_fit_without_a_sample(services: Services) -> None:
    later = minutes(T0, 48, seed=2, saved_share=0.08)
    keep(services, [*HOURS, *hours_of(ASSET, later)])
    found = ask(services)

    judged = judge(found, window_sums(services, SYSTEM, ENTERPRISE, SITE, ASSET, T0, T0 + 48 * HOUR_NS))

    fit = raw_fit(ROWS, 2, (0, 1))
    at_load = [row for row in later if row.regime == 2]
    expected = math.fsum(fit[0] + fit[1] * row.flow + fit[2] * row.pressure for row in at_load) / 60.0
    assert judged[2].expected_kwh == pytest.approx(expected, rel=1e-9)
    assert judged[2].energy_kwh == pytest.approx(math.fsum(row.power_kw for row in at_load) / 60.0, rel=1e-12)
    assert judged[2].saved_kwh == pytest.approx(0.08 * expected, rel=0.03)
    assert judged[0].saved_kwh == 0.0
    assert judged[1].expected_kwh is None


def test_it_stands_when_the_samples_are_gone(services: Services) -> None:
    keep(services, HOURS)
    services.store.ensure_enterprise(ENTERPRISE)
    samples = builders.batch([(1, row.at_ns, row.power_kw, 0) for row in ROWS])
    services.store.write(builders.delivery(samples, signals=builders.catalogue(("flow", "power"), ASSET)))
    before = ask(services)
    services.store.close()

    after = ask(services)

    assert after.merged.sums.to_json() == before.merged.sums.to_json()
    assert after.regimes == before.regimes


@pytest.mark.parametrize(
    ("start_ns", "end_ns", "words"),
    [
        (START + 1, T0, "whole hour"),
        (START, T0 - 60 * 10**9, "whole hour"),
        (T0, T0, "not a window"),
        (START, START + 9601 * HOUR_NS, "not a window"),
    ],
)
def test_a_window_that_is_none_is_refused(services: Services, start_ns: int, end_ns: int, words: str) -> None:
    keep(services, [])
    with pytest.raises(QueryError, match=words):
        ask(services, start_ns, end_ns)


def test_nothing_held_a_foreign_reader_and_an_unknown_variable(services: Services) -> None:
    keep(services, [])
    with pytest.raises(EvidenceError, match="no hour"):
        ask(services)
    keep(services, hours_of(ASSET, ROWS[:120]))
    with pytest.raises(QueryError, match="no such variable"):
        ask(services, START, T0, "humidity")
    with pytest.raises(NotFound):
        ask(services, scope=Scope("wang", Role.ENTERPRISE_ENGINEER, frozenset({"bayan-chem"})))
    with services.database.read() as session, pytest.raises(NotFound):
        hour_sums.hours(session, SYSTEM, ENTERPRISE, SITE, f"{ENTERPRISE}/{SITE}/utilities/air/comp9", 0, T0)
