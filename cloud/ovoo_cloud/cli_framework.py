"""`ovoo-cloud framework`: a centre's own assessment frameworks, straight in the database."""

from __future__ import annotations

import argparse
import pathlib
import time
from typing import Any, Final

from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_packs import framework_names, load_framework

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import frameworks
from ovoo_cloud.cli_database import opened_database
from ovoo_cloud.cli_output import Output
from ovoo_cloud.diagnosis.scoring import rules_of
from ovoo_cloud.diagnosis.shelf import split_reference
from ovoo_cloud.settings import Settings

__all__ = ["add_verbs"]

_SCOPE: Final = Scope.system("cli")


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `framework`."""
    parser = verbs.add_parser("framework", help="a centre's own frameworks: add, list, show, publish, retire")
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    add = actions.add_parser("add", parents=[shared], help="check, compile and keep a framework as a draft")
    add.add_argument("file", type=pathlib.Path, help="the document, YAML or JSON")
    add.add_argument("--publish", action="store_true", help="publish it at once when its lint is clean")
    add.set_defaults(run=_add)
    actions.add_parser("list", parents=[shared], help="all editions").set_defaults(run=_list)
    show = actions.add_parser("show", parents=[shared], help="one edition with its rules")
    show.add_argument("framework", help="id, or id@version")
    show.set_defaults(run=_show)
    for action, state in (("publish", "published"), ("retire", "retired")):
        change = actions.add_parser(action, parents=[shared], help=f"{action} an edition")
        change.add_argument("framework", help="id@version")
        change.set_defaults(run=_set_state, state=state)


def _add(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    text = _read(parsed.file)
    with opened_database(settings) as database, database.write() as session:
        try:
            row = frameworks.add(session, _SCOPE, text, name=parsed.file.name, now_ns=time.time_ns())
        except ConfigErrors as errors:
            output.note("\n".join(str(each) for each in errors.errors))
            remedy, count = "mend the lines above", len(errors.errors)
            raise ConfigError(
                "the framework has errors", offender=parsed.file.name, value=count, remedy=remedy
            ) from None
        if parsed.publish:
            frameworks.set_state(session, _SCOPE, row.framework, row.version, "published", now_ns=time.time_ns())
        missing = list(row.unfinished["missing"])
        shown = {"framework": row.framework, "version": row.version, "state": row.state, "sha256": row.sha256}
    lines = [f"{key:<10}{value}" for key, value in shown.items()] + [f"missing   {each}" for each in missing]
    output.show({**shown, "unfinished": missing}, "\n".join(lines))
    return 0


def _read(file: pathlib.Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        remedy = "give a YAML or JSON file in UTF-8"
        raise ConfigError("cannot be read", offender=str(file), value=str(error), remedy=remedy) from error


def _list(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    with opened_database(settings) as database, database.read() as session:
        own = frameworks.editions(session, _SCOPE)
    packs = [load_framework(name) for name in framework_names()]
    table = [_row(each.id, each.version, each.method, "published", "pack", each.sha256) for each in packs]
    table += [_row(each.framework, each.version, each.method, each.state, "own", each.sha256) for each in own]
    output.table("frameworks", table)
    return 0


def _row(name: str, version: str, method: str, state: str, origin: str, sha256: str) -> dict[str, str]:
    return {"id": name, "version": version, "method": method, "state": state, "origin": origin, "sha256": sha256[:12]}


def _show(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    with opened_database(settings) as database, database.read() as session:
        shelf = frameworks.shelf(session, _SCOPE, [parsed.framework])
    framework = shelf.framework(parsed.framework)
    rules = rules_of(framework)
    lines = [f"{framework.id}@{framework.version}  {framework.method}  {framework.name_zh} / {framework.name_en}"]
    for item in framework.items:
        mark = "  [仅供参考 reference only]" if item.reference_only else ""
        lines.append(f"  {item.id}  {item.name_zh} / {item.name_en}{mark}")
    output.show(rules, "\n".join(lines))
    return 0


def _set_state(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    name, version = split_reference(parsed.framework)
    with opened_database(settings) as database, database.write() as session:
        row = frameworks.set_state(session, _SCOPE, name, version, parsed.state, now_ns=time.time_ns())
        shown = {"framework": row.framework, "version": row.version, "state": row.state}
    output.show(shown, f"{name}@{version} is {parsed.state}")
    return 0
