"""A day against its tariff: load of each quarter hour, its band and price, and what a shiftable load would save."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ovoo_contract.errors import EvidenceError, OvooError
from ovoo_models.efficiency.tariff.bands import BandCalendar, local_instant
from ovoo_models.efficiency.tariff.bill import Line, energy_lines, usage_price
from ovoo_models.efficiency.tariff.intervals import Intervals
from ovoo_models.efficiency.tariff.shift import Shift, shift_load
from ovoo_models.efficiency.tariff.usage import measure_usage
from ovoo_packs.tariffs import BANDS

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.energy.contract import Contract, Shiftable
from ovoo_cloud.energy.quarters import Quarters, asset_quarters, site_quarters
from ovoo_cloud.reasons import reason_of
from ovoo_cloud.services import Services

__all__ = ["BandSum", "DaySlot", "ShiftResult", "TariffDay", "tariff_day"]


@dataclass(frozen=True, slots=True)
class DaySlot:
    """One quarter hour: kWh None where it is not known, price None where none is given."""

    start_ns: int
    kwh: float | None
    band: str
    price_yuan: Decimal | None


@dataclass(frozen=True, slots=True)
class BandSum:
    """What a band of the day used and cost; yuan None without prices."""

    season: str
    band: str
    kwh: Decimal
    yuan: Decimal | None


@dataclass(frozen=True, slots=True)
class ShiftResult:
    """What moving a machine's load would save; `shift` is None where it cannot be told, and `reason` says why."""

    asset: str
    document: str
    shift: Shift | None
    reason: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class TariffDay:
    """`known` of `slots` have a reading; sums are of the known ones. `reason` says why there are no sums."""

    day: str
    start_ns: int
    end_ns: int
    tariff: str
    slots: tuple[DaySlot, ...]
    bands: tuple[BandSum, ...]
    total_yuan: Decimal | None
    shifts: tuple[ShiftResult, ...]
    signals: tuple[str, ...]
    reason: dict[str, Any] | None
    reference_only: bool
    fictitious: bool

    @property
    def known(self) -> int:
        """How many quarter hours have a reading."""
        return sum(slot.kwh is not None for slot in self.slots)


def tariff_day(
    services: Services, scope: Scope, enterprise: str, site: str, contract: Contract, day: datetime.date
) -> TariffDay:
    """The local day of the tariff's time zone."""
    calendar = BandCalendar(contract.tariff)
    start = local_instant(datetime.datetime(day.year, day.month, day.day), calendar.zone)
    following = day + datetime.timedelta(days=1)
    end = local_instant(datetime.datetime(following.year, following.month, following.day), calendar.zone)
    found = site_quarters(services, scope, enterprise, site, start, end)
    slots = tuple(_slots(found.intervals, calendar, contract))
    bands, total, reason = _sums(found.intervals, calendar, contract, (start, end))
    shifts = tuple(
        _shift(services, scope, f"{enterprise}/{site}", each, found, calendar, contract) for each in contract.shiftable
    )
    return TariffDay(
        day=day.isoformat(),
        start_ns=start,
        end_ns=end,
        tariff=contract.tariff.id,
        slots=slots,
        bands=bands,
        total_yuan=total,
        shifts=shifts,
        signals=found.signals,
        reason=reason,
        reference_only=contract.tariff.reference_only,
        fictitious=contract.fictitious,
    )


def _slots(intervals: Intervals, calendar: BandCalendar, contract: Contract) -> list[DaySlot]:
    slots = []
    for start, kwh in zip(intervals.start_ns, intervals.kwh, strict=True):
        price = usage_price(calendar, contract.charges, start) if contract.charges else None
        slots.append(DaySlot(start, kwh if kwh == kwh else None, calendar.span_at(start).band, price))
    return slots


def _sums(
    intervals: Intervals, calendar: BandCalendar, contract: Contract, window: tuple[int, int]
) -> tuple[tuple[BandSum, ...], Decimal | None, dict[str, str] | None]:
    try:
        usage = measure_usage(intervals, calendar, *window, accept_holes=True)
        lines = energy_lines(usage, contract.charges)
    except OvooError as error:
        return (), None, reason_of(error)
    priced = bool(contract.charges)
    keys = sorted({key for key, nano in usage.nano_kwh.items() if nano or priced}, key=lambda key: BANDS.index(key[1]))
    bands = tuple(
        BandSum(season, band, Decimal(usage.nano_kwh[season, band]).scaleb(-9), _yuan(lines, season, band))
        for season, band in keys
    )
    total = sum((line.yuan for line in lines), Decimal("0.00")) if priced else None
    return bands, total, None


def _yuan(lines: Sequence[Line], season: str, band: str) -> Decimal | None:
    own = [line.yuan for line in lines if (line.season, line.band) == (season, band)]
    return sum(own, Decimal("0.00")) if own else None


def _shift(
    services: Services,
    scope: Scope,
    place: str,
    machine: Shiftable,
    site: Quarters,
    calendar: BandCalendar,
    contract: Contract,
) -> ShiftResult:
    shift, reason = None, None
    try:
        if not contract.charges or contract.market:
            remedy = "a plan needs the price of every hour before the day: give prices by band"
            raise EvidenceError(
                "no price by hour", code="tariff_day.no_price_by_hour", offender="contract", value=contract.market,
                remedy=remedy,
            )  # fmt: skip
        window = (site.intervals.start_ns[0], site.intervals.end_ns[-1])
        load = asset_quarters(services, scope, f"{place}/{machine.asset}", *window)
        shift = shift_load(load.intervals, site.intervals, calendar, contract.charges, machine.rule)
    except OvooError as error:
        reason = reason_of(error)
    return ShiftResult(machine.asset, machine.rule.document, shift, reason)
