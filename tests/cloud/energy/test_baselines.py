"""Baselines and savings from stored samples, against a conveyor whose saving is known."""

from __future__ import annotations

import itertools
import math

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, energy_baselines, energy_savings
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline, EnergySaving
from ovoo_cloud.cli import main
from ovoo_cloud.energy.baseline_service import (
    Refused,
    decide_event,
    define_baseline,
    fit_baseline,
    prove_saving,
    recompute,
)
from ovoo_cloud.energy.baseline_spec import BaselineSpec, spec_from_data
from ovoo_cloud.energy.intervals import observations
from ovoo_cloud.jobs.energy_baselines import energy_baselines_job
from ovoo_cloud.jobs.work import work_of
from ovoo_cloud.services import Services
from ovoo_contract.errors import ConfigError, EvidenceError, Forbidden, NotFound, QueryError

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, SITE, S
from tests.cloud.conftest import Clock
from tests.cloud.energy import works
from tests.cloud.energy.works import BELT, DAY, HOUR, START, TURN

ENGINEER = Scope("li", Role.ENTERPRISE_ENGINEER, frozenset({ENTERPRISE}))
VIEWER = Scope("wang", Role.ENTERPRISE_VIEWER, frozenset({ENTERPRISE}))
STRANGER = Scope("zhao", Role.ENTERPRISE_ENGINEER, frozenset({"bayan-chem"}))
END = START + works.DAYS * DAY
EVENT = (TURN + 5 * DAY, TURN + 7 * DAY)
SAVED = 0.1


@pytest.fixture
def plant(services: Services, clock: Clock) -> Services:
    """The conveyor with a second belt on the same meter for two days."""
    clock.now_ns = END + 3 * HOUR
    works.feed(services, works.rows(SAVED, EVENT, 60.0))
    return services


@pytest.fixture
def owner(plant: Services) -> EnergyBaseline:
    """A defined baseline whose first fit is signed."""
    row, fit = define_baseline(
        plant, ENGINEER, ENTERPRISE, SITE, name="belt", asset=BELT, spec=works.spec(), start_ns=START, end_ns=TURN
    )
    with plant.database.write() as session:
        energy_baselines.sign(session, ENGINEER, row, fit.id, document="plan 3", now_ns=END)
    return row


@pytest.fixture
def saving(plant: Services, owner: EnergyBaseline) -> EnergySaving:
    """The saving of the reporting period."""
    found = prove_saving(plant, ENGINEER, owner, TURN, END)
    assert isinstance(found, EnergySaving)
    return found


def test_columns_are_the_sums_of_the_stored_samples(plant: Services) -> None:
    data = observations(plant, ENGINEER, ENTERPRISE, SITE, works.spec(), START, TURN)

    rows = works.rows(SAVED, EVENT, 60.0)
    power = [kw for signal, at, kw, _ in rows if signal == 1 and at < START + HOUR]
    load = [value for signal, at, value, _ in rows if signal == 0 and at < START + HOUR]
    assert data.energy[0] == pytest.approx(math.fsum(power) / 6, rel=1e-12)
    assert data.drivers["load"][0] == pytest.approx(math.fsum(load) / 6, rel=1e-12)
    assert len(data) == 21 * 24
    assert data.utc_offset_s == 8 * 3600


def test_hours_and_days_read_the_same_energy(plant: Services) -> None:
    hours = observations(plant, ENGINEER, ENTERPRISE, SITE, works.spec(), START, END)
    days = observations(plant, ENGINEER, ENTERPRISE, SITE, works.spec(step="day"), START, END)

    per_day = [math.fsum(hours.energy[n : n + 24]) for n in range(0, len(hours), 24)]
    assert list(days.energy) == pytest.approx(per_day, rel=1e-12)


def test_an_interval_with_too_little_coverage_is_missing_and_not_zero(services: Services, clock: Clock) -> None:
    hole = (START + 2 * HOUR + 600 * S, START + 3 * HOUR)
    works.feed(services, [row for row in works.rows(0.0) if not hole[0] <= row[1] < hole[1]])

    data = observations(services, ENGINEER, ENTERPRISE, SITE, works.spec(), START, START + DAY)

    assert math.isnan(data.energy[2])
    assert [n for n, value in enumerate(data.energy) if math.isnan(value)] == [2]


def test_bounds_off_the_grid_are_refused_by_name(plant: Services) -> None:
    with pytest.raises(QueryError, match="start"):
        observations(plant, ENGINEER, ENTERPRISE, SITE, works.spec(), START + 60 * S, TURN)


def test_the_fit_finds_the_physics_and_says_why_a_variable_was_refused(plant: Services, owner: EnergyBaseline) -> None:
    with plant.database.read() as session:
        champion = energy_baselines.champion(session, ENGINEER, owner)
    assert champion is not None
    coefficients = champion.outcome["coefficients"]

    assert float(coefficients["all.constant"]) == pytest.approx(works.IDLE_KW, rel=0.03)
    assert float(coefficients["all.slope"]) == pytest.approx(works.KW_PER_T, rel=0.03)
    assert [(each["name"], each["check"]) for each in champion.outcome["screening"]] == [("noise", "gain")]
    assert 3.0 < float(champion.outcome["fit"]["cv_rmse_percent"]) < 5.0


