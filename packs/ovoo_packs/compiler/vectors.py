"""Conformance vectors: answers with what they must score, shipped as data beside a framework and run against it."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ovoo_contract.errors import EvidenceError, PackError

from ovoo_packs.compiler.document import Node
from ovoo_packs.compiler.framework_schema import plain
from ovoo_packs.compiler.problems import Place, Problems
from ovoo_packs.frameworks import Framework
from ovoo_packs.scoring import Score, rules_of, score_any

__all__ = ["FORMAT", "VectorSet", "check_vectors", "inline_vectors", "stored_vectors"]

FORMAT: Final = "ovoo.vectors/1"
_EXPECTED: Final = ("total", "level", "items", "refused")


@dataclass(frozen=True, slots=True)
class VectorSet:
    """Vectors with the answers they start from (`bases`) and the place of each."""

    bases: Mapping[str, Mapping[str, Any]]
    vectors: Sequence[Mapping[str, Any]]
    places: Sequence[Place]


def stored_vectors(folder: pathlib.Path) -> list[VectorSet]:
    """The sets of one framework's folder.

    Raises:
        PackError: a file is no set of vectors.
    """
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def _read(path: pathlib.Path) -> VectorSet:
    name = f"{path.parent.name}/{path.name}"
    text = path.read_text(encoding="utf-8")
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise ValueError(data["format"])
        vectors = list(data["vectors"])
        found = {json.dumps(each["id"]) for each in vectors}
    except (ValueError, KeyError, TypeError) as error:
        raise PackError("not a set of vectors", offender=name, value=str(error), remedy=f"see {FORMAT}") from error
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        head, _, rest = line.partition('"id": ')
        key = rest.partition(",")[0]
        if head.strip() == "{" and key in found:
            lines.setdefault(key, number)
    places = [Place(name, lines.get(json.dumps(each["id"]), 1)) for each in vectors]
    return VectorSet(data.get("bases", {}), vectors, places)


def inline_vectors(root: Node) -> list[VectorSet]:
    """The vectors that a framework document brings itself, under `vectors:`."""
    node = root.mapping.get("vectors")
    if node is None or not node.mapping.get("vectors"):
        return []
    nodes = node["vectors"].items
    bases = plain(node["bases"]) if "bases" in node else {}
    rows = [row if isinstance(row := plain(each), dict) else {} for each in nodes]
    return [VectorSet(bases if isinstance(bases, dict) else {}, rows, [each.place for each in nodes])]


def check_vectors(framework: Framework, sets: Sequence[VectorSet], problems: Problems) -> int:
    """Runs every vector, notes each that does not come out, and gives how many there were."""
    rules = rules_of(framework)
    seen: dict[str, Place] = {}
    count = 0
    for each in sets:
        for vector, place in zip(each.vectors, each.places, strict=True):
            count += 1
            name = str(vector.get("id", ""))
            if name in seen:
                problems.add(place, name, "duplicate id", name, f"first given at {seen[name]}; rename one")
            seen.setdefault(name, place)
            for message, value, remedy in _faults(rules, each.bases, vector):
                problems.add(place, f"vector {name}", message, value, remedy)
    return count


def _faults(
    rules: Mapping[str, Any], bases: Mapping[str, Any], vector: Mapping[str, Any]
) -> Iterator[tuple[str, object, str]]:
    expect = vector.get("expect")
    if not isinstance(expect, Mapping) or not expect or set(expect) - set(_EXPECTED) or not vector.get("from"):
        yield (
            "not a vector",
            sorted(vector),
            f"give id, from (the origin of what is expected) and expect: {_EXPECTED}",
        )
        return
    try:
        answers, scenes = (_merged(bases, vector, key) for key in ("answers", "scenes"))
        result = score_any(rules, answers, scenes)
    except EvidenceError as error:
        if str(expect.get("refused", "\0")) not in str(error):
            yield "refused", str(error), f"expected {expect}"
        return
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        yield "answers that cannot be read", f"{type(error).__name__} {error}", "see the forms of answers in the guide"
        return
    if "refused" in expect:
        yield "was scored", str(result.total), f"expected a refusal that says {expect['refused']!r}"
        return
    yield from _differences(result, expect)


def _merged(bases: Mapping[str, Any], vector: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The base's answers with the vector's own; null takes one away."""
    base = bases[vector["base"]].get(key, {}) if vector.get("base") else {}
    merged = {**base, **vector.get(key, {})}
    kept = {name: value for name, value in merged.items() if value is not None}
    return kept if key == "scenes" else {name: _texts(value) for name, value in kept.items()}


def _texts(value: Any) -> Any:
    """Numbers as the texts that answers hold, however deep."""
    if isinstance(value, Mapping):
        return {str(key): _texts(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_texts(each) for each in value]
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _differences(result: Score, expect: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    items = {each.item: each.points for each in result.items}
    found: dict[str, list[Any]] = {"total": [result.total.low, result.total.high]}
    found["level"] = [result.level_low, result.level_high]
    wanted: dict[str, Any] = {key: expect[key] for key in ("total", "level") if key in expect}
    for name, points in dict(expect.get("items", {})).items():
        wanted[name] = points
        found[name] = [items[name].low, items[name].high] if name in items else []
    for name, pair in wanted.items():
        if not _same(found[name], pair):
            yield f"{name} comes out otherwise", [str(each) for each in found[name]], f"expected {pair}"


def _same(found: Sequence[Any], wanted: Any) -> bool:
    if not isinstance(wanted, list) or len(found) != len(wanted):
        return False
    try:
        return all(Decimal(a) == Decimal(str(b)) for a, b in zip(found, wanted, strict=True))
    except InvalidOperation:
        return False
