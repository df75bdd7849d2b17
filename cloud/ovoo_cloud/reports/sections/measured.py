"""Annexes on what was measured and watched: the measuring points, and a card for every kind of model in service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, heading, key, name, para, plain, table

__all__ = ["model_cards", "points_table"]

_MOST_POINTS: Final = 300


def points_table(facts: Facts) -> list[Block]:
    """Every telemetry signal with unit, class, samples and share of the window seen."""
    points = facts.data["quality"].get("points") or []
    if not points:
        return []
    rows = [_point(row) for row in points[:_MOST_POINTS]]
    columns: list[Column] = [
        ("points.col.signal", "left", 1.7),
        ("register.col.asset", "left", 2.4),
        ("points.col.unit", "left", 0.9),
        ("points.col.class", "left", 0.8),
        ("annex.col.samples", "right", 1),
        ("annex.col.good", "right", 0.9),
        ("safety.col.covered", "right", 0.9),
    ]
    blocks: list[Block] = [heading(1, "annex.points.title"), table("annex.points.caption", columns, rows, compact=True)]
    if len(points) > _MOST_POINTS:
        more = key("annex.points.more", shown=plain(str(_MOST_POINTS)), total=plain(f"{len(points):,}"))
        blocks.append(para(more, style="small"))
    return blocks


def _point(row: Mapping[str, Any]) -> list[Inline]:
    share = f"{100 * row['good'] / row['samples']:.2f} %" if row["samples"] else "—"
    return [
        name(row["name"]),
        plain("/".join(row["signal"].split("/")[1:])),
        {"t": "unit", "unit": row["unit"]},
        key(f"data_class.{row['class']}"),
        plain(f"{row['samples']:,}"),
        plain(share),
        plain(f"{row['covered']} %"),
    ]


def model_cards(facts: Facts) -> list[Block]:
    """What each model in service does, what it reads, what it cannot see, how long it watched and what it raised."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for row in facts.data["equipment"]["models"]:
        kinds.setdefault(row["model"].partition("-")[0], []).append(row)
    blocks: list[Block] = [heading(1, "annex.models.title")]
    if not kinds:
        return [*blocks, para(key("models.none"))]
    blocks.append(para(key("annex.models.lead")))
    for kind, rows in sorted(kinds.items()):
        blocks += _card(facts, kind, rows)
    return blocks


def _card(facts: Facts, kind: str, watched: list[Mapping[str, Any]]) -> list[Block]:
    raised = sum(1 for each in facts.data["equipment"]["findings"] if each["model"].partition("-")[0] == kind)
    days = [int(facts.figures[row["figure"]]["value"] or "0") for row in watched]
    span = str(min(days)) if min(days) == max(days) else f"{min(days)}–{max(days)}"
    title: Inline = {"t": "maybe", "key": f"model.{kind}", "text": kind}
    rows: list[list[Inline]] = [
        [key("card.id"), plain(kind)],
        *(
            [key(f"card.{part}"), {"t": "maybe", "key": f"card.{kind}.{part}", "text": "—"}]
            for part in ("does", "reads", "blind")
        ),
        [key("card.watched"), key("card.watched.value", machines=plain(str(len(watched))), days=plain(span))],
        [key("card.raised"), plain(str(raised))],
    ]
    columns: list[Column] = [("profile.col.entry", "left", 1), ("profile.col.value", "left", 3.6)]
    evidence = facts.evidence(*(row["figure"] for row in watched))
    made = table("annex.models.caption", columns, rows, evidence=evidence)
    return [{**made, "caption": key("annex.models.caption", model=title)}]
