"""Further frameworks of a case: what each found, in tables that fit its method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, heading, key, name, notice, para, plain, table
from ovoo_cloud.reports.sections.profile import documents_of

__all__ = ["frameworks"]


def frameworks(facts: Facts) -> list[Block]:
    """A chapter with a section for each; none where the case has the leading framework only."""
    found = facts.data.get("assessments", [])
    if not found:
        return []
    blocks: list[Block] = [heading(1, "assessment.title"), para(key("assessment.intro"))]
    for each in found:
        blocks += _section(facts, each)
    return blocks


def _section(facts: Facts, each: Mapping[str, Any]) -> list[Block]:
    rules, result = each["rules"], each["score"]
    method = rules.get("method", "points_gate")
    title = {"b": "heading", "level": 2, "text": name(rules["name"]), "number": True}
    total = facts.figure(f"assessment.{rules['id']}.total", unit=False)
    blocks: list[Block] = [
        title,
        para(
            key(
                f"assessment.lead.{method}",
                total=total,
                full=plain(result.get("full", "100")),
                level=_level(rules, result),
                edition=plain(rules["edition"]),
            )
        ),
    ]
    if rules["reference_only"]:
        blocks.append(notice(key("assessment.reference"), "warn"))
    if rules.get("levels") and result.get("steps"):
        blocks.append(_steps(rules, result))
    if "comparison" in each:
        blocks.append(_comparison(each["comparison"]))
    if result["items"]:
        blocks.append(_items(facts, each))
    return blocks


def _level(rules: Mapping[str, Any], result: Mapping[str, Any]) -> Inline:
    """The level by its name, or the levels it may still be."""
    low, high = (_level_name(rules, result[end]) for end in ("level_low", "level_high"))
    return low if result["level"] is not None else key("assessment.level.open", low=low, high=high)


def _level_name(rules: Mapping[str, Any], level: int) -> Inline:
    named = next((each["name"] for each in rules.get("levels", []) if each["level"] == level), None)
    if named is not None:
        return name(named)
    return key("score.level.stated", level=plain(str(level))) if level else key("assessment.level.none")


def _steps(rules: Mapping[str, Any], result: Mapping[str, Any]) -> Block:
    names = {each["level"]: each["name"] for each in rules["levels"]}
    rows = [
        [
            name(names[step["level"]]),
            plain(_number(step["need"])),
            _range(step["reached"]),
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


def _comparison(found: Mapping[str, Any]) -> Block:
    return para(
        key(
            "assessment.comparison",
            total=_range(found["total"]),
            bands=_levels(found["levels"]),
            stated=_levels(found["stated"]),
        )
    )


def _items(facts: Facts, each: Mapping[str, Any]) -> Block:
    rules, result = each["rules"], each["score"]
    parts = {part["id"]: part["name"] for part in rules["dimensions"]}
    asked = {item["id"]: item for part in rules["dimensions"] for item in part["items"]}
    rows = []
    for item in result["items"]:
        answer = each["answers"].get(item["id"])
        levels = item.get("levels")
        rows.append(
            [
                name(parts[item["dimension"]]),
                name(asked[item["id"]]["name"]),
                facts.figure(f"assessment.{rules['id']}.item.{item['id']}", unit=False),
                plain("—") if levels is None else _item_level(rules, levels),
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


def _item_level(rules: Mapping[str, Any], levels: list[int]) -> Inline:
    if rules["method"] != "acceptance":
        return _levels(levels)
    return key(f"assessment.criterion.{'met' if levels[0] else 'open' if levels[1] else 'missed'}")


def _levels(levels: list[int]) -> Inline:
    low, high = levels
    return plain(str(low) if low == high else f"{low}–{high}")


def _range(pair: list[str]) -> Inline:
    low, high = (_number(end) for end in pair)
    return plain(low if low == high else f"{low}–{high}")


def _number(text: str) -> str:
    """At most three decimals, none of them idle."""
    whole, _, rest = text.partition(".")
    kept = rest[:3].rstrip("0")
    return f"{whole}.{kept}" if kept else whole
