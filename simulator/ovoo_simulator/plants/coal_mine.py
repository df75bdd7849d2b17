"""Heishan mine: three production shifts and a maintenance shift (four of six hours), a long stop on Wednesdays."""

from __future__ import annotations

import numpy as np

from ovoo_simulator.arrays import FloatArray, IntArray
from ovoo_simulator.faults import FaultRule
from ovoo_simulator.laws.compression import isentropic_power_kw, oil_outlet_c
from ovoo_simulator.laws.conveying import Belt, HoistCycle, belt_power_kw, hoist_motion, hoist_power_kw
from ovoo_simulator.laws.flow_machines import Curve, current_a, fan_power_kw, operating_point, pump_power_kw
from ovoo_simulator.plants.model import AssetModel, Columns, PlantModel
from ovoo_simulator.scene import PlantScene, Scene
from ovoo_simulator.sensors import COUNTER, SWITCH, Sensor
from ovoo_simulator.times import DAY_S, Times, window

__all__ = ["COAL_MINE", "production"]

FAN = Curve(2600.0, 0.034)
FAN_RESISTANCE = 0.0463
FAN_EFFICIENCY = 0.735
FAN_RATED_RPM = 980.0
PUMP = Curve(262.0, 2.6e-4)
PUMP_SYSTEM = 1.25e-4
PUMP_STATIC_M = 200.0
PUMP_EFFICIENCY = 0.70
PUMP_SLOT_S = 2400
SUMP_M2 = 90.0
SUMP_LOW_M = 2.2
COMPRESSOR_EFFICIENCY = 0.70
BELT = Belt(1100.0, 42.0, 75.0, 0.021, 0.88)
BELT_SPEED = 3.15
CYCLES_A_DAY = 811  # prime: samples of any whole step meet all phases of the cycle, so means do not alias
CYCLE = HoistCycle(DAY_S / CYCLES_A_DAY, 14.0, 46.0, 8.0)
HOIST_MOVING_T = 36.0
_LOCAL_S = 8 * 3600


def production(times: Times) -> FloatArray:
    """Share of full output, [0, 1]: no coal from 06 to 12 (maintenance shift), until 18 on Wednesdays."""
    ramp = 1500.0
    night = window(times, 0.0, 6.0, ramp)
    day = np.where(times.weekday == 2, 0.0, window(times, 12.0, 18.0, ramp))
    return np.maximum(np.maximum(night, day), window(times, 18.0, 24.0, ramp))


def _main_fan(scene: Scene) -> Columns:
    fouling = scene.effect("fouling")
    wear = scene.effect("bearing_wear")
    ratio = 0.87 + 0.05 * production(scene.times) + scene.wobble("trim", 5400.0, 0.006)
    resistance = FAN_RESISTANCE * (1.0 + scene.wobble("doors", 7200.0, 0.008))
    flow, pressure = operating_point(FAN, ratio * np.sqrt(1.0 - fouling), resistance)
    power = fan_power_kw(flow, pressure, FAN_EFFICIENCY * (1.0 - 0.9 * fouling)) * (1.0 + 0.02 * wear)
    room = 16.0 + 0.3 * (scene.weather.ambient_c - 5.0) + scene.wobble("room", 14400.0, 0.5)
    return {
        "running": np.ones(1),
        "speed": FAN_RATED_RPM * ratio,
        "flow": flow,
        "static_pressure": pressure,
        "power": power,
        "current": current_a(power, 6000.0, 0.87),
        "bearing_temp": room + 30.0 * ratio**1.5 * (1.0 + 0.45 * wear),
        "vibration": (1.7 * ratio**2 + scene.wobble("support", 10800.0, 0.06)) * (1.0 + wear),
    }


def _slot_active(scene: Scene, slot: IntArray) -> FloatArray:
    start = Times.at(((slot * CYCLE.period_s - _LOCAL_S) * 1e9).astype(np.int64))
    wanted = production(start) > 0.35
    return np.where(wanted & (scene.draw("skip", slot) > 0.06), 1.0, 0.0)


