"""The scored items of the framework: answer, points, class, proof and who reviewed them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, key, name, plain, table
from ovoo_cloud.reports.sections.profile import documents_of

__all__ = ["items_table"]


def items_table(facts: Facts) -> Block:
    """One line an item; the reviewer's column only where an expert reviewed the case."""
    rules = facts.data["framework"]
    groups = {part["id"]: part["name"] for part in rules["dimensions"]}
    items = {item["id"]: item for part in rules["dimensions"] for item in part["items"]}
    reviewers = {str(row["subject"]): str(row["reviewer"]) for row in facts.data.get("review", {}).get("items", ())}
    rows = [_row(facts, item, items[item["id"]], groups, reviewers) for item in facts.data["score"]["items"]]
    columns: list[Column] = [
        ("score.col.dimension", "left", 1.2),
        ("score.col.item", "left", 1.6),
        ("score.col.answer", "left", 2.4),
        ("score.col.full", "right", 0.6),
        ("score.col.points", "right", 1.0),
        ("score.col.class", "left", 1.15),
        ("score.col.evidence", "left", 1.9),
    ]
    if reviewers:
        columns.append(("review.col.reviewer", "left", 0.9))
    return table("score.items.caption", columns, rows, compact=True)


def _row(
    facts: Facts,
    item: Mapping[str, Any],
    rule: Mapping[str, Any],
    groups: Mapping[str, Mapping[str, str]],
    reviewers: Mapping[str, str],
) -> list[Inline]:
    answer = facts.data["answers"].get(item["id"])
    row = [
        name(groups[item["dimension"]]),
        name(rule["name"]),
        _answer(answer, rule),
        plain(f"{Decimal(item['full']).normalize():f}"),
        facts.figure(f"score.item.{item['id']}", unit=False),
        key(f"class.{answer['class'] if answer else 'insufficient'}"),
        _proof(answer),
    ]
    if reviewers:
        row.append(plain(reviewers.get(f"item:{item['id']}", "—")))
    return row


def _answer(answer: Mapping[str, Any] | None, rule: Mapping[str, Any]) -> Inline:
    """Chosen options by their names, or a share in percent; options that nobody can tell are counted."""
    if answer is None:
        return key("cell.none")
    if "low" in answer:
        low, high = (_percent(answer[end]) for end in ("low", "high"))
        return plain(f"{low} %" if low == high else f"{low}–{high} %")
    names = {option["id"]: option["name"] for option in rule["options"]}
    chosen: Inline = {"t": "join", "items": [name(names.get(each), each) for each in answer.get("sure", [])]}
    known = chosen if chosen["items"] else key("cell.none")
    if not answer.get("open"):
        return known
    return key("score.answer.open", known=known, count=plain(str(len(answer["open"]))))


def _percent(share: str) -> str:
    """A share, which may be a fraction such as 3/250, in percent with one decimal.

    >>> _percent("3/250"), _percent("1")
    ('1.2', '100.0')
    """
    value = Fraction(share) * 100
    return f"{Decimal(value.numerator) / Decimal(value.denominator):.1f}"


def _proof(answer: Mapping[str, Any] | None) -> Inline:
    if answer is None:
        return key("cell.none")
    ids = answer["evidence"]
    texts = [*answer["documents"], *ids[:2], *([f"+{len(ids) - 2}"] if len(ids) > 2 else [])]
    return documents_of(texts)
