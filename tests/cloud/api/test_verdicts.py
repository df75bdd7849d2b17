"""People judge findings: it is kept, audited, applied at once to alarms, given out for gateways, and can be undone."""

from __future__ import annotations

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.alarms import records
from ovoo_cloud.catalogue import findings, verdicts
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.tables import AlarmRecord, AuditEntry
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import Forbidden, QueryError
from ovoo_contract.findings import Finding
from sqlalchemy import select

from tests.cloud import builders
from tests.cloud.api.plant import OWN, Plant
from tests.cloud.builders import ENTERPRISE, GATEWAY, SITE, T0, S

ENGINEER = Scope("li", Role.ENTERPRISE_ENGINEER, frozenset({ENTERPRISE}))
VIEWER = Scope("wang", Role.ENTERPRISE_VIEWER, frozenset({ENTERPRISE}))
FAN = AssetAddress(ENTERPRISE, SITE, "ventilation", "main", "fan1")
DAY = 86_400 * S


@pytest.fixture(autouse=True)
def _tenant(database: Database) -> None:
    with database.write() as session:
        builders.tenant(session)


def odd(number: int, code: str = "anomaly.multivariate", value: float = 1.4, **detail: str) -> Finding:
    start = T0 + number * S
    return Finding(
        code, "warning", FAN, start, start + 60 * S, value=value, model="mewma", open=True, detail={**detail}
    )


def arrive(database: Database, found: Finding) -> AlarmRecord | None:
    with database.write() as session:
        row = findings.upsert(session, GATEWAY, found, found.end_ns)
        return records.follow(session, row, found.end_ns)


def judge(database: Database, found: Finding, said: verdicts.Said, scope: Scope = ENGINEER) -> int:
    with database.write() as session:
        return verdicts.give(session, scope, found.id, said, T0 + DAY).id


def test_what_people_know_raises_no_alarm_until_its_day_or_until_it_is_taken_back(database: Database) -> None:
    first = odd(0)
    assert arrive(database, first) is not None
    kept = judge(database, first, verdicts.Said("known", "bearing on order", T0 + 8 * DAY))

    assert arrive(database, odd(1)) is None
    assert arrive(database, odd(9 * 86_400)) is not None
    with database.write() as session:
        verdicts.withdraw(session, ENGINEER, first.id, kept, T0 + 2 * DAY)
    assert arrive(database, odd(2)) is not None


def test_false_lets_pass_what_the_relieved_limit_would(database: Database) -> None:
    first = odd(0)
    arrive(database, first)
    for number in range(3):
        again = odd(100 + number)
        arrive(database, again)
        judge(database, again, verdicts.Said("false", ""))

    assert arrive(database, odd(1, value=1.9)) is None
    assert arrive(database, odd(2, value=2.0)) is not None
    with database.read() as session:
        assert verdicts.adjustments(session, VIEWER, str(FAN)).relief == {"mewma": pytest.approx(1.25**3)}


def test_a_limit_is_not_judged_away(database: Database) -> None:
    methane = odd(0, code="limit.high")
    arrive(database, methane)

    with pytest.raises(QueryError, match="talked away"):
        judge(database, methane, verdicts.Said("known", "", T0 + 9 * DAY))


def test_known_needs_a_day_to_come(database: Database) -> None:
    first = odd(0)
    arrive(database, first)

    with pytest.raises(QueryError, match="date to come"):
        judge(database, first, verdicts.Said("known", "", T0))


def test_one_opinion_a_finding_stands_and_every_change_is_audited(database: Database) -> None:
    first = odd(0)
    arrive(database, first)
    judge(database, first, verdicts.Said("false", "calibration"))
    judge(database, first, verdicts.Said("confirmed", "it was the bearing"))

    with database.read() as session:
        standing = verdicts.of_finding(session, VIEWER, first.id)
        said = verdicts.adjustments(session, VIEWER, str(FAN))
        actions = [(row.actor, row.action) for row in session.scalars(select(AuditEntry).order_by(AuditEntry.seq))]
    assert [row.opinion for row in standing] == ["confirmed"]
    assert (said.relief, said.left_out) == ({}, ((first.start_ns, first.end_ns),))
    assert actions[-3:] == [("li", "finding.judge"), ("li", "finding.judge.withdraw"), ("li", "finding.judge")]


def test_who_may_only_look_may_not_judge(database: Database) -> None:
    first = odd(0)
    arrive(database, first)

    with pytest.raises(Forbidden):
        judge(database, first, verdicts.Said("false", ""), VIEWER)


def test_an_incident_raises_one_alarm_and_limits_still_raise_their_own(database: Database) -> None:
    first = odd(0)
    arrive(database, first)
    member, limit = odd(5, code="signal.flatline", group=first.id), odd(6, code="limit.high", group=first.id)

    assert arrive(database, member) is None
    assert arrive(database, limit) is not None


def test_incidents_of_a_line_are_listed_with_their_likely_cause(plant: Plant) -> None:
    answer = plant.http.get(
        f"/api/v1/enterprises/{OWN}/incidents",
        params={"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"},
        headers={"Authorization": f"Bearer {plant.token('enterprise_viewer')}"},
    ).json()

    items = answer["items"]
    assert answer["complete"] is True
    assert items
    assert plant.ids["own"]["finding"] in {member for item in items for member in item["members"]}
    assert all(item["cause"] in item["members"] and item["first"] in item["members"] for item in items)
