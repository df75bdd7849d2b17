"""Idle waste and the measures."""

from __future__ import annotations

from typing import Any

from ovoo_cloud.energy_report.sections.parts import machine
from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    chart,
    heading,
    key,
    name,
    notice,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.actions import saving_ranges
from ovoo_cloud.reports.sections.front import actions_table

__all__ = ["idle", "measures"]


def idle(facts: Facts) -> list[Block]:
    """Machines by the energy that they drew without work."""
    data = facts.data["idle"]
    blocks: list[Block] = [heading(1, "month.idle.title")]
    rows = data["rows"]
    if rows:
        evidence = facts.evidence("idle.kwh")
        money = facts.known("idle.yuan")
        lead = "month.idle.lead.money" if money else "month.idle.lead"
        slots = {"kwh": facts.figure("idle.kwh"), **({"yuan": facts.figure("idle.yuan")} if money else {})}
        blocks += [para(key(lead, **slots), evidence=evidence), _bars(facts, rows, evidence), _table(facts, rows)]
    else:
        blocks.append(para(key("month.idle.none")))
    for reason in ("states", "short"):
        listed = [each["machine"] for each in data["open"] if each["reason"] == reason]
        if listed:
            names: Inline = {"t": "join", "items": [machine(facts, each) for each in listed]}
            blocks.append(notice(key(f"month.idle.open.{reason}", machines=names)))
    return blocks


def _bars(facts: Facts, rows: list[dict[str, Any]], evidence: list[str]) -> Block:
    bars = [
        {
            "label": machine(facts, row["machine"]),
            "low": facts.figures[row["kwh"]]["value"],
            "high": facts.figures[row["kwh"]]["value"],
            "words": facts.figure(row["kwh"]),
        }
        for row in rows
    ]
    return chart("consumers", key("month.chart.idle"), {"rows": bars}, evidence=evidence)


def _table(facts: Facts, rows: list[dict[str, Any]]) -> Block:
    cells = [
        [
            machine(facts, row["machine"]),
            facts.figure(row["kwh"], unit=False),
            facts.figure(row["hours"], unit=False),
            facts.figure(row["percent"], unit=False),
            facts.figure(row["yuan"], unit=False) if row["yuan"] else key("insufficient"),
        ]
        for row in rows
    ]
    columns: list[Column] = [
        ("register.col.machine", "left", 2.4),
        ("month.idle.col.kwh", "right", 1.3),
        ("month.idle.col.hours", "right", 1.1),
        ("month.idle.col.percent", "right", 1.3),
        ("month.idle.col.yuan", "right", 1.3),
    ]
    return table("month.idle.caption", columns, cells)


def measures(facts: Facts) -> list[Block]:
    """What can be done: ranges from the month's evidence, and the idle machines appraised."""
    blocks: list[Block] = [heading(1, "month.measures.title"), para(key("month.measures.lead"))]
    if any(not each["reason"] for each in facts.data["actions"]):
        blocks += [*saving_ranges(facts), actions_table(facts)]
    else:
        blocks.append(notice(key("month.measures.none")))
    rows = facts.data["measures"]
    if rows:
        blocks.append(heading(2, "month.measures.idle.title"))
        columns: list[Column] = [
            ("actions.col.action", "left", 1.6),
            ("register.col.machine", "left", 1.8),
            ("month.measures.col.kwh", "right", 2),
            ("month.measures.col.proof", "left", 1),
        ]
        blocks.append(table("month.measures.caption", columns, [_measure(facts, row) for row in rows]))
        if any(row["missing"] for row in rows):
            blocks.append(para(key("month.measures.missing"), style="small"))
    return blocks


def _measure(facts: Facts, row: dict[str, Any]) -> list[Inline]:
    proof = key("month.measures.option", option=plain(row["option"]))
    return [name(row["name"]), machine(facts, row["machine"]), facts.figure(row["figure"]), proof]
