"""`ovoo-cloud readiness`: issue the data-readiness report of a site."""

from __future__ import annotations

import argparse
import pathlib
from datetime import UTC, datetime
from typing import Any

from ovoo_contract.errors import ConfigError

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings

__all__ = ["add_verbs"]


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `readiness`."""
    verb = verbs.add_parser(
        "readiness",
        parents=[shared],
        help="issue the data-readiness report of a site",
        description="Scores, renders and signs the readiness of a site's data. With the embedded store no server may "
        "run.",
    )
    verb.add_argument("--enterprise", required=True)
    verb.add_argument("--site", required=True)
    verb.add_argument("--start", help="ISO time with zone, included (default: 30 days before the end)")
    verb.add_argument("--end", help="ISO time with zone, excluded (default: now)")
    verb.add_argument("--number", help="report number (default: of day and site); repeated: the next revision")
    verb.add_argument("--issue-date", help="ISO date (default: today in the installation's time zone)")
    verb.add_argument("--language", action="append", choices=["zh", "en"], help="may be repeated; the first leads")
    verb.add_argument("--out", type=pathlib.Path, help="empty or new folder (default: under data_dir/reports)")
    verb.set_defaults(run=_readiness)


def _readiness(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.jobs.readiness_report import issue_readiness, readiness_number
    from ovoo_cloud.jobs.report import Order, today
    from ovoo_cloud.readiness.site_plan import plan_of_site

    start_ns, end_ns = _instant(parsed.start, "--start"), _instant(parsed.end, "--end")
    scope = Scope.system("cli")
    with build_services(settings) as services:
        output.note(f"measuring {parsed.enterprise}/{parsed.site} ...")
        with services.database.read() as session:
            plan = plan_of_site(
                session,
                scope,
                parsed.enterprise,
                parsed.site,
                now_ns=services.clock(),
                start_ns=start_ns,
                end_ns=end_ns,
            )
        order = Order(
            number=parsed.number or readiness_number(plan),
            issue_date=parsed.issue_date or today(services),
            languages=parsed.language or [settings.language],
            folder=parsed.out,
        )
        row, result = issue_readiness(services, scope, plan, order)
    score = row.summary["figures"]["readiness.site.score"]
    shown = score["value"] or f"{score['low']} to {score['high']}"
    document = {
        "report": row.id,
        "revision": row.revision,
        "folder": row.folder,
        "files": dict(result.files),
        "snapshot_sha256": row.snapshot_sha256,
        **row.summary,
    }
    output.show(document, f"report {row.number} revision {row.revision}\nreadiness {shown} of 100\n{row.folder}")
    return 0


def _instant(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError("not a time", offender=name, value=text, remedy="2026-11-23T08:00:00+08:00") from error
    if moment.tzinfo is None:
        raise ConfigError("a time needs its zone", offender=name, value=text, remedy=f"{text}+08:00")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1000
