"""The form of a site's meter tree: rows to fill in, what was filled in, and what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ovoo_contract.errors import ConfigError, ConfigErrors, UnitError

from ovoo_cloud.catalogue.energy_tables import MeterTreeRecord
from ovoo_cloud.catalogue.tables import AssetRecord, SignalRecord
from ovoo_cloud.energy.amounts import amount_rule

__all__ = ["RowFault", "document_rows", "faults_of", "form_rows", "offered_rows", "offered_signals"]

_BLANK_ROWS: Final = 2
_MOST_ROWS: Final = 202
_ROW: Final = re.compile(r"row (\d+) \((.*)\)|row (\d+)")
_KEYS: Final = {
    "amounts.no_amount": "unit",
    "balance.another_carrier_than_its_tree": "carrier",
    "balance.meter_listed_twice": "twice",
    "balance.meters_feed_each_other_in_loop": "loop",
    "balance.no_such_class": "class",
    "balance.parent_missing": "parent",
    "balance.root_feeds_nothing": "root_feeds",
    "balance.two_parents": "twice",
    "meters.another_carrier_than_its_tree": "carrier",
    "meters.no_such_carrier": "carrier_unknown",
    "meters.no_such_class": "class",
    "meters.no_such_direction": "direction",
    "meters.not_document": "json",
    "meters.not_meter": "row",
    "meters.not_name": "name",
    "meters.not_signal": "no_signal",
    "meters.not_text": "text",
    "meters.not_yes_or_no": "text",
    "meters.signal_without_measuring": "idle_signal",
    "meters.site_has_no_such_signal": "signal",
    "meters.there_no_meter": "empty",
    "meters.too_many_meters": "many",
    "meters.tree_needs_its_document": "document",
    "meters.two_meters_of_one_signal": "signal_twice",
    "meters.unknown_key": "key",
}
"""The code of a fault -> the text of this form."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """One fault: row from 1 on (0: the whole tree), the meter's name, a key of the texts and the value at fault."""

    row: int
    name: str
    key: str
    value: str


def faults_of(error: ConfigError) -> list[RowFault]:
    """Every fault in the order found."""
    return [_fault(each) for each in (error.errors if isinstance(error, ConfigErrors) else [error])]


def _fault(error: ConfigError) -> RowFault:
    found = _ROW.fullmatch(str(error.offender))
    row = int(found[1] or found[3]) if found else 0
    key = _KEYS.get(error.code, "other")
    value = "" if error.value is None else str(error.value)[:80]
    return RowFault(row, (found[2] or "") if found else "", key, value)


def offered_signals(rows: Sequence[SignalRecord]) -> list[str]:
    """Signals that count an amount of some carrier, as area/line/asset/signal."""
    return [row.address.split("/", 2)[2] for row in rows if row.measurement == "telemetry" and _counts(row)]


def _counts(row: SignalRecord) -> bool:
    for carrier in ("electricity", "steam", "water"):  # air is counted like water
        try:
            amount_rule(row, carrier)
        except UnitError:
            continue
        return True
    return False


def offered_rows(
    tree: MeterTreeRecord | None, assets: Sequence[AssetRecord], rows: Sequence[SignalRecord]
) -> list[dict[str, Any]]:
    """The tree's meters, then the machines with a power signal that it lacks, then blank rows.

    Without a tree everything is offered, the site's meter as the root; classes are for people to fill in.
    """
    given = [{**each, "use": True} for each in (tree.content["meters"] if tree else [])]
    known = {each["signal"].rpartition("/")[0] for each in given if each["signal"]}
    offered = [] if tree is None else given
    machines = sorted(assets, key=lambda each: (each.template != "site_meter", each.path))
    names = {each["name"] for each in given}
    root = next((each["name"] for each in given if not each["parent"]), "")
    for asset in machines:
        place = asset.path.split("/", 2)[2]
        signal = _signal(asset, rows)
        if place in known or signal is None:
            continue
        name = _free(asset.path, names)
        offered.append(_row(name, asset, f"{place}/{signal}", root, use=tree is None))
        if not root and asset.template == "site_meter":
            root = name
    return offered + [_blank() for _ in range(_BLANK_ROWS)]


def _signal(asset: AssetRecord, rows: Sequence[SignalRecord]) -> str | None:
    """The counter of a meter, the power of a machine."""
    names = {row.name for row in rows if row.asset == asset.path and row.measurement == "telemetry" and _counts(row)}
    return next((name for name in ("energy", "power") if name in names), None)


def _free(path: str, names: set[str]) -> str:
    parts = path.split("/")
    name = next(each for each in (parts[-1], "-".join(parts[2:])[:63]) if each not in names or each != parts[-1])
    names.add(name)
    return name


def _row(name: str, asset: AssetRecord, signal: str, parent: str, *, use: bool) -> dict[str, Any]:
    return {
        "use": use, "name": name, "name_zh": asset.name_zh, "name_en": asset.name_en, "signal": signal,
        "carrier": "electricity", "class_percent": None, "parent": parent or None, "direction": "use", "measured": True,
    }  # fmt: skip


def _blank() -> dict[str, Any]:
    return {
        "use": False, "name": "", "name_zh": "", "name_en": "", "signal": "", "carrier": "electricity",
        "class_percent": None, "parent": None, "direction": "use", "measured": True,
    }  # fmt: skip


def form_rows(form: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a sent form; `use` says which are meant. A meter without a signal is one that is missing."""
    rows = []
    for n in range(_MOST_ROWS):
        if f"name-{n}" not in form:
            break
        text = {key: str(form.get(f"{key}-{n}", "")).strip() for key in _blank()}
        rows.append(
            {
                **{key: text[key] for key in ("name", "name_zh", "name_en", "signal", "carrier", "direction")},
                "use": text["use"] == "yes",
                "parent": text["parent"] or None,
                "measured": bool(text["signal"]),
                "class_percent": _number(text["class_percent"]),
            }
        )
    return rows


def _number(text: str) -> float | str | None:
    """What was written as a number; other text stays text and is refused by name."""
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return text


def document_rows(content: bytes) -> tuple[str, object]:
    """Document and meters of an uploaded JSON file.

    Raises:
        ConfigErrors: not JSON, or not an object with `document` and `meters`.
    """
    try:
        found = json.loads(content.decode("utf-8-sig"))
        json.dumps(found, ensure_ascii=False).encode()  # half a character, which JSON can escape, is no text to keep
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ConfigErrors(
            [ConfigError("not a document", code="meters.not_document", offender="file", value=str(error)[:80])]
        ) from error
    if not isinstance(found, dict) or not isinstance(found.get("document", ""), str):
        raise ConfigErrors(
            [ConfigError("not a document", code="meters.not_document", offender="file", value=type(found).__name__)]
        )
    return found.get("document", ""), found.get("meters")
