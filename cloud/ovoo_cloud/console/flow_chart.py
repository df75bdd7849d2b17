"""A carrier's flows in the form static/charts.js draws as a Sankey diagram."""

from __future__ import annotations

from typing import Any

from ovoo_cloud.console.language import Words
from ovoo_cloud.energy.meter_balance import CarrierBalance

__all__ = ["flow_chart", "place_name"]


def flow_chart(found: CarrierBalance, words: Words) -> dict[str, Any]:
    """Nodes with their labels, links with value and half of their 95 % band; empty lists where nothing flows."""
    names = list(dict.fromkeys(name for each in found.flows for name in (each.source, each.target)))
    totals = {each.meter.name: each.amount for each in found.readings}
    nodes = []
    for name in names:
        kind = next(
            (each.kind for each in found.flows if name in (each.source, each.target) and _drawn(each.kind, name)), ""
        )
        amount = totals.get(name) or next(each.value for each in found.flows if name in (each.source, each.target))
        label = f"{place_name(found, name, words)} {words.number(amount.value)}"
        nodes.append({"name": name, "label": label, "kind": kind or "metered"})
    links = [
        {
            "source": each.source,
            "target": each.target,
            "value": each.value.value,
            "half": each.value.half_width(0.95),
            "kind": each.kind,
        }
        for each in found.flows
    ]
    return {"unit": words.t(f"flow.unit.{found.unit}"), "flows": {"nodes": nodes, "links": links}}


def _drawn(kind: str, name: str) -> bool:
    """Whether a node stands for a rest, loss or surplus: such are named after the node they belong to."""
    return kind != "metered" and name.endswith(f" {kind}")


def place_name(found: CarrierBalance, name: str, words: Words) -> str:
    """A meter by its name; what is left over by what it is."""
    _, _, last = name.rpartition(" ")
    if last in ("rest", "loss", "surplus") and " " in name:
        return words.t(f"flow.kind.{last}")
    return found.name_of(name, words.language)
