"""Bayan methanol: runs day and night; a burner change lowers the load on Tuesday mornings."""

from __future__ import annotations

import numpy as np

from ovoo_simulator.arrays import FloatArray
from ovoo_simulator.faults import FaultRule
from ovoo_simulator.laws.compression import isothermal_power_kw
from ovoo_simulator.laws.heat import boiler_efficiency, fuel_rate_th, soft_floor, water_range_k
from ovoo_simulator.plants.model import AssetModel, Columns, PlantModel
from ovoo_simulator.scene import PlantScene, Scene
from ovoo_simulator.sensors import SWITCH, Sensor
from ovoo_simulator.times import DAY_S, window

__all__ = ["COAL_CHEMICAL", "plant_load"]

OXYGEN_PER_COAL = 620.0
SYNGAS_PER_COAL = 1640.0
AIR_PER_OXYGEN = 1.05 / 0.21
METHANOL_T_PER_M3 = 32.04 / (3.0 * 22.414) / 1000.0
"""Tonnes of methanol per normal cubic metre of CO + 2 H2 (three moles of gas make one of methanol)."""
SELECTIVITY = 0.965
_TWO_PI = 2.0 * np.pi


def plant_load(scene: PlantScene) -> FloatArray:
    """Share of the rated load: slow changes around 0.93, down to 0.8 on Tuesdays from 09 to 13."""
    slow = 0.93 + 0.025 * scene.wobble("load", 1.5 * DAY_S) + 0.008 * scene.wobble("steps", 4 * 3600.0)
    burner = np.where(scene.times.weekday == 1, window(scene.times, 9.0, 13.0, 2400.0), 0.0)
    return slow * (1.0 - 0.14 * burner)


def _limit_cycle(scene: Scene, period_s: float, shift: float = 0.0) -> FloatArray:
    """What a sticking valve does to its loop: a rounded square wave of amplitude 1."""
    return np.tanh(2.0 * np.sin(scene.times.seconds * (_TWO_PI / period_s) + shift))


def _gasifier(scene: Scene) -> Columns:
    fouling, sticking = scene.effect("fouling"), scene.effect("valve_sticking")
    load = plant_load(scene.plant)
    coal = 63.0 * load * (1.0 + scene.wobble("slurry", 1800.0, 0.006))
    ratio = 1.0 + scene.wobble("ratio", 2400.0, 0.004) + sticking * _limit_cycle(scene, 420.0)
    oxygen = OXYGEN_PER_COAL * coal * ratio
    temperature = 1370.0 + 1500.0 * (ratio - 1.0) + scene.wobble("slag", 7200.0, 6.0) + 300.0 * fouling
    syngas = (
        SYNGAS_PER_COAL * coal * (1.0 + 0.35 * (ratio - 1.0) + scene.wobble("coal", 21600.0, 0.006)) * (1.0 - fouling)
    )
    return {
        "coal_feed": coal,
        "oxygen_flow": oxygen,
        "temperature": temperature,
        "pressure": 6.25 + 0.4 * (load - 0.93) + scene.wobble("pressure", 1500.0, 0.012) + 1.2 * fouling,
        "syngas_flow": syngas,
        "power": 310.0 + 9.2 * coal * (1.0 + 0.4 * fouling),
    }


def _asu_compressor(scene: Scene) -> Columns:
    fouling, leak, wear = scene.effect("fouling"), scene.effect("leak"), scene.effect("bearing_wear")
    drawn = OXYGEN_PER_COAL * 63.0 * plant_load(scene.plant) * AIR_PER_OXYGEN
    flow = drawn * (1.0 + scene.wobble("vanes", 2700.0, 0.006))
    pressure = 0.585 + scene.wobble("column", 3600.0, 0.0025)
    inlet = scene.weather.ambient_c + 1.5 + scene.wobble("filter", 7200.0, 0.3)
    power = isothermal_power_kw(flow, pressure, inlet, 0.68 * (1.0 - fouling)) * (1.0 + 0.004 * wear)
    return {
        "running": np.ones(1),
        "flow": flow * (1.0 - leak),
        "discharge_pressure": pressure,
        "inlet_temp": inlet,
        "power": power,
        "bearing_temp": 58.0 + 6.0 * (flow / 190_000.0) + 0.1 * inlet + scene.wobble("oil", 7200.0, 0.4) + 14.0 * wear,
        "vibration": (2.4 + scene.wobble("rotor", 10800.0, 0.07)) * (1.0 + wear),
    }


