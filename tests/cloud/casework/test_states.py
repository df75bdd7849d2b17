"""No sequence of steps skips a state: drawn steps, roles, clocks and ends of consent against the service."""

from __future__ import annotations

import pathlib
import shutil
import tempfile
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from ovoo_cloud.access import grants
from ovoo_cloud.access.grants import Terms
from ovoo_cloud.access.roles import Purpose, Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import opening, steps
from ovoo_cloud.casework.states import TRANSITIONS, State, Step, steps_from
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.case_tables import CaseFile, CaseStep
from ovoo_cloud.catalogue.database import Database
from ovoo_contract.errors import ConfigError, Conflict, Forbidden, NotReady, OvooError, VerifyError

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, SITE, T0, S
from tests.cloud.empty import put_empty_catalogue

DAY = 86_400 * S
OWN = frozenset({ENTERPRISE})
# written down apart from the law it checks: who takes a step, and which step must have been taken since
TAKERS = {
    "accept": {Role.CENTRE_ADMIN},
    "decline": {Role.CENTRE_ADMIN},
    "consent": {Role.ENTERPRISE_ENGINEER},
    "open_intake": {Role.CENTRE_ADMIN, Role.CENTRE_EXPERT, Role.ENTERPRISE_ENGINEER},
    "add_framework": {Role.CENTRE_ADMIN, Role.CENTRE_EXPERT, Role.ENTERPRISE_ENGINEER},
    "remove_framework": {Role.CENTRE_ADMIN, Role.CENTRE_EXPERT, Role.ENTERPRISE_ENGINEER},
    "submit": {Role.CENTRE_ADMIN, Role.CENTRE_EXPERT, Role.ENTERPRISE_ENGINEER},
    "freeze": {Role.CENTRE_ADMIN, Role.CENTRE_EXPERT},
    "reopen": {Role.CENTRE_ADMIN, Role.CENTRE_EXPERT},
    "move_edition": {Role.CENTRE_ADMIN, Role.CENTRE_EXPERT},
    "on_site": {Role.CENTRE_ADMIN, Role.CENTRE_EXPERT},
    "propose": {Role.CENTRE_ADMIN, Role.CENTRE_EXPERT},
    "object": {Role.ENTERPRISE_ENGINEER},
    "confirm": {Role.ENTERPRISE_ENGINEER},
    "issue": {Role.CENTRE_ADMIN},
    "revise": {Role.CENTRE_ADMIN, Role.CENTRE_EXPERT},
    "visit": {Role.CENTRE_ADMIN, Role.CENTRE_EXPERT},
    "rediagnose": {Role.CENTRE_ADMIN},
    "close": {Role.CENTRE_ADMIN},
    "resume": {Role.ENTERPRISE_ENGINEER},
}
MUST_PRECEDE = {
    "accept": "apply",
    "consent": "accept",
    "open_intake": "consent",
    "add_framework": "open_intake",
    "remove_framework": "open_intake",
    "submit": "open_intake",
    "freeze": "submit",
    "propose": "freeze",
    "on_site": "freeze",
    "confirm": "propose",
    "issue": "confirm",
    "visit": "issue",
    "rediagnose": "visit",
}
_LATER = {"submit", "freeze", "propose", "confirm"}
UNDONE_BY = {"reopen": _LATER, "move_edition": _LATER, "object": {"propose"}, "revise": {"propose", "confirm"}}


