"""The framework that leads a report: what a case tells for it, and the figures of its score.

Any method leads. Beside points and evidence classes, a method without a gate gives what is missing to its next level by
its own means: must-haves, requirements, a consumption above a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from ovoo_packs.scoring.norm_table import factor_of

from ovoo_cloud.diagnosis.figures import FigureBook, least_digits
from ovoo_cloud.diagnosis.scoring import Rules, method_of

__all__ = ["CLASSES", "PREFIX", "UNITS", "lead_figures", "next_level"]

CLASSES: Final = ("measured", "verified", "declared", "insufficient")
PREFIX: Final = "score."
"""How the names of a leading framework's figures begin."""
UNITS: Final[Mapping[str, str]] = {
    "points_gate": "points",
    "maturity": "1",
    "acceptance": "count",
    "norm_table": "count",
    "bands": "points",
}
"""What the totals of a method count."""
_NONE: Final = {"class": "insufficient"}
_DIGITS: Final = 3
Answers = Mapping[str, Mapping[str, Any]]
Result = Mapping[str, Any]
Ends = tuple[Decimal, Decimal]


def lead_figures(rules: Rules, result: Result, answers: Answers, book: FigureBook) -> None:
    """Points of total, parts and items, classes, and the distance to the next level, as figures of the book.

    They follow from rules, score and answers alone, so that verification makes them again.
    """
    method = method_of(rules)
    reference = method != "points_gate" and bool(rules["reference_only"])
    unit = UNITS[method]
    classes: dict[str, Decimal] = dict.fromkeys(CLASSES, Decimal(0))
    rows = [("total", result["total"], "declared")]
    rows += [(f"dimension.{each['id']}", each["points"], "declared") for each in result["dimensions"]]
    for each in result["items"]:
        rows.append((f"item.{each['id']}", each["points"], answers.get(each["id"], _NONE)["class"]))
        for cls, points in each["classes"].items():
            classes[cls] += Decimal(points)
    for name, pair, cls in rows:
        _figure(book, name, (Decimal(pair[0]), Decimal(pair[1])), unit=unit, cls=cls, reference=reference)
    for cls, points in classes.items():
        _figure(book, f"class.{cls}", (points, points), unit=unit, cls="declared", reference=reference)
    for name, ends, own, cls, reason in _DISTANCES[method](rules, result, answers):
        _figure(book, name, ends, unit=own or unit, cls=cls, reference=reference, reason=reason)


def _figure(
    book: FigureBook, name: str, ends: Ends | None, *, unit: str, cls: str, reference: bool, reason: str = "missing"
) -> None:
    same = ends is not None and ends[0] == ends[1]
    book.base(
        PREFIX + name,
        ends[0] if ends is not None and same else None,
        bounds=ends,
        unit=unit,
        digits=_DIGITS if ends is None else least_digits(*ends),
        cls=cls,
        formula="score/1",
        reason="" if same else reason,
        reference_only=reference,
    )


def next_level(rules: Rules, result: Result) -> Mapping[str, Any] | None:
    """The level that is not certain yet and comes next by the rules' own order; None where the best one is certain."""
    levels: Sequence[Mapping[str, Any]] = rules.get("levels", [])
    best_first = method_of(rules) == "norm_table"
    wanted = result["level_high"] - 1 if best_first else result["level_low"] + 1
    return next((each for each in levels if each["level"] == wanted), None)


_Row = tuple[str, Ends | None, str, str, str]
"""Name, ends, unit (empty: that of the total), class and reason of a figure."""


def _none(_rules: Rules, _result: Result, _answers: Answers) -> Iterator[_Row]:
    yield from ()


def _to_bound(rules: Rules, result: Result, _answers: Answers) -> Iterator[_Row]:
    """Points from the total to where the next level begins."""
    level = next_level(rules, result)
    if level is not None:
        low, high = (Decimal(end) for end in result["total"])
        start = Decimal(level["start"])
        yield "gap", (max(start - high, Decimal(0)), max(start - low, Decimal(0))), "", "declared", "missing"


def _must_haves(rules: Rules, result: Result, answers: Answers) -> Iterator[_Row]:
    """How many must-haves are not met, and what was told or measured where a bound is asked."""
    asked = {item["id"]: item for part in rules["dimensions"] for item in part["items"]}
    levels = [tuple(each["levels"]) for each in result["items"] if asked[each["id"]]["must"]]
    missed, unsure = levels.count((0, 0)), levels.count((0, 1))
    yield "gap", (Decimal(missed), Decimal(missed + unsure)), "count", "declared", "missing"
    for each in result["items"]:
        answer = answers.get(each["id"])
        if asked[each["id"]]["kind"] == "at_least" and answer is not None:
            yield f"value.{each['id']}", _ends(answer), asked[each["id"]]["unit"], answer["class"], "missing"


def _limits(rules: Rules, result: Result, answers: Answers) -> Iterator[_Row]:
    """Consumption of each product, its limits as corrected, and how far it lies above that of the next better level."""
    asked = {item["id"]: item for part in rules["dimensions"] for item in part["items"]}
    level = next_level(rules, result)
    for each in result["items"]:
        name, item, answer = each["id"], asked[each["id"]], answers[each["id"]]
        used, unit, cls = _ends(answer), item["unit"], answer["class"]
        yield f"consumption.{name}", used, unit, cls, "missing"
        factor = factor_of(item, answer.get("corrections", {}), f"answers.{name}")
        limits = {int(n): None if factor is None else _rounded(Fraction(limit) * factor)
                  for n, limit in sorted(item["limits"].items())}  # fmt: skip
        for number, limit in limits.items():
            yield f"limit.{number}.{name}", None if limit is None else (limit, limit), unit, "declared", "corrections"
        if level is not None:
            yield f"excess.{name}", _excess(used, limits, level["level"]), unit, cls, "corrections"


def _excess(used: Ends, limits: Mapping[int, Decimal | None], level: int) -> Ends | None:
    """Consumption above the limit that holds for a level: that of the worst number not beyond it."""
    limit = limits.get(max((number for number in limits if number <= level), default=0))
    return None if limit is None else (max(used[0] - limit, Decimal(0)), max(used[1] - limit, Decimal(0)))


def _ends(answer: Mapping[str, Any]) -> Ends:
    return _rounded(Fraction(answer["low"])), _rounded(Fraction(answer["high"]))


def _rounded(value: Fraction) -> Decimal:
    """Six decimals, which printing shortens to three."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.000001")).normalize()


_DISTANCES: Final[Mapping[str, Callable[[Rules, Result, Answers], Iterator[_Row]]]] = {
    "points_gate": _none,
    "maturity": _to_bound,
    "acceptance": _must_haves,
    "norm_table": _limits,
    "bands": _to_bound,
}
"""What is missing to the next level, by method; the gate of points and scenes says it itself."""
