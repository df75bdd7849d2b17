"""Whether the records of a month's snapshot hold together; months of every version are checked by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ovoo_cloud.energy_report.records import record_id
from ovoo_cloud.reports.kinds import Finding

__all__ = ["check_records"]


def check_records(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """Records have the ids of their content, and print what the figures that come from them print."""
    records, figures = snapshot["records"], snapshot["figures"]
    for name, content in records.items():
        if record_id(content) != name:
            yield "evidence", name, "the record's id is not that of its content"
    for figure, name in snapshot["provenance"].items():
        if name not in records or figure not in figures:
            yield "figure", figure, f"its record is not in the snapshot: {name}"
            continue
        printed, value = records[name]["results"].get(figure), figures[figure]["value"]
        if printed is not None and value is not None and printed != value:
            yield "figure", figure, f"its record {name} has {printed}"
