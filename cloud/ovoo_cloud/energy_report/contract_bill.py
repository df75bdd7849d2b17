"""The prices of a site's contract in the form of a plan of a month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["bill_of"]

_BASIC: Final = ("contract_kw", "free_share", "over_factor", "floor_kw")


def bill_of(terms: Mapping[str, Any]) -> dict[str, Any] | None:
    """`bill` of a plan from the terms kept with a site; None where its energy has no price, or a market's.

    A plan holds no series of market prices: a bill without them would be a wrong one.
    """
    charges = [_charge(each) for each in terms.get("energy", ())]
    if not charges or terms.get("market"):
        return None
    bill: dict[str, Any] = {"charges": charges, "fictitious": bool(terms.get("fictitious", False))}
    basic, factor = _basic(terms), terms.get("power_factor")
    if basic is not None:
        bill["basic"] = basic
    if factor is not None:
        steps = [{"from": start, "percent": percent} for start, percent in factor["steps"]]
        bill["power_factor"] = {"document": factor["document"], "target": factor["target"], "steps": steps}
    return bill


def _charge(item: Mapping[str, Any]) -> dict[str, Any]:
    known = {"name": item["name"], "document": item["document"], "adjustable": item.get("adjustable", True)}
    if item.get("bands") is not None:
        return {**known, "form": "band", "prices": dict(item["bands"])}
    form = "ratio" if item.get("ratio") is not None else "flat"
    return {**known, "form": form, "price": item[form]}


def _basic(terms: Mapping[str, Any]) -> dict[str, Any] | None:
    """The charge the site is billed by; with basis `none` there is none, whatever prices are kept."""
    if terms.get("basis") == "demand":
        item = terms["demand"]
        optional = {key: item[key] for key in _BASIC if item.get(key) is not None}
        return {"per": "kW", "price": item["price"], "document": item["document"], **optional}
    if terms.get("basis") == "capacity":
        item = terms["capacity"]
        return {
            "per": "kVA",
            "price": item["price"],
            "document": item["document"],
            "capacity_kva": terms["capacity_kva"],
        }
    return None
