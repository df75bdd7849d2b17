"""Gaps and actions, and the roadmap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

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
from ovoo_cloud.reports.sections.plan import budget_words, payback_words, plan_table, planned
from ovoo_cloud.reports.sections.waterfalls import saving_waterfall

__all__ = ["actions", "first_steps", "roadmap", "saving_ranges"]

_SCENES: Final = {
    "idle": "energy",
    "compressed_air": "energy",
    "fan_pump": "energy",
    "fouling": "equipment",
    "peak_shift": "energy",
}
"""The business scene whose records each action fills."""


def actions(facts: Facts) -> list[Block]:
    """One block an action: what was seen, what to do, range of saving, pay-back."""
    falls = saving_waterfall(facts) or saving_ranges(facts)
    blocks: list[Block] = [heading(1, "actions.title"), *_level_gap(facts), para(key("actions.lead")), *falls]
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
    rows += [
        [key("actions.row.confidence"), key(f"action.{kind}.confidence")],
        [key("actions.row.kind"), key(f"action.{kind}.type")],
        [key("actions.row.cost"), budget_words(facts, kind)],
        [key("actions.row.payback"), payback_words(facts, action, ".long")],
        [key("actions.row.scene"), _scene(facts, kind)],
        [key("actions.row.needs"), key(f"action.{kind}.needs")],
    ]
    return [
        head,
        para(key(f"action.{kind}.seen"), evidence=evidence, keep=True),
        para(key(f"action.{kind}.do"), keep=True),
        {
            **table("actions.caption", [("profile.col.entry", "left", 1), ("profile.col.value", "left", 3)], rows),
            "plain": True,
        },
    ]


def _scene(facts: Facts, kind: str) -> Inline:
    """The business scene that the action serves, the level it stands at, and what its next level still asks for."""
    scene = _SCENES[kind]
    found = next((each for each in facts.data["score"]["scenes"] if each["id"] == scene), None)
    if found is None:
        return key("cell.none")
    low, high = found["levels"]
    level = plain(str(low) if low == high else f"{low}–{high}")
    missing = (facts.data.get("scene_facts") or {}).get(scene, {}).get("missing", [])
    slots = {"scene": name(facts.item_names()[scene]), "level": level}
    if not missing:
        return key("actions.scene.plain", **slots)
    listed: Inline = {"t": "join", "items": [key(f"fact.{which}") for which in missing]}
    return key("actions.scene.missing", **slots, missing=listed)


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
        _gantt(facts, [first, second, last]),
        table("roadmap.caption", columns, rows),
        *plan_table(facts),
        bullets([key("roadmap.note.budget"), key("roadmap.note.responsible")]),
    ]


def _gantt(facts: Facts, phases: Sequence[Sequence[Inline]]) -> Block:
    rows = [
        {"label": step, "phase": number, "note": _bar_words(facts, step)}
        for number, steps in enumerate(phases)
        for step in steps
    ]
    heads = [key(f"roadmap.phase{number}") for number in (1, 2, 3)]
    return chart("gantt", key("chart.gantt.caption"), {"rows": rows, "phases": heads})


def _bar_words(facts: Facts, step: Inline) -> Inline:
    """Responsible and budget of a planned action, inside its bar."""
    kind = str(step["key"]).removeprefix("action.").removesuffix(".title")
    told = planned(facts).get(kind)
    if told is None:
        return plain("")
    who = plain(told["responsible"]) if told.get("responsible") else key("plan.no_responsible")
    return key("gantt.note", who=who, budget=budget_words(facts, kind, absent="gantt.no_budget"))


def _phase(phase: str, what: list[Inline], kpi: str) -> list[Inline]:
    return [key(phase), {"t": "lines", "items": what}, key(kpi)]
