"""Which level of each scene the facts prove, and what is missing for the next one."""

from __future__ import annotations

from typing import Any

from ovoo_packs import Framework, Scene

from ovoo_cloud.diagnosis.indicators.facts import Fact, FactFinder

__all__ = ["scene_facts"]

_ORDER = ("measured", "verified", "declared", "insufficient")


def scene_facts(framework: Framework, finder: FactFinder) -> dict[str, dict[str, Any]]:
    """Scene id -> what the facts prove, for every scene whose levels name facts.

    `proved` is the highest level of which all facts hold, and those of every lower level that names some; 0 where
    none is. Levels are a ladder: a lower one that names no facts is contained in a proved one above it.
    """
    return {
        scene.id: _scene(scene, finder)
        for scene in framework.scenes
        if any(level.measured_by for level in scene.levels)
    }


def _scene(scene: Scene, finder: FactFinder) -> dict[str, Any]:
    steps = [level for level in sorted(scene.levels, key=lambda each: each.level) if level.measured_by]
    names = dict.fromkeys(name for step in steps for name in step.measured_by)
    facts = {name: finder.fact(scene.id, name) for name in names}
    proved = 0
    missing: list[str] = []
    needed: list[Fact] = []
    for step in steps:
        own = [facts[name] for name in step.measured_by]
        missing = [each.name for each in own if each.verdict != "yes"]
        if missing:
            break
        proved, needed = step.level, [*needed, *own]
    return {
        "proved": proved,
        "class": _weakest(needed),
        "levels": [{"level": step.level, "verdict": _verdict([facts[n] for n in step.measured_by])} for step in steps],
        "facts": {name: fact.to_json() for name, fact in facts.items()},
        "missing": missing,
        "evidence": sorted({each for fact in needed for each in fact.evidence}),
    }


def _verdict(facts: list[Fact]) -> str:
    verdicts = {each.verdict for each in facts}
    return "no" if "no" in verdicts else "unknown" if "unknown" in verdicts else "yes"


def _weakest(facts: list[Fact]) -> str:
    return max((each.cls for each in facts), key=_ORDER.index, default="insufficient")
