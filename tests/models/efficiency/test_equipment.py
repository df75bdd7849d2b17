"""Efficiencies against hand values, uncertainties against random draws, impossible readings refused by sensor."""

from __future__ import annotations

import math
import random
from array import array
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError, EvidenceError
from ovoo_models import _equipment_kernels_py as twin
from ovoo_models._select import equipment_kernels as kernels
from ovoo_models.efficiency.equipment import KINDS, Kind, Reading, evaluate, loss_against
from ovoo_models.efficiency.equipment.boiler import steam_readings
from ovoo_models.efficiency.equipment.compressor import air_leak, free_air_m3_min
from ovoo_models.efficiency.equipment.exchanger import fouling
from ovoo_models.efficiency.equipment.motor import electric_power_kw
from ovoo_models.efficiency.estimate import Estimate

from tests.models.conftest import doubles

GOOD: dict[str, dict[str, float]] = {
    "pump": {"flow_m3_h": 360.0, "suction_kpa": 20.0, "discharge_kpa": 520.0, "lift_m": 1.0, "density_kg_m3": 998.0,
             "power_kw": 70.0, "motor_efficiency": 0.94},
    "fan": {"flow_m3_s": 20.0, "pressure_pa": 2000.0, "compressibility": 0.99, "power_kw": 60.0,
            "drive_efficiency": 0.9},
    "compressor": {"power_kw": 132.0, "flow_m3_min": 22.0, "reference_kpa": 101.325, "reference_c": 0.0,
                   "inlet_kpa": 90.0, "inlet_c": 20.0, "discharge_kpa": 790.0},
    "boiler": {"oxygen_percent": 6.0, "flue_c": 150.0, "air_c": 20.0, "siegert_a": 0.68, "siegert_b": 0.009,
               "other_loss_percent": 3.0},
    "boiler_direct": {"steam_t_h": 10.0, "steam_kj_kg": 2780.0, "feed_kj_kg": 440.0, "fuel_per_h": 1.3,
                      "heating_value_kj": 21000.0},
    "chiller": {"flow_m3_h": 200.0, "water_in_c": 12.0, "water_out_c": 7.0, "density_kg_m3": 999.7,
                "heat_capacity_kj_kg_k": 4.19, "power_kw": 230.0, "condenser_c": 35.0},
    "exchanger": {"flow_kg_s": 10.0, "heat_capacity_kj_kg_k": 4.19, "hot_in_c": 80.0, "hot_out_c": 50.0,
                  "cold_in_c": 20.0, "cold_out_c": 45.0},
    "motor": {"power_kw": 60.0, "rated_kw": 75.0, "efficiency": 0.94},
    "belt": {"power_kw": 300.0, "flow_t_h": 800.0, "length_km": 1.2, "lift_m": 50.0},
    "main_fan": {"flow_m3_s": 150.0, "static_pa": 2500.0, "area_m2": 12.0, "density_kg_m3": 1.15, "power_kw": 600.0,
                 "drive_efficiency": 0.93},
    "pasteuriser": {"feed_c": 4.0, "regenerated_c": 66.0, "holding_c": 73.0},
    "dryer": {"heat_kw": 1200.0, "power_kw": 80.0, "feed_kg_h": 2400.0, "moisture_in_percent": 52.0,
              "moisture_out_percent": 4.0},
}  # fmt: skip
LMTD = (35.0 - 30.0) / math.log(35.0 / 30.0)
WANTED = {
    "pump": 360 / 3600 * (500 + 998 * 9.80665 * 1e-3) / (70 * 0.94),
    "fan": 20 * 2000 * 0.99 / 1e3 / 54,
    "compressor": 132 / (22 * 101.325 / 90 * 293.15 / 273.15),
    "boiler": 1 - (130 * (0.68 / 15 + 0.009) + 3) / 100,
    "boiler_direct": 10 * 2340 / (1.3 * 21000),
    "chiller": 200 / 3600 * 999.7 * 4.19 * 5 / 230,
    "exchanger": 10 * 4.19 * 30 / LMTD,
    "motor": 60 * 0.94 / 75,
    "belt": 300 / 960,
    "main_fan": 150 * (2500 + 0.5 * 1.15 * 12.5**2) / 1e3 / (600 * 0.93),
    "pasteuriser": 62 / 69,
    "dryer": 1280 / (2400 * 48 / 96),
}


