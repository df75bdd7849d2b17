"""Measures: savings by hand, uncertainty by simulation, and nothing without evidence."""

from __future__ import annotations

import dataclasses
import math
from decimal import Decimal

import numpy as np
import pytest
from ovoo_contract.errors import ConfigError, UnitError
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.measure_kinds import KINDS
from ovoo_models.efficiency.measures import Chosen, Economics, Evidence, Measure, appraise, rank
from ovoo_models.efficiency.mv_plan import plan_for

EV = "ev_0123456789abcdef"
CASES: dict[str, tuple[dict[str, float], dict[str, float], float]] = {
    "compressor_pressure": ({"power_per_pressure": 8.0, "loaded_hours": 5000.0}, {"pressure_cut": 0.5}, 20000.0),
    "fan_throttling": (
        {"damper_drop": 1.2, "flow": 50.0, "fan_efficiency": 0.6, "hours": 8000.0},
        {"remaining_drop": 0.2},
        50.0 / 0.6 * 8000,
    ),
    "blowdown": (
        {
            "steam_mass": 10000.0,
            "blowdown_share": 0.1,
            "blowdown_enthalpy": 800.0,
            "makeup_enthalpy": 100.0,
            "boiler_efficiency": 0.8,
        },
        {"target_share": 0.05},
        10000e3 * (0.1 / 0.9 - 0.05 / 0.95) * 700e3 / 0.8 / 1e9,
    ),
    "excess_oxygen": (
        {"fuel_heat": 100000.0, "efficiency_now": 0.80, "efficiency_at_target": 0.82},
        {},
        100000 * (1 - 80 / 82),
    ),
    "condensate": (
        {
            "condensate_lost": 5000.0,
            "condensate_enthalpy": 400.0,
            "makeup_enthalpy": 80.0,
            "boiler_efficiency": 0.8,
        },
        {"returned_share": 0.7},
        5000e3 * 0.7 * 320e3 / 0.8 / 1e9,
    ),
    "bare_pipe": (
        {"bare_loss": 700.0, "insulated_loss": 100.0, "length": 40.0, "hours": 8000.0, "boiler_efficiency": 0.8},
        {},
        600 * 40 * 8000 * 3600 / 0.8 / 1e9,
    ),
    "idle_switch_off": ({"idle_energy": 3000.0}, {"avoidable_share": 0.5}, 1500.0),
    "leak_repair": (
        {"leak_power": 21.0, "pressurised_hours": 8760.0},
        {"repaired_share": 0.5},
        91980.0,
    ),
    "ventilation": ({"saved_power": 35.0}, {"fan_hours": 8000.0}, 280000.0),
    "demand_shaving": ({"peak_power": 5200.0, "reachable_power": 4800.0}, {}, 400.0),
    "load_shifting": ({"cost_now": 560.0, "cost_planned": 160.0}, {}, 400.0),
}


def measured(name: str, relative: float = 0.02) -> dict[str, Evidence]:
    inputs = KINDS[name].inputs
    return {k: Evidence(Estimate(v, relative * abs(v), inputs[k].unit), EV) for k, v in CASES[name][0].items()}


def decided(name: str) -> dict[str, Chosen]:
    inputs = KINDS[name].inputs
    return {k: Chosen(v, inputs[k].unit, "energy manager's note") for k, v in CASES[name][1].items()}


def measure(name: str, economics: Economics | None = None, relative: float = 0.002) -> Measure:
    return appraise(name, "a/b/c", measured(name, relative), decided(name), economics)


def test_every_kind_has_a_case_here() -> None:
    assert CASES.keys() == KINDS.keys()


@pytest.mark.parametrize("name", CASES)
def test_the_saving_is_the_balance_by_hand(name: str) -> None:
    found = measure(name)
    assert found.saving.value == pytest.approx(CASES[name][2], rel=1e-12)
    assert found.saving.unit == KINDS[name].unit
    assert found.evidence_ids == (EV,)


@pytest.mark.parametrize("name", CASES)
def test_the_uncertainty_is_that_of_a_simulation(name: str) -> None:
    rng = np.random.default_rng(1)
    inputs = measured(name, 0.002)
    draws = 40_000
    values = {k: rng.normal(e.value.value, e.value.sigma, draws) for k, e in inputs.items()}
    values |= {k: np.full(draws, each.value) for k, each in decided(name).items()}
    simulated = [KINDS[name].formula({k: float(v[i]) for k, v in values.items()}) for i in range(0, draws, 4)]
    assert measure(name).saving.sigma == pytest.approx(float(np.std(simulated)), rel=0.04)


@pytest.mark.parametrize("name", CASES)
def test_without_one_of_its_measurements_there_is_no_saving(name: str) -> None:
    inputs = measured(name)
    gone = next(iter(inputs))
    del inputs[gone]
    found = appraise(name, "a/b/c", inputs, decided(name))
    assert found.status == "insufficient_evidence"
    assert found.missing == (gone,)
    assert math.isnan(found.saving.value)


def test_a_reading_that_is_not_a_number_is_missing() -> None:
    inputs = measured("idle_switch_off")
    inputs["idle_energy"] = Evidence(Estimate(math.nan, 1.0, "kWh"), EV)
    assert appraise("idle_switch_off", "a/b/c", inputs, decided("idle_switch_off")).missing == ("idle_energy",)


