"""Xilin dairy: milk in twice a day, pasteurising 06-21, powder round the clock but for cleaning, quiet Sundays."""

from __future__ import annotations

import numpy as np

from ovoo_simulator.arrays import FloatArray, IntArray
from ovoo_simulator.faults import FaultRule
from ovoo_simulator.laws.dairy import DIVERT_BELOW_C
from ovoo_simulator.plants.model import AssetModel, Columns, Counter, PlantModel
from ovoo_simulator.scene import PlantScene, Scene
from ovoo_simulator.sensors import COUNTER, SWITCH, Sensor
from ovoo_simulator.times import DAY_S, Times, window

__all__ = ["CIP_STEPS", "DAIRY", "FEED_SOLIDS", "intake_of_day"]

TANKER_SLOT_S = 2700.0
TANKER_UNLOAD_S = 2100.0
TANKER_FLOW = 30.0
TANK_M3 = 180.0
TANK_START = 0.22
HTST_START_H, HTST_END_H = 6.0, 21.0
POWDER_FEED_M3H = 6.0
MILK_T_PER_M3 = 1.03
FEED_SOLIDS = 12.6
STEAM_ECONOMY = 6.4
"""Tonnes of water evaporated per tonne of live steam (three effects with thermal recompression)."""
CONCENTRATE = 48.0
_SLOTS = int(DAY_S / TANKER_SLOT_S)
_CIP = ((0, 0.0), (1, 300.0), (2, 1200.0), (3, 420.0), (4, 900.0), (5, 420.0))
CIP_STEPS = {
    1: (20.0, 18.0, 0.8),
    2: (78.0, 18.0, 68.0),
    3: (42.0, 18.0, 2.0),
    4: (66.0, 18.0, 27.0),
    5: (24.0, 18.0, 0.9),
}
"""Phase: temperature in degC, flow in m3/h, conductivity in mS/cm (pre-rinse, caustic, rinse, acid, final rinse)."""
_CIP_REST = (22.0, 0.0, 0.6)
_CIP_STARTS_H = (3.0, 21.6)


def _milk_day(times: Times) -> FloatArray:
    """Share of a working day's activity: cows give milk on Sundays too, offices rest."""
    return np.where(times.weekday == 6, 0.6, 1.0)


def _tankers(scene: PlantScene, day: IntArray) -> FloatArray:
    """(days, slots) 1 where a tanker unloads: mornings 05-11, evenings 17-20."""
    slot = np.arange(_SLOTS, dtype=np.int64)
    hour = slot * TANKER_SLOT_S / 3600.0
    wanted = ((hour >= 5.0) & (hour < 11.0)) | ((hour >= 17.0) & (hour < 20.0))
    chance = np.where((day + 3) % 7 == 6, 0.6, 0.85)[:, None]
    ticks = day[:, None] * _SLOTS + slot[None, :]
    comes = scene.draw("tanker", ticks.ravel()).reshape(ticks.shape) < chance
    return np.where(wanted[None, :] & comes, 1.0, 0.0)


def intake_of_day(scene: PlantScene, day: IntArray) -> FloatArray:
    """Milk in m3 received on each local day."""
    result: FloatArray = _tankers(scene, day).sum(axis=1) * TANKER_FLOW * TANKER_UNLOAD_S / 3600.0
    return result


