"""Which columns of an export are used, and for what; where several could be meant the person decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.errors import ConfigError

from ovoo_models.efficiency.readings.headers import Heading, heading_of, quantity_of
from ovoo_models.efficiency.readings.options import ReadingOptions
from ovoo_models.efficiency.readings.problem import ProblemLog
from ovoo_models.efficiency.readings.table import Table

__all__ = ["Layout", "layout_of"]

_VALUES = ("energy", "power", "register")


@dataclass(frozen=True, slots=True)
class Layout:
    """`times`: one column, or those of date and clock; `label`: which end of the interval they name, or empty.

    `kind` is energy, power or register; `factor` leads to kWh or kW. `drivers` are the other columns of numbers.
    """

    times: tuple[Heading, ...]
    label: str
    value: Heading
    kind: str
    factor: float
    phases: tuple[Heading, ...]
    reverse: Heading | None
    beside: Heading | None
    drivers: tuple[Heading, ...]
    multiplier: Heading | None
    meter: Heading | None


def layout_of(table: Table, options: ReadingOptions, log: ProblemLog) -> Layout:
    """The use of each column.

    Raises:
        Refused: no time, no value, several that could be meant, or a name and a unit that contradict each other.
        ConfigError: an option names a column that is not there.
    """
    headings = [heading_of(place, name) for place, name in enumerate(table.header)]
    times, label = _times(headings, table, options, log)
    rest = [each for each in headings if each not in times]
    value = _value(rest, options, log)
    kind, factor = _kind(value, options, log)
    used = {each.place for each in (*times, value)}
    same = [each for each in rest if each.role in ("power", "demand") and each.quantity == "power" and each != value]
    return Layout(
        times, label, value, kind, factor,
        phases=tuple(each for each in rest if each.role == "phase" and each != value),
        reverse=_first(rest, "reverse", value),
        beside=same[0] if kind == "energy" and len(same) == 1 else None,
        drivers=tuple(each for each in headings if each.place not in used),
        multiplier=_first(rest, "multiplier", value),
        meter=_first(rest, "meter", value),
    )  # fmt: skip


def _first(headings: Sequence[Heading], role: str, value: Heading) -> Heading | None:
    return next((each for each in headings if each.role == role and each != value), None)


def _times(
    headings: Sequence[Heading], table: Table, options: ReadingOptions, log: ProblemLog
) -> tuple[tuple[Heading, ...], str]:
    if options.time:
        return (_named(headings, options.time, "time"),), ""
    roles: dict[str, Heading] = {}
    for each in headings:
        roles.setdefault(each.role, each)
    if "start" in roles:
        return (roles["start"],), "start"
    if "end" in roles:
        return (roles["end"],), "end"
    clock = roles.get("clock") or (roles.get("time") if "date" in roles else None)
    if "date" in roles and clock is not None and not _whole(table, clock):
        return (roles["date"], clock), ""
    found = roles.get("time") or roles.get("date")
    if found is None:
        raise log.refuse("column.no_time", value=", ".join(table.header))
    return (found,), ""


def _whole(table: Table, clock: Heading) -> bool:
    """Whether the cells of a column called time hold the date as well."""
    first = next((row[clock.place] for row in table.rows if row[clock.place]), "")
    return any(sign in first for sign in "-/年") or len(first) >= 10


def _named(headings: Sequence[Heading], name: str, option: str) -> Heading:
    bare = name.strip().lower()
    for each in headings:
        if each.name.lower() == bare or f"#{each.place + 1}" == bare:
            return each
    known = ", ".join(each.name for each in headings)
    raise ConfigError(
        "no such column", code="readings.no_such_column", slots={"known": known}, offender=f"--{option}", value=name,
        remedy=f"one of: {known}",
    )  # fmt: skip


def _value(headings: Sequence[Heading], options: ReadingOptions, log: ProblemLog) -> Heading:
    if options.column:
        return _named(headings, options.column, "column")
    found = [each for each in headings if each.role in _VALUES and each.quantity in ("energy", "power", "")]
    for role in ("energy", "register", "power"):
        same = [each for each in found if each.role == role]
        if len(totals := [each for each in same if each.total]) == 1:
            same = totals
        if len(same) == 1:
            return same[0]
        if same:
            raise log.refuse("column.several", value=", ".join(each.name for each in same))
    money = [each for each in headings if each.quantity == "money" or each.role == "money"]
    if money:
        raise log.refuse("column.only_money", value=money[0].name)
    raise log.refuse("column.no_value", value=", ".join(each.name for each in headings))


def _kind(value: Heading, options: ReadingOptions, log: ProblemLog) -> tuple[str, float]:
    quantity, factor = quantity_of(options.unit) if options.unit else (value.quantity, value.factor)
    if options.unit and quantity not in ("energy", "power"):
        raise ConfigError(
            "no unit of energy or power", code="readings.no_unit_of_energy_or_power", offender="--unit",
            value=options.unit, remedy="kWh, kW, MWh",
        )  # fmt: skip
    kind = options.kind if options.kind != "auto" else _said(value, quantity, log)
    if quantity == "money":
        raise log.refuse("unit.currency", value=value.name)
    wrong = quantity and quantity != ("power" if kind == "power" else "energy")
    if wrong:
        raise log.refuse("unit.contradiction", value=value.name, kind=kind, unit=options.unit or value.unit)
    if not quantity:
        log.add("unit.assumed", "kept", value=value.name, unit="kW" if kind == "power" else "kWh")
    elif factor != 1.0:
        log.add("unit.scaled", "repaired", value=options.unit or value.unit, factor=f"{factor:g}")
    return kind, factor


def _said(value: Heading, quantity: str, log: ProblemLog) -> str:
    """What the name says; of a name that says neither, what the unit says."""
    if value.role == "register":
        return "register"
    bare = value.name.lower()
    plainly_power = any(word in bare for word in ("功率", "负荷", "power", "load", "demand", "需量"))
    plainly_energy = any(word in bare for word in ("电量", "用电", "电能", "energy", "usage", "consumption"))
    if quantity in ("energy", "power") and not (plainly_power if quantity == "energy" else plainly_energy):
        return quantity
    if plainly_power != plainly_energy:
        return "power" if plainly_power else "energy"
    if quantity in ("energy", "power"):
        return quantity
    raise log.refuse("unit.open", value=value.name)
