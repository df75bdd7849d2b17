"""The frozen aggregates of a region: groups, levels, figures, and one evidence record that names nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ovoo_contract.errors import ReportError
from ovoo_packs import load_norms

from ovoo_cloud.centre.benchmark import Place, Reading, compute, figures
from ovoo_cloud.centre.disclosure import Node, shown_nodes
from ovoo_cloud.centre.pinned_places import places_hash
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.observe import EvidenceBook, Window
from ovoo_cloud.diagnosis.snapshot import Issue, Snapshot
from ovoo_cloud.region_report.names import PARTS, figure_words, part_words

__all__ = ["FORMAT", "QUANTILES", "REPORTS", "RegionInputs", "freeze_region", "path_of"]

FORMAT: Final = "ovoo.region/1"
REPORTS: Final = "newest verified report of every enterprise until the end of the quarter"
QUANTILES: Final = ("p10", "p25", "p50", "p75", "p90")
_FORMULA: Final = "benchmark/1"
_OPEN: Final = "open"


@dataclass(frozen=True, slots=True)
class RegionInputs:
    """What the aggregates are computed from; the readings carry names, so only this package ever holds them.

    Attributes:
        quarter: YYYY-Qn; `end_ns` its end, ns UTC, in `timezone`.
        readings: of each enterprise what its newest report gives.
        places: the groups of each enterprise.
        minimum: least members of a group.
    """

    quarter: str
    end_ns: int
    timezone: str
    readings: Sequence[Reading]
    places: Mapping[str, Place]
    minimum: int


def freeze_region(inputs: RegionInputs, issue: Issue) -> Snapshot:
    """The aggregates as plain data; equal readings give equal bytes, whatever their order and names.

    Raises:
        ReportError: fewer verified reports than the least group.
        ConfigError: a minimum that no installation may set.
    """
    found = compute(inputs.readings, inputs.places, inputs.minimum)
    verified = [each for each in inputs.readings if each.figures is not None]
    if len(verified) < inputs.minimum:
        raise ReportError(
            "too few reports for figures that show nobody",
            offender=inputs.quarter,
            value=f"fewer than {inputs.minimum}",
            remedy="issue the report of the region when more enterprises have one",
        )
    window = Window(0, inputs.end_ns)
    evidence, book = EvidenceBook(window, ()), FigureBook()
    record = evidence.add_records(sorted(each.sha256 for each in verified), REPORTS, formulas=[_FORMULA])
    count = {"unit": "count", "formula": "count/1", "evidence": [record]}
    book.base("region.reports", len(verified), **count)  # type: ignore[arg-type]  # one mapping of several types
    book.base("region.not_verified", found["not_verified"], **count)  # type: ignore[arg-type]
    levels = _levels(verified, inputs.minimum, record, book)
    groups = {path_of(each): _group(each, record, book) for each in found["groups"]}
    norms = load_norms()
    data: dict[str, Any] = {
        "format": FORMAT,
        "issue": issue.to_json(),
        "plan": {
            "quarter": inputs.quarter,
            "minimum": inputs.minimum,
            "edition": found["edition"],
            "places_sha256": places_hash(inputs.readings, inputs.places),
        },
        "window": {"start_ns": "0", "end_ns": str(inputs.end_ns), "timezone": inputs.timezone},
        "packs": {"norms": {"version": norms.version, "sha256": norms.sha256}},
        "levels": levels,
        "groups": groups,
        "names": {name: figure_words(name) for name in sorted({n for g in groups.values() for n in g["figures"]})},
        "figures": {name: figure.to_json() for name, figure in sorted(book.figures.items())},
        "evidence": dict(sorted(evidence.records.items())),
    }
    return Snapshot(data)


def path_of(group: Mapping[str, Any]) -> str:
    """The name of a group: `all`, `dairy`, `dairy/small`."""
    return "/".join(group[part] for part in PARTS if group[part] is not None) or "all"


def _group(group: Mapping[str, Any], record: str, book: FigureBook) -> dict[str, Any]:
    path = path_of(group)
    return {
        **{part: None if group[part] is None else {"id": group[part]} for part in PARTS},
        "words": [part_words(part, group[part]) for part in PARTS if group[part] is not None],
        "figures": {
            name: _row(f"region.{path}.{name}", name, row, record, book) for name, row in group["figures"].items()
        },
    }


def _row(stem: str, name: str, row: Mapping[str, Any], record: str, book: FigureBook) -> dict[str, str]:
    """Ids of the figures of one row: how many count, and each quantile that is shown."""
    digits = figures()[name.partition("/")[0]]["digits"]
    ids = {"n": book.base(f"{stem}.n", row["n"], unit="count", formula="count/1", evidence=[record]).id}
    for quantile in QUANTILES:
        if quantile in row:
            made = book.base(
                f"{stem}.{quantile}",
                row[quantile],
                unit=row["unit"],
                digits=digits,
                cls="declared",
                formula=_FORMULA,
                evidence=[record],
            )
            ids[quantile] = made.id
    return ids


def _levels(verified: Sequence[Reading], minimum: int, record: str, book: FigureBook) -> dict[str, str]:
    """Reports per stated level; small counts are hidden, with others until they hide together, and stand as a sum.

    By level for the whole region only: sector and level together would be a cross-table, from which small counts can
    be worked out.
    """
    counts = Counter(_OPEN if each.level is None else str(each.level) for each in verified)
    tree: dict[Node, int] = {(): len(verified), **{(name,): count for name, count in counts.items()}}
    shown = {node[0]: tree[node] for node in shown_nodes(tree, minimum) if node}
    hidden = len(verified) - sum(shown.values())
    if hidden:
        shown["together"] = hidden
    return {
        name: book.base(f"region.level.{name}", shown[name], unit="count", formula="count/1", evidence=[record]).id
        for name in sorted(shown)
    }