def _intake(scene: PlantScene) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Intake flow, milk received since midnight, and the day's total."""
    times = scene.times
    days, place = np.unique(times.day, return_inverse=True)
    tankers = _tankers(scene, days)
    before = np.concatenate([np.zeros((len(days), 1)), np.cumsum(tankers, axis=1)[:, :-1]], axis=1)
    slot = np.minimum(times.second_of_day // TANKER_SLOT_S, _SLOTS - 1).astype(np.int64)
    inside = np.minimum(times.second_of_day - slot * TANKER_SLOT_S, TANKER_UNLOAD_S)
    active = tankers[place, slot]
    load = TANKER_FLOW / 3600.0
    flow = TANKER_FLOW * active * np.where(inside < TANKER_UNLOAD_S, 1.0, 0.0)
    received = load * (before[place, slot] * TANKER_UNLOAD_S + active * inside)
    return flow, received, intake_of_day(scene, days)[place]


def _processing(scene: PlantScene) -> tuple[FloatArray, FloatArray]:
    """Pasteuriser flow (the day's milk over fifteen hours) and milk processed since midnight."""
    _, _, total = _intake(scene)
    hours = HTST_END_H - HTST_START_H
    on = scene.times.between(HTST_START_H, HTST_END_H)
    spent = np.clip(scene.times.second_of_day / 3600.0 - HTST_START_H, 0.0, hours)
    return np.where(on, total / hours, 0.0), total * spent / hours


def _milk_reception(scene: Scene) -> Columns:
    flow, received, _ = _intake(scene.plant)
    _, processed = _processing(scene.plant)
    busy = np.where(flow > 0.0, 0.4, 0.0)
    return {
        "flow": flow,
        "temperature": 3.6 + 0.02 * scene.weather.ambient_c + busy + scene.wobble("cooler", 5400.0, 0.15),
        "tank_level": 100.0 * (TANK_START + (received - processed) / TANK_M3),
    }


def _htst(scene: Scene) -> Columns:
    low, fouling, leak = scene.effect("diversion"), scene.effect("fouling"), scene.effect("leak")
    flow, _ = _processing(scene.plant)
    on = np.where(flow > 0.0, 1.0, 0.0)
    hold = 75.2 + scene.wobble("hold", 900.0, 0.12) - 4.4 * low
    water = hold + 2.6 + scene.wobble("water", 1500.0, 0.1) + 40.0 * fouling * on - 1.5 * low
    raw = 120.0 + on * (35.0 + 2.2 * flow) + scene.wobble("raw", 1800.0, 1.2) + 180.0 * fouling * on
    return {
        "flow": flow,
        "hold_temp": hold,
        "regen_temp": np.where(on > 0.0, 0.905 * hold - 2.0 - 40.0 * fouling, hold - 6.0)
        + scene.wobble("regen", 1800.0, 0.15),
        "hot_water_temp": water,
        "diversion": np.zeros(1),
        "product_pressure": raw + 58.0 + scene.wobble("margin", 2400.0, 1.0) - on * (240.0 * leak + 150.0 * fouling),
        "raw_pressure": raw,
        "power": 6.0 + on * (21.0 + 1.15 * flow) * (1.0 + 1.2 * fouling),
    }


def _divert(readings: Columns) -> Columns:
    """The flow-diversion valve follows the recorder: measured hold temperature below 72 degC while milk flows."""
    cold = (readings["hold_temp"] < DIVERT_BELOW_C) & (readings["flow"] > 0.5)
    return {"diversion": np.where(cold, 1.0, 0.0)}


def _homogeniser(scene: Scene) -> Columns:
    leak, wear = scene.effect("leak"), scene.effect("bearing_wear")
    forgotten = scene.effect("idle_running") > 0.0
    milk, _ = _processing(scene.plant)
    flow = np.where(forgotten, 0.0, milk)
    running = np.where(forgotten | (milk > 0.0), 1.0, 0.0)
    working = np.where(flow > 0.0, 1.0, 0.0)
    pressure = working * (18.2 + scene.wobble("valve", 2400.0, 0.08)) * (1.0 - leak)
    power = running * 9.0 + flow / 3600.0 * pressure * 1000.0 / (0.86 * 0.93) * (1.0 + 0.05 * wear)
    room = 21.0 + scene.wobble("room", 10800.0, 0.4)
    return {
        "running": running,
        "flow": flow,
        "pressure": pressure,
        "power": power,
        "oil_temp": room + running * (12.0 + 0.22 * power) + 15.0 * wear * running,
    }


def _powder_on(scene: PlantScene) -> FloatArray:
    """1 while powder is made: off from 02:00 to 04:45 for cleaning, and on Sundays from 08 to 16."""
    night = 1.0 - window(scene.times, 2.0, 4.75, 1.0)
    sunday = np.where(scene.times.weekday == 6, window(scene.times, 8.0, 16.0, 1.0), 0.0)
    return np.where((night >= 0.5) & (sunday < 0.5), 1.0, 0.0)


def _concentrate(scene: PlantScene) -> tuple[FloatArray, FloatArray]:
    """Evaporator feed in m3/h and solids in the concentrate in %, as planned."""
    feed = POWDER_FEED_M3H * (1.0 + 0.02 * scene.wobble("powder_feed", 5400.0)) * _powder_on(scene)
    return feed, CONCENTRATE + 0.35 * scene.wobble("concentrate", 3600.0)


def _evaporator(scene: Scene) -> Columns:
    fouling, leak = scene.effect("fouling"), scene.effect("leak")
    feed, planned = _concentrate(scene.plant)
    on = np.where(feed > 0.0, 1.0, 0.0)
    solids = planned - 22.0 * fouling - 8.0 * leak
    water = feed * MILK_T_PER_M3 * (1.0 - FEED_SOLIDS / solids)
    economy = STEAM_ECONOMY * (1.0 + scene.wobble("economy", 7200.0, 0.006)) * (1.0 - 1.1 * fouling - 0.6 * leak)
    return {
        "feed_flow": feed,
        "steam_flow": water / economy,
        "vacuum": np.where(on > 0.0, 19.5, 26.0) + scene.wobble("vacuum", 2400.0, 0.2) + 55.0 * leak,
        "solids": np.where(on > 0.0, solids, 12.0 + scene.wobble("rest", 7200.0, 0.2)),
        "power": 14.0 + on * 8.4 * feed * (1.0 + 0.6 * leak),
    }


def _spray_dryer(scene: Scene) -> Columns:
    fouling, sticking = scene.effect("fouling"), scene.effect("valve_sticking")
    feed, planned = _concentrate(scene.plant)
    on = np.where(feed > 0.0, 1.0, 0.0)
    swing = sticking * np.tanh(2.0 * np.sin(scene.times.seconds * (2.0 * np.pi / 540.0)))
    outlet = 86.0 + scene.wobble("outlet", 1800.0, 0.35) + 20.0 * swing - 30.0 * fouling
    moisture = 3.5 - 0.09 * (outlet - 86.0) + scene.wobble("moisture", 3600.0, 0.05)
    solids_kg = feed * MILK_T_PER_M3 * 10.0 * FEED_SOLIDS * (1.0 - 0.35 * swing)
    inlet = 183.0 + scene.wobble("inlet", 2400.0, 0.7) + 0.5 * (planned - CONCENTRATE) + 70.0 * fouling
    hall = 24.0 + scene.wobble("hall", 10800.0, 0.6)
    return {
        "inlet_temp": np.where(on > 0.0, inlet, hall + 6.0),
        "outlet_temp": np.where(on > 0.0, outlet, hall + 3.0),
        "powder_output": on * solids_kg / (1.0 - moisture / 100.0),
        "moisture": np.where(on > 0.0, moisture, 3.5 + scene.wobble("store", 7200.0, 0.05)),
        "power": 22.0 + on * (118.0 + 0.075 * solids_kg) * (1.0 + 1.2 * fouling),
    }


def _cip(scene: Scene) -> Columns:
    times = scene.times
    phase = np.zeros(len(times.ns))
    temperature, flow, conductivity = (np.full(len(times.ns), each) for each in _CIP_REST)
    for start_h in _CIP_STARTS_H:
        passed = times.second_of_day - start_h * 3600.0
        begin = 0.0
        previous = _CIP_REST
        for number, length in _CIP[1:]:
            step = CIP_STEPS[number]
            inside = (passed >= begin) & (passed < begin + length)
            blend = 1.0 - np.exp(-np.maximum(passed - begin, 0.0) / 45.0)
            phase = np.where(inside, float(number), phase)
            temperature = np.where(inside, previous[0] + (step[0] - previous[0]) * blend, temperature)
            conductivity = np.where(inside, previous[2] + (step[2] - previous[2]) * blend, conductivity)
            flow = np.where(inside, step[1], flow)
            begin += length
            previous = step
    return {
        "phase": phase,
        "flow": flow * (1.0 + scene.wobble("pump", 1800.0, 0.01)),
        "temperature": temperature + scene.wobble("steam", 1800.0, 0.3),
        "conductivity": conductivity * (1.0 + scene.wobble("dose", 3600.0, 0.01)),
    }


def _cold_store(scene: Scene) -> Columns:
    leak, fouling = scene.effect("leak"), scene.effect("fouling")
    times = scene.times
    slot = (times.ns // 600_000_000_000).astype(np.int64)
    hours = times.between(6.0, 20.0)
    opened = (
        (scene.draw("door", slot) < 0.22)
        & hours
        & (times.seconds - slot * 600.0 < 60.0 + 150.0 * scene.draw("long", slot))
    )
    warm = 0.34 + 0.006 * scene.weather.ambient_c + np.where(hours, 0.05, 0.0)
    duty = np.clip(warm * (1.0 + 1.4 * leak + 1.5 * fouling), 0.05, 0.97)
    part = times.seconds / 2400.0 - np.floor(times.seconds / 2400.0)
    cooling = part < duty
    sweep = np.where(cooling, 1.0 - part / duty, (part - duty) / (1.0 - duty))
    return {
        "temperature": 2.4
        + 1.5 * sweep
        + scene.wobble("stock", 10800.0, 0.12)
        + 9.0 * leak
        + np.where(opened, 0.15, 0.0),
        "running": np.where(cooling, 1.0, 0.0),
        "power": np.where(cooling, 27.0 * (1.0 + 1.6 * fouling - 0.25 * leak), 1.4)
        + scene.wobble("motor", 3600.0, 0.12),
        "door_open": np.where(opened, 1.0, 0.0),
    }


def _base_load(scene: PlantScene) -> FloatArray:
    heating = 3.0 * np.maximum(14.0 - scene.weather.ambient_c, 0.0)
    shift = window(scene.times, 5.0, 23.0, 1800.0) * _milk_day(scene.times)
    return 92.0 + 64.0 * shift + heating + 3.0 * scene.wobble("base", 1800.0)


def _power_factor(scene: PlantScene) -> FloatArray:
    return 0.905 + 0.02 * window(scene.times, 5.0, 23.0, 1800.0) + 0.004 * scene.wobble("pf", 3600.0)


def _stuck(signal: str) -> FaultRule:
    return FaultRule("stuck_sensor", 1.0, 1.0, (signal,), signal)


DAIRY = PlantModel(
    name="dairy",
    enterprise="xilin-dairy",
    site="xilin",
    gateway="xilin-gw1",
    transport="mqtt",
    assets=(
        AssetModel(
            "milk_reception",
            _milk_reception,
            {
                "flow": Sensor(0.12, 2),
                "temperature": Sensor(0.05, 2),
                "tank_level": Sensor(0.12, 2),
                "volume": Sensor(0.0, 2, "counter"),
            },
            (FaultRule("drift", 1.6, 2.8, ("temperature",), "temperature"), _stuck("temperature")),
            counters=(Counter("volume", "flow", 1.0 / 3600.0),),
        ),
        AssetModel(
            "htst_pasteuriser",
            _htst,
            {
                "flow": Sensor(0.05, 2),
                "hold_temp": Sensor(0.06, 2),
                "regen_temp": Sensor(0.08, 2),
                "hot_water_temp": Sensor(0.08, 2),
                "diversion": SWITCH,
                "product_pressure": Sensor(1.0, 1),
                "raw_pressure": Sensor(1.0, 1),
                "power": Sensor(0.15, 2),
            },
            (
                FaultRule("diversion", 1.0, 1.0, ("hold_temp", "regen_temp", "hot_water_temp", "diversion")),
                FaultRule(
                    "fouling", 0.06, 0.10, ("regen_temp", "hot_water_temp", "product_pressure", "raw_pressure", "power")
                ),
                FaultRule("leak", 0.14, 0.22, ("product_pressure",)),
                FaultRule("drift", 2.0, 3.5, ("hot_water_temp",), "hot_water_temp"),
                _stuck("product_pressure"),
            ),
            duty=("flow", 1.0),
            interlock=_divert,
        ),
        AssetModel(
            "homogeniser",
            _homogeniser,
            {
                "running": SWITCH,
                "flow": Sensor(0.05, 2),
                "pressure": Sensor(0.05, 2),
                "power": Sensor(0.3, 2),
                "oil_temp": Sensor(0.15, 1),
            },
            (
                FaultRule("leak", 0.10, 0.16, ("pressure", "power", "oil_temp")),
                FaultRule("bearing_wear", 0.8, 1.3, ("power", "oil_temp")),
                FaultRule("idle_running", 1.0, 1.0, ("running", "flow", "pressure", "power", "oil_temp")),
            ),
            duty=("flow", 1.0),
        ),
        AssetModel(
            "evaporator",
            _evaporator,
            {
                "feed_flow": Sensor(0.03, 2),
                "steam_flow": Sensor(0.004, 3),
                "vacuum": Sensor(0.1, 2),
                "solids": Sensor(0.08, 2),
                "power": Sensor(0.4, 1),
            },
            (
                FaultRule("fouling", 0.10, 0.16, ("steam_flow", "solids")),
                FaultRule("leak", 0.10, 0.18, ("steam_flow", "vacuum", "solids", "power")),
                _stuck("vacuum"),
            ),
            duty=("feed_flow", 1.0),
        ),
        AssetModel(
            "spray_dryer",
            _spray_dryer,
            {
                "inlet_temp": Sensor(0.3, 1),
                "outlet_temp": Sensor(0.15, 1),
                "powder_output": Sensor(3.0, 0),
                "moisture": Sensor(0.025, 2),
                "power": Sensor(0.8, 1),
            },
            (
                FaultRule("fouling", 0.08, 0.13, ("inlet_temp", "outlet_temp", "powder_output", "moisture", "power")),
                FaultRule("valve_sticking", 0.16, 0.26, ("outlet_temp", "powder_output", "moisture", "power")),
                FaultRule("drift", 5.0, 8.0, ("outlet_temp",), "outlet_temp"),
            ),
            duty=("powder_output", 50.0),
        ),
        AssetModel(
            "cip",
            _cip,
            {
                "phase": COUNTER,
                "flow": Sensor(0.1, 2),
                "temperature": Sensor(0.2, 1),
                "conductivity": Sensor(0.06, 2),
            },
        ),
        AssetModel(
            "cold_store",
            _cold_store,
            {
                "temperature": Sensor(0.05, 2, "signed"),
                "running": SWITCH,
                "power": Sensor(0.15, 2),
                "door_open": SWITCH,
            },
            (
                FaultRule("leak", 0.35, 0.55, ("temperature", "running", "power")),
                FaultRule("fouling", 0.14, 0.22, ("temperature", "running", "power")),
                FaultRule("drift", 2.2, 3.2, ("temperature",), "temperature"),
            ),
        ),
    ),
    base_load=_base_load,
    power_factor=_power_factor,
    energy_start=3_118_044.0,
)
