"""Baselines of entered bills: fitted, signed, proven and made again; what is wrong with bills is named."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, energy_baselines, entered_bills
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline, EnergyFit, EnergySaving
from ovoo_cloud.energy.baseline_service import Refused, define_baseline, prove_saving, recompute
from ovoo_cloud.energy.bill_baseline import BillSpec
from ovoo_cloud.jobs.energy_baselines import energy_baselines_job
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.errors import ConfigError, NotFound

from tests.cloud.energy_report import dairy
from tests.cloud.energy_report.stored import SYSTEM, fill

PLACE = (dairy.ENTERPRISE, dairy.SITE)
ZONE = ZoneInfo("Asia/Shanghai")
FIRST, TURN, LAST = "2024-01-05", "2026-01-04", "2026-07-03"


def ns(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=ZONE).timestamp()) * 10**9


def history(saved: float = 0.1) -> list[entered_bills.NewBill]:
    """Bills of 29 to 32 days over thirty months: 500 kWh a day and 80 a ton; a tenth is saved from 2026 on."""
    chance, day = random.Random(8), datetime.fromisoformat(FIRST)
    found: list[entered_bills.NewBill] = []
    while day < datetime.fromisoformat(LAST):
        length = 30 if day.year == 2026 else chance.choice([29, 30, 31, 32])
        end = day + timedelta(days=length)
        if day < datetime.fromisoformat(TURN) < end:
            end = datetime.fromisoformat(TURN)
        days, tons = (end - day).days, round(chance.uniform(200, 400), 1)
        kwh = 500 * days + 80 * tons + chance.gauss(0, 60 * math.sqrt(days))
        kwh *= 1 - saved if day >= datetime.fromisoformat(TURN) else 1
        first, last = (int(each.replace(tzinfo=ZONE).timestamp()) * 10**9 for each in (day, end))
        found.append(
            entered_bills.NewBill(first, last, f"{kwh:.1f}", "read", f"账单 {len(found) + 1}", {"产量": str(tons)})
        )
        day = end
    return found


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with build_services(Settings(data_dir=tmp_path), clock=lambda: ns("2026-08-01")) as opened:
        fill(opened, [])
        yield opened


def enter(services: Services, bills: list[entered_bills.NewBill], scope: Scope = SYSTEM) -> list[str]:
    with services.database.write() as session:
        return [row.id for row in entered_bills.enter(session, scope, *PLACE, bills, services.clock())]


def defined(services: Services, spec: BillSpec | None = None) -> tuple[EnergyBaseline, EnergyFit]:
    spec = spec or BillSpec(("产量",))
    return define_baseline(
        services, SYSTEM, *PLACE, name="按账单", asset="", spec=spec, start_ns=ns(FIRST), end_ns=ns(TURN)
    )


def signed(services: Services) -> EnergyBaseline:
    owner, fit = defined(services)
    assert fit.outcome["refused"] == "", fit.outcome["refused"]
    with services.database.write() as session:
        energy_baselines.sign(session, SYSTEM, owner, fit.id, document="基准审批单", now_ns=services.clock())
    return owner


def test_a_saving_is_proven_from_bills_and_made_again(services: Services) -> None:
    enter(services, history())
    owner = signed(services)

    kept = prove_saving(services, SYSTEM, owner, ns(TURN), ns(LAST))

    assert isinstance(kept, EnergySaving), kept
    results = {name: float(kept.record["results"][name]) for name in ("low", "high", "expected")}
    assert results["low"] < 0.1 * results["expected"] < results["high"]
    assert kept.record["parameters"]["resolution"] == "bill"
    assert recompute(services, SYSTEM, kept.id).equal


def test_a_bill_entered_later_for_the_baseline_is_found_out(services: Services) -> None:
    enter(services, history())
    owner = signed(services)
    kept = prove_saving(services, SYSTEM, owner, ns(TURN), ns(LAST))
    assert isinstance(kept, EnergySaving)
    first = history()[3]
    enter(
        services, [entered_bills.NewBill(first.start_ns, first.end_ns, "-900", "adds", "退补 1")]
    )  # a credit for the fourth bill

    refused = prove_saving(services, SYSTEM, owner, ns(TURN), ns(LAST))

    assert isinstance(refused, Refused)
    assert "not those that were signed" in refused.reason
    assert not recompute(services, SYSTEM, kept.id).equal


@pytest.mark.parametrize(
    ("kwh", "kind", "fault"),
    [
        pytest.param("1", "read", "two_bills", id="two_bills_of_one_period"),
        pytest.param("1", "replaces", None, id="a_replacement"),
    ],
)
def test_contradicting_bills_refuse_the_fit_by_name_and_marked_ones_do_not(
    services: Services, kwh: str, kind: str, fault: str | None
) -> None:
    bills = history()
    enter(services, [*bills, entered_bills.NewBill(bills[2].start_ns, bills[2].end_ns, kwh, kind, "又一份")])

    _, fit = defined(services)

    if fault is None:
        assert [each["name"] for each in fit.outcome["faults"]] == ["bill_replaced"]
    else:
        assert f"bills.{fault}" in fit.outcome["refused"]


def test_a_missing_amount_leaves_its_period_out_and_a_withdrawn_bill_counts_no_more(services: Services) -> None:
    bills = history()
    lacking = entered_bills.NewBill(bills[0].start_ns, bills[0].end_ns, bills[0].kwh, "read", "账单 1")
    ids = enter(services, [lacking, *bills[1:]])
    _, before = defined(services)
    with services.database.write() as session:
        entered_bills.withdraw(session, SYSTEM, *PLACE, ids[5], services.clock())
        entered_bills.withdraw(session, SYSTEM, *PLACE, ids[5], services.clock())

    _, after = defined(services)

    assert int(before.outcome["fit"]["rows"]) == before.outcome["rows"] - 1
    assert int(after.outcome["fit"]["rows"]) == int(before.outcome["fit"]["rows"]) - 1
    assert [each["name"] for each in after.outcome["faults"]] == ["bill_gap"]
    with services.database.read() as session:
        assert [row.action for row in audit.listing(session, SYSTEM)].count("energy.bill_withdrawn") == 1


def test_degree_days_come_from_the_sites_own_temperature(services: Services) -> None:
    enter(services, history())

    _, fit = defined(services, BillSpec(("产量",), f"{dairy.METER}/power", heating_base=16.0))

    assert "too few periods" in fit.outcome["refused"]  # the signal has no sample: every period lacks its degree-days
    with pytest.raises(ConfigError, match="belong together"):
        BillSpec(temperature=f"{dairy.METER}/power")


def test_what_is_no_bill_is_refused_and_a_foreign_site_is_absent(services: Services) -> None:
    sound = history()[0]
    for bad in (
        entered_bills.NewBill(sound.start_ns, sound.end_ns, "abc", "read", "x"),
        entered_bills.NewBill(sound.end_ns, sound.start_ns, "1", "read", "x"),
        entered_bills.NewBill(sound.start_ns, sound.end_ns, "1", "read", " "),
        entered_bills.NewBill(sound.start_ns, sound.end_ns, "1", "guess", "x"),
    ):
        with pytest.raises(ConfigError):
            enter(services, [sound, bad])
    stranger = Scope("eve", Role.ENTERPRISE_ENGINEER, frozenset({"other"}))
    with pytest.raises(NotFound):
        enter(services, [sound], stranger)
    with services.database.read() as session:
        assert list(entered_bills.bills(session, SYSTEM, *PLACE)) == []


def test_the_night_leaves_baselines_of_bills_alone(services: Services) -> None:
    enter(services, history())
    signed(services)

    assert energy_baselines_job(services, {}, lambda share: None)["baselines"] == 0
