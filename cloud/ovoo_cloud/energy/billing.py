"""The bill of a month out of its quarter hours, prices and registers, and how it differs from the invoice that came.

Pure: what is stored with a bill is all that it is made from, but for readings of the store, which are kept by hash.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ovoo_contract.errors import OvooError
from ovoo_models.efficiency.record import Record
from ovoo_models.efficiency.tariff.bands import BandCalendar, month_bounds
from ovoo_models.efficiency.tariff.bill import Invoice, Line, basic_charge, invoice, market_line
from ovoo_models.efficiency.tariff.choice import cheaper_basis
from ovoo_models.efficiency.tariff.defects import Defect, MeterFacts, examine
from ovoo_models.efficiency.tariff.intervals import Intervals
from ovoo_models.efficiency.tariff.peak import Peak, peak_demand
from ovoo_models.efficiency.tariff.power_factor import Quadrants, power_factor
from ovoo_models.efficiency.tariff.prices import MarketSeries, rounded
from ovoo_models.efficiency.tariff.recording import bill_record
from ovoo_models.efficiency.tariff.usage import measure_usage

from ovoo_cloud.energy.contract import Contract, amount
from ovoo_cloud.energy.reactive import MeasuredRegisters
from ovoo_cloud.reasons import reason_of

__all__ = ["MonthInput", "compare_invoice", "month_bill", "month_window"]

_LISTED: Final = 50
"""So many defects are told one by one; all are counted."""
_SLIP: Final = (Decimal(50), Decimal(200))
"""An invoice that is between so many times too large is taken for one in fen."""


@dataclass(frozen=True, slots=True)
class MonthInput:
    """What is brought to a bill: register differences, whether gaps are accepted, and the market's prices.

    measured: registers that the site's meters counted; what a person entered comes before them.
    """

    month: str
    accept_holes: bool = False
    register_kwh: str | None = None
    reactive: Mapping[str, str] | None = None
    market: MarketSeries | None = None
    measured: MeasuredRegisters | None = None


def month_window(month: str, calendar: BandCalendar) -> tuple[int, int]:
    """[first instant of the local month `YYYY-MM`, first of the next)."""
    year, number = month.split("-")
    return month_bounds(int(year), int(number), calendar.zone)


def month_bill(contract: Contract, readings: Intervals, meter: str, given: MonthInput) -> dict[str, Any]:
    """Plain data: `state` is `complete`, `incomplete` (gaps accepted, or no power factor for a table that needs one)
    or `insufficient` (nothing is billed; `reason` says why). Money is decimal text to 0.01 yuan."""
    calendar = BandCalendar(contract.tariff)
    window = month_window(given.month, calendar)
    facts = MeterFacts(
        capacity_kva=None if contract.capacity_kva is None else float(contract.capacity_kva),
        register_kwh=None if given.register_kwh is None else float(amount(given.register_kwh, "register_kwh")),
    )
    defects = examine(readings, *window, calendar.zone, facts)
    found = _empty(contract, defects)
    try:
        _bill(contract, readings, meter, given, calendar, facts, found)
    except OvooError as error:
        found |= {"state": "insufficient", "reason": reason_of(error)}
    return found


def compare_invoice(bill: Mapping[str, Any], entered: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Each line of the invoice that came against ours; None where none was entered or nothing was billed.

    `entered`: `total_yuan`, `document`, and `lines` with `name`, `season`, `band` and `yuan` as far as they are known.
    """
    if entered is None or not bill["lines"]:
        return None
    ours = {_key(line): Decimal(line["yuan"]) for line in bill["lines"]}
    theirs = {_key(line): rounded(_money(line["yuan"])) for line in entered.get("lines", ())}
    rows = [
        {
            "name": key[0],
            "season": key[1],
            "band": key[2],
            "ours_yuan": _text(ours.get(key)),
            "theirs_yuan": _text(theirs.get(key)),
            "difference_yuan": _text(theirs[key] - ours[key]) if key in ours and key in theirs else None,
        }
        for key in [*ours, *(key for key in theirs if key not in ours)]
    ]
    total, own = rounded(_money(entered["total_yuan"])), Decimal(bill["total_yuan"])
    in_fen = own > 0 and _SLIP[0] <= total / own <= _SLIP[1]
    return {
        "document": entered["document"],
        "lines": rows,
        "ours_yuan": str(own),
        "theirs_yuan": str(total),
        "difference_yuan": str(total - own),
        "defects": [_in_fen(total)] if in_fen else [],
    }


def _in_fen(total: Decimal) -> dict[str, Any]:
    return {
        "kind": "fen_for_yuan",
        "value": str(total),
        "remedy": "divide by 100: the invoice is in fen",
        "code": "defect.fen_for_yuan",
        "slots": {},
    }


def _money(text: object) -> Decimal:
    """Money of an invoice; a reward is negative."""
    words = str(text)
    return -amount(words[1:], "invoice") if words.startswith("-") else amount(words, "invoice")


