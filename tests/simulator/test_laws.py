from __future__ import annotations

import numpy as np
import pytest
from ovoo_simulator.laws.compression import isentropic_power_kw, isothermal_power_kw, oil_outlet_c
from ovoo_simulator.laws.conveying import Belt, HoistCycle, belt_power_kw, hoist_motion, hoist_power_kw
from ovoo_simulator.laws.dairy import DIVERT_BELOW_C, hold_seconds, lethality
from ovoo_simulator.laws.flow_machines import Curve, current_a, fan_power_kw, operating_point, pump_power_kw
from ovoo_simulator.laws.heat import boiler_efficiency, fuel_rate_th, soft_floor, steam_enthalpy, water_range_k
from ovoo_simulator.weather import wet_bulb


def array(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)


@pytest.mark.parametrize("ratio", [0.5, 0.8, 0.95, 1.1])
def test_fan_follows_the_affinity_laws(ratio: float) -> None:
    flow, pressure = operating_point(Curve(2600.0, 0.034), array(1.0, ratio), array(0.046))
    power = fan_power_kw(flow, pressure, array(0.74))

    assert flow[1] / flow[0] == pytest.approx(ratio, rel=1e-9)
    assert pressure[1] / pressure[0] == pytest.approx(ratio**2, rel=1e-9)
    assert power[1] / power[0] == pytest.approx(ratio**3, rel=1e-9)


def test_operating_point_lies_on_both_curves() -> None:
    curve, resistance = Curve(262.0, 2.6e-4), array(1.25e-4)

    flow, head = operating_point(curve, array(1.0), resistance, 200.0)

    assert head[0] == pytest.approx(200.0 + resistance[0] * flow[0] ** 2)
    assert head[0] == pytest.approx(curve.shutoff - curve.slope * flow[0] ** 2)


def test_pump_power_is_hydraulic_power_over_efficiency() -> None:
    power = pump_power_kw(array(400.0), array(220.0), array(0.7))

    assert power[0] == pytest.approx(998.0 * 9.80665 * 400 / 3600 * 220 / 0.7 / 1000)


def test_published_pump_case_is_met() -> None:
    # 1,840 gpm, 174.85 ft, 80 kW, motor 94.357 % give a pump efficiency of 80.26 % (shared energy cases, pump)
    flow, head = array(1840 * 0.2271247), array(174.85 * 0.3048)

    assert pump_power_kw(flow, head, array(0.8026 * 0.94357))[0] == pytest.approx(80.0, rel=0.005)


def test_current_follows_power() -> None:
    assert current_a(array(100.0), 400.0, 0.85)[0] == pytest.approx(100_000 / (3**0.5 * 400 * 0.85))


def test_isentropic_compressor_needs_a_realistic_specific_power() -> None:
    power = isentropic_power_kw(array(30.0), array(0.75), array(0.70))

    assert 5.8 < power[0] / 30.0 < 7.0


def test_isothermal_work_rises_with_inlet_temperature() -> None:
    cold, warm = isothermal_power_kw(array(180_000.0), array(0.585), array(-10.0, 30.0), array(0.68))

    assert warm / cold == pytest.approx(303.15 / 263.15)


def test_oil_takes_its_share_of_the_heat() -> None:
    assert oil_outlet_c(array(210.0), array(60.0), 0.94, 10.5)[0] == pytest.approx(60.0 + 0.94 * 210 / 10.5)


def test_belt_power_is_friction_plus_lift() -> None:
    belt = Belt(1000.0, 40.0, 70.0, 0.02, 1.0)

    empty, loaded, still = belt_power_kw(belt, array(3.0, 3.0, 0.0), array(0.0, 1080.0, 0.0), array(0.02))

    assert empty == pytest.approx(0.02 * 9.80665 * 1000 * 70 * 3 / 1000)
    assert loaded - empty == pytest.approx((0.02 * 9.80665 * 1000 * 100 * 3 + 9.80665 * 40 * 100 * 3) / 1000)
    assert still == 0.0


def test_hoist_travels_the_depth_of_the_shaft() -> None:
    cycle = HoistCycle(108.0, 14.0, 46.0, 8.0)
    seconds = np.arange(0.0, 108.0, 0.01)

    speed, acceleration = hoist_motion(cycle, seconds)

    assert speed.sum() * 0.01 == pytest.approx(8.0 * 60.0, rel=1e-3)
    assert abs(acceleration.sum() * 0.01) < 0.02
    assert speed.max() == pytest.approx(8.0)


def test_hoist_energy_is_the_lift_with_friction() -> None:
    cycle = HoistCycle(108.0, 14.0, 46.0, 8.0)
    speed, acceleration = hoist_motion(cycle, np.arange(0.0, 108.0, 0.01))

    energy_kj = hoist_power_kw(array(9.0), 36.0, speed, acceleration, array(0.08)).sum() * 0.01

    assert energy_kj == pytest.approx(9.0 * 9.80665 * 480.0 * 1.08, rel=2e-3)


def test_boiler_heat_balance_closes() -> None:
    efficiency = boiler_efficiency(array(135.0), array(3.5), array(20.0))
    fuel = fuel_rate_th(array(120.0), array(9.8), array(540.0), efficiency)

    assert 0.90 < efficiency[0] < 0.95
    assert fuel[0] * 21_000.0 * efficiency[0] == pytest.approx(120.0 * (3477.6 - 945.0))


@pytest.mark.parametrize(
    ("pressure", "temp", "enthalpy"),
    [(9.8, 540.0, 3477.6), (10.0, 550.0, 3500.9), (9.5, 530.0, 3456.2)],
)
def test_steam_enthalpy_is_near_the_tables(pressure: float, temp: float, enthalpy: float) -> None:
    assert steam_enthalpy(array(pressure), array(temp))[0] == pytest.approx(enthalpy, abs=3.0)


def test_water_takes_the_heat() -> None:
    assert water_range_k(array(100.0), array(12_000.0))[0] == pytest.approx(100e3 * 3600 / (12_000 * 998 * 4.186))


def test_soft_floor_keeps_values_above() -> None:
    kept = soft_floor(array(30.0, 15.0, -20.0), 15.0, 1.0)

    assert kept[0] == pytest.approx(30.0, abs=1e-3)
    assert kept[2] == pytest.approx(15.0, abs=1e-3)


def test_wet_bulb_meets_published_values() -> None:
    assert wet_bulb(array(20.0), array(50.0))[0] == pytest.approx(13.7, abs=0.1)
    assert wet_bulb(array(25.0), array(99.0))[0] == pytest.approx(24.9, abs=0.2)


def test_lethality_is_1_at_72_degrees_for_15_seconds() -> None:
    flow = array(0.85 * 0.056 / 15.0 * 3600.0)

    assert hold_seconds(flow)[0] == pytest.approx(15.0)
    assert lethality(flow, array(DIVERT_BELOW_C))[0] == pytest.approx(1.0)
    assert lethality(flow, array(DIVERT_BELOW_C + 10.0))[0] == pytest.approx(10.0)
