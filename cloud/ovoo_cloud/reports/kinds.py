"""The kinds of report there are, told apart by the format of their snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from ovoo_contract.errors import ReportError

from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.reports.nodes import Block, Facts

__all__ = ["ReportKind", "kind_of"]

Section = Callable[[Facts], list[Block]]
Finding = tuple[str, str, str]
"""Kind, name and detail of a mismatch."""


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
    check: Callable[[Mapping[str, Any]], Iterator[Finding]]
    again: Callable[[Mapping[str, Any], EvidenceSource], Mapping[str, Any]]


_MODULES: Final = {
    "ovoo.snapshot/1": "ovoo_cloud.reports.diagnosis_report",
    "ovoo.month/2": "ovoo_cloud.energy_report.document",
    "ovoo.readiness/1": "ovoo_cloud.readiness.document",
    "ovoo.region/1": "ovoo_cloud.region_report.document",
}


def kind_of(snapshot: Mapping[str, Any]) -> ReportKind:
    """The kind of a snapshot.

    Raises:
        ReportError: no report is made from snapshots of this format.
    """
    name = str(snapshot.get("format", ""))
    if name not in _MODULES:
        remedy = f"one of {', '.join(_MODULES)}; a newer report needs a newer ovoo-cloud"
        raise ReportError("no report is made from this", offender="snapshot.format", value=name, remedy=remedy)
    found: ReportKind = import_module(_MODULES[name]).KIND  # each brings its own chapters: read when they are needed
    return found
