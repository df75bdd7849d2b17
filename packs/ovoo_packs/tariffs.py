"""Time-of-use tariffs: which hour belongs to which band, and what a band costs relative to flat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ovoo_contract.errors import PackError

from ovoo_packs.source_ref import SourceRef

__all__ = ["BANDS", "Band", "Season", "Tariff", "TariffTable"]

Band = Literal["super_peak", "peak", "flat", "valley", "deep_valley"]
BANDS: tuple[Band, ...] = ("super_peak", "peak", "flat", "valley", "deep_valley")


@dataclass(frozen=True, slots=True)
class Season:
    """Months (1 to 12) that share a table; `bands[h]` is the band of local hour [h, h+1); `ratios` are prices
    relative to flat (flat = 1)."""

    id: str
    name_zh: str
    name_en: str
    months: tuple[int, ...]
    bands: tuple[Band, ...]
    ratios: Mapping[Band, float]


@dataclass(frozen=True, slots=True)
class Tariff:
    """One grid's time-of-use table in local time of `timezone`. It holds ratios only: prices in yuan are an input
    of the case with their document."""

    id: str
    name_zh: str
    name_en: str
    timezone: str
    regions: tuple[str, ...]
    seasons: tuple[Season, ...]
    source: SourceRef

    @property
    def reference_only(self) -> bool:
        """Whether a report must mark it 仅供参考."""
        return self.source.reference_only

    def season(self, month: int) -> Season:
        """The season of a month (1 to 12)."""
        for season in self.seasons:
            if month in season.months:
                return season
        raise PackError("no such month", offender=self.id, value=month, remedy="a whole number from 1 to 12")

    def band(self, month: int, hour: int) -> Band:
        """The band of local hour [hour, hour+1), hour 0 to 23."""
        bands = self.season(month).bands
        if not 0 <= hour < len(bands):
            raise PackError("no such hour", offender=self.id, value=hour, remedy="a whole number from 0 to 23")
        return bands[hour]

    def ratio(self, month: int, hour: int) -> float:
        """The price of that hour relative to flat."""
        return self.season(month).ratios[self.band(month, hour)]


@dataclass(frozen=True, slots=True)
class TariffTable:
    """All tariffs by id."""

    version: str
    sha256: str
    rows: Mapping[str, Tariff]

    def get(self, tariff_id: str) -> Tariff:
        """The tariff; raises PackError naming those there are."""
        try:
            return self.rows[tariff_id]
        except KeyError:
            remedy = f"one of {', '.join(self.rows)}"
            raise PackError(
                "no such tariff", code="packs.no_such", offender="tariffs", value=tariff_id, remedy=remedy
            ) from None

    def of_region(self, region: str) -> tuple[Tariff, ...]:
        """The tariffs of a league or city (`ordos`, `chifeng`, ...), in table order; empty where none is known."""
        return tuple(row for row in self.rows.values() if region in row.regions)


def tariffs_from_data(data: Mapping[str, Any], sha256: str) -> TariffTable:
    """The table of compiled JSON."""
    return TariffTable(data["version"], sha256, {each["id"]: _tariff(each) for each in data["rows"]})


def _tariff(data: Mapping[str, Any]) -> Tariff:
    return Tariff(
        id=data["id"],
        name_zh=data["name_zh"],
        name_en=data["name_en"],
        timezone=data["timezone"],
        regions=tuple(data["regions"]),
        seasons=tuple(_season(each) for each in data["seasons"]),
        source=SourceRef.from_data(data["source"]),
    )


def _season(data: Mapping[str, Any]) -> Season:
    return Season(
        id=data["id"],
        name_zh=data["name_zh"],
        name_en=data["name_en"],
        months=tuple(data["months"]),
        bands=tuple(data["bands"]),
        ratios=dict(data["ratios"]),
    )
