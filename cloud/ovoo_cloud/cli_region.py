"""`ovoo-cloud region-report`: issue the report of the region for the authority above the plants."""

from __future__ import annotations

import argparse
import pathlib
from typing import Any

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings

__all__ = ["add_verbs"]


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `region-report`."""
    verb = verbs.add_parser(
        "region-report",
        parents=[shared],
        help="issue the report of the region: aggregates only",
        description="Computes, renders and signs figures of groups from the newest report of every enterprise until "
        "the end of a quarter. No enterprise is in it. With the embedded store no server may run.",
    )
    verb.add_argument("--quarter", default="", help="YYYY-Qn (default: the newest that is over)")
    verb.add_argument("--number", help="report number (default: of the quarter); repeated: the next revision")
    verb.add_argument("--issue-date", help="ISO date (default: today in the installation's time zone)")
    verb.add_argument("--language", action="append", choices=["zh", "en"], help="may be repeated; the first leads")
    verb.add_argument("--out", type=pathlib.Path, help="empty or new folder (default: under data_dir/reports)")
    verb.set_defaults(run=_region_report)


def _region_report(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.jobs.region_report import issue_region, region_inputs, region_number
    from ovoo_cloud.jobs.report import Order, today

    with build_services(settings) as services:
        inputs = region_inputs(services, parsed.quarter)
        output.note(f"reading the reports until the end of {inputs.quarter} ...")
        order = Order(
            number=parsed.number or region_number(inputs.quarter),
            issue_date=parsed.issue_date or today(services),
            languages=parsed.language or [settings.language],
            folder=parsed.out,
        )
        row, result = issue_region(services, Scope.system("cli"), inputs, order)
    document = {
        "report": row.id,
        "revision": row.revision,
        "folder": row.folder,
        "files": dict(result.files),
        "snapshot_sha256": row.snapshot_sha256,
        **row.summary,
    }
    counted = f"{row.summary['reports']} reports, {row.summary['groups']} groups of at least {row.summary['minimum']}"
    output.show(document, f"report {row.number} revision {row.revision}\n{counted}\n{row.folder}")
    return 0
