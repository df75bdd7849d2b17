"""The band of a move's saving: by hand, by solving again with everything moved, and by drawing surveys."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from ovoo_models.efficiency.ventilation import (
    Airway,
    Fan,
    FanCurve,
    FixedFlow,
    FixedPressure,
    Network,
    Solution,
    SurveyErrors,
    assess,
    fan_power_slopes,
    mine_table,
    saving_of,
    solve,
)

from tests.models.efficiency.networks import FALLING, drawn

Z95 = 1.959963984540054
TABLE = """编号,始节点,末节点,风阻,调节风阻,可调,需风量,地面,风机,效率,风阻误差(%),风机误差(%),效率误差(%)
intake,out,a,0.02,0,0,0,始,,,5,,
face1,a,b,0.10,0,0,20,,,,5,,
face2,a,b,0.08,0.30,1,10,,,,5,,
fan,b,top,0.01,0,0,0,末,points 0:2600 60:2200 120:1100,0.65,5,3,4
"""


def scaled(network: Network, key: tuple[str, str], factor: float) -> Network:
    """The network with one quantity of its survey times a factor."""
    quantity, name = key
    if quantity in ("resistance", "adjust"):
        airway = next(each for each in network.airways if each.name == name)
        return network.with_airway(replace(airway, **{quantity: factor * getattr(airway, quantity)}))
    fan = next(each for each in network.fans if each.airway == name)
    if quantity == "efficiency":
        return network.with_fan(replace(fan, efficiency=factor * fan.efficiency))
    drive = fan.drive
    if isinstance(drive, FanCurve):
        drive = FanCurve(drive.knots, tuple(tuple(factor * each for each in row) for row in drive.terms))
    elif isinstance(drive, FixedFlow):
        drive = FixedFlow(factor * drive.flow_m3_s)
    else:
        drive = FixedPressure(factor * drive.pressure_pa)
    return network.with_fan(replace(fan, drive=drive))


def resolved_slope(network: Network, key: tuple[str, str], step: float = 1e-3) -> float:
    up, down = (solve(scaled(network, key, 1.0 + side * step)).fan_kw for side in (1, -1))
    return (up - down) / (2.0 * step)


def named(network: Network) -> list[tuple[str, str]]:
    keys = [("resistance", each.name) for each in network.airways]
    keys += [("adjust", each.name) for each in network.airways if each.adjust > 0.0]
    keys += [("fan", each.airway) for each in network.fans]
    return keys + [("efficiency", each.airway) for each in network.fans if math.isfinite(each.efficiency)]


def everywhere(solution: Solution, percent: float) -> SurveyErrors:
    names = {each.name: percent for each in solution.network.airways}
    fans = {each.airway: percent for each in solution.network.fans}
    return SurveyErrors(names, fans, fans)


def test_one_airway_under_a_fixed_pressure_is_the_formula() -> None:
    # P = H q / eta with q = sqrt(H / R): ln P = 1.5 ln H - 0.5 ln R - ln eta
    network = Network((Airway("a", "x", "y", 0.2),), (Fan("a", FixedPressure(800.0), efficiency=0.5),), ("x", "y"))
    power = 800.0 * math.sqrt(800.0 / 0.2) / 0.5 / 1000.0

    slopes = fan_power_slopes(solve(network))

    assert slopes[("resistance", "a")] == pytest.approx(-0.5 * power, rel=1e-6)
    assert slopes[("fan", "a")] == pytest.approx(1.5 * power, rel=1e-6)
    assert slopes[("efficiency", "a")] == pytest.approx(-power, rel=1e-9)


def test_one_airway_of_a_fixed_flow_is_the_formula() -> None:
    # two airways in a row, the second with the fan: P = (R1 + R2) q^3 / eta
    network = Network(
        (Airway("a", "x", "m", 0.2), Airway("b", "m", "y", 0.1)),
        (Fan("b", FixedFlow(40.0), efficiency=0.5),), ("x", "y"),
    )  # fmt: skip
    unit = 40.0**3 / 0.5 / 1000.0

    slopes = fan_power_slopes(solve(network))

    assert slopes[("resistance", "a")] == pytest.approx(0.2 * unit, rel=1e-6)
    assert slopes[("resistance", "b")] == pytest.approx(0.1 * unit, rel=1e-6)
    assert slopes[("fan", "b")] == pytest.approx(3.0 * 0.3 * unit, rel=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_every_slope_is_that_of_the_network_solved_again(seed: int) -> None:
    network = drawn(seed, 24, 14)
    if seed % 2:
        network = replace(network, fans=tuple(replace(each, efficiency=0.6) for each in network.fans))
    slopes = fan_power_slopes(solve(network))

    for key in named(network):
        assert slopes[key] == pytest.approx(resolved_slope(network, key), rel=2e-3, abs=2e-4), key


def test_the_band_is_the_scatter_of_drawn_surveys() -> None:
    found = assess(mine_table(TABLE))
    move, errors = found.moves[0], found.table.errors
    keys = named(found.table.network)
    rng = np.random.default_rng(3)
    draws = []
    for _ in range(1500):
        factors = {key: 1.0 + rng.normal() * errors.relative(key) for key in keys}
        pair = []
        for network in (found.table.network, move.solution.network):
            for key, factor in factors.items():
                network = scaled(network, key, factor)
            pair.append(solve(network).fan_kw)
        draws.append(pair[0] - pair[1])

    band = found.saving(move)

    assert band.value == pytest.approx(move.saved_fan_kw)
    assert band.sigma == pytest.approx(float(np.std(draws)), rel=0.06)
    low, high = found.to_dict()["moves"][0]["band_90_kw"]
    assert 0.0 < low < move.saved_fan_kw < high


def test_an_error_of_both_states_falls_out_where_nothing_changes() -> None:
    solution = solve(drawn(2, 24, 14))

    assert saving_of(solution, solution, everywhere(solution, 10.0)).sigma == 0.0


def test_without_the_error_of_one_airway_there_is_no_band() -> None:
    found = assess(mine_table(TABLE.replace("face1,a,b,0.10,0,0,20,,,,5,,", "face1,a,b,0.10,0,0,20,,,,,,")))

    assert math.isnan(found.saving(found.moves[0]).sigma)
    told = found.to_dict()
    assert told["errors_missing"] == ["face1"]
    assert told["moves"][0]["band_90_kw"] is None


def test_the_band_is_equal_bits_each_time() -> None:
    first, second = (assess(mine_table(TABLE)) for _ in range(2))

    assert [each.sigma.hex() for each in first.bands] == [each.sigma.hex() for each in second.bands]


def test_a_curve_fan_alone_answers_to_its_own_curve() -> None:
    network = Network((Airway("a", "x", "y", 0.1),), (Fan("a", FALLING, efficiency=0.6),), ("x", "y"))

    assert fan_power_slopes(solve(network))[("fan", "a")] == pytest.approx(
        resolved_slope(network, ("fan", "a")), rel=1e-4
    )
