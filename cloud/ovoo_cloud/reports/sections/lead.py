"""Chapter 6 where a method without points and gate leads: outcome, what is not stated and why, picture, items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovoo_cloud.diagnosis.leading import next_level
from ovoo_cloud.reports.nodes import Block, Facts, Inline, bullets, heading, key, name, notice, para, plain
from ovoo_cloud.reports.sections.lead_pictures import lead_picture
from ovoo_cloud.reports.sections.lead_tables import criteria_table, norms_table
from ovoo_cloud.reports.sections.outcome import items_table, level_name, level_words, method_name, steps_table

__all__ = ["gap_blocks", "lead_chapter", "not_stated"]

_LISTED = 12
"""Entries of a list before it says how many more there are."""


def lead_chapter(facts: Facts) -> list[Block]:
    """The leading framework's result, by the means of its method."""
    rules, score = facts.data["framework"], facts.data["score"]
    method = method_name(rules)
    lead = key(
        f"assessment.lead.{method}",
        total=facts.figure("score.total", unit=False),
        full=plain(score["full"]),
        level=level_words(rules, score),
        edition=plain(rules["edition"]),
    )
    blocks: list[Block] = [heading(1, f"lead.title.{method}"), para(lead), *_applied(facts)]
    if rules["reference_only"]:
        blocks.append(notice(key("assessment.reference"), "warn"))
    blocks += not_stated(facts)
    blocks += lead_picture(facts)
    if method != "acceptance" and score["items"]:
        blocks.append(steps_table(rules, score))
    if "benchmark" in facts.data:
        blocks.append(para(key("lead.no_medians"), style="small"))
    return [*blocks, heading(2, "lead.gap.title"), *gap_blocks(facts), *_items(facts, method)]


def _applied(facts: Facts) -> list[Block]:
    """Which kind of enterprise it is, and which subsystems are applied for, as far as that was told."""
    rules, answers = facts.data["framework"], facts.data["answers"]
    known = {
        "variant": {each["id"]: each["name"] for each in rules["variants"]},
        "scope": {each["id"]: each["name"] for each in rules["dimensions"]},
    }
    return [
        para(key(f"lead.applied.{what}", names={"t": "join", "items": [name(names[each]) for each in chosen]}))
        for what, names in known.items()
        if (chosen := answers.get(what, {}).get("sure"))
    ]


def _items(facts: Facts, method: str) -> list[Block]:
    rules, score = facts.data["framework"], facts.data["score"]
    if not score["items"]:
        return []
    tables = {"acceptance": criteria_table, "norm_table": norms_table}
    if method in tables:
        made = tables[method](facts)
    else:
        made = items_table(facts, rules, score, facts.data["answers"], "score")
    return [heading(2, "score.items.title"), made]


def not_stated(facts: Facts) -> list[Block]:
    """Why no level is stated; nothing where one is."""
    rules, score = facts.data["framework"], facts.data["score"]
    if score["level"] is not None:
        return []
    low, high = (level_name(rules, score[end]) for end in ("level_low", "level_high"))
    lead = para(key("lead.not_stated", low=low, high=high), style="label")
    return [lead, bullets(list(_reasons(rules, score, facts.data["answers"])))]


def _reasons(rules: Mapping[str, Any], score: Mapping[str, Any], answers: Mapping[str, Any]) -> list[Inline]:
    """What leaves the level open, from the rules and the answers alone."""
    method = method_name(rules)
    found: list[Inline] = []
    missing = sum(1 for each in score["items"] if each["id"] not in answers)
    unsure = sum(1 for each in score["items"] if each["points"][0] != each["points"][1]) - missing
    if missing > 0:
        found.append(key("lead.reason.missing", count=plain(str(missing))))
    if unsure > 0:
        found.append(key("lead.reason.unsure", count=plain(str(unsure))))
    if method == "maturity" and any(part["weight"] is None for part in rules["dimensions"]):
        found.append(key("lead.reason.weights"))
    if method == "acceptance" and len(rules["variants"]) > 1 and not answers.get("variant", {}).get("sure"):
        found.append(key("lead.reason.variant"))
    if method == "norm_table" and not score["items"]:
        found.append(key("lead.reason.no_norm"))
    return found or [key("lead.reason.range")]


def gap_blocks(facts: Facts) -> list[Block]:
    """The distance to the next level by the method's own means."""
    rules, score = facts.data["framework"], facts.data["score"]
    level = next_level(rules, score)
    method = method_name(rules)
    if level is None:
        return [para(key("lead.gap.none", level=level_words(rules, score)))]
    if method == "norm_table":
        return _excesses(facts, level)
    slots = {"level": name(level["name"]), "gap": facts.figure("score.gap", unit=False)}
    if level["start"] is not None:
        slots["start"] = plain(level["start"])
    lists = {"maturity": _subdomains, "acceptance": _must_haves}
    listed = lists[method](facts, level["level"]) if method in lists else []
    return [para(key(f"lead.gap.{method}", **slots)), *listed]


def _excesses(facts: Facts, level: Mapping[str, Any]) -> list[Block]:
    names, score = facts.item_names(), facts.data["score"]
    rows = [
        key(
            "lead.gap.norm.item",
            product=name(names[each["id"]]),
            used=facts.figure(f"score.consumption.{each['id']}"),
            excess=facts.figure(f"score.excess.{each['id']}"),
        )
        for each in score["items"]
        if each["levels"][1] > level["level"]
    ]
    lead = para(key("lead.gap.norm_table", level=name(level["name"])))
    return [lead, bullets(rows)] if rows else [para(key("lead.reason.no_norm"))]


def _subdomains(facts: Facts, level: int) -> list[Block]:
    """Sub-domains that stand below the level for certain, and those that may."""
    items = facts.data["score"]["items"]
    below = [each["id"] for each in items if each["levels"][1] < level]
    unsure = [each["id"] for each in items if each["levels"][0] < level <= each["levels"][1]]
    return _lists(facts, (("below", below), ("unsure", unsure)))


def _must_haves(facts: Facts, _level: int) -> list[Block]:
    """Must-haves that are not met for certain, and those that nobody knows of yet."""
    asked = {item["id"]: item for part in facts.data["framework"]["dimensions"] for item in part["items"]}
    items = [each for each in facts.data["score"]["items"] if asked[each["id"]]["must"]]
    missed = [each["id"] for each in items if each["levels"][1] == 0]
    unsure = [each["id"] for each in items if each["levels"] == [0, 1]]
    return _lists(facts, (("missed", missed), ("unsure", unsure)))


def _lists(facts: Facts, groups: tuple[tuple[str, list[str]], ...]) -> list[Block]:
    names = facts.item_names()
    lines = [
        key(
            f"lead.gap.list.{kind}",
            count=plain(str(len(listed))),
            items={"t": "join", "items": [name(names[each]) for each in listed[:_LISTED]]},
            more=key("lead.gap.more", count=plain(str(len(listed) - _LISTED))) if len(listed) > _LISTED else plain(""),
        )
        for kind, listed in groups
        if listed
    ]
    return [bullets(lines)] if lines else []
