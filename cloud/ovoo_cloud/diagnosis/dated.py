"""The dated rows that a window may use: factors, norms and tariffs in force on its last day, and a list of those absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ovoo_packs import Factor, FactorTable, Norm, NormTable, Tariff, TariffTable

__all__ = ["DatedTables", "Tables", "last_day"]


@dataclass(frozen=True, slots=True)
class Tables:
    """The dated tables that the energy section reads."""

    factors: FactorTable
    norms: NormTable
    tariffs: TariffTable


def last_day(end_ns: int, timezone: str) -> str:
    """ISO local date of the last instant before an excluded end."""
    moment = datetime.fromtimestamp((end_ns - 1) // 1_000_000_000, UTC)
    return f"{moment.astimezone(ZoneInfo(timezone)):%Y-%m-%d}"


@dataclass(slots=True)
class DatedTables:
    """Rows by id as of `day` (ISO). A row that exists but is not valid on that day gives None and is noted in `missing`.

    An id that the tables do not have at all is a mistake of the case and still raises PackError.
    """

    tables: Tables
    day: str
    missing: list[Mapping[str, str]] = field(default_factory=list)

    def coal(self, factor_id: str) -> Factor | None:
        """A standard-coal row."""
        row = self.tables.factors.get(factor_id)
        return row if row.source.in_force(self.day) else self._none("coal", row, row.source.valid_from)

    def grid(self, region: str) -> Factor | None:
        """The grid factor with the latest data year up to the day's; a notice speaks of a year, not of its own date."""
        years = [row.year for row in self.tables.factors.rows.values() if _is_grid(row, region)]
        first = min((year for year in years if year is not None), default=None)
        if first is not None and first > int(self.day[:4]):
            row = next(r for r in self.tables.factors.rows.values() if _is_grid(r, region) and r.year == first)
            return self._none("grid", row, str(first))
        return self.tables.factors.grid_co2(region, int(self.day[:4]))

    def norm(self, norm_id: str) -> Norm | None:
        """A consumption norm."""
        row = self.tables.norms.get(norm_id)
        return row if row.source.in_force(self.day) else self._none("norm", row, row.source.valid_from)

    def tariff(self, tariff_id: str) -> Tariff | None:
        """A time-of-use table."""
        row = self.tables.tariffs.get(tariff_id)
        return row if row.source.in_force(self.day) else self._none("tariff", row, row.source.valid_from)

    def _none(self, kind: str, row: Factor | Norm | Tariff, start: str | None) -> None:
        note = {"kind": kind, "id": row.id, "zh": row.name_zh, "en": row.name_en, "day": self.day, "from": start or ""}
        if note not in self.missing:
            self.missing.append(note)


def _is_grid(row: Factor, region: str) -> bool:
    return row.kind == "co2_grid" and row.region == region