def readings(name: str, percent: float = 0.0, **changed: float) -> dict[str, Reading]:
    return {key: Reading(value, abs(value) * percent / 100) for key, value in {**GOOD[name], **changed}.items()}


def bounds(kind: Kind) -> tuple[array[float], array[float]]:
    return array("d", [each.low for each in kind.inputs]), array("d", [each.high for each in kind.inputs])


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_gives_the_hand_value(name: str) -> None:
    found = evaluate(KINDS[name], readings(name))
    assert found.estimate.value == pytest.approx(WANTED[name], rel=1e-8)
    assert found.estimate.sigma == 0.0
    assert found.greatest == ""
    assert found.ratio.value <= 1.0


def test_the_cases_name_every_kind_and_every_input() -> None:
    assert set(GOOD) == set(KINDS)
    assert {name: set(case) for name, case in GOOD.items()} == {
        name: {each.name for each in kind.inputs} for name, kind in KINDS.items()
    }
    assert [len(kind.inputs) for kind in KINDS.values()] == [kernels.KINDS[kind.code] for kind in KINDS.values()]


@pytest.mark.parametrize("name", KINDS)
def test_uncertainty_is_the_scatter_of_random_draws(name: str) -> None:
    kind, rng = KINDS[name], random.Random(7)
    sigmas = {key: max(abs(value) * 0.004, 0.02) for key, value in GOOD[name].items()}
    for key in ("motor_efficiency", "drive_efficiency", "efficiency", "compressibility", "siegert_b"):
        if key in sigmas:
            sigmas[key] = 0.002 * GOOD[name][key]
    found = evaluate(kind, {key: Reading(value, sigmas[key]) for key, value in GOOD[name].items()})
    low, high = array("d", [-1e12] * 8), array("d", [1e12] * 8)
    zero, parts, draws = doubles(*[0.0] * 8), doubles(*[0.0] * 8), []
    for _ in range(3000):
        x = doubles(*(rng.gauss(GOOD[name][each.name], sigmas[each.name]) for each in kind.inputs))
        draws.append(kernels.equipment_one(kind.code, x, zero, low, high, parts)[0])
    mean = math.fsum(draws) / len(draws)
    scatter = math.sqrt(math.fsum((draw - mean) ** 2 for draw in draws) / len(draws))
    assert found.estimate.sigma == pytest.approx(scatter, rel=0.06)
    assert math.fsum(each.share for each in found.parts) == pytest.approx(1.0)
    assert [each.share for each in found.parts] == sorted((each.share for each in found.parts), reverse=True)


def test_the_greatest_contributor_is_named() -> None:
    given = {**readings("pump", 0.2), "flow_m3_h": Reading.of_class(360.0, 1.5, (0.0, 600.0))}
    found = evaluate(KINDS["pump"], given)
    assert found.greatest == "flow_m3_h"
    assert found.parts[0].share > 0.9
    assert found.parts[0].change == pytest.approx(found.estimate.value * 1.5 * 6 / math.sqrt(3) / 360, rel=1e-6)


def test_a_two_percent_loss_is_not_reported_from_a_three_percent_instrument_chain() -> None:
    reference = Estimate(evaluate(KINDS["pump"], readings("pump")).estimate.value, 0.0, "1")
    fallen = GOOD["pump"]["power_kw"] / 0.98
    chain = {**readings("pump", power_kw=fallen), "flow_m3_h": Reading(360.0, 0.03 * 360.0)}
    fine = {**readings("pump", power_kw=fallen), "flow_m3_h": Reading(360.0, 0.003 * 360.0)}

    assert evaluate(KINDS["pump"], chain).estimate.relative() == pytest.approx(0.03, rel=1e-3)
    assert loss_against(evaluate(KINDS["pump"], chain), KINDS["pump"], reference) is None
    told = loss_against(evaluate(KINDS["pump"], fine), KINDS["pump"], reference)
    assert told is not None
    assert told.share == pytest.approx(0.02)


