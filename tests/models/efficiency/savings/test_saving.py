from __future__ import annotations

import itertools
import math
from array import array
from dataclasses import replace

import pytest
from ovoo_contract.errors import EvidenceError, VerifyError
from ovoo_models.efficiency.savings.change_point import Settings, fit
from ovoo_models.efficiency.savings.inspection import Limits, inspect
from ovoo_models.efficiency.savings.numerics import student_t
from ovoo_models.efficiency.savings.observations import DAY_NS, Observations, hour_of_week
from ovoo_models.efficiency.savings.saving import Plan, normalised_saving, prove, recompute
from ovoo_models.efficiency.savings.time_of_week import HourlySettings
from ovoo_models.efficiency.savings.uncertainty import fitness, formula_uncertainty, gaps_of, lag1
from scipy import stats  # type: ignore[import-untyped]

from tests.models.efficiency.savings.meters import changed, hourly_meter, meter, times

PLAN = Plan(settings=Settings(splits=("none",)), draws=400)


def parted(data: Observations, day: int = 365) -> tuple[Observations, Observations]:
    return data.rows(range(day)), data.rows(range(day, len(data)))


def test_a_saving_of_ten_percent_is_found_and_proved() -> None:
    before, after = parted(meter(days=600, saved=0.1, saved_from=365))

    saving = prove(before, after, PLAN)

    true = sum(after.energy) / 0.9 * 0.1
    assert saving.interval.low <= true <= saving.interval.high
    assert saving.provable
    assert saving.fsu < 0.5
    assert saving.record.results["verdict"] == "provable"


def test_nothing_saved_is_not_provable_and_says_why() -> None:
    before, after = parted(meter(days=430, seed=3))

    saving = prove(before, after, PLAN)

    assert not saving.provable
    assert "not provable" in saving.reason
    assert saving.record.results["verdict"] == saving.reason


def test_the_record_recomputes_to_the_same_digits_and_notices_other_data() -> None:
    before, after = parted(meter(days=500, saved=0.1, saved_from=365))
    saving = prove(before, after, PLAN)

    again = recompute(saving.record, before, after, PLAN)

    assert again.record.to_json() == saving.record.to_json()
    with pytest.raises(VerifyError, match="energy"):
        recompute(saving.record, changed(before, {7: 99.0}), after, PLAN)
    with pytest.raises(VerifyError, match="seed"):
        recompute(saving.record, before, after, replace(PLAN, seed=2))


def test_a_driver_beyond_the_baseline_is_named_with_its_share_of_the_saving() -> None:
    before, after = parted(meter(days=500))
    hot = array("d", after.driver("temperature"))
    for row in range(12):
        hot[row] = 60.0
    after = Observations(after.time_ns, after.energy, {"temperature": hot})

    saving = prove(before, after, PLAN)

    (beyond,) = [each for each in saving.beyond if each.name == "temperature"]
    assert beyond.rows >= 12
    assert beyond.greatest == 60.0
    assert "beyond.temperature" in saving.record.results


def test_rows_without_a_baseline_are_left_out_and_named() -> None:
    hourly = hourly_meter(days=112)
    weekdays = hourly.rows(i for i in range(84 * 24) if hour_of_week(hourly.time_ns[i], 0) < 120)

    saving = prove(weekdays, hourly.rows(range(84 * 24, len(hourly))), Plan(HourlySettings(), Limits(coverage_min=0.5)))

    fault = saving.reporting_faults.named("no_baseline")
    assert fault is not None
    assert fault.numbers["rows"] == 4 * 48
    assert any(entry["name"] == "no_baseline" for entry in saving.record.excluded)


def test_the_formula_is_that_of_the_guideline() -> None:
    data = meter(rho=0.5)
    model = fit(data, Settings(splits=("none",), clip=math.inf))
    found = fitness(data.energy, model.fitted, gaps_of(data.time_ns, DAY_NS), model.terms)
    e = [a - b for a, b in zip(data.energy, model.fitted, strict=True)]
    rho = sum(a * b for a, b in itertools.pairwise(e)) / sum(a * a for a in e) * 365 / 364
    n_effective = 365 * (1 - rho) / (1 + rho)
    cv = math.sqrt(sum(a * a for a in e) / (365 - model.terms)) / (sum(data.energy) / 365)
    t = float(stats.t.ppf(0.95, 365 - model.terms))

    assert found.n_effective == pytest.approx(n_effective, rel=1e-9)
    expected = t * 1.26 * cv * math.sqrt(365 / n_effective * (1 + 2 / n_effective) / 180) / 0.08
    assert formula_uncertainty(found, 180, 0.08) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("freedom", [10, 30, 360])
@pytest.mark.parametrize("coverage", [0.68, 0.8, 0.9, 0.95])
def test_the_t_quantile_is_that_of_scipy(freedom: int, coverage: float) -> None:
    assert student_t(freedom, coverage) == pytest.approx(float(stats.t.ppf(0.5 + coverage / 2, freedom)), rel=1e-4)


def test_correlation_is_taken_over_neighbours_only() -> None:
    gaps = array("i", [1, 1, 5, 1])

    assert lag1([1.0, 0.5, -1.0, 0.5], gaps) == pytest.approx((0.5 - 0.5) / 2.5 * 4 / 2)
    assert lag1([1.0, 0.5, -1.0, -0.5], gaps) == pytest.approx((0.5 + 0.5) / 2.5 * 4 / 2)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.95])
