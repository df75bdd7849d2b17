"""`ovoo-cloud energy`: a saving's record made again from the stored samples."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings

__all__ = ["add_verbs"]


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `energy recompute`."""
    energy = verbs.add_parser("energy", help="records of proven savings")
    inner = energy.add_subparsers(dest="energy_verb", required=True, metavar="verb")
    recompute = inner.add_parser(
        "recompute",
        parents=[shared],
        help="make a saving's record again from the store",
        description="Reads the samples of both periods, fits and proves again, and compares every field of the record. "
        "With the embedded store no server may run.",
        epilog="exit codes: 0 equal to the last bit; 1 no such record; 3 something differs (printed); 4 store away",
    )
    recompute.add_argument("record", help="id of the record, rec_...")
    recompute.set_defaults(run=_recompute)


def _recompute(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.energy.baseline_service import recompute

    with build_services(settings) as services:
        found = recompute(services, Scope.system("cli"), parsed.record)
    words = f"{found.record}: equal" if found.equal else "\n".join([f"{found.record}: differs", *found.differences])
    output.show(asdict(found), words)
    return 0 if found.equal else 3
