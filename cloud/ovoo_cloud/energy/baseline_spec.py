"""How a baseline is made: energy and driver signals, the calendar step, and the parameters of the method."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, cast, get_args

from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.savings.change_point import Settings
from ovoo_models.efficiency.savings.inspection import Limits
from ovoo_models.efficiency.savings.observations import DAY_NS, HOUR_NS
from ovoo_models.efficiency.savings.screening import Candidate

__all__ = ["BaselineSpec", "Driver", "Take", "spec_from_data"]

Take = Literal["mean", "integral", "increase"]
"""mean: time-weighted mean; integral: value times hours (t of t/h); increase: of a rising counter."""
Step = Literal["day", "hour"]
_STEP_NS: Final[Mapping[str, int]] = {"day": DAY_NS, "hour": HOUR_NS}


@dataclass(frozen=True, slots=True)
class Driver:
    """A signal that may drive the energy; `sign` of its effect (0: any), [low, high] what it can be in its own unit."""

    name: str
    address: str
    role: str = "temperature"
    take: Take = "mean"
    sign: int = 0
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.take not in get_args(Take):
            raise ConfigError(
                "no such reading", code="baseline.no_such_reading", slots={"known": get_args(Take)},
                offender=self.name, value=self.take, remedy=f"{get_args(Take)}",
            )  # fmt: skip
        if not self.name.strip() or self.name == "energy":
            raise ConfigError(
                "not a name for a driver", code="baseline.not_name_for_driver", offender="drivers", value=self.name,
                remedy="another name",
            )  # fmt: skip
        self.candidate()

    def candidate(self) -> Candidate:
        """What screening asks of it."""
        low = -math.inf if self.low is None else self.low
        return Candidate(self.name, self.role, self.sign, low, math.inf if self.high is None else self.high)


@dataclass(frozen=True, slots=True)
class BaselineSpec:
    """`energy`: addresses whose energy is added up (kWh counters or power); drivers by their own names.

    `covered_min`: share of an interval that samples must cover; the uncovered rest is taken at the mean of the covered
    part. `rows_min`, `least`, `splits`, `days_min`, `draws`, `seed`, `digits`, `event_limit`, `event_hours`: parameters
    of fit, inspection, bootstrap and of the search for non-routine events.
    """

    energy: tuple[str, ...]
    drivers: tuple[Driver, ...]
    step: Step = "day"
    covered_min: float = 0.9
    days_min: int = 60
    rows_min: int = 45
    least: int = 10
    splits: tuple[str, ...] = ("none", "day_level", "day", "season", "season_day")
    draws: int = 1600
    seed: int = 1
    digits: int = 1
    event_limit: float = 5.0
    event_hours: int = 168

    def __post_init__(self) -> None:
        names = [each.name for each in self.drivers]
        if not self.energy or len(set(self.energy)) < len(self.energy):
            raise ConfigError(
                "no energy signal, or one twice", code="baseline.no_energy_signal_or_one_twice", offender="energy",
                value=list(self.energy),
            )  # fmt: skip
        if not names or len(set(names)) < len(names):
            raise ConfigError(
                "no driver, or a name twice", code="baseline.no_driver_or_name_twice", offender="drivers", value=names
            )
        if self.step not in _STEP_NS:
            raise ConfigError(
                "no such step", code="baseline.no_such_step", offender="step", value=self.step, remedy="day or hour"
            )
        bounds = (
            ("covered_min", self.covered_min, 0.5, 1.0),
            ("days_min", self.days_min, 1, 3660),
            ("draws", self.draws, 100, 20_000),
            ("seed", self.seed, 0, 2**31),
            ("digits", self.digits, 0, 3),
            ("event_limit", self.event_limit, 3.0, 50.0),
            ("event_hours", self.event_hours, 2, 24 * 366),
        )
        for name, value, low, high in bounds:
            if not low <= value <= high:
                raise ConfigError(
                    "out of range", code="baseline.out_of_range", slots={"low": low, "high": high}, offender=name,
                    value=value, remedy=f"{low} to {high}",
                )  # fmt: skip
        self.settings()

    @property
    def step_ns(self) -> int:
        """Length of an interval."""
        return _STEP_NS[self.step]

    @property
    def event_rows(self) -> int:
        """Least intervals of a non-routine event."""
        return max(7 if self.step == "day" else 2, self.event_hours * HOUR_NS // self.step_ns)

    def settings(self) -> Settings:
        """What screening starts from."""
        first = self.drivers[0].name
        return Settings(driver=first, splits=self.splits, rows_min=self.rows_min, least=self.least)

    def limits(self) -> Limits:
        """Limits of the inspection."""
        return Limits(days_min=self.days_min)

    def to_data(self) -> dict[str, Any]:
        """Plain data, the inverse of `spec_from_data`."""
        return {**asdict(self), "energy": list(self.energy), "drivers": [asdict(each) for each in self.drivers],
                "splits": list(self.splits)}  # fmt: skip


def spec_from_data(data: Mapping[str, Any]) -> BaselineSpec:
    """The spec of plain data; ConfigError names what is unknown or out of range."""
    known = {each.name for each in BaselineSpec.__dataclass_fields__.values()}
    strange = sorted(set(data) - known)
    if strange:
        raise ConfigError(
            "unknown setting", code="baseline.unknown_setting", slots={"known": sorted(known)}, offender="spec",
            value=strange, remedy=f"of {sorted(known)}",
        )  # fmt: skip
    rest = {key: value for key, value in data.items() if key not in ("energy", "drivers", "splits")}
    more: dict[str, Any] = {"splits": tuple(data["splits"])} if "splits" in data else {}
    drivers = tuple(Driver(**cast("dict[str, Any]", each)) for each in data.get("drivers", ()))
    return BaselineSpec(energy=tuple(data.get("energy", ())), drivers=drivers, **more, **rest)