def test_too_short_a_period_is_a_refused_fit_that_cannot_be_signed(plant: Services, owner: EnergyBaseline) -> None:
    fit = fit_baseline(plant, ENGINEER, owner, START, START + 5 * DAY)

    assert [each["name"] for each in fit.outcome["faults"] if each["fatal"]] == ["too_few"]
    with plant.database.write() as session, pytest.raises(EvidenceError, match="refused"):
        energy_baselines.sign(session, ENGINEER, owner, fit.id, document="plan", now_ns=END)


def test_only_a_signature_changes_the_champion_and_it_is_audited(plant: Services, owner: EnergyBaseline) -> None:
    challenger = fit_baseline(plant, ENGINEER, owner, START + DAY, TURN, role="challenger")
    with plant.database.read() as session:
        before = energy_baselines.champion(session, ENGINEER, owner)
    assert before is not None
    assert before.id != challenger.id

    with plant.database.write() as session:
        with pytest.raises(ConfigError, match="document"):
            energy_baselines.sign(session, ENGINEER, owner, challenger.id, document=" ", now_ns=END)
        energy_baselines.sign(session, ENGINEER, owner, challenger.id, document="minutes 7", now_ns=END)

    with plant.database.read() as session:
        roles = {row.id: row.role for row in energy_baselines.fits(session, ENGINEER, owner)}
        lines = [line for line in audit.listing(session, Scope.system()) if line.action == "energy.sign"]
    assert roles == {before.id: "former", challenger.id: "champion"}
    assert (lines[0].actor, lines[0].detail["document"], lines[0].detail["before"]) == ("li", "minutes 7", before.id)


def test_a_saving_needs_a_signed_baseline(plant: Services) -> None:
    row, _ = define_baseline(
        plant, ENGINEER, ENTERPRISE, SITE, name="unsigned", asset="", spec=works.spec(), start_ns=START, end_ns=TURN
    )

    with pytest.raises(QueryError, match="signed"):
        prove_saving(plant, ENGINEER, row, TURN, END)


def test_the_event_explains_what_the_saving_lacks_and_both_results_stay(
    plant: Services, owner: EnergyBaseline, saving: EnergySaving
) -> None:
    with plant.database.read() as session:
        events = energy_savings.events(session, ENGINEER, owner)
    assert len(events) == 1
    assert abs(events[0].start_ns - EVENT[0]) <= 3 * HOUR
    assert abs(events[0].end_ns - EVENT[1]) <= 3 * HOUR

    decide_event(plant, ENGINEER, owner, events[0].id, accepted=True, reason="second belt")

    with plant.database.read() as session:
        row, _ = energy_savings.by_record(session, ENGINEER, saving.id)
    measured, adjusted = row.record["results"], row.adjusted["record"]["results"]
    assert measured == saving.record["results"]
    assert float(measured["share_percent"]) < 8.0
    assert float(adjusted["share_percent"]) == pytest.approx(100 * SAVED, abs=0.7)
    assert float(adjusted["low"]) < float(adjusted["expected"]) * SAVED < float(adjusted["high"]) * 1.05
    told = row.adjusted["record"]["parameters"]["events"]
    assert [(each["name"], each["reason"]) for each in told] == [("li", "second belt")]
    assert 24 <= row.adjusted["left_out"] <= 54


def test_a_rejected_event_leaves_one_result(plant: Services, owner: EnergyBaseline, saving: EnergySaving) -> None:
    with plant.database.read() as session:
        event = energy_savings.events(session, ENGINEER, owner)[0]
    decide_event(plant, ENGINEER, owner, event.id, accepted=True, reason="second belt")
    decided = decide_event(plant, ENGINEER, owner, event.id, accepted=False, reason="it was planned")

    with plant.database.read() as session:
        row, _ = energy_savings.by_record(session, ENGINEER, saving.id)
        said = [
            line.detail["state"] for line in audit.listing(session, Scope.system()) if line.action == "energy.event"
        ]
    assert (decided.state, decided.decided_by, decided.reason) == ("rejected", "li", "it was planned")
    assert row.adjusted == {}
    assert said == ["rejected", "accepted"]


def test_a_decision_without_reason_is_refused(plant: Services, owner: EnergyBaseline, saving: EnergySaving) -> None:
    del saving
    with plant.database.read() as session:
        event = energy_savings.events(session, ENGINEER, owner)[0]

    with pytest.raises(ConfigError, match="reason"):
        decide_event(plant, ENGINEER, owner, event.id, accepted=True, reason="  ")


def test_the_course_turns_where_the_second_belt_came_and_went(saving: EnergySaving) -> None:
    turns = [int(turn["time_ns"]) for turn in saving.course["turns"]]

    assert [abs(at - wanted) <= 3 * HOUR for at, wanted in zip(turns, EVENT, strict=True)] == [True, True]
    sums = [value for value in saving.course["cusum"] if value is not None]
    steps = [b - a for a, b in itertools.pairwise(sums)]
    assert math.fsum(steps) + sums[0] == pytest.approx(float(saving.record["results"]["avoided"]), abs=0.1)


