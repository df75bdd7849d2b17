"""The prices of a site's contract in the form of a plan of a month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_cloud.catalogue.energy_tables import MarketPrices
from ovoo_cloud.energy_report.bill_terms import prices_hash

__all__ = ["bill_of", "market_of"]

_BASIC: Final = ("contract_kw", "free_share", "over_factor", "floor_kw")


def bill_of(terms: Mapping[str, Any], market: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """`bill` of a plan from the terms kept with a site and its market's prices; None where its energy has no price."""
    charges = [_charge(each) for each in terms.get("energy", ())]
    if not charges and market is None:
        return None
    bill: dict[str, Any] = {"charges": charges, "fictitious": bool(terms.get("fictitious", False))}
    if market is not None:
        bill["market"] = dict(market)
    basic, factor = _basic(terms), terms.get("power_factor")
    if basic is not None:
        bill["basic"] = basic
    if factor is not None:
        steps = [{"from": start, "percent": percent} for start, percent in factor["steps"]]
        bill["power_factor"] = {"document": factor["document"], "target": factor["target"], "steps": steps}
    return bill


def market_of(name: str, rows: Sequence[MarketPrices], window: tuple[int, int]) -> dict[str, Any]:
    """`bill.market` of a plan: the uploaded prices of that name within the window, oldest upload first.

    Raises:
        ConfigError: the uploads differ in step.
    """
    own = sorted((row for row in rows if row.name == name), key=lambda row: row.start_ns)
    uploads = [each for row in own if (each := _clipped(row, window)) is not None]
    steps = sorted({row.step_ns for row in own if _clipped(row, window) is not None}) or [900 * 10**9]
    if len(steps) > 1:
        remedy = "upload the month in one step of time"
        raise ConfigError(
            "uploads of different steps",
            code="report.uploads_of_different_steps",
            offender=f"market {name}",
            value=steps,
            remedy=remedy,
        )
    return {
        "name": name,
        "step_s": str(steps[0] // 10**9),
        "may_be_negative": "true" if any(row.may_be_negative for row in own) else "false",
        "uploads": uploads,
    }


def _clipped(row: MarketPrices, window: tuple[int, int]) -> dict[str, str] | None:
    prices = [str(each) for each in row.prices["yuan_kwh"]]
    first = max(0, (window[0] - row.start_ns) // row.step_ns)
    last = min(len(prices), max(0, -(-(window[1] - row.start_ns) // row.step_ns)))
    if first >= last:
        return None
    return {
        "document": row.document,
        "sha256": prices_hash(prices),
        "start_ns": str(row.start_ns + first * row.step_ns),
        "prices": " ".join(prices[first:last]),
    }


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
