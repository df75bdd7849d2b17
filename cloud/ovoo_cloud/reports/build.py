"""From a case and its samples to a signed bundle on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ReportError

from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.snapshot import Issue, Snapshot, freeze
from ovoo_cloud.reports.bundle import check_folder, write_bundle
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.excel import render_xlsx
from ovoo_cloud.reports.pdf import render_pdf
from ovoo_cloud.reports.resolve import Language, resolve
from ovoo_cloud.reports.signing import SealPort
from ovoo_cloud.reports.tree import build_tree
from ovoo_cloud.reports.word import render_docx

__all__ = ["ReportResult", "ReportSettings", "build_report", "issue_bundle", "render_files", "summary"]


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """What the issuing office decides.

    `issue_date` is an ISO date, the only date of issue any renderer knows. The first language makes report.pdf,
    report.docx and report.xlsx, every further one report.<language>.pdf and so on.
    """

    number: str
    issue_date: str
    signing_key: SealPort
    revision: int = 1
    languages: Sequence[Language] = ("zh",)


@dataclass(frozen=True, slots=True)
class ReportResult:
    """The bundle on disk: its folder, its files with their SHA-256, and the snapshot it was made from."""

    folder: Path
    files: Mapping[str, str]
    snapshot: Snapshot
    snapshot_sha256: str


def build_report(case: Case, source: EvidenceSource, settings: ReportSettings, out_dir: Path) -> ReportResult:
    """Measure, score, freeze, render and sign one report into `out_dir`.

    Raises:
        ConfigErrors: the case answers items that its framework does not have.
        ReportError: the folder is not empty, a font or glyph is missing, or a page cannot be made.
    """
    return issue_bundle(lambda issue: freeze(case, source, issue), settings, out_dir)


def issue_bundle(make: Callable[[Issue], Snapshot], settings: ReportSettings, out_dir: Path) -> ReportResult:
    """Freeze by `make`, render and sign a report of any kind into `out_dir`.

    Raises:
        ReportError: the folder is not empty, a font or glyph is missing, or a page cannot be made.
    """
    if not settings.languages:
        raise ReportError("no language", offender="languages", remedy='use ("zh",), ("en",) or both')
    check_folder(out_dir)
    tool = f"ovoo-cloud {version('ovoo-cloud')}"
    snapshot = make(Issue(settings.number, settings.issue_date, settings.revision, tool))
    files = render_files(snapshot, settings.languages)
    written = write_bundle(out_dir, files, snapshot.data, settings.signing_key)
    hashes = {name: sha256_hex(content) for name, content in sorted(written.items())}
    return ReportResult(out_dir, hashes, snapshot, hashes["snapshot.json"])


def render_files(snapshot: Snapshot, languages: Sequence[Language]) -> dict[str, bytes]:
    """Every file of the bundle but manifest and signature; the same bytes for the same snapshot."""
    frozen = snapshot.to_bytes()
    code = sha256_hex(frozen)
    tree = build_tree(snapshot.data, code)
    files = {"snapshot.json": frozen, "report.json": canonical_json(tree)}
    issue = snapshot.data["issue"]
    for position, language in enumerate(languages):
        stem = "report" if position == 0 else f"report.{language}"
        document = resolve(tree, language, draw)
        files[f"{stem}.pdf"] = render_pdf(document, number=issue["number"], code=code, issued=issue["date"])
        files[f"{stem}.docx"] = render_docx(document, number=issue["number"], issued=issue["date"])
        files[f"{stem}.xlsx"] = render_xlsx(document, number=issue["number"], issued=issue["date"])
    return files


def summary(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """The few figures a command line or a demo prints: level, score, networked share, energy, actions."""
    figures = snapshot["figures"]

    def short(name: str) -> dict[str, Any]:
        return {key: figures[name][key] for key in ("value", "low", "high", "unit")}

    names = ("score.total", "equipment.networked_percent", "energy.kwh", "energy.tco2", "findings.total")
    return {
        "number": snapshot["issue"]["number"],
        "level": snapshot["score"]["level"],
        "level_range": [snapshot["score"]["level_low"], snapshot["score"]["level_high"]],
        "figures": {name: short(name) for name in names},
        "actions": [
            {"kind": each["kind"], "reason": each["reason"], "per_year": short(f"action.{each['kind']}.kwh")}
            for each in snapshot["actions"]
        ],
    }
