"""Invitations: how an account comes to speak for an enterprise, by a password that nobody else ever saw."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ovoo_contract.errors import ConfigError, Conflict, Forbidden, Unauthenticated
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access import standing, tokens
from ovoo_cloud.access.passwords import hash_password
from ovoo_cloud.access.roles import CENTRAL_ROLES, Permission, Role
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.access.tokens import hash_secret, join_secret, split_secret
from ovoo_cloud.access.users import check_name
from ovoo_cloud.catalogue import audit, enterprises
from ovoo_cloud.catalogue.standing_tables import Invitation, Standing
from ovoo_cloud.catalogue.tables import User

__all__ = ["InvitationState", "Invitee", "IssuedCode", "accept", "ask_second", "invitations", "invite", "state_of"]

InvitationState = Literal["half", "open", "used", "over"]
_LONGEST_S: Final = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Invitee:
    """Who is invited: the name of the account, its role and the name that people read."""

    person: str
    role: Role
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code of an invitation, shown this once. `alone` when no second one is needed."""

    id: str
    text: str
    alone: bool
    expires_ns: int


def invite(
    session: Session, scope: Scope, enterprise: str, invitee: Invitee, *, lifetime_s: int, now_ns: int
) -> IssuedCode:
    """Invites a person of an enterprise; an earlier open invitation of the same name ends.

    A person of the enterprise who speaks for it gets a code that is enough. The centre gets half of one, and only
    while nobody speaks for the enterprise: the other half goes to somebody else (`ask_second`).

    Raises:
        Forbidden: the caller does not speak for the enterprise; or is of the centre, and somebody does already, or
            their own account was made by another user.
        ConfigError: no role of an enterprise, a name that is taken, or no lifetime.
    """
    scope.require(Permission.INVITE_PEOPLE)
    enterprises.enterprise(session, scope, enterprise)
    own = scope.voices is None or scope.role not in CENTRAL_ROLES
    if own:
        scope.require_voice(enterprise)
    else:
        _check_centre(session, scope, enterprise)
    _check_invitee(session, enterprise, invitee, lifetime_s)
    for earlier in _open(session, enterprise, now_ns):
        if earlier.person == invitee.person:
            earlier.expires_ns = now_ns
    secret = secrets.token_urlsafe(24)
    row = Invitation(
        id=secrets.token_hex(8),
        enterprise=enterprise,
        person=invitee.person,
        role=invitee.role.value,
        display_name=invitee.display_name or invitee.person,
        own=own,
        first_hash=hash_secret(secret),
        first_by=scope.user,
        second_hash="",
        second_by="",
        created_ns=now_ns,
        expires_ns=now_ns + lifetime_s * 1_000_000_000,
        used_ns=None,
    )
    session.add(row)
    session.flush()
    detail = {"person": row.person, "role": row.role, "codes": 1 if own else 2}
    _audit(session, row, scope.user, "invitation.first", detail, now_ns)
    return IssuedCode(row.id, join_secret(row.id, secret), own, row.expires_ns)


def ask_second(session: Session, scope: Scope, enterprise: str, invitation: str, now_ns: int) -> IssuedCode:
    """The second code of an invitation of the centre, for another person than the one who has the first.

    Raises:
        Forbidden: the caller has the first code, or their account was made by another user.
        Conflict: it has its second code, was used, or is over.
    """
    scope.require(Permission.MANAGE_USERS)
    scope.require_enterprise(enterprise, invitation)
    row = session.get(Invitation, invitation, with_for_update=True)
    if row is None or row.enterprise != enterprise:
        raise absent(invitation)
    if state_of(row, now_ns) != "half":
        raise Conflict("no second code is due", offender=invitation, value=state_of(row, now_ns), remedy="invite anew")
    if scope.voices is not None:
        _check_centre(session, scope, enterprise)
    if scope.user == row.first_by:
        raise Forbidden(
            "the second code is for another person", offender=scope.user, value=invitation,
            remedy="ask another administrator, or whoever keeps the server",
        )  # fmt: skip
    secret = secrets.token_urlsafe(24)
    row.second_hash, row.second_by = hash_secret(secret), scope.user
    _audit(session, row, scope.user, "invitation.second", {"person": row.person, "first_by": row.first_by}, now_ns)
    return IssuedCode(row.id, join_secret(row.id, secret), False, row.expires_ns)


