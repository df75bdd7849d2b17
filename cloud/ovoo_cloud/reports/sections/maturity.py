"""Evidence quality and the result of the leading framework; with points and a gate: dimensions, items, scenes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    bullets,
    chart,
    heading,
    key,
    name,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.front import local_day, local_minute
from ovoo_cloud.reports.sections.indicators import readiness_blocks, registry_blocks, scene_fact_blocks
from ovoo_cloud.reports.sections.items import items_table
from ovoo_cloud.reports.sections.lead import lead_chapter
from ovoo_cloud.reports.sections.profile import documents_of
from ovoo_cloud.reports.sections.score_charts import class_chart, gate_chart, level_text, radar_chart
from ovoo_cloud.reports.sections.sector import sector_blocks
from ovoo_cloud.reports.sections.status import gate_notice

__all__ = ["maturity", "quality"]


def quality(facts: Facts) -> list[Block]:
    """How good the evidence is: counts, coverage by machine and day, gaps, classes."""
    blocks: list[Block] = [
        heading(1, "quality.title"),
        para(
            key(
                "quality.lead",
                signals=facts.figure("data.signals", unit=False),
                samples=facts.figure("data.samples", unit=False),
                good=facts.figure("data.good_percent"),
            ),
            evidence=facts.evidence("data.samples"),
        ),
    ]
    if facts.data["network"]:
        blocks.append(_delivery_table(facts))
    if facts.data["quality"]["calendar"]:
        blocks.append(_calendar(facts))
    gaps = _gaps(facts)
    if gaps is not None:
        blocks.append(gaps)
    return [*blocks, *readiness_blocks(facts), class_chart(facts)]


def _delivery_table(facts: Facts) -> Block:
    rows = []
    for each in facts.data["network"]:
        reason = key(f"reason.{each['reason']}") if each["reason"] else key("cell.none")
        rows.append(
            [
                name(each["name"]),
                facts.figure(each["figure"]),
                key(f"verdict.{each['verdict']}"),
                reason,
                plain(each["evidence"] or "—"),
            ]
        )
    columns: list[Column] = [
        ("register.col.machine", "left", 2.2),
        ("quality.col.share", "right", 1.5),
        ("register.col.networked", "left", 1.4),
        ("quality.col.reason", "left", 2.0),
        ("table.evidence", "left", 2.0),
    ]
    return table("quality.delivery", columns, rows)


def _calendar(facts: Facts) -> Block:
    names = facts.machine_names()
    window = facts.data["window"]
    rows = [{"label": name(names[row["machine"]]), "days": row["days"]} for row in facts.data["quality"]["calendar"]]
    start = local_day(window["start_ns"], window["timezone"])
    return chart(
        "calendar",
        key("chart.calendar.caption"),
        {"rows": rows, "start": start},
        evidence=facts.evidence("equipment.networked"),
    )


def _gaps(facts: Facts) -> Block | None:
    """The longest gaps of the connected machines."""
    rows: list[tuple[int, list[Inline]]] = []
    zone = facts.data["window"]["timezone"]
    for each in facts.data["network"]:
        for start, end in facts.data["evidence"].get(each["evidence"], {}).get("gaps", []):
            length = int(end) - int(start)
            hours = f"{Decimal(length) / Decimal(3_600_000_000_000):.1f}"
            rows.append(
                (
                    length,
                    [
                        name(each["name"]),
                        plain(local_minute(start, zone)),
                        plain(local_minute(end, zone)),
                        plain(hours),
                        plain(each["evidence"]),
                    ],
                )
            )
    if not rows:
        return None
    rows.sort(key=lambda row: (-row[0], row[1][1]["text"], row[1][4]["text"]))
    columns: list[Column] = [
        ("register.col.machine", "left", 2.2),
        ("gaps.col.start", "left", 1.5),
        ("gaps.col.end", "left", 1.5),
        ("gaps.col.hours", "right", 0.9),
        ("table.evidence", "left", 1.9),
    ]
    return table("gaps.caption", columns, [row for _, row in rows[:12]])


def maturity(facts: Facts) -> list[Block]:
    """The leading framework's result by its method, and the links that machines prove."""
    blocks = _gated(facts) if facts.lead_method == "points_gate" else lead_chapter(facts)
    return [*blocks, heading(2, "score.links.title"), *_links(facts), *registry_blocks(facts)]


def _gated(facts: Facts) -> list[Block]:
    """The framework's score with its gate, items and scenes."""
    score = facts.data["score"]
    blocks: list[Block] = [
        heading(1, "score.title"),
        para(key("score.lead", total=facts.figure("score.total"), level=level_text(score))),
        gate_chart(facts),
        radar_chart(facts),
        *sector_blocks(facts),
    ]
    blocks += gate_notice(facts)
    distance = _distance(score)
    if distance is not None:
        blocks.append(para(distance))
    blocks += [heading(2, "score.items.title"), items_table(facts), heading(2, "score.scenes.title"), _heat(facts)]
    return [*blocks, _scene_table(facts), *scene_fact_blocks(facts)]


def _distance(score: dict[str, Any]) -> Inline | None:
    """What is still missing, at least, for the first level that is not certain."""
    step = next((each for each in score["gate"] if not each["passed"]), None)
    if step is None:
        return None
    points = max(Decimal(0), Decimal(step["score"]) - Decimal(score["total"][0]))
    return key(
        "score.distance",
        level=plain(str(step["level"])),
        points=plain(f"{points.normalize():f}"),
        scenes=plain(str(max(0, step["scenes"] - step["scenes_range"][0]))),
        mandatory=plain(str(max(0, step["mandatory"] - step["mandatory_range"][0]))),
    )


def _heat(facts: Facts) -> Block:
    names = facts.item_names()
    rows = [
        {
            "label": name(names[s["id"]]),
            "mandatory": s["mandatory"],
            "low": s["levels"][0],
            "high": s["levels"][1],
            "cls": s["class"],
        }
        for s in facts.data["score"]["scenes"]
    ]
    return chart("scenes", key("chart.scenes.caption"), {"rows": rows})


def _scene_table(facts: Facts) -> Block:
    names = facts.item_names()
    rows = []
    for scene in facts.data["score"]["scenes"]:
        answer = facts.data["scenes"].get(scene["id"])
        low, high = scene["levels"]
        rows.append(
            [
                plain("★" if scene["mandatory"] else ""),
                name(names[scene["id"]]),
                plain(str(low) if low == high else f"{low}–{high}"),
                key(f"class.{scene['class']}"),
                documents_of([*answer["documents"], *answer.get("evidence", [])[:2]] if answer else []),
            ]
        )
    columns: list[Column] = [
        ("score.col.star", "left", 0.4),
        ("score.col.scene", "left", 2),
        ("score.col.level", "right", 0.8),
        ("score.col.class", "left", 1.1),
        ("score.col.documents", "left", 3),
    ]
    return table("score.scenes.caption", columns, rows, compact=True)


def _links(facts: Facts) -> list[Block]:
    links = facts.data["links"]
    if not links:
        return [para(key("score.links.none"))]
    rows = [
        key("score.link", link=key(f"link.{link}"), verdict=key(f"verdict.{each['verdict']}"))
        for link, each in links.items()
    ]
    evidence = list(dict.fromkeys(e for each in links.values() for e in each["evidence"]))
    return [para(key("score.links.lead"), evidence=evidence), bullets(rows)]
