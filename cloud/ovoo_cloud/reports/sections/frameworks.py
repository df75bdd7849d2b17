"""Further frameworks of a case: what each found, in tables that fit its method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovoo_cloud.reports.nodes import Block, Facts, heading, key, name, notice, para, plain
from ovoo_cloud.reports.sections.outcome import items_table, level_words, levels, method_name, span, steps_table

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
    method = method_name(rules)
    title = {"b": "heading", "level": 2, "text": name(rules["name"]), "number": True}
    total = facts.figure(f"assessment.{rules['id']}.total", unit=False)
    blocks: list[Block] = [
        title,
        para(
            key(
                f"assessment.lead.{method}",
                total=total,
                full=plain(result.get("full", "100")),
                level=level_words(rules, result),
                edition=plain(rules["edition"]),
            )
        ),
    ]
    if rules["reference_only"]:
        blocks.append(notice(key("assessment.reference"), "warn"))
    if rules.get("levels") and result.get("steps"):
        blocks.append(steps_table(rules, result))
    if "comparison" in each:
        blocks.append(_comparison(each["comparison"]))
    if result["items"]:
        blocks.append(items_table(facts, rules, result, each["answers"], f"assessment.{rules['id']}"))
    return blocks


def _comparison(found: Mapping[str, Any]) -> Block:
    return para(
        key(
            "assessment.comparison",
            total=span(found["total"]),
            bands=levels(found["levels"]),
            stated=levels(found["stated"]),
        )
    )
