"""The bill of the month from the quarter hours of the meters, where prices with their documents are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.bill import BasicCharge, Invoice, Line, basic_charge, invoice
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS
from ovoo_models.efficiency.tariff.power_factor import PowerFactorTable
from ovoo_models.efficiency.tariff.prices import EnergyCharge, band_charge, flat_charge, ratio_charge
from ovoo_models.efficiency.tariff.usage import Usage, measure_usage
from ovoo_packs import Tariff
from ovoo_packs.tariffs import Band

from ovoo_cloud.diagnosis.figures import Figure, FigureBook
from ovoo_cloud.energy_report.bill_terms import BillTerms, ChargeTerms, FactorTerms
from ovoo_cloud.energy_report.market import market_bill, market_data
from ovoo_cloud.energy_report.quarters import SiteQuarters
from ovoo_cloud.energy_report.records import RecordBook

__all__ = ["bill_section", "charges_of"]

_FORMULA = "bill_line/1"
_METERED = ("energy", "market")


def charges_of(terms: BillTerms, tariff: Tariff) -> tuple[EnergyCharge, ...]:
    """The prices per kWh by season and band.

    Raises:
        ConfigError: a price that cannot be one, a band without a price, a price without a document.
    """
    return tuple(_charge(each, tariff) for each in terms.charges)


def _charge(terms: ChargeTerms, tariff: Tariff) -> EnergyCharge:
    if terms.form == "band":
        prices = cast("Mapping[Band, Decimal | str]", dict(terms.prices))
        return band_charge(terms.name, terms.document, prices, tariff, adjustable=terms.adjustable)
    make = flat_charge if terms.form == "flat" else ratio_charge
    if terms.price is None:
        raise ConfigError(
            "charge without a price", code="report.charge_without_price", offender=terms.name, value=None,
            remedy="give its price",
        )  # fmt: skip
    return make(terms.name, terms.document, terms.price, tariff, adjustable=terms.adjustable)


def bill_section(
    terms: BillTerms | None,
    tariff: Tariff | None,
    quarters: SiteQuarters | None,
    evidence: list[str],
    book: FigureBook,
    records: RecordBook,
    *,
    covered: bool,
    peak: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Lines with their figures, `bill.total` and the mean price `bill.mean`; or the reason why there is no bill."""
    reason = _reason(terms, tariff, quarters, covered)
    if terms is None or tariff is None or quarters is None or reason:
        total = book.base("bill.total", None, unit="yuan", digits=2, formula="sum/1", reason=reason)
        return {"reason": reason, "lines": [], "total": total.id, "documents": [], "fictitious": False}
    calendar, zone = BandCalendar(tariff), ZoneInfo(tariff.timezone)
    usage = measure_usage(
        quarters.billed(),
        calendar,
        quarters.start_ns,
        quarters.start_ns + QUARTER_NS * len(quarters.kwh),
        accept_holes=True,
    )
    market = None if terms.market is None else market_bill(terms.market, quarters.billed(), calendar, zone)
    lines = () if market is None else market.lines
    made, open_items = _invoice(terms, tariff, usage, book["power_factor"], lines, peak)
    rows = [_line(n, line, evidence, book, tariff) for n, line in enumerate(made.lines, start=1)]
    figures = [book[row["figure"]] for row in rows]
    total = book.derived("bill.total", "sum/1", list(figures), unit="yuan", digits=2)
    kwh = book.base(
        "bill.kwh", usage.total_kwh(), unit="kWh", digits=1, formula="usage/1", evidence=evidence,
        reference_only=tariff.reference_only,
    )  # fmt: skip
    known = [total, kwh] if usage.total_kwh() > 0 else []
    mean = book.derived("bill.mean", "ratio/1", list(known), unit="yuan/kWh", digits=4)
    documents = sorted({line.document for line in made.lines})
    market_part = None
    if terms.market is not None and market is not None:
        market_part = market_data(terms.market, market, book, evidence, zone)
        open_items += ["market"] if market.missing else []
    records.note(
        "bill/month",
        quarters.scans,
        [total, kwh, mean, *figures],
        parameters={"documents": documents, "open": open_items, "market": market_part or "none"},
        excluded=[{"reason": each.kind, "start_ns": str(each.start_ns)} for each in usage.holes],
        tariffs={tariff.id: tariff.source.edition},
    )
    return {
        "reason": "",
        "lines": rows,
        "total": total.id,
        "documents": documents,
        "fictitious": terms.fictitious,
        "incomplete": made.incomplete,
        "market": market_part,
        "holes": len(usage.holes),
        "open": open_items,
        "factor_target": None if terms.factor is None else str(terms.factor.target),
    }


def _reason(terms: BillTerms | None, tariff: Tariff | None, quarters: SiteQuarters | None, covered: bool) -> str:
    """Why there is no bill; empty where there is one."""
    if terms is None:
        return "no_prices"
    if tariff is None:
        return "no_tariff"
    if quarters is None or not covered:
        return "covered"
    return "no_market" if terms.market is not None and not terms.market.uploads else ""


def _invoice(
    terms: BillTerms,
    tariff: Tariff,
    usage: Usage,
    factor_seen: Figure,
    market: Sequence[Line],
    peak: Mapping[str, str] | None,
) -> tuple[Invoice, list[str]]:
    """The invoice, and the items of the contract that cannot be told for want of evidence."""
    open_items: list[str] = []
    basic = None
    if terms.basic is not None:
        measured = None if peak is None else peak["kw"]
        amount = measured if terms.basic.per == "kW" else str(terms.basic.capacity_kva)
        if amount is None:
            open_items.append("demand")
        else:
            charge = BasicCharge(
                terms.basic.per, terms.basic.price, terms.basic.document, terms.basic.contract_kw,
                terms.basic.free_share, terms.basic.over_factor, terms.basic.floor_kw,
            )  # fmt: skip
            basic = basic_charge(charge, Decimal(amount))
    factor, table = _adjustment(terms.factor, factor_seen, open_items)
    made = invoice(usage, charges_of(terms, tariff), market=market, basic=basic, power_factor=factor, table=table)
    return made, open_items


def _adjustment(
    terms: FactorTerms | None, factor: Figure, open_items: list[str]
) -> tuple[Decimal | None, PowerFactorTable | None]:
    if terms is None:
        return None, None
    if factor.value is None:
        open_items.append("power_factor")
        return None, None
    return Decimal(factor.value), PowerFactorTable(terms.document, terms.target, terms.steps)


def _line(number: int, line: Line, evidence: list[str], book: FigureBook, tariff: Tariff) -> dict[str, Any]:
    figure = book.base(
        f"bill.line.{number:02d}",
        line.yuan,
        unit="yuan",
        digits=2,
        formula=_FORMULA,
        evidence=evidence,
        reference_only=tariff.reference_only and line.kind == "energy",
    )
    return {
        "figure": figure.id,
        "kind": line.kind,
        "name": line.name,
        "band": line.band,
        "quantity": f"{line.quantity:f}" if line.kind not in _METERED else f"{round(line.quantity, 1):f}",
        "unit": line.unit,
        "price": f"{line.price.normalize():f}",
        "document": line.document,
    }
