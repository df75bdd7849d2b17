"""A real month of a steel plant's meter at market prices: billed to the cent against a book kept by hand.

The prices, documents and the gap in them are made up; energies and reactive energies are those of the plant.
"""

from __future__ import annotations

import csv
import json
from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_contracts, enterprises, gateways, signals
from ovoo_cloud.diagnosis.snapshot import Snapshot
from ovoo_cloud.energy.bills import make_bill
from ovoo_cloud.energy_report.build import build_month_report
from ovoo_cloud.energy_report.document import KIND
from ovoo_cloud.energy_report.plan import parse_plan
from ovoo_cloud.energy_report.site_plan import plan_of_site
from ovoo_cloud.energy_report.snapshot import freeze_month
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.build import ReportSettings
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.resolve import resolve
from ovoo_cloud.reports.signing import create_key, load_signing_key
from ovoo_cloud.reports.tree import build_tree
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_cloud.stores.base import Delivery
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import ConfigError
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader
from ovoo_models.efficiency.tariff.prices import MarketSeries

from tests.cloud.energy_report.conftest import ISSUE
from tests.models.conftest import need_data

SYSTEM = Scope.system()
PLACE = ("gwangyang-steel", "works")
METER = "gwangyang-steel/works/utilities/power/meter1"
ZONE = ZoneInfo("Asia/Shanghai")
QUARTER = 900 * 10**9
START = int(datetime(2018, 3, 1, tzinfo=ZONE).timestamp()) * 10**9
QUARTERS = 31 * 96
END = START + QUARTERS * QUARTER
FIRST, SECOND = 15 * 96, 15 * 96 + 8
"""The first upload ends at the 16th, the second begins two hours later."""
FUND, DEMAND = Decimal("0.0275"), Decimal("28")
STEPS = [["0", "5"], ["0.85", "2.5"], ["0.90", "0"], ["0.95", "-0.75"]]
TERMS: dict[str, Any] = {
    "tariff": "west",
    "market": "spot",
    "energy": [{"name": "fund", "document": "基金（虚构）", "flat": str(FUND), "adjustable": False}],
    "basis": "demand",
    "demand": {"price": str(DEMAND), "document": "合同（虚构）"},
    "power_factor": {"document": "力调办法（虚构）", "target": "0.90", "steps": STEPS},
    "fictitious": True,
}
# windy season of the western grid, read from the notice hour by hour
WINDY = "vvvvffppfffvvvvvffppppff"
BANDS = {"v": "valley", "f": "flat", "p": "peak"}


@dataclass(frozen=True, slots=True)
class Month:
    """The columns of March 2018 as written."""

    kwh: list[str]
    lagging: list[str]
    leading: list[str]


def price(quarter: int) -> str:
    """Yuan per kWh: dear in the evening, at times nothing."""
    hour = quarter % 96 // 4
    return f"{max(0.0, 0.21 + 0.013 * hour + 0.0007 * (quarter * 37 % 211) - (0.3 if 11 <= hour < 15 else 0.0)):.5f}"


