"""People who speak for an enterprise, come to it as real ones do: by an invitation that they accept themselves."""

from __future__ import annotations

from dataclasses import replace

from ovoo_cloud.access import invitations
from ovoo_cloud.access.invitations import Invitee
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from sqlalchemy.orm import Session

SERVER = replace(Scope.system("cli"), voices=frozenset())
"""Whoever keeps the server, where consent is needed."""
OFFICE = replace(Scope.system("office"), voices=frozenset())
"""An administrator of the centre whom no other user made."""
WEEK_S = 7 * 86_400


def join(
    session: Session,
    enterprise: str,
    name: str,
    password: str,
    now_ns: int,
    *,
    role: Role = Role.ENTERPRISE_ENGINEER,
    by: Scope | None = None,
) -> None:
    """The person accepts: an invitation of `by`, or the enterprise's first one of the centre's two people."""
    invitee = Invitee(name, role)
    first = invitations.invite(session, by or SERVER, enterprise, invitee, lifetime_s=WEEK_S, now_ns=now_ns)
    codes = [first.text]
    if not first.alone:
        codes.append(invitations.ask_second(session, OFFICE, enterprise, first.id, now_ns).text)
    invitations.accept(session, codes, password, now_ns)
