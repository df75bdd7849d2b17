"""`ovoo-dashboards`: builds, checks and pushes the Grafana pages.

Exit codes: 0 fine, 1 something is wrong or stale or refused, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
from collections.abc import Sequence

from ovoo_contract.errors import ConfigError, ConfigErrors, OvooError
from ovoo_packs import load_pack, pack_names

from ovoo_dashboards.alerting import rule_groups
from ovoo_dashboards.files import build, dashboards, stale_files, write_files
from ovoo_dashboards.inspection import inspect
from ovoo_dashboards.provisioning import FOLDER_UID, data_source
from ovoo_dashboards.render import render
from ovoo_dashboards.texts import text

__all__ = ["main"]

_FOLDER = pathlib.Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; errors go to stderr without a traceback."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except OvooError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ovoo-dashboards", description="Grafana dashboards made from packs.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    build_verb = verbs.add_parser("build", help="write json/ and provisioning/")
    build_verb.set_defaults(run=_build)
    check = verbs.add_parser("check", help="inspect every page and see that the committed files are fresh")
    check.set_defaults(run=_check)
    for verb in (build_verb, check):
        verb.add_argument("--out", type=pathlib.Path, default=_FOLDER, help="folder that holds json/ and provisioning/")
    push = verbs.add_parser("push", help="send pages to a running Grafana; the token comes from OVOO_GRAFANA_TOKEN")
    push.set_defaults(run=_push)
    push.add_argument("url", help="e.g. http://127.0.0.1:3000")
    push.add_argument("--influx-url", help="also create or replace the data source with this address")
    push.add_argument("--database", default="", help="database or mapped bucket of the data source, ovoo_<enterprise>")
    push.add_argument(
        "--readers",
        choices=("enterprise", "centre"),
        help="whose people read the data source; a centre's is refused, for it reads past every consent",
    )
    push.add_argument("--alerts", action="store_true", help="also replace the alert-rule groups")
    for verb in (build_verb, check, push):
        verb.add_argument("--language", choices=("zh", "en"), default="zh", help="language of titles (default zh)")
    return parser


def _build(options: argparse.Namespace) -> int:
    changed = write_files(build(options.language), options.out)
    print("\n".join(f"wrote {name}" for name in changed) or "nothing changed")
    return 0


def _check(options: argparse.Namespace) -> int:
    problems = [problem for page in dashboards() for problem in inspect(render(page, options.language))]
    if problems:
        raise ConfigErrors(problems)
    stale = stale_files(build(options.language), options.out)
    for name in stale:
        print(f"{name}: stale; run: ovoo-dashboards build", file=sys.stderr)
    if not stale:
        print(f"{len(dashboards())} dashboards are sound, files are fresh")
    return 1 if stale else 0


def _push(options: argparse.Namespace) -> int:
    from ovoo_dashboards.pusher import GrafanaLink  # build and check work without grafana-api

    if options.influx_url:
        _check_readers(options.readers)
    token = os.environ.get("OVOO_GRAFANA_TOKEN", "")
    if not token:
        raise ConfigError("no token", offender="OVOO_GRAFANA_TOKEN", remedy="set it to a service-account token")
    with GrafanaLink(options.url, token) as link:
        print(f"Grafana {link.version()} at {options.url}")
        link.ensure_folder(FOLDER_UID, text("folder").in_language(options.language))
        if options.influx_url:
            link.put_data_source(_source(options.influx_url, options.database))
        for page in dashboards():
            document = render(page, options.language)
            print(f"{document['uid']}: version {link.put_dashboard(document, FOLDER_UID)}")
        if options.alerts:
            for group in rule_groups([load_pack(name) for name in pack_names()], options.language):
                link.put_rule_group(FOLDER_UID, group)
                print(f"{group['name']}: {len(group['rules'])} alert rules")
    return 0


def _check_readers(readers: str | None) -> None:
    """A data source reads the store by an account of its own: no consent bounds it, and no read of it is noted."""
    if readers is None:
        raise ConfigError(
            "whose people read it", offender="--readers", remedy="enterprise, if they are the plant's own"
        )
    if readers != "enterprise":
        raise ConfigError(
            "a data source reads past every consent",
            offender="--readers",
            value=readers,
            remedy="people of a centre read in the console or by the API, where each read is bounded and noted",
        )


def _source(url: str, database: str) -> dict[str, object]:
    if not database:
        raise ConfigError("no database", offender="--database", remedy="give ovoo_<enterprise>")
    source = data_source(url, database)
    token = os.environ.get("OVOO_INFLUX_TOKEN", "")
    if token:
        source["jsonData"]["httpHeaderName1"] = "Authorization"
        source["secureJsonData"] = {"httpHeaderValue1": f"Token {token}"}
    return source


if __name__ == "__main__":
    sys.exit(main())
