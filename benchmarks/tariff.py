"""Invoices of whole years against a plain book by the minute, and the time a month's bill takes.

The book knows nothing of ours: it walks every minute of the local calendar by its own arithmetic and takes the bands
from the text of the notices (tests/models/efficiency/tariff/book.py). Years with and without a leap day; intervals of
7 to 31 minutes, so that every border of a band, a season, a month and a year is crossed, and quarter hours.
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
from ovoo_models.efficiency.tariff.bill import invoice
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS, Intervals
from ovoo_models.efficiency.tariff.prices import ratio_charge
from ovoo_models.efficiency.tariff.usage import measure_usage
from ovoo_packs import load_tariffs
from ovoo_packs.tariffs import Tariff

from benchmarks import frame
from tests.models.efficiency.tariff.book import MINUTE_NS, cents, first_minute, minutes_of

MEASURES = ("contract", "models/ovoo_models/efficiency/tariff", "packs", "tests/models/efficiency/tariff/book.py")
PRICE = "0.4123"
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


def book_total(year: int, month: int, tariff: str, plain: list[int], first: int) -> Fraction:
    """The month's bill by the book."""
    energy: dict[tuple[str, Fraction], int] = defaultdict(int)
    for minute, band, ratio in minutes_of(year, month, tariff):
        energy[band, ratio] += plain[minute - first]
    return sum(
        (cents(Fraction(nano, 10**9) * ratio * Fraction(PRICE)) for (_, ratio), nano in energy.items()), Fraction(0)
    )


def wrong_minutes(year: int, tariff: Tariff) -> int:
    """Minutes of a year whose band or ratio differs from the book's."""
    calendar = BandCalendar(tariff)
    wrong = 0
    for month in range(1, 13):
        for minute, band, ratio in minutes_of(year, month, tariff.id):
            span = calendar.span_at(minute * MINUTE_NS)
            wrong += span.band != band or Decimal(repr(span.ratio)) * ratio.denominator != ratio.numerator
    return wrong


def body(options: frame.Options, result: frame.Result) -> int:
    """Every month of the years against the book; then the time of one month."""
    years = (2024,) if options.quick else (2023, 2024, 2025, 2028)
    worst, months, wrong = Fraction(0), 0, 0
    seconds = []
    for tariff in load_tariffs().rows.values():
        charge = ratio_charge("energy", DOCUMENT, PRICE, tariff, digits=12)
        for year in years:
            wrong += wrong_minutes(year, tariff)
            for quarters in (False, True):
                intervals, plain = year_of_intervals(year, quarters)
                first = intervals.start_ns[0] // MINUTE_NS
                calendar = BandCalendar(tariff)
                for month in range(1, 13):
                    began = time.process_time()
                    usage = measure_usage(intervals, calendar, *month_bounds(year, month, calendar.zone))
                    bill = invoice(usage, [charge])
                    if quarters:
                        seconds.append(time.process_time() - began)
                    expected = book_total(year, month, tariff.id, plain, first)
                    worst = max(worst, abs(Fraction(bill.total_yuan) - expected))
                    months += 1
    result.add("max_error_yuan", float(worst), "yuan")
    result.add("wrong_minutes", wrong, "min")
    result.add_repeats("month_ms", [1000 * each for each in seconds], "ms")
    result.notes.append(
        f"{months} months of {len(years)} years, West and East, quarter hours of {QUARTER_NS // 10**9} s"
    )
    return int(worst >= Fraction(1, 100) or wrong > 0)


if __name__ == "__main__":
    sys.exit(frame.run("tariff", body, description=(__doc__ or "").splitlines()[0], measures=MEASURES))
