"""Boundary cases of the maturity self-check."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from typing import Any

from tests.packs.frameworks.oracle import maturity_expected, source

DATA = source("gbt_39116")
NAMES = [sub["id"] for element in DATA["elements"] for sub in element["subdomains"]]
SCORING = "GB/T 39117-2020 as remembered: grades 0, 0.5, 0.8, 1; bounds 0.8 to 4.8; a level needs the lower one"
OWN = "own rule: a grade that is not given may be anything, a weight that is not known too"
Grades = dict[str, list[str | None]]


def graded(**by_level: list[str | None]) -> dict[str, Any]:
    return {"grades": {name.removeprefix("l"): grades for name, grades in by_level.items()}, "class": "declared"}


def upto(level: int, top: str = "1", beyond: str = "0") -> Grades:
    """Everything met below `level`, `top` there, `beyond` above."""
    return {str(n): ["1" if n < level else top if n == level else beyond] for n in range(1, 6)}


def answers(grades: Grades) -> dict[str, Any]:
    return {name: {"grades": grades, "class": "declared"} for name in NAMES}


BASES: Mapping[str, Any] = {
    **{f"level{n}": {"answers": answers(upto(n))} for n in range(1, 6)},
    "nothing": {"answers": answers(upto(0))},
}


def vector(topic: str, source_: str, base: str, changed: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**BASES[base]["answers"], **changed}
    expect = maturity_expected(DATA, {name: each for name, each in merged.items() if each is not None})
    return {"topic": topic, "from": source_, "base": base, "answers": changed, "expect": expect}


def _everywhere(grades: list[str | None], level: int) -> dict[str, Any]:
    return answers({**upto(level), str(level): grades})


def make() -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """Plain levels, means on and beside 0.8, one weak sub-domain, a gap below, open grades, contradictions, draws."""
    made = [vector("plain", SCORING, base, {}) for base in BASES]
    edges: list[list[str | None]] = [
        ["0.8"], ["0.5"], ["1", "1", "1", "1", "0"], ["1", "0.5", "0.5", "1", "1"], ["0.8", "0.8", "0.5"], ["1", "0.5"],
        ["1", "1", "0.5", "0.5"], ["1", "0.8", "0.5", "0.8", "1"], ["1", None], ["0.8", None, "1", "1", "1"], [None],
    ]  # fmt: skip
    made += [
        vector("mean", SCORING if None not in grades else OWN, f"level{level}", _everywhere(grades, level))
        for level, grades in itertools.product(range(1, 6), edges)
    ]
    for level, name in itertools.product(range(1, 6), NAMES):
        changed = {name: {"grades": {**upto(level), str(level): ["0.5"]}, "class": "declared"}}
        made.append(vector("weak", OWN, f"level{level}", changed))
    for name in NAMES:
        made.append(vector("missing", OWN, "level3", {name: None}))
        skipped = {"grades": {**upto(4), "2": ["0"]}, "class": "declared"}
        made.append(vector("gap-below", SCORING, "level4", {name: skipped}))
    made.append(vector("missing", OWN, "level5", dict.fromkeys(NAMES)))
    made += [{"topic": "refused", "from": "own rule: only grades and levels of the standard", "base": "level2",
              "answers": changed, "expect": {"refused": words}} for changed, words in _refused()]  # fmt: skip
    drawn = random.Random(39117)
    for _ in range(40):
        changed = {
            name: {
                "grades": {
                    str(n): [drawn.choice(["0", "0.5", "0.8", "1", "1", "1", None]) for _ in range(drawn.randint(1, 4))]
                    for n in range(1, 6)
                },
                "class": "declared",
            }
            for name in NAMES
        }
        made.append(vector("mixed", SCORING, "level1", changed))
    return BASES, made


def _refused() -> list[tuple[dict[str, Any], str]]:
    return [
        ({"strategy": graded(l1=["0.7"])}, "no such grade"),
        ({"strategy": graded(l6=["1"])}, "no such entry"),
        ({"luck": graded(l1=["1"])}, "no such entry"),
        ({"strategy": graded(l1=["all"])}, "no such grade"),
    ]
