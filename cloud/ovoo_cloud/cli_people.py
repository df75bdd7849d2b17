"""`ovoo-cloud invite|people`: invitations of an enterprise's people from the server, and who speaks for whom."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy.orm import Session

from ovoo_cloud.access import invitations, standing
from ovoo_cloud.access.invitations import Invitee, IssuedCode
from ovoo_cloud.access.roles import CENTRAL_ROLES, Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.cli_database import opened_database
from ovoo_cloud.cli_output import Output
from ovoo_cloud.settings import Settings

__all__ = ["add_verbs"]

_HOUR_S: Final = 3600


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `invite` and `people`."""
    invite = verbs.add_parser(
        "invite",
        parents=[shared],
        help="one code of an invitation for the first person of an enterprise",
        description=(
            "Prints the first code of a new invitation, or with --second the other one of an invitation that an "
            "administrator made. Where consent is needed the person takes both; whoever has one of them gets in "
            "nowhere. In a plant's own installation one code is enough."
        ),
    )
    invite.add_argument("enterprise")
    invite.add_argument("person", nargs="?", default="", help="name of the account that is made when it is accepted")
    own = [role.value for role in Role if role not in CENTRAL_ROLES]
    invite.add_argument("--role", default=Role.ENTERPRISE_ENGINEER.value, choices=own)
    invite.add_argument("--display-name", default="")
    invite.add_argument("--hours", type=int, default=168, help="how long it may be accepted (default 168)")
    invite.add_argument("--second", metavar="ID", help="the second code of this invitation")
    invite.set_defaults(run=_invite)
    people = verbs.add_parser("people", parents=[shared], help="the people of an enterprise and who speaks for it")
    people.add_argument("enterprise")
    people.set_defaults(run=_people)


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Session, Scope]]:
    """The database, and the server's own scope: it speaks for nobody where consent is needed."""
    with opened_database(settings) as database, database.write() as session:
        voices = None if settings.access_consent == "own" else frozenset[str]()
        yield session, Scope("cli", Role.CENTRE_ADMIN, None, voices=voices)


def _invite(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    with _opened(settings) as (session, scope):
        if parsed.second:
            issued = invitations.ask_second(session, scope, parsed.enterprise, parsed.second, time.time_ns())
        else:
            invitee = Invitee(parsed.person, Role(parsed.role), parsed.display_name)
            issued = invitations.invite(
                session, scope, parsed.enterprise, invitee, lifetime_s=parsed.hours * _HOUR_S, now_ns=time.time_ns()
            )
    output.show(_document(issued), _text(issued, bool(parsed.second)))
    return 0


def _document(issued: IssuedCode) -> dict[str, Any]:
    return {
        "invitation": issued.id, "code": issued.text, "second_needed": not issued.alone,
        "expires": to_iso(issued.expires_ns),
    }  # fmt: skip


def _text(issued: IssuedCode, second: bool) -> str:
    lines = [f"invitation  {issued.id}", f"code        {issued.text}   (shown only now)"]
    if not issued.alone and not second:
        lines.append("second      an administrator's to get, never the same person's")
    return "\n".join([*lines, f"expires     {to_iso(issued.expires_ns)}"])


def _people(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    with _opened(settings) as (session, scope):
        rows = standing.people(session, scope, parsed.enterprise)
    output.table(
        "people",
        [
            {"name": row.name, "role": row.role.value, "speaks": row.speaks, "vouched_by": list(row.vouched_by)}
            for row in rows
        ],
    )
    return 0
