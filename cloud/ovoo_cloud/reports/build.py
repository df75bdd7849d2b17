"""From a case and its samples to a signed bundle on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ReportError

from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.scoring import method_of
from ovoo_cloud.diagnosis.secrecy import withheld
from ovoo_cloud.diagnosis.shelf import Shelf
from ovoo_cloud.diagnosis.snapshot import Issue, Snapshot, freeze
from ovoo_cloud.diagnosis.standing import WORKING, is_working
from ovoo_cloud.reports.bundle import check_folder, write_bundle
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.cuts import centre_copy, secrets_of
from ovoo_cloud.reports.excel import render_xlsx
from ovoo_cloud.reports.pdf import forget_layouts, render_pdf
from ovoo_cloud.reports.resolve import Language, resolve
from ovoo_cloud.reports.signing import SealPort
from ovoo_cloud.reports.tree import build_tree
from ovoo_cloud.reports.web import render_html
from ovoo_cloud.reports.word import render_docx

__all__ = [
    "FORMATS",
    "Format",
    "ReportResult",
    "ReportSettings",
    "build_report",
    "issue_bundle",
    "render_files",
    "summary",
]

Format = Literal["pdf", "docx", "xlsx", "html"]
FORMATS: Final[tuple[Format, ...]] = ("pdf", "docx", "xlsx", "html")
"""What people read; snapshot and document as JSON are in every bundle."""


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """What the issuing office decides.

    `issue_date` is an ISO date, the only date of issue any renderer knows. The first language makes report.pdf,
    report.docx, report.xlsx and report.html, every further one report.<language>.pdf and so on. `verify_url` is the
    address of the installation's verification page, for the square code of the cover. With `centre_copy` there is a
    second set of files, report.centre.pdf and so on, without the trade secrets that the case names. `status` and
    `confirmed` are those of `Issue`: where the case stands, and what its enterprise confirmed.
    """

    number: str
    issue_date: str
    signing_key: SealPort
    revision: int = 1
    languages: Sequence[Language] = ("zh",)
    formats: Sequence[Format] = FORMATS
    verify_url: str = ""
    centre_copy: bool = False
    status: str = ""
    confirmed: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ReportResult:
    """The bundle on disk: its folder, its files with their SHA-256, and the snapshot it was made from."""

    folder: Path
    files: Mapping[str, str]
    snapshot: Snapshot
    snapshot_sha256: str


def build_report(
    case: Case,
    source: EvidenceSource,
    settings: ReportSettings,
    out_dir: Path,
    shelf: Shelf | None = None,
    centre: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _data: {},
) -> ReportResult:
    """Measure, score, freeze, render and sign one report into `out_dir`.

    Args:
        shelf: holds a centre's own frameworks.
        centre: the sections that the centre adds to what was measured, such as matching with its registers.

    Raises:
        ConfigErrors: the case answers items that its framework does not have.
        ReportError: the folder is not empty, a font or glyph is missing, or a page cannot be made.
    """

    def make(issue: Issue) -> Snapshot:
        measured = freeze(case, source, issue, shelf).data
        return Snapshot({**measured, **centre(measured)})

    return issue_bundle(make, settings, out_dir)


def issue_bundle(make: Callable[[Issue], Snapshot], settings: ReportSettings, out_dir: Path) -> ReportResult:
    """Freeze by `make`, render and sign a report of any kind into `out_dir`.

    Raises:
        ReportError: the folder is not empty, a font or glyph is missing, or a page cannot be made.
    """
    if not settings.languages:
        raise ReportError("no language", offender="languages", remedy='use ("zh",), ("en",) or both')
    check_folder(out_dir)
    tool = f"ovoo-cloud {version('ovoo-cloud')}"
    issue = Issue(
        settings.number,
        settings.issue_date,
        settings.revision,
        tool,
        settings.verify_url,
        settings.status,
        settings.confirmed,
    )
    snapshot = make(issue)
    files = render_files(snapshot, settings.languages, settings.formats, centre=settings.centre_copy)
    written = write_bundle(out_dir, files, snapshot.data, settings.signing_key)
    hashes = {name: sha256_hex(content) for name, content in sorted(written.items())}
    return ReportResult(out_dir, hashes, snapshot, hashes["snapshot.json"])


def render_files(
    snapshot: Snapshot, languages: Sequence[Language], formats: Sequence[Format] = FORMATS, *, centre: bool = False
) -> dict[str, bytes]:
    """Every file of the bundle but manifest and signature; the same bytes for the same snapshot."""
    frozen = snapshot.to_bytes()
    tree = build_tree(snapshot.data, sha256_hex(frozen))
    files = {"snapshot.json": frozen, "report.json": canonical_json(tree)}
    files |= _documents(tree, "report", languages, formats, snapshot.data["issue"])
    if centre:
        cut = centre_copy(tree, secrets_of(snapshot.data.get("case", {})), withheld(snapshot.data))
        files["report.centre.json"] = canonical_json(cut)
        files |= _documents(cut, "report.centre", languages, formats, snapshot.data["issue"])
    return files


def _documents(
    tree: Mapping[str, Any],
    name: str,
    languages: Sequence[Language],
    formats: Sequence[Format],
    issue: Mapping[str, Any],
) -> dict[str, bytes]:
    """The chosen formats of a document in each language.

    The head of every page names the number, and before it what marks a report that nobody issued.
    Word comes before the PDF: its many small pictures and the one large layout are then never in memory together.
    """
    issued, code = issue["date"], tree["snapshot_sha256"]
    files = {}
    for position, language in enumerate(languages):
        stem = name if position == 0 else f"{name}.{language}"
        document = resolve(tree, language, draw)
        number = f"{document.cover['marking']} {issue['number']}".strip()
        if "docx" in formats:
            files[f"{stem}.docx"] = render_docx(document, number=number, issued=issued)
        if "xlsx" in formats:
            files[f"{stem}.xlsx"] = render_xlsx(document, number=number, issued=issued)
        if "html" in formats:
            files[f"{stem}.html"] = render_html(document, number=number, code=code)
        if "pdf" in formats:
            files[f"{stem}.pdf"] = render_pdf(document, number=number, code=code, issued=issued)
            forget_layouts()
    return files


def summary(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """The few figures a command line or a demo prints: level, score, networked share, energy, actions."""
    figures, issue = snapshot["figures"], snapshot["issue"]

    def short(name: str) -> dict[str, Any]:
        return {key: figures[name][key] for key in ("value", "low", "high", "unit")}

    names = ("score.total", "equipment.networked_percent", "energy.kwh", "energy.tco2", "findings.total")
    return {
        "number": issue["number"],
        **({"status": WORKING} if is_working(issue) else {}),
        "method": method_of(snapshot["framework"]),
        "level": snapshot["score"]["level"],
        "level_range": [snapshot["score"]["level_low"], snapshot["score"]["level_high"]],
        "figures": {name: short(name) for name in names},
        "actions": [
            {"kind": each["kind"], "reason": each["reason"], "per_year": short(f"action.{each['kind']}.kwh")}
            for each in snapshot["actions"]
        ],
    }
