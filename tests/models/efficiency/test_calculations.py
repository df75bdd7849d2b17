"""The single calculations of pumps, fans, compressed air and water: hand values, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import EvidenceError
from ovoo_models.efficiency.equipment import chiller, compressor, fan, pump


def test_a_pump_of_a_tonne_a_second_and_ten_metres_takes_98_kilowatts() -> None:
    assert pump.hydraulic_power_kw(1.0, 10.0, 1000.0) == pytest.approx(98.0665)
    assert pump.shaft_power_kw(100.0, 0.95, 0.98) == pytest.approx(93.1)
    assert pump.efficiency(70.0, 100.0) == pytest.approx(0.7)


def test_air_power_is_flow_times_pressure() -> None:
    assert fan.air_power_kw(10.0, 1500.0, 0.99) == pytest.approx(14.85)
    assert fan.efficiency(14.85, 20.0) == pytest.approx(0.7425)


@given(st.floats(10.0, 8000.0), st.floats(0.5, 0.95), st.floats(1.0, 200.0))
def test_compressibility_is_that_of_a_polytropic_compression(rise: float, efficiency: float, flow: float) -> None:
    # with the fan's own efficiency, (p2/p1)^n - 1 over n: the work of the compression a unit of inlet volume
    inlet, gamma = 101_325.0, 1.4
    share = (gamma - 1.0) / gamma
    shaft = flow * inlet * ((1.0 + rise / inlet) ** (share / efficiency) - 1.0) / share / 1e3
    found = fan.compressibility(flow, inlet, inlet + rise, shaft, gamma)
    assert found == pytest.approx(efficiency * shaft * 1e3 / (flow * rise), rel=1e-8)
    assert found < 1.0


def test_a_receiver_gives_its_volume_a_bar() -> None:
    assert compressor.usable_air_m3(2.0, 800.0, 698.675) == pytest.approx(2.0)


def test_the_cost_of_running_is_energy_times_price() -> None:
    cost = compressor.running_cost(100.0, 0.25, 1000.0, 0.8, 0.95, 0.9, 0.7)
    assert cost.loaded == pytest.approx(100 * 800 / 0.95 * 0.7)
    assert cost.unloaded == pytest.approx(25 * 200 / 0.9 * 0.7)
    assert cost.total == pytest.approx(cost.loaded + cost.unloaded)


def test_a_litre_a_second_by_ten_kelvin_is_42_kilowatts() -> None:
    assert chiller.water_heat_kw(0.001, 293.15, 303.15) == pytest.approx(41.74, abs=0.05)
    assert chiller.water_heat_kw(0.001, 303.15, 293.15) < 0.0


@pytest.mark.parametrize(
    "work",
    [
        lambda: pump.hydraulic_power_kw(-1.0, 10.0, 1000.0), lambda: pump.hydraulic_power_kw(1.0, math.nan, 1000.0),
        lambda: pump.shaft_power_kw(100.0, 1.2), lambda: pump.efficiency(120.0, 100.0),
        lambda: fan.air_power_kw(10.0, -5.0), lambda: fan.air_power_kw(10.0, 5.0, 1.2),
        lambda: fan.compressibility(10.0, 101_325.0, 101_000.0, 20.0),
        lambda: fan.compressibility(10.0, 101_325.0, 103_325.0, 2.0), lambda: fan.efficiency(3.0, 2.0),
        lambda: compressor.usable_air_m3(1.0, 500.0, 600.0), lambda: compressor.usable_air_m3(-1.0, 600.0, 500.0),
        lambda: compressor.running_cost(100.0, 0.25, 9000.0, 0.8, 0.95, 0.9, 0.7),
        lambda: compressor.running_cost(100.0, 0.25, 1000.0, 1.8, 0.95, 0.9, 0.7),
        lambda: compressor.running_cost(100.0, 0.25, 1000.0, 0.8, 95.0, 0.9, 0.7),
        lambda: chiller.water_heat_kw(0.001, 293.15, 403.15 + 100.0), lambda: chiller.water_heat_kw(-1.0, 290.0, 300.0),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(work: Callable[[], float]) -> None:
    with pytest.raises(EvidenceError, match=r"\S+: .+got"):
        work()
