"""The kinds of report there are, told apart by the format of their snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from ovoo_contract.errors import ReportError

from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.reports.nodes import Block, Facts

__all__ = ["CENTRE_SECTIONS", "Finding", "ReportKind", "check_of", "is_earlier", "kind_of"]

CENTRE_SECTIONS: Final = ("matching", "benchmark")
"""Sections of a diagnosis that its centre adds: no sample of the enterprise gives them again."""
Section = Callable[[Facts], list[Block]]
Finding = tuple[str, str, str]
"""Kind, name and detail of a mismatch."""
Check = Callable[[Mapping[str, Any]], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class ReportKind:
    """How snapshots of one format become a document and are checked.

    Attributes:
        cover, sections: the document, in order.
        check: what is wrong inside the snapshot beyond its figures' formulas.
        again: the snapshot's data measured once more from a source.
    """

    cover: Callable[[Facts], dict[str, Any]]
    sections: Sequence[Section]
    check: Check
    again: Callable[[Mapping[str, Any], EvidenceSource], Mapping[str, Any]]


_MODULES: Final = {
    "ovoo.snapshot/1": "ovoo_cloud.reports.diagnosis_report",
    "ovoo.month/2": "ovoo_cloud.energy_report.document",
    "ovoo.readiness/1": "ovoo_cloud.readiness.document",
    "ovoo.region/1": "ovoo_cloud.region_report.document",
}
_EARLIER: Final = {"ovoo.month/1": ("ovoo_cloud.energy_report.records_check", "check_records")}
"""Formats that earlier versions issued: the module and name of their check. No chapters, no measuring again."""


def is_earlier(snapshot: Mapping[str, Any]) -> bool:
    """Whether only figures and files of such a snapshot can still be checked."""
    return str(snapshot.get("format", "")) in _EARLIER


def check_of(snapshot: Mapping[str, Any]) -> Check:
    """The check of a snapshot's inside, of earlier formats too.

    Raises:
        ReportError: no version made reports from snapshots of this format.
    """
    if not is_earlier(snapshot):
        return kind_of(snapshot).check
    module, name = _EARLIER[snapshot["format"]]
    check: Check = getattr(import_module(module), name)
    return check


def kind_of(snapshot: Mapping[str, Any]) -> ReportKind:
    """The kind of a snapshot.

    Raises:
        ReportError: no report is made from snapshots of this format.
    """
    name = str(snapshot.get("format", ""))
    if name in _EARLIER:
        remedy = "verify checks its files and figures; for chapters and store use the version that issued it"
        raise ReportError("format of an earlier version", offender="snapshot.format", value=name, remedy=remedy)
    if name not in _MODULES:
        remedy = f"one of {', '.join(_MODULES)}; a newer report needs a newer ovoo-cloud"
        raise ReportError("no report is made from this", offender="snapshot.format", value=name, remedy=remedy)
    found: ReportKind = import_module(_MODULES[name]).KIND  # each brings its own chapters: read when they are needed
    return found
