"""Invoices: against a book by the minute, and the sums that must close."""

from __future__ import annotations

import random
from array import array
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError, EvidenceError
from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.bill import BasicCharge, basic_charge, invoice, market_line
from ovoo_models.efficiency.tariff.choice import cheaper_basis
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS, Intervals, shares
from ovoo_models.efficiency.tariff.peak import peak_demand
from ovoo_models.efficiency.tariff.power_factor import PowerFactorTable
from ovoo_models.efficiency.tariff.prices import MarketSeries, band_charge, flat_charge, price_of, ratio_charge
from ovoo_models.efficiency.tariff.usage import joined, measure_usage
from ovoo_packs import load_tariffs

from tests.models.efficiency.tariff.book import MINUTE_NS, cents, first_minute, minutes_of

WEST = load_tariffs().get("west")
DOCUMENT = "test price list, fictitious"
D = Decimal


def irregular(start_ns: int, end_ns: int, seed: int) -> tuple[Intervals, dict[int, int]]:
    """Intervals of 7 to 31 minutes whose energy per minute is a whole number of nano-kWh, and that number by minute."""
    rng = random.Random(seed)
    starts, ends, kwh = array("q"), array("q"), array("d")
    minute_nano: dict[int, int] = {}
    at = start_ns
    while at < end_ns:
        minutes = min(rng.randint(7, 31), (end_ns - at) // MINUTE_NS)
        each = rng.randint(0, 10**8)
        starts.append(at)
        ends.append(at + minutes * MINUTE_NS)
        kwh.append(float(D(each * minutes).scaleb(-9)))
        for step in range(minutes):
            minute_nano[at // MINUTE_NS + step] = each
        at += minutes * MINUTE_NS
    return Intervals(starts, ends, kwh), minute_nano


def month(year: int, number: int) -> tuple[int, int]:
    return tuple(first_minute(year + (number + k - 1) // 12, (number + k - 1) % 12 + 1) * MINUTE_NS for k in (0, 1))  # type: ignore[return-value]


@pytest.mark.parametrize("tariff", ["west", "east"])
@pytest.mark.parametrize("number", [2, 6, 12])
def test_a_month_costs_what_the_book_says(tariff: str, number: int) -> None:
    start, end = month(2024, number)
    intervals, by_minute = irregular(start, end, number)
    table = load_tariffs().get(tariff)
    usage = measure_usage(intervals, BandCalendar(table), start, end)
    bill = invoice(usage, [ratio_charge("energy", DOCUMENT, "0.4123", table, digits=12)])

    plain: dict[tuple[str, Fraction], int] = defaultdict(int)
    for minute, band, ratio in minutes_of(2024, number, tariff):
        plain[band, ratio] += by_minute[minute]
    expected = sum(cents(Fraction(nano, 10**9) * ratio * Fraction("0.4123")) for (_, ratio), nano in plain.items())
    assert Fraction(bill.total_yuan) == expected
    assert usage.split > 0


@given(st.integers(0, 2**31), st.integers(1, 12), st.integers(1, 27 * 1440))
@settings(max_examples=15, deadline=None)
def test_two_parts_of_a_month_join_to_the_month(seed: int, number: int, cut: int) -> None:
    start, end = month(2025, number)
    intervals, by_minute = irregular(start, end, seed)
    calendar = BandCalendar(WEST)
    middle = start + cut * MINUTE_NS
    whole = measure_usage(intervals, calendar, start, end)
    parts = [measure_usage(intervals, calendar, a, b) for a, b in ((start, middle), (middle, end))]
    charges = [ratio_charge("energy", DOCUMENT, "0.4123", WEST)]

    assert joined(*parts).nano_kwh == whole.nano_kwh
    assert sum(whole.nano_kwh.values()) == sum(by_minute.values())
    assert sum(whole.band_kwh().values()) == whole.total_kwh()
    assert invoice(joined(*parts), charges).lines == invoice(whole, charges).lines
    exact = [sum(line.exact_yuan for line in invoice(each, charges).lines) for each in (*parts, whole)]
    assert exact[0] + exact[1] == exact[2]


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(1, 899), unique=True, max_size=6))
def test_shares_add_up_whatever_the_borders(nano: int, borders: list[int]) -> None:
    cuts = sorted(borders)
    parts = shares(nano, 0, 900, cuts)
    assert sum(parts) == nano
    for index, cut in enumerate(cuts):
        assert sum(parts[: index + 1]) == shares(nano, 0, 900, [cut])[0]


def test_an_interval_across_a_border_is_refused_where_the_rule_says_so() -> None:
    start = first_minute(2025, 1) * MINUTE_NS
    hours = Intervals.regular(start + 30 * MINUTE_NS, 60 * MINUTE_NS, [1.0] * 10)
    with pytest.raises(ConfigError, match="an interval crosses a band border"):
        measure_usage(
            hours, BandCalendar(WEST), hours.start_ns[0], hours.end_ns[-1], straddling="refuse"
        )  # fmt: skip


def test_a_known_bill_by_hand() -> None:
    """January 1st, 00:00 to 08:00 at 40 kWh a quarter: 16 valley, 8 flat, 8 peak quarters."""
    start = first_minute(2025, 1) * MINUTE_NS
    intervals = Intervals.regular(start, QUARTER_NS, [40.0] * 32)
    usage = measure_usage(intervals, BandCalendar(WEST), start, start + 32 * QUARTER_NS)
    prices = {"super_peak": "0.9", "peak": "0.7", "flat": "0.4", "valley": "0.2", "deep_valley": "0.1"}
    charges = [
        band_charge("energy", DOCUMENT, prices, WEST),  # type: ignore[arg-type]
        flat_charge("fund", DOCUMENT, "0.0255", WEST, adjustable=False),
    ]
    demand = BasicCharge("kW", D("30"), DOCUMENT)
    table = PowerFactorTable(DOCUMENT, D("0.90"), ((D("0.80"), D("5")), (D("0.90"), D("0")), (D("0.95"), D("-0.75"))))
    peak = peak_demand(intervals, start, start + 32 * QUARTER_NS)

    bill = invoice(usage, charges, basic=basic_charge(demand, peak.power_kw), power_factor=D("0.849"), table=table)

    assert bill.subtotal("energy") == D("128") + D("128") + D("224") + D("16.32") + D("8.16") + D("8.16")
    assert bill.subtotal("demand") == D("4800.00")
    assert bill.subtotal("power_factor") == D("264.00")
    assert bill.total_yuan == D("5576.64")
    assert bill.reference_only


def test_demand_above_the_contract_is_paid_as_the_document_says() -> None:
    charge = BasicCharge("kW", D(10), DOCUMENT, contract_kw=D(1000), free_share=D("1.05"), over_factor=D(2))
    assert [basic_charge(charge, D(kw)).yuan for kw in (700, 1050, 1100)] == [D(10000), D(10000), D(11000)]


def test_the_cheaper_basis_is_taken_for_the_months_it_is_held() -> None:
    demand, capacity = BasicCharge("kW", D(30), DOCUMENT), BasicCharge("kVA", D(20), DOCUMENT)
    found = cheaper_basis([D(500), D(900), D(300), D(200)], D(1000), demand, capacity, 2)
    assert [(each.best, each.saving_yuan) for each in found] == [("capacity", D(2000)), ("demand", D(25000))]


def test_energy_at_market_prices_is_the_sum_over_quarters() -> None:
    start = first_minute(2025, 3) * MINUTE_NS
    intervals = Intervals.regular(start, QUARTER_NS, [1.25, 2.5, 3.75, 5.0])
    series = MarketSeries.read(
        "spot", DOCUMENT, start, QUARTER_NS, ["0.4", "-0.05", "0", "0.31"], may_be_negative=True
    )  # fmt: skip
    assert market_line(intervals, series, start, start + 4 * QUARTER_NS).exact_yuan == D("1.925")


def test_a_quarter_without_a_market_price_is_refused() -> None:
    intervals = Intervals.regular(0, QUARTER_NS, [1.0] * 4)
    series = MarketSeries.read("spot", DOCUMENT, 0, QUARTER_NS, ["0.4"] * 3)
    with pytest.raises(EvidenceError, match="no market price"):
        market_line(intervals, series, 0, 4 * QUARTER_NS)


@pytest.mark.parametrize(
    ("price", "why"), [("41.23", "fen are divided by 100"), ("-0.01", "negative price"), ("n/a", "not a price")]
)
def test_what_cannot_be_a_price_in_yuan_is_refused(price: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        price_of(price, "energy")


def test_a_fund_in_fen_is_told_by_the_price_of_energy() -> None:
    intervals = Intervals.regular(first_minute(2025, 1) * MINUTE_NS, QUARTER_NS, [1.0])
    usage = measure_usage(intervals, BandCalendar(WEST), intervals.start_ns[0], intervals.end_ns[0])
    charges = [
        ratio_charge("energy", DOCUMENT, "0.4", WEST),
        flat_charge("fund", DOCUMENT, "2.5", WEST, adjustable=False),
    ]
    with pytest.raises(ConfigError, match="fund above the price of energy"):
        invoice(usage, charges)


def test_a_scarcity_price_is_taken_and_a_series_in_fen_is_not() -> None:
    MarketSeries.read("spot", DOCUMENT, 0, QUARTER_NS, ["0.4", "0.3", "5.18"])
    with pytest.raises(ConfigError, match="middle of the series: too high"):
        MarketSeries.read("spot", DOCUMENT, 0, QUARTER_NS, ["412.5", "0", "380.1"])


def test_a_negative_market_price_needs_to_be_allowed() -> None:
    with pytest.raises(ConfigError, match="negative price"):
        MarketSeries.read("spot", DOCUMENT, 0, QUARTER_NS, ["-0.05"])


def test_a_price_without_a_document_is_refused() -> None:
    with pytest.raises(ConfigError, match="without a document"):
        flat_charge("fund", " ", "0.02", WEST)


def test_rounding_is_half_up_per_line() -> None:
    intervals = Intervals.regular(first_minute(2025, 1) * MINUTE_NS, QUARTER_NS, [0.5])
    usage = measure_usage(intervals, BandCalendar(WEST), intervals.start_ns[0], intervals.end_ns[0])
    charges = [flat_charge(name, DOCUMENT, "0.05", WEST) for name in ("first", "second")]
    assert [line.yuan for line in invoice(usage, charges).lines] == [D("0.03"), D("0.03")]
