"""What comes after the first issue: one report is revised, one plant is visited and diagnosed again.

What was done in between is data of `cases/decisions.yaml`; what the second diagnosis finds is measured over a later
window by the same method, and nothing of it stands here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from ovoo_cloud.casework.parts import PARTS

from scripts.demo.casework import (
    DemoCase,
    asked_parts,
    bring,
    confirmed,
    day,
    decided,
    later_window,
    measure,
    review,
    to_intake,
    write,
)
from scripts.demo.papers import paper
from scripts.demo.plants import Timeline

__all__ = ["follow_up"]


def follow_up(opened: list[DemoCase], timeline: Timeline, now_ns: int) -> Iterator[tuple[DemoCase, str, str]]:
    """Gives (case, step, report's id or an empty text) as each is done."""
    for each in opened:
        if told := decided(each, "revise"):
            yield each, "revise", _revise(each, told)
        if told := decided(each, "visit"):
            yield each, "visit", _visit(each, told, now_ns)
        if told := decided(each, "rediagnose"):
            following = dataclasses.replace(each, number=told["number"], again=True)
            yield following, "rediagnose", _rediagnose(each, following, told, later_window(timeline), now_ns)


def _revise(each: DemoCase, told: dict[str, Any]) -> str:
    each.take(each.people.expert, "revise", {"reason": told["reason"]})
    review(each, told["review"])
    return str(each.finished(confirmed(each))["report"])


def _visit(each: DemoCase, told: dict[str, Any], now_ns: int) -> str:
    name = told["document"]
    kept = each.people.expert.upload(f"{each.home}/documents", name, paper(name, each.plant))
    body = {"date": day(now_ns), "words": told["words"], "documents": [kept["sha256"]]}
    each.take(each.people.expert, "visit", body)
    return ""


def _rediagnose(before: DemoCase, each: DemoCase, told: dict[str, Any], window: dict[str, str], now_ns: int) -> str:
    """The case that follows goes through every step; its intake begins with that of the case before."""
    before.take(before.people.head, "rediagnose", {"id": each.id, "title": told["title"]})
    to_intake(each, now_ns, "")
    stood = {part: each.people.expert.get(f"{each.home}/parts/{part}") for part in asked_parts(each)}
    changes = {"window": window, **told["changes"]}
    content = {part: _changed(found["content"], changes, PARTS[part]) for part, found in stood.items()}
    bring(each, content)
    for part, found in stood.items():
        if content[part] != found["content"]:
            write(each, part, content[part], found["version"])
    each.take(each.people.engineer, "submit")
    measure([each])
    review(each, {})
    return str(each.finished(confirmed(each))["report"])


def _changed(content: Mapping[str, Any], changes: Mapping[str, Any], sections: tuple[str, ...]) -> dict[str, Any]:
    """A part with what is new of each of its sections laid over what stood."""
    new = {name: {**content.get(name, {}), **changes[name]} for name in sections if name in changes}
    return {**content, **new}
