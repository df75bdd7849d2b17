"""`ovoo-cloud user|token|enrol`: people, tokens and gateways, straight in the database."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import pathlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_cloud.access import enrolment, tokens, users
from ovoo_cloud.access.passwords import one_time_password
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises, gateways
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.cli_database import opened_database
from ovoo_cloud.cli_init import read_password
from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import Clock
from ovoo_cloud.settings import Settings

__all__ = ["add_verbs"]

_HOUR_S: Final = 3600


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `user`, `token` and `enrol`."""
    _add_user(verbs.add_parser("user", help="people: add, list, password, disable, enable"), shared)
    _add_token(verbs.add_parser("token", help="bearer tokens: create, list, revoke"), shared)
    parser = verbs.add_parser(
        "enrol",
        parents=[shared],
        help="register a gateway and print its one-time token",
        description="Registers a gateway and prints a one-time token; without a gateway lists those there are.",
    )
    parser.add_argument("gateway", nargs="?", help="gateway id, the common name of its certificate")
    parser.add_argument("--enterprise", help="the enterprise that the gateway belongs to")
    parser.add_argument("--site", action="append", default=[], help="a site it may write to; may be repeated")
    parser.add_argument("--create", action="store_true", help="create enterprise and sites that are missing")
    parser.add_argument("--name-zh", default="", help="Chinese name of a created enterprise")
    parser.add_argument("--name-en", default="", help="English name of a created enterprise")
    parser.add_argument("--sector", default="", help="pack of a created enterprise, such as coal_mine")
    parser.add_argument("--hours", type=int, default=24, help="how long the token lives (default 24)")
    parser.add_argument("--no-token", action="store_true", help="register only")
    parser.add_argument("--revoke", action="store_true", help="take nothing more from this gateway")
    parser.set_defaults(run=_enrol)


