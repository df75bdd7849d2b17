"""`ovoo-cloud case export|import|show|step`: a case from the server's own command line."""

from __future__ import annotations

import argparse
import pathlib
from typing import TYPE_CHECKING, Any

from ovoo_contract.errors import ConfigError, StoreError

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from ovoo_cloud.catalogue.case_tables import CaseFile

__all__ = ["add_verbs"]

_FIELDS = (
    "reason",
    "framework",
    "number",
    "issue-date",
    "snapshot",
    "date",
    "words",
    "id",
    "title",
    "assessors",
    "document",
)


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `case`."""
    case = verbs.add_parser("case", help="diagnosis cases: export, import, show, step")
    actions = case.add_subparsers(dest="action", required=True, metavar="action")
    export = actions.add_parser("export", parents=[shared], help="write a whole case into one sealed file")
    export.add_argument("case")
    export.add_argument("--out", type=pathlib.Path, required=True, help="new file; its seal goes to FILE.sig beside it")
    export.set_defaults(run=_export)
    taken = actions.add_parser("import", parents=[shared], help="take a case that another installation exported")
    taken.add_argument("file", type=pathlib.Path, help="the exported file; its seal lies beside it as FILE.sig")
    taken.add_argument(
        "--trust", type=pathlib.Path, required=True, help="public key of the exporting centre, got apart"
    )
    taken.set_defaults(run=_import)
    show = actions.add_parser("show", parents=[shared], help="where a case stands and what was done")
    show.add_argument("case")
    show.set_defaults(run=_show)
    step = actions.add_parser(
        "step",
        parents=[shared],
        help="take a step of the centre in a case",
        description="Acts as the centre's administrator: consent and confirmation are the enterprise's own.",
    )
    step.add_argument("case")
    step.add_argument(
        "step",
        help="accept, decline, open_intake, add_framework, remove_framework, submit, freeze, reopen, issue, ...",
    )
    for name in _FIELDS:
        step.add_argument(f"--{name}", default="", help=f"{name} of the step, where it has one")
    step.add_argument("--language", action="append", choices=["zh", "en"], help="of the report; may be repeated")
    step.add_argument("--further", action="append", help="framework beside the leading one; may be repeated")
    step.set_defaults(run=_step)


def _find(session: Session, case_id: str) -> CaseFile:
    from ovoo_cloud.access.scope import absent
    from ovoo_cloud.catalogue.case_tables import CaseFile

    found = session.get(CaseFile, case_id)
    if found is None:
        raise absent(case_id)
    return found


def _export(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.casework.exchange import export_case
    from ovoo_cloud.reports.seal import seal_of
    from ovoo_cloud.reports.signing import sign

    if parsed.out.exists():
        raise ConfigError("already there", offender=str(parsed.out), remedy="name a new file")
    with build_services(settings) as services, services.database.read() as session:
        content = export_case(session, _find(session, parsed.case), settings)
    seal = sign(seal_of(settings.seal_command, settings.seal_public_key, settings.signing_key), content)
    beside = parsed.out.with_name(parsed.out.name + ".sig")
    _write_whole(beside, seal)
    _write_whole(parsed.out, content)  # last: where it is, the export is whole
    shown = {"case": parsed.case, "file": str(parsed.out), "seal": str(beside), "bytes": len(content)}
    output.show(shown, f"case {parsed.case}\n{parsed.out}\n{beside}")
    return 0


def _write_whole(path: pathlib.Path, content: bytes) -> None:
    """Writes a file that is there as a whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise StoreError(error.strerror or str(error), offender=str(path), remedy="mind its folder") from error


def _import(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.casework import archive
    from ovoo_cloud.casework.exchange import import_case
    from ovoo_cloud.reports.signing import load_trusted_key

    try:
        content = parsed.file.read_bytes()
        seal = parsed.file.with_name(parsed.file.name + ".sig").read_bytes()
    except OSError as error:
        raise StoreError(str(error), offender=str(parsed.file), remedy="give the file and its FILE.sig") from error
    files = archive.unpack(content, seal, [load_trusted_key(parsed.trust)])
    with build_services(settings) as services, services.database.write() as session:
        row = import_case(session, Scope.system("cli"), files, settings, services.clock())
        shown = {"case": row.case, "enterprise": row.enterprise, "state": row.state, "steps": row.version}
    output.show(shown, f"case {shown['case']} of {shown['enterprise']}: {shown['state']}, {shown['steps']} steps")
    return 0


def _show(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.api.case_access import file_view, step_view
    from ovoo_cloud.casework.steps import steps

    with build_services(settings) as services, services.database.read() as session:
        row = _find(session, parsed.case)
        view = file_view(session, Scope.system("cli"), row, services.clock())
        taken = [step_view(each) for each in steps(session, row)]
    lines = [f"{view['id']}  {view['enterprise']}  {view['state']}  {view['title']}"]
    lines += [
        f"{each['seq']:3d}  {each['at']}  {each['step']:12s}  {each['after']:12s}  {each['actor']}" for each in taken
    ]
    output.show({**view, "taken": taken}, "\n".join(lines))
    return 0


def _step(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.casework import freezing, issuing, moving
    from ovoo_cloud.casework.ordering import order_step
    from ovoo_cloud.casework.states import Step

    fields = {name.replace("-", "_"): getattr(parsed, name.replace("-", "_")) for name in _FIELDS}
    try:
        step = Step(parsed.step)
    except ValueError as error:
        known = ", ".join(Step)
        raise ConfigError("no such step", offender="step", value=parsed.step, remedy=f"one of {known}") from error
    scope = Scope.system("cli")
    with build_services(settings) as services:
        enterprise = _enterprise(services, parsed.case)
        if step is Step.FREEZE:
            freezing.measure(services, scope, enterprise, parsed.case, lambda share: None)
        elif step is Step.ISSUE:
            languages = parsed.language or [settings.language]
            order = issuing.Order(fields["number"], fields["snapshot"], fields["issue_date"], languages)
            issuing.issue(services, scope, enterprise, parsed.case, order)
        elif step is Step.MOVE_EDITION:
            moving.move_edition(services, scope, enterprise, parsed.case, fields["framework"], None)
        else:
            order_step(services, scope, enterprise, parsed.case, step, fields | {"further": parsed.further})
        with services.database.read() as session:
            row = _find(session, parsed.case)
    shown = {"case": row.case, "state": row.state, "version": row.version, "snapshot": row.snapshot}
    output.show(shown, f"case {row.case}: {row.state}")
    return 0


def _enterprise(services: Services, case_id: str) -> str:
    with services.database.read() as session:
        return _find(session, case_id).enterprise
