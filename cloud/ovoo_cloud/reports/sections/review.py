"""What experts decided item by item, and what a revision changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, day, heading, key, measure, name, para, plain, table
from ovoo_cloud.reports.sections.figure_names import figure_name

__all__ = ["review"]


def review(facts: Facts) -> list[Block]:
    """The overrides with reason and reviewer beside what they replaced; nothing where no review took place."""
    rows = facts.data.get("review", {}).get("items", [])
    blocks: list[Block] = []
    if rows:
        changed = [row for row in rows if row["decision"] == "override"]
        counts = {"reviewed": plain(str(len(rows))), "overridden": plain(str(len(changed)))}
        blocks += [heading(1, "review.title"), para(key("review.lead", **counts))]
        if changed:
            blocks.append(_overrides(facts, changed))
    changes = facts.data.get("changes")
    return [*blocks, *_changes(facts, changes)] if changes else blocks


def _overrides(facts: Facts, rows: list[dict[str, Any]]) -> Block:
    names = {**facts.item_names(), **facts.further_names()}
    lines: list[list[Inline]] = []
    for row in rows:
        subject = row["subject"].partition(":")[2]
        lines.append(
            [
                name(names.get(subject), subject),
                _answer(row["found"]),
                _answer(row["value"]),
                key("review.words", words=plain(row["reason"])),
                plain(row["reviewer"]),
            ]
        )
    columns: list[Column] = [
        ("score.col.item", "left", 1.8),
        ("review.col.found", "left", 1.7),
        ("review.col.decided", "left", 1.7),
        ("review.col.reason", "left", 2.6),
        ("review.col.reviewer", "left", 1.0),
    ]
    return table("review.caption", columns, lines, compact=True)


def _answer(value: Mapping[str, Any] | None) -> Inline:
    """An answer in the ids of the framework, which are the same in every language."""
    if value is None:
        return key("cell.none")
    if "level" in value:
        return key("review.level", level=plain(str(value["level"])))
    if "grades" in value:
        return plain("; ".join(f"{level}: {_grades(grades)}" for level, grades in sorted(value["grades"].items())))
    if "ratio" in value or "low" in value:
        low, high = (str(value.get(end, value.get("ratio", ""))) for end in ("low", "high"))
        return plain(low if low == high else f"{low}–{high}")
    return plain(", ".join(value.get("sure", value.get("options", []))) or "—")


def _grades(grades: list[str | None]) -> str:
    return ", ".join("?" if each is None else each for each in grades)


def _changes(facts: Facts, changes: Mapping[str, Any]) -> list[Block]:
    lead = key(
        "changes.lead",
        number=plain(changes["number"]),
        revision=plain(str(changes["revision"])),
        date=day(changes["date"]),
        reason=plain(changes["reason"]),
    )
    rows: list[list[Inline]] = [
        [figure_name(facts, row["figure"]), _value(row["old"]), _value(row["new"]), _cause(facts, row)]
        for row in changes["figures"]
    ]
    columns: list[Column] = [
        ("changes.col.figure", "left", 2.4),
        ("changes.col.old", "right", 1.4),
        ("changes.col.new", "right", 1.4),
        ("changes.col.why", "left", 3),
    ]
    blocks: list[Block] = [heading(1, "changes.title"), para(lead)]
    return [*blocks, table("changes.caption", columns, rows, compact=True)] if rows else blocks


def _value(row: Mapping[str, Any] | None) -> Inline:
    if row is None or (row["value"] is None and row["low"] is None):
        return key("cell.none")
    if row["value"] is None:
        ends = {"low": measure(row["low"], None, "1"), "high": measure(row["high"], None, row["unit"])}
        return key("changes.range", **ends)
    return measure(row["value"], None, row["unit"])


def _cause(facts: Facts, row: Mapping[str, Any]) -> Inline:
    """The reviewer's or the revision's own words, and the items that a sum follows from."""
    because = row.get("because", ())
    if not because:
        return plain(row["why"])
    items: Inline = {"t": "join", "items": [figure_name(facts, each) for each in because]}
    return key("changes.reason", why=plain(row["why"]), because=key("changes.because", items=items))
