from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.alarms import records
from ovoo_cloud.alarms.machine import AlarmEvent, AlarmState, advance
from ovoo_cloud.catalogue import findings
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.tables import AlarmRecord
from ovoo_contract.errors import Forbidden, NotFound

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, GATEWAY, T0, S

ENGINEER = Scope("li", Role.ENTERPRISE_ENGINEER, frozenset({ENTERPRISE}))


@pytest.fixture(autouse=True)
def _tenant(database: Database) -> None:
    with database.write() as session:
        builders.tenant(session)


@given(st.lists(st.sampled_from(AlarmEvent)))
def test_whatever_happens_the_state_tells_condition_and_person(events: list[AlarmEvent]) -> None:
    state: AlarmState | None = None
    active, acknowledged = False, False
    for event in events:
        before = state
        state = advance(state, event)
        if event is AlarmEvent.RAISE and not active:
            active, acknowledged = True, False
        elif event is AlarmEvent.RETURN:
            active = False
        elif event is AlarmEvent.ACKNOWLEDGE and before is not None:
            acknowledged = True

        if state is None:
            assert before is None
            assert not active
        else:
            assert (state.active, state.acknowledged) == (active, acknowledged)


def arrive(database: Database, now_ns: int, *, end_ns: int, open_: bool) -> AlarmRecord | None:
    with database.write() as session:
        row = findings.upsert(session, GATEWAY, builders.finding(end_ns=end_ns, open_=open_), now_ns)
        return records.follow(session, row, now_ns)


def test_raised_acknowledged_by_a_person_and_returned(database: Database) -> None:
    raised = arrive(database, T0 + 61 * S, end_ns=T0 + 60 * S, open_=True)
    assert raised is not None
    with database.write() as session:
        records.acknowledge(session, ENGINEER, raised.id, "去现场看了", T0 + 70 * S)
        again = records.acknowledge(session, ENGINEER, raised.id, "again", T0 + 80 * S)
        assert (again.acknowledged_by, again.comment, again.acknowledged_ns) == ("li", "去现场看了", T0 + 70 * S)

    returned = arrive(database, T0 + 121 * S, end_ns=T0 + 120 * S, open_=False)

    assert returned is not None
    assert (returned.state, returned.returned_ns) == (AlarmState.CLOSED, T0 + 121 * S)


def test_history_raises_nothing_but_may_return_what_was_raised_live(database: Database) -> None:
    assert arrive(database, T0 + 3600 * S, end_ns=T0 + 60 * S, open_=True) is None
    live = arrive(database, T0 + 3600 * S, end_ns=T0 + 3590 * S, open_=True)
    assert live is not None

    late = arrive(database, T0 + 9000 * S, end_ns=T0 + 3600 * S, open_=False)

    assert late is not None
    assert late.state == AlarmState.RETURNED_UNACKNOWLEDGED


def test_a_short_finding_that_comes_closed_is_still_seen_by_a_person(database: Database) -> None:
    alarm = arrive(database, T0 + 61 * S, end_ns=T0 + 60 * S, open_=False)

    assert alarm is not None
    assert alarm.state == AlarmState.RETURNED_UNACKNOWLEDGED


def test_an_older_version_that_comes_late_does_not_reopen(database: Database) -> None:
    arrive(database, T0 + 61 * S, end_ns=T0 + 60 * S, open_=False)

    after = arrive(database, T0 + 62 * S, end_ns=T0 + 30 * S, open_=True)

    assert after is not None
    assert after.state == AlarmState.RETURNED_UNACKNOWLEDGED


def test_who_may_see_and_acknowledge(database: Database) -> None:
    alarm = arrive(database, T0 + 61 * S, end_ns=T0 + 60 * S, open_=True)
    assert alarm is not None
    stranger = Scope("wang", Role.ENTERPRISE_ENGINEER, frozenset({"bayan-chem"}))
    viewer = Scope("zhao", Role.ENTERPRISE_VIEWER, frozenset({ENTERPRISE}))
    with database.write() as session:
        with pytest.raises(NotFound):
            records.acknowledge(session, stranger, alarm.id, "", T0)
        with pytest.raises(Forbidden):
            records.acknowledge(session, viewer, alarm.id, "", T0)
        assert list(records.alarms(session, stranger)) == []
        assert [row.id for row in records.alarms(session, viewer, states=[AlarmState.ACTIVE_UNACKNOWLEDGED])] == [
            alarm.id
        ]