def test_a_loss_is_more_energy_where_less_is_better() -> None:
    reference = Estimate(WANTED["belt"], 0.0, "kWh/(t.km)")
    worse = evaluate(KINDS["belt"], readings("belt", 0.2, power_kw=330.0))
    better = evaluate(KINDS["belt"], readings("belt", 0.2, power_kw=270.0))
    told = loss_against(worse, KINDS["belt"], reference)
    assert told is not None
    assert told.size.value == pytest.approx(30 / 960)
    assert loss_against(better, KINDS["belt"], reference) is None


def test_an_efficiency_a_little_over_one_within_its_uncertainty_is_kept() -> None:
    given = readings("pump", power_kw=GOOD["pump"]["power_kw"] * WANTED["pump"] / 1.01)
    with pytest.raises(EvidenceError, match="above 1 beyond"):
        evaluate(KINDS["pump"], given)
    kept = evaluate(KINDS["pump"], {**given, "flow_m3_h": Reading(360.0, 7.2)})
    assert kept.estimate.value == pytest.approx(1.01)


SLIPS = [
    ("pump", "power_kw", 1e-3, "MW"), ("pump", "power_kw", 1e3, "W where kW"),
    ("pump", "flow_m3_h", 1 / 3600, "second"),
    ("pump", "discharge_kpa", 1e-3, "MPa for kPa"), ("pump", "discharge_kpa", 1e3, "Pa for kPa"),
    ("fan", "power_kw", 1e3, "W where kW"), ("fan", "pressure_pa", 1e-3, "1000 times as great"),
    ("main_fan", "flow_m3_s", 60.0, "minute"), ("main_fan", "power_kw", 1e-3, "MW"),
    ("compressor", "power_kw", 1e-3, "MW"), ("chiller", "power_kw", 1e3, "W where kW"),
    ("boiler_direct", "steam_t_h", 1e3, "kg where t"), ("belt", "power_kw", 1e-3, "MW"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "key", "factor", "slip"), SLIPS, ids=lambda x: str(x))
