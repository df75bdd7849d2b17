"""Idle energy, switch-off rules and measures of known machines, against sums done by hand."""

from __future__ import annotations

import math
import random
from decimal import Decimal

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_inputs, energy_settings
from ovoo_cloud.energy.documents import measure_document
from ovoo_cloud.energy.idle_ranking import IdleRanking, MachineStates, site_idle
from ovoo_cloud.energy.measure_list import ListedMeasure, site_measure, site_measures
from ovoo_cloud.services import Services
from ovoo_contract.errors import ConfigError, Forbidden, NotFound
from ovoo_packs import load_tariffs

from tests.cloud.builders import ENTERPRISE, SITE, T0
from tests.cloud.energy.meters import COMPRESSOR, DAY, FAN, METER, PLACE, SYSTEM, feed, meter, place_tree

BELT = "transport/main/belt1"
DAYS = 15
IDLE_KW = 20.0
IDLE_MINUTES = 120
"""Of each day the belt runs empty for two hours, works for ten and stands for twelve."""
NOISE = [random.Random(7).gauss(0.0, 1.0) for _ in range(4096)]


def noise(n: int) -> float:
    return NOISE[n * 7919 % 4096]


def belt_kw(n: int) -> float:
    minute = n % 1440
    if minute < 600:
        return 200.0 + 6.0 * noise(n)
    return IDLE_KW if minute < 600 + IDLE_MINUTES else 0.0


def half_kw(n: int) -> float:
    """Work, and half of it: no load of one machine, part load of another."""
    return (100.0 if n % 120 < 80 else 52.0) + noise(n)


def works(services: Services, days: int = DAYS) -> None:
    feed(
        services,
        {
            f"{BELT}/power": ("kW", belt_kw),
            f"{BELT}/running": ("1", lambda n: float(belt_kw(n) > 0.0)),
            f"{BELT}/belt_speed": ("m/s", lambda n: 2.0),
            f"{BELT}/load": ("t/h", lambda n: 500.0),
            f"{BELT}/motor_temp": ("degC", lambda n: 60.0),
            f"{BELT}/vibration": ("mm/s", lambda n: 2.0),
            f"{FAN}/power": ("kW", lambda n: 400.0 + 3.0 * noise(n)),
            f"{COMPRESSOR}/power": ("kW", half_kw),
            f"{METER}/power": ("kW", lambda n: belt_kw(n) + 400.0 + 3.0 * noise(n)),
            f"{METER}/energy": ("kWh", lambda n: 10.0 * n),
            f"{METER}/power_factor": ("1", lambda n: 0.9),
        },
        days * 1440,
    )


def ranking(services: Services, days: int = DAYS) -> IdleRanking:
    return site_idle(services, SYSTEM, ENTERPRISE, SITE, T0, T0 + days * DAY)


def machine(services: Services, asset: str, days: int = DAYS) -> MachineStates:
    return next(each for each in ranking(services, days).machines if each.row.path == f"{PLACE}/{asset}")


def give(services: Services, name: str, value: str, asset: str = BELT, source: str = "班会纪要 3（虚构）") -> None:
    with services.database.write() as session:
        path = f"{PLACE}/{asset}" if asset else ""
        energy_inputs.save(
            session, SYSTEM, ENTERPRISE, SITE, asset=path, name=name, value=value, source=source, now_ns=T0
        )


def choose_price(services: Services) -> str:
    tariff = next(iter(load_tariffs().rows.values()))
    with services.database.write() as session:
        energy_settings.choose_tariff(
            session, SYSTEM, ENTERPRISE, SITE, tariff=tariff.id, source="合同（虚构）", flat_price_yuan=0.5, now_ns=T0
        )
    return tariff.id


def listed(services: Services, kind: str, asset: str = BELT, days: int = DAYS) -> ListedMeasure:
    found = site_measures(services, SYSTEM, ENTERPRISE, SITE, T0, T0 + days * DAY)
    return site_measure(found, kind, asset)


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