def _methanol_loop(scene: Scene) -> Columns:
    fouling, sticking = scene.effect("fouling"), scene.effect("valve_sticking")
    feed = 99_000.0 * plant_load(scene.plant) * (1.0 + scene.wobble("feed", 1800.0, 0.005))
    position = (
        46.0 + scene.wobble("purge", 3600.0, 1.2) + 160.0 * fouling + 100.0 * sticking * _limit_cycle(scene, 600.0)
    )
    share = 0.050 * position / 46.0
    purge = feed * share
    pressure = 7.8 + 0.9 * (feed / 99_000.0 - 0.93) + scene.wobble("loop", 2400.0, 0.01)
    return {
        "feed_flow": feed,
        "loop_pressure": pressure + 2.0 * fouling + 0.9 * sticking * _limit_cycle(scene, 600.0, -1.0),
        "reactor_temp": 251.0 + 14.0 * (feed / 99_000.0 - 0.93) + scene.wobble("drum", 3600.0, 0.5) + 40.0 * fouling,
        "methanol_output": METHANOL_T_PER_M3 * (feed - purge) * SELECTIVITY,
        "purge_flow": purge,
        "valve_position": position,
        "power": 2850.0 * (pressure / 7.8) * (1.0 + 0.5 * fouling) * (feed / 99_000.0 / 0.93) ** 0.8,
    }


def _boiler(scene: Scene) -> Columns:
    fouling, leak = scene.effect("fouling"), scene.effect("leak")
    steam = 118.0 * plant_load(scene.plant) * (1.0 + scene.wobble("demand", 1200.0, 0.012))
    pressure = 9.8 + scene.wobble("drum", 1500.0, 0.03)
    temp = 538.0 + scene.wobble("spray", 1800.0, 1.2)
    oxygen = 3.6 + scene.wobble("air", 2400.0, 0.15) + 20.0 * leak
    flue = 132.0 + 14.0 * (steam / 118.0 - 0.93) + 0.1 * scene.weather.ambient_c + scene.wobble("soot", 14400.0, 0.8)
    flue = flue + 260.0 * fouling + 50.0 * leak
    air = scene.weather.ambient_c
    fuel = fuel_rate_th(steam, pressure, temp, boiler_efficiency(flue, oxygen, air))
    excess = 21.0 / (21.0 - oxygen)
    return {
        "steam_flow": steam,
        "steam_pressure": pressure,
        "steam_temp": temp,
        "fuel_rate": fuel,
        "flue_temp": flue,
        "flue_o2": oxygen,
        "power": 380.0 + 62.0 * fuel * excess * (1.0 + fouling),
    }


def _steam_header(scene: Scene) -> Columns:
    return {
        "pressure": 3.82 + scene.wobble("pressure", 1800.0, 0.012),
        "temperature": 418.0 + scene.wobble("temperature", 2400.0, 1.5),
        "flow": 92.0 * plant_load(scene.plant) * (1.0 + scene.wobble("users", 1500.0, 0.012)),
    }


def _cooling_tower(scene: Scene) -> Columns:
    fouling = scene.effect("fouling")
    load = plant_load(scene.plant)
    water = 12_400.0 * (1.0 + scene.wobble("pumps", 5400.0, 0.004))
    heat = 112.0 * load * (1.0 + scene.wobble("heat", 5400.0, 0.008))
    approach = 4.6 * (load / 0.93) ** 0.8 * (1.0 + scene.wobble("fill", 10800.0, 0.02)) + 30.0 * fouling
    free = scene.weather.wet_bulb_c + approach
    supply = soft_floor(free, 15.0, 1.2) + 12.0 * fouling
    fan = 0.22 + 0.78 / (1.0 + np.exp(-(free - 15.0) / 2.5))
    return {
        "water_flow": water,
        "supply_temp": supply,
        "return_temp": supply + water_range_k(heat, water),
        "wet_bulb": scene.weather.wet_bulb_c,
        "power": 1080.0 * (water / 12_400.0) ** 2.5 + 340.0 * fan**3 * (1.0 + 4.0 * fouling) + 260.0 * fouling,
    }