def test_a_slip_of_unit_is_refused_and_named(name: str, key: str, factor: float, slip: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        evaluate(KINDS[name], readings(name, 0.5, **{key: GOOD[name][key] * factor}))
    said = f"{caught.value.offender} {caught.value.remedy}"
    assert key in said
    assert slip in said


@pytest.mark.parametrize(("name", "key", "factor", "slip"), SLIPS, ids=lambda x: str(x))
def test_with_spans_only_the_slipped_sensor_is_accused(name: str, key: str, factor: float, slip: str) -> None:
    given = {
        each: Reading(value, 0.005 * value, (0.0, 2.0 * value) if value else None) for each, value in GOOD[name].items()
    }
    wrong = GOOD[name][key] * factor
    given[key] = Reading(wrong, 0.005 * wrong, (0.25 * GOOD[name][key], 2.0 * GOOD[name][key]))
    with pytest.raises(EvidenceError) as caught:
        evaluate(KINDS[name], given)
    assert caught.value.offender == f"{name}.{key}"
    assert slip in caught.value.remedy
    assert ", or " not in caught.value.remedy


def test_the_span_of_an_instrument_convicts_it() -> None:
    given = {**readings("chiller"), "water_in_c": Reading(285.15, 0.1, (0.0, 50.0))}
    with pytest.raises(EvidenceError, match=r"chiller\.water_in_c.*kelvin"):
        evaluate(KINDS["chiller"], given)
    given = {**readings("fan"), "pressure_pa": Reading(2.0, 0.1, (500.0, 3000.0))}
    with pytest.raises(EvidenceError, match=r"fan\.pressure_pa: outside the span"):
        evaluate(KINDS["fan"], given)


@pytest.mark.parametrize("name", KINDS)
def test_negative_flows_and_missing_readings_are_refused_by_name(name: str) -> None:
    for each in KINDS[name].inputs:
        with pytest.raises(EvidenceError, match=f"{name}.{each.name}"):
            evaluate(KINDS[name], {**readings(name), each.name: Reading(math.nan)})
        if each.low == 0.0:
            with pytest.raises(EvidenceError, match=f"{name}.{each.name}"):
                evaluate(KINDS[name], readings(name, **{each.name: -GOOD[name][each.name] - 1.0}))
        if each.default is None:
            left = {key: value for key, value in readings(name).items() if key != each.name}
            with pytest.raises(EvidenceError, match=f"{name}.{each.name}: no reading"):
                evaluate(KINDS[name], left)
    with pytest.raises(EvidenceError, match="no such input"):
        evaluate(KINDS[name], {**readings(name), "colour": Reading(1.0)})


def test_machines_that_stand_and_temperatures_that_cross_have_no_result() -> None:
    for name, changed, offender in (
        ("pump", {"power_kw": 0.0}, r"pump\.power_kw"), ("compressor", {"flow_m3_min": 0.0}, "flow_m3_min"),
        ("exchanger", {"cold_out_c": 85.0}, "exchanger"), ("pasteuriser", {"holding_c": 4.0}, "pasteuriser"),
    ):  # fmt: skip
        with pytest.raises(EvidenceError, match=offender):
            evaluate(KINDS[name], readings(name, **changed))


def test_no_compressor_beats_the_isothermal_one_and_no_chiller_carnot() -> None:
    with pytest.raises(EvidenceError, match="isothermal"):
        evaluate(KINDS["compressor"], readings("compressor", 0.1, power_kw=50.0))
    with pytest.raises(EvidenceError, match="Carnot"):
        evaluate(KINDS["chiller"], readings("chiller", 0.1, power_kw=50.0))


def test_readings_without_sense_are_configuration_errors() -> None:
    with pytest.raises(ConfigError):
        Reading(1.0, -0.1)
    with pytest.raises(ConfigError):
        Reading(1.0, 0.1, (5.0, 5.0))
    assert Reading.of_reading(200.0, 1.0).sigma == pytest.approx(2.0 / math.sqrt(3))


def test_the_direct_boiler_takes_enthalpies_with_their_uncertainty_from_steam() -> None:
    steam = steam_readings(Reading(1.1, 0.01), None, Reading(1.5, 0.01), Reading(378.15, 0.5))
    found = evaluate(KINDS["boiler_direct"], {**readings("boiler_direct", 0.5), **steam})
    assert steam["steam_kj_kg"].value == pytest.approx(2780.7, abs=0.5)
    assert steam["feed_kj_kg"].sigma == pytest.approx(0.5 * 4.22, rel=0.01)
    hot = steam_readings(Reading(4.0, 0.02), Reading(673.15, 1.0), Reading(5.0), Reading(400.0))
    assert hot["steam_kj_kg"].value == pytest.approx(3214.4, abs=0.5)
    assert hot["feed_kj_kg"].sigma == 0.0
    assert 0.5 < found.estimate.value < 1.0


def test_a_leak_is_found_from_the_fall_of_pressure() -> None:
    rng, volume, loss = random.Random(3), 5.0, 0.0004
    times = [10.0 * i for i in range(60)]
    pressures = [800.0 * math.exp(-loss * t) * (1 + rng.gauss(0, 2e-4)) for t in times]
    found = air_leak(volume, times, pressures, 25.0)
    true = loss * volume * 800.0 / 101.325 * 60.0
    assert abs(found.value - true) < 4 * found.sigma
    assert found.sigma < 0.01 * true
    with pytest.raises(EvidenceError, match="rises"):
        air_leak(volume, times, pressures[::-1], 25.0)
    with pytest.raises(EvidenceError, match="too few"):
        air_leak(volume, times[:2], pressures[:2], 25.0)


def test_free_air_grows_with_height_and_heat() -> None:
    assert free_air_m3_min(10.0, 101.325, 0.0, 101.325, 0.0) == pytest.approx(10.0)
    assert free_air_m3_min(10.0, 101.325, 0.0, 80.0, 30.0) == pytest.approx(10 * 101.325 / 80 * 303.15 / 273.15)
    with pytest.raises(EvidenceError, match="inlet_kpa"):
        free_air_m3_min(10.0, 101.325, 0.0, 0.0, 30.0)


def test_fouling_names_the_day_to_clean_only_where_it_stands_out() -> None:
    rng = random.Random(5)
    days = [float(i) for i in range(40)]
    true = [1.0 / (1 / 40.0 + 1e-4 * day) for day in days]
    ua = [Estimate(value * (1 + rng.gauss(0, 0.01)), 0.01 * value, "kW/K") for value in true]
    found = fouling(days, ua, 30.0)
    day = (1 / 30.0 - 1 / 40.0) / 1e-4
    assert abs(found.clean_days.value - day) < 4 * found.clean_days.sigma < 0.2 * day
    assert abs(found.clean_ua.value - 40.0) < 4 * found.clean_ua.sigma
    steady = [Estimate(40.0 * (1 + rng.gauss(0, 0.01)), 0.4, "kW/K") for _ in days]
    assert math.isnan(fouling(days, steady, 30.0).clean_days.value)
    with pytest.raises(EvidenceError):
        fouling(days[:2], ua[:2], 30.0)


def test_power_of_one_and_three_phases() -> None:
    assert electric_power_kw(400.0, 10.0, 0.9) == pytest.approx(math.sqrt(3) * 3.6)
    assert electric_power_kw(230.0, 10.0, 1.0, 1) == pytest.approx(2.3)
    for arguments in ((400.0, 10.0, 1.1), (400.0, -1.0, 0.9), (400.0, 10.0, 0.9, 2)):
        with pytest.raises(EvidenceError):
            electric_power_kw(*arguments)


@settings(max_examples=200)
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 2**32), st.floats(0.0, 0.2))
def test_kernel_and_twin_have_the_same_bits(name: str, seed: int, doubt: float) -> None:
    kind, rng = KINDS[name], random.Random(seed)
    x = doubles(*(GOOD[name][each.name] * rng.choice([1, 1, 1, rng.gauss(1, 0.5), 0, -1]) for each in kind.inputs))
    if rng.random() < 0.1:
        x[rng.randrange(len(x))] = rng.choice([math.nan, 1e300, -1e300, math.inf])
    u = doubles(*(doubt * abs(value) for value in x))
    outcomes = []
    for module in (kernels, twin):
        parts = doubles(*[0.0] * 8)
        outcomes.append((repr(module.equipment_one(kind.code, x, u, *bounds(kind), parts)), repr(parts)))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("name", KINDS)
