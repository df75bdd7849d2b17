"""Boundary cases of the energy norms: each limit, corrected and not, at it and a millionth beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from tests.packs.frameworks.oracle import norm_rows, norms_expected

OWN = "own rule: without every correction nothing is said of a level"
Corrections = dict[str, str]


def corrections(row: Mapping[str, Any]) -> list[Corrections]:
    """Complete sets, whose factors are easy to check: 1 + sum, product, or a total worked out by a person."""
    names = row.get("corrections", [])
    if not names:
        return [{}]
    if row["correction_rule"] == "one_plus_sum":
        sets = [dict.fromkeys(names, "0"), dict.fromkeys(names, "0.1"), {**dict.fromkeys(names, "0"), names[0]: "-0.2"},
                dict(zip(names, ("0.05", "0.1", "0.15", "0", "-0.1"), strict=True))]  # fmt: skip
    elif row["correction_rule"] == "product":
        sets = [dict.fromkeys(names, value) for value in ("1", "1.25", "0.8", "1.1")]
    else:
        sets = []
    return [*sets, {"total": "1.2"}]


def factor(row: Mapping[str, Any], given: Corrections) -> Fraction:
    if "total" in given:
        return Fraction(given["total"])
    values = [Fraction(value) for value in given.values()]
    if row.get("correction_rule") == "one_plus_sum":
        return 1 + sum(values, Fraction(0))
    product = Fraction(1)
    for value in values:
        product *= value
    return product


def vector(sector: str, topic: str, source: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    return {"topic": topic, "from": source, "answers": answers, "expect": norms_expected(sector, answers)}


def make(sector: str) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """All vectors of a sector."""
    rows = norm_rows(sector)
    made = [each for row in rows for each in _of_row(sector, row)]
    made += [each for row in rows for each in _ranges(sector, row)]
    for first, second in itertools.islice(itertools.combinations(rows, 2), 20):
        answers = {row["id"]: _answer(str(row["levels"][0]), "", corrections(row)[0]) for row in (first, second)}
        made.append(vector(sector, "two-products", "the worst product decides", answers))
    made.append(vector(sector, "missing", OWN, {}))
    name = rows[0]["id"]
    refused = [
        ({name: {**_answer("5", "", {}), "corrections": {"luck": "2"}}}, "no such entry"),
        ({name: _answer("5", "4", {})}, "contradicts itself"),
        ({"luck": _answer("5", "", {})}, "no such entry"),
    ]
    made += [{"topic": "refused", "from": "own rule: what is not of the norm is refused", "answers": answers,
              "expect": {"refused": words}} for answers, words in refused]  # fmt: skip
    made += _worst(sector, rows)
    corrected = next((row for row in rows if row.get("corrections")), None)
    if corrected is not None:
        answers = {corrected["id"]: _answer("5", "", {"total": "0"})}
        made.append({"topic": "no-factor", "from": "own rule: limits times nothing are no limits", "answers": answers,
                     "expect": {"refused": "not a factor"}})  # fmt: skip
    return {}, made


def _worst(sector: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """One product within its strictest limit, another above every one of its own, and the other way round."""
    for first, second in itertools.islice(itertools.permutations(rows, 2), 6):
        answers = {}
        for row, share in ((first, Fraction(1, 2)), (second, Fraction(3, 2))):
            given = corrections(row)[0]
            value = max(Fraction(str(limit)) for limit in row["levels"] if limit is not None) * factor(row, given)
            least = min(Fraction(str(limit)) for limit in row["levels"] if limit is not None) * factor(row, given)
            answers[row["id"]] = _answer(str((least if share < 1 else value) * share), "", given)
        yield vector(sector, "worst-product", "the worst product decides", answers)


def _answer(low: str, high: str, given: Corrections) -> dict[str, Any]:
    return {"low": low, "high": high or low, "class": "measured", **({"corrections": given} if given else {})}


def _of_row(sector: str, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    limits = [Fraction(str(limit)) for limit in row["levels"] if limit is not None]
    where = f"norm {row['id']}: limits {row['levels']} ({row.get('correction_rule', 'none')})"
    for limit, given, shift in itertools.product(limits, corrections(row), (-1, 0, 1)):
        value = limit * factor(row, given) + Fraction(shift, 10**6)
        yield vector(sector, "limit", where, {row["id"]: _answer(str(value), "", given)})
    names = row.get("corrections", [])
    for name in names:
        given = {other: "0.1" for other in names if other != name}
        yield vector(sector, "correction-missing", OWN, {row["id"]: _answer(str(limits[0]), "", given)})


def _ranges(sector: str, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """From each of some consumptions to each other: below, beside, between and above the limits."""
    limits = [Fraction(str(limit)) for limit in row["levels"] if limit is not None]
    first, last, step = limits[0], limits[-1], Fraction(1, 10**6)
    beside = {first - step, first + step, last - step, last + step}
    places = sorted({first / 2, *limits, *beside, (first + last) / 2, 2 * last})
    given = corrections(row)[0]
    pairs = list(itertools.combinations(places, 2))
    steps = factor(row, given)
    for low, high in pairs if sector != "coal_chemical" else pairs[::3]:
        answers = {row["id"]: _answer(str(low * steps), str(high * steps), given)}
        yield vector(sector, "range", "own rule: a range of consumption spans levels", answers)
