"""A running plant: from time to readings, the same for a batch of days and for one live second."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import ConfigError
from ovoo_contract.quality import BAD_NO_COMMUNICATION, GOOD
from ovoo_packs import instantiate, load_pack

from ovoo_simulator import noise, sensors
from ovoo_simulator.arrays import BoolArray, FloatArray, IntArray, Uint32Array
from ovoo_simulator.faults import Fault, FaultRule
from ovoo_simulator.plants.counters import Counters
from ovoo_simulator.plants.model import METER_TEMPLATE, AssetModel, Columns, PlantModel
from ovoo_simulator.scene import PlantScene, Scene
from ovoo_simulator.sensors import Sensor

__all__ = ["DEFAULT_ORIGIN_NS", "Machine", "Plant", "PlantColumns"]

DEFAULT_ORIGIN_NS = 1_767_196_800_000_000_000
"""1 January 2026, 00:00 in Shanghai."""


@dataclass(frozen=True, slots=True)
class Machine:
    """An instance of an asset model: `path` is `area/line/asset`."""

    model: AssetModel
    path: str


@dataclass(frozen=True, slots=True)
class PlantColumns:
    """Readings of all signals at common times, in catalogue order.

    Attributes:
        time_ns: (n,) UTC.
        value: (signals, n); NaN where the transmitter was silent.
        quality: (signals, n) OPC UA status codes.
    """

    time_ns: IntArray
    value: FloatArray
    quality: Uint32Array

    @property
    def present(self) -> BoolArray:
        """(signals, n) True where there is a value: what a transport without status codes sends."""
        result: BoolArray = self.quality == GOOD
        return result


class Plant:
    """One simulated site.

    Args:
        model: its machines.
        seed: of the plant's own noise; the same seed gives the same plant for ever. Faults have their own seed.
        copies: how often each machine stands there; copies carry `-2`, `-3` in the asset's name.
        origin_ns: local midnight at which counters start.
    """

    def __init__(
        self, model: PlantModel, *, seed: int = 1, copies: int = 1, origin_ns: int = DEFAULT_ORIGIN_NS
    ) -> None:
        if copies < 1:
            raise ConfigError("a plant needs each machine at least once", offender="copies", value=copies)
        self.model = model
        self.seed = seed
        self.origin_ns = origin_ns
        self._key = noise.key_of("plant", model.name, model.site, seed)
        self._pack = load_pack(model.name)
        self.meter_path = self._pack.template(METER_TEMPLATE).default_path
        self.machines = tuple(self._machines(copies))
        self._memo: dict[tuple[int, int], int] = {}
        self._counters = Counters(self._rates, origin_ns)

    def _machines(self, copies: int) -> Iterable[Machine]:
        for number in range(1, copies + 1):
            for model in self.model.assets:
                path = self._pack.template(model.template).default_path
                yield Machine(model, path if number == 1 else f"{path}-{number}")

    @cached_property
    def entries(self) -> tuple[SignalEntry, ...]:
        """Catalogue entries of all signals, in the order of every column block."""
        found: list[SignalEntry] = []
        for machine in self.machines:
            found += instantiate(self._pack.template(machine.model.template), self.asset_address(machine.path))
        found += instantiate(self._pack.template(METER_TEMPLATE), self.asset_address(self.meter_path))
        return tuple(found)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The plant's signal list."""
        return Catalogue(self.entries)

    @property
    def name(self) -> str:
        """Of the pack."""
        return self.model.name

    def fault_rules(self) -> Sequence[tuple[str, FaultRule]]:
        """Every asset path with each fault it may have."""
        return [(machine.path, rule) for machine in self.machines for rule in machine.model.rules]

    def asset_address(self, path: str) -> AssetAddress:
        """The full address of `area/line/asset`."""
        area, line, asset = path.split("/")
        return AssetAddress(self.model.enterprise, self.model.site, area, line, asset)

    def machine(self, path: str) -> Machine:
        """The machine at `area/line/asset`; raises ConfigError naming those there are."""
        for machine in self.machines:
            if machine.path == path:
                return machine
        known = ", ".join(machine.path for machine in self.machines)
        raise ConfigError("no such machine", offender=self.model.name, value=path, remedy=f"one of {known}")

    def simulate(self, start_ns: int, step_ns: int, steps: int, faults: Sequence[Fault] = ()) -> PlantColumns:
        """Readings at start, start + step, ...; a pure function of seed, origin, faults and time."""
        return self.at(start_ns + step_ns * np.arange(steps, dtype=np.int64), faults)

    def at(self, time_ns: IntArray, faults: Sequence[Fault] = ()) -> PlantColumns:
        """Readings at any rising times."""
        scene = self._scene(time_ns)
        rows: list[FloatArray] = []
        power = np.zeros(len(time_ns))
        counted = iter(self._counters.at(time_ns, faults))
        energy, reactive = next(counted), next(counted)
        for machine in self.machines:
            truth = self._truth(machine, scene, faults)
            power = power + truth.get("power", 0.0)
            truth.update({counter.signal: next(counted) for counter in machine.model.counters})
            rows += self._read(machine, truth, scene, faults)
        rows += self._read_meter(scene, power, energy, reactive)
        return self._with_dropouts(scene, np.vstack(rows))

    def truth(self, time_ns: IntArray, faults: Sequence[Fault] = ()) -> dict[str, Columns]:
        """True columns of each machine by path, counters left out: for tests and plausibility checks."""
        scene = self._scene(time_ns)
        return {machine.path: self._truth(machine, scene, faults) for machine in self.machines}

    def working(self, path: str, time_ns: IntArray) -> BoolArray:
        """Where the machine does its work, faults left out."""
        machine = self.machine(path)
        if machine.model.duty is None:
            return np.ones(len(time_ns), dtype=np.bool_)
        signal, threshold = machine.model.duty
        result: BoolArray = self._truth(machine, self._scene(time_ns), ())[signal] > threshold
        return result

    def _scene(self, time_ns: IntArray) -> PlantScene:
        return PlantScene(time_ns, self._key, self.origin_ns, self._memo)

    def _truth(self, machine: Machine, scene: PlantScene, faults: Sequence[Fault]) -> Columns:
        own = [fault for fault in faults if fault.asset == machine.path and not fault.signal]
        rows = len(scene.times.ns)
        columns = machine.model.physics(Scene(scene, machine.path, own))
        return {name: np.array(np.broadcast_to(column, rows), dtype=np.float64) for name, column in columns.items()}

    def _read(
        self, machine: Machine, truth: Columns, scene: PlantScene, faults: Sequence[Fault]
    ) -> Iterable[FloatArray]:
        own = [fault for fault in faults if fault.asset == machine.path and fault.signal]
        readings = {
            name: self._reading(machine.path, name, sensor, truth[name], scene, own)
            for name, sensor in machine.model.sensors.items()
        }
        for fault in own:
            if fault.kind == "stuck_sensor":
                readings[fault.signal] = self._stuck(machine, fault, readings[fault.signal], scene)
        if machine.model.interlock is not None:
            readings.update(machine.model.interlock(readings))
        return [readings[signal.name] for signal in self._pack.template(machine.model.template).signals]

    def _reading(
        self, path: str, name: str, sensor: Sensor, truth: FloatArray, scene: PlantScene, faults: Sequence[Fault]
    ) -> FloatArray:
        offset: FloatArray | float = 0.0
        for fault in faults:
            if fault.kind == "drift" and fault.signal == name:
                offset = offset + fault.size * fault.progress(scene.times.ns)
        return sensors.measure(sensor, truth, scene.times, self._sensor_key(path, name), offset)

    def _stuck(self, machine: Machine, fault: Fault, reading: FloatArray, scene: PlantScene) -> FloatArray:
        on = fault.progress(scene.times.ns) > 0.0
        if not on.any():
            return reading
        onset = self._scene(np.array([fault.start_ns], dtype=np.int64))
        truth = self._truth(machine, onset, ())[fault.signal]
        sensor = machine.model.sensors[fault.signal]
        held = self._reading(machine.path, fault.signal, sensor, truth, onset, ())
        return np.where(on, held[0], reading)

    def _read_meter(
        self, scene: PlantScene, power: FloatArray, energy: FloatArray, reactive: FloatArray
    ) -> Iterable[FloatArray]:
        truth = {
            "power": power + self.model.base_load(scene),
            "energy": self.model.energy_start + energy,
            "power_factor": self.model.power_factor(scene),
            "reactive_energy": reactive,
            "reactive_energy_export": np.zeros(len(energy)),
        }
        return [
            self._reading(self.meter_path, name, sensor, truth[name], scene, ())
            for name, sensor in self.model.meter_sensors.items()
        ]

    def _with_dropouts(self, scene: PlantScene, value: FloatArray) -> PlantColumns:
        quality = np.full(value.shape, GOOD, dtype=np.uint32)
        for row, entry in enumerate(self.entries):
            gone = sensors.dropped(scene.times, noise.key_of(self._key, str(entry.address), "dropout"))
            value[row, gone] = np.nan
            quality[row, gone] = BAD_NO_COMMUNICATION
        return PlantColumns(scene.times.ns, value, quality)

    def _sensor_key(self, path: str, name: str) -> int:
        return noise.key_of(self._key, path, name, "sensor")

    def _rates(self, time_ns: IntArray, faults: Sequence[Fault]) -> FloatArray:
        scene = self._scene(time_ns)
        power = self.model.base_load(scene) + np.zeros(len(time_ns))
        rows: list[FloatArray] = []
        for machine in self.machines:
            truth = self._truth(machine, scene, faults)
            power = power + truth.get("power", 0.0)
            rows += [truth[counter.rate] * counter.factor for counter in machine.model.counters]
        # reactive power of a load that lags: P tan(arccos pf)
        factor = self.model.power_factor(scene)
        reactive = power * np.sqrt(1.0 / (factor * factor) - 1.0)
        return np.vstack([power / 3600.0, reactive / 3600.0, *rows])
