"""Bills, tariff days, demand and carbon of a small site, against sums done by hand."""

from __future__ import annotations

import copy
import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, energy_contracts, signals
from ovoo_cloud.catalogue.energy_tables import EnergyStatement
from ovoo_cloud.catalogue.tables import Gateway
from ovoo_cloud.diagnosis.meters import Increments
from ovoo_cloud.energy.bills import basis_choices, check_bill, make_bill, site_contract
from ovoo_cloud.energy.carbon_statement import make_carbon, remake_carbon
from ovoo_cloud.energy.contract import Contract
from ovoo_cloud.energy.demand_gauge import demand_now, month_demand
from ovoo_cloud.energy.quarters import quarter_kwh, site_quarters
from ovoo_cloud.energy.tariff_day import tariff_day
from ovoo_cloud.services import Services
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import ConfigError, EvidenceError, Forbidden, NotFound
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS
from ovoo_models.efficiency.tariff.prices import MarketSeries
from ovoo_packs import load_factors, load_tariffs

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, GATEWAY, SITE, ZONE
from tests.cloud.conftest import Clock

SYSTEM = Scope.system()
METER = f"{ENTERPRISE}/{SITE}/utilities/power/meter1"
PUMP = f"{ENTERPRISE}/{SITE}/drainage/main/pump1"
MINUTE = 60 * 10**9
STEP = 5 * MINUTE
MONTH = "2026-02"
START = int(datetime.datetime(2026, 2, 1, tzinfo=ZONE).timestamp()) * 10**9
DAYS = 28
DOCUMENT = "示例合同（虚构）"
TERMS: dict[str, Any] = {
    "tariff": "west",
    "energy": [
        {"name": "energy", "document": DOCUMENT, "ratio": "0.40"},
        {"name": "fund", "document": DOCUMENT, "flat": "0.03", "adjustable": False},
    ],
    "basis": "demand",
    "demand": {"price": "28", "document": DOCUMENT},
    "capacity": {"price": "19", "document": DOCUMENT},
    "capacity_kva": "400",
    "held_months": 3,
    "power_factor": {"document": DOCUMENT, "target": "0.90", "steps": [["0", "10"], ["0.90", "0"], ["0.95", "-0.75"]]},
    "target_kw": 250.0,
    "shiftable": [{"asset": "drainage/main/pump1", "rated_kw": 200.0, "document": "水仓容量（虚构）"}],
    "fictitious": True,
}
REGISTERS = {"active_import": "100", "active_export": "0", "reactive_import": "20", "reactive_export": "0"}


def site_kw(step: int) -> float:
    """200 kW, 300 kW from 18 to 19 o'clock each day while the pump runs."""
    return 300.0 if pump_kw(step) else 200.0


def pump_kw(step: int) -> float:
    return 100.0 if step % 288 // 12 == 18 else 0.0


@pytest.fixture
def plant(services: Services, clock: Clock) -> Services:
    """A meter's counter and power each five minutes over February 2026, and a drainage pump."""
    listed = Catalogue(
        [
            SignalEntry(Address.parse(f"{METER}/energy"), "kWh", period_s=300.0),
            SignalEntry(Address.parse(f"{METER}/power"), "kW", period_s=300.0),
            SignalEntry(Address.parse(f"{PUMP}/power"), "kW", period_s=300.0),
        ]
    )
    rows: list[tuple[int, int, float | None, int]] = []
    counted = 0
    for step in range(DAYS * 288 + 1):
        at = START + step * STEP
        rows += [(0, at, counted / 12, 0), (1, at, site_kw(step), 0), (2, at, pump_kw(step), 0)]
        counted += int(site_kw(step))
    with services.database.write() as session:
        gateway = session.get(Gateway, GATEWAY)
        assert gateway is not None
        signals.save_catalogue(session, gateway, listed, now_ns=START)
        asset = signals.asset(session, SYSTEM, METER)
        asset.template = "site_meter"
        energy_contracts.save_contract(session, SYSTEM, ENTERPRISE, SITE, TERMS, START)
    services.store.write(builders.delivery(builders.batch(rows), signals=listed))
    clock.now_ns = START + DAYS * 288 * STEP
    return services


