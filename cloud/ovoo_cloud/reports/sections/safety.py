"""Safety and environment: facts of the core measuring points."""

from __future__ import annotations

from ovoo_cloud.reports.nodes import Block, Column, Facts, heading, key, name, notice, para, plain, table

__all__ = ["safety"]


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
        notice(key("safety.note")),
    ]
