"""Boundary cases of the SME index 2024."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from typing import Any

from tests.packs.frameworks.oracle import sme_expected, sme_items, source

DATA = source("sme_2024")
ITEMS = sme_items(DATA)
Vector = dict[str, Any]
NOTICE = "工信厅企业〔2024〕56号, form as two implementations agree"
GATE = "工信厅企业〔2024〕56号, level gate of a single implementation (reference only)"
OWN = "own rule: what is not known spans every answer it could have"
REFUSED = "own rule: what contradicts itself, or is not of the form, is refused"
EDGES = ("10", "20", "40", "60", "100")


def told(*sure: str, unsure: tuple[str, ...] = (), cls: str = "declared") -> dict[str, Any]:
    return {"sure": list(sure), "open": list(unsure), "class": cls}


def ratio(low: str, high: str = "") -> dict[str, Any]:
    return {"low": low, "high": high or low, "class": "measured"}


def best() -> dict[str, Any]:
    """Every point there is."""
    answers = {}
    for name, item in ITEMS.items():
        options = item.get("options", [])
        if item["kind"] == "ratio":
            answers[name] = ratio("1")
        elif item["kind"] == "multi":
            answers[name] = told(*(option["id"] for option in options))
        else:
            answers[name] = told(max(options, key=lambda option: option["points"])["id"])
    return answers


def least() -> dict[str, Any]:
    """Every answer given, each the least it can be: 1.5 points, for the steps of awareness have no zero."""
    answers = {}
    for name, item in ITEMS.items():
        options = item.get("options", [])
        if item["kind"] == "ratio":
            answers[name] = ratio("0")
        else:
            least = [min(options, key=lambda option: option["points"])["id"]]
            answers[name] = told(*(least if item["kind"] != "multi" else []))
    return answers


def scenes(mandatory: int, others: int, level: int) -> dict[str, Any]:
    """So many ★ and other scenes at `level`, the rest at 0."""
    left = {True: mandatory, False: others}
    graded = {}
    for scene in DATA["scenes"]:
        given = left[scene["mandatory"]] > 0
        left[scene["mandatory"]] -= 1
        graded[scene["id"]] = {"level": level if given else 0, "class": "declared"}
    return graded


BASES: Mapping[str, Any] = {
    "best": {"answers": best(), "scenes": scenes(10, 6, 4)},
    "least": {"answers": least(), "scenes": scenes(0, 0, 0)},
}


def vector(topic: str, source_: str, base: str, answers: Mapping[str, Any], graded: Mapping[str, Any]) -> Vector:
    start = BASES[base]
    merged, levels = {**start["answers"], **answers}, {**start["scenes"], **graded}
    expect = sme_expected(
        DATA,
        {name: each for name, each in merged.items() if each is not None},
        {name: each for name, each in levels.items() if each is not None},
    )
    return {"topic": topic, "from": source_, "base": base, "answers": answers, "scenes": graded, "expect": expect}


def ratios() -> Iterator[Vector]:
    """At 10, 20, 40, 60 and 100 %, a millionth of a percent beside them, and ranges over each of them."""
    for name, edge in itertools.product(("equipment_digitised", "equipment_networked", "funding"), EDGES):
        scaled = int(edge) * 10**6
        for shift in (-1, 0, 1):
            if edge != "100" or shift < 1:
                share = ratio(f"{scaled + shift}/{10**8}")
                yield vector("ratio", f"{NOTICE}: brackets 10/20/40/60 %", "least", {name: share}, {})
        if edge != "100":
            share = ratio(f"{scaled}/{10**8}", f"{scaled + 1}/{10**8}")
            yield vector("ratio-range", OWN, "best", {name: share}, {})


def options() -> Iterator[Vector]:
    """Each option alone, and all but it."""
    for name, item in ITEMS.items():
        names = [option["id"] for option in item.get("options", [])]
        for option in names:
            yield vector("option", NOTICE, "least", {name: told(option)}, {})
        if item["kind"] == "multi":
            for option in names[:4]:
                rest = tuple(other for other in names if other != option)
                yield vector("option-open", OWN, "least", {name: told(*rest, unsure=(option,))}, {})


_STAIRS = {
    80: ("energy_intensity", "pass_rate", "revenue_per_head", "cost_per_100"),
    60: ("energy_intensity", "pass_rate", "revenue_per_head", "cost_per_100", "auto_collected", "systems_covered"),
    40: (
        "energy_intensity", "pass_rate", "revenue_per_head", "cost_per_100", "auto_collected", "systems_covered",
        "network_build", "equipment_digitised", "equipment_networked",
    ),
    20: (
        "energy_intensity", "pass_rate", "revenue_per_head", "cost_per_100", "auto_collected", "systems_covered",
        "network_build", "equipment_digitised", "equipment_networked", "rules", "talent", "data_security",
    ),
}  # fmt: skip
"""Points that are left when these items are worth nothing: by hand 100 - 20 = 80, - 20 = 60, - 20 = 40, - 20 = 20."""


def gate() -> Iterator[Vector]:
    """Each step of the gate: one scene, one ★, one option less than it needs, and exactly what it needs."""
    for step in DATA["gate"]:
        level, need, stars = step["scene_level"], step["scenes"], step["mandatory"]
        for count, starred in itertools.product((need - 1, need, need + 1), (stars - 1, stars, stars + 1)):
            graded = scenes(starred, min(6, count - starred), level)
            yield vector("gate-scenes", GATE, "best", {}, graded)
        worthless = {name: least()[name] for name in _STAIRS[step["score"]]}
        less = {**worthless, "network_security": told("rules", "products", "assessment")}
        for answers in (worthless, less):
            yield vector("gate-points", GATE, "best", answers, scenes(10, 6, 4))
            yield vector("gate-points", GATE, "best", answers, scenes(stars, need - stars, level))


def missing() -> Iterator[Vector]:
    """One, two or many items without an answer, scenes without a level."""
    for name in ITEMS:
        yield vector("missing", OWN, "best", {name: None}, {})
    for pair in itertools.islice(itertools.combinations(ITEMS, 2), 0, None, 4):
        yield vector("missing-two", OWN, "best", dict.fromkeys(pair), {})
    for scene in DATA["scenes"]:
        yield vector("missing-scene", OWN, "best", {}, {scene["id"]: None})
    yield vector("missing-all", OWN, "best", dict.fromkeys(ITEMS), dict.fromkeys(BASES["best"]["scenes"]))


def overrides() -> Iterator[Vector]:
    """An expert's answer stands in the place of a measured one: points follow the answer, never its class."""
    own = "own rule: an override replaces the answer, points do not depend on the evidence class"
    for low in ("1/20", "3/20", "3/10", "1/2", "4/5"):
        seen = {"low": low, "high": low, "class": "verified"}
        yield vector("override", own, "best", {"equipment_networked": seen}, {})
    for cls in ("measured", "declared", "verified"):
        answer: dict[str, Any] = {**told("rules", "boundary", cls=cls), "option_class": {"boundary": "measured"}}
        yield vector("override", own, "least", {"network_security": answer}, {})


