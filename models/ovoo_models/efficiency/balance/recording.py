"""The record of a balance: each meter's readings by hash, the tree, imbalances, agreed flows and gross errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from ovoo_contract.figures import figure

from ovoo_models.efficiency.balance.bias import Biases
from ovoo_models.efficiency.balance.imbalance import NodeBalance
from ovoo_models.efficiency.balance.reconcile import Reconciliation
from ovoo_models.efficiency.balance.tree import MeterTree
from ovoo_models.efficiency.record import Column, Record, data_hash

__all__ = ["METHOD", "VERSION", "balance_record"]

METHOD: Final = "balance/tree"
VERSION: Final = 1
_DIGITS: Final = 3


def balance_record(
    tree: MeterTree,
    readings: Mapping[str, float],
    time_ns: Sequence[int],
    end_ns: int,
    columns: Mapping[str, Sequence[float]],
    nodes: Sequence[NodeBalance],
    agreed: Reconciliation | None,
    biases: Biases | None,
) -> Record:
    """What a balance over [time_ns[0], end_ns) was made from.

    Args:
        readings: of each meter over the whole time, in its own unit.
        columns: readings by interval of the meters that have them.
    """
    hashed = tuple(
        Column(name, tree.meter(name).unit, data_hash(time_ns, column), len(column), len(column))
        for name, column in columns.items()
    )
    meters = {
        each.name: f"{each.parent or '-'}, {each.unit}, class {each.class_percent!r} %, {each.direction}"
        for each in tree.meters
    }
    results: dict[str, str] = {}
    for node in nodes:
        results[f"{node.node}.imbalance"] = _text(node.imbalance.value)
        results[f"{node.node}.half_width"] = _text(node.imbalance.half_width(0.95))
        results[f"{node.node}.explained"] = {True: "yes", False: "no", None: "open"}[node.explained]
    for flow in agreed.flows if agreed else ():
        results[f"{flow.name}.agreed"] = _text(flow.value.value)
    for number, bias in enumerate(biases.found if biases else (), 1):
        results[f"bias{number}"] = f"{', '.join(bias.meters)}: {bias.form}"
        results[f"bias{number}.gain"] = _text(bias.gain.value, 5)
        results[f"bias{number}.offset"] = _text(bias.offset.value)
    given = {name: repr(value) for name, value in readings.items()}
    start = time_ns[0] if len(time_ns) else 0
    return Record(METHOD, VERSION, start, end_ns, hashed, {"meters": meters, "readings": given}, {}, results)


def _text(value: float, digits: int = _DIGITS) -> str:
    return figure(value, digits) if math.isfinite(value) else "none"