def _trips(scene: Scene, slot: IntArray, active: FloatArray) -> FloatArray:
    """Trips since the plant's origin, counted when the skip starts to move."""
    first = int((scene.plant.origin_ns / 1e9 + _LOCAL_S) // DAY_S)
    days = slot // CYCLES_A_DAY
    memo = scene.plant.memo
    total = np.empty(len(slot))
    for day in np.unique(days):
        chosen = days == day
        here = np.arange(day * CYCLES_A_DAY, (day + 1) * CYCLES_A_DAY, dtype=np.int64)
        until = np.cumsum(_slot_active(scene, here))
        total[chosen] = _trips_before(scene, first, int(day), memo) + until[slot[chosen] - here[0]]
    return total


def _trips_before(scene: Scene, first: int, day: int, memo: dict[tuple[int, int], int]) -> int:
    """Trips on the days [first, day), each day counted once and remembered."""
    missing = [each for each in range(first, day) if (scene.key, each) not in memo]
    for each in missing:
        slots = np.arange(each * CYCLES_A_DAY, (each + 1) * CYCLES_A_DAY, dtype=np.int64)
        before = memo.get((scene.key, each - 1), 0) if each > first else 0
        memo[(scene.key, each)] = before + int(_slot_active(scene, slots).sum())
    return memo[(scene.key, day - 1)] if day > first else 0


def _hoist(scene: Scene) -> Columns:
    wear = scene.effect("bearing_wear")
    local = scene.times.seconds + _LOCAL_S
    slot = np.floor(local * CYCLES_A_DAY / DAY_S).astype(np.int64)
    active = _slot_active(scene, slot)
    speed, acceleration = hoist_motion(CYCLE, local - slot * CYCLE.period_s)
    speed, acceleration = speed * active, acceleration * active
    payload = (9.0 + 1.2 * (scene.draw("load", slot) - 0.5)) * np.where(active > 0.0, 1.0, 0.0)
    mechanical = hoist_power_kw(payload, HOIST_MOVING_T, speed, acceleration, 0.08 + 0.10 * wear)
    busy = production(scene.times)
    room = 18.0 + 0.25 * (scene.weather.ambient_c - 5.0) + scene.wobble("room", 10800.0, 0.5)
    return {
        "rope_speed": speed,
        "payload": payload,
        "power": 14.0 + np.where(mechanical > 0.0, mechanical / 0.86, 0.6 * mechanical),
        "motor_temp": room + 22.0 + 24.0 * busy + 22.0 * wear,
        "brake_pressure": np.where(speed > 0.0, 6.3, 0.55) + scene.wobble("oil", 7200.0, 0.02),
        "trips": _trips(scene, slot, active),
    }


def _belt(scene: Scene) -> Columns:
    wear = scene.effect("bearing_wear")
    forgotten = scene.effect("idle_running") > 0.0
    output = production(scene.times)
    flow = np.maximum(1.0 + scene.wobble("face", 1800.0, 0.12) + scene.wobble("seam", 43200.0, 0.06), 0.0)
    running = np.where(forgotten | (output > 0.05), 1.0, 0.0)
    load = np.where(forgotten, 0.0, 780.0 * output * flow * running)
    speed = BELT_SPEED * running * (1.0 + scene.wobble("slip", 3600.0, 0.002) - 4e-6 * load)
    power = belt_power_kw(BELT, speed, load, BELT.friction * (1.0 + 0.12 * wear))
    room = 14.0 + 0.35 * (scene.weather.ambient_c - 5.0) + scene.wobble("room", 10800.0, 0.5)
    return {
        "running": running,
        "belt_speed": speed,
        "load": load,
        "power": power,
        "motor_temp": room + running * (18.0 + 30.0 * power / 250.0) * (1.0 + 0.25 * wear),
        "vibration": running * (2.1 + 0.5 * load / 780.0 + scene.wobble("drum", 7200.0, 0.06)) * (1.0 + wear),
    }


def _pump(scene: Scene) -> Columns:
    fouling, leak, wear = scene.effect("fouling"), scene.effect("leak"), scene.effect("bearing_wear")
    period = float(PUMP_SLOT_S)
    slot = np.floor(scene.times.seconds / period)
    inflow = 205.0 * (1.0 + 0.07 * np.sin(scene.times.year_angle)) + 14.0 * (
        scene.draw("rain", slot.astype(np.int64)) - 0.5
    )
    system = PUMP_SYSTEM * (1.0 + scene.wobble("system", 5400.0, 0.02))
    full, head = operating_point(PUMP, np.sqrt(1.0 - fouling), system, PUMP_STATIC_M)
    power = pump_power_kw(full, head, PUMP_EFFICIENCY * (1.0 - 0.8 * fouling)) * (1.0 + 0.02 * wear)
    lifted = full * (1.0 - leak)
    share = np.clip(inflow / lifted, 0.0, 1.0)
    part = scene.times.seconds / period - slot
    running = np.where(part >= 1.0 - share, 1.0, 0.0)
    rise = inflow * np.minimum(part, 1.0 - share) - (lifted - inflow) * np.maximum(part - (1.0 - share), 0.0)
    room = 19.0 + scene.wobble("room", 14400.0, 0.4)
    return {
        "running": running,
        "flow": running * lifted,
        "head": np.where(running > 0.0, head, PUMP_STATIC_M),
        "power": running * power,
        "bearing_temp": room + 24.0 * running * (1.0 + 0.45 * wear) + 6.0 * (1.0 - running),
        "vibration": running * (2.3 + scene.wobble("coupling", 7200.0, 0.07)) * (1.0 + wear),
        "sump_level": SUMP_LOW_M + np.maximum(rise, 0.0) * period / 3600.0 / SUMP_M2,
    }


def _compressor(scene: Scene) -> Columns:
    fouling, leak, sticking = scene.effect("fouling"), scene.effect("leak"), scene.effect("valve_sticking")
    demand = 25.0 + 9.0 * production(scene.times) + scene.wobble("users", 1500.0, 0.9)
    flow = demand * (1.0 + leak) * (1.0 + 0.4 * sticking * np.sin(scene.times.seconds * (2.0 * np.pi / 330.0)))
    hunting = sticking * np.sin(scene.times.seconds * (2.0 * np.pi / 330.0) + 1.1)
    target = 0.75 * (1.0 + scene.effect("setpoint_drift"))
    pressure = target + scene.wobble("governor", 900.0, 0.003) - 0.35 * leak + 0.3 * hunting
    efficiency = COMPRESSOR_EFFICIENCY * (1.0 - 0.0016 * np.abs(flow - 33.0)) * (1.0 - 0.5 * fouling)
    power = isentropic_power_kw(flow, pressure, efficiency)
    oil_in = 57.0 + 0.22 * scene.weather.ambient_c + scene.wobble("oil", 7200.0, 0.5) + 75.0 * fouling
    return {
        "running": np.ones(1),
        "flow": flow,
        "pressure": pressure,
        "power": power,
        "discharge_temp": oil_outlet_c(power, oil_in, 0.94, 10.5),
        "current": current_a(power, 660.0, 0.88),
    }


def _gas_point(scene: Scene) -> Columns:
    velocity = 1.75 + scene.wobble("airway", 5400.0, 0.03)
    seam = 0.16 + 0.42 * production(scene.times) * (1.0 + scene.wobble("seam", 5400.0, 0.10))
    source = (seam + 0.02) * (1.0 + scene.wobble("goaf", 43200.0, 0.05)) + scene.effect("leak")
    return {
        "methane": source * 1.75 / velocity,
        "co": 3.2 + 1.4 * production(scene.times) + scene.wobble("co", 10800.0, 0.25) + 9.0 * scene.effect("leak"),
        "air_velocity": velocity,
        "air_temp": 21.6 + 0.8 * production(scene.times) + scene.wobble("rock", 43200.0, 0.25),
    }


def _base_load(scene: PlantScene) -> FloatArray:
    heating = 9.0 * np.maximum(12.0 - scene.weather.ambient_c, 0.0)
    return 560.0 + 480.0 * production(scene.times) + heating + 12.0 * scene.wobble("base", 2700.0)


def _power_factor(scene: PlantScene) -> FloatArray:
    return 0.93 - 0.015 * (1.0 - production(scene.times)) + 0.004 * scene.wobble("pf", 3600.0)


COAL_MINE = PlantModel(
    name="coal_mine",
    enterprise="heishan-coal",
    site="heishan",
    gateway="heishan-gw1",
    transport="opcua",
    assets=(
        AssetModel(
            "main_fan",
            _main_fan,
            {
                "running": SWITCH,
                "speed": Sensor(0.8, 1),
                "flow": Sensor(0.7, 1),
                "static_pressure": Sensor(6.0, 0),
                "power": Sensor(1.2, 1),
                "current": Sensor(0.25, 1),
                "bearing_temp": Sensor(0.2, 1),
                "vibration": Sensor(0.05, 2),
            },
            (
                FaultRule("bearing_wear", 0.7, 1.4, ("vibration", "bearing_temp", "power", "current")),
                FaultRule("fouling", 0.10, 0.16, ("flow", "static_pressure", "power", "current")),
                FaultRule("stuck_sensor", 1.0, 1.0, ("static_pressure",), "static_pressure"),
                FaultRule("stuck_sensor", 1.0, 1.0, ("vibration",), "vibration"),
                FaultRule("drift", 12.0, 18.0, ("bearing_temp",), "bearing_temp"),
            ),
        ),
        AssetModel(
            "hoist",
            _hoist,
            {
                "rope_speed": Sensor(0.03, 2),
                "payload": Sensor(0.05, 2),
                "power": Sensor(2.0, 0, "signed"),
                "motor_temp": Sensor(0.25, 1),
                "brake_pressure": Sensor(0.02, 2),
                "trips": COUNTER,
            },
            (
                FaultRule("bearing_wear", 0.8, 1.4, ("motor_temp", "power")),
                FaultRule("stuck_sensor", 1.0, 1.0, ("motor_temp",), "motor_temp"),
                FaultRule("drift", 18.0, 28.0, ("motor_temp",), "motor_temp"),
            ),
        ),
        AssetModel(
            "belt_conveyor",
            _belt,
            {
                "running": SWITCH,
                "belt_speed": Sensor(0.012, 3),
                "load": Sensor(6.0, 0),
                "power": Sensor(1.5, 1),
                "motor_temp": Sensor(0.25, 1),
                "vibration": Sensor(0.06, 2),
            },
            (
                FaultRule("bearing_wear", 0.8, 1.5, ("vibration", "motor_temp", "power")),
                FaultRule(
                    "idle_running", 1.0, 1.0, ("running", "belt_speed", "load", "power", "motor_temp", "vibration")
                ),
                FaultRule("stuck_sensor", 1.0, 1.0, ("load",), "load"),
                FaultRule("drift", 18.0, 28.0, ("motor_temp",), "motor_temp"),
            ),
            duty=("load", 50.0),
        ),
        AssetModel(
            "drainage_pump",
            _pump,
            {
                "running": SWITCH,
                "flow": Sensor(2.5, 1),
                "head": Sensor(0.4, 1),
                "power": Sensor(1.2, 1),
                "bearing_temp": Sensor(0.2, 1),
                "vibration": Sensor(0.06, 2),
                "sump_level": Sensor(0.008, 3),
            },
            (
                FaultRule("bearing_wear", 0.7, 1.4, ("vibration", "bearing_temp", "power")),
                FaultRule(
                    "fouling",
                    0.06,
                    0.10,
                    ("running", "flow", "head", "power", "bearing_temp", "vibration", "sump_level"),
                ),
                FaultRule(
                    "leak", 0.10, 0.18, ("running", "flow", "head", "power", "bearing_temp", "vibration", "sump_level")
                ),
                FaultRule("drift", 9.0, 15.0, ("bearing_temp",), "bearing_temp"),
            ),
            duty=("flow", 1.0),
        ),
        AssetModel(
            "air_compressor",
            _compressor,
            {
                "running": SWITCH,
                "flow": Sensor(0.25, 2),
                "pressure": Sensor(0.003, 3),
                "power": Sensor(1.0, 1),
                "discharge_temp": Sensor(0.2, 1),
                "current": Sensor(1.2, 1),
            },
            (
                FaultRule("leak", 0.14, 0.24, ("flow", "pressure", "power", "discharge_temp", "current")),
                FaultRule("fouling", 0.10, 0.18, ("power", "discharge_temp", "current")),
                FaultRule("valve_sticking", 0.14, 0.24, ("flow", "pressure", "power", "discharge_temp", "current")),
                FaultRule("stuck_sensor", 1.0, 1.0, ("flow",), "flow"),
            ),
            planned=(FaultRule("setpoint_drift", 0.10, 0.18, ("pressure", "power", "discharge_temp", "current")),),
        ),
        AssetModel(
            "gas_point",
            _gas_point,
            {
                "methane": Sensor(0.008, 3),
                "co": Sensor(0.12, 2),
                "air_velocity": Sensor(0.02, 2),
                "air_temp": Sensor(0.1, 1),
            },
            (
                FaultRule("leak", 0.45, 0.75, ("methane", "co")),
                FaultRule("drift", 0.32, 0.48, ("methane",), "methane"),
                FaultRule("stuck_sensor", 1.0, 1.0, ("methane",), "methane"),
            ),
        ),
    ),
    base_load=_base_load,
    power_factor=_power_factor,
    energy_start=18_204_510.0,
)
