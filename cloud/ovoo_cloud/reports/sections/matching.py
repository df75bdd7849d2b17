"""Matching: what the centre's registers hold for what was found, and the rules of the order in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    bullets,
    day,
    heading,
    key,
    name,
    para,
    plain,
    table,
)

__all__ = ["matching"]

_KINDS: Final = ("solution", "course", "provider", "policy")


def matching(facts: Facts) -> list[Block]:
    """The offers that fit, kind by kind; nothing where the report comes from a centre without registers."""
    section = facts.data.get("matching")
    if section is None:
        return []
    lead = key("matching.lead", day=day(section["need"]["day"]), edition=plain(section["edition"]))
    blocks: list[Block] = [heading(1, "matching.title"), para(lead), *_need(section)]
    for kind in _KINDS:
        blocks += _kind(kind, section)
    if section["unmet"]:
        items: Inline = {"t": "join", "items": [_wanted(each, section) for each in section["unmet"]]}
        blocks.append(para(key("matching.unmet", items=items)))
    return [*blocks, *_rules(section["rules"])]


def _need(section: Mapping[str, Any]) -> list[Block]:
    need = section["need"]
    wanted = [*(f"measure:{each}" for each in need["measures"]), *(f"scene:{each}" for each in need["scenes"])]
    if not wanted:
        return [para(key("matching.need.none"))]
    items: Inline = {"t": "join", "items": [_wanted(each, section) for each in wanted]}
    return [para(key("matching.need", items=items))]


def _wanted(criterion: str, section: Mapping[str, Any]) -> Inline:
    label = section["labels"].get(criterion)
    scene = criterion.removeprefix("scene:")
    if scene == criterion:
        return name(label, criterion.partition(":")[2])
    level = section["need"]["scenes"][scene]
    return key("matching.scene", scene=name(label, scene), level=plain(str(level)))


def _kind(kind: str, section: Mapping[str, Any]) -> list[Block]:
    title = heading(2, f"matching.kind.{kind}")
    if not section[kind]:
        return [title, para(key("matching.none"))]
    rows = [
        [
            plain(str(place)),
            name({"zh": row["name_zh"], "en": row["name_en"]}),
            plain(f"{row['id']} v{row['version']}"),
            _joined([_criterion(each, section) for each in row["met"]]),
            _joined([_criterion(each, section) for each in row["to_check"]]),
            plain(", ".join(row["evidence"]) or "—"),
        ]
        for place, row in enumerate(section[kind], start=1)
    ]
    columns: list[Column] = [
        ("matching.col.place", "right", 0.5),
        ("matching.col.name", "left", 2),
        ("matching.col.id", "left", 1.5),
        ("matching.col.met", "left", 2.4),
        ("matching.col.check", "left", 1.4),
        ("matching.col.evidence", "left", 1.4),
    ]
    return [title, table(f"matching.caption.{kind}", columns, rows, compact=True)]


def _joined(items: list[Inline]) -> Inline:
    joined: Inline = {"t": "join", "items": items}
    return joined if items else key("cell.none")


def _criterion(criterion: str, section: Mapping[str, Any]) -> Inline:
    """Words of what an offer meets: `sector`, `measure:idle`, `scene:plan`, `condition:0:level`."""
    kind, _, rest = criterion.partition(":")
    if kind in ("measure", "scene"):
        return _wanted(criterion, section)
    fact = rest.partition(":")[2] if kind == "condition" else kind
    own = section["labels"].get(f"fact:{fact}")
    words: Inline = name(own, fact) if own else {"t": "maybe", "key": f"matching.fact.{fact}", "text": fact}
    return key("matching.condition", fact=words) if kind == "condition" else words


def _rules(rules: Mapping[str, Any]) -> list[Block]:
    return [
        heading(2, "matching.rules.title"),
        para(key("matching.rules.exclude"), style="label", keep=True),
        bullets([name(each) for each in rules["exclude"]]),
        para(key("matching.rules.order"), style="label", keep=True),
        bullets([name(each) for each in rules["order"]]),
        para(name(rules["statement"])),
    ]
