"""What the one-page summary and the road map say of a leading method without points: card, strengths, gaps, steps."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ovoo_cloud.diagnosis.leading import next_level
from ovoo_cloud.reports.nodes import Block, Facts, Inline, key, name, notice, plain
from ovoo_cloud.reports.sections.lead import not_stated
from ovoo_cloud.reports.sections.lead_pictures import lead_picture
from ovoo_cloud.reports.sections.outcome import level_name, level_words, levels
from ovoo_cloud.reports.sections.status import rating

__all__ = ["last_step", "lead_cards", "lead_level", "lead_picture_blocks", "lead_strengths_and_gaps", "total_label"]

_MOST = 3


def lead_level(facts: Facts) -> Inline:
    """The level in words, or the levels it may be."""
    return level_words(facts.data["framework"], facts.data["score"])


def total_label(facts: Facts) -> Inline:
    """What the total counts, by the method that leads."""
    return key(f"lead.total.{facts.lead_method}")


def lead_cards(facts: Facts) -> list[dict[str, Any]]:
    """The two cards of the result: the level, and the total with what it is out of."""
    rules = facts.data["framework"]
    mark = key("lead.card.reference") if rules["reference_only"] else rating(facts)
    full = plain(facts.data["score"]["full"])
    stated = facts.data["score"]["level"] is not None
    return [
        {
            "label": key("lead.card.level"),
            "value": lead_level(facts) if stated else key("lead.level.open"),
            "note": mark,
        },
        {
            "label": total_label(facts),
            "value": facts.figure("score.total", unit=False),
            "note": key(f"lead.of.{facts.lead_method}", full=full),
        },
    ]


def lead_picture_blocks(facts: Facts) -> list[Block]:
    """The picture of the method, and why no level is stated where none is."""
    reference = facts.data["framework"]["reference_only"]
    marked = [notice(key("assessment.reference"), "warn")] if reference else []
    return [*lead_picture(facts), *not_stated(facts), *marked]


def lead_strengths_and_gaps(facts: Facts) -> tuple[list[Inline], list[Inline], int]:
    """Three best and three weakest entries that are certain, and how many are open."""
    items = facts.data["score"]["items"]
    certain = [each for each in items if each["points"][0] == each["points"][1]]
    ranks = {"acceptance": _criteria, "maturity": _subdomains, "norm_table": _products}
    rank = ranks.get(facts.lead_method)
    if rank is None:
        return [], [], len(items) - len(certain)
    good, poor = rank(facts, certain)
    return (
        [_line(facts, each) for each in good[:_MOST]],
        [_line(facts, each) for each in poor[:_MOST]],
        len(items) - len(certain),
    )


Ranked = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def _criteria(facts: Facts, certain: Sequence[dict[str, Any]]) -> Ranked:
    """Must-haves before the rest, in the framework's order; measured ones first among those that are met."""
    asked = {item["id"]: item for part in facts.data["framework"]["dimensions"] for item in part["items"]}
    met = [each for each in certain if each["levels"] == [1, 1]]
    missed = [each for each in certain if each["levels"] == [0, 0]]
    return (
        sorted(met, key=lambda each: ("measured" not in each["classes"], not asked[each["id"]]["must"])),
        sorted(missed, key=lambda each: not asked[each["id"]]["must"]),
    )


def _subdomains(facts: Facts, certain: Sequence[dict[str, Any]]) -> Ranked:
    """By points; only one above the level of the whole is a strength, only one below the next level is a gap."""
    level = next_level(facts.data["framework"], facts.data["score"])
    bound = len(facts.data["framework"]["levels"]) if level is None else level["level"]
    good = [each for each in certain if each["levels"][0] >= bound]
    poor = [each for each in facts.data["score"]["items"] if each["levels"][1] < bound]  # whatever its points are
    return (
        sorted(good, key=lambda each: -Decimal(each["points"][0])),
        sorted(poor, key=lambda each: Decimal(each["points"][0])),
    )


def _products(_facts: Facts, certain: Sequence[dict[str, Any]]) -> Ranked:
    """Access level and better is a strength; the limit alone, or above it, is a gap."""
    stated = [each for each in certain if each["levels"][0] == each["levels"][1]]
    return (
        sorted((each for each in stated if each["levels"][0] <= 2), key=lambda each: int(each["levels"][0])),
        sorted((each for each in stated if each["levels"][0] > 2), key=lambda each: -int(each["levels"][0])),
    )


def _line(facts: Facts, item: dict[str, Any]) -> Inline:
    names, method = facts.item_names(), facts.lead_method
    slots = {"item": name(names[item["id"]]), "points": facts.figure(f"score.item.{item['id']}", unit=False)}
    if method == "norm_table":
        slots["level"] = level_name(facts.data["framework"], item["levels"][0])
        slots["used"] = facts.figure(f"score.consumption.{item['id']}")
    elif method == "maturity":
        slots["level"] = levels(item["levels"])
    else:
        slots["outcome"] = key(f"assessment.criterion.{'met' if item['levels'][0] else 'missed'}")
    return key(f"lead.item.{method}", **slots)


def last_step(facts: Facts) -> Inline:
    """The step of the road map that leads to the next level."""
    level = next_level(facts.data["framework"], facts.data["score"])
    if level is None:
        return key("lead.roadmap.hold")
    return key("lead.roadmap.reach", level=name(level["name"]))
