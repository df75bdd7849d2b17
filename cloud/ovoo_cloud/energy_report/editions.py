"""The same energy by earlier editions of the grid factor and of the norm: neither result replaces the other."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ovoo_packs import Factor, FactorTable, Norm, NormTable

from ovoo_cloud.diagnosis.figures import FigureBook, Input, constant

__all__ = ["carbon_editions", "norm_editions"]


def carbon_editions(table: FactorTable, grid: Factor | None, book: FigureBook) -> list[dict[str, Any]]:
    """Figures `edition.<id>.kgco2`: `energy.kwh` by the older rows of the region of `grid`, the newest first."""
    if grid is None or grid.year is None:
        return []
    older = [
        row
        for row in table.rows.values()
        if row.kind == "co2_grid"
        and row.region == grid.region
        and row.value is not None
        and (row.year or 0) < grid.year
    ]
    rows = []
    for row in sorted(older, key=lambda each: -(each.year or 0)):
        factor: Input = constant(str(row.value), row.id)
        figure = book.derived(
            f"edition.{row.id}.kgco2", "product/1", [book["energy.kwh"], factor], unit="kgCO2", digits=0,
            reference_only=row.reference_only,
        )  # fmt: skip
        rows.append(
            {
                "id": row.id,
                "name": {"zh": row.name_zh, "en": row.name_en},
                "value": str(row.value),
                "year": str(row.year),
                "edition": row.source.edition or row.source.text,
                "reference_only": row.reference_only,
                "figure": figure.id,
            }
        )
    return rows


def norm_editions(table: NormTable, norm_id: str, book: FigureBook) -> list[dict[str, Any]]:
    """The limits of the earlier editions of a norm and the best level that `norm.intensity` reaches in each.

    Limits are as printed: corrections belong to the edition in force. An edition in another unit is named without a
    level.
    """
    rows, unit = [], table.get(norm_id).unit
    for norm in table.editions(norm_id):
        if norm.id == norm_id:
            break
        rows.append(_norm(norm, unit, book))
    return rows


def _norm(norm: Norm, unit: str, book: FigureBook) -> dict[str, Any]:
    levels: list[dict[str, Any]] = []
    for level, limit in ((1, norm.level1), (2, norm.level2), (3, norm.level3)):
        if limit is not None:
            source: Input = constant(str(limit), norm.id)
            figure = book.derived(
                f"edition.{norm.id}.level{level}", "product/1", [source], unit=norm.unit, digits=3,
                reference_only=norm.reference_only,
            )  # fmt: skip
            levels.append({"level": level, "figure": figure.id})
    intensity, reached = book["norm.intensity"].value, None
    if intensity is not None and norm.unit == unit:
        met = [row["level"] for row in levels if Decimal(intensity) <= Decimal(book[row["figure"]].value or "0")]
        reached = min(met, default=4)
    return {
        "id": norm.id,
        "name": {"zh": norm.name_zh, "en": norm.name_en},
        "source": norm.source.edition or norm.source.text,
        "levels": levels,
        "reached": reached,
    }
