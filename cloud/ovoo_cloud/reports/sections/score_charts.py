"""Charts and words of the score that more than one section shows."""

from __future__ import annotations

from typing import Any

from ovoo_cloud.reports.nodes import Block, Facts, Inline, chart, key, name, plain
from ovoo_cloud.reports.sections.sector import median_axes

__all__ = ["CLASSES", "class_chart", "gate_chart", "level_text", "radar_chart"]

CLASSES = ("measured", "verified", "declared", "insufficient")
_STEP = ("level", "score", "scenes", "mandatory", "scenes_range", "mandatory_range", "passed", "possible")


def level_text(score: dict[str, Any]) -> Inline:
    """The level in words: stated, open, or below the first."""
    if score["level"] is None:
        return key("score.level.open", low=plain(str(score["level_low"])), high=plain(str(score["level_high"])))
    if score["level"] == 0:
        return key("score.level.none")
    return key("score.level.stated", level=plain(str(score["level"])))


def gate_chart(facts: Facts) -> Block:
    """Score bar and what every level needs."""
    score = facts.data["score"]
    return chart(
        "gate",
        key("chart.gate.caption"),
        {"total": score["total"], "steps": [{k: step[k] for k in _STEP} for step in score["gate"]]},
    )


def radar_chart(facts: Facts) -> Block:
    """Share of points by dimension, and of scene levels."""
    names = {part["id"]: part["name"] for part in facts.data["framework"]["dimensions"]}
    axes = [
        {
            "id": part["id"],
            "label": name(names[part["id"]]),
            "full": part["full"],
            "low": part["points"][0],
            "high": part["points"][1],
        }
        for part in facts.data["score"]["dimensions"]
    ]
    scenes = facts.data["score"]["scenes"]
    axes.append(
        {
            "id": "scenes",
            "label": key("score.scenes.axis"),
            "full": str(4 * len(scenes)),
            "low": str(sum(s["levels"][0] for s in scenes)),
            "high": str(sum(s["levels"][1] for s in scenes)),
        }
    )
    medians = median_axes(facts)
    for axis in axes:
        own = axis.pop("id")
        if own in medians:
            axis["median"] = medians[own]
    caption = "chart.radar.caption.sector" if medians else "chart.radar.caption"
    return chart("radar", key(caption), {"axes": axes})


def class_chart(facts: Facts) -> Block:
    """Share of the framework's points by evidence class."""
    return chart(
        "classes",
        key("chart.classes.caption" if facts.lead_method == "points_gate" else f"lead.classes.{facts.lead_method}"),
        {"parts": [{"cls": cls, "points": facts.figures[f"score.class.{cls}"]["value"]} for cls in CLASSES]},
    )
