"""Standing: which enterprises an account may speak for, because a person of theirs vouched for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import SPOKEN, Permission, Role, roles_with
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.standing_tables import Invitation, Standing
from ovoo_cloud.catalogue.tables import User

__all__ = ["Person", "end", "people", "speakers", "voices"]


@dataclass(frozen=True, slots=True)
class Person:
    """An account of an enterprise, and who vouched for it when; `speaks` while it has standing and is not shut out."""

    name: str
    display_name: str
    role: Role
    disabled: bool
    speaks: bool
    vouched_by: tuple[str, ...]
    vouched_ns: int | None


def voices(session: Session, user: str) -> frozenset[str]:
    """The enterprises that a user may speak for."""
    query = select(Standing.enterprise).where(Standing.user == user, Standing.ended_ns.is_(None))
    return frozenset(session.scalars(query))


def speakers(session: Session, enterprise: str) -> Sequence[str]:
    """The users who may speak for an enterprise now, by name: consent, confirm and invite."""
    query = select(User).join(Standing, Standing.user == User.name)
    query = query.where(Standing.enterprise == enterprise, Standing.ended_ns.is_(None), User.disabled.is_(False))
    able = roles_with(SPOKEN)
    return [row.name for row in session.scalars(query.order_by(User.name)) if Role(row.role) in able]


def end(session: Session, user: str, by: str, now_ns: int) -> None:
    """Takes every standing of a user: somebody else set the password, so nobody knows who signs in."""
    for row in session.scalars(select(Standing).where(Standing.user == user, Standing.ended_ns.is_(None))):
        row.ended_ns, row.ended_by = now_ns, by
        audit.append(
            session,
            actor=by,
            action="standing.end",
            subject=user,
            at_ns=now_ns,
            enterprise=row.enterprise,
            detail={"reason": "password set by somebody else"},
        )


def people(session: Session, scope: Scope, enterprise: str) -> list[Person]:
    """The accounts that belong to an enterprise alone, by name, and whether they may speak for it."""
    scope.require(Permission.READ_GRANTS)
    scope.require_enterprise(enterprise)
    ours = roles_with(frozenset({Permission.READ_ACCESS_LOG})) - {Role.CENTRE_ADMIN}
    able = roles_with(SPOKEN)
    query = select(Standing, Invitation).join(Invitation, Invitation.id == Standing.invitation)
    vouched = {row.user: (row, how) for row, how in session.execute(query.where(Standing.enterprise == enterprise))}
    found = []
    for user in session.scalars(select(User).order_by(User.name)):
        if Role(user.role) not in ours or enterprise not in user.enterprises:
            continue
        row, how = vouched.get(user.name, (None, None))
        stands = row is not None and row.ended_ns is None
        found.append(
            Person(
                user.name,
                user.display_name,
                Role(user.role),
                user.disabled,
                stands and not user.disabled and Role(user.role) in able,
                tuple(name for name in (how.first_by, how.second_by) if name) if stands and how is not None else (),
                row.given_ns if stands and row is not None else None,
            )
        )
    return found
