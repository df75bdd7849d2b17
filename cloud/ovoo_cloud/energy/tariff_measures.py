"""Peak and price of a site's load: how low the peak could have been, what moving loads to other hours would save."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final

import numpy as np
from ovoo_contract.errors import NotReady, OvooError
from ovoo_contract.evidence import Evidence as Samples
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.bill import BasicCharge, basic_charge, usage_price
from ovoo_models.efficiency.tariff.intervals import NANO, QUARTER_NS, Intervals
from ovoo_models.efficiency.tariff.shaving import Movable, Shaving, shave_peaks
from ovoo_models.efficiency.tariff.shift import Shift, shift_load

from ovoo_cloud.catalogue.tables import AssetRecord, SignalRecord
from ovoo_cloud.energy.amounts import Doubles
from ovoo_cloud.energy.contract import Contract, Shiftable
from ovoo_cloud.energy.idle_ranking import HOURS_A_YEAR, LEAST_HOURS
from ovoo_cloud.energy.measure_lines import Case, Detail, Draft, Refused
from ovoo_cloud.energy.meter_balance import quarter_amounts
from ovoo_cloud.energy.meter_rows import SiteMeter
from ovoo_cloud.energy.window_reader import WindowReader

__all__ = ["Billed", "MovableLoad", "shaving_draft", "shifting_drafts"]

_DAY_QUARTERS: Final = 96
_LEAST_DAYS: Final = 5
_MONTHS: Final = 12.0
_POWER: Final = SiteMeter("power", "electricity", 100.0)
"""How a machine's power is counted; its class is that of its own meter in the tree."""


@dataclass(frozen=True, slots=True)
class MovableLoad:
    """A machine that the contract says may move, with its meter's row and its kWh by quarter hour."""

    machine: Shiftable
    row: AssetRecord
    signal: SignalRecord
    quarters: Doubles


@dataclass(frozen=True, slots=True)
class Billed:
    """The site's billing meter over the window: kWh by quarter hour, the contract, and the loads that may move."""

    meter: SiteMeter
    row: SignalRecord
    quarters: Doubles
    contract: Contract | None
    loads: tuple[MovableLoad, ...]
    unread: tuple[str, ...]

    @classmethod
    def of(
        cls, meter: SiteMeter, row: SignalRecord, contract: Contract | None, machines: Sequence[AssetRecord],
        powers: dict[str, SignalRecord], reader: WindowReader,
    ) -> Billed:  # fmt: skip
        """powers: the power signal by the path of its machine; machines without one are `unread`."""
        by_asset = {each.path.split("/", 2)[2]: each for each in machines}
        loads, unread = [], []
        for each in contract.shiftable if contract else ():
            asset = by_asset.get(each.asset)
            signal = None if asset is None else powers.get(asset.path)
            if asset is None or signal is None:
                unread.append(each.asset)
            else:
                loads.append(MovableLoad(each, asset, signal, quarter_amounts(_POWER, signal, reader)))
        return cls(meter, row, quarter_amounts(meter, row, reader), contract, tuple(loads), tuple(unread))


