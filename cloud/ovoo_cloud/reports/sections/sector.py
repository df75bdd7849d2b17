"""The enterprise beside the medians of its sector, where the group is large enough to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, key, measure, name, para, plain, table

__all__ = ["median_axes", "sector_blocks"]


def median_axes(facts: Facts) -> dict[str, str]:
    """The sector's median of each axis of the radar that has one, in percent, by dimension; scenes are `scenes`."""
    section = facts.data.get("benchmark")
    if section is None:
        return {}
    rows = {**section["dimensions"], "scenes": section["scenes"]}
    return {axis: row["p50"] for axis, row in rows.items() if row is not None}


def sector_blocks(facts: Facts) -> list[Block]:
    """A small table beside the radar; one sentence where the group is too small; nothing without a benchmark."""
    section = facts.data.get("benchmark")
    if section is None:
        return []
    slots = {
        "sector": name(section["sector"], section["sector"]["id"] or "—"),
        "quarter": plain(section["quarter"]),
        "minimum": plain(str(section["minimum"])),
    }
    rows = list(_rows(facts, section))
    if not rows:
        return [para(key("sector.too_small", **slots))]
    columns: list[Column] = [
        ("sector.col.what", "left", 2.2),
        ("sector.col.own", "right", 1.4),
        ("sector.col.median", "right", 1.1),
        ("sector.col.quartiles", "right", 1.4),
        ("sector.col.n", "right", 0.7),
    ]
    return [
        para(key("sector.lead", **slots, edition=plain(section["edition"]))),
        table("sector.caption", columns, rows),
    ]


def _rows(facts: Facts, section: Mapping[str, Any]) -> list[list[Inline]]:
    """Total, dimensions and scenes; own shares as in the radar."""
    score = facts.data["score"]
    names = {part["id"]: part["name"] for part in facts.data["framework"]["dimensions"]}
    rows = []
    if section["total"] is not None:
        rows.append(_row(key("baseline.score.total"), facts.figure("score.total", unit=False), section["total"]))
    for part in score["dimensions"]:
        if (found := section["dimensions"].get(part["id"])) is not None:
            own = [100 * Decimal(end) / Decimal(part["full"]) for end in part["points"]]
            rows.append(_row(name(names[part["id"]]), _share(own), found))
    if section["scenes"] is not None:
        most = 4 * len(score["scenes"])
        own = [Decimal(100 * sum(each["levels"][end] for each in score["scenes"])) / most for end in (0, 1)]
        rows.append(_row(key("score.scenes.axis"), _share(own), section["scenes"]))
    return rows


def _row(label: Inline, own: Inline, found: Mapping[str, Any]) -> list[Inline]:
    unit = found["unit"]
    return [
        label,
        own,
        measure(found["p50"], None, unit),
        plain(f"{found['p25']}–{found['p75']}"),
        plain(str(found["n"])),
    ]


def _share(ends: list[Decimal]) -> Inline:
    low, high = (f"{end:.1f}" for end in ends)
    return measure(low, None, "%") if low == high else plain(f"{low}–{high} %")
