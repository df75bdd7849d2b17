"""The outcome of a framework of any method in words and tables: level, steps, items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, key, name, plain, table
from ovoo_cloud.reports.sections.profile import documents_of

__all__ = [
    "items_table",
    "level_name",
    "level_words",
    "levels",
    "method_name",
    "number",
    "span",
    "steps_table",
    "verdict",
]

Rules = Mapping[str, Any]


def method_name(rules: Rules) -> str:
    """The method of the rules; those of the first reports name none."""
    return str(rules.get("method", "points_gate"))


def level_words(rules: Rules, result: Mapping[str, Any]) -> Inline:
    """The level by its name, or the levels it may still be."""
    low, high = (level_name(rules, result[end]) for end in ("level_low", "level_high"))
    return low if result["level"] is not None else key("assessment.level.open", low=low, high=high)


def level_name(rules: Rules, level: int) -> Inline:
    """A level by the name that the rules give it."""
    named = next((each["name"] for each in rules.get("levels", []) if each["level"] == level), None)
    if named is not None:
        return name(named)
    if level:
        return key("score.level.stated", level=plain(str(level)))
    return key("assessment.level.none.acceptance" if method_name(rules) == "acceptance" else "assessment.level.none")


def steps_table(rules: Rules, result: Mapping[str, Any]) -> Block:
    """What each level needs and what is reached."""
    names = {each["level"]: each["name"] for each in rules["levels"]}
    rows = [
        [
            name(names[step["level"]]),
            plain(number(step["need"])),
            span(step["reached"]),
            key(f"assessment.step.{'passed' if step['passed'] else 'open' if step['possible'] else 'missed'}"),
        ]
        for step in result["steps"]
    ]
    columns: list[Column] = [
        ("score.col.level", "left", 3),
        ("assessment.col.need", "right", 1),
        ("assessment.col.reached", "right", 1.6),
        ("assessment.col.outcome", "left", 1.2),
    ]
    return table("assessment.steps.caption", columns, rows)


def items_table(facts: Facts, rules: Rules, result: Mapping[str, Any], answers: Mapping[str, Any], stem: str) -> Block:
    """Every item with its outcome, class and evidence; `stem` begins the names of its figures."""
    parts = {part["id"]: part["name"] for part in rules["dimensions"]}
    asked = {item["id"]: item for part in rules["dimensions"] for item in part["items"]}
    rows = []
    for item in result["items"]:
        answer = answers.get(item["id"])
        own = item.get("levels")
        rows.append(
            [
                name(parts[item["dimension"]]),
                name(asked[item["id"]]["name"]),
                facts.figure(f"{stem}.item.{item['id']}", unit=False),
                plain("—") if own is None else _item_level(rules, own),
                key(f"class.{answer['class'] if answer else 'insufficient'}"),
                documents_of([*answer["documents"], *answer["evidence"][:2]]) if answer else key("cell.none"),
            ]
        )
    columns: list[Column] = [
        ("assessment.col.part", "left", 1.6),
        ("score.col.item", "left", 2.2),
        ("score.col.points", "right", 1),
        ("score.col.level", "left", 1.2),
        ("score.col.class", "left", 1.1),
        ("score.col.evidence", "left", 2),
    ]
    return table("assessment.items.caption", columns, rows, compact=True)


def _item_level(rules: Rules, own: Sequence[int]) -> Inline:
    if rules["method"] != "acceptance":
        return levels(own)
    return verdict(own)


def verdict(own: Sequence[int]) -> Inline:
    """A criterion in words: met, open or not met."""
    return key(f"assessment.criterion.{'met' if own[0] else 'open' if own[1] else 'missed'}")


def levels(own: Sequence[int]) -> Inline:
    """One level, or the range of them."""
    low, high = own
    return plain(str(low) if low == high else f"{low}–{high}")


def span(pair: Sequence[str]) -> Inline:
    """A range of numbers, one number where it is none."""
    low, high = (number(end) for end in pair)
    return plain(low if low == high else f"{low}–{high}")


def number(text: str) -> str:
    """At most three decimals, none of them idle."""
    whole, _, rest = text.partition(".")
    kept = rest[:3].rstrip("0")
    return f"{whole}.{kept}" if kept else whole
