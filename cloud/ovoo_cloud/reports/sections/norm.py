"""Unit consumption beside a norm: raw and corrected limits, the gap to each, and the course over the window."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    chart,
    key,
    measure,
    name,
    notice,
    para,
    plain,
    table,
)

__all__ = ["norm_blocks"]

Norm = Mapping[str, Any]


def norm_blocks(facts: Facts) -> list[Block]:
    """Unit consumption against the norm, or why it is not compared."""
    norm = facts.data["energy"]["norm"]
    if norm is None:
        absent = any(row["kind"] == "norm" for row in facts.data["energy"]["missing"])
        return [para(key("norm.absent" if absent else "norm.none"))]
    lead = key(
        "norm.lower" if norm["lower_bound"] else "norm.lead",
        norm=name(norm["name"]),
        source=plain(norm["source"]),
        intensity=facts.figure("norm.intensity"),
    )
    blocks: list[Block] = [
        para(lead, evidence=facts.evidence("norm.intensity")),
        *_gauge(facts, norm),
        *_course(facts, norm),
        _comparison(facts, norm),
    ]
    if norm["corrections"]:
        blocks.append(_corrections_table(norm))
    if norm["open_corrections"]:
        blocks.append(notice(key("norm.corrections", inputs=_names(norm["open_corrections"])), "warn"))
    return blocks


def _levels(facts: Facts, norm: Norm) -> list[dict[str, Any]]:
    """Level, corrected limit with its words and, where a correction moved it, the standard's own limit."""
    rows = []
    for row in norm["levels"]:
        moved = Decimal(row.get("correction", "1")) != 1
        entry = {
            "level": row["level"],
            "value": facts.figures[row["figure"]]["value"],
            "words": facts.figure(row["figure"]),
        }
        rows.append({**entry, "raw": row["raw"]} if moved else entry)
    return rows


def _gauge(facts: Facts, norm: Norm) -> list[Block]:
    """The intensity on the scale of the levels."""
    figure = facts.figures["norm.intensity"]
    value = figure["value"] or figure["low"]
    if value is None or not norm["levels"]:
        return []
    levels = _levels(facts, norm)
    data = {
        "value": value,
        "words": facts.figure("norm.intensity"),
        "lower_bound": norm["lower_bound"] or figure["value"] is None,
        "levels": levels,
    }
    corrected = any("raw" in row for row in levels)
    caption = key("chart.norm.caption.corrected" if corrected else "chart.norm.caption")
    return [{**chart("norm", caption, data, evidence=facts.evidence("norm.intensity")), "secret": "products"}]


def _course(facts: Facts, norm: Norm) -> list[Block]:
    """The line over the bands; without output by time the bands alone, with the cause."""
    course = norm.get("course")
    if course is None or not norm["levels"]:
        return []
    whole = facts.figures["norm.intensity"]
    rows = [{"start": row["start"], **_ends(facts, row["figure"])} for row in course["rows"]]
    data = {
        "rows": rows,
        "levels": _levels(facts, norm),
        "mean": whole["value"] or whole["low"],
        "lower_bound": norm["lower_bound"],
        "unit": norm["unit"],
        "reason": key("insufficient.because", reason=key(f"reason.{course['reason'] or 'short'}")),
        "key": "chart.intensity.key.electricity" if course["electricity_only"] and rows else "chart.intensity.key",
    }
    evidence = facts.evidence(*(row["figure"] for row in course["rows"]))
    made = chart("intensity", key("chart.intensity.caption"), data, evidence=evidence)
    return [{**made, "secret": "products"}, *_coverage(facts, norm, course)]


def _coverage(facts: Facts, norm: Norm, course: Mapping[str, Any]) -> list[Block]:
    """Which carriers the points count, where the case has others than electricity or does not name them all."""
    carriers, complete = facts.data["energy"]["carriers"], facts.data["energy"]["complete"]
    if not course["rows"] or (complete and not carriers):
        return []
    if norm["unit"].partition("/")[0] == "kWh":
        return [{**para(key("norm.course.covers.kwh"), style="small"), "secret": "products"}]
    counted = course.get("carriers", ())
    within, without = (
        [name(row["name"]) for number, row in enumerate(carriers) if (number in counted) is inside]
        for inside in (True, False)
    )
    listed: Inline = {"t": "join", "items": [key("norm.course.electricity"), *within]}
    parts = [key("norm.course.covers", carriers=listed)]
    if without:
        parts.append(key("norm.course.covers.not", carriers={"t": "join", "items": without}))
    if not complete:
        parts.append(key("norm.course.covers.incomplete"))
    return [{**para(*parts, style="small"), "secret": "products"}]


def _ends(facts: Facts, figure: str) -> dict[str, str | None]:
    row = facts.figures[figure]
    return {"low": row["value"] or row["low"], "high": row["value"] or row["high"]}


def _comparison(facts: Facts, norm: Norm) -> Block:
    """Intensity, raw and corrected limit, gap; a reached level is told only where every carrier is counted."""
    none = key("cell.none")
    rows: list[list[Inline]] = [[key("norm.intensity"), none, none, facts.figure("norm.intensity"), none, none, none]]
    for level in norm["levels"]:
        met = none
        if norm["reached"] is not None:
            met = key("verdict.yes" if norm["reached"] <= level["level"] else "verdict.no")
        gap = f"norm.gap{level['level']}"
        rows.append(
            [
                key("norm.level", level=plain(str(level["level"]))),
                measure(level["raw"], None, norm["unit"]) if "raw" in level else none,
                plain(level["correction"]) if "correction" in level else none,
                facts.figure(level["figure"]),
                facts.figure(gap) if facts.has(gap) else none,
                facts.figure(f"{gap}_percent") if facts.has(gap) else none,
                met,
            ]
        )
    columns: list[Column] = [
        ("norm.col.row", "left", 1.7),
        ("norm.col.raw", "right", 1.4),
        ("norm.col.correction", "right", 0.8),
        ("norm.col.limit", "right", 1.7),
        ("norm.col.gap", "right", 1.7),
        ("norm.col.gap_percent", "right", 1.2),
        ("norm.col.met", "left", 0.8),
    ]
    evidence = facts.evidence("norm.intensity")
    return {**table("norm.caption", columns, rows, evidence=evidence, compact=True), "secret": "products"}


def _corrections_table(norm: Norm) -> Block:
    rows: list[list[Inline]] = [
        [_names([row["name"]]), plain(row["factor"]), plain(row["document"])] for row in norm["corrections"]
    ]
    columns: list[Column] = [
        ("norm.col.input", "left", 2),
        ("norm.col.correction", "right", 1),
        ("profile.col.documents", "left", 3),
    ]
    return table("norm.corrections.caption", columns, rows)


def _names(names: list[str]) -> Inline:
    return {"t": "join", "items": [{"t": "maybe", "key": f"correction.{each}", "text": each} for each in names]}