def test_a_record_is_made_again_to_the_last_bit(plant: Services, owner: EnergyBaseline, saving: EnergySaving) -> None:
    with plant.database.read() as session:
        event = energy_savings.events(session, ENGINEER, owner)[0]
    decide_event(plant, ENGINEER, owner, event.id, accepted=True, reason="second belt")

    found = recompute(plant, VIEWER, saving.id)

    assert (found.equal, found.differences, found.adjusted_equal) == (True, (), True)


def test_samples_that_changed_in_the_reporting_period_are_named(plant: Services, saving: EnergySaving) -> None:
    late = builders.batch([(1, TURN + DAY + 300 * S, 999.0, 0)])
    plant.store.write(builders.delivery(late, 2, signals=works.LISTED))

    found = recompute(plant, ENGINEER, saving.id)

    assert not found.equal
    assert any("columns" in each and "sha256" in each for each in found.differences)
    assert any(each.startswith("results.avoided") for each in found.differences)


def test_samples_that_changed_in_the_signed_period_stop_every_saving(
    plant: Services, owner: EnergyBaseline, saving: EnergySaving
) -> None:
    late = builders.batch([(1, START + DAY + 300 * S, 999.0, 0)])
    plant.store.write(builders.delivery(late, 2, signals=works.LISTED))

    again = prove_saving(plant, ENGINEER, owner, TURN, END)

    assert isinstance(again, Refused)
    assert "not those that were signed" in again.reason
    assert not recompute(plant, ENGINEER, saving.id).equal


def test_the_verb_says_equal_or_what_differs(
    plant: Services, saving: EnergySaving, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = plant.settings.data_dir
    plant.close()

    assert main(["energy", "recompute", saving.id, "--data-dir", str(folder)]) == 0
    assert capsys.readouterr().out == f"{saving.id}: equal\n"
    assert main(["energy", "recompute", "rec_0000000000000000", "--data-dir", str(folder)]) == 1


def test_a_period_with_too_few_hours_is_insufficient_evidence(plant: Services, owner: EnergyBaseline) -> None:
    found = prove_saving(plant, ENGINEER, owner, TURN, TURN + 5 * HOUR)

    assert isinstance(found, Refused)
    with plant.database.read() as session:
        assert energy_savings.of_baseline(session, ENGINEER, owner) == []


def test_the_night_refits_proves_and_scans_and_changes_no_champion(
    plant: Services, owner: EnergyBaseline, clock: Clock
) -> None:
    shares: list[float] = []

    result = work_of("energy_baselines").run(plant, {}, shares.append)
    clock.now_ns += DAY
    energy_baselines_job(plant, {}, shares.append)

    assert {key: result[key] for key in ("baselines", "challengers", "savings", "events", "refused")} == {
        "baselines": 1, "challengers": 1, "savings": 1, "events": 1, "refused": {},
    }  # fmt: skip
    assert shares[0] == 1.0
    with plant.database.read() as session:
        roles = sorted(row.role for row in energy_baselines.fits(session, ENGINEER, owner))
        savings = energy_savings.of_baseline(session, ENGINEER, owner)
    assert roles == ["challenger", "champion"]
    assert [row.nightly for row in savings] == [True]  # the second night's replaced the first's


def test_one_bad_baseline_does_not_stop_the_others(plant: Services, owner: EnergyBaseline) -> None:
    late = builders.batch([(1, START + DAY + 300 * S, 999.0, 0)])
    plant.store.write(builders.delivery(late, 2, signals=works.LISTED))
    row, fit = define_baseline(
        plant, ENGINEER, ENTERPRISE, SITE, name="second", asset="", spec=works.spec(), start_ns=START, end_ns=TURN
    )
    with plant.database.write() as session:
        energy_baselines.sign(session, ENGINEER, row, fit.id, document="plan 4", now_ns=END)

    result = energy_baselines_job(plant, {}, lambda share: None)

    assert set(result["refused"]) == {owner.id}
    assert result["savings"] == 1


def test_who_may_not_see_or_set_does_not(plant: Services, owner: EnergyBaseline, saving: EnergySaving) -> None:
    with pytest.raises(Forbidden):
        fit_baseline(plant, VIEWER, owner, START, TURN)
    with pytest.raises(NotFound):
        recompute(plant, STRANGER, saving.id)
    with plant.database.read() as session, pytest.raises(NotFound):
        energy_baselines.baseline(session, STRANGER, ENTERPRISE, SITE, owner.id)


def test_a_spec_survives_storage_and_bad_ones_are_named() -> None:
    spec = works.spec()

    assert spec_from_data(spec.to_data()) == spec
    with pytest.raises(ConfigError, match="strange"):
        spec_from_data({**spec.to_data(), "strange": 1})
    with pytest.raises(ConfigError, match="covered_min"):
        works.spec(covered_min=0.2)
    with pytest.raises(ConfigError, match="drivers"):
        BaselineSpec((f"{BELT}/power",), ())
