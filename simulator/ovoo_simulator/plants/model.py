"""What a plant is made of: machines with their physics, instruments and possible faults, and a site meter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ovoo_simulator.arrays import FloatArray
from ovoo_simulator.faults import FaultRule
from ovoo_simulator.scene import PlantScene, Scene
from ovoo_simulator.sensors import Sensor

__all__ = ["METER_TEMPLATE", "AssetModel", "Columns", "Counter", "PlantModel", "Transport"]

Columns: TypeAlias = dict[str, FloatArray]
Transport = Literal["opcua", "mqtt"]
METER_TEMPLATE = "site_meter"


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter signal: the integral over seconds of `rate` (a truth column of the asset) times `factor`."""

    signal: str
    rate: str
    factor: float


@dataclass(frozen=True, slots=True)
class AssetModel:
    """One machine.

    Attributes:
        template: of the pack.
        physics: true columns of every signal except counters.
        sensors: the instrument of each signal, counters included.
        rules: faults it may have.
        planned: faults that are never drawn, only planned.
        duty: truth column and threshold above which the machine works; empty = always.
        counters: integrals.
        interlock: readings that the controller derives from other readings.
    """

    template: str
    physics: Callable[[Scene], Columns]
    sensors: Mapping[str, Sensor]
    rules: tuple[FaultRule, ...] = ()
    planned: tuple[FaultRule, ...] = ()
    duty: tuple[str, float] | None = None
    counters: tuple[Counter, ...] = ()
    interlock: Callable[[Columns], Columns] | None = None


@dataclass(frozen=True, slots=True)
class PlantModel:
    """A site: identity, machines, and what the meter sees besides them.

    Attributes:
        name: of the pack.
        transport: how its gateway collects by default.
        base_load: truth in kW of everything without a machine model (light, offices, auxiliary drives).
        power_factor: truth at the meter.
        energy_start: reading of the meter's counter at the origin, kWh; its reactive counters start at nothing, and the
            load only lags, so that none is fed back.
        stop: what the weekly maintenance is, for reports.
    """

    name: str
    enterprise: str
    site: str
    gateway: str
    transport: Transport
    assets: tuple[AssetModel, ...]
    base_load: Callable[[PlantScene], FloatArray]
    power_factor: Callable[[PlantScene], FloatArray]
    energy_start: float
    meter_sensors: Mapping[str, Sensor] = field(
        default_factory=lambda: {
            "power": Sensor(6.0, 0),
            "energy": Sensor(0.0, 1, "counter"),
            "power_factor": Sensor(0.003, 3),
            "reactive_energy": Sensor(0.0, 1, "counter"),
            "reactive_energy_export": Sensor(0.0, 1, "counter"),
        }
    )
