"""Energy at market prices: quarter hour by quarter hour, no price filled in, what has none named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.bill import Line
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS, Intervals, kwh_of, nano_kwh
from ovoo_models.efficiency.tariff.prices import rounded

from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.energy_report.bill_terms import MarketTerms, Upload
from ovoo_cloud.energy_report.clock import local_day, local_text

__all__ = ["MarketBill", "MarketDay", "market_bill", "market_data"]

_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_UP)
_FORMULA: Final = "market_cost/1"
_LISTED: Final = 12
"""So many stretches without a price are named one by one; all are counted."""


@dataclass(frozen=True, slots=True)
class MarketDay:
    """Energy with a price on a local day and what it costs, exact."""

    day: str
    nano_kwh: int
    nano_yuan: Decimal


@dataclass(frozen=True, slots=True)
class MarketBill:
    """Lines by document, season and band; `missing`: stretches [from, to) of the month without a price.

    `unpriced_nano_kwh`: the energy metered in them, which no line holds.
    """

    lines: tuple[Line, ...]
    days: tuple[MarketDay, ...]
    missing: tuple[tuple[int, int], ...]
    unpriced_nano_kwh: int


def market_bill(terms: MarketTerms, quarters: Intervals, calendar: BandCalendar, zone: ZoneInfo) -> MarketBill:
    """The known quarter hours at the price of their time.

    Raises:
        ConfigError: two uploads tell different prices for one time, or one does not begin on a quarter hour.
    """
    prices = _prices(terms)
    lines: dict[tuple[str, str, str], list[Any]] = {}
    days: dict[str, list[Any]] = {}
    missing: list[tuple[int, int]] = []
    unpriced = 0
    for start, kwh in zip(quarters.start_ns, quarters.kwh, strict=True):
        found = prices.get(start)
        nano = nano_kwh(kwh) if kwh == kwh else 0
        if found is None:
            missing = _extended(missing, start)
            unpriced += nano
        elif kwh == kwh:
            span = calendar.span_at(start)
            cost = _CONTEXT.multiply(Decimal(nano), found[0])
            _add(lines, (found[1], span.season, span.band), nano, cost)
            _add(days, local_day(start, zone), nano, cost)
    made = tuple(_line(terms, key, nano, cost) for key, (nano, cost) in sorted(lines.items()))
    by_day = tuple(MarketDay(day, nano, cost) for day, (nano, cost) in sorted(days.items()))
    return MarketBill(made, by_day, tuple(missing), unpriced)


def _prices(terms: MarketTerms) -> Mapping[int, tuple[Decimal, str]]:
    """Price and document by the start of each quarter hour."""
    found: dict[int, tuple[Decimal, str]] = {}
    for upload in terms.uploads:
        if upload.start_ns % QUARTER_NS:
            remedy = "prices begin on a quarter hour"
            raise ConfigError(
                "prices off the clock",
                code="report.prices_off_the_clock",
                offender=upload.document,
                value=upload.start_ns,
                remedy=remedy,
            )
        for number, price in enumerate(upload.prices):
            first = upload.start_ns + number * terms.step_ns
            for start in range(first, first + terms.step_ns, QUARTER_NS):
                other = found.setdefault(start, (price, upload.document))
                if other[0] != price:
                    remedy = f"withdraw one of {other[1]!r} and {upload.document!r}"
                    raise ConfigError(
                        "two prices for one time",
                        code="report.two_prices",
                        slots={"one": other[1], "other": upload.document},
                        offender=terms.name,
                        value=start,
                        remedy=remedy,
                    )
    return found


def _extended(stretches: list[tuple[int, int]], start: int) -> list[tuple[int, int]]:
    if stretches and stretches[-1][1] == start:
        return [*stretches[:-1], (stretches[-1][0], start + QUARTER_NS)]
    return [*stretches, (start, start + QUARTER_NS)]


def _add(sums: dict[Any, list[Any]], key: object, nano: int, cost: Decimal) -> None:
    row = sums.setdefault(key, [0, Decimal(0)])
    row[0], row[1] = row[0] + nano, _CONTEXT.add(row[1], cost)


def _line(terms: MarketTerms, key: tuple[str, str, str], nano: int, nano_yuan: Decimal) -> Line:
    exact, quantity = nano_yuan.scaleb(-9, _CONTEXT), kwh_of(nano)
    mean = rounded(_CONTEXT.divide(exact, quantity), 6) if nano else Decimal(0)
    document, season, band = key
    return Line("market", terms.name, season, band, quantity, "kWh", mean, exact, rounded(exact), document)


def market_data(
    terms: MarketTerms, bill: MarketBill, book: FigureBook, evidence: Sequence[str], zone: ZoneInfo
) -> dict[str, Any]:
    """Figures `bill.market.*` of month and days, the documents with their hashes, the stretches without a price."""
    rows = [_day(each, book, evidence) for each in bill.days]
    kwh = book.derived("bill.market.kwh", "sum/1", [book[row["kwh"]] for row in rows], unit="kWh", digits=3)
    yuan = book.base(
        "bill.market.yuan", sum((line.yuan for line in bill.lines), Decimal(0)) if bill.lines else None, unit="yuan",
        digits=2, formula=_FORMULA, evidence=evidence, reason="" if bill.lines else "no_market",
    )  # fmt: skip
    known = [yuan, kwh] if kwh.value is not None and Decimal(kwh.value) > 0 else []
    mean = book.derived("bill.market.mean", "ratio/1", known, unit="yuan/kWh", digits=4)
    unpriced = book.base(
        "bill.market.unpriced", kwh_of(bill.unpriced_nano_kwh), unit="kWh", digits=3, formula=_FORMULA,
        evidence=evidence,
    )  # fmt: skip
    return {
        "name": terms.name,
        "step_s": str(terms.step_ns // 10**9),
        "uploads": [_document(each, zone) for each in terms.uploads],
        "days": rows,
        "kwh": kwh.id,
        "mean": mean.id,
        "unpriced": unpriced.id,
        "missing_quarters": str(sum((end - start) // QUARTER_NS for start, end in bill.missing)),
        "stretches": str(len(bill.missing)),
        "missing": [
            {"start": local_text(start, zone), "end": local_text(end, zone)} for start, end in bill.missing[:_LISTED]
        ],
    }


def _day(row: MarketDay, book: FigureBook, evidence: Sequence[str]) -> dict[str, str]:
    name = f"bill.market.day.{row.day}"
    kwh = book.base(f"{name}.kwh", kwh_of(row.nano_kwh), unit="kWh", digits=3, formula=_FORMULA, evidence=evidence)
    yuan = book.base(
        f"{name}.yuan", row.nano_yuan.scaleb(-9, _CONTEXT), unit="yuan", digits=2, formula=_FORMULA, evidence=evidence
    )
    known = [yuan, kwh] if row.nano_kwh > 0 else []
    mean = book.derived(f"{name}.mean", "ratio/1", known, unit="yuan/kWh", digits=4)
    return {"day": row.day, "kwh": kwh.id, "yuan": yuan.id, "mean": mean.id}


def _document(upload: Upload, zone: ZoneInfo) -> dict[str, str]:
    return {
        "document": upload.document,
        "prices": str(len(upload.prices)),
        "start": local_text(upload.start_ns, zone),
        "sha256": upload.sha256,
        "upload_sha256": upload.upload_sha256,
    }
