"""Consent: an enterprise opens some of its data to a centre for a time and takes it back."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from ovoo_contract.errors import ConfigError, NotReady
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import BOUND_ROLES, Permission, Purpose
from ovoo_cloud.access.scope import Consent, Scope, absent
from ovoo_cloud.catalogue import audit, enterprises
from ovoo_cloud.catalogue.grant_tables import Grant

__all__ = [
    "ConsentRule",
    "GrantState",
    "Terms",
    "bound",
    "came_along",
    "give",
    "grant",
    "grants",
    "hold_all",
    "require_live",
    "state_of",
    "withdraw",
]

ConsentRule = Literal["own", "required"]
"""Whose people the centre roles are: the plant's own, or a centre's that needs the consent of every enterprise."""
GrantState = Literal["waiting", "live", "expired", "withdrawn", "imported"]
_LONGEST_NS: Final = 3 * 366 * 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What is consented: purposes, sites (none: all of them), the time [from_ns, until_ns), what for."""

    purposes: Sequence[Purpose]
    sites: Sequence[str]
    from_ns: int
    until_ns: int
    reason: str
    case: str = ""


def bound(session: Session, scope: Scope, rule: ConsentRule, now_ns: int) -> Scope:
    """The scope with the grants that are live now, where its role reads plant data under them only."""
    if rule == "own":
        return replace(scope, voices=None)
    if scope.role not in BOUND_ROLES:
        return scope
    query = _live(session, now_ns).order_by(Grant.id)
    if scope.enterprises is not None:
        query = query.where(Grant.enterprise.in_(scope.enterprises))
    live = tuple(
        Consent(row.id, row.enterprise, frozenset(row.sites), frozenset(Purpose(name) for name in row.purposes))
        for row in session.scalars(query)
    )
    return replace(scope, consents=live)


def _live(session: Session, now_ns: int) -> Select[Grant]:
    """Grants that are live now. What has ended stays so when the clock is set back: the audit record remembers."""
    reached_ns = max(now_ns, audit.newest_ns(session))
    query = select(Grant).where(Grant.from_ns <= now_ns, Grant.until_ns > reached_ns, Grant.origin == "")
    return query.where(or_(Grant.withdrawn_ns.is_(None), Grant.withdrawn_ns > reached_ns))


def came_along(session: Session, case: str) -> bool:
    """Whether a case came from another centre, with a consent that was given there."""
    query = select(Grant.id).where(Grant.case == case, Grant.origin != "").limit(1)
    return session.scalar(query) is not None


def require_live(session: Session, used: Iterable[str], now_ns: int) -> None:
    """Raises NotFound when one of the grants that a read stood on has ended since it began: it opens nothing more."""
    names = set(used)
    if not names:
        return
    live = {row.id for row in session.scalars(_live(session, now_ns).where(Grant.id.in_(names)))}
    for name in sorted(names - live):
        raise absent(f"consent {name}")


def give(session: Session, scope: Scope, enterprise: str, terms: Terms, now_ns: int) -> Grant:
    """Records the consent of an enterprise in the name of one of its people.

    Raises:
        Forbidden: the caller is not one of the enterprise's, or nobody of it vouched for the account.
        ConfigError: no purpose, a time that has passed or is longer than three years, or no reason.
        NotFound: a site that the enterprise does not have.
    """
    scope.require(Permission.GIVE_CONSENT)
    enterprises.enterprise(session, scope, enterprise)
    scope.require_voice(enterprise)
    for site in terms.sites:
        enterprises.site(session, scope, enterprise, site)
    _check(terms, now_ns)
    row = Grant(
        id=f"gr_{secrets.token_hex(8)}",
        enterprise=enterprise,
        case=terms.case,
        purposes=sorted({each.value for each in terms.purposes}),
        sites=sorted(set(terms.sites)),
        from_ns=terms.from_ns,
        until_ns=terms.until_ns,
        reason=terms.reason.strip(),
        given_by=scope.user,
        given_ns=now_ns,
        withdrawn_by="",
        withdrawn_ns=None,
        withdrawn_reason="",
        origin="",
    )
    session.add(row)
    session.flush()
    detail = {
        "purposes": row.purposes,
        "sites": row.sites,
        "from_ns": str(row.from_ns),
        "until_ns": str(row.until_ns),
        "case": row.case,
    }
    audit.append(
        session,
        actor=scope.user,
        action="grant.give",
        subject=row.id,
        at_ns=now_ns,
        enterprise=enterprise,
        detail=detail,
    )
    return row