def _empty(contract: Contract, defects: Sequence[Defect]) -> dict[str, Any]:
    return {
        "state": "insufficient",
        "reason": None,
        "lines": [],
        "total_yuan": None,
        "band_kwh": {},
        "total_kwh": None,
        "peak": None,
        "power_factor": None,
        "registers": None,
        "choice": None,
        "missing": [],
        "defect_count": len(defects),
        "defects": [_defect(each) for each in defects[:_LISTED]],
        "reference_only": contract.tariff.reference_only,
        "fictitious": contract.fictitious,
        "tariff": contract.tariff.id,
        "record_id": "",
        "record": None,
    }


def _bill(
    contract: Contract,
    readings: Intervals,
    meter: str,
    given: MonthInput,
    calendar: BandCalendar,
    facts: MeterFacts,
    found: dict[str, Any],
) -> None:
    window = month_window(given.month, calendar)
    usage = measure_usage(readings, calendar, *window, facts=facts, accept_holes=given.accept_holes)
    found["band_kwh"] = {band: str(kwh) for band, kwh in usage.band_kwh().items()}
    found["total_kwh"] = str(usage.total_kwh())
    peak = peak_demand(readings, *window)
    found["peak"] = _peak(peak)
    found["choice"] = _choice(contract, peak)
    factor, found["registers"] = _factor(contract, given)
    found["power_factor"] = None if factor is None else str(rounded(factor, 4))
    if contract.power_factor is not None and factor is None:
        found["missing"] = ["power_factor"]
    market = [market_line(readings, given.market, *window)] if given.market is not None else []
    if contract.market and not market:
        found["missing"] = [*found["missing"], "market"]
    bill = invoice(
        usage,
        contract.charges,
        market=market,
        basic=_basic(contract, peak),
        power_factor=factor,
        table=None if factor is None else contract.power_factor,
    )
    if not bill.lines:
        found["missing"] = [*found["missing"], "prices"]
        return
    record = bill_record(bill, readings, contract.charges, contract.tariff, meter)
    _put(found, bill, record)


def _put(found: dict[str, Any], bill: Invoice, record: Record) -> None:
    found["state"] = "incomplete" if bill.incomplete or found["missing"] else "complete"
    found["lines"] = [_line(line) for line in bill.lines]
    found["total_yuan"] = str(bill.total_yuan)
    found["record_id"], found["record"] = record.id, json.loads(record.to_json())


def _factor(contract: Contract, given: MonthInput) -> tuple[Decimal | None, dict[str, Any] | None]:
    """The power factor and the registers it stands on: entered, else measured where the meters tell all that counts."""
    if contract.power_factor is None:
        return None, None
    measured = given.measured
    if given.reactive is not None:
        registers, told = given.reactive, {**given.reactive, "basis": "entered"}
    elif measured is not None and measured.usable(contract.reactive_rule, accept_holes=given.accept_holes):
        registers, told = measured.to_order(), {**measured.to_dict(), "basis": "measured"}
    else:
        return None, None
    energies = {name: amount(text, f"reactive.{name}") for name, text in registers.items()}
    return power_factor(Quadrants(**energies), contract.reactive_rule), told


def _basic(contract: Contract, peak: Peak) -> Line | None:
    if contract.basis == "demand" and contract.demand is not None:
        return basic_charge(contract.demand, peak.power_kw)
    if contract.basis == "capacity" and contract.capacity is not None and contract.capacity_kva is not None:
        return basic_charge(contract.capacity, contract.capacity_kva)
    return None


def _choice(contract: Contract, peak: Peak) -> dict[str, str] | None:
    """This month under either charge; what a choice costs over the months it must be kept is for the list of bills."""
    if contract.demand is None or contract.capacity is None or contract.capacity_kva is None:
        return None
    (found,) = cheaper_basis([peak.power_kw], contract.capacity_kva, contract.demand, contract.capacity, 1)
    return {
        "demand_yuan": str(found.demand_yuan),
        "capacity_yuan": str(found.capacity_yuan),
        "best": found.best,
        "saving_yuan": str(found.saving_yuan),
        "chosen": contract.basis,
    }


def _peak(peak: Peak) -> dict[str, Any]:
    return {
        "kw": str(rounded(peak.power_kw, 3)),
        "start_ns": str(peak.start_ns),
        "windows": peak.windows,
        "unknown": peak.unknown,
    }


def _defect(defect: Defect) -> dict[str, Any]:
    return {
        "kind": defect.kind,
        "start_ns": str(defect.start_ns),
        "end_ns": str(defect.end_ns),
        "value": defect.value,
        "remedy": defect.remedy,
        "code": defect.code,
        "slots": {name: str(value) for name, value in defect.slots.items()},
    }


def _line(line: Line) -> dict[str, str]:
    return {
        "kind": line.kind,
        "name": line.name,
        "season": line.season,
        "band": line.band,
        "quantity": str(line.quantity),
        "unit": line.unit,
        "price": str(line.price),
        "yuan": str(line.yuan),
        "document": line.document,
    }


def _key(line: Mapping[str, Any]) -> tuple[str, str, str]:
    return line["name"], line.get("season", ""), line.get("band", "")


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
