"""Mistakes at the fields they are about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_models.reasons import Told

from ovoo_cloud.console.intake.fields import Group, key_of
from ovoo_cloud.console.intake.sheets import Sheet, Slip, input_name
from ovoo_cloud.console.language import Words

__all__ = ["Fault", "Faults", "placed"]

_STEP: Final = re.compile(r"\.(?=[^.\[\]]*$)|\[\d+\]$")


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake: its code and its sentences; the value at fault stands in the field."""

    code: str
    told: Told


Faults = Mapping[str, Sequence[Fault]]
"""By the input, row or group they belong to; `""` belongs to the whole part."""


def placed(
    errors: Iterable[ConfigError], slips: Iterable[Slip], groups: Sequence[Group], sheet: Sheet, words: Words
) -> Faults:
    """Every mistake at the nearest place that the form shows."""
    shown = _places(groups, sheet)
    found: dict[str, list[Fault]] = {}
    for slip in slips:
        error = ConfigError(slip.code, code=slip.code, slots=slip.slots)
        found.setdefault(_nearest(slip.place, shown), []).append(_fault(error, words))
    for each in _flat(errors):
        path = str(each.offender).rpartition(" ")[2]
        found.setdefault(_nearest(path, shown), []).append(_fault(each, words))
    return found


def _flat(errors: Iterable[ConfigError]) -> Iterable[ConfigError]:
    for each in errors:
        yield from each.errors if isinstance(each, ConfigErrors) else (each,)


def _fault(error: ConfigError, words: Words) -> Fault:
    return Fault(error.code, words.error(error))


def _places(groups: Sequence[Group], sheet: Sheet) -> dict[str, str]:
    """Path of a mistake -> the place on the page; a row is called by its number and by its key."""
    found = {each: each for each in ("", "file", "text", *sheet.rest)}
    for group in groups:
        if group.shape == "one":
            found[group.path] = group.path
            names = {each.name: input_name(group, 0, each.name) for each in group.fields}
            found |= {f"{group.path}.{name}".lstrip("."): place for name, place in names.items()}
            continue
        found[group.path] = group.path
        for number, row in enumerate(sheet.rows.get(group.path, ())):
            place = f"{group.path}[{number}]"
            for called in (place, f"{group.path}.{key_of(group, row, number)}"):
                found.setdefault(called, place)
                for each in group.fields:
                    found.setdefault(f"{called}.{each.name}", f"{place}.{each.name}")
    return found


def _nearest(path: str, shown: Mapping[str, str]) -> str:
    """The place of a path, else of what holds it.

    >>> _nearest("products[0].name.zh", {"": "", "products[0].name": "products[0].name"})
    'products[0].name'
    """
    while path not in shown:
        shorter = _STEP.split(path, maxsplit=1)[0] if _STEP.search(path) else ""
        path = shorter if shorter != path else ""
    return shown[path]