def shaving_draft(billed: Billed, case: Case, reader: WindowReader, zone: tzinfo) -> Draft:
    """`peak_power` as measured; `reachable_power` by the plan in hindsight for the loads that may move."""
    draft = Draft("demand_shaving", meters=(billed.row,))
    known = billed.quarters[~np.isnan(billed.quarters)]
    samples = reader.evidence((billed.row,), "greatest mean power of a quarter hour", ("demand.peak/1",))
    draft.samples.append(samples)
    if not len(known):
        return draft
    peak = 4.0 * float(known.max())
    draft.show("peak_power", Estimate(peak, billed.meter.to_meter().sigma(peak), "kW"), samples)
    if not billed.loads:
        why = "machine_unread" if billed.unread else "nothing_may_move"
        draft.refused.append(Refused("reachable_power", why, float(len(billed.unread)), ""))
        return draft
    days = _whole_days(case.window.start_ns, zone, [billed.quarters, *(each.quarters for each in billed.loads)])
    site = _intervals(case.window.start_ns, days, billed.quarters)
    loads = [Movable(_intervals(case.window.start_ns, days, each.quarters), each.machine.rule) for each in billed.loads]
    try:
        found = shave_peaks(loads, site, zone)
    except OvooError as error:
        why = "too_few_days" if isinstance(error, NotReady) else "does_not_fit"
        draft.refused.append(Refused("reachable_power", why, float(len(days) // _DAY_QUARTERS), "d"))
        return draft
    _show_shaving(draft, billed, found, reader)
    return draft


def _show_shaving(draft: Draft, billed: Billed, found: Shaving, reader: WindowReader) -> None:
    rows = (billed.row, *(each.signal for each in billed.loads))
    samples = reader.evidence(rows, "least peak of whole days with the loads that may move", ("shave_peaks/1",))
    # both peaks are of the whole days, so that their difference is of the same time
    draft.show(
        "peak_power", Estimate(found.peak_kw, billed.meter.to_meter().sigma(found.peak_kw - found.reachable_kw), "kW"),
        samples,
    )  # fmt: skip
    draft.show("reachable_power", Estimate(found.reachable_kw, found.sigma_kw, "kW"), samples)
    draft.details += [
        Detail("shave_quarters", float(found.intervals), ""),
        Detail("shave_days", float(found.days_to_hold), "d"),
        Detail("whole_days", float(len(found.days)), "d"),
        Detail("energy_change", 0.0, "kWh"),
        Detail("carbon_change", 0.0, "kgCO2"),
    ]
    contract = billed.contract
    if contract is not None and contract.basis == "demand" and contract.demand is not None:
        draft.price = _demand_price(contract.demand, found)
        draft.price_source, draft.per_year = contract.demand.document, _MONTHS


def _demand_price(charge: BasicCharge, found: Shaving) -> Decimal | None:
    """Yuan a kW and month between both peaks, with what was agreed upon; None where nothing was shaved."""
    high, low = (Decimal(repr(round(each, 6))) for each in (found.peak_kw, found.reachable_kw))
    if high <= low:
        return None
    return (basic_charge(charge, high).exact_yuan - basic_charge(charge, low).exact_yuan) / (high - low)


def shifting_drafts(billed: Billed, case: Case, reader: WindowReader) -> list[Draft]:
    """One line a machine that may move; one for the site, and why, where there is none."""
    contract = billed.contract
    if contract is None or not billed.loads:
        draft = Draft("load_shifting", meters=(billed.row,))
        why = "no_contract" if contract is None else "machine_unread" if billed.unread else "nothing_may_move"
        draft.refused += [Refused(name, why) for name in ("cost_now", "cost_planned")]
        return [draft]
    return [_shifting(each, billed, contract, case, reader) for each in billed.loads]


def _shifting(load: MovableLoad, billed: Billed, contract: Contract, case: Case, reader: WindowReader) -> Draft:
    draft = Draft("load_shifting", load.row, meters=(load.signal, billed.row))
    draft.without_class = load.signal.address not in case.classes
    if not contract.charges or contract.market:
        draft.refused += [Refused(name, "no_price_by_hour") for name in ("cost_now", "cost_planned")]
        return draft
    calendar = BandCalendar(contract.tariff)
    days = _whole_days(case.window.start_ns, calendar.zone, [billed.quarters, load.quarters])
    own, site = (_intervals(case.window.start_ns, days, each) for each in (load.quarters, billed.quarters))
    count = len(days) // _DAY_QUARTERS
    why = "too_few_days" if count < _LEAST_DAYS else "without_class" if draft.without_class else ""
    try:
        shift = None if why else shift_load(own, site, calendar, contract.charges, load.machine.rule)
    except OvooError:
        shift, why = None, "does_not_fit"
    if shift is None:
        draft.refused += [Refused(name, why, float(count), "d") for name in ("cost_now", "cost_planned")]
        return draft
    samples = reader.evidence((load.signal, billed.row), "quarter hours of whole days", ("shift_load/1",))
    _show_shift(draft, shift, own, calendar, load, contract, case, samples)
    return draft


def _show_shift(
    draft: Draft, shift: Shift, own: Intervals, calendar: BandCalendar, load: MovableLoad, contract: Contract,
    case: Case, samples: Samples,
) -> None:  # fmt: skip
    """The gain of the meter scales the saving; what days differ by stands beside it for the year to come."""
    saving = float(shift.saving_yuan)
    gain = case.classes[load.signal.address].to_meter().sigma(saving)
    spread = _day_scatter(own, shift, calendar, contract)
    draft.show("cost_now", Estimate(float(shift.before_yuan), 0.0, "yuan"), samples)
    draft.show("cost_planned", Estimate(float(shift.after_yuan), math.hypot(gain, spread), "yuan"), samples)
    hours = len(own) / 4.0
    draft.price_source = "; ".join(sorted({each.document for each in contract.charges} | {load.machine.rule.document}))
    draft.per_year = HOURS_A_YEAR / hours if hours >= LEAST_HOURS else None
    draft.details += [
        Detail("moved_energy", float(shift.moved_kwh), "kWh"),
        Detail("whole_days", hours / 24.0, "d"),
        Detail("energy_change", 0.0, "kWh"),
        Detail("carbon_change", 0.0, "kgCO2"),
    ]


def _day_scatter(own: Intervals, shift: Shift, calendar: BandCalendar, contract: Contract) -> float:
    """Standard uncertainty of the sum of daily savings, from how much they differ."""
    days: dict[int, list[float]] = {}
    for start, old, new in zip(own.start_ns, own.kwh, shift.planned.kwh, strict=True):
        day = datetime.fromtimestamp(start // NANO, calendar.zone).toordinal()
        price = float(usage_price(calendar, contract.charges, start))
        days.setdefault(day, []).append((old - new) * price)
    daily = [math.fsum(each) for each in days.values()]
    mean = math.fsum(daily) / len(daily)
    return math.sqrt(math.fsum((each - mean) ** 2 for each in daily) / (len(daily) - 1) * len(daily))


def _whole_days(start_ns: int, zone: tzinfo, columns: Sequence[Doubles]) -> list[int]:
    """Numbers of the quarter hours of the local days of which every column knows all 96."""
    known = ~np.isnan(np.vstack(columns)).any(axis=0)
    days: dict[int, list[int]] = {}
    for number in np.flatnonzero(known).tolist():
        local = datetime.fromtimestamp((start_ns + number * QUARTER_NS) // NANO, zone)
        days.setdefault(local.toordinal(), []).append(number)
    return [number for rows in days.values() if len(rows) == _DAY_QUARTERS for number in rows]


def _intervals(start_ns: int, rows: Sequence[int], kwh: Doubles) -> Intervals:
    starts = array("q", (start_ns + row * QUARTER_NS for row in rows))
    values = array("d", (round(float(kwh[row]), 6) for row in rows))
    return Intervals(starts, array("q", (each + QUARTER_NS for each in starts)), values)