def test_declared_values_make_no_saving() -> None:
    with pytest.raises(ConfigError, match="declared, not measured"):
        appraise("idle_switch_off", "a/b/c", {}, {"idle_energy": Chosen(3000.0, "kWh", "guess")})


@pytest.mark.parametrize(
    ("name", "value", "unit", "error"),
    [
        ("fan_efficiency", 1.2, "1", ConfigError),
        ("fan_efficiency", 60.0, "%", UnitError),
        ("hours", -1.0, "h", ConfigError),
    ],
)
def test_an_impossible_input_is_refused(name: str, value: float, unit: str, error: type[Exception]) -> None:
    inputs = measured("fan_throttling") | {name: Evidence(Estimate(value, 0.0, unit), EV)}
    with pytest.raises(error, match=name):
        appraise("fan_throttling", "a/b/c", inputs, decided("fan_throttling"))


def test_an_input_needs_its_evidence_and_its_uncertainty() -> None:
    for bad, why in (
        (Evidence(Estimate(1.0, 0.1, "kWh"), "meter 3"), "not an evidence id"),
        (Evidence(Estimate(1.0, math.nan, "kWh"), EV), "uncertainty not known"),
    ):
        with pytest.raises(ConfigError, match=why):
            appraise("idle_switch_off", "a/b/c", {"idle_energy": bad}, decided("idle_switch_off"))


def test_a_saving_within_its_error_is_not_certain_and_a_loss_is_none() -> None:
    assert measure("excess_oxygen", relative=0.02).status == "not_certain"
    worse = measured("excess_oxygen") | {"efficiency_at_target": Evidence(Estimate(0.79, 0.001, "1"), EV)}
    assert appraise("excess_oxygen", "a/b/c", worse, {}).status == "no_saving"


def test_payback_needs_price_and_cost_of_the_case() -> None:
    found = measure("idle_switch_off")
    assert (found.payback, found.yuan_per_year) == (None, None)
    assert found.open_economics == ("price", "price_document", "cost", "cost_document", "per_year")


def test_payback_covers_the_range_of_cost_and_saving() -> None:
    money = Economics(Decimal("0.5"), "price list", Decimal(600), Decimal(1200), "offer", 2.0)
    found = measure("idle_switch_off", money)
    assert found.yuan_per_year == Estimate(pytest.approx(1500.0), pytest.approx(3.0), "yuan")  # type: ignore[arg-type]
    half = 1.6448536269514722 * 3.0
    assert found.payback is not None
    assert found.payback.low == pytest.approx(600 / (1500 + half))
    assert found.payback.high == pytest.approx(1200 / (1500 - half))
    assert found.open_economics == ()
    assert found.documents == ("energy manager's note", "offer", "price list")


def test_an_uncertain_saving_has_no_upper_end_of_payback() -> None:
    money = Economics(Decimal("40"), "price list", Decimal(600), Decimal(1200), "offer", 1.0)
    found = measure("excess_oxygen", money, relative=0.02)
    assert found.payback is not None
    assert found.payback.high is None


def test_a_cost_range_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(ConfigError, match="cost range inverted"):
        measure("idle_switch_off", Economics(cost_low=Decimal(5), cost_high=Decimal(1)))


def test_the_greatest_saving_comes_first_and_what_lacks_evidence_last() -> None:
    blank = appraise("bare_pipe", "a/b/c", {}, {})
    found = rank([blank, measure("demand_shaving"), measure("idle_switch_off"), measure("blowdown")])
    assert [each.kind.id for each in found] == ["blowdown", "idle_switch_off", "demand_shaving", "bare_pipe"]


def test_by_yuan_what_has_no_price_comes_after() -> None:
    money = Economics(Decimal("38"), "price list", None, None, "", 12.0)
    found = rank([measure("blowdown"), measure("demand_shaving", money)], "yuan")
    assert [each.kind.id for each in found] == ["demand_shaving", "blowdown"]


@pytest.mark.parametrize("name", CASES)
def test_each_measure_comes_with_the_plan_that_will_prove_it(name: str) -> None:
    plan = measure(name).plan
    open_fields = {"baseline_period", "reporting_period", "meters", "coverage", "greatest_share", "responsible"}
    assert set(plan.missing) - {"agreed"} == open_fields
    assert plan.proves(Estimate(100.0, 1.0, "kWh")) is None
    full = dataclasses.replace(
        plan,
        baseline_period=("2025-01-01", "2026-01-01"),
        reporting_period=("2026-02-01", "2027-02-01"),
        meters=("meter 3, class 0.5 S",),
        agreed=("enthalpy of make-up water, note 7",),
        coverage=0.68,
        greatest_share=0.5,
        responsible="energy manager",
    )
    assert (full.missing, full.problems) == ((), ())
    assert [full.proves(Estimate(100.0, sigma, "kWh")) for sigma in (40.0, 60.0)] == [True, False]


def test_a_plan_whose_periods_overlap_is_told() -> None:
    plan = dataclasses.replace(
        plan_for(KINDS["blowdown"], "B"),
        baseline_period=("2025-06-01", "2025-01-01"),
        reporting_period=("2024-12-01", "2025-12-01"),
    )
    assert plan.problems == ("baseline ends before it starts", "reporting period begins before the baseline ends")


def test_an_unknown_measure_is_named() -> None:
    with pytest.raises(ConfigError, match="one of compressor_pressure"):
        appraise("magnets", "a/b/c", {}, {})
