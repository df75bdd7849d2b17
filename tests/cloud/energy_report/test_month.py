"""What a month's snapshot says: figures by hand, records behind each, and honest words where data is missing."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.snapshot import Snapshot
from ovoo_cloud.energy_report.editions import norm_editions
from ovoo_cloud.energy_report.plan import parse_plan
from ovoo_cloud.energy_report.records import record_id
from ovoo_cloud.energy_report.snapshot import freeze_month
from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_packs import load_norms

from tests.cloud.energy_report import dairy
from tests.cloud.energy_report.conftest import ISSUE


def value(snapshot: Snapshot, figure: str) -> float:
    text = snapshot.data["figures"][figure]["value"]
    assert text is not None, snapshot.data["figures"][figure]
    return float(text)


def test_energy_is_that_of_the_counter_and_of_this_site_only(whole: Snapshot) -> None:
    steps = range(dairy.START, dairy.END - dairy.STEP_NS, dairy.STEP_NS)
    expected = math.fsum(dairy.site_power(at) / 12 for at in steps)

    assert value(whole, "energy.kwh") == pytest.approx(expected, abs=0.1)
    assert value(whole, "consumer.comp1.kwh") == pytest.approx(
        math.fsum(round(dairy.compressor(at), 3) / 12 for at in steps), abs=0.1
    )
    assert not [name for name in whole.data["figures"] if "elsewhere" in name]


def test_demand_is_the_greatest_mean_of_a_quarter_hour(whole: Snapshot) -> None:
    quarter = 3 * dairy.STEP_NS
    powers = [
        math.fsum(dairy.site_power(start + n * dairy.STEP_NS) for n in range(3)) / 3
        for start in range(dairy.START, dairy.END, quarter)
    ]

    assert value(whole, "demand.peak") == pytest.approx(max(powers), abs=0.06)
    assert value(whole, "demand.of_contract") == pytest.approx(100 * max(powers) / 480, abs=0.06)


def test_power_factor_follows_from_the_meters_own(whole: Snapshot) -> None:
    assert value(whole, "power_factor") == pytest.approx(dairy.FACTOR, abs=0.001)


def test_the_bill_is_energy_by_band_demand_and_adjustment(whole: Snapshot) -> None:
    lines = whole.data["bill"]["lines"]
    amounts = {(row["name"], row["band"]): value(whole, row["figure"]) for row in lines}
    prices = {"peak": 0.78, "flat": 0.52, "valley": 0.27}

    for band, price in prices.items():
        energy = value(whole, f"energy.band.{band}")
        assert amounts["电度电价", band] == pytest.approx(energy * price, abs=0.05)
        assert amounts["基金附加", band] == pytest.approx(energy * 0.03, abs=0.01)
    assert amounts["demand", ""] == pytest.approx(float(whole.data["demand"]["peak"]["kw"]) * 28, abs=0.005)
    assert float(whole.data["demand"]["peak"]["kw"]) == pytest.approx(value(whole, "demand.peak"), abs=0.05)
    assert amounts["power_factor", ""] == 0.0
    assert value(whole, "bill.total") == pytest.approx(math.fsum(amounts.values()), abs=0.005)


def test_idle_energy_is_that_of_the_compressors_nights(whole: Snapshot) -> None:
    steps = range(dairy.START, dairy.END, dairy.STEP_NS)
    idle = [at for at in steps if dairy.compressor(at) == 28.0]

    assert [row["machine"] for row in whole.data["idle"]["rows"]] == ["comp1"]
    assert value(whole, "idle.comp1.kwh") == pytest.approx(28 * len(idle) / 12, rel=0.01)
    assert value(whole, "idle.comp1.hours") == pytest.approx(len(idle) / 12, rel=0.01)


def test_a_measure_needs_the_decision_and_the_accuracy_of_the_meters(whole: Snapshot) -> None:
    name = "measure.idle_switch_off.comp1"
    lacking = freeze_month(dairy.plan(accuracy=None), dairy.source(), ISSUE).data["figures"][name]
    known = whole.data["figures"][name]

    assert float(known["low"]) < 0.8 * value(whole, "idle.comp1.kwh") < float(known["high"])
    assert (lacking["value"], lacking["low"], lacking["reason"]) == (None, None, "decision")


def test_the_saving_is_that_of_the_dryer_with_its_band(whole: Snapshot) -> None:
    days = range(dairy.START, dairy.END, dairy.DAY_NS)
    dried = math.fsum(dairy.dryer(day + n * dairy.STEP_NS) / 12 for day in days for n in range(288))
    saved = dried / 0.93 - dried

    assert value(whole, "saving.low") < saved < value(whole, "saving.high")
    assert whole.data["saving"]["reason"] == ""
    assert value(whole, "saving.expected") - value(whole, "saving.actual") == pytest.approx(
        value(whole, "saving.avoided"), abs=0.11
    )


def test_every_figure_has_a_record_with_the_id_of_its_content(whole: Snapshot) -> None:
    data = whole.data

    assert set(data["provenance"]) == set(data["figures"])
    assert {record_id(content) for content in data["records"].values()} == set(data["records"])
    assert set(data["provenance"].values()) <= set(data["records"])
    evidence = {each for row in data["figures"].values() for each in row["evidence"]}
    assert evidence <= set(data["evidence"])


def test_carbon_names_its_factors_with_their_edition(whole: Snapshot) -> None:
    rows = {row["id"]: row for row in whole.data["energy"]["factors"]}

    assert rows["grid_inner_mongolia_2023"]["edition"] == "2023 factors"
    assert rows["coal_electricity_equivalent"]["reference_only"]
    expected = value(whole, "energy.kwh") * float(rows["grid_inner_mongolia_2023"]["value"])
    assert value(whole, "energy.kgco2") == pytest.approx(expected, abs=0.6)


def test_the_order_of_storing_changes_no_byte(whole: Snapshot) -> None:
    mixed = dairy.source(dairy.shuffled(dairy.batches(), seed=3))

    assert freeze_month(dairy.plan(), mixed, ISSUE).to_bytes() == whole.to_bytes()


def test_a_month_without_data_gives_no_figure_and_no_zero() -> None:
    figures = freeze_month(dairy.plan(), dairy.source([]), ISSUE).data["figures"]

    for name in ("energy.kwh", "energy.tco2", "bill.total", "demand.peak", "power_factor", "base.kw", "idle.kwh"):
        assert (figures[name]["value"], figures[name]["low"]) == (None, None), name
        assert figures[name]["reason"], name


def test_half_a_month_is_told_as_the_metered_part_and_not_as_the_month() -> None:
    data = freeze_month(dairy.plan(), dairy.source(dairy.batches(end="2026-05-16")), ISSUE).data
    figures = data["figures"]

    assert (figures["energy.kwh"]["value"], figures["energy.kwh"]["reason"]) == (None, "covered")
    assert float(figures["energy.measured"]["value"]) > 80_000
    assert figures["data.percent"]["value"] == "48.4"
    assert figures["consumer.dryer1.kwh"]["value"] is None
    assert data["bill"]["reason"] == "covered"


def test_a_silence_is_named_and_its_energy_goes_to_no_band() -> None:
    cuts = [("2026-05-10", "2026-05-13")]
    data = freeze_month(dairy.plan(), dairy.source(dairy.batches(cuts=cuts)), ISSUE).data
    row = next(each for each in data["quality"]["rows"] if each["meter"])

    assert row["longest"] == {"hours": "72.0", "start": "2026-05-10 00:00", "end": "2026-05-13 00:00"}
    assert data["bill"]["incomplete"]
    assert data["bill"]["holes"] == 3 * 96
    assert float(data["figures"]["bill.kwh"]["value"]) < float(data["figures"]["energy.kwh"]["value"])


def test_without_prices_there_is_no_money_anywhere() -> None:
    data = freeze_month(dairy.plan(bill=None), dairy.source(), ISSUE).data

    assert data["bill"]["reason"] == "no_prices"
    yuan = {name: row["value"] for name, row in data["figures"].items() if row["unit"].startswith("yuan")}
    assert yuan
    assert set(yuan.values()) == {None}


def test_a_baseline_that_the_store_does_not_hold_is_refused_in_words() -> None:
    data = freeze_month(dairy.plan(), dairy.source(dairy.batches(start="2026-05-01")), ISSUE).data

    assert data["saving"]["reason"] == "refused"
    assert data["saving"]["fault"].startswith("baseline.")
    assert data["figures"]["saving.avoided"]["value"] is None


def test_a_driver_explains_the_days() -> None:
    terms = {**dairy.told()["baseline"], "driver": str(dairy.driver())}
    saving = freeze_month(dairy.plan(baseline=terms), dairy.source(), ISSUE).data["saving"]

    assert saving["driver"] == str(dairy.driver())
    assert saving["course"] is not None or saving["reason"] == "refused"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"month": "2026-13"}, "not a month"),
        ({"timezone": "Asia/Nowhere"}, "time zone"),
        ({"site": "other"}, "not the site"),
        ({"bill": {"charges": []}}, "price per kWh"),
        ({"baseline": {"start": "2026-05-01", "end": "2026-06-01", "document": "x"}}, "before the month"),
        ({"baseline": {"start": "soon", "end": "2026-05-01", "document": "x"}}, "not a date"),
        ({"baselin": {}}, "unknown key"),
        ({"accuracy": {"percent": "0.5"}}, "required value"),
    ],
)
def test_a_wrong_plan_is_refused_with_the_offender(changes: dict[str, Any], words: str) -> None:
    with pytest.raises((ConfigError, ConfigErrors), match=words):
        parse_plan(dairy.told(**changes))


def test_a_price_without_document_is_refused() -> None:
    charge = {"name": "energy", "document": " ", "form": "flat", "price": "0.5"}

    with pytest.raises(ConfigError, match="document"):
        freeze_month(dairy.plan(bill={"charges": [charge]}), dairy.source(), ISSUE)


def test_earlier_editions_of_the_grid_factor_stand_beside_the_one_in_force(whole: Snapshot) -> None:
    used, (earlier,) = whole.data["energy"]["co2_factor"], whole.data["editions"]["carbon"]
    kwh = Decimal(whole.data["figures"]["energy.kwh"]["value"])

    assert (used["id"], earlier["id"]) == ("grid_inner_mongolia_2023", "grid_inner_mongolia_2022")
    both = [whole.data["figures"][name]["value"] for name in ("energy.kgco2", earlier["figure"])]
    factors = (used["value"], earlier["value"])
    assert [Decimal(each) for each in both] == [
        (kwh * Decimal(each)).quantize(Decimal(1), ROUND_HALF_UP) for each in factors
    ]
    assert earlier["reference_only"]


def test_an_earlier_edition_of_the_norm_keeps_its_limits_and_its_level_beside_the_new_one() -> None:
    table = load_norms()
    row = table.get("coal_underground")
    old = replace(row, id="coal_old", level1=2.0, level2=4.0, level3=6.0)
    both = replace(table, rows={"coal_old": old, row.id: replace(row, supersedes="coal_old")})
    book = FigureBook()
    book.base("norm.intensity", "3.5", unit=row.unit, digits=3)

    (found,) = norm_editions(both, row.id, book)

    assert (found["id"], found["reached"]) == ("coal_old", 2)
    assert [book[each["figure"]].value for each in found["levels"]] == ["2.000", "4.000", "6.000"]
    assert norm_editions(table, row.id, book) == []