def accept(session: Session, codes: Sequence[str], password: str, now_ns: int) -> User:
    """Sets the invited person's own password and gives the account its standing; the codes are used up.

    An account that is there under the name goes over to the person: every token and session of it ends.

    Raises:
        Unauthenticated: a code is unknown, missing, used or over.
        Conflict: the account is no longer one of the enterprise alone, or was shut out.
    """
    row = _presented(session, codes, now_ns)
    user = session.get(User, row.person, with_for_update=True)
    if user is None:
        user = User(
            name=row.person, role=row.role, enterprises=[row.enterprise], display_name=row.display_name, disabled=False,
            password_hash="", failures=0, locked_until_ns=0, created_ns=now_ns, created_by="",
        )  # fmt: skip
        session.add(user)
    elif user.disabled or not _fits(user, row.enterprise, Role(row.role)):
        raise Conflict("the account has changed", offender=row.person, remedy="ask for a new invitation")
    user.password_hash, user.failures, user.locked_until_ns = hash_password(password), 0, 0
    session.flush()
    tokens.revoke_all(session, user.name)
    row.used_ns = now_ns
    stands = session.get(Standing, (user.name, row.enterprise))
    if stands is None:
        stands = Standing(user=user.name, enterprise=row.enterprise)
        session.add(stands)
    stands.invitation, stands.given_ns, stands.ended_ns, stands.ended_by = row.id, now_ns, None, ""
    session.flush()
    detail = {"invitation": row.id, "vouched_by": [name for name in (row.first_by, row.second_by) if name]}
    _audit(session, row, user.name, "invitation.accept", {**detail, "own": row.own}, now_ns)
    return user


def invitations(session: Session, scope: Scope, enterprise: str) -> Sequence[Invitation]:
    """All invitations of an enterprise, newest first; never their codes."""
    scope.require(Permission.READ_GRANTS)
    scope.require_enterprise(enterprise)
    query = select(Invitation).where(Invitation.enterprise == enterprise)
    return session.scalars(query.order_by(Invitation.created_ns.desc(), Invitation.id)).all()


def state_of(row: Invitation, now_ns: int) -> InvitationState:
    """Where an invitation stands: `half` waits for its second code, `over` was never accepted."""
    if row.used_ns is not None:
        return "used"
    if now_ns >= row.expires_ns:
        return "over"
    return "open" if row.own or row.second_hash else "half"


def _open(session: Session, enterprise: str, now_ns: int) -> Sequence[Invitation]:
    query = select(Invitation).where(Invitation.enterprise == enterprise, Invitation.used_ns.is_(None))
    return session.scalars(query.where(Invitation.expires_ns > now_ns)).all()


def _check_centre(session: Session, scope: Scope, enterprise: str) -> None:
    """The centre opens the door once, and by people whom no other user made: else one could be both halves."""
    speaking = standing.speakers(session, enterprise)
    if speaking:
        raise Forbidden(
            "the enterprise invites its own people", offender=enterprise, value=", ".join(speaking),
            remedy="ask one of these to invite",
        )  # fmt: skip
    account = session.get(User, scope.user)
    if account is not None and account.created_by:
        raise Forbidden(
            "an account that another user made gives no code", offender=scope.user, value=account.created_by,
            remedy="let an account give it that was made on the server: ovoo-cloud user add",
        )  # fmt: skip


def _check_invitee(session: Session, enterprise: str, invitee: Invitee, lifetime_s: int) -> None:
    check_name(invitee.person)
    if invitee.role in CENTRAL_ROLES:
        raise ConfigError("no role of an enterprise", offender="role", value=invitee.role.value, remedy="its own roles")
    if not 0 < lifetime_s <= _LONGEST_S:
        raise ConfigError("a lifetime up to 30 days", offender="lifetime", value=lifetime_s, remedy="1 to 720 hours")
    user = session.get(User, invitee.person)
    if user is not None and not _fits(user, enterprise, invitee.role):
        raise ConfigError("this name is taken", offender="person", value=invitee.person, remedy="choose another")


def _fits(user: User, enterprise: str, role: Role) -> bool:
    return user.role == role.value and list(user.enterprises) == [enterprise]


def _presented(session: Session, codes: Sequence[str], now_ns: int) -> Invitation:
    pairs = [split_secret(code.strip()) for code in codes if code.strip()]
    names = {name for name, _ in pairs}
    row = session.get(Invitation, names.pop(), with_for_update=True) if len(names) == 1 else None
    if row is None:
        raise Unauthenticated("unknown code", offender="code", remedy="copy all of it, from ovoo_ on")
    given = {hash_secret(secret) for _, secret in pairs}
    wanted = [row.first_hash] if row.own else [row.first_hash, row.second_hash]
    known = [any(hmac.compare_digest(one, each) for one in given) for each in wanted]
    if not all(known):
        raise Unauthenticated("unknown code", offender="code", remedy="an invitation of the centre takes both codes")
    state = state_of(row, now_ns)
    if state != "open":
        raise Unauthenticated(
            "this invitation cannot be used", offender=row.id, value=state, remedy="ask for a new one"
        )
    return row


def _audit(
    session: Session, row: Invitation, actor: str, action: str, detail: Mapping[str, object], now_ns: int
) -> None:
    audit.append(
        session, actor=actor, action=action, subject=row.id, at_ns=now_ns, enterprise=row.enterprise, detail=detail
    )
