"""Idle energy and switch-off rules of known machines, against sums done by hand."""

from __future__ import annotations

import math

import pytest
from ovoo_cloud.energy.idle_ranking import site_idle
from ovoo_cloud.services import Services
from ovoo_packs import load_tariffs

from tests.cloud.builders import ENTERPRISE, SITE, T0
from tests.cloud.energy.belt import (
    BELT,
    DAYS,
    IDLE_KW,
    IDLE_MINUTES,
    choose_price,
    give,
    listed,
    machine,
    ranking,
    works,
)
from tests.cloud.energy.meters import COMPRESSOR, DAY, SYSTEM


def test_idle_minutes_and_energy_are_those_that_were_fed(services: Services) -> None:
    works(services)

    belt = machine(services, BELT)

    assert belt.verdict == "told"
    assert belt.minutes["idle"] + belt.minutes["no_load"] == pytest.approx(DAYS * IDLE_MINUTES, abs=2 * DAYS)
    assert belt.waste is not None
    assert float(belt.waste.kwh) == pytest.approx(DAYS * IDLE_MINUTES * IDLE_KW / 60.0, rel=0.02)
    assert belt.waste.yuan is None
    assert [row.name for row in belt.signals] == ["power", "running"]


def test_the_meter_is_no_machine_and_a_steady_machine_does_not_idle(services: Services) -> None:
    works(services)

    found = ranking(services)

    assert [each.row.path.split("/")[-1] for each in found.machines] == ["belt1", "fan1", "comp1"]
    assert found.machines[1].verdict == "no_idle"
    assert found.machines[1].waste is not None
    assert found.machines[1].waste.kwh == 0


def test_what_may_be_no_load_or_part_load_is_unknown_not_guessed(services: Services) -> None:
    works(services)

    found = machine(services, COMPRESSOR)

    assert (found.verdict, found.unclear) == ("unclear", ("no_load",))
    assert found.minutes["unknown"] == pytest.approx(DAYS * 480, rel=0.01)
    assert not found.known
    assert found.waste is not None
    assert found.waste.unknown_hours == pytest.approx(found.minutes["unknown"] / 60.0)
    assert listed(services, "idle_switch_off", COMPRESSOR).measure.status == "insufficient_evidence"


def test_idle_energy_is_priced_by_the_band_of_its_hour(services: Services) -> None:
    works(services)
    tariff = load_tariffs().get(choose_price(services))

    found = ranking(services)
    belt = found.machines[0]

    # 17:00 in Shanghai is T0; the belt idles from minute 600 on, so from 03:00 to 05:00 of the local clock
    by_hand = DAYS * math.fsum(IDLE_KW * 0.5 * tariff.ratio(10, hour) for hour in (3, 4))
    assert belt.waste is not None
    assert belt.waste.yuan is not None
    assert float(belt.waste.yuan) == pytest.approx(by_hand, rel=0.02)
    assert (found.priced, found.price_source) == (True, "合同（虚构）")
    assert found.reference_only == tariff.reference_only


def test_a_machine_with_too_few_minutes_has_no_figure(services: Services) -> None:
    works(services, days=1)

    late = site_idle(services, SYSTEM, ENTERPRISE, SITE, T0 + DAY - 15 * 60 * 10**9, T0 + 2 * DAY).machines

    assert {each.verdict for each in late} == {"too_few"}
    assert {each.waste for each in late} == {None}


def test_a_switch_off_rule_needs_the_energy_of_a_restart(services: Services) -> None:
    works(services)
    without = machine(services, BELT)
    give(services, "restart_kwh", "2")

    belt = machine(services, BELT)

    assert without.rule is None
    assert belt.rule is not None
    assert belt.rule.after_s == 300.0
    assert belt.rule.stops == DAYS
    assert belt.rule.kwh == pytest.approx(DAYS * (IDLE_KW * (IDLE_MINUTES - 5) / 60.0 - 2.0), rel=0.03)


def test_a_restart_dearer_than_the_idling_gives_no_rule(services: Services) -> None:
    works(services)
    give(services, "restart_kwh", "500")

    assert machine(services, BELT).rule is None
