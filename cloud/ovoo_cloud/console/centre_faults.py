"""What is wrong with a row, a file or a step, in the reader's words; what has none is shown as the API says it."""

from __future__ import annotations

import re
from typing import Final

from ovoo_contract.errors import ConfigError

from ovoo_cloud.centre.kinds import Kind
from ovoo_cloud.console.language import Words, catalogue

__all__ = ["fault_key", "fault_place", "fault_words"]

_PLACE: Final = re.compile(r"row (\d+) (\S+) \(([A-Z]+\d+)\)")
_CELLS: Final = re.compile(r"cells ([A-Z]+\d+:[A-Z]+\d+)")
_FIXED: Final = {"id": "centre.id", "version": "centre.version_short", "withdrawn": "centre.withdrawn"}


def fault_key(message: str) -> str:
    """The key of a message; a row number at its end does not count."""
    slug = re.sub(r"[^a-z]+", "_", message.lower()).strip("_")
    return f"centre.fault.{slug}"


def fault_words(fault: ConfigError, w: Words) -> str:
    """The message with what was found, and what to do where that is more than prose."""
    known = catalogue(w.language).get(fault_key(fault.message))
    found = "" if fault.value is None or fault.value == "" else f" ({fault.value})"
    if known is None:
        return f"{fault.message}{found}" + (f": {fault.remedy}" if fault.remedy else "")
    listed = fault.remedy if "," in fault.remedy and fault.value is not None else ""
    return f"{known}{found}" + (f": {listed}" if listed else "")


def fault_place(fault: ConfigError, w: Words, kind: Kind | None = None) -> str:
    """Where it is: row, column in words, cell; or a field in words."""
    found = _PLACE.fullmatch(fault.offender)
    if found is not None:
        return w.t("centre.fault_place", row=found[1], column=_column(found[2], w, kind), cell=found[3])
    merged = _CELLS.fullmatch(fault.offender)
    return merged[1] if merged is not None else _column(fault.offender, w, kind)


def _column(name: str, w: Words, kind: Kind | None) -> str:
    if name in _FIXED:
        return w.t(_FIXED[name])
    fields = () if kind is None else kind.fields
    return next((each.label.of(w.language) for each in fields if each.id == name), name)
