"""`ovoo-cloud report|energy-report|verify`: a working report, a monthly energy report, the check of a bundle."""

from __future__ import annotations

import argparse
import json
import pathlib
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.address import check_segment
from ovoo_contract.errors import VerifyError

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings

if TYPE_CHECKING:
    from ovoo_cloud.catalogue.tables import Report
    from ovoo_cloud.diagnosis.evidence import EvidenceSource
    from ovoo_cloud.reports.build import ReportResult

__all__ = ["add_verbs"]


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `report`, `energy-report` and `verify`."""
    report = verbs.add_parser(
        "report",
        parents=[shared],
        help="make a working report from an intake file, outside a case",
        description="Measures, scores and renders one working report; each page says that it is not issued, for only a "
        "case leads to that. Its number begins with W-. A centre needs the enterprise's consent, as for a "
        "case. With the embedded store no server may run.",
    )
    report.add_argument("--case", type=pathlib.Path, required=True, help="YAML intake of the case")
    report.add_argument("--number", required=True, help="working number; a repeated one becomes the next revision")
    report.add_argument("--issue-date", help="ISO date (default: today in the installation's time zone)")
    report.add_argument("--language", action="append", choices=["zh", "en"], help="may be repeated; the first leads")
    report.add_argument("--centre-copy", action="store_true", help="also documents without the case's trade secrets")
    report.add_argument("--out", type=pathlib.Path, help="empty or new folder (default: under data_dir/reports)")
    report.set_defaults(run=_report)
    _add_month(verbs, shared)
    verify = verbs.add_parser(
        "verify",
        parents=[shared],
        help="check a report bundle",
        description="Checks signature and hashes and recomputes every figure; exit code 3 when something differs.",
    )
    verify.add_argument("bundle", type=pathlib.Path, help="folder of the bundle")
    verify.add_argument("--trust", type=pathlib.Path, required=True, help="public key, got apart from the bundle")
    verify.add_argument("--deep", action="store_true", help="recompute from the store as well")
    verify.set_defaults(run=_verify)


def _add_month(verbs: Any, shared: argparse.ArgumentParser) -> None:
    month = verbs.add_parser(
        "energy-report",
        parents=[shared],
        help="issue the monthly energy report of a site",
        description="Measures, renders and signs one month of one site. With the embedded store no server may run.",
    )
    month.add_argument("--enterprise", required=True)
    month.add_argument("--site", required=True)
    month.add_argument("--month", required=True, help="local month of the site, e.g. 2026-10")
    month.add_argument("--inputs", type=pathlib.Path, help="YAML of bill, baseline, products, ... beside the settings")
    month.add_argument("--number", help="report number (default: of month and site); repeated: the next revision")
    month.add_argument("--issue-date", help="ISO date (default: today in the installation's time zone)")
    month.add_argument("--language", action="append", choices=["zh", "en"], help="may be repeated; the first leads")
    month.add_argument("--format", action="append", choices=["pdf", "docx", "xlsx"], help="may be repeated (all)")
    month.add_argument("--out", type=pathlib.Path, help="empty or new folder (default: under data_dir/reports)")
    month.set_defaults(run=_energy_report)


def _energy_report(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.diagnosis.intake import read_yaml
    from ovoo_cloud.jobs.month_report import default_number, issue_month_report
    from ovoo_cloud.jobs.report import Order, today
    from ovoo_cloud.reports.build import FORMATS

    inputs = None if parsed.inputs is None else dict(read_yaml(parsed.inputs).data)
    with build_services(settings) as services:
        output.note(f"measuring {parsed.enterprise}/{parsed.site} {parsed.month} ...")
        order = Order(
            number=parsed.number or default_number(parsed.enterprise, parsed.site, parsed.month),
            issue_date=parsed.issue_date or today(services),
            languages=parsed.language or [settings.language],
            folder=parsed.out,
            formats=parsed.format or FORMATS,
        )
        scope = Scope.system("cli")
        row, result = issue_month_report(services, scope, parsed.enterprise, parsed.site, parsed.month, order, inputs)
    output.show(_issued(row, result), f"report {row.number} revision {row.revision}\n{row.folder}")
    return 0


def _issued(row: Report, result: ReportResult) -> dict[str, Any]:
    return {
        "report": row.id,
        "revision": row.revision,
        "folder": row.folder,
        "files": dict(result.files),
        "snapshot_sha256": row.snapshot_sha256,
        **row.summary,
    }


def _report(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.catalogue.access_lines import Read
    from ovoo_cloud.diagnosis.case import load_case
    from ovoo_cloud.jobs.at_server import at_the_server
    from ovoo_cloud.jobs.report import issue_report, noted, today

    case = load_case(parsed.case)
    with build_services(settings) as services:
        scope = at_the_server(services, case)
        output.note(f"measuring {case.enterprise} ...")
        read = Read("cli report", subject=parsed.number)
        with noted(services, scope, read):
            row, result = issue_report(
                services,
                scope,
                case,
                number=parsed.number,
                issue_date=parsed.issue_date or today(services),
                languages=parsed.language or [settings.language],
                folder=parsed.out,
                centre_copy=parsed.centre_copy,
                read=read,
            )
    told = f"working report {row.number} revision {row.revision}, outside a case: not issued\n{row.folder}"
    output.show(_issued(row, result), told)
    return 0


def _verify(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.casework.editions import kept_rules
    from ovoo_cloud.diagnosis.standing import WORKING
    from ovoo_cloud.reports.verify import verify_bundle

    if parsed.deep:
        with build_services(settings) as services:
            source, kept = _source(services, parsed.bundle), kept_rules(services.database)
            found = verify_bundle(parsed.bundle, trust=parsed.trust, deep=source, kept=kept)
    else:
        found = verify_bundle(parsed.bundle, trust=parsed.trust)
    document = {
        "ok": found.ok,
        "intact": found.intact,
        "moved": list(found.moved),
        "number": found.number,
        "status": found.status,
        "level": found.level,
        "files": found.files,
        "figures": found.figures,
        "evidence": found.evidence,
        "not_measured": list(found.not_measured),
        "not_available": list(found.not_available),
        "mismatches": [{"kind": m.kind, "name": m.name, "detail": m.detail} for m in found.mismatches],
    }
    verdict = "verified" if found.ok else "intact, but of other samples than the store holds today"
    verdict = verdict if found.intact else "NOT verified"
    counts = f"{found.files} files, {found.figures} figures, {found.evidence} evidence records"
    kind = "working report, NOT issued:" if found.status == WORKING else "report"
    lines = [f"{verdict}: {kind} {found.number}, level {found.level}, {counts}", *(str(m) for m in found.mismatches)]
    if found.moved:
        lines.append(f"came or went since the report was made: samples of {', '.join(found.moved)}")
    if found.not_measured:
        lines.append(f"by formulas of an earlier version, not measured again: {', '.join(found.not_measured)}")
    lines += [_NOT_AVAILABLE[each] for each in found.not_available]
    output.show(document, "\n".join(lines))
    return 0 if found.ok else 3


_NOT_AVAILABLE: Final = {
    "chapters": "chapters are those of another version: of the document only the printed figures were compared",
    "store": "the store was not checked: this format of snapshot can be measured again only by the version it is from",
}


def _source(services: Services, bundle: pathlib.Path) -> EvidenceSource:
    """The store as evidence of the enterprise that the bundle names, or the issued reports where it names a region;
    the signature is checked later."""
    from ovoo_cloud.evidence_store import StoreEvidence
    from ovoo_cloud.jobs.region_report import issued_reports
    from ovoo_cloud.region_report.snapshot import FORMAT

    try:
        snapshot = json.loads((bundle / "snapshot.json").read_bytes())
        if snapshot.get("format") == FORMAT:
            return issued_reports(services)
        enterprise = snapshot["case"]["enterprise"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise VerifyError("not a report bundle", offender=str(bundle), remedy="name the bundle's folder") from error
    return StoreEvidence(services, check_segment(enterprise, "enterprise"), Scope.system("verify"))
