"""Safety and environment: facts of the core measuring points."""

from __future__ import annotations

from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    heading,
    key,
    measure,
    name,
    notice,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.front import local_minute

__all__ = ["safety"]

_MOST = 40


def safety(facts: Facts) -> list[Block]:
    """Coverage, extremes, limit and sensor findings of every core signal; nothing where there is none."""
    data = facts.data["safety"]
    if not data:
        return []
    rows = [
        [
            name(row["name"]),
            plain("/".join(row["signal"].split("/")[1:-1])),
            *(facts.figure(row[part]) for part in ("highest", "covered", "gaps", "limits", "sensor")),
        ]
        for row in data
    ]
    columns: list[Column] = [
        ("safety.col.signal", "left", 1.6),
        ("register.col.asset", "left", 2),
        ("safety.col.highest", "right", 1.3),
        ("safety.col.covered", "right", 1.1),
        ("safety.col.gaps", "right", 0.8),
        ("safety.col.limits", "right", 0.9),
        ("safety.col.sensor", "right", 1.1),
    ]
    evidence = [row["evidence"] for row in data]
    return [
        heading(1, "safety.title"),
        para(key("safety.lead")),
        table("safety.caption", columns, rows, evidence=evidence),
        *_alarms(facts, {row["signal"].rpartition("/")[0] for row in data}),
        notice(key("safety.note")),
    ]


def _alarms(facts: Facts, assets: set[str]) -> list[Block]:
    """Every limit alarm at a core point: when, how far, whether it is over; a sentence where there was none."""
    found = [
        each
        for each in facts.data["equipment"]["findings"]
        if each["code"].startswith("limit.") and each["asset"] in assets
    ]
    if not found:
        return [para(key("safety.alarms.none"))]
    zone = facts.data["window"]["timezone"]
    rows: list[list[Inline]] = [
        [
            plain(local_minute(each["start_ns"], zone)),
            plain(local_minute(each["end_ns"], zone)),
            name(each["signal"], each["asset"].rpartition("/")[2]),
            key(f"severity.{each['severity']}"),
            measure(each["value"], each["uncertainty"], each["unit"]),
            key("finding.open" if each["open"] else "finding.closed"),
            plain(each["evidence"]),
        ]
        for each in sorted(found, key=lambda each: (int(each["start_ns"]), each["id"]))[:_MOST]
    ]
    columns: list[Column] = [
        ("gaps.col.start", "left", 1.5),
        ("gaps.col.end", "left", 1.5),
        ("safety.col.signal", "left", 1.5),
        ("equipment.col.severity", "left", 0.8),
        ("equipment.col.value", "right", 1.1),
        ("equipment.col.state", "left", 0.9),
        ("table.evidence", "left", 1.9),
    ]
    return [table("safety.alarms.caption", columns, rows, compact=True)]
