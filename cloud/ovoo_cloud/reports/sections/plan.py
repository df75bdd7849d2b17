"""Carrying out the actions: what each costs, who is responsible, until when, and what it is measured by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, day, key, plain, secret, table

__all__ = ["budget_words", "payback_words", "plan_table", "planned"]


def planned(facts: Facts) -> Mapping[str, Mapping[str, Any]]:
    """What the case's section `plan` tells, by action."""
    return {str(each["action"]): each for each in facts.data["case"].get("plan") or []}


def budget_words(facts: Facts, kind: str, *, absent: str = "plan.no_budget") -> Inline:
    """The cost of an action, or the text `absent` where nobody gave one."""
    figure = f"cost.action.{kind}.budget"
    return secret(facts.figure(figure), "costs") if facts.has(figure) else key(absent)


def payback_words(facts: Facts, action: Mapping[str, Any], suffix: str = "") -> Inline:
    """The years until an action has paid for itself, or what is missing to say so."""
    if action["payback"] == "figure":
        return facts.figure(f"cost.action.{action['kind']}.payback")
    return key(f"payback.{action['payback']}{suffix}")


def plan_table(facts: Facts) -> list[Block]:
    """One line for every action that can be carried out; empty where there is none."""
    told = planned(facts)
    rows = [
        _row(facts, action, told.get(action["kind"], {})) for action in facts.data["actions"] if not action["reason"]
    ]
    if not rows:
        return []
    columns: list[Column] = [
        ("actions.col.action", "left", 1.9),
        ("plan.col.responsible", "left", 1.3),
        ("plan.col.due", "left", 1.35),
        ("plan.col.budget", "right", 1.5),
        ("actions.col.payback", "right", 1.1),
        ("roadmap.col.kpi", "left", 1.6),
        ("profile.col.documents", "left", 1.5),
    ]
    return [table("plan.caption", columns, rows, compact=True)]


def _row(facts: Facts, action: Mapping[str, Any], told: Mapping[str, Any]) -> list[Inline]:
    documents = told.get("evidence") or []
    listed = documents if isinstance(documents, list) else [documents]
    return [
        key(f"action.{action['kind']}.title"),
        plain(told["responsible"]) if told.get("responsible") else key("plan.no_responsible"),
        day(told["due"]) if told.get("due") else key("plan.no_due"),
        budget_words(facts, action["kind"], absent="insufficient"),
        payback_words(facts, action),
        plain(told["kpi"]) if told.get("kpi") else key(f"action.{action['kind']}.kpi"),
        secret(plain("; ".join(listed)), "costs") if listed else key("cell.none"),
    ]
