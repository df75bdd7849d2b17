"""`ovoo-cloud restore-check`: prove that a restored copy is whole."""

from __future__ import annotations

import argparse
import pathlib
from dataclasses import asdict, replace
from typing import Any

from ovoo_contract.errors import ConfigError

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings

__all__ = ["add_verbs"]


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `restore-check`."""
    verb = verbs.add_parser(
        "restore-check",
        parents=[shared],
        help="prove that a restored copy is whole",
        description="Compares audit record, reports and samples of a restored data folder with this installation; a "
        "passed test is recorded and counts as evidence for a year. With the embedded store no server may run.",
        epilog="exit codes: 0 whole; 2 wrong folder; 3 something is missing or differs (printed); 4 not available",
    )
    verb.add_argument("restored", type=pathlib.Path, help="data folder that the backup was unpacked into")
    verb.add_argument("--database", default="", help="URL of the restored database, where it is PostgreSQL")
    verb.set_defaults(run=_check)


def _check(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.restore_check import check_restore

    folder = parsed.restored
    if folder.resolve() == settings.data_dir.resolve():
        raise ConfigError("this is the installation itself", offender="restored", remedy="unpack the backup elsewhere")
    if not parsed.database and not (folder / "catalogue.db").is_file():
        remedy = "name the folder that holds catalogue.db, or --database"
        raise ConfigError("not a restored data folder", offender="restored", value=str(folder), remedy=remedy)
    copy = replace(settings, data_dir=folder, database_url=parsed.database)
    with build_services(settings) as live, build_services(copy) as restored:
        output.note("comparing ...")
        found = check_restore(live, restored, Scope.system("cli"))
    counts = (
        f"{found.audit_lines} audit lines, {found.reports} reports, {found.samples} samples of {found.signals} signals"
    )
    words = [f"{'whole' if found.whole else 'NOT whole'}: {counts}", *found.differences]
    output.show({**asdict(found), "whole": found.whole}, "\n".join(words))
    return 0 if found.whole else 3
