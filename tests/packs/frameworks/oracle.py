"""A second opinion on every method, read from the YAML sources with no line of the product in it.

It computes one *concrete* result at a time (whole numbers of a common denominator, levels tried from the top down) and
gets a range by filling what is not known once with the worst and once with the best that could turn up.
"""

from __future__ import annotations

import functools
import itertools
import pathlib
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from typing import Any

import yaml

SOURCES = pathlib.Path(__file__).resolve().parents[3] / "packs" / "sources"
Answers = Mapping[str, Mapping[str, Any]]
Expected = dict[str, Any]


def source(name: str) -> dict[str, Any]:
    """The framework's YAML."""
    data: dict[str, Any] = yaml.safe_load((SOURCES / "frameworks" / f"{name}.yaml").read_text(encoding="utf-8"))
    return data


def text(value: Fraction) -> str:
    """A whole number of hundred-thousandths as people write it."""
    return f"{(Decimal(value.numerator) / Decimal(value.denominator)).normalize():f}"


# points and gate ---------------------------------------------------------------------------------------------------


def sme_items(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["id"]: item for part in data["dimensions"] for group in part["groups"] for item in group["items"]}


def _milli(points: float) -> int:
    """Points in thousandths: every figure of the form is a whole number of them."""
    return int(Decimal(str(points)) * 1000)


def _bracket(item: Mapping[str, Any], ratio: Fraction) -> int:
    earned = 0
    for lower, row in zip(
        [Fraction(-1), *(Fraction(b["upto"]) for b in item["brackets"])], item["brackets"], strict=False
    ):
        if ratio * 100 > lower:  # the last bracket whose lower end is passed is the one that counts
            earned = int(_milli(item["points"]) * Decimal(str(row["share"])))
    return earned


def _possible(item: Mapping[str, Any], answer: Mapping[str, Any] | None) -> list[int]:
    """Every number of points (thousandths) that the answer may still turn into."""
    if item["kind"] == "ratio":
        if answer is None:
            return [_bracket(item, Fraction(p, 100)) for p in range(101)]
        return [_bracket(item, Fraction(answer[end])) for end in ("low", "high")]
    points = {option["id"]: _milli(option["points"]) for option in item["options"]}
    sure, unsure = ([], list(points)) if answer is None else (list(answer["sure"]), list(answer["open"]))
    if item["kind"] == "multi":
        chosen = sum(points[name] for name in sure)
        subsets = itertools.chain.from_iterable(itertools.combinations(unsure, n) for n in range(len(unsure) + 1))
        return [chosen + sum(points[name] for name in subset) for subset in subsets]
    chosen_or_open = [] if answer is None else [points[name] for name in (sure or unsure)]
    return chosen_or_open or [0, *points.values()]  # a single choice without a choice says nothing


def sme_expected(data: Mapping[str, Any], answers: Answers, scenes: Answers) -> Expected:
    spans = {name: _possible(item, answers.get(name)) for name, item in sme_items(data).items()}
    low, high = (sum(side(span) for span in spans.values()) for side in (min, max))
    levels = []
    for total, unknown in ((low, 0), (high, 4)):
        told = {s["id"]: _scene_level(scenes.get(s["id"]), unknown) for s in data["scenes"]}
        levels.append(_gate_level(data, total, told))
    return {"total": [text(Fraction(low, 1000)), text(Fraction(high, 1000))], "level": levels}


def _scene_level(answer: Mapping[str, Any] | None, unknown: int) -> int:
    """At the bottom what is proved, at the top (where 4 stands for all that is unknown) what could be."""
    if answer is None:
        return unknown
    return int(answer["level"] if unknown == 0 else answer.get("high", answer["level"]))


def _gate_level(data: Mapping[str, Any], total: int, told: Mapping[str, int]) -> int:
    for step in sorted(data["gate"], key=lambda row: -int(row["level"])):
        enough = [scene for scene in data["scenes"] if told[scene["id"]] >= step["scene_level"]]
        starred = [scene for scene in enough if scene["mandatory"]]
        if total >= _milli(step["score"]) and len(enough) >= step["scenes"] and len(starred) >= step["mandatory"]:
            return int(step["level"])
    return 0


# maturity ----------------------------------------------------------------------------------------------------------


def maturity_expected(data: Mapping[str, Any], answers: Answers) -> Expected:
    """All weights of the pack are unknown: level by level the least and the greatest share of any sub-domain."""
    names = [sub["id"] for element in data["elements"] for sub in element["subdomains"]]
    bounds = [Decimal(str(level["from"])) for level in data["levels"]]
    ends = []
    for fill, side in (("0", min), ("1", max)):
        shares = [side(_share(answers.get(name), str(level), fill) for name in names) for level in range(1, 6)]
        ends.append(_climb(shares, bounds))
    with localcontext() as context:
        context.prec = 30
        places = Decimal("1e-9")
        totals = [
            (Decimal(total.numerator) / Decimal(total.denominator)).quantize(places, rounding=rounding).normalize()
            for (total, _), rounding in zip(ends, (ROUND_FLOOR, ROUND_CEILING), strict=True)
        ]
    return {"total": [f"{each:f}" for each in totals], "level": [level for _, level in ends]}


