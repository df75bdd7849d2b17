"""The form that defines a baseline: as many energy signals and drivers as it needs, rows added and taken out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ovoo_contract.errors import QueryError

__all__ = ["MOST_DRIVERS", "MOST_ENERGY", "BaselineForm", "DriverRow", "changed", "form_of", "spec_data"]

MOST_ENERGY: Final = 20
MOST_DRIVERS: Final = 12


@dataclass(frozen=True, slots=True)
class DriverRow:
    """One driver as it stands in the form; an empty address is a row not filled in."""

    address: str = ""
    role: str = "production"
    take: str = "mean"
    sign: str = "0"


@dataclass(frozen=True, slots=True)
class BaselineForm:
    """What stands in the form; `energy` and `drivers` have a row each, filled in or not."""

    name: str = ""
    asset: str = ""
    start: str = ""
    end: str = ""
    step: str = "day"
    days_min: str = "60"
    energy: tuple[str, ...] = ("",)
    drivers: tuple[DriverRow, ...] = (DriverRow(), DriverRow(role="temperature"))


def form_of(sent: Mapping[str, Sequence[str]]) -> BaselineForm:
    """The form as it was sent; fields by name, each with its values in order.

    Raises:
        QueryError: a row of a driver lacks a field, or there are more rows than a baseline may have.
    """
    columns = [list(sent.get(name, ())) for name in ("driver", "role", "take", "sign")]
    if len({len(each) for each in columns}) != 1:
        lengths = ", ".join(str(len(each)) for each in columns)
        raise QueryError(
            "a driver without all its fields", code="baseline.driver_without_all_its_fields", offender="driver",
            value=lengths, remedy="send whole rows",
        )  # fmt: skip
    energy = tuple(sent.get("energy", ())) or ("",)
    if len(energy) > MOST_ENERGY or len(columns[0]) > MOST_DRIVERS:
        value = f"{len(energy)} and {len(columns[0])}"
        remedy = f"at most {MOST_ENERGY} energy signals and {MOST_DRIVERS} drivers"
        raise QueryError(
            "too many rows", code="baseline.too_many_rows", offender="energy, driver", value=value, remedy=remedy,
            slots={"energy": MOST_ENERGY, "drivers": MOST_DRIVERS},
        )  # fmt: skip
    drivers = tuple(DriverRow(*row) for row in zip(*columns, strict=True)) or (DriverRow(),)
    plain = {name: sent[name][0] for name in ("name", "asset", "start", "end", "step", "days_min") if sent.get(name)}
    return BaselineForm(**plain, energy=energy, drivers=drivers)


def changed(form: BaselineForm, change: str) -> BaselineForm:
    """The form with a row more (`energy+`, `driver+`) or without one (`energy-2`, `driver-1`; rows count from 1).

    The last row of a kind stays.
    """
    what, more, number = change.partition("+")
    if not more:
        what, _, number = change.partition("-")
    rows: tuple[Any, ...] = form.energy if what == "energy" else form.drivers
    most = MOST_ENERGY if what == "energy" else MOST_DRIVERS
    if what not in ("energy", "driver") or (not more and not (number.isdigit() and 1 <= int(number) <= len(rows))):
        raise QueryError(
            "no such change", code="baseline.no_such_change_of_its_form", offender="change", value=change,
            remedy="energy+, driver+, energy-1, driver-1",
        )  # fmt: skip
    if more:
        rows = (*rows, "" if what == "energy" else DriverRow())[:most]
    elif len(rows) > 1:
        rows = (*rows[: int(number) - 1], *rows[int(number) :])
    return replace(form, energy=rows) if what == "energy" else replace(form, drivers=rows)


def spec_data(form: BaselineForm) -> dict[str, Any]:
    """The spec that the filled rows say; drivers are named by machine and signal, by their whole path where two share.

    Raises:
        QueryError: a field that is no number.
    """
    chosen = [each for each in form.drivers if each.address]
    names = Counter(_short(each.address) for each in chosen)
    drivers = [
        {
            "name": _short(each.address) if names[_short(each.address)] == 1 else each.address.split("/", 2)[-1],
            "address": each.address,
            "role": each.role,
            "take": each.take,
            "sign": _whole(each.sign, "sign"),
        }
        for each in chosen
    ]
    energy = [each for each in form.energy if each]
    return {"energy": energy, "drivers": drivers, "step": form.step, "days_min": _whole(form.days_min, "days_min")}


def _short(address: str) -> str:
    return " ".join(address.rsplit("/", 2)[-2:])


def _whole(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise QueryError(
            "not a whole number", code="baseline.not_whole_number", offender=name, value=text, remedy="such as 60"
        ) from error