def contradictions() -> Iterator[Vector]:
    """Two answers to a single choice span both; what cannot be read as an answer is refused."""
    yield vector("contradiction", OWN, "best", {"systems_covered": told("one", "all")}, {})
    yield vector("contradiction", OWN, "best", {"pass_rate": told("worse", "better")}, {})
    cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({"network_build": told("five_g", unsure=("five_g",))}, {}, "contradicts itself"),
        ({"equipment_networked": ratio("3/5", "1/2")}, {}, "contradicts itself"),
        ({"equipment_networked": ratio("-1/10", "1/2")}, {}, "contradicts itself"),
        ({"equipment_networked": ratio("many", "1/2")}, {}, "not a range"),
        ({"network_build": told("six_g")}, {}, "no such entry"),
        ({"luck": told("much")}, {}, "no such entry"),
        ({}, {"luck": {"level": 1, "class": "declared"}}, "no such entry"),
        ({}, {"energy": {"level": 5, "class": "declared"}}, "no such level"),
    ]
    for answers, graded, words in cases:
        yield {"topic": "refused", "from": REFUSED, "base": "best", "answers": answers, "scenes": graded,
               "expect": {"refused": words}}  # fmt: skip


def mixed() -> Iterator[Vector]:
    """Sixty enterprises drawn at random (seed 2024), some of their answers open or missing."""
    drawn = random.Random(2024)
    for _ in range(60):
        answers: dict[str, Any] = {}
        for name, item in ITEMS.items():
            options = [option["id"] for option in item.get("options", [])]
            if drawn.random() < 0.15:
                continue
            if item["kind"] == "ratio":
                ends = sorted(drawn.randrange(0, 101) for _ in range(2))
                answers[name] = ratio(*(f"{end}/100" for end in ends))
            elif item["kind"] == "multi":
                states = {option: drawn.choice(("sure", "sure", "open", "no")) for option in options}
                sure, unsure = (tuple(o for o, s in states.items() if s == which) for which in ("sure", "open"))
                answers[name] = told(*sure, unsure=unsure)
            else:
                answers[name] = told(drawn.choice(options))
        graded = {
            scene["id"]: {"level": drawn.randrange(0, 5), "class": "declared"}
            for scene in DATA["scenes"]
            if drawn.random() < 0.9
        }
        made = vector("mixed", f"{NOTICE}; {GATE}", "least", {**dict.fromkeys(ITEMS), **answers},
                      {**dict.fromkeys(BASES["least"]["scenes"]), **graded})  # fmt: skip
        del made["base"]
        yield {**made, "answers": answers, "scenes": graded}


