"""The form of a site's contract: text of a person into terms and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.errors import ConfigError
from pydantic import ValidationError

from ovoo_cloud.api.energy_contract import ContractBody

__all__ = ["FIELDS", "fits_form", "form_of", "terms_of"]

FIELDS: Final = (
    "tariff", "document", "price", "kind", "funds", "market", "basis", "demand_price", "contract_kw", "capacity_price",
    "capacity_kva", "held_months", "factor_document", "factor_target", "factor_steps", "target_kw", "shiftable",
    "fictitious",
)  # fmt: skip
_BANDS: Final = ("super_peak", "peak", "flat", "valley", "deep_valley")


def terms_of(form: Mapping[str, str]) -> dict[str, Any]:
    """The terms that a form says; lines of its text areas hold one item each, its parts divided by `;`.

    Raises:
        ConfigError: a field or line that cannot be read.
    """
    text = {name: form.get(name, "").strip() for name in FIELDS}
    document = text["document"]
    terms: dict[str, Any] = {"tariff": text["tariff"], "market": text["market"], "basis": text["basis"] or "none"}
    terms["energy"] = [*_energy(text), *(_fund(parts, document) for parts in _lines(text["funds"], (2,), "funds"))]
    if text["demand_price"]:
        demand = {"price": text["demand_price"], "document": document, "contract_kw": text["contract_kw"] or None}
        terms["demand"] = demand
    if text["capacity_price"]:
        terms["capacity"] = {"price": text["capacity_price"], "document": document}
    terms["capacity_kva"] = text["capacity_kva"] or None
    terms["held_months"] = text["held_months"] or 1
    terms["target_kw"] = text["target_kw"] or None
    if text["factor_steps"]:
        steps = [tuple(parts) for parts in _lines(text["factor_steps"], (2,), "factor_steps")]
        terms["power_factor"] = {
            "document": text["factor_document"] or document, "target": text["factor_target"], "steps": steps
        }  # fmt: skip
    terms["shiftable"] = [_machine(parts) for parts in _lines(text["shiftable"], (4, 5), "shiftable")]
    terms["fictitious"] = bool(text["fictitious"])
    try:
        return ContractBody.model_validate(terms).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        value = str(first.get("input"))[:80]
        raise ConfigError(
            first["msg"],
            code="contract.field_refused",
            offender=place,
            value=value,
            remedy="see the notes beside the form",
        ) from error


def form_of(terms: Mapping[str, Any] | None) -> dict[str, str]:
    """The form that says these terms; empty fields where nothing is known."""
    known: dict[str, str] = dict.fromkeys(FIELDS, "")
    if terms is None:
        return known
    terms = ContractBody.model_validate(terms).model_dump(mode="json")  # with what was left out
    own = [each for each in terms["energy"] if each["adjustable"]]
    funds = [each for each in terms["energy"] if not each["adjustable"]]
    demand, capacity, factor = terms["demand"] or {}, terms["capacity"] or {}, terms["power_factor"] or {}
    price, kind = _price(own[0]) if own else ("", "ratio")
    known |= {
        "tariff": terms["tariff"],
        "document": own[0]["document"] if own else demand.get("document", ""),
        "price": price,
        "kind": kind,
        "funds": "\n".join(f"{each['name']}; {each['flat'] or ''}" for each in funds),
        "market": terms["market"],
        "basis": terms["basis"],
        "demand_price": demand.get("price", ""),
        "contract_kw": demand.get("contract_kw") or "",
        "capacity_price": capacity.get("price", ""),
        "capacity_kva": terms["capacity_kva"] or "",
        "held_months": str(terms["held_months"]),
        "factor_document": factor.get("document", ""),
        "factor_target": factor.get("target", ""),
        "factor_steps": "\n".join(f"{start}; {percent}" for start, percent in factor.get("steps", ())),
        "target_kw": "" if terms["target_kw"] is None else f"{terms['target_kw']:g}",
        "shiftable": "\n".join(_machine_line(each) for each in terms["shiftable"]),
        "fictitious": "on" if terms["fictitious"] else "",
    }
    return known


def fits_form(terms: Mapping[str, Any] | None) -> bool:
    """Whether the form can say all of these terms; what came through the API may say more than it."""
    if terms is None:
        return True
    return terms_of(form_of(terms)) == ContractBody.model_validate(terms).model_dump(mode="json")


def _energy(text: Mapping[str, str]) -> list[dict[str, Any]]:
    """The energy itself: one price for the flat band, one for all hours, or one a band (`peak=0.7, flat=0.4`)."""
    price = text["price"]
    if not price:
        return []
    item: dict[str, Any] = {"name": "energy", "document": text["document"]}
    if "=" not in price:
        return [{**item, "flat" if text["kind"] == "flat" else "ratio": price}]
    bands = dict(_pair(part) for part in price.replace("，", ",").split(","))
    return [{**item, "bands": bands}]


def _pair(part: str) -> tuple[str, str]:
    name, _, price = part.partition("=")
    if name.strip() not in _BANDS:
        raise ConfigError(
            "no such band", code="contract.no_such_band", slots={"known": ", ".join(_BANDS)}, offender="price",
            value=part, remedy=f"one of {', '.join(_BANDS)}",
        )  # fmt: skip
    return name.strip(), price.strip()


def _fund(parts: Sequence[str], document: str) -> dict[str, Any]:
    return {"name": parts[0], "flat": parts[1], "document": document, "adjustable": False}


def _machine(parts: Sequence[str]) -> dict[str, Any]:
    asset, rated, hours, *share, document = parts
    machine = {"asset": asset, "rated_kw": rated, "hours": _hours(hours), "document": document}
    return {**machine, "share": share[0]} if share else machine


def _hours(text: str) -> list[int] | None:
    """`0-7, 22` as hours; nothing or `*` allows all."""
    if text in ("", "*"):
        return None
    found: list[int] = []
    for part in text.replace("，", ",").split(","):
        low, _, high = part.strip().partition("-")
        if not low.isdigit() or not (high or low).isdigit() or not int(low) <= int(high or low) <= 23:
            raise ConfigError(
                "not hours of a day", code="contract.not_hours_of_day", offender="shiftable", value=part,
                remedy="0-7, 22",
            )  # fmt: skip
        found += range(int(low), int(high or low) + 1)
    return found


def _lines(text: str, parts: tuple[int, ...], name: str) -> list[list[str]]:
    rows = [[part.strip() for part in line.replace("；", ";").split(";")] for line in text.splitlines() if line.strip()]
    for row in rows:
        if len(row) not in parts:
            remedy = f"{' or '.join(map(str, parts))} parts divided by ;"
            raise ConfigError(
                "a line cannot be read", code="contract.line_cannot_be_read",
                slots={"parts": "/".join(map(str, parts))}, offender=name, value="; ".join(row)[:80], remedy=remedy,
            )  # fmt: skip
    return rows


def _price(item: Mapping[str, Any]) -> tuple[str, str]:
    if item["bands"] is not None:
        return ", ".join(f"{band}={price}" for band, price in item["bands"].items()), "bands"
    return (item["ratio"], "ratio") if item["ratio"] is not None else (item["flat"], "flat")


def _machine_line(item: Mapping[str, Any]) -> str:
    hours = "*" if item["hours"] is None else ", ".join(str(hour) for hour in item["hours"])
    share = "" if item.get("share", 1.0) == 1.0 else f"{item['share']:g}; "
    return f"{item['asset']}; {item['rated_kw']:g}; {hours}; {share}{item['document']}"
