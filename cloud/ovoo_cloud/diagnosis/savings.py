"""All savings together: what a year takes today, what is left after each action, and what an action pays back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.case_plan import Step
from ovoo_cloud.diagnosis.energy import EnergyResult
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input, constant

__all__ = ["savings_section"]

_HIGH = ("super_peak", "peak")
_LOW = ("deep_valley", "valley")


def savings_section(
    case: Case, rows: Sequence[dict[str, Any]], book: FigureBook, energy: EnergyResult
) -> dict[str, Any]:
    """Figures `saving.*` and `cost.action.*` into the book; `payback` of a row becomes `figure` where one is known.

    Returns:
        `steps`: the actions in order with what is left after each; `shared`: machines that two of them count on.
    """
    days = constant(energy.days.value or "1", energy.days.id)
    today = book.derived("saving.today", "per_year/1", [book["energy.kwh"], days], unit="kWh/a", digits=0)
    left, steps = today, []
    counted = [row for row in rows if not row["reason"] and not row["shift_only"]]
    for row in counted:
        saved = book[f"action.{row['kind']}.kwh"]
        left = book.derived(f"saving.after.{row['kind']}", "difference/1", [left, saved], unit="kWh/a", digits=0)
        steps.append({"kind": row["kind"], "figure": saved.id, "after": left.id})
    parts = [book[f"action.{row['kind']}.kwh"] for row in counted]
    total = book.derived("saving.total", "sum/1", parts, unit="kWh/a", digits=0, reason="" if parts else "no_saving")
    known = today.interval()
    inputs = [total, today] if parts and known is not None and known[0] > 0 else []
    book.derived("saving.percent", "percent/1", inputs, unit="%", digits=1, reason=today.reason)
    _paybacks(case, rows, book)
    machines = [machine for row in counted for machine in row["machines"]]
    return {"steps": steps, "shared": sorted({each for each in machines if machines.count(each) > 1})}


def _paybacks(case: Case, rows: Sequence[dict[str, Any]], book: FigureBook) -> None:
    planned = {step.action: step for step in case.plan}
    prices = _prices(case, book)
    for row in rows:
        step = planned.get(row["kind"])
        if row["reason"] or step is None or step.low is None or step.high is None:
            continue
        budget = _budget(row["kind"], step, book)
        price = prices.get("shift" if row["shift_only"] else "mean")
        if price is None:
            continue
        saved: list[Figure | Input] = [book[f"action.{row['kind']}.kwh"], price]
        money = book.derived(f"cost.action.{row['kind']}.saved", "product/1", saved, unit="yuan/a", digits=0)
        ends = money.interval()
        inputs: list[Figure | Input] = [budget, money] if ends is not None and ends[0] > 0 else []
        name = f"cost.action.{row['kind']}.payback"
        found = book.derived(name, "ratio/1", inputs, unit="a", digits=1, reason="" if inputs else "no_saving")
        if found.interval() is not None:
            row["payback"] = "figure"


def _budget(kind: str, step: Step, book: FigureBook) -> Figure:
    bounds = None if step.low is None or step.high is None else (step.low, step.high)
    return book.base(f"cost.action.{kind}.budget", None, bounds=bounds, unit="yuan", digits=0, cls=step.cls)


def _prices(case: Case, book: FigureBook) -> dict[str, Figure]:
    """Mean price of the window's electricity, and what a kWh gains that moves from the dearest to the cheapest band."""
    tariff = case.energy.tariff
    if tariff is None or "cost.total" not in book.figures:
        return {}
    found: dict[str, Figure] = {}
    whole = book["energy.band_total"].interval()
    if whole is not None and whole[0] > 0:
        inputs = [book["cost.total"], book["energy.band_total"]]
        found["mean"] = book.derived("cost.mean_price", "ratio/1", inputs, unit="yuan/kWh", digits=4)
    prices = dict(tariff.prices)
    high = next((prices[band] for band in reversed(_HIGH) if band in prices), None)
    low = next((prices[band] for band in reversed(_LOW) if band in prices), None)
    if high is not None and low is not None and high > low:
        ends = [constant(str(price), tariff.document) for price in (high, low)]
        found["shift"] = book.derived("cost.shift_price", "difference/1", ends, unit="yuan/kWh", digits=4)
    return found