def _flare(scene: Scene) -> Columns:
    slot = (scene.times.ns // 5_400_000_000_000).astype(np.int64)
    part = scene.times.seconds / 5400.0 - slot
    release = np.where(scene.draw("release", slot) < 0.03, np.sin(np.pi * np.clip(part * 6.0, 0.0, 1.0)), 0.0)
    base = 420.0 * (1.0 + scene.wobble("purge", 3600.0, 0.06))
    return {"flow": base + 9_000.0 * release + 22_000.0 * scene.effect("leak"), "pilot": np.ones(1)}


def _base_load(scene: PlantScene) -> FloatArray:
    tracing = 14.0 * np.maximum(8.0 - scene.weather.ambient_c, 0.0)
    return 3900.0 * (0.6 + 0.4 * plant_load(scene) / 0.93) + tracing + 25.0 * scene.wobble("base", 2700.0)


def _power_factor(scene: PlantScene) -> FloatArray:
    return 0.951 + 0.003 * scene.wobble("pf", 3600.0)


def _stuck(signal: str) -> FaultRule:
    return FaultRule("stuck_sensor", 1.0, 1.0, (signal,), signal)


COAL_CHEMICAL = PlantModel(
    name="coal_chemical",
    enterprise="bayan-chem",
    site="bayan",
    gateway="bayan-gw1",
    transport="opcua",
    assets=(
        AssetModel(
            "gasifier",
            _gasifier,
            {
                "coal_feed": Sensor(0.15, 2),
                "oxygen_flow": Sensor(90.0, 0),
                "temperature": Sensor(1.5, 1),
                "pressure": Sensor(0.006, 3),
                "syngas_flow": Sensor(320.0, 0),
                "power": Sensor(2.5, 1),
            },
            (
                FaultRule("fouling", 0.06, 0.10, ("temperature", "pressure", "syngas_flow", "power")),
                FaultRule("valve_sticking", 0.04, 0.07, ("oxygen_flow", "temperature", "syngas_flow")),
                FaultRule("drift", 55.0, 90.0, ("temperature",), "temperature"),
                _stuck("coal_feed"),
            ),
        ),
        AssetModel(
            "asu_compressor",
            _asu_compressor,
            {
                "running": SWITCH,
                "flow": Sensor(450.0, 0),
                "discharge_pressure": Sensor(0.0012, 4),
                "inlet_temp": Sensor(0.15, 2, "signed"),
                "power": Sensor(25.0, 0),
                "bearing_temp": Sensor(0.2, 1),
                "vibration": Sensor(0.06, 2),
            },
            (
                FaultRule("bearing_wear", 0.7, 1.3, ("vibration", "bearing_temp", "power")),
                FaultRule("fouling", 0.06, 0.10, ("power",)),
                FaultRule("leak", 0.06, 0.10, ("flow",)),
                _stuck("flow"),
            ),
        ),
        AssetModel(
            "methanol_loop",
            _methanol_loop,
            {
                "feed_flow": Sensor(280.0, 0),
                "loop_pressure": Sensor(0.006, 3),
                "reactor_temp": Sensor(0.25, 1),
                "methanol_output": Sensor(0.12, 2),
                "purge_flow": Sensor(35.0, 0),
                "valve_position": Sensor(0.25, 1),
                "power": Sensor(9.0, 0),
            },
            (
                FaultRule(
                    "fouling",
                    0.08,
                    0.13,
                    ("loop_pressure", "reactor_temp", "methanol_output", "purge_flow", "valve_position", "power"),
                ),
                FaultRule(
                    "valve_sticking", 0.07, 0.11, ("loop_pressure", "methanol_output", "purge_flow", "valve_position")
                ),
                FaultRule("drift", 9.0, 15.0, ("reactor_temp",), "reactor_temp"),
                _stuck("valve_position"),
            ),
        ),
        AssetModel(
            "boiler",
            _boiler,
            {
                "steam_flow": Sensor(0.4, 1),
                "steam_pressure": Sensor(0.012, 3),
                "steam_temp": Sensor(0.6, 1),
                "fuel_rate": Sensor(0.05, 2),
                "flue_temp": Sensor(0.5, 1),
                "flue_o2": Sensor(0.04, 2),
                "power": Sensor(4.0, 0),
            },
            (
                FaultRule("fouling", 0.09, 0.14, ("fuel_rate", "flue_temp", "power")),
                FaultRule("leak", 0.09, 0.15, ("fuel_rate", "flue_temp", "flue_o2", "power")),
                _stuck("flue_o2"),
            ),
        ),
        AssetModel(
            "steam_header",
            _steam_header,
            {"pressure": Sensor(0.006, 3), "temperature": Sensor(0.6, 1), "flow": Sensor(0.4, 1)},
            (_stuck("flow"),),
        ),
        AssetModel(
            "cooling_tower",
            _cooling_tower,
            {
                "water_flow": Sensor(35.0, 0),
                "supply_temp": Sensor(0.08, 2),
                "return_temp": Sensor(0.08, 2),
                "wet_bulb": Sensor(0.15, 2, "signed"),
                "power": Sensor(4.0, 0),
            },
            (
                FaultRule("fouling", 0.10, 0.16, ("supply_temp", "return_temp", "power")),
                FaultRule("drift", 2.5, 4.0, ("return_temp",), "return_temp"),
                _stuck("water_flow"),
            ),
        ),
        AssetModel(
            "flare",
            _flare,
            {"flow": Sensor(12.0, 0), "pilot": SWITCH},
            (FaultRule("leak", 1.0, 1.4, ("flow",)),),
        ),
    ),
    base_load=_base_load,
    power_factor=_power_factor,
    energy_start=96_702_318.0,
)
