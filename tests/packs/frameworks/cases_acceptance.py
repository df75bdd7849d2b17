"""Boundary cases of the smart-mine evidence."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from typing import Any

from tests.packs.frameworks.oracle import acceptance_expected, criteria, source

DATA = source("smart_mine")
PARTS = criteria(DATA)
ROWS = [row for own in PARTS.values() for row in own]
KINDS = [each["id"] for each in DATA["variants"]]
PERIOD = "国能发煤炭规〔2021〕69号: at least 2 months in production, 3 for a new mine; Henan 2024: 3 months, 70 marks"
VETO = "draft of the acceptance rules: a must-have item that fails refuses the whole"
OWN = "own rule: what is not known may be met or not; while the kind of mine is open, all kinds count"


def yes(word: str = "yes") -> dict[str, Any]:
    return {"sure": [word], "open": [], "class": "verified"}


def number(low: str, high: str = "") -> dict[str, Any]:
    return {"low": low, "high": high or low, "class": "measured"}


def of(*names: str) -> dict[str, Any]:
    return {"sure": list(names), "open": [], "class": "declared"}


def met() -> dict[str, Any]:
    return {row["id"]: number("100") if "need" in row else yes() for row in ROWS}


BASES: Mapping[str, Any] = {kind: {"answers": {**met(), "variant": of(kind)}} for kind in KINDS} | {
    "open": {"answers": met()}
}


def vector(topic: str, source_: str, base: str, changed: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**BASES[base]["answers"], **changed}
    expect = acceptance_expected(DATA, {name: each for name, each in merged.items() if each is not None})
    return {"topic": topic, "from": source_, "base": base, "answers": changed, "expect": expect}


def make() -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """Periods at and beside their bounds, every must-have refused, single subsystems, what is open, draws."""
    made = [vector("met", VETO, base, {}) for base in BASES]
    months = ("0", "1.999", "2", "2.001", "2.999", "3", "3.001")
    for base, low in itertools.product(BASES, months):
        made.append(vector("months", PERIOD, base, {"mining-stable_running": number(low)}))
        if low <= "3":
            made.append(vector("months-range", OWN, base, {"gas-stable_running": number(low, "3")}))
    for base, marks in itertools.product(BASES, ("69.99", "70", "70.01")):
        made.append(vector("marks", PERIOD, base, {"mining-marks": number(marks)}))
    for heads in ("6", "7", "8"):
        made += [vector("experts", VETO, base, {"experts": number(heads)}) for base in BASES]
    for row in ROWS:
        made.append(vector("missing", OWN, "production", {row["id"]: None}))
        if "need" not in row:
            made.append(vector("refused-item", VETO, "production", {row["id"]: yes("no")}))
    for part in [name for name in PARTS if name != "general"]:
        made.append(vector("single", PERIOD, "henan", {"scope": of(part)}))
        other = {"scope": of(part), "gas-data_true": yes("no")}
        made.append(vector("single-other-fails", PERIOD, "henan", other))
    made.append(vector("missing-all", OWN, "open", dict.fromkeys(met())))
    made += [{"topic": "refused", "from": "own rule: what contradicts itself is refused", "base": "open",
              "answers": changed, "expect": {"refused": words}} for changed, words in _refused()]  # fmt: skip
    drawn = random.Random(69)
    for base in itertools.islice(itertools.cycle(BASES), 40):
        changed = {row["id"]: _draw(drawn, row) for row in drawn.sample(ROWS, 6)}
        made.append(vector("mixed", f"{PERIOD}; {VETO}", base, changed))
    unique = {str(sorted(each.items(), key=str)): each for each in made}
    return BASES, list(unique.values())


def _draw(drawn: random.Random, row: Mapping[str, Any]) -> dict[str, Any] | None:
    if drawn.random() < 0.3:
        return None
    if "need" not in row:
        return yes(drawn.choice(("yes", "no")))
    return number(*sorted((str(drawn.randint(1, 4)), str(drawn.randint(1, 4)))))


def _refused() -> list[tuple[dict[str, Any], str]]:
    return [
        ({"gas-data_true": {"sure": ["yes", "no"], "open": [], "class": "declared"}}, "contradicts itself"),
        ({"gas-data_true": yes("maybe")}, "no such entry"),
        ({"gas-stable_running": number("3", "2")}, "contradicts itself"),
        ({"variant": of("volcano")}, "no such entry"),
        ({"scope": of("volcano")}, "no such entry"),
        ({"volcano-data_true": yes()}, "no such entry"),
    ]
