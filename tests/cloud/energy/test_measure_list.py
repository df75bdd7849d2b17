"""Measures of known machines: what they save, and what they lack."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_inputs
from ovoo_cloud.energy.documents import measure_document
from ovoo_cloud.energy.measure_list import site_measures
from ovoo_cloud.services import Services
from ovoo_contract.errors import ConfigError, Forbidden, NotFound

from tests.cloud.builders import ENTERPRISE, SITE, T0
from tests.cloud.energy.belt import (
    BELT,
    DAYS,
    choose_price,
    give,
    listed,
    machine,
    works,
)
from tests.cloud.energy.meters import DAY, METER, PLACE, SYSTEM, meter, place_tree


def test_without_a_class_of_the_meter_switching_off_is_no_evidence(services: Services) -> None:
    works(services)

    found = listed(services, "idle_switch_off")

    assert found.measure.status == "insufficient_evidence"
    assert found.without_class
    assert set(found.measure.missing) == {"idle_energy", "avoidable_share"}


def test_a_decision_makes_a_saving_with_its_band_and_its_evidence(services: Services) -> None:
    works(services)
    place_tree(services, [meter("belt", f"{BELT}/power", percent=1.0)])
    open_ = listed(services, "idle_switch_off")
    give(services, "idle_switch_off.avoidable_share", "0.5")

    found = listed(services, "idle_switch_off")

    belt = machine(services, BELT)
    assert belt.waste is not None
    kwh = float(belt.waste.kwh)
    assert open_.decisions == ("avoidable_share",)
    assert found.measure.status == "saving"
    assert found.measure.saving.value == pytest.approx(kwh / 2)
    assert found.measure.saving.sigma == pytest.approx(kwh / 2 * 0.01 / math.sqrt(3.0))
    assert found.measure.evidence_ids == (belt.evidence.id,)
    assert [each.id for each in found.samples] == [belt.evidence.id]
    assert found.measure.yuan_per_year is None
    assert "price" in found.measure.open_economics


def test_payback_needs_price_and_cost_with_their_documents(services: Services) -> None:
    works(services)
    choose_price(services)
    place_tree(services, [meter("belt", f"{BELT}/power", percent=1.0)])
    give(services, "idle_switch_off.avoidable_share", "0.5")
    without = listed(services, "idle_switch_off").measure
    give(services, "idle_switch_off.cost_low", "1000", source="报价 1（虚构）")
    give(services, "idle_switch_off.cost_high", "3000", source="报价 1（虚构）")

    found = listed(services, "idle_switch_off").measure

    assert without.payback is None
    assert without.open_economics == ("cost", "cost_document")
    assert found.yuan_per_year is not None
    belt = machine(services, BELT)
    assert belt.waste is not None
    assert belt.waste.yuan is not None
    assert found.yuan_per_year.value == pytest.approx(float(belt.waste.yuan) / 2 * 8766.0 / (DAYS * 24), rel=1e-3)
    assert found.cost == (Decimal(1000), Decimal(3000))
    assert found.payback is not None
    assert found.payback.low < found.payback.high  # type: ignore[operator]
    assert set(found.documents) == {"合同（虚构）", "报价 1（虚构）", "班会纪要 3（虚构）"}


def test_less_than_a_fortnight_is_not_carried_over_to_a_year(services: Services) -> None:
    works(services, days=10)
    choose_price(services)
    place_tree(services, [meter("belt", f"{BELT}/power", percent=1.0)])
    give(services, "idle_switch_off.avoidable_share", "0.5")

    found = listed(services, "idle_switch_off", days=10).measure

    assert found.status == "saving"
    assert found.yuan_per_year is None
    assert "per_year" in found.open_economics


def test_the_peak_is_measured_but_what_can_be_shed_is_not(services: Services) -> None:
    works(services, days=2)
    place_tree(services, [meter("main", f"{METER}/power")])

    found = listed(services, "demand_shaving", "", days=2)

    assert found.measure.status == "insufficient_evidence"
    assert found.measure.missing == ("reachable_power",)
    assert len(found.measure.evidence_ids) == 1


def test_certain_savings_come_first_and_what_is_not_known_last(services: Services) -> None:
    works(services)
    place_tree(services, [meter("main", f"{METER}/power"), meter("belt", f"{BELT}/power", "main", 1.0)])
    give(services, "idle_switch_off.avoidable_share", "1")

    found = site_measures(services, SYSTEM, ENTERPRISE, SITE, T0, T0 + DAYS * DAY).measures

    assert found[0].measure.kind.id == "idle_switch_off"
    assert {each.measure.status for each in found[1:]} == {"insufficient_evidence"}
    with pytest.raises(NotFound):
        listed(services, "blowdown", BELT)


def test_the_plan_says_what_is_still_open(services: Services) -> None:
    works(services, days=2)
    place_tree(services, [meter("belt", f"{BELT}/power", percent=1.0)])
    before = listed(services, "idle_switch_off", days=2).measure.plan
    for name, value in (
        ("baseline_start", "2026-01-01"),
        ("baseline_end", "2026-02-01"),
        ("reporting_start", "2026-01-15"),
        ("reporting_end", "2026-03-01"),
        ("coverage", "0.9"),
        ("greatest_share", "0.5"),
        ("responsible", "王工"),
    ):
        give(services, f"idle_switch_off.{name}", value)

    after = listed(services, "idle_switch_off", days=2)

    assert {"baseline_period", "reporting_period", "responsible"} <= set(before.missing)
    assert after.measure.plan.missing == ()
    assert after.measure.plan.problems == ("reporting period begins before the baseline ends",)
    assert after.measure.plan.meters[0] == f"{PLACE}/{BELT}/power"
    assert measure_document(after)["plan"]["option"] == "B"


@pytest.mark.parametrize(
    ("name", "value", "source"),
    [
        ("no_such", "1", "x"),
        ("idle_switch_off.avoidable_share", "1.5", "x"),
        ("idle_switch_off.avoidable_share", "half", "x"),
        ("idle_switch_off.avoidable_share", "nan", "x"),
        ("idle_switch_off.idle_energy", "100", "x"),
        ("idle_switch_off.cost_low", "-1", "x"),
        ("idle_switch_off.coverage", "0.93", "x"),
        ("idle_switch_off.baseline_start", "May", "x"),
        ("restart_kwh", "5", " "),
    ],
)
def test_an_input_that_cannot_be_is_refused(services: Services, name: str, value: str, source: str) -> None:
    works(services, days=1)

    with pytest.raises(ConfigError) as caught:
        give(services, name, value, source=source)

    assert caught.value.remedy


def test_an_input_is_taken_back_and_stays_within_its_tenant(services: Services) -> None:
    works(services, days=1)
    give(services, "restart_kwh", "5")
    give(services, "restart_kwh", "", source="")
    viewer = Scope("wang", Role.ENTERPRISE_VIEWER, frozenset({ENTERPRISE}))
    foreign = Scope("li", Role.ENTERPRISE_ENGINEER, frozenset({"bayan-chem"}))

    with services.database.read() as session:
        assert energy_inputs.newest(session, SYSTEM, ENTERPRISE, SITE) == {}
        with pytest.raises(NotFound):
            energy_inputs.newest(session, foreign, ENTERPRISE, SITE)
    with services.database.write() as session, pytest.raises(Forbidden):
        energy_inputs.save(
            session, viewer, ENTERPRISE, SITE, asset="", name="restart_kwh", value="1", source="x", now_ns=T0
        )