def _check(terms: Terms, now_ns: int) -> None:
    if not terms.purposes:
        raise ConfigError(
            "a consent needs a purpose",
            offender="purposes",
            remedy=f"one of {', '.join(Purpose)}",
            code="case.consent_purpose",
            slots={"known": ", ".join(Purpose)},
        )
    if not terms.reason.strip():
        raise ConfigError(
            "a consent needs its reason",
            offender="reason",
            remedy="say what it is given for",
            code="case.consent_reason",
        )
    if not terms.from_ns < terms.until_ns:
        raise ConfigError(
            "it ends before it begins",
            offender="until",
            remedy="an end after the beginning",
            code="case.consent_backwards",
        )
    if terms.until_ns <= now_ns:
        raise ConfigError(
            "it is over already", offender="until", remedy="an end that is still to come", code="case.consent_over"
        )
    if terms.until_ns - terms.from_ns > _LONGEST_NS:
        raise ConfigError(
            "longer than three years",
            offender="until",
            remedy="give it again when it ends",
            code="case.consent_too_long",
        )


def withdraw(session: Session, scope: Scope, enterprise: str, grant_id: str, reason: str, now_ns: int) -> Grant:
    """Takes a consent back at once. Any engineer of the enterprise may: it opens nothing.

    Raises:
        NotReady: it is withdrawn already.
    """
    scope.require(Permission.GIVE_CONSENT)
    row = grant(session, scope, enterprise, grant_id)
    if row.withdrawn_ns is not None:
        raise NotReady(
            "it is withdrawn already", offender=grant_id, value=row.withdrawn_by, code="case.consent_withdrawn"
        )
    row.withdrawn_by, row.withdrawn_ns, row.withdrawn_reason = scope.user, now_ns, reason.strip()
    session.flush()
    audit.append(
        session,
        actor=scope.user,
        action="grant.withdraw",
        subject=row.id,
        at_ns=now_ns,
        enterprise=enterprise,
        detail={"reason": row.withdrawn_reason},
    )
    return row


def hold_all(session: Session, actor: str, reason: str, now_ns: int) -> Sequence[Grant]:
    """Withdraws every consent that is live or still to begin, whoever gave it: after an older state was restored.

    Gives the withdrawn ones; consent of each enterprise has to be given anew.
    """
    if not reason.strip():
        raise ConfigError("holding consents needs a reason", offender="reason", remedy="say what was restored")
    query = select(Grant).where(Grant.until_ns > now_ns, Grant.withdrawn_ns.is_(None), Grant.origin == "")
    rows = session.scalars(query.order_by(Grant.id)).all()
    for row in rows:
        row.withdrawn_by, row.withdrawn_ns, row.withdrawn_reason = actor, now_ns, reason.strip()
        audit.append(
            session, actor=actor, action="grant.hold", subject=row.id, at_ns=now_ns, enterprise=row.enterprise,
            detail={"reason": row.withdrawn_reason},
        )  # fmt: skip
    session.flush()
    return rows


def grant(session: Session, scope: Scope, enterprise: str, grant_id: str) -> Grant:
    """One grant of the enterprise; NotFound when absent or foreign."""
    scope.require(Permission.READ_GRANTS)
    scope.require_enterprise(enterprise, grant_id)
    found = session.get(Grant, grant_id)
    if found is None or found.enterprise != enterprise:
        raise absent(grant_id)
    return found


def grants(session: Session, scope: Scope, enterprise: str) -> Sequence[Grant]:
    """All grants of the enterprise, newest first: also those that ended."""
    scope.require(Permission.READ_GRANTS)
    scope.require_enterprise(enterprise)
    query = select(Grant).where(Grant.enterprise == enterprise)
    return session.scalars(query.order_by(Grant.given_ns.desc(), Grant.id)).all()


def state_of(row: Grant, now_ns: int) -> GrantState:
    """Where a grant stands at a moment; one that was given to another centre is never live here."""
    if row.origin:
        return "imported"
    if row.withdrawn_ns is not None and row.withdrawn_ns <= now_ns:
        return "withdrawn"
    if now_ns >= row.until_ns:
        return "expired"
    return "live" if now_ns >= row.from_ns else "waiting"