def test_columns_hold_the_single_results_and_say_why_not(name: str) -> None:
    kind = KINDS[name]
    m, n = len(kind.inputs), 5
    good = [GOOD[name][each.name] for each in kind.inputs]
    values = doubles(*good, *good[:-1], math.nan, -1e12, *good[1:], *good, *[1e308] * m)
    outcomes: list[Any] = []
    for module in (kernels, twin):
        out, sigma, code, parts = (
            doubles(*[0.0] * n),
            doubles(*[0.0] * n),
            array("B", bytes(n)),
            doubles(*[0.0] * n * m),
        )
        columns, zero = array("i", range(m)), doubles(*[0.0] * m)
        relative = doubles(*[0.005] * m)
        module.equipment_rows(
            kind.code, values, m, n, columns, zero, zero, relative, *bounds(kind), out, sigma, code, parts
        )
        outcomes.append((repr(out), repr(sigma), code, repr(parts)))
    assert outcomes[0] == outcomes[1]
    assert out[0] == evaluate(kind, readings(name, 0.5)).estimate.value
    assert sigma[3] == evaluate(kind, readings(name, 0.5)).estimate.sigma
    assert list(code) == [0, 200, 1, 0, 1]
    assert math.isnan(out[1])


def test_kernels_refuse_buffers_that_are_too_short() -> None:
    kind, x = KINDS["pump"], doubles(*GOOD["pump"].values())
    if kernels is twin:
        return
    with pytest.raises(ValueError, match="shorter"):
        kernels.equipment_one(1, x[:3], x, *bounds(kind), x)
    with pytest.raises(ValueError, match="kind"):
        kernels.equipment_one(99, x, x, *bounds(kind), x)
