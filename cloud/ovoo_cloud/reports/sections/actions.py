"""Gaps and actions, and the roadmap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    bullets,
    chart,
    heading,
    key,
    name,
    notice,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.lead import gap_blocks
from ovoo_cloud.reports.sections.lead_summary import last_step

__all__ = ["actions", "first_steps", "roadmap", "saving_ranges"]


def actions(facts: Facts) -> list[Block]:
    """One block an action: what was seen, what to do, range of saving, pay-back."""
    blocks: list[Block] = [
        heading(1, "actions.title"),
        *_level_gap(facts),
        para(key("actions.lead")),
        *saving_ranges(facts),
    ]
    for number, action in enumerate(facts.data["actions"], start=1):
        blocks += _action(facts, number, action)
    tariff = facts.data["energy"].get("tariff")
    if facts.data["case"].get("energy", {}) and tariff is None:
        blocks.append(notice(key("actions.no_tariff")))
    return blocks


def _level_gap(facts: Facts) -> list[Block]:
    """What is missing to the next level; a gate of points and scenes says so in its own chapter."""
    if facts.lead_method == "points_gate":
        return []
    return [heading(2, "lead.gap.title"), *gap_blocks(facts), heading(2, "lead.savings.title")]


def saving_ranges(facts: Facts) -> list[Block]:
    """The saving ranges side by side; moved load saves no energy and is left out."""
    rows = []
    for action in facts.data["actions"]:
        figure = facts.figures[f"action.{action['kind']}.kwh"]
        if action["reason"] or action["shift_only"]:
            continue
        rows.append(
            {
                "label": key(f"action.{action['kind']}.title"),
                "low": figure["low"] or figure["value"],
                "high": figure["high"] or figure["value"],
                "words": facts.figure(f"action.{action['kind']}.kwh"),
            }
        )
    return [chart("savings", key("chart.savings.caption"), {"rows": rows})] if rows else []


def _action(facts: Facts, number: int, action: dict[str, Any]) -> list[Block]:
    kind = action["kind"]
    head = {
        "b": "heading",
        "level": 2,
        "text": key("actions.head", number=plain(str(number)), title=key(f"action.{kind}.title")),
        "number": False,
    }
    if action["reason"]:
        return [head, para(key(f"action.{kind}.{action['reason']}"))]
    names = facts.machine_names()
    machines: Inline = {"t": "join", "items": [name(names[each]) for each in action["machines"]]}
    evidence = facts.evidence(f"action.{kind}.window_kwh")
    rows: list[list[Inline]] = [
        [key("actions.row.where"), machines],
        [key("actions.row.window"), facts.figure(f"action.{kind}.window_kwh")],
        [key("actions.row.year"), facts.figure(f"action.{kind}.kwh")],
    ]
    if not action["shift_only"]:
        rows.append([key("actions.row.tce"), facts.figure(f"action.{kind}.tce")])
        rows.append([key("actions.row.tco2"), facts.figure(f"action.{kind}.tco2")])
    rows.append([key("actions.row.payback"), key(f"payback.{action['payback']}.long")])
    return [
        head,
        para(key(f"action.{kind}.seen"), evidence=evidence, keep=True),
        para(key(f"action.{kind}.do"), keep=True),
        {
            **table("actions.caption", [("profile.col.entry", "left", 1), ("profile.col.value", "left", 3)], rows),
            "plain": True,
        },
    ]


def first_steps(facts: Facts) -> list[Inline]:
    """What to do in the first three months: close evidence gaps, connect machines, stop waste that costs nothing."""
    missing = [item["id"] for item in facts.data["score"]["items"] if item["points"][0] != item["points"][1]]
    names = facts.item_names()
    steps: list[Inline] = []
    if missing:
        listed: Inline = {"t": "join", "items": [name(names[each]) for each in missing[:4]]}
        steps.append(key("roadmap.evidence", items=listed, count=plain(str(len(missing)))))
    silent = [each for each in facts.data["network"] if each["verdict"] != "yes"]
    if silent:
        listed = {"t": "join", "items": [name(each["name"]) for each in silent[:4]]}
        steps.append(key("roadmap.connect", items=listed))
    ready = [each["kind"] for each in facts.data["actions"] if not each["reason"]]
    return steps + [key(f"action.{kind}.title") for kind in ready if kind in {"idle", "peak_shift"}]


def roadmap(facts: Facts) -> list[Block]:
    """Three phases with what, measured by what."""
    ready = [each["kind"] for each in facts.data["actions"] if not each["reason"]]
    second = [key(f"action.{kind}.title") for kind in ready if kind in {"compressed_air", "fan_pump", "fouling"}]
    second.append(key("roadmap.audit"))
    first = first_steps(facts) or [key("roadmap.keep")]
    gated = facts.lead_method == "points_gate"
    last = [key("roadmap.scenes") if gated else last_step(facts), key("roadmap.return")]
    rows: list[list[Inline]] = [
        _phase("roadmap.phase1", first, "roadmap.kpi1" if gated else "lead.roadmap.kpi1"),
        _phase("roadmap.phase2", second, "roadmap.kpi2"),
        _phase("roadmap.phase3", last, "roadmap.kpi3" if gated else "lead.roadmap.kpi3"),
    ]
    columns: list[Column] = [
        ("roadmap.col.phase", "left", 0.9),
        ("roadmap.col.what", "left", 3),
        ("roadmap.col.kpi", "left", 2.2),
    ]
    return [
        heading(1, "roadmap.title"),
        _gantt([first, second, last]),
        table("roadmap.caption", columns, rows),
        bullets([key("roadmap.note.budget"), key("roadmap.note.responsible")]),
    ]


def _gantt(phases: Sequence[Sequence[Inline]]) -> Block:
    rows = [{"label": step, "phase": number} for number, steps in enumerate(phases) for step in steps]
    heads = [key(f"roadmap.phase{number}") for number in (1, 2, 3)]
    return chart("gantt", key("chart.gantt.caption"), {"rows": rows, "phases": heads})


def _phase(phase: str, what: list[Inline], kpi: str) -> list[Inline]:
    return [key(phase), {"t": "lines", "items": what}, key(kpi)]
