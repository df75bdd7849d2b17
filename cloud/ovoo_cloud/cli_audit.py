"""`ovoo-cloud audit verify|hold-consents`: the record recomputed, and all consents withdrawn after a restore."""

from __future__ import annotations

import argparse
import time
from typing import Any

from ovoo_cloud.catalogue import audit, seals
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.cli_output import Output
from ovoo_cloud.settings import Settings

__all__ = ["add_verbs"]


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `audit`."""
    actions = verbs.add_parser("audit", help="the record: verify it, hold consents after a restore").add_subparsers(
        dest="action", required=True, metavar="action"
    )
    verify = actions.add_parser(
        "verify", parents=[shared], help="recompute every hash of the record and of the lines of access it sealed"
    )
    verify.set_defaults(run=_verify)
    hold = actions.add_parser(
        "hold-consents",
        parents=[shared],
        help="withdraw every live consent, after an older state was restored",
        description="A restored backup knows nothing of consents that were withdrawn after it was taken.",
    )
    hold.add_argument("--reason", required=True, help="what the enterprises read beside the withdrawal")
    hold.set_defaults(run=_hold)


def _verify(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    database = Database(settings.database)
    try:
        database.migrate()
        with database.write() as session:
            sealed = seals.seal(session, time.time_ns())
        with database.read() as session:
            found = {"lines": audit.verify_chain(session), "sealed_now": sealed, "unsealed": seals.unsealed(session)}
            newest = audit.newest(session)
    finally:
        database.close()
    found_hash = newest.hash if newest is not None else ""
    text = f"audit     {found['lines']} lines, unbroken\nnewest    {found_hash}\nunsealed  {found['unsealed']} lines"
    output.show({**found, "newest": found_hash}, text)
    return 0


def _hold(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.access import grants
    from ovoo_cloud.casework import steps

    database = Database(settings.database)
    now_ns = time.time_ns()
    try:
        database.migrate()
        with database.write() as session:
            held = grants.hold_all(session, "cli", parsed.reason, now_ns)
            for row in held:
                steps.settle_grant(session, row, now_ns)
            names = [row.id for row in held]
    finally:
        database.close()
    output.show({"withdrawn": names}, f"{len(names)} consents withdrawn; the enterprises give them anew")
    return 0