def _share(answer: Mapping[str, Any] | None, level: str, fill: str) -> Fraction:
    grades = [] if answer is None else answer["grades"].get(level, [])
    tenths = [int(Decimal(fill if grade is None else grade) * 10) for grade in (grades or [None])]
    return Fraction(sum(tenths), 10 * len(tenths))


def _climb(shares: Sequence[Fraction], bounds: Sequence[Decimal]) -> tuple[Fraction, int]:
    """From the top down: the highest level all of whose predecessors, and itself, reach their bound."""
    good = [
        Fraction(number) + share >= Fraction(bound)
        for number, (share, bound) in enumerate(zip(shares, bounds, strict=True))
    ]
    level = next((n for n in range(len(good), 0, -1) if all(good[:n])), 0)
    working_at = level if level < len(good) else level - 1
    return working_at + shares[working_at], level


# acceptance --------------------------------------------------------------------------------------------------------


def criteria(data: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Criteria of each subsystem with the ids that answers use."""
    found = {
        part["id"]: [{**row, "id": f"{part['id']}-{row['id']}"} for row in (*data["common"], *part.get("criteria", []))]
        for part in data["subsystems"]
    }
    return found | {"general": list(data["general"]["criteria"])}


def acceptance_expected(data: Mapping[str, Any], answers: Answers) -> Expected:
    kinds = answers.get("variant", {}).get("sure") or [each["id"] for each in data["variants"]]
    wanted = answers.get("scope", {}).get("sure") or [part["id"] for part in data["subsystems"]]
    rows = [row for part, own in criteria(data).items() if part in wanted or part == "general" for row in own]
    outcomes, met = [], []
    for kind, fill in itertools.product(kinds, (False, True)):
        told = {row["id"]: _holds(row, answers.get(row["id"]), kind, fill) for row in rows}
        outcomes.append(int(all(told[row["id"]] for row in rows if row["must"])))
        met.append((kind, fill, told))
    asked = [row["id"] for row in rows if any(_asked(row, kind) for kind in kinds)]
    low = sum(min(told[name] for _, fill, told in met if not fill) for name in asked)
    high = sum(max(told[name] for _, fill, told in met if fill) for name in asked)
    return {"total": [str(low), str(high)], "level": [min(outcomes), max(outcomes)]}


def _asked(row: Mapping[str, Any], kind: str) -> bool:
    return kind in row["need"] if "need" in row else True


def _holds(row: Mapping[str, Any], answer: Mapping[str, Any] | None, kind: str, fill: bool) -> bool:
    if not _asked(row, kind):
        return True
    if "need" in row:
        if answer is None:
            return fill
        return Fraction(answer["high" if fill else "low"]) - Fraction(str(row["need"][kind])) >= 0
    return fill if answer is None or not answer["sure"] else answer["sure"] == ["yes"]


# norms -------------------------------------------------------------------------------------------------------------


@functools.cache
def norm_rows(sector: str) -> list[dict[str, Any]]:
    data = yaml.safe_load((SOURCES / "norms" / "norms.yaml").read_text(encoding="utf-8"))
    return [row for row in data["rows"] if row["sector"] == sector]


def norms_expected(sector: str, answers: Answers) -> Expected:
    rows = {row["id"]: row for row in norm_rows(sector)}
    spans = [_norm_levels(rows[name], answer) for name, answer in answers.items()]
    total = [sum(level < 4 for level in ends) for ends in zip(*((high, low) for low, high in spans), strict=True)]
    level = [max(ends) for ends in zip(*spans, strict=True)]
    return {"total": [str(each) for each in total or [0, 0]], "level": level or [1, 4]}


def _norm_levels(row: Mapping[str, Any], answer: Mapping[str, Any]) -> tuple[int, int]:
    factor = _factor(row, answer.get("corrections", {}))
    if factor is None:
        return 1, 4
    low, high = (_norm_level(row, Fraction(answer[end]) / factor) for end in ("low", "high"))
    return low, high


def _factor(row: Mapping[str, Any], given: Mapping[str, str]) -> Fraction | None:
    names = row.get("corrections", [])
    combine: dict[str, Callable[[list[Fraction]], Fraction]] = {
        "product": lambda values: values[0] if len(values) == 1 else values[0] * values[1],
        "one_plus_sum": lambda values: Fraction(sum(values) + 1),
    }
    if not names:
        return Fraction(1)
    if "total" in given:
        return Fraction(given["total"])
    rule = row["correction_rule"]
    return combine[rule]([Fraction(given[n]) for n in names]) if rule in combine and len(given) == len(names) else None


def _norm_level(row: Mapping[str, Any], corrected: Fraction) -> int:
    """How many limits, from the strictest on, are exceeded before one holds."""
    limits = [(n, Fraction(str(limit))) for n, limit in enumerate(row["levels"], start=1) if limit is not None]
    exceeded = [n for n, limit in limits if corrected > limit]
    holding = [n for n, _ in limits if n not in exceeded]
    return holding[0] if holding else 4


# bands -------------------------------------------------------------------------------------------------------------


def bands_expected(data: Mapping[str, Any], answers: Answers) -> Expected:
    answer = answers.get("total", {"low": "0", "high": str(data["full"])})
    ends = [Fraction(answer[end]) for end in ("low", "high")]
    starts = [Fraction(str(level["from"])) for level in data["levels"]]
    return {"total": [text(end) for end in ends], "level": [sum(end >= start for start in starts) for end in ends]}
