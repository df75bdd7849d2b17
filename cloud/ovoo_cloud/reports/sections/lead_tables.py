"""Tables of a leading method without points: criteria of an acceptance, products under their limits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, key, name, plain, table
from ovoo_cloud.reports.sections.outcome import levels, number, verdict
from ovoo_cloud.reports.sections.profile import documents_of

__all__ = ["criteria_table", "norms_table", "subsystem_table"]


def criteria_table(facts: Facts) -> Block:
    """Every criterion: what is needed, what there is, the outcome and its evidence."""
    rules, answers = facts.data["framework"], facts.data["answers"]
    parts = {part["id"]: part["name"] for part in rules["dimensions"]}
    asked = {item["id"]: item for part in rules["dimensions"] for item in part["items"]}
    chosen = answers.get("variant", {}).get("sure") or [each["id"] for each in rules["variants"]]
    rows = []
    for item in facts.data["score"]["items"]:
        own, answer, value = asked[item["id"]], answers.get(item["id"]), f"score.value.{item['id']}"
        rows.append(
            [
                name(parts[item["dimension"]]),
                name(own["name"]),
                key("lead.must" if own["must"] else "lead.may"),
                _need(own, chosen),
                facts.figure(value) if facts.has(value) else key("cell.none"),
                verdict(item["levels"]),
                key(f"class.{answer['class'] if answer else 'insufficient'}"),
                documents_of([*answer["documents"], *answer["evidence"][:2]]) if answer else key("cell.none"),
            ]
        )
    columns: list[Column] = [
        ("assessment.col.part", "left", 1.5),
        ("lead.col.criterion", "left", 1.9),
        ("lead.col.must", "left", 0.8),
        ("lead.col.need", "right", 0.9),
        ("lead.col.have", "right", 1),
        ("assessment.col.outcome", "left", 0.9),
        ("score.col.class", "left", 1),
        ("score.col.evidence", "left", 1.8),
    ]
    return table("lead.criteria.caption", columns, rows, compact=True)


def _need(item: Mapping[str, Any], chosen: list[str]) -> Inline:
    """The bound for the kinds of enterprise that it may be."""
    bounds = sorted({Decimal(item["need"][each]) for each in chosen if each in item["need"]})
    if not bounds:
        return key("cell.none")
    texts = [number(f"{bound:f}") for bound in (bounds[0], bounds[-1])]
    return plain("≥ " + (texts[0] if texts[0] == texts[1] else f"{texts[0]}–{texts[1]}"))


def subsystem_table(facts: Facts) -> Block:
    """Subsystems with criteria met, not met and open, and the steady days of the machines that the case names."""
    running = {each["machine"]: each for each in facts.data["running"]}
    named: Mapping[str, Any] = facts.data["case"].get("machines") or {}
    machines = facts.machine_names()
    parts = {part["id"]: part["name"] for part in facts.data["framework"]["dimensions"]}
    asked = {item["id"]: item for part in facts.data["framework"]["dimensions"] for item in part["items"]}
    rows: list[list[Inline]] = []
    evidence: list[str] = []
    for part in facts.data["score"]["dimensions"]:
        own = [each for each in facts.data["score"]["items"] if each["dimension"] == part["id"]]
        told = named.get(part["id"]) or []
        listed = [told] if isinstance(told, str) else told
        days = [
            key("lead.machine_days", machine=name(machines[each]), days=facts.figure(running[each]["days"]))
            for each in listed
            if each in running
        ]
        evidence += [running[each]["evidence"] for each in listed if each in running]
        must = [each["levels"] for each in own if asked[each["id"]]["must"]]
        rows.append(
            [
                name(parts[part["id"]]),
                *(plain(str([each["levels"] for each in own].count(which))) for which in ([1, 1], [0, 0], [0, 1])),
                {"t": "lines", "items": days} if days else key("cell.none"),
                verdict([min((low for low, _ in must), default=1), min((high for _, high in must), default=1)]),
            ]
        )
    columns: list[Column] = [
        ("lead.col.subsystem", "left", 2),
        ("assessment.criterion.met", "right", 0.7),
        ("assessment.criterion.missed", "right", 0.8),
        ("assessment.criterion.open", "right", 0.7),
        ("lead.col.days", "left", 2.2),
        ("lead.col.must_outcome", "left", 1),
    ]
    return table("lead.subsystems.caption", columns, rows, evidence=list(dict.fromkeys(evidence)))


def norms_table(facts: Facts) -> Block:
    """Products with their consumption, the corrected limits and the level."""
    names, answers = facts.item_names(), facts.data["answers"]
    rows = []
    for item in facts.data["score"]["items"]:
        answer = answers[item["id"]]
        limits = [f"score.limit.{number_}.{item['id']}" for number_ in (1, 2, 3)]
        rows.append(
            [
                name(names[item["id"]]),
                facts.figure(f"score.consumption.{item['id']}"),
                *(facts.figure(each, unit=False) if facts.has(each) else key("cell.none") for each in limits),
                levels(item["levels"]),
                key(f"class.{answer['class']}"),
                documents_of([*answer["documents"], *answer["evidence"][:2]]),
            ]
        )
    columns: list[Column] = [
        ("lead.col.product", "left", 2.2),
        ("lead.col.consumption", "right", 1.5),
        *((f"lead.col.limit{each}", "right", 0.9) for each in (1, 2, 3)),
        ("score.col.level", "left", 0.7),
        ("score.col.class", "left", 0.9),
        ("score.col.evidence", "left", 1.8),
    ]
    return table("lead.norms.caption", columns, rows, compact=True)
