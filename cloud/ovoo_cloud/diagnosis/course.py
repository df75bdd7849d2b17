"""The course of a product's intensity in the window: energy over output by week, for a line over a norm's levels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ovoo_contract.evidence import figure as decimal_text
from ovoo_packs import Factor

from ovoo_cloud.diagnosis.case import Case, Product
from ovoo_cloud.diagnosis.dated import DatedTables
from ovoo_cloud.diagnosis.energy import EnergyResult
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input, constant
from ovoo_cloud.diagnosis.fuels import Fuel, fuels
from ovoo_cloud.diagnosis.indicators.output import AMOUNT
from ovoo_cloud.diagnosis.meters import HourEnergy
from ovoo_cloud.diagnosis.norm import norm_product
from ovoo_cloud.diagnosis.observe import Observation
from ovoo_cloud.diagnosis.run_amounts import run_amount

__all__ = ["SPAN_KWH", "intensity_course"]

SPAN_KWH: Final = "span_kwh/1"
_QUERY: Final = "output of a product by hour from its counter or rate"
_WEEK_H: Final = 168
_LONG_H: Final = 672
_MOST_WEEKS: Final = 14
_COVERED: Final = 0.95
"""Least part of a span that every signal must have been seen for; below it the point stays empty."""


def intensity_course(
    case: Case, seen: Observation, book: FigureBook, energy: EnergyResult, dated: DatedTables
) -> dict[str, Any] | None:
    """One point a week (four weeks each in a window of more than 14): its first day and its figure `norm.course.<n>`.

    Electricity and the carriers that say where they are measured, whose places stand under `carriers`; what the others
    add is known for the whole window, not by week. None without a norm.
    """
    norm, product = energy.data["norm"], norm_product(case)
    if norm is None or product is None:
        return None
    meters = [(meter.hours, meter.evidence) for meter in energy.meters]
    added = list(fuels(case, seen, dated, norm["unit"].partition("/")[0]))
    return _course(case, product, norm["unit"], seen, book, meters, energy.factors[0], added)


def _course(
    case: Case,
    product: Product,
    unit: str,
    seen: Observation,
    book: FigureBook,
    meters: Sequence[tuple[list[HourEnergy], str]],
    factor: Factor | None,
    added: Sequence[Fuel],
) -> dict[str, Any]:
    numerator = unit.partition("/")[0]
    partial = not case.energy.complete or bool(case.energy.carriers)
    told: dict[str, Any] = {"rows": [], "reason": "", "electricity_only": partial and not added}
    if added:
        told["carriers"] = [each.number for each in added]
    if product.measured is None or not meters:
        return told | {"reason": "no_output_signal" if product.measured is None else "empty"}
    output, reason = run_amount(case, product.measured, product.unit, seen, _QUERY)
    if output is None:
        return told | {"reason": reason}
    scale = _scale(numerator, factor)
    if scale is None:
        return told | {"reason": "no_factor" if numerator == "kgce" else "other_unit"}
    for number, first, last in _spans(len(output.hours)):
        spent = [(hours[first:last], evidence) for hours, evidence in meters]
        made = output.hours[first:last]
        kwh = _amount(f"norm.course.{number}.kwh", spent, "kWh", 1, SPAN_KWH, book)
        amount = _amount(f"norm.course.{number}.output", [(made, output.evidence)], product.unit, 3, AMOUNT, book)
        parts = [_fuel(f"norm.course.{number}", each, (first, last), numerator, book) for each in added]
        point = _point(f"norm.course.{number}", kwh, amount, scale, unit, book, parts)
        told["rows"].append({"start": made[0].day, "figure": point.id})
    return told | {"reason": "" if told["rows"] else "short"}


def _spans(hours: int) -> Iterator[tuple[int, int, int]]:
    """Number and bounds of whole spans, from the start of the window."""
    length = _WEEK_H if hours <= _MOST_WEEKS * _WEEK_H else _LONG_H
    for number in range(hours // length):
        yield number + 1, number * length, (number + 1) * length


def _scale(numerator: str, factor: Factor | None) -> Input | None:
    """What kWh are multiplied by to become the norm's energy."""
    if numerator == "kgce":
        return None if factor is None or factor.value is None else constant(str(factor.value), factor.id)
    known = {"kWh": "1", "MWh": "0.001"}
    return constant(known[numerator], "unit") if numerator in known else None


def _fuel(name: str, fuel: Fuel, span: tuple[int, int], numerator: str, book: FigureBook) -> Figure:
    called, run = f"{name}.carrier.{fuel.number}", fuel.run
    part = [(run.hours[slice(*span)], run.evidence)]
    return fuel.spent(called, _amount(called, part, fuel.unit, 3, AMOUNT, book), numerator, book)


def _point(
    name: str, kwh: Figure, amount: Figure, scale: Input, unit: str, book: FigureBook, added: Sequence[Figure]
) -> Figure:
    energy: list[Figure | Input] = [kwh, scale]
    numerator, whole = unit.partition("/")[0], f"{name}.energy"
    own = f"{name}.electricity" if added else whole
    spent = book.derived(own, "product/1", energy, unit=numerator, digits=3)
    if added:
        spent = book.derived(whole, "sum/1", [spent, *added], unit=numerator, digits=3)
    made = amount.interval()
    inputs: list[Figure | Input] = [spent, amount] if made is not None and made[0] > 0 else []
    reason = "" if inputs else amount.reason or "no_output"
    return book.derived(name, "ratio/1", inputs, unit=unit, digits=3, reason=reason)


def _amount(
    name: str, parts: Sequence[tuple[list[HourEnergy], str]], unit: str, digits: int, formula: str, book: FigureBook
) -> Figure:
    whole = all(math.fsum(hour.covered_s for hour in hours) >= _COVERED * 3600 * len(hours) for hours, _ in parts)
    total = math.fsum(hour.kwh for hours, _ in parts for hour in hours)
    return book.base(
        name,
        decimal_text(total, digits) if whole else None,
        unit=unit,
        digits=digits,
        formula=formula,
        evidence=[evidence for _, evidence in parts],
        reason="" if whole else "gap",
    )
