"""Invoices of whole years against a plain book by the minute, and the time a month's bill takes.

The book knows nothing of ours: it walks every minute of the local calendar by its own arithmetic and takes the bands
from the text of the notices (tests/models/efficiency/tariff/book.py). Years with and without a leap day; intervals of
7 to 31 minutes, so that every border of a band, a season, a month and a year is crossed, and quarter hours. Each bill
holds energy by band, a fund, energy at a market price per quarter hour (negative ones too), and with quarter hours the
demand of the month.
"""

from __future__ import annotations

import pathlib
import random
import sys
import time
from array import array
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_models.efficiency.tariff.bands import BandCalendar, month_bounds
from ovoo_models.efficiency.tariff.bill import BasicCharge, basic_charge, invoice, market_line
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS, Intervals
from ovoo_models.efficiency.tariff.peak import peak_demand
from ovoo_models.efficiency.tariff.prices import MarketSeries, flat_charge, ratio_charge
from ovoo_models.efficiency.tariff.usage import measure_usage
from ovoo_packs import load_tariffs
from ovoo_packs.tariffs import Tariff

from benchmarks import frame
from tests.models.efficiency.tariff.book import MINUTE_NS, cents, first_minute, minutes_of

MEASURES = ("contract", "models/ovoo_models/efficiency/tariff", "packs", "tests/models/efficiency/tariff/book.py")
PRICE, FUND, DEMAND = "0.4123", "0.025713", "31.27"
DOCUMENT = "benchmark price, fictitious"


def year_of_intervals(year: int, quarters: bool) -> tuple[Intervals, list[int]]:
    """A year (and a day on either side) with whole nano-kWh per minute, and these by minute since its start."""
    rng = random.Random(year)
    first, last = first_minute(year, 1) - 1440, first_minute(year + 1, 1) + 1440
    starts, ends, kwh, plain = array("q"), array("q"), array("d"), list[int]()
    at = first
    while at < last:
        minutes = min(15 if quarters else rng.randint(7, 31), last - at)
        each = rng.randint(0, 3 * 10**9)
        starts.append(at * MINUTE_NS)
        ends.append((at + minutes) * MINUTE_NS)
        kwh.append(float(Decimal(each * minutes).scaleb(-9)))
        plain.extend([each] * minutes)
        at += minutes
    return Intervals(starts, ends, kwh), plain


def market_prices(year: int, quarters: int) -> list[int]:
    """Prices of quarter hours in 1e-5 yuan, some of them negative."""
    rng = random.Random(year + 1)
    return [rng.randint(-5_000, 120_000) for _ in range(quarters)]


def book_total(
    year: int, month: int, tariff: str, plain: list[int], first: int, market: list[int], quarters: bool
) -> Fraction:
    """The month's bill by the book: bands, fund, market, demand."""
    energy: dict[tuple[str, Fraction], int] = defaultdict(int)
    window: dict[int, int] = defaultdict(int)
    at_market = 0
    for minute, band, ratio in minutes_of(year, month, tariff):
        nano = plain[minute - first]
        energy[band, ratio] += nano
        window[minute // 15] += nano
        at_market += nano * market[(minute - first) // 15]
    amounts = [Fraction(nano, 10**9) * ratio * Fraction(PRICE) for (_, ratio), nano in energy.items()]
    amounts += [Fraction(nano, 10**9) * Fraction(FUND) for nano in energy.values()]
    amounts.append(Fraction(at_market, 10**14))
    if quarters:
        amounts.append(Fraction(max(window.values()) * 4, 10**9) * Fraction(DEMAND))
    return sum(map(cents, amounts), Fraction(0))


def wrong_minutes(year: int, tariff: Tariff) -> int:
    """Minutes of a year whose band or ratio differs from the book's."""
    calendar = BandCalendar(tariff)
    wrong = 0
    for month in range(1, 13):
        for minute, band, ratio in minutes_of(year, month, tariff.id):
            span = calendar.span_at(minute * MINUTE_NS)
            wrong += span.band != band or Decimal(repr(span.ratio)) * ratio.denominator != ratio.numerator
    return wrong


def month_errors(year: int, tariff: Tariff, quarters: bool, seconds: list[float]) -> list[Fraction]:
    """By how much each month's bill of a year is off; the time of bills with quarter hours goes to `seconds`."""
    intervals, plain = year_of_intervals(year, quarters)
    first = intervals.start_ns[0] // MINUTE_NS
    prices = market_prices(year, len(plain) // 15)
    spot = tuple(Decimal(price).scaleb(-5) for price in prices)
    series = MarketSeries("spot", DOCUMENT, intervals.start_ns[0], QUARTER_NS, spot, may_be_negative=True)
    charges = [
        ratio_charge("energy", DOCUMENT, PRICE, tariff, digits=12),
        flat_charge("fund", DOCUMENT, FUND, tariff, adjustable=False),
    ]
    demand = BasicCharge("kW", Decimal(DEMAND), DOCUMENT)
    calendar = BandCalendar(tariff)
    errors = []
    for month in range(1, 13):
        bounds = month_bounds(year, month, calendar.zone)
        began = time.process_time()
        usage = measure_usage(intervals, calendar, *bounds)
        basic = basic_charge(demand, peak_demand(intervals, *bounds).power_kw) if quarters else None
        bill = invoice(usage, charges, market=[market_line(intervals, series, *bounds)], basic=basic)
        if quarters:
            seconds.append(time.process_time() - began)
        expected = book_total(year, month, tariff.id, plain, first, prices, quarters)
        errors.append(abs(Fraction(bill.total_yuan) - expected))
    return errors


def body(options: frame.Options, result: frame.Result) -> int:
    """Every month of the years against the book; then the time of one month."""
    years = (2024,) if options.quick else (2023, 2024, 2025, 2028)
    errors: list[Fraction] = []
    seconds: list[float] = []
    wrong = 0
    for tariff in load_tariffs().rows.values():
        for year in years:
            wrong += wrong_minutes(year, tariff)
            kinds = (tariff.id == "west",) if options.quick else (False, True)
            for quarters in kinds:
                errors += month_errors(year, tariff, quarters, seconds)
    result.add("max_error_yuan", float(max(errors)), "yuan")
    result.add("wrong_minutes", wrong, "min")
    result.add_repeats("month_ms", [1000 * each for each in seconds], "ms")
    result.notes.append(f"{len(errors)} months of {len(years)} years, West and East")
    return int(max(errors) >= Fraction(1, 100) or wrong > 0)


if __name__ == "__main__":
    sys.exit(frame.run("tariff", body, description=(__doc__ or "").splitlines()[0], measures=MEASURES))
