"""Requests for matching: opened by an enterprise or for it, offered, accepted, done, judged; each step recorded."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ConfigError, Forbidden
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit, cases, enterprises
from ovoo_cloud.catalogue.centre_tables import MatchRequest, MatchStep, RegisterEntry
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.centre.entries import ANY, stale
from ovoo_cloud.centre.matching import KINDS
from ovoo_cloud.centre.request_law import (
    CENTRE_STEPS,
    ENDED,
    ENTERPRISE_STEPS,
    Outcome,
    State,
    StepGiven,
    allowed_steps,
    next_state,
)

__all__ = [
    "move",
    "open_request",
    "request",
    "request_statistics",
    "requests",
    "steps",
]

_DAY_NS: Final = 86_400 * 10**9


def open_request(
    session: Session, scope: Scope, enterprise: str, *, case: str, note: str, matching: Mapping[str, Any], now_ns: int
) -> MatchRequest:
    """Opens a request; what was matched when it was opened stays with it."""
    scope = scope.under(Permission.REQUEST_MATCHING)
    enterprises.enterprise(session, scope, enterprise)
    if case and cases.case(session, scope, case).enterprise != enterprise:
        raise absent(case)
    wanted = {"matching": dict(matching)}
    name = f"mr-{sha256_hex(canonical_json([enterprise, scope.user, str(now_ns), note, wanted]))[:16]}"
    if session.get(MatchRequest, name) is not None:
        raise ConfigError("asked twice at one moment", offender=name, remedy="the first request is there")
    row = MatchRequest(
        id=name, enterprise=enterprise, case=case, state="opened", version=1, wanted=wanted, outcome="",
        opened_by=scope.user, opened_ns=now_ns, updated_ns=now_ns,
    )  # fmt: skip
    session.add(row)
    session.flush()
    _record(session, scope, row, StepGiven("note", note), [], now_ns)
    return row


def requests(session: Session, scope: Scope, enterprise: str | None = None) -> Sequence[MatchRequest]:
    """The requests that the caller may see, newest first."""
    scope = scope.under(Permission.READ_REPORT)
    query = select(MatchRequest).order_by(MatchRequest.opened_ns.desc(), MatchRequest.id)
    if enterprise is not None:
        enterprises.enterprise(session, scope, enterprise)
        query = query.where(MatchRequest.enterprise == enterprise)
    if scope.enterprises is not None:
        query = query.where(MatchRequest.enterprise.in_(scope.enterprises))
    return session.scalars(query).all()


def request(session: Session, scope: Scope, enterprise: str, name: str) -> MatchRequest:
    """One request; NotFound when absent, foreign, or drawn from a report that the caller may not see."""
    scope = scope.under(Permission.READ_REPORT)
    scope.require_enterprise(enterprise, name)
    found = session.get(MatchRequest, name)
    if found is None or found.enterprise != enterprise:
        raise absent(name)
    matching = found.wanted["matching"]
    drawn = select(Report.site).where(Report.id.in_([*matching["need"]["sources"], *matching.get("unverified", ())]))
    if not all(scope.sees_site(enterprise, site) for site in session.scalars(drawn)):
        raise absent(name)
    return found


def steps(session: Session, name: str) -> Sequence[MatchStep]:
    """The steps of a request that the caller has already been given, oldest first."""
    return session.scalars(select(MatchStep).where(MatchStep.request == name).order_by(MatchStep.seq)).all()


def move(
    session: Session, scope: Scope, enterprise: str, name: str, given: StepGiven, *, read: int, now_ns: int
) -> MatchRequest:
    """Takes one step.

    Raises:
        Stale: somebody else took a step since `read`.
        ConfigError: the step does not follow from the state, names an offer that is not there, or closes without why.
        Forbidden: only the centre offers, contacts, finishes and closes; only the enterprise accepts and judges.
    """
    scope = scope.under(Permission.REQUEST_MATCHING)
    row = request(session, scope, enterprise, name)
    session.refresh(row, with_for_update=True)
    _require_side(scope, given)
    if read not in (ANY, row.version):
        raise stale(name, read, row.version, theirs={"state": row.state})
    after = next_state(row.state, row.outcome, given.step)
    if after is None:
        allowed = ", ".join(allowed_steps(row.state, row.outcome)) or "none, it is closed"
        raise ConfigError("no such step now", offender="step", value=f"{row.state} {given.step}", remedy=allowed)
    offered = _offers(session, row, given)
    row.outcome = _outcome(row, given, offered)
    row.state, row.version, row.updated_ns = after, row.version + 1, now_ns
    _record(session, scope, row, given, offered, now_ns)
    return row


def _require_side(scope: Scope, given: StepGiven) -> None:
    """Each side takes its own steps."""
    centre = scope.allows(Permission.MANAGE_REGISTERS)
    if given.step in CENTRE_STEPS and not centre:
        raise Forbidden(
            "only the centre takes this step", offender="step", value=given.step, remedy="accept, withdraw, or note"
        )
    if given.step in ENTERPRISE_STEPS and centre:
        remedy = "write a note, or close with the result"
        raise Forbidden("only the enterprise takes this step", offender="step", value=given.step, remedy=remedy)


def _outcome(row: MatchRequest, given: StepGiven, offered: Sequence[Mapping[str, Any]]) -> Outcome:
    if given.step == "withdraw":
        return "withdrawn"
    if given.step == "finish":
        return "matched"
    if given.step == "evaluate" and (given.score is None or not 1 <= given.score <= 5):
        raise ConfigError("no such mark", offender="score", value=given.score, remedy="1 to 5")
    if given.step != "close":
        return row.outcome  # type: ignore[return-value]  # nothing else was ever written there
    if given.outcome not in ("matched", "unmatched") or (given.outcome == "matched" and not offered):
        remedy = "matched with the offers that were taken, or unmatched"
        raise ConfigError("closed without a result", offender="outcome", value=given.outcome, remedy=remedy)
    if given.outcome == "unmatched" and not given.note:
        raise ConfigError("closed without a reason", offender="note", remedy="say why nothing was matched")
    return given.outcome


def _offers(session: Session, row: MatchRequest, given: StepGiven) -> list[dict[str, Any]]:
    """The offers with whether the rules had listed them; one beside the rules needs a reason."""
    if given.step == "offer" and not given.offers:
        raise ConfigError("nothing offered", offender="offers", remedy="name at least one solution, course or policy")
    if given.step == "accept":
        return _accepted(session, row, given)
    matching = row.wanted["matching"]
    found = []
    for kind, name in given.offers:
        stored = session.get(RegisterEntry, (kind, name))
        if kind not in KINDS or stored is None or stored.withdrawn:
            raise ConfigError(
                "no such offer", offender=f"offers {kind}", value=name, remedy=f"one of {', '.join(KINDS)}"
            )
        listed = name in {each["id"] for each in matching.get(kind, [])}
        if not listed and not given.note:
            raise ConfigError(
                "offered beside the rules", offender=f"offers {kind}", value=name, remedy="say why in the note"
            )
        found.append({"kind": kind, "id": name, "version": stored.version, "listed": listed})
    return found


def _accepted(session: Session, row: MatchRequest, given: StepGiven) -> list[dict[str, Any]]:
    """What is accepted was offered: in the version that was offered last."""
    offered = {(e["kind"], e["id"]): e for step in steps(session, row.id) for e in step.detail["offers"]}
    if not given.offers:
        remedy = ", ".join(f"{kind}/{name}" for kind, name in offered)
        raise ConfigError("nothing accepted", offender="offers", remedy=remedy)
    for kind, name in given.offers:
        if (kind, name) not in offered:
            remedy = ", ".join(f"{kind}/{name}" for kind, name in offered)
            raise ConfigError("it was not offered", offender=f"offers {kind}", value=name, remedy=remedy)
    return [dict(offered[each]) for each in given.offers]


def _record(
    session: Session, scope: Scope, row: MatchRequest, given: StepGiven, offered: list[dict[str, Any]], now_ns: int
) -> None:
    step = "open" if row.version == 1 else given.step
    session.add(
        MatchStep(
            request=row.id, seq=row.version, step=step, state=row.state, note=given.note,
            detail={"offers": offered, "outcome": row.outcome, "score": given.score}, actor=scope.user, at_ns=now_ns,
        )
    )  # fmt: skip
    session.flush()
    audit.append(
        session, actor=scope.user, action=f"matching.{step}", subject=row.id, at_ns=now_ns, enterprise=row.enterprise,
        detail={"state": row.state, "version": row.version, "outcome": row.outcome},
    )  # fmt: skip


def request_statistics(session: Session, scope: Scope, start_ns: int, end_ns: int) -> dict[str, Any]:
    """Requests opened in [start, end): by state and outcome, and whole days to the first offer (median)."""
    scope.require(Permission.MANAGE_REGISTERS)
    rows = [row for row in requests(session, scope) if start_ns <= row.opened_ns < end_ns]
    first: dict[str, int] = {}
    query = select(MatchStep.request, MatchStep.at_ns).where(MatchStep.step == "offer").order_by(MatchStep.seq.desc())
    wanted = {row.id for row in rows}
    first.update({name: at_ns for name, at_ns in session.execute(query).all() if name in wanted})
    waits = [(first[row.id] - row.opened_ns) // _DAY_NS for row in rows if row.id in first]
    ended = [row for row in rows if row.state in ENDED]
    outcomes = Counter(row.outcome for row in ended)
    return {
        "opened": len(rows),
        "states": {state: sum(1 for row in rows if row.state == state) for state in get_args(State)},
        "outcomes": {name: outcomes[name] for name in get_args(Outcome) if name},
        "answered": len(waits),
        "response_days": None if not waits else str(statistics.median_low(waits)),
        "requests": sorted(wanted),
        "closed": sorted(row.id for row in ended),
        "scores": _scores(session, wanted),
    }


def _scores(session: Session, wanted: set[str]) -> dict[str, int]:
    """The marks that enterprises gave, by request."""
    rows = session.scalars(select(MatchStep).where(MatchStep.step == "evaluate")).all()
    return {
        row.request: row.detail["score"] for row in sorted(rows, key=lambda row: row.request) if row.request in wanted
    }