def edges() -> Iterator[Vector]:
    """What the others leave out: scenes nobody told of, known from below only, or told wrongly; shares above one."""
    for level, (mandatory, others) in itertools.product(range(1, 5), ((3, 3), (10, 0), (5, 5))):
        graded = scenes(mandatory, others, level)
        untold = {name: None if not each["level"] else each for name, each in graded.items()}
        yield vector("untold-scenes", OWN, "best", {}, untold)
        proved = {name: {**each, "high": 4} for name, each in graded.items()}
        yield vector("proved-scenes", OWN, "best", {}, proved)
    yield vector("no-scene", OWN, "best", {}, dict.fromkeys(BASES["best"]["scenes"]))
    for name in ("systems_covered", "awareness", "pass_rate"):
        yield vector("no-choice", OWN, "best", {name: told()}, {})
    for name in ("funding", "equipment_networked"):
        yield vector("above-one", NOTICE, "least", {name: ratio("12/10")}, {})
    wrong: tuple[dict[str, Any], ...] = (
        {"level": 5},
        {"level": -1},
        {"level": True},
        {"level": 2.5},
        {"level": 1, "high": 5},
        {"level": 3, "high": 2},
    )
    for each in wrong:
        scene = {"energy": {**each, "class": "declared"}}
        yield {"topic": "scene-refused", "from": REFUSED, "base": "best", "scenes": scene,
               "expect": {"refused": "a scene has no such level"}}  # fmt: skip
    for low in ("1e99999999", "x", "1/0", "9" * 2000):
        yield {"topic": "number-refused", "from": REFUSED, "base": "best", "answers": {"funding": ratio(low)},
               "expect": {"refused": "not a range"}}  # fmt: skip


def make() -> tuple[Mapping[str, Any], list[Vector]]:
    """Bases and all vectors."""
    parts = (ratios, options, gate, missing, overrides, contradictions, mixed, edges)
    return BASES, [each for part in parts for each in part()]
