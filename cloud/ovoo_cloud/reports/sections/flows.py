"""Where the energy of a site comes from and goes: carriers in standard coal, then the machines behind the meters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ovoo_cloud.reports.nodes import Block, Facts, Inline, chart, key, name, plain

__all__ = ["flow_blocks"]

Part = dict[str, Any]


def flow_blocks(facts: Facts) -> list[Block]:
    """Energy from the carriers to the machines, and what no machine's meter accounts for.

    Without other carriers the picture is that of the electricity alone, in kWh.
    """
    total = facts.figures["energy.kwh"]["value"]
    if total is None:
        return []
    machines, seen = _machines(facts)
    if not machines or seen > Decimal(total):
        return []  # machines above their site: the balance says so, a picture of it would lie
    rest = Decimal(total) - seen
    if rest > 0:
        machines.append(_part(key("flows.rest"), str(rest), plain(""), known=False))
    evidence = facts.evidence("energy.kwh")
    carriers = _carriers(facts)
    if not carriers:
        data = {"parts": machines, "whole": key("energy.electricity"), "amount": facts.figure("energy.kwh")}
        return [chart("flows", key("chart.flows.caption"), data, evidence=evidence)]
    coal = Decimal(facts.figures["energy.electricity_kgce_calorific"]["value"]) / Decimal(total)
    in_coal = [{**part, "amount": str(Decimal(part["amount"]) * coal)} for part in machines]
    electricity = "energy.electricity_kgce_calorific"
    first = _part(key("energy.electricity"), facts.figures[electricity]["value"], facts.figure(electricity))
    used = [{**part, "label": key("flows.used", carrier=part["label"])} for part in carriers]
    data = {
        "sources": [first, *carriers],
        "parts": [*in_coal, *used],
        "whole": key("energy.total"),
        "amount": facts.figure("energy.kgce_calorific"),
    }
    return [chart("flows", key("chart.flows.caption.coal"), data, evidence=evidence)]


def _part(label: Inline, amount: str, words: Inline, *, known: bool = True) -> Part:
    return {"label": label, "amount": amount, "words": words, "known": known}


def _machines(facts: Facts) -> tuple[list[Part], Decimal]:
    """The machines with what each surely used, in kWh, and the sum of it; what a gap may hide stays in the rest."""
    names = facts.machine_names()
    parts, seen = [], Decimal(0)
    for row in facts.data["energy"]["consumers"]:
        figure = facts.figures[row["figure"]]
        amount = Decimal(figure["value"] or figure["low"] or 0)
        if amount > 0:
            words = facts.figure(row["share"]) if row["share"] else key("cell.none")
            parts.append(_part(name(names[row["machine"]]), str(amount), words))
            seen += amount
    return parts, seen


def _carriers(facts: Facts) -> list[Part]:
    """Other carriers in kgce; none where one of them, or the electricity in kgce, is not known."""
    rows = facts.data["energy"]["carriers"]
    known = ["energy.electricity_kgce_calorific", *(row["kgce"] for row in rows)]
    if not all(facts.known(figure) for figure in known):
        return []
    return [
        _part(name(row["name"]), facts.figures[row["kgce"]]["value"], facts.figure(row["kgce"]))
        for row in rows
        if Decimal(facts.figures[row["kgce"]]["value"]) > 0
    ]