def _add_user(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    add = actions.add_parser("add", parents=[shared], help="a new user")
    add.add_argument("name")
    add.add_argument("--role", required=True, choices=[role.value for role in Role])
    add.add_argument("--enterprise", action="append", default=[], help="may be repeated; none means all")
    add.add_argument("--display-name", default="")
    add.add_argument("--password-file", type=pathlib.Path, help="else a password is made and printed once")
    add.set_defaults(run=_user_add)
    actions.add_parser("list", parents=[shared], help="all users").set_defaults(run=_user_list)
    password = actions.add_parser("password", parents=[shared], help="a new password; ends all sessions")
    password.add_argument("name")
    password.add_argument("--password-file", type=pathlib.Path, help="else it is asked for")
    password.set_defaults(run=_user_password)
    for action, disabled in (("disable", True), ("enable", False)):
        change = actions.add_parser(action, parents=[shared], help=f"{action} a user")
        change.add_argument("name")
        change.set_defaults(run=_user_disable, disabled=disabled)


def _add_token(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    create = actions.add_parser("create", parents=[shared], help="a bearer token, printed once")
    create.add_argument("user")
    create.add_argument("--label", default="command line")
    create.add_argument("--days", type=int, default=30)
    create.set_defaults(run=_token_create)
    listing = actions.add_parser("list", parents=[shared], help="tokens of a user")
    listing.add_argument("user")
    listing.set_defaults(run=_token_list)
    revoke = actions.add_parser("revoke", parents=[shared], help="withdraw a token")
    revoke.add_argument("id")
    revoke.set_defaults(run=_token_revoke)


@contextlib.contextmanager
def _database(settings: Settings) -> Iterator[tuple[Database, Scope, Clock]]:
    """The relational database only: it may be open in a running server at the same time."""
    with opened_database(settings) as database:
        yield database, Scope.system("cli"), time.time_ns


def _user_add(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    given = read_password(parsed.password_file)
    password = given or one_time_password()
    with _database(settings) as (database, scope, clock), database.write() as session:
        users.create_user(
            session,
            scope,
            parsed.name,
            password=password,
            role=Role(parsed.role),
            enterprises=parsed.enterprise,
            display_name=parsed.display_name,
            now_ns=clock(),
        )
    document = {"user": parsed.name, "role": parsed.role, "enterprises": parsed.enterprise}
    if given is None:
        document["password"] = password
    shown = "" if given is not None else f"\npassword  {password}   (shown only now)"
    output.show(document, f"user      {parsed.name}\nrole      {parsed.role}{shown}")
    return 0


def _user_list(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    with _database(settings) as (database, scope, _), database.read() as session:
        rows = users.users(session, scope)
    output.table(
        "users",
        [
            {"name": row.name, "role": row.role, "enterprises": row.enterprises, "disabled": row.disabled}
            for row in rows
        ],
    )
    return 0


def _user_password(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    password = read_password(parsed.password_file) or getpass.getpass("new password: ")
    with _database(settings) as (database, scope, clock), database.write() as session:
        users.set_password(session, scope, parsed.name, password, clock())
    output.show({"user": parsed.name}, f"password of {parsed.name} changed; all sessions ended")
    return 0


def _user_disable(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    with _database(settings) as (database, scope, clock), database.write() as session:
        users.set_disabled(session, scope, parsed.name, parsed.disabled, clock())
    word = "disabled" if parsed.disabled else "enabled"
    output.show({"user": parsed.name, "disabled": parsed.disabled}, f"{parsed.name} {word}")
    return 0


def _token_create(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    with _database(settings) as (database, _, clock), database.write() as session:
        issued = tokens.issue(
            session,
            parsed.user,
            kind="bearer",
            label=parsed.label,
            lifetime_s=parsed.days * 24 * _HOUR_S,
            now_ns=clock(),
            personal=False,
        )
    document = {"id": issued.id, "token": issued.text, "user": parsed.user, "expires": _iso(issued.expires_ns)}
    output.show(document, f"{issued.text}\nexpires {_iso(issued.expires_ns)}; shown only now")
    return 0


def _token_list(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    with _database(settings) as (database, scope, _), database.read() as session:
        rows = tokens.tokens(session, scope, parsed.user)
    output.table(
        "tokens",
        [{"id": row.id, "label": row.label, "expires": _iso(row.expires_ns), "revoked": row.revoked} for row in rows],
    )
    return 0


def _token_revoke(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    with _database(settings) as (database, scope, _), database.write() as session:
        tokens.revoke(session, scope, parsed.id)
    output.show({"id": parsed.id, "revoked": True}, f"token {parsed.id} withdrawn")
    return 0


def _enrol(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    with _database(settings) as (database, scope, clock), database.write() as session:
        if parsed.gateway is None:
            rows = gateways.gateways(session, scope)
            keys = ("id", "enterprise", "sites", "status")
            output.table("gateways", [{key: getattr(row, key) for key in keys} for row in rows])
            return 0
        if parsed.revoke:
            gateways.set_status(session, scope, parsed.gateway, "revoked", clock())
            output.show({"gateway": parsed.gateway, "status": "revoked"}, f"{parsed.gateway} revoked")
            return 0
        if parsed.enterprise is None or not parsed.site:
            raise ConfigError("whose gateway is it", offender="enrol", remedy="give --enterprise and --site")
        if parsed.create:
            enterprises.save_enterprise(
                session,
                scope,
                parsed.enterprise,
                name_zh=parsed.name_zh,
                name_en=parsed.name_en,
                sector=parsed.sector,
            )
            for site in parsed.site:
                enterprises.save_site(session, scope, parsed.enterprise, site, timezone=settings.timezone)
        row = gateways.register(
            session, scope, parsed.gateway, enterprise=parsed.enterprise, sites=parsed.site, now_ns=clock()
        )
        document: dict[str, Any] = {"gateway": row.id, "enterprise": row.enterprise, "sites": row.sites}
        text = f"gateway   {row.id}\nsites     {row.enterprise}: {', '.join(row.sites)}"
        if not parsed.no_token:
            issued = enrolment.invite(session, scope, row.id, lifetime_s=parsed.hours * _HOUR_S, now_ns=clock())
            document |= {"token": issued.text, "expires": _iso(issued.expires_ns)}
            text += f"\ntoken     {issued.text}\nexpires   {_iso(issued.expires_ns)}; works once, shown only now"
    output.show(document, text)
    return 0


def _iso(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