def bill(plant: Services, **order: Any) -> EnergyStatement:
    return make_bill(plant, SYSTEM, ENTERPRISE, SITE, {"month": MONTH, **order})


def by_hand(month: int = 2) -> tuple[Decimal, Decimal]:
    """Energy and fund of the month in yuan, before rounding, hour by hour."""
    tariff = load_tariffs().get("west")
    energy, fund = Decimal(0), Decimal(0)
    for hour in range(24):
        kwh = Decimal(DAYS * (300 if hour == 18 else 200))
        energy += kwh * Decimal("0.40") * Decimal(str(tariff.ratio(month, hour)))
        fund += kwh * Decimal("0.03")
    return energy, fund


def test_a_month_of_meter_readings_becomes_an_invoice_to_a_hundredth_of_a_yuan(plant: Services) -> None:
    made = bill(plant, reactive=REGISTERS).result

    energy, fund = by_hand()
    lines = made["lines"]
    total = {
        name: sum((Decimal(line["yuan"]) for line in lines if line["name"] == name), Decimal(0))
        for name in ("energy", "fund", "demand", "power_factor")
    }
    assert made["state"] == "complete"
    assert total["energy"] == energy.quantize(Decimal("0.01"))
    assert total["fund"] == fund.quantize(Decimal("0.01"))
    assert total["demand"] == Decimal(28) * 300
    assert made["power_factor"] == "0.9806"
    reward = -(total["energy"] + total["demand"]) * Decimal("0.0075")
    assert abs(total["power_factor"] - reward) <= Decimal("0.01")
    assert Decimal(made["total_yuan"]) == sum(total.values())
    assert made["peak"]["kw"] == "300.000"
    peak = datetime.datetime.fromtimestamp(int(made["peak"]["start_ns"]) // 10**9, ZONE)
    assert (peak.day, peak.hour, peak.minute) == (1, 18, 0)
    assert made["fictitious"]
    assert made["reference_only"] == load_tariffs().get("west").reference_only


def test_demand_is_set_against_capacity(plant: Services) -> None:
    made = bill(plant, reactive=REGISTERS)

    assert made.result["choice"] == {
        "demand_yuan": "8400.00", "capacity_yuan": "7600.00", "best": "capacity", "saving_yuan": "800.00",
        "chosen": "demand",
    }  # fmt: skip
    (choice,) = basis_choices(Contract.of(TERMS), [made])
    assert (choice.best, choice.saving_yuan) == ("capacity", Decimal("800.00"))


def test_a_kept_bill_is_made_again_to_the_same_record_and_late_data_show(plant: Services) -> None:
    made = bill(plant, reactive=REGISTERS)
    assert check_bill(plant, SYSTEM, made).equal
    assert bill(plant, reactive=REGISTERS).id == made.id

    with plant.database.write() as session:
        changed = copy.deepcopy(TERMS)
        changed["energy"][0]["ratio"] = "0.50"
        energy_contracts.save_contract(session, SYSTEM, ENTERPRISE, SITE, changed, START)
    assert check_bill(plant, SYSTEM, made).equal  # by its own prices, not by those of today

    listed = Catalogue([SignalEntry(Address.parse(f"{METER}/energy"), "kWh", period_s=300.0)])
    late = builders.batch([(0, START + 7 * STEP + MINUTE, 1e3, 0)])
    plant.store.write(builders.delivery(late, seq=2, signals=listed))
    checked = check_bill(plant, SYSTEM, made)
    assert not checked.equal
    assert checked.kept_record == made.record_id


def test_without_the_registers_the_adjustment_is_missing_and_said(plant: Services) -> None:
    made = bill(plant).result

    assert (made["state"], made["missing"]) == ("incomplete", ["power_factor"])
    assert made["power_factor"] is None
    assert all(line["kind"] != "power_factor" for line in made["lines"])


def quarter_rows(kwh: float = 50.0) -> list[list[Any]]:
    return [[str(START + row * QUARTER_NS), kwh + row % 7] for row in range(DAYS * 96)]


def supplier(rows: list[list[Any]]) -> dict[str, Any]:
    return {"document": "供电公司导出（虚构）", "step_s": 900, "rows": rows}


def test_the_defects_of_a_month_are_named_and_nothing_is_billed(plant: Services) -> None:
    gap, repeated, power = quarter_rows(), quarter_rows(), quarter_rows(300.0)
    del gap[100:104]
    repeated.insert(50, repeated[50])

    for rows, kind in ((gap, "gap"), (repeated, "repeated"), (power, "power_as_energy")):
        made = bill(plant, readings=supplier(rows)).result
        assert made["state"] == "insufficient"
        assert made["defects"][0]["kind"] == kind
        assert made["lines"] == []
        assert made["total_yuan"] is None
        assert made["reason"]["remedy"]


def test_readings_against_the_register_tell_power_given_as_energy(plant: Services) -> None:
    rows = quarter_rows()
    total = sum(kwh for _, kwh in rows)

    made = bill(plant, readings=supplier(rows), register_kwh=str(total / 4)).result

    assert [each["kind"] for each in made["defects"]] == ["power_as_energy"]


def test_gaps_may_be_accepted_and_the_bill_says_that_it_is_too_low(plant: Services) -> None:
    rows = quarter_rows()
    del rows[100:104]

    made = bill(plant, readings=supplier(rows), accept_holes=True, reactive=REGISTERS).result

    assert made["state"] == "incomplete"
    assert made["defects"][0]["kind"] == "gap"


def test_an_invoice_is_compared_line_by_line(plant: Services) -> None:
    own = bill(plant, reactive=REGISTERS).result
    line = own["lines"][0]
    wrong = str(Decimal(line["yuan"]) + Decimal("12.34"))
    came = {
        "document": "2026年2月电费单（虚构）",
        "total_yuan": str(Decimal(own["total_yuan"]) + Decimal("12.34")),
        "lines": [{**{key: line[key] for key in ("name", "season", "band")}, "yuan": wrong}],
    }

    found = bill(plant, reactive=REGISTERS, invoice=came).result["comparison"]

    assert found["difference_yuan"] == "12.34"
    assert found["lines"][0]["difference_yuan"] == "12.34"
    assert all(each["theirs_yuan"] is None for each in found["lines"][1:])
    assert found["defects"] == []

    fen = {**came, "total_yuan": str(Decimal(own["total_yuan"]) * 100), "lines": []}
    (slip,) = bill(plant, reactive=REGISTERS, invoice=fen).result["comparison"]["defects"]
    assert slip["kind"] == "fen_for_yuan"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"energy": [{"name": "energy", "document": DOCUMENT, "ratio": "45"}]}, "fen"),
        ({"energy": [{"name": "energy", "document": " ", "flat": "0.4"}]}, "document"),
        ({"energy": [{"name": "energy", "document": DOCUMENT}]}, "one kind of price"),
        ({"demand": {"price": "2800", "document": DOCUMENT}}, "fen"),
        ({"basis": "capacity", "capacity": None}, "basis"),
        ({"tariff": "nowhere"}, "nowhere"),
        ({"capacity_kva": "many"}, "not an amount"),
        ({"power_factor": {"document": DOCUMENT, "target": "0.9", "steps": [["0.9", "0"], ["0.8", "5"]]}}, "rise"),
        ({"power_factor": {"document": DOCUMENT, "target": "0.9", "steps": [["0", "900"]]}}, "percent"),
    ],
)
def test_terms_that_cannot_be_are_refused_by_name(change: dict[str, Any], told: str) -> None:
    with pytest.raises(Exception, match=told):
        Contract.of({**TERMS, **change})


