"""Unit consumption against a norm, and energy cost at the prices that the case brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.norm_gauge import Correction, correction_factor
from ovoo_packs import Norm

from ovoo_cloud.diagnosis.case import Case, NormChoice, Product
from ovoo_cloud.diagnosis.dated import DatedTables
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input, constant

__all__ = ["MJ_PER_KGCE", "MJ_PER_MWH", "compare_norm", "energy_cost", "norm_product"]

MJ_PER_KGCE: Final = "29.3076"
MJ_PER_MWH: Final = "3600"

_TOTAL: Final = "total"
_FACTOR_DIGITS: Final = 9


def compare_norm(case: Case, book: FigureBook, total: Figure, dated: DatedTables, data: dict[str, Any]) -> None:
    """Unit consumption against the three levels; a lower bound where carriers are missing from the case.

    Raises:
        ConfigError: the norm counts output in another unit than the product, or does not name a correction.
    """
    data["norm"] = None
    choice = case.energy.norm
    product = norm_product(case)
    if choice is None or product is None:
        return
    norm = dated.norm(choice.norm)
    if norm is None:
        return
    raw = _intensity(case, norm, product, book, total, data)
    factor, missing = correction_factor(norm, _correction(choice))
    data["norm"] = {
        "id": norm.id,
        "name": {"zh": norm.name_zh, "en": norm.name_en},
        "unit": norm.unit,
        "source": norm.source.edition or norm.source.text,
        "reference_only": norm.reference_only,
        "corrections": [{"name": n, "factor": str(f), "document": d} for n, f, d in choice.corrections],
        "open_corrections": list(missing),
        "lower_bound": not case.energy.complete,
        "levels": _levels(norm, factor, book),
    }
    _gaps(raw, data["norm"]["levels"], norm.unit, book)
    data["norm"]["reached"] = _reached(raw, data["norm"]["levels"], book) if case.energy.complete else None


def norm_product(case: Case) -> Product | None:
    """The product that the case compares with a norm."""
    choice = case.energy.norm
    return next((each for each in case.products if choice is not None and each.id == choice.product), None)


def _intensity(
    case: Case, norm: Norm, product: Product, book: FigureBook, total: Figure, data: Mapping[str, Any]
) -> Figure:
    numerator, _, denominator = norm.unit.partition("/")
    if denominator != product.unit:
        raise ConfigError(
            "the norm counts another unit of output",
            offender="energy.norm.product",
            value=f"{product.id} in {product.unit}",
            remedy=f"give a product in {denominator or 'the unit of the norm'}, or another norm",
        )
    amount, reason = product.output or None, "" if product.output else "no_output"
    output = book.base("product.output", amount, unit=product.unit, digits=3, cls=product.cls, reason=reason)
    spent = book["energy.kwh"] if numerator == "kWh" else _final_energy(book, data) if numerator == "MWh" else total
    incomplete = "" if case.energy.complete else "carriers"
    return book.derived("norm.intensity", "ratio/1", [spent, output], unit=norm.unit, digits=3, reason=incomplete)


def _correction(choice: NormChoice) -> Correction | None:
    """The corrections of the case as the norm gauge takes them."""
    if not choice.corrections:
        return None
    values = {name: float(value) for name, value, _ in choice.corrections}
    documents = dict.fromkeys(document for _, _, document in choice.corrections)
    total = values.pop(_TOTAL, None)
    return Correction("; ".join(documents), values, total)


def _levels(norm: Norm, factor: float | None, book: FigureBook) -> list[dict[str, Any]]:
    """The limits of the levels there are, corrected as the norm says once every correction is known, else raw."""
    correction = Decimal(1) if factor is None else Decimal(repr(round(factor, _FACTOR_DIGITS))).normalize()
    levels = []
    for level, limit in ((1, norm.level1), (2, norm.level2), (3, norm.level3)):
        if limit is None:
            continue
        name, sources = (
            f"norm.level{level}",
            [constant(str(limit), norm.id), constant(f"{correction:f}", "corrections")],
        )
        book.derived(name, "product/1", sources, unit=norm.unit, digits=3, reference_only=norm.reference_only)
        levels.append({"level": level, "figure": name, "raw": str(limit), "correction": f"{correction:f}"})
    return levels


def _gaps(raw: Figure, levels: Sequence[Mapping[str, Any]], unit: str, book: FigureBook) -> None:
    """How far the intensity lies above each corrected limit, below zero where it meets it; a share of it as well."""
    for row in levels:
        number, limit = row["level"], book[row["figure"]]
        book.derived(f"norm.gap{number}", "difference/1", [raw, limit], unit=unit, digits=3)
        book.derived(f"norm.gap{number}_percent", "change_percent/1", [raw, limit], unit="%", digits=1)


def _reached(raw: Figure, levels: Sequence[Mapping[str, Any]], book: FigureBook) -> int | None:
    """The best level whose limit is not exceeded, 4 above all limits, None where the intensity is not known."""
    if raw.value is None:
        return None
    met = [row["level"] for row in levels if Decimal(raw.value) <= Decimal(book[row["figure"]].value or "0")]
    return min(met, default=4)


def _final_energy(book: FigureBook, data: Mapping[str, Any]) -> Figure:
    """All carriers in MWh: electricity as metered, fuels by their calorific coal equivalent (29.3076 MJ/kgce)."""
    kwh: list[Figure | Input] = [book["energy.kwh"], constant("1000", "unit")]
    parts = [book.derived("energy.final.0", "ratio/1", kwh, unit="MWh", digits=3)]
    for number, row in enumerate(data["carriers"], start=1):
        heat: list[Figure | Input] = [book[row["kgce"]], constant(MJ_PER_KGCE, "MJ/kgce")]
        megajoules = book.derived(f"energy.heat.{number}", "product/1", heat, unit="MJ", digits=1)
        hours: list[Figure | Input] = [megajoules, constant(MJ_PER_MWH, "MJ/MWh")]
        parts.append(book.derived(f"energy.final.{number}", "ratio/1", hours, unit="MWh", digits=3))
    return book.derived("energy.final", "sum/1", parts, unit="MWh", digits=3)


def energy_cost(case: Case, book: FigureBook, data: dict[str, Any]) -> None:
    """Energy charge by band, only where the case brings its prices with their document."""
    tariff = case.energy.tariff
    data["cost"] = None
    if tariff is None:
        return
    prices = dict(tariff.prices)
    rows = []
    for band in data["bands"]:
        if band in prices:
            rows.append(
                book.derived(
                    f"cost.{band}",
                    "product/1",
                    [book[f"energy.band.{band}"], constant(prices[band], tariff.document)],
                    unit="yuan",
                    digits=2,
                )
            )
    if len(rows) == len(data["bands"]) and rows:
        book.derived("cost.total", "sum/1", rows, unit="yuan", digits=2)
        known = {band: f"{prices[band]:f}" for band in data["bands"]}
        data["cost"] = {"document": tariff.document, "fictitious": tariff.fictitious, "prices": known}
