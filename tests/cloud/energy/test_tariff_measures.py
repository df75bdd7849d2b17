"""Peak and price of a small site with a pump that may move: savings by hand, and the reason where there is none."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ovoo_cloud.catalogue import energy_contracts
from ovoo_cloud.energy.measure_lines import ListedMeasure
from ovoo_cloud.energy.measure_list import site_measure, site_measures
from ovoo_cloud.services import Services
from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_packs import load_tariffs

from tests.cloud.builders import ENTERPRISE, SITE, T0
from tests.cloud.energy.meters import DAY, METER, SYSTEM, feed, meter, place_tree

PUMP = "drainage/main/pump1"
DAYS = 17
DOCUMENT = "示例合同（虚构）"
SHIFTABLE = {"asset": PUMP, "rated_kw": 200.0, "document": "水仓容量（虚构）"}
TERMS: dict[str, Any] = {
    "tariff": "west",
    "energy": [{"name": "energy", "document": DOCUMENT, "ratio": "0.40"}],
    "basis": "demand",
    "demand": {"price": "28", "document": DOCUMENT},
    "shiftable": [SHIFTABLE],
    "fictitious": True,
}


def pump_kw(n: int) -> float:
    """From 18 to 19 o'clock in Shanghai, where minute 0 is 17:00."""
    return 100.0 if (17 + n // 60) % 24 == 18 else 0.0


def works(services: Services, terms: dict[str, Any] | None = None, days: int = DAYS, percent: float = 1.0) -> None:
    feed(
        services,
        {f"{METER}/power": ("kW", lambda n: 200.0 + pump_kw(n)), f"{PUMP}/power": ("kW", pump_kw)},
        days * 1440,
    )
    place_tree(services, [meter("main", f"{METER}/power"), meter("pump", f"{PUMP}/power", "main", percent)])
    if terms is not None:
        with services.database.write() as session:
            energy_contracts.save_contract(session, SYSTEM, ENTERPRISE, SITE, terms, T0)


def line(services: Services, kind: str, asset: str = "", days: int = DAYS) -> ListedMeasure:
    return site_measure(site_measures(services, SYSTEM, ENTERPRISE, SITE, T0, T0 + days * DAY), kind, asset)


def test_the_pump_takes_its_peak_off_the_demand(services: Services) -> None:
    works(services, TERMS)

    found = line(services, "demand_shaving")

    # 100 kWh of the pump over 24 hours of a day: the least peak is 200 + 100 / 24
    reachable = 200.0 + 100.0 / 24.0
    assert found.measured["peak_power"].value.value == pytest.approx(300.0)
    assert found.measured["reachable_power"].value.value == pytest.approx(reachable, abs=1e-3)
    assert found.measure.saving.value == pytest.approx(300.0 - reachable, abs=1e-3)
    assert found.measure.yuan_per_year is not None
    assert found.measure.yuan_per_year.value == pytest.approx((300.0 - reachable) * 28.0 * 12.0, rel=1e-4)
    details = {each.name: each.value for each in found.details}
    assert (details["shave_quarters"], details["shave_days"], details["whole_days"]) == (64.0, 16.0, 16.0)
    assert (details["energy_change"], details["carbon_change"]) == (0.0, 0.0)
    assert DOCUMENT in found.measure.documents


def test_demand_that_was_agreed_upon_is_paid_whatever_is_shaved(services: Services) -> None:
    terms = copy.deepcopy(TERMS)
    terms["demand"] |= {"contract_kw": "400", "free_share": "1.05", "over_factor": "2"}
    works(services, terms)

    found = line(services, "demand_shaving")

    assert found.measure.status == "saving"
    assert found.measure.yuan_per_year is not None
    assert found.measure.yuan_per_year.value == 0.0


def test_moving_the_pump_saves_by_the_contract_and_changes_no_energy(services: Services) -> None:
    works(services, TERMS)

    found = line(services, "load_shifting", PUMP)

    calendar = BandCalendar(load_tariffs().get("west"))
    tariff = calendar.tariff
    month = 10
    ratios = [tariff.ratio(month, hour) for hour in range(24)]
    # 100 kWh fit into one hour at 200 kW: the cheapest of the day
    daily = 100.0 * 0.40 * (ratios[18] - min(ratios))
    assert found.measure.saving.value == pytest.approx(16 * daily, abs=0.02)
    assert found.measure.saving.sigma == pytest.approx(16 * daily * 0.01 / 3.0**0.5, rel=0.05)
    assert found.measure.yuan_per_year is not None
    assert found.measure.yuan_per_year.value == pytest.approx(daily * 8766.0 / 24.0, rel=1e-3)
    details = {each.name: each.value for each in found.details}
    assert details["moved_energy"] == pytest.approx(16 * 100.0)
    assert (details["energy_change"], details["carbon_change"]) == (0.0, 0.0)
    (documents,) = found.measure.documents
    assert set(documents.split("; ")) == {DOCUMENT, "水仓容量（虚构）"}


def test_only_the_share_that_may_move_is_moved(services: Services) -> None:
    whole, half = copy.deepcopy(TERMS), copy.deepcopy(TERMS)
    half["shiftable"] = [{**SHIFTABLE, "share": 0.5}]
    works(services, whole)
    first = line(services, "load_shifting", PUMP).measure.saving.value
    with services.database.write() as session:
        energy_contracts.save_contract(session, SYSTEM, ENTERPRISE, SITE, half, T0)

    second = line(services, "load_shifting", PUMP).measure.saving.value

    assert second == pytest.approx(first / 2.0, abs=0.02)


@pytest.mark.parametrize(
    ("change", "shaving", "shifting", "asset"),
    [
        (None, "nothing_may_move", "no_contract", ""),
        ({"shiftable": []}, "nothing_may_move", "nothing_may_move", ""),
        ({"shiftable": [{**SHIFTABLE, "asset": "a/b/c"}]}, "machine_unread", "machine_unread", ""),
        ({"energy": []}, "", "no_price_by_hour", PUMP),
        ({"shiftable": [{**SHIFTABLE, "rated_kw": 1.0}]}, "", "does_not_fit", PUMP),
    ],
)
def test_what_is_not_entered_or_cannot_be_is_told(
    services: Services, change: dict[str, Any] | None, shaving: str, shifting: str, asset: str
) -> None:
    works(services, None if change is None else {**TERMS, **change}, 8)

    peak, moved = line(services, "demand_shaving", days=8), line(services, "load_shifting", asset, 8)

    assert [each.reason for each in peak.refused] == ([shaving] if shaving else [])
    assert {each.reason for each in moved.refused} == {shifting}
    assert moved.measure.status == "insufficient_evidence"


def test_too_few_whole_days_are_no_plan(services: Services) -> None:
    works(services, TERMS, 3)

    assert [each.reason for each in line(services, "demand_shaving", days=3).refused] == ["too_few_days"]
    assert {each.reason for each in line(services, "load_shifting", PUMP, 3).refused} == {"too_few_days"}
