"""The document of a snapshot: sections in order, no word of any language in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from ovoo_contract.canonical import sha256_hex

from ovoo_cloud.diagnosis.standing import WORKING, is_working
from ovoo_cloud.reports.kinds import kind_of
from ovoo_cloud.reports.nodes import Block, Facts

__all__ = ["FORMAT", "build_tree", "chapter_files", "chapters_edition", "verification_text"]

FORMAT: Final = "ovoo.report/1"
_CHAPTERS: Final = (
    ("ovoo_cloud.reports", ("nodes.py", "diagnosis_report.py")),
    ("ovoo_cloud.reports.sections", ()),
    ("ovoo_cloud.diagnosis", ("leading.py",)),
    ("ovoo_cloud.energy_report", ("document.py",)),
    ("ovoo_cloud.energy_report.sections", ()),
    ("ovoo_cloud.readiness", ("chapters.py", "document.py", "front.py")),
    ("ovoo_cloud.region_report", ("chapters.py", "document.py")),
)
"""What decides how a snapshot becomes a document: packages, each with its files (none named: all)."""


def build_tree(snapshot: Mapping[str, Any], snapshot_sha256: str) -> dict[str, Any]:
    """The locale-neutral document of a snapshot (plain data, the content of report.json).

    Raises:
        ReportError: no report is made from snapshots of this format.
    """
    kind, facts = kind_of(snapshot), Facts(snapshot)
    blocks: list[Block] = [block for section in kind.sections for block in section(facts)]
    return {
        "format": FORMAT,
        "edition": chapters_edition(),
        "snapshot_sha256": snapshot_sha256,
        "cover": {**kind.cover(facts), "code": verification_text(snapshot["issue"], snapshot_sha256)},
        "blocks": blocks,
    }


def verification_text(issue: Mapping[str, Any], snapshot_sha256: str) -> str:
    """What the square code of the cover says: the address of the verification page, or the three facts it would ask.

    >>> verification_text({"number": "N-1", "revision": 2}, "ab12")
    'OVOO N-1 r2 ab12'
    >>> verification_text({"number": "", "revision": 0, "status": "confirmed"}, "ab12")
    'OVOO confirmed ab12'
    >>> verification_text({"number": "W-1", "revision": 2, "status": "working"}, "ab12")
    'OVOO working W-1 r2 ab12'
    """
    if not issue["number"]:
        return f"OVOO {issue.get('status', 'draft')} {snapshot_sha256}"
    address = issue.get("verify_url", "")
    if not address:
        kind = f"{WORKING} " if is_working(issue) else ""
        return f"OVOO {kind}{issue['number']} r{issue['revision']} {snapshot_sha256}"
    return f"{address}?number={issue['number']}&revision={issue['revision']}&code={snapshot_sha256}"


@cache
def chapters_edition() -> str:
    """First 16 hex of a hash over the chapters' own source: documents of another edition are laid out otherwise."""
    texts = [resources.files(package).joinpath(name).read_text(encoding="utf-8") for package, name in chapter_files()]
    return sha256_hex("".join(texts).encode())[:16]


def chapter_files() -> Iterator[tuple[str, str]]:
    """Package and file name of every source that decides how a snapshot becomes a document."""
    for package, names in _CHAPTERS:
        there = sorted(each.name for each in resources.files(package).iterdir() if each.name.endswith(".py"))
        yield from ((package, name) for name in names or there)