class Cases(RuleBasedStateMachine):
    """One case in a database of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.database = Database(f"sqlite:///{put_empty_catalogue(self.folder)}")
        self.now_ns = T0
        self.frozen = ""

    @initialize()
    def apply(self) -> None:
        with self.database.write() as session:
            builders.tenant(session)
            engineer = Scope("engineer", Role.ENTERPRISE_ENGINEER, OWN)
            opening.apply(
                session, engineer, ENTERPRISE, "case-1", title="x", sites=[SITE], reason="", now_ns=self.now_ns
            )

    @rule(step=st.sampled_from(Step), role=st.sampled_from(Role))
    def try_a_step(self, step: Step, role: Role) -> None:
        scope = Scope(role.value, role, OWN)
        with self.database.write() as session:
            row = session.get(CaseFile, "case-1")
            assert row is not None
            steps.settle(session, row, self.now_ns)
        try:
            with self.database.write() as session:
                row = session.get(CaseFile, "case-1")
                assert row is not None
                self._take(session, scope, row, step)
        except (Conflict, Forbidden):
            return
        assert step.value in TAKERS
        assert role in TAKERS[step.value]

    def _take(self, session: Any, scope: Scope, row: CaseFile, step: Step) -> None:
        if step in (Step.CONSENT, Step.RESUME):
            terms = Terms(tuple(Purpose), [SITE], self.now_ns, self.now_ns + 30 * DAY, "x", row.case)
            (opening.consent if step is Step.CONSENT else opening.resume)(session, scope, row, terms, self.now_ns, None)
            return
        steps.take(session, scope, row, step, {"n": "1"}, self.now_ns)

    @rule()
    def withdraw(self) -> None:
        engineer = Scope("engineer", Role.ENTERPRISE_ENGINEER, OWN)
        with self.database.write() as session:
            row = session.get(CaseFile, "case-1")
            if row is not None and row.grant:
                try:
                    found = grants.withdraw(session, engineer, ENTERPRISE, row.grant, "", self.now_ns)
                except NotReady:
                    return
                steps.settle_grant(session, found, self.now_ns)

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.now_ns += days * DAY

    @invariant()
    def nothing_was_skipped(self) -> None:
        with self.database.read() as session:
            row = session.get(CaseFile, "case-1")
            if row is None:
                return
            taken = steps.steps(session, row)
            assert steps.check_chain(taken).value == row.state
            assert audit.verify_chain(session) >= len(taken)
        done: set[str] = set()
        for each in taken:
            needed = MUST_PRECEDE.get(each.step)
            assert needed is None or needed in done, [one.step for one in taken]
            done = (done - UNDONE_BY.get(each.step, set())) | {each.step}
        assert taken[-1].after == row.state

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)


TestCases = Cases.TestCase
TestCases.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_the_law_names_every_step_and_leaves_no_state_without_a_way_on() -> None:
    assert set(TRANSITIONS) == set(Step)
    assert {step.value for step, line in TRANSITIONS.items() if line.permission} == set(TAKERS) | {"apply"}
    for state in State:
        assert bool(steps_from(state)) is (state not in (State.DECLINED, State.CLOSED)), state


def _case(database: Database) -> None:
    with database.write() as session:
        builders.tenant(session)
        engineer = Scope("engineer", Role.ENTERPRISE_ENGINEER, OWN)
        row = opening.apply(session, engineer, ENTERPRISE, "case-1", title="x", sites=[SITE], reason="", now_ns=T0)
        head = Scope("head", Role.CENTRE_ADMIN, OWN)
        opening.decide(session, head, row, accepted=True, reason="", now_ns=T0, seen=None)


@pytest.mark.parametrize("change", ["actor", "decision", "after", "drop", "swap"])
def test_a_record_of_steps_that_was_touched_is_found(database: Database, change: str) -> None:
    _case(database)
    with database.read() as session:
        row = session.get(CaseFile, "case-1")
        assert row is not None
        taken = list(steps.steps(session, row))
        session.expunge_all()
    assert steps.check_chain(taken) is State.ACCEPTED

    if change == "drop":
        taken = taken[1:]
    elif change == "swap":
        taken.reverse()
    elif change == "decision":
        taken[0].decision = {"title": "y"}
    else:
        setattr(taken[1], change, "applied" if change == "after" else "somebody")

    with pytest.raises(VerifyError, match="step"):
        steps.check_chain(taken)


def test_steps_are_the_same_on_both_databases(database: Database) -> None:
    _case(database)

    with database.read() as session:
        row = session.get(CaseFile, "case-1")
        assert row is not None
        hashes = [step.hash for step in steps.steps(session, row)]
        assert steps.check_chain(steps.steps(session, row)) is State.ACCEPTED
    assert len(set(hashes)) == 2


def test_the_consent_of_a_case_covers_its_sites_and_what_a_diagnosis_needs(database: Database) -> None:
    _case(database)
    engineer = Scope("engineer", Role.ENTERPRISE_ENGINEER, OWN)
    fitting = Terms(tuple(Purpose), [SITE], T0, T0 + DAY, "x", "case-1")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"purposes": [Purpose.ENERGY]}, "needs these"),
        ({"from_ns": T0 + S}, "begins now"),
        ({"until_ns": T0}, "ends before"),
        ({"until_ns": T0 + 4 * 366 * DAY}, "three years"),
        ({"reason": " "}, "reason"),
    ]
    for change, words in wrong:
        values = {
            name: getattr(fitting, name) for name in ("purposes", "sites", "from_ns", "until_ns", "reason", "case")
        }
        with pytest.raises(ConfigError, match=words):
            _consent(database, engineer, Terms(**{**values, **change}))
    with pytest.raises(OvooError, match="not found"):
        _consent(database, engineer, Terms(tuple(Purpose), ["moon", SITE], T0, T0 + DAY, "x"))
    with database.read() as session:
        assert session.get(CaseStep, ("case-1", 3)) is None


def _consent(database: Database, engineer: Scope, terms: Terms) -> None:
    with database.write() as session:
        row = session.get(CaseFile, "case-1")
        assert row is not None
        opening.consent(session, engineer, row, terms, T0, None)
