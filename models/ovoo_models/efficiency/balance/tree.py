"""Trees of meters of one carrier: who feeds whom, in which unit and class, and which meters are missing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from ovoo_contract.errors import ConfigError, ConfigErrors, UnitError
from ovoo_contract.units import conversion, unit

__all__ = ["Carrier", "Meter", "MeterTree"]

Carrier = Literal["electricity", "steam", "water", "air"]
_SQRT_3 = math.sqrt(3.0)


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter, or with `measured=False` a place where one is missing.

    parent: the meter upstream of it; None at a root. direction: `use` leaves the parent's node, `feed` brings in beside
    the parent (a generator behind the meter, returned condensate). class_percent: greatest error in % of the reading,
    > 0; floor: standard uncertainty that remains at a reading of 0, in the meter's unit.
    """

    name: str
    carrier: Carrier
    unit: str
    class_percent: float
    parent: str | None = None
    direction: Literal["use", "feed"] = "use"
    measured: bool = True
    floor: float = 0.0

    def sigma(self, reading: float) -> float:
        """Standard uncertainty of a reading: the class as a rectangle (GUM 4.3.7) and the floor, root of squares."""
        return math.hypot(self.class_percent / 100.0 * abs(reading) / _SQRT_3, self.floor)


@dataclass(frozen=True, slots=True)
class MeterTree:
    """Meters that hang together, of one or several roots; raises ConfigErrors that name what is wrong.

    A node stands behind each meter that has others under it: what it reads, with what feeds in, is what they use.
    """

    meters: tuple[Meter, ...]
    _by_name: dict[str, Meter] = field(init=False, repr=False, compare=False)
    _children: dict[str, tuple[Meter, ...]] = field(init=False, repr=False, compare=False)
    _factor: dict[str, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {each.name: each for each in self.meters}
        found = [*_meter_faults(self.meters), *_parent_faults(self.meters, by_name)]
        if not found:
            found.extend(_unit_faults(self.meters, by_name))
        if found:
            raise ConfigErrors(found)
        children: dict[str, list[Meter]] = {}
        for each in self.meters:
            if each.parent is not None:
                children.setdefault(each.parent, []).append(each)
        object.__setattr__(self, "_by_name", by_name)
        object.__setattr__(self, "_children", {name: tuple(each) for name, each in children.items()})
        factors = {each.name: conversion(each.unit, _root(each, by_name).unit)[0] for each in self.meters}
        object.__setattr__(self, "_factor", factors)

    def meter(self, name: str) -> Meter:
        """The meter of a name; ConfigError where there is none."""
        found = self._by_name.get(name)
        if found is None:
            raise ConfigError(
                "no such meter", code="balance.no_such_meter", offender=name, remedy="name a meter of the tree"
            )
        return found

    @property
    def nodes(self) -> tuple[str, ...]:
        """The meters with others under them, in the order given."""
        return tuple(each.name for each in self.meters if each.name in self._children)

    def under(self, name: str) -> tuple[Meter, ...]:
        """The meters directly under one; none under a leaf."""
        return self._children.get(name, ())

    def unit_of(self, name: str) -> str:
        """The unit in which its tree is balanced: that of its root."""
        return _root(self.meter(name), self._by_name).unit

    def factor(self, name: str) -> float:
        """From the meter's unit to that of its root."""
        return self._factor[name]

    def sigma(self, name: str, reading: float) -> float:
        """Standard uncertainty of a reading in the root's unit."""
        factor = self._factor[name]
        return self._by_name[name].sigma(reading / factor) * factor

    def read(self, readings: Mapping[str, float]) -> dict[str, float]:
        """Readings of one period in the units of the roots; absent, NaN and unmeasured ones are left out.

        ConfigErrors name unknown meters, negative flows (a meter wired the wrong way round) and infinite ones.
        """
        faults, found = [], {}
        for name, value in readings.items():
            meter = self._by_name.get(name)
            if meter is None:
                faults.append(
                    ConfigError(
                        "no such meter", code="balance.no_such_meter", offender=name, remedy="name a meter of the tree"
                    )
                )
            elif value < 0.0 or math.isinf(value):
                faults.append(
                    ConfigError(
                        "a flow cannot be", code="balance.flow_cannot_be", offender=name, value=value,
                        remedy="0 or more: check the direction of the meter, or name it `feed`",
                    )
                )  # fmt: skip
            elif meter.measured and not math.isnan(value):
                found[name] = value * self._factor[name]
        if faults:
            raise ConfigErrors(faults)
        return found


def _root(meter: Meter, by_name: Mapping[str, Meter]) -> Meter:
    while meter.parent is not None:
        meter = by_name[meter.parent]
    return meter


def _meter_faults(meters: tuple[Meter, ...]) -> Iterator[ConfigError]:
    if not meters:
        yield ConfigError("there is no meter", code="balance.no_meter", offender="tree.meters", value=0)
    for name, count in Counter(each.name for each in meters).items():
        if count > 1:
            parents = {each.parent for each in meters if each.name == name}
            remedy = "list it once, under the meter that feeds it"
            if len(parents) > 1:
                yield ConfigError(
                    "a meter has two parents", code="balance.two_parents", offender=name, value=count, remedy=remedy
                )
            else:
                yield ConfigError(
                    "a meter is listed twice", code="balance.meter_listed_twice", offender=name, value=count,
                    remedy=remedy,
                )  # fmt: skip
    for each in meters:
        if each.carrier not in get_args(Carrier):
            yield ConfigError(
                "no such carrier", code="balance.no_such_carrier", slots={"known": get_args(Carrier)},
                offender=each.name, value=each.carrier, remedy=f"{get_args(Carrier)}",
            )  # fmt: skip
        if not 0.0 < each.class_percent <= 100.0:
            yield ConfigError(
                "no such class", code="balance.no_such_class", offender=each.name, value=each.class_percent,
                remedy="0 to 100 %",
            )  # fmt: skip
        if not 0.0 <= each.floor < math.inf:
            yield ConfigError(
                "floor cannot be", code="balance.floor_cannot_be", offender=each.name, value=each.floor,
                remedy="0 or more",
            )  # fmt: skip


def _parent_faults(meters: tuple[Meter, ...], by_name: Mapping[str, Meter]) -> Iterator[ConfigError]:
    for each in meters:
        if each.parent is not None and each.parent not in by_name:
            yield ConfigError(
                "the parent is missing", code="balance.parent_missing", offender=each.name, value=each.parent,
                remedy="list it too",
            )  # fmt: skip
        if each.parent is None and each.direction == "feed":
            yield ConfigError(
                "a root feeds nothing", code="balance.root_feeds_nothing", offender=each.name, value="feed",
                remedy="give it a parent",
            )  # fmt: skip
    for each in meters:
        seen = [each.name]
        at = each
        while at.parent is not None and at.parent in by_name and at.parent not in seen:
            at = by_name[at.parent]
            seen.append(at.name)
        if at.parent == each.name and each.name == min(seen):
            yield ConfigError(
                "meters feed each other in a loop", code="balance.meters_feed_each_other_in_loop", offender=each.name,
                value=seen, remedy="one of them is a root",
            )  # fmt: skip


def _unit_faults(meters: tuple[Meter, ...], by_name: Mapping[str, Meter]) -> Iterator[ConfigError]:
    looped = {each.name for each in meters if _in_loop(each, by_name)}
    for each in meters:
        if each.name in looped:
            continue
        root = _root(each, by_name)
        try:
            known = unit(each.unit)
            other = unit(root.unit)
        except UnitError as error:
            yield ConfigError(
                "unknown unit", code="balance.unknown_unit", offender=each.name, value=error.value, remedy=error.remedy
            )
            continue
        if known.dimension != other.dimension:
            yield ConfigError(
                f"units of {known.dimension} and of {other.dimension} in one tree", code="balance.units_differ",
                slots={"dimension": known.dimension, "other": other.dimension, "unit": root.unit, "name": root.name},
                offender=each.name, value=each.unit, remedy=f"convert to {root.unit}, as {root.name} is in",
            )  # fmt: skip
        if each.carrier != root.carrier:
            yield ConfigError(
                "another carrier than its tree", code="balance.another_carrier_than_its_tree",
                slots={"carrier": root.carrier}, offender=each.name, value=each.carrier, remedy=f"{root.carrier}",
            )  # fmt: skip


def _in_loop(meter: Meter, by_name: Mapping[str, Meter]) -> bool:
    seen = {meter.name}
    while meter.parent is not None:
        if meter.parent in seen:
            return True
        seen.add(meter.parent)
        meter = by_name[meter.parent]
    return False