def test_the_market_pays_by_the_price_of_each_quarter_hour(plant: Services) -> None:
    terms = {**TERMS, "energy": [], "market": "spot", "power_factor": None, "basis": "none"}
    with plant.database.write() as session:
        energy_contracts.save_contract(session, SYSTEM, ENTERPRISE, SITE, terms, START)
    assert bill(plant).result["missing"] == ["market", "prices"]

    prices = tuple(Decimal("0.30") if row % 96 // 4 != 18 else Decimal("0.90") for row in range(DAYS * 96))
    series = MarketSeries("spot", "交易中心（虚构）", START, QUARTER_NS, prices)
    with plant.database.write() as session:
        energy_contracts.keep_prices(session, SYSTEM, ENTERPRISE, SITE, series, START)
    made = bill(plant)

    wanted = DAYS * (23 * 200 * Decimal("0.30") + 300 * Decimal("0.90"))
    assert Decimal(made.result["total_yuan"]) == wanted
    assert check_bill(plant, SYSTEM, made).equal


def test_a_day_tells_what_moving_the_pump_would_save(plant: Services) -> None:
    contract = site_contract(plant, SYSTEM, ENTERPRISE, SITE)
    assert contract is not None

    found = tariff_day(plant, SYSTEM, ENTERPRISE, SITE, contract, datetime.date(2026, 2, 10))

    tariff = load_tariffs().get("west")
    assert found.known == len(found.slots) == 96
    energy, fund = (each / DAYS for each in by_hand())
    assert found.total_yuan is not None
    assert abs(found.total_yuan - energy - fund) <= Decimal("0.05")
    (shift,) = found.shifts
    assert shift.shift is not None
    ratios = [Decimal(str(tariff.ratio(2, hour))) for hour in range(24)]
    assert shift.shift.moved_kwh == 100
    assert shift.shift.saving_yuan == 100 * Decimal("0.40") * (ratios[18] - min(ratios))


def test_a_day_without_data_has_no_shift_and_says_why(plant: Services) -> None:
    contract = site_contract(plant, SYSTEM, ENTERPRISE, SITE)
    assert contract is not None

    found = tariff_day(plant, SYSTEM, ENTERPRISE, SITE, contract, datetime.date(2026, 5, 1))

    assert found.known == 0
    assert found.shifts[0].shift is None
    assert found.shifts[0].reason is not None


def test_the_demand_of_now_ends_where_the_power_leads_and_tells_what_to_shed(plant: Services, clock: Clock) -> None:
    clock.now_ns = START + (3 * 288 + 18 * 12) * STEP + 10 * MINUTE  # 18:10, 300 kW since 18:00
    now = demand_now(plant, SYSTEM, ENTERPRISE, SITE, 250.0)

    assert now.power_kw == 300.0
    assert now.so_far_kw == pytest.approx(300.0)
    assert now.projection is not None
    assert now.projection.kw == pytest.approx(300.0)
    assert now.projection.shed_kw == pytest.approx(150.0)  # 250 = (300 x 10 + 150 x 5) / 15
    assert now.over
    month = month_demand(plant, SYSTEM, ENTERPRISE, SITE)
    assert month.peak_kw == pytest.approx(300.0)
    assert month.peak_start_ns == START + 18 * 12 * STEP


def test_old_data_give_no_demand(plant: Services, clock: Clock) -> None:
    clock.now_ns = START + DAYS * 288 * STEP + 3 * 3600 * 10**9

    now = demand_now(plant, SYSTEM, ENTERPRISE, SITE, 250.0)

    assert (now.power_kw, now.projection, now.over) == (None, None, False)


CHOICE = {"year": 2026, "region": "inner_mongolia", "electricity": "calorific", "grid_id": ""}


def test_carbon_by_another_edition_leaves_both_results(plant: Services) -> None:
    window = (START, START + 24 * 3600 * 10**9)
    first = make_carbon(plant, SYSTEM, ENTERPRISE, SITE, window, CHOICE, [])
    factors = load_factors()
    grids = [row for row in factors.rows.values() if row.kind == "co2_grid" and row.value is not None]
    used = first.result["lines"][0]["factors"][1]["id"]
    other = next(row for row in grids if row.id != used and row.value != factors.get(used).value)

    second = remake_carbon(plant, SYSTEM, first, {**CHOICE, "grid_id": other.id})

    kwh = 23 * 200.0 + 300.0
    assert float(first.result["kgce"]["low"]) == pytest.approx(kwh * 0.1229, abs=1e-3)
    assert other.value is not None
    assert float(second.result["kgco2"]["low"]) == pytest.approx(kwh * other.value, abs=1e-3)
    assert first.record_id != second.record_id
    with plant.database.read() as session:
        kept = energy_contracts.statements(session, SYSTEM, ENTERPRISE, SITE, "carbon")
        assert {row.id: row.result for row in kept} == {first.id: first.result, second.id: second.result}
        assert {row.follows for row in kept} == {"", first.id}


def test_carbon_needs_a_metered_window_and_documents(plant: Services) -> None:
    late = START + 60 * 24 * 3600 * 10**9
    with pytest.raises(EvidenceError, match="too little"):
        make_carbon(plant, SYSTEM, ENTERPRISE, SITE, (late, late + 24 * 3600 * 10**9), CHOICE, [])
    coal = {"name": "boiler", "carrier": "raw_coal", "value": 10.0, "unit": "t", "document": " "}
    with pytest.raises(ConfigError, match="document"):
        make_carbon(plant, SYSTEM, ENTERPRISE, SITE, (START, START + 24 * 3600 * 10**9), CHOICE, [coal])


def test_only_who_may_set_energy_makes_statements_and_strangers_see_none(plant: Services) -> None:
    viewer = Scope("li", Role.ENTERPRISE_VIEWER, frozenset({ENTERPRISE}))
    stranger = Scope("wang", Role.ENTERPRISE_ENGINEER, frozenset({"bayan-chem"}))
    made = bill(plant, reactive=REGISTERS)

    with pytest.raises(Forbidden):
        make_bill(plant, viewer, ENTERPRISE, SITE, {"month": MONTH})
    with pytest.raises(NotFound):
        make_bill(plant, stranger, ENTERPRISE, SITE, {"month": MONTH})
    with pytest.raises(NotFound):
        site_quarters(plant, stranger, ENTERPRISE, SITE, START, START + QUARTER_NS)
    with plant.database.read() as session:
        with pytest.raises(NotFound):
            energy_contracts.statement(session, stranger, ENTERPRISE, SITE, made.id, "bill")
        with pytest.raises(NotFound):
            energy_contracts.statement(session, SYSTEM, ENTERPRISE, SITE, made.id, "carbon")
        said = [row.action for row in audit.listing(session, SYSTEM)]
    assert said[:2] == ["energy.bill", "energy.contract"]


@given(st.lists(st.integers(1, 14 * 60), min_size=5, max_size=60), st.integers(0, 900))
def test_quarters_of_a_steady_load_are_equal_wherever_its_samples_lie(gaps: list[int], offset: int) -> None:
    seconds = np.cumsum([0, *gaps]) - offset
    time_ns = seconds.astype(np.int64) * 10**9
    kwh = np.diff(seconds) * (100.0 / 3600)

    found = quarter_kwh(Increments(time_ns[:-1], time_ns[1:], kwh), 0, 20)

    whole = [seconds[0] <= row * 900 and (row + 1) * 900 <= seconds[-1] for row in range(20)]
    assert np.isfinite(found).tolist() == whole
    assert found[whole] == pytest.approx(25.0, abs=1e-6)