@pytest.fixture(scope="module")
def march() -> Month:
    with need_data("steel-energy/Steel_industry_data.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))[59 * 96 : 90 * 96]
    names = ("Usage_kWh", "Lagging_Current_Reactive.Power_kVarh", "Leading_Current_Reactive_Power_kVarh")
    return Month(*([row[name] for row in rows] for name in names))


def upload(services: Services, first: int, last: int, document: str) -> None:
    prices = [price(quarter) for quarter in range(first, last)]
    series = MarketSeries.read("spot", document, START + first * QUARTER, QUARTER, prices)
    with services.database.write() as session:
        energy_contracts.keep_prices(session, SYSTEM, *PLACE, series, END)


@pytest.fixture(scope="module")
def plant(march: Month, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The plant's counter in the store, its contract, the registers of the month and two uploads of prices."""
    catalogue = Catalogue([SignalEntry(Address.parse(f"{METER}/energy"), "kWh", period_s=900.0)])
    times = [START + n * QUARTER for n in range(QUARTERS)]
    total, readings = Decimal(0), []
    for text in march.kwh:
        readings.append(float(total))
        total += Decimal(text)
    times.append(END - 1)  # the reading that closes the month
    readings.append(float(total))
    batch = SampleBatch(
        array("I", [0] * len(times)), array("q", times), array("d", readings), array("I", bytes(4 * len(times)))
    )
    with build_services(Settings(data_dir=tmp_path_factory.mktemp("steel")), clock=lambda: END + QUARTER) as services:
        with services.database.write() as session:
            enterprises.save_enterprise(session, SYSTEM, PLACE[0], name_zh="光阳钢铁", name_en="Steel", sector="steel")
            enterprises.save_site(session, SYSTEM, *PLACE, name_zh="光阳厂", name_en="Works")
            gateway = gateways.register(session, SYSTEM, "steel-gw1", enterprise=PLACE[0], sites=["works"], now_ns=END)
            signals.save_catalogue(session, gateway, catalogue, now_ns=END)
            energy_contracts.save_contract(session, SYSTEM, *PLACE, TERMS, now_ns=END)
        services.store.ensure_enterprise(PLACE[0])
        header = BatchHeader(catalogue_id=catalogue.id, epoch=7, seq=1, receive_ns=END, flags=1)
        services.store.write(Delivery("steel-gw1", PLACE[0], header, catalogue, batch))
        upload(services, -96, FIRST, "三月上旬出清（虚构）.csv")
        upload(services, SECOND, QUARTERS + 96, "三月下旬出清（虚构）.csv")
        registers = {
            "active_import": str(total),
            "active_export": "0",
            "reactive_import": str(sum(map(Decimal, march.lagging))),
            "reactive_export": str(sum(map(Decimal, march.leading))),
        }
        make_bill(services, SYSTEM, *PLACE, {"month": "2018-03", "accept_holes": True, "reactive": registers})
        yield services


@pytest.fixture(scope="module")
def month(plant: Services) -> Snapshot:
    return freeze_month(plan(plant), evidence(plant), ISSUE)


def plan(services: Services) -> Any:
    with services.database.read() as session:
        return plan_of_site(session, SYSTEM, *PLACE, "2018-03")


def evidence(services: Services) -> StoreEvidence:
    return StoreEvidence(services, PLACE[0], SYSTEM)


def cents(amount: Fraction) -> Decimal:
    """Half up to 0.01 yuan, by whole numbers."""
    scaled = amount * 100
    whole = abs(scaled)
    half_up = (2 * whole.numerator + whole.denominator) // (2 * whole.denominator)
    return Decimal(half_up if scaled >= 0 else -half_up) / 100


def priced(quarter: int) -> str:
    """The document that has the price of a quarter hour; empty in the gap."""
    first, second = "三月上旬出清（虚构）.csv", "三月下旬出清（虚构）.csv"
    return first if quarter < FIRST else second if quarter >= SECOND else ""


def book(march: Month) -> dict[tuple[str, str, str], Decimal]:
    """Every line of the bill by kind, document and band, out of the file's own digits."""
    market: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
    bands: dict[str, Fraction] = defaultdict(Fraction)
    for quarter, text in enumerate(march.kwh):
        band = BANDS[WINDY[quarter % 96 // 4]]
        bands[band] += Fraction(text)
        if priced(quarter):
            market["market", priced(quarter), band] += Fraction(text) * Fraction(price(quarter))
    lines = {key: cents(amount) for key, amount in market.items()}
    adjustable = sum(lines.values())
    lines |= {("energy", "基金（虚构）", band): cents(kwh * Fraction(FUND)) for band, kwh in bands.items()}
    lines["demand", "合同（虚构）", ""] = cents(4 * max(map(Fraction, march.kwh)) * Fraction(DEMAND))
    adjustable += lines["demand", "合同（虚构）", ""]
    percent = next(Fraction(step[1]) for step in reversed(STEPS) if Decimal(step[0]) <= factor(march))
    lines["power_factor", "力调办法（虚构）", ""] = cents(Fraction(adjustable) * percent / 100)
    return lines


def factor(march: Month) -> Decimal:
    """Active over apparent energy, reactive energy of both directions added, as it is compared with the table."""
    active = sum(map(Decimal, march.kwh), Decimal(0))
    reactive = sum(map(Decimal, [*march.lagging, *march.leading]), Decimal(0))
    return (active / (active * active + reactive * reactive).sqrt()).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_every_line_and_the_total_are_those_of_the_book(month: Snapshot, march: Month) -> None:
    figures, mine = month.data["figures"], book(march)
    found = {
        (row["kind"], row["document"], row["band"]): Decimal(figures[row["figure"]]["value"])
        for row in month.data["bill"]["lines"]
    }

    assert found == mine
    assert Decimal(figures["bill.total"]["value"]) == sum(mine.values())


def test_energy_without_a_price_is_named_and_not_charged(month: Snapshot, march: Month) -> None:
    market = month.data["bill"]["market"]
    unpriced = sum(Decimal(text) for quarter, text in enumerate(march.kwh) if not priced(quarter))

    assert market["missing"] == [{"start": "2018-03-16 00:00", "end": "2018-03-16 02:00"}]
    assert (market["missing_quarters"], market["stretches"]) == ("8", "1")
    assert Decimal(month.data["figures"][market["unpriced"]]["value"]) == unpriced
    assert "market" in month.data["bill"]["open"]
    words = str(resolve(build_tree(month.data, "0" * 64), "zh", draw).blocks)
    assert "2018-03-16 00:00 至 2018-03-16 02:00" in words
    assert market["uploads"][0]["sha256"] in words


def test_days_add_up_to_the_month_and_its_mean_price(month: Snapshot, march: Month) -> None:
    figures, market = month.data["figures"], month.data["bill"]["market"]
    cost = [Fraction(0)] * 31
    energy = [Decimal(0)] * 31
    for quarter, text in enumerate(march.kwh):
        if priced(quarter):
            cost[quarter // 96] += Fraction(text) * Fraction(price(quarter))
            energy[quarter // 96] += Decimal(text)

    assert [Decimal(figures[row["yuan"]]["value"]) for row in market["days"]] == [cents(each) for each in cost]
    assert [Decimal(figures[row["kwh"]]["value"]) for row in market["days"]] == energy
    mean = float(sum(cost)) / float(sum(energy))
    assert float(figures["bill.market.mean"]["value"]) == pytest.approx(mean, abs=6e-5)


def test_the_billed_power_factor_is_that_of_the_registers(month: Snapshot, march: Month) -> None:
    data, figures = month.data["factor"], month.data["figures"]

    assert data["source"] == "registers"
    assert Decimal(figures["power_factor"]["value"]).quantize(Decimal("0.01"), ROUND_HALF_UP) == factor(march)
    assert figures["power_factor.measured"]["value"] is None
    words = str(resolve(build_tree(month.data, "0" * 64), "en", draw).blocks)
    assert "Reactive energy drawn" in words


def test_the_bundle_verifies_deep_and_a_changed_price_is_found(plant: Services, tmp_path: Path) -> None:
    private, public = create_key(tmp_path / "keys")
    settings = ReportSettings("E-2018-03", "2018-04-03", load_signing_key(private), languages=("zh", "en"))
    result = build_month_report(plan(plant), evidence(plant), settings, tmp_path / "out")

    assert verify_bundle(tmp_path / "out", trust=public, deep=evidence(plant)).mismatches == ()
    told = result.snapshot.data["plan"]["bill"]["market"]["uploads"][0]
    assert told["prices"].split()[0] == price(0)  # the day before the month is left out
    assert len(told["prices"].split()) == FIRST
    spoilt = json.loads(result.snapshot.to_bytes())
    upload_ = spoilt["plan"]["bill"]["market"]["uploads"][0]
    upload_["prices"] = upload_["prices"].replace(price(5), "0.00001", 1)
    assert [(kind, name) for kind, name, _ in KIND.check(spoilt)] == [("evidence", upload_["document"])]


def test_two_prices_for_one_time_are_refused(plant: Services) -> None:
    extra = MarketSeries.read("spot", "改正（虚构）.csv", START + QUARTER, QUARTER, ["0.99999"])
    with plant.database.write() as session:
        kept = energy_contracts.keep_prices(session, SYSTEM, *PLACE, extra, END)
        try:
            with pytest.raises(ConfigError, match="two prices for one time"):
                freeze_month(plan_of_site(session, SYSTEM, *PLACE, "2018-03"), evidence(plant), ISSUE)
        finally:
            session.delete(kept)


def test_a_month_without_uploads_is_not_billed(plant: Services) -> None:
    told = dict(plan(plant).raw)
    told["bill"] = {**told["bill"], "market": {**told["bill"]["market"], "uploads": []}}
    data = freeze_month(parse_plan(told), evidence(plant), ISSUE).data

    assert (data["bill"]["reason"], data["figures"]["bill.total"]["value"]) == ("no_market", None)