def test_placebos_are_covered_about_nine_times_in_ten(rho: float) -> None:
    trials, plan = 30, Plan(settings=Settings(splits=("none",), kinds=("5P",), clip=math.inf), draws=160)
    covered = 0
    for seed in range(trials):
        before, after = parted(meter(days=300, seed=seed, rho=rho, noise=8.0), 200)
        interval = prove(before, after, plan).interval
        covered += interval.low <= 0.0 <= interval.high

    # 3 standard errors of a binomial of 90 % in 30; the benchmark `honesty` measures it on 10,000
    assert covered >= 22


def test_the_normalised_saving_is_the_difference_of_two_models_in_one_year() -> None:
    before, after = fit(meter(seed=1)), fit(meter(seed=2, saved=0.2, saved_from=0))
    year = meter(seed=9)

    found = normalised_saving(before, after, year)

    assert found["saving"] == pytest.approx(found["before"] - found["after"])
    assert found["share"] == pytest.approx(0.2, abs=0.02)


def test_overlapping_periods_and_other_units_are_refused() -> None:
    data = meter(days=500)
    before, after = parted(data)

    with pytest.raises(EvidenceError, match="overlap"):
        prove(before, data.rows(range(300, 500)), PLAN)
    with pytest.raises(EvidenceError, match="unit"):
        prove(before, replace(after, unit="MWh"), PLAN)


def test_digits_are_those_of_every_platform() -> None:
    """Integers made these data: no library function of the machine that runs the test has part in them."""
    state, noise = 12345, []
    for _ in range(500):
        state = (1103515245 * state + 12345) % 2**31
        noise.append((state % 2001 - 1000) / 1000.0)
    temperature = array("d", [abs((i + 20) % 364 - 182) / 6.0 - 5.0 + 3.0 * noise[i - 1] for i in range(500)])
    energy = array(
        "d", [100 + 3 * max(0.0, 8 - x) + 4 * max(0.0, x - 18) + 6 * e for x, e in zip(temperature, noise, strict=True)]
    )
    before, after = parted(Observations(times(500), energy, {"temperature": temperature}))

    saving = prove(before, after, Plan(draws=200))

    assert saving.record.id == "rec_556f651677576eba"


# bad input


def test_missing_weeks_are_named() -> None:
    data = meter()
    holes = inspect(data.rows([i for i in range(365) if not 100 <= i < 114]), ["temperature"])

    gap = holes.named("gap")
    assert gap is not None
    assert gap.numbers["days"] == 14


def test_a_month_pasted_twice_is_refused() -> None:
    data = meter()
    pasted = changed(data, {200 + k: data.energy[100 + k] for k in range(30)})

    with pytest.raises(EvidenceError, match=r"repeated.*digit by digit"):
        prove(pasted, meter(days=500).rows(range(365, 500)), PLAN)


def test_a_plant_that_runs_by_the_same_timetable_every_week_is_no_copy() -> None:
    week = [100.0, 101.0, 99.0, 102.0, 98.0, 50.0, 40.0]
    data = meter()
    timed = Observations(data.time_ns, array("d", [week[i % 7] for i in range(365)]), data.drivers)

    assert inspect(timed, ["temperature"]).named("repeated") is None


def test_a_time_that_stands_twice_is_refused() -> None:
    data = meter()
    twice = array("q", data.time_ns)
    twice[50] = twice[49]

    fault = inspect(Observations(twice, data.energy, data.drivers), ["temperature"]).faults[0]
    assert (fault.name, fault.fatal, fault.numbers["row"]) == ("order", True, 50)


def test_a_constant_driver_is_refused() -> None:
    data = Observations(times(365), meter().energy, {"temperature": array("d", [20.0]) * 365})

    with pytest.raises(EvidenceError, match=r"constant.*temperature"):
        prove(data, meter(days=500).rows(range(365, 500)), PLAN)


def test_negative_energy_and_a_monstrous_outlier_are_left_out_and_named() -> None:
    data = meter(days=500, saved=0.1, saved_from=365)
    clean, after = parted(data)
    dirty = changed(clean, {10: -50.0, 20: 1e6})

    saving = prove(dirty, after, PLAN)

    names = {entry["name"]: entry for entry in saving.record.excluded}
    assert {"negative", "outlier"} <= set(names)
    assert 10 not in saving.model.used
    assert 20 not in saving.model.used
    assert saving.avoided.value == pytest.approx(prove(clean, after, PLAN).avoided.value, rel=0.02)


def test_too_few_days_are_refused_and_thin_coverage_too() -> None:
    with pytest.raises(EvidenceError, match=r"too_few"):
        inspect(meter(days=40), ["temperature"]).refuse()
    with pytest.raises(EvidenceError, match=r"coverage"):
        inspect(meter().rows(range(0, 365, 2)), ["temperature"]).refuse()


def test_columns_of_another_length_are_refused() -> None:
    with pytest.raises(EvidenceError, match="temperature"):
        Observations(times(3), [1.0, 2.0, 3.0], {"temperature": [1.0]})
