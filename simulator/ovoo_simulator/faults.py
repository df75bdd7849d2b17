"""Faults with known truth: what broke, where, when, how much, and how it grows."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, get_args

import numpy as np
from ovoo_contract.errors import ConfigError

from ovoo_simulator import noise
from ovoo_simulator.arrays import BoolArray, FloatArray, IntArray
from ovoo_simulator.times import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

__all__ = [
    "DRAWN_KINDS",
    "Fault",
    "FaultKind",
    "FaultPlan",
    "FaultRule",
    "FaultSite",
    "FaultWindow",
    "iso_time",
    "read_time",
]

FaultKind = Literal[
    "bearing_wear",
    "leak",
    "fouling",
    "stuck_sensor",
    "drift",
    "idle_running",
    "valve_sticking",
    "diversion",
    "setpoint_drift",
]
_KINDS: tuple[str, ...] = get_args(FaultKind)
_RAMP_SHARE: Mapping[str, float] = {
    "bearing_wear": 0.5,
    "leak": 0.1,
    "fouling": 0.5,
    "stuck_sensor": 0.0,
    "drift": 0.4,
    "idle_running": 0.0,
    "valve_sticking": 0.05,
    "diversion": 0.02,
    "setpoint_drift": 0.2,
}
DRAWN_KINDS: tuple[FaultKind, ...] = tuple(kind for kind in get_args(FaultKind) if kind != "setpoint_drift")
"""Kinds that `FaultPlan.draw` deals out; a set-point moves only where a plan says so."""
_RAMP_POWER: Mapping[str, float] = {"bearing_wear": 1.6}
_VERSION = 1
_TRIES = 300
_WORKING_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class FaultRule:
    """A fault that an asset may have.

    Attributes:
        kind: what breaks.
        low: smallest size drawn. The meaning of a size is the asset's: a share (0.12 = 12 %) for mechanical faults,
            the offset in the signal's unit for `drift`, a share of the set-point for
            `setpoint_drift`, unused (1) for `stuck_sensor`, `idle_running`, `diversion`.
        high: largest size drawn, >= low.
        affects: signals of the asset that move.
        sensor: the one signal that lies, for `stuck_sensor` and `drift`; empty for faults of the machine.
    """

    kind: FaultKind
    low: float
    high: float
    affects: tuple[str, ...]
    sensor: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, on within [start_ns, end_ns); a repair ends it at once.

    Attributes:
        kind: what breaks.
        asset: `area/line/asset`.
        signal: the lying sensor, or empty.
        start_ns: UTC nanoseconds of the onset.
        end_ns: of the repair.
        size: full size, see `FaultRule`.
        affects: signals of the asset that move.
    """

    kind: FaultKind
    asset: str
    signal: str
    start_ns: int
    end_ns: int
    size: float
    affects: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ConfigError(
                "unknown fault kind", offender="kind", value=self.kind, remedy=f"one of {', '.join(_KINDS)}"
            )
        if self.end_ns <= self.start_ns:
            raise ConfigError("a fault must end after it starts", offender=f"fault on {self.asset}", value=self.end_ns)

    def progress(self, time_ns: IntArray) -> FloatArray:
        """0 before and after, rising to 1 over the share of the duration that this kind needs to grow."""
        on = (time_ns >= self.start_ns) & (time_ns < self.end_ns)
        ramp_ns = (self.end_ns - self.start_ns) * _RAMP_SHARE[self.kind]
        if ramp_ns <= 0:
            return on.astype(np.float64)
        grown = np.clip((time_ns - self.start_ns) / ramp_ns, 0.0, 1.0) ** _RAMP_POWER.get(self.kind, 1.0)
        return np.where(on, grown, 0.0)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "kind": self.kind,
            "asset": self.asset,
            "signal": self.signal,
            "start": iso_time(self.start_ns),
            "end": iso_time(self.end_ns),
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "size": self.size,
            "affects": list(self.affects),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Fault:
        """The fault of `to_dict`; raises ConfigError for a missing or foreign field."""
        try:
            return cls(
                kind=data["kind"],
                asset=str(data["asset"]),
                signal=str(data.get("signal", "")),
                start_ns=int(data["start_ns"]),
                end_ns=int(data["end_ns"]),
                size=float(data["size"]),
                affects=tuple(data["affects"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                "not a fault", offender="faults", value=str(error), remedy="write it with `faults`"
            ) from error


class FaultSite(Protocol):
    """What drawing needs to know of a plant."""

    @property
    def name(self) -> str:
        """Of the plant."""

    def fault_rules(self) -> Sequence[tuple[str, FaultRule]]:
        """Every asset path with each fault it may have."""

    def working(self, path: str, time_ns: IntArray) -> BoolArray:
        """Where the machine does its work."""


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """When faults may happen, how many and how long.

    Attributes:
        start_ns: earliest onset.
        end_ns: latest repair.
        per_week: faults in seven days; at least one is drawn.
        shortest_ns: of a fault.
        longest_ns: of a fault.
    """

    start_ns: int
    end_ns: int
    per_week: float = 2.5
    shortest_ns: int = 6 * HOUR_NS
    longest_ns: int = 24 * HOUR_NS

    def __post_init__(self) -> None:
        if not 0 < self.shortest_ns <= self.longest_ns or self.end_ns - self.start_ns < self.shortest_ns:
            raise ConfigError(
                "no fault fits the window",
                offender="faults",
                value=(iso_time(self.start_ns), iso_time(self.end_ns)),
                remedy="make the window longer or the faults shorter",
            )

    @property
    def count(self) -> int:
        """Faults to draw."""
        return max(1, round(self.per_week * (self.end_ns - self.start_ns) / (7 * DAY_NS)))


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """All faults of a plant and the seed that drew them; models never read this file."""

    plant: str
    seed: int
    faults: tuple[Fault, ...]

    def save(self, path: pathlib.Path, energy: Sequence[Mapping[str, Any]] = ()) -> None:
        """Writes the truth file, replacing it in one step.

        energy: what each fault costs (`excess.FaultEnergy.to_dict`), in the order of the faults; readers of plans pass
        over it.
        """
        data = {
            "version": _VERSION,
            "plant": self.plant,
            "seed": self.seed,
            "faults": [fault.to_dict() for fault in self.faults],
            **({"energy": [*energy]} if energy else {}),
        }
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(part, path)

    @classmethod
    def load(cls, path: pathlib.Path) -> FaultPlan:
        """The plan of a truth file; raises ConfigError naming the file."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            faults = tuple(Fault.from_dict(each) for each in data["faults"])
            return cls(str(data["plant"]), int(data["seed"]), faults)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError("not a truth file", offender=str(path), value=str(error)) from error

    @classmethod
    def draw(cls, seed: int, plant: FaultSite, window: FaultWindow) -> FaultPlan:
        """Faults spread over the window; kind, onset, size and asset come from `seed`, which nothing else reads.

        Kinds and assets take turns in a shuffled order. No asset has two faults within six hours, and a machine
        works for at least 60 % of its fault, so that there is something to find.
        """
        generator = np.random.Generator(np.random.Philox(noise.key_of("faults", seed, plant.name)))
        drawn: list[Fault] = []
        pool: list[tuple[str, FaultRule]] = []
        slot_ns = (window.end_ns - window.start_ns) // window.count
        for number in range(window.count):
            for _ in range(_TRIES):
                if not pool:
                    rules = plant.fault_rules()
                    pool = [rules[index] for index in generator.permutation(len(rules))]
                path, rule = pool.pop()
                fault = _candidate(generator, path, rule, window, window.start_ns + number * slot_ns, slot_ns)
                margin = min(6 * HOUR_NS, window.shortest_ns)
                if not overlaps(drawn, path, fault.start_ns, fault.end_ns, margin) and _seen(plant, fault):
                    drawn.append(fault)
                    break
        return cls(plant.name, seed, tuple(sorted(drawn, key=lambda fault: fault.start_ns)))

    def of(self, plant: str) -> tuple[Fault, ...]:
        """The faults, where the plan is that of `plant`; raises ConfigError otherwise."""
        if self.plant != plant:
            raise ConfigError(
                "faults of another plant", offender="faults", value=self.plant, remedy=f"draw for {plant}"
            )
        return self.faults

    def with_fault(self, fault: Fault) -> FaultPlan:
        """The same plan and one fault more."""
        return FaultPlan(self.plant, self.seed, (*self.faults, fault))


def _candidate(
    generator: np.random.Generator, path: str, rule: FaultRule, window: FaultWindow, slot_ns: int, length_ns: int
) -> Fault:
    duration = int(generator.uniform(window.shortest_ns, window.longest_ns)) // SECOND_NS * SECOND_NS
    duration = min(duration, window.end_ns - window.start_ns)
    start = slot_ns + int(generator.uniform(0.0, length_ns))
    start = max(min(start, window.end_ns - duration), window.start_ns) // SECOND_NS * SECOND_NS
    size = round(float(generator.uniform(rule.low, rule.high)), 4)
    return Fault(rule.kind, path, rule.sensor, start, start + duration, size, rule.affects)


def _seen(plant: FaultSite, fault: Fault) -> bool:
    """Whether the machine works for most of the fault; an idle run needs only to happen."""
    step = max(MINUTE_NS, (fault.end_ns - fault.start_ns) // 200)
    times = np.arange(fault.start_ns, fault.end_ns, step, dtype=np.int64)
    return bool(plant.working(fault.asset, times).mean() >= _WORKING_SHARE)


def overlaps(faults: Sequence[Fault], asset: str, start_ns: int, end_ns: int, margin_ns: int) -> bool:
    """Whether a fault of `asset` lies within `margin_ns` of the window."""
    return any(
        fault.asset == asset and fault.start_ns < end_ns + margin_ns and start_ns < fault.end_ns + margin_ns
        for fault in faults
    )


def iso_time(time_ns: int) -> str:
    """ISO 8601 UTC to the second."""
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(text: str) -> int:
    """Nanoseconds of an ISO 8601 time; one without offset is UTC. Raises ConfigError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            "not an ISO 8601 time", offender="time", value=text, remedy="2026-11-01T00:00:00+08:00"
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000) * 1_000_000
