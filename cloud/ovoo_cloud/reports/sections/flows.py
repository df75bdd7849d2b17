"""Where the electricity of a site goes."""

from __future__ import annotations

from decimal import Decimal

from ovoo_cloud.reports.nodes import Block, Facts, chart, key, name, plain

__all__ = ["flow_blocks"]


def flow_blocks(facts: Facts) -> list[Block]:
    """Electricity from the meters to the machines, and what no machine's meter accounts for."""
    total = facts.figures["energy.kwh"]["value"]
    names = facts.machine_names()
    parts, seen = [], Decimal(0)
    for row in facts.data["energy"]["consumers"]:
        figure = facts.figures[row["figure"]]
        amount = Decimal(figure["value"] or figure["low"] or 0)  # what a gap may hide stays in the rest
        if amount > 0:
            words = facts.figure(row["share"]) if row["share"] else key("cell.none")
            parts.append({"label": name(names[row["machine"]]), "amount": str(amount), "words": words, "known": True})
            seen += amount
    if total is None or not parts or seen > Decimal(total):
        return []  # machines above their site: the balance says so, a picture of it would lie
    rest = Decimal(total) - seen
    if rest > 0:
        parts.append({"label": key("flows.rest"), "amount": str(rest), "words": plain(""), "known": False})
    data = {"parts": parts, "whole": key("energy.electricity"), "amount": facts.figure("energy.kwh")}
    return [chart("flows", key("chart.flows.caption"), data, evidence=facts.evidence("energy.kwh"))]
