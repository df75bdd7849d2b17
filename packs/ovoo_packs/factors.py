"""Conversion and emission factors as dated rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ovoo_contract.errors import PackError

from ovoo_packs.source_ref import SourceRef

__all__ = ["Factor", "FactorTable"]

FactorKind = Literal["standard_coal", "co2_grid", "co2_heat", "co2_fuel"]


@dataclass(frozen=True, slots=True)
class Factor:
    """`value` units of `result_unit` per `per_unit`; where the source gives a range, `value` is None and
    `low`..`high` (inclusive) hold it: take a measured value instead. `year` is the data year of a grid factor."""

    id: str
    kind: FactorKind
    name_zh: str
    name_en: str
    result_unit: str
    per_unit: str
    value: float | None
    low: float | None
    high: float | None
    region: str
    year: int | None
    source: SourceRef

    @property
    def reference_only(self) -> bool:
        """Whether a report must mark it 仅供参考."""
        return self.source.reference_only


@dataclass(frozen=True, slots=True)
class FactorTable:
    """All factor rows by id; `version` and `sha256` identify the compiled table."""

    version: str
    sha256: str
    rows: Mapping[str, Factor]

    def get(self, factor_id: str) -> Factor:
        """The row; raises PackError naming the id."""
        try:
            return self.rows[factor_id]
        except KeyError:
            remedy = "list them with: ovoo-packs show factors"
            raise PackError(
                "no such factor", code="packs.no_such", offender="factors", value=factor_id, remedy=remedy
            ) from None

    def grid_co2(self, region: str, year: int) -> Factor:
        """The grid factor of `region` (e.g. `inner_mongolia`, `national`) with the latest data year up to `year`;
        rows that may be printed plainly go before rows for reference only of the same year."""
        rows = [
            row
            for row in self.rows.values()
            if row.kind == "co2_grid" and row.region == region and row.year is not None and row.year <= year
        ]
        if not rows:
            remedy = "choose another region or a later year"
            raise PackError("no grid factor", offender="factors", value=f"{region} {year}", remedy=remedy)
        return max(rows, key=lambda row: (row.year or 0, not row.reference_only))


def factors_from_data(data: Mapping[str, Any], sha256: str) -> FactorTable:
    """The table of compiled JSON."""
    rows = {each["id"]: Factor(**{**each, "source": SourceRef.from_data(each["source"])}) for each in data["rows"]}
    return FactorTable(data["version"], sha256, rows)
