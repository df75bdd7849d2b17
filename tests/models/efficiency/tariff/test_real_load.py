"""A year of a steel plant's meter, priced: nothing lost, the peak where it is, and the record that recomputes."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from ovoo_models.efficiency.tariff.bands import BandCalendar, local_instant, month_bounds
from ovoo_models.efficiency.tariff.bill import invoice
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS, Intervals
from ovoo_models.efficiency.tariff.peak import peak_demand
from ovoo_models.efficiency.tariff.prices import EnergyCharge, ratio_charge
from ovoo_models.efficiency.tariff.recording import bill_record
from ovoo_models.efficiency.tariff.usage import measure_usage
from ovoo_packs import load_tariffs

from tests.models.conftest import need_data

WEST = load_tariffs().get("west")
ZONE = ZoneInfo(WEST.timezone)
CHARGES: list[EnergyCharge] = [ratio_charge("energy", "test price, fictitious", "0.4123", WEST)]


@pytest.fixture(scope="module")
def column() -> list[str]:
    """kWh as written, in file order: the midnight row of a day stands after 23:45."""
    with need_data("steel-energy/Steel_industry_data.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row["Usage_kWh"] for row in csv.DictReader(file)]


def year_of(column: list[str]) -> Intervals:
    start = local_instant(datetime(2018, 1, 1), ZONE)
    return Intervals.regular(start, QUARTER_NS, [float(text) for text in column])


def test_every_kwh_of_the_year_is_billed_once(column: list[str]) -> None:
    year, calendar = year_of(column), BandCalendar(WEST)
    months = [measure_usage(year, calendar, *month_bounds(2018, month, ZONE)) for month in range(1, 13)]
    assert sum(month.total_kwh() for month in months) == sum(Decimal(text) for text in column)
    assert all(month.split == 0 for month in months)
    assert {season for month in months for season, _ in month.nano_kwh} == {"windy", "low_wind"}


def test_the_peak_is_the_greatest_quarter_hour_of_the_month(column: list[str]) -> None:
    year = year_of(column)
    start, end = month_bounds(2018, 1, ZONE)
    peak = peak_demand(year, start, end)
    january = [Decimal(text) for text in column[: 31 * 96]]
    assert peak.power_kw == 4 * max(january)
    assert (peak.start_ns - start) // QUARTER_NS == january.index(max(january))
    assert (peak.windows, peak.unknown) == (31 * 96, 0)


def test_the_record_is_the_same_for_the_same_readings_and_another_for_others(column: list[str]) -> None:
    bounds = month_bounds(2018, 1, ZONE)

    def record(texts: list[str]) -> str:
        year = year_of(texts)
        bill = invoice(measure_usage(year, BandCalendar(WEST), *bounds), CHARGES)
        return bill_record(bill, year, CHARGES, WEST, "steel/main").id

    changed = [*column[:100], "1.11", *column[101:]]
    assert record(column) == record(list(column))
    assert record(column) != record(changed)
    assert record(column) == record([*column[:-1], "9.99"])  # December is no part of January's bill
