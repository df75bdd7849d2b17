"""The factors, norms and tariffs in force on the last day of a window, and a list of those that are not."""

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
    """Rows by id as of `day` (ISO); a row that is not valid on that day gives None and is noted in `missing`.

    An id that the tables do not have at all is a mistake of the case and still raises PackError.
    """

    tables: Tables
    day: str
    missing: list[Mapping[str, str]] = field(default_factory=list)

    def coal(self, factor_id: str) -> Factor | None:
        """A standard-coal row."""
        row = self.tables.factors.get(factor_id)
        return row if self._valid("coal", row) else None

    def grid(self, region: str) -> Factor | None:
        """The grid factor with the latest data year up to the day's; a notice speaks of a year, not of its own date."""
        rows = [row for row in self.tables.factors.rows.values() if row.kind == "co2_grid" and row.region == region]
        first = min(((row.year, row.id, row) for row in rows if row.year is not None), default=None)
        if first is not None and first[0] > int(self.day[:4]):
            self._note("grid", first[2], str(first[0]))
            return None
        return self.tables.factors.grid_co2(region, int(self.day[:4]))

    def norm(self, norm_id: str) -> Norm | None:
        """A consumption norm."""
        row = self.tables.norms.get(norm_id)
        return row if self._valid("norm", row) else None

    def tariff(self, tariff_id: str) -> Tariff | None:
        """A time-of-use table."""
        row = self.tables.tariffs.get(tariff_id)
        return row if self._valid("tariff", row) else None

    def _valid(self, kind: str, row: Factor | Norm | Tariff) -> bool:
        if row.source.in_force(self.day):
            return True
        early = row.source.valid_from is not None and self.day < row.source.valid_from
        self._note(kind, row, (row.source.valid_from or "") if early else "")
        return False

    def _note(self, kind: str, row: Factor | Norm | Tariff, start: str) -> None:
        note = {"kind": kind, "id": row.id, "zh": row.name_zh, "en": row.name_en, "day": self.day, "from": start}
        if note not in self.missing:
            self.missing.append(note)
