"""Cover of the readiness report and the one page on which it stands."""

from __future__ import annotations

from typing import Any, Final

from ovoo_cloud.readiness.limits import PARTS
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
    notice,
    page_break,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.front import local_day

__all__ = ["cover", "method_number", "summary"]

_FIRST: Final = 5


def cover(facts: Facts) -> dict[str, Any]:
    """The cover's entries; the status is the score."""
    data, plan = facts.data, facts.data["plan"]
    window = data["window"]
    silent = facts.figures["readiness.silent"]["value"] != "0"
    return {
        "title": key("readiness.cover.title"),
        "enterprise": name(plan["name"]),
        "status": key("readiness.cover.status", score=facts.figure("readiness.site.score", unit=False)),
        "tone": "warn" if silent else "plain",
        "status_note": key("readiness.cover.note"),
        "rows": [
            [key("cover.number"), plain(data["issue"]["number"])],
            [key("cover.revision"), plain(str(data["issue"]["revision"]))],
            [key("cover.date"), day(data["issue"]["date"])],
            [key("month.cover.site"), name(plan["site_name"], plan["site"])],
            [
                key("cover.period"),
                key(
                    "cover.period.value",
                    start=day(local_day(window["start_ns"], window["timezone"])),
                    end=day(local_day(window["end_ns"], window["timezone"], last=True)),
                ),
            ],
        ],
    }


def summary(facts: Facts) -> list[Block]:
    """One page: score, coverage, what is silent, the parts, and the first things to mend."""
    blocks: list[Block] = [heading(1, "readiness.summary.title", number=False), _cards(facts)]
    if not facts.data["machines"]:
        return [*blocks, notice(key("readiness.none"), "warn"), page_break()]
    blocks += [
        para(key("readiness.summary.lead"), evidence=facts.evidence("readiness.site.score")[:3]),
        _site_parts(facts),
        _gaps(facts),
        para(key("readiness.summary.first"), style="label"),
    ]
    first = [_todo_words(facts, row) for row in facts.data["todo"][:_FIRST]]
    blocks.append(bullets(first or [key("readiness.todo.nothing")]))
    return [*blocks, page_break()]


def _cards(facts: Facts) -> Block:
    def card(label: str, figure: str, note: Inline) -> dict[str, Inline]:
        return {"label": key(f"readiness.card.{label}"), "value": facts.figure(figure), "note": note}

    machines_of = key("readiness.card.of_machines", machines=facts.figure("readiness.machines"))
    return {
        "b": "cards",
        "items": [
            card("score", "readiness.site.score", key("readiness.card.of_hundred")),
            card(
                "covered",
                "readiness.covered_percent",
                key("readiness.card.longest", h=facts.figure("readiness.longest_h")),
            ),
            card("signals", "readiness.signals", machines_of),
            card(
                "silent", "readiness.silent", key("readiness.card.suspects", count=facts.figure("readiness.suspects"))
            ),
        ],
    }


def _site_parts(facts: Facts) -> Block:
    weights = {row["id"]: row for row in facts.data["limits"]}
    rows = [
        [
            key(f"readiness.part.{part}"),
            key(f"readiness.part.{part}.what"),
            method_number(weights[f"readiness_weight_{part}"]),
            facts.figure(f"readiness.site.{part}", unit=False)
            if facts.has(f"readiness.site.{part}")
            else key("cell.none"),
        ]
        for part in PARTS
    ]
    columns: list[Column] = [
        ("readiness.col.part", "left", 1.2),
        ("readiness.col.what", "left", 4),
        ("readiness.col.weight", "right", 0.8),
        ("readiness.col.points", "right", 1.1),
    ]
    return table("readiness.parts.caption", columns, rows)


def method_number(row: dict[str, Any]) -> Inline:
    """A number of the method with its mark."""
    return {
        "t": "figure",
        "id": row["id"],
        "value": row["value"],
        "low": None,
        "high": None,
        "unit": "" if row["unit"] == "1" else row["unit"],
        "reference_only": row["reference_only"],
    }


def _gaps(facts: Facts) -> Block:
    """Gaps by length."""
    columns: list[Column] = [
        ("readiness.gaps.col.length", "left", 2),
        ("readiness.gaps.col.count", "right", 1),
    ]
    rows = [[key(f"readiness.gaps.{place}"), facts.figure(f"readiness.gaps_{place}")] for place in range(4)]
    return table("readiness.gaps.caption", columns, rows, compact=True)


def _todo_words(facts: Facts, row: dict[str, Any]) -> Inline:
    return key(
        "readiness.todo.line",
        asset=plain(row["asset"].partition("/")[2]),
        part=key(f"readiness.part.{row['part']}"),
        do=key(f"readiness.do.{row['part']}"),
        gain=facts.figure(row["figure"]),
    )
