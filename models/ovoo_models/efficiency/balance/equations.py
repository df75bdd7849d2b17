"""The balances of a meter tree as rows of +1 and -1, with the flows that nobody measures eliminated."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from ovoo_models.efficiency.balance.tree import MeterTree

__all__ = ["Equations", "Kind"]

Kind = Literal["redundant", "just_measured", "observable", "unobservable"]


@dataclass(frozen=True, slots=True)
class Equations:
    """rows: a coefficient a measured meter, such that row x flows = 0 holds without any unmeasured flow.

    solved: an unmeasured flow that can be computed, as coefficients of the measured ones. kinds: redundant (read and
    checked by others), just_measured (read, nothing checks it), observable (not read, computed), unobservable.
    """

    measured: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    solved: dict[str, tuple[float, ...]]
    kinds: dict[str, Kind]

    @classmethod
    def of(cls, tree: MeterTree, present: Collection[str]) -> Equations:
        """With readings of the meters in `present`."""
        measured = tuple(each.name for each in tree.meters if each.name in present)
        unknown = tuple(each.name for each in tree.meters if each.name not in present)
        columns = {name: k for k, name in enumerate((*unknown, *measured))}
        rows = [_row(tree, node, columns) for node in tree.nodes]
        pivots = _eliminate(rows, len(unknown))
        free = set(range(len(unknown))) - set(pivots)
        taken = set(pivots.values())
        balances = [row[len(unknown) :] for i, row in enumerate(rows) if i not in taken]
        solved = {
            unknown[k]: tuple(-x / rows[i][k] for x in rows[i][len(unknown) :])
            for k, i in pivots.items()
            if not any(rows[i][other] for other in free)
        }
        kept = tuple(tuple(row) for row in balances if any(row))
        checked = {name for k, name in enumerate(measured) if any(row[k] for row in kept)}
        kinds: dict[str, Kind] = {name: "redundant" if name in checked else "just_measured" for name in measured}
        kinds.update({name: "observable" if name in solved else "unobservable" for name in unknown})
        return cls(measured, kept, solved, kinds)

    def column(self, k: int) -> list[float]:
        """How meter k enters each balance."""
        return [row[k] for row in self.rows]


def _row(tree: MeterTree, node: str, columns: dict[str, int]) -> list[float]:
    row = [0.0] * len(columns)
    row[columns[node]] = 1.0
    for each in tree.under(node):
        row[columns[each.name]] = 1.0 if each.direction == "feed" else -1.0
    return row


def _eliminate(rows: list[list[float]], unknown: int) -> dict[int, int]:
    """Clear each unknown column from all rows but one; the rows of trees are totally unimodular, so nothing rounds."""
    pivots: dict[int, int] = {}
    for k in range(unknown):
        found = next((i for i, row in enumerate(rows) if row[k] and i not in pivots.values()), None)
        if found is None:
            continue
        pivots[k] = found
        for i, row in enumerate(rows):
            if i != found and row[k]:
                factor = row[k] / rows[found][k]
                rows[i] = [x - factor * y for x, y in zip(row, rows[found], strict=True)]
    return pivots
