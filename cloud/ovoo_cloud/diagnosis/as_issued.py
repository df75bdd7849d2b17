"""A report by an earlier edition of its framework, measured again: scored by the rules that it carries itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.leading import lead_figures
from ovoo_cloud.diagnosis.scoring import score_any, score_json

__all__ = ["as_issued"]

_SCORE = "score."
Answer = Mapping[str, Any]


def as_issued(issued: Mapping[str, Any], today: Mapping[str, Any]) -> Mapping[str, Any]:
    """`today`'s snapshot data with the score figures that the rules of `issued` give.

    A newer edition of a framework may let the platform answer more than the report's own did. What only the newer one
    answers stays as the report was told; everything else is today's.
    """
    if issued["framework"]["sha256"] == today["framework"]["sha256"]:
        return today
    answers = {
        name: _answer(told, today["answers"][name])
        for name, told in issued["answers"].items()
        if name in today["answers"]
    }
    scenes = {name: today["scenes"][name] for name in issued["scenes"] if name in today["scenes"]}
    book = FigureBook()
    rules = issued["framework"]
    lead_figures(rules, score_json(score_any(rules, answers, scenes)), answers, book)
    others = {name: row for name, row in today["figures"].items() if not name.startswith(_SCORE)}
    return {**today, "figures": others | {name: figure.to_json() for name, figure in book.figures.items()}}


def _answer(told: Answer, now: Answer) -> dict[str, Any]:
    """Today's answer without what only today's edition measures.

    >>> told = {"sure": ["a"], "open": ["b"], "class": "verified"}
    >>> now = {"sure": ["b"], "open": [], "class": "verified", "option_class": {"a": "measured", "b": "measured"}}
    >>> _answer(told, now)
    {'sure': ['a'], 'open': ['b'], 'class': 'verified', 'option_class': {}}
    """
    if now["class"] == "measured" != told["class"]:
        return dict(told)
    decided = now.get("option_class", {})
    only_now = set(decided) - set(told.get("option_class", {}))
    if not only_now:
        return dict(now)
    return {
        **now,
        "sure": sorted(set(now["sure"]) - only_now | set(told["sure"]) & only_now),
        "open": sorted(set(now["open"]) - only_now | set(told["open"]) & only_now),
        "option_class": {name: cls for name, cls in decided.items() if name not in only_now},
    }
