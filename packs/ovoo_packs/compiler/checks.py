"""Checks that the rules of every kind of document share."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ovoo_packs.compiler.document import Node
from ovoo_packs.compiler.problems import Problems

__all__ = ["dates", "known", "number", "numbers", "sums_to", "unique"]

_TOLERANCE = 1e-9


def number(node: Node, key: str) -> float:
    """The number under `key`, NaN for anything else."""
    value = node.get(key)
    return float(value) if isinstance(value, int | float) else math.nan


def numbers(nodes: Iterable[Node], key: str) -> list[float]:
    """The number under `key` of each node."""
    return [number(node, key) for node in nodes]


def unique(nodes: Iterable[Node], key: str, path: str, problems: Problems) -> None:
    """Notes every name that is given a second time."""
    seen: dict[object, Node] = {}
    for position, node in enumerate(nodes):
        name = node.get(key)
        if name in seen:
            remedy = f"first given at {seen[name].place}; rename one"
            problems.add(node.place, f"{path}[{position}].{key}", f"duplicate {key}", name, remedy)
        seen.setdefault(name, node)


def known(node: Node, path: str, names: Iterable[str], what: str, problems: Problems) -> None:
    """Notes a name that is none of `names`."""
    there = sorted(names)
    if node.value not in there:
        problems.add(node.place, path, f"unknown {what}", node.value, f"one of {', '.join(there)}")


def dates(root: Node, problems: Problems) -> None:
    """Notes sources that end before they start."""
    for name, source in root["sources"].mapping.items():
        start, end = source.get("valid_from"), source.get("valid_to")
        if start is not None and end is not None and str(end) < str(start):
            path = f"sources.{name}.valid_to"
            problems.add(source["valid_to"].place, path, "ends before it starts", end, f"a date not before {start}")


def sums_to(node: Node, path: str, what: str, total: float, wanted: float, problems: Problems) -> None:
    """Notes a sum that does not come out."""
    if abs(total - wanted) > _TOLERANCE:
        problems.add(node.place, path, f"{what} do not add up", total, f"they must add up to {wanted:g}")
