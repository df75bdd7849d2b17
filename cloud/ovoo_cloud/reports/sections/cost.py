"""What the electricity cost by tariff period, at the prices of the enterprise's own document."""

from __future__ import annotations

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, heading, key, measure, notice, para, plain, table

__all__ = ["cost_blocks"]


def cost_blocks(facts: Facts) -> list[Block]:
    """A line a period: energy, price, cost; one sentence where no prices were given."""
    cost = facts.data["energy"]["cost"]
    if cost is None:
        return [heading(2, "cost.title"), para(key("cost.none"))]
    line = key("cost.lead", total=facts.figure("cost.total"), document=plain(cost["document"]))
    blocks: list[Block] = [heading(2, "cost.title"), para(line, evidence=facts.evidence("cost.total"))]
    if cost.get("prices"):
        blocks.append(_table(facts, cost["prices"]))
    if cost["fictitious"]:
        blocks.append(notice(key("cost.fictitious"), "warn"))
    return blocks


def _table(facts: Facts, prices: dict[str, str]) -> Block:
    rows: list[list[Inline]] = [
        [
            key(f"band.{band}"),
            facts.figure(f"energy.band.{band}"),
            measure(prices[band], None, "yuan/kWh"),
            facts.figure(f"cost.{band}"),
        ]
        for band in facts.data["energy"]["bands"]
    ]
    mean = facts.figure("cost.mean_price") if facts.has("cost.mean_price") else key("cell.none")
    rows.append([key("cost.sum"), facts.figure("energy.band_total"), mean, facts.figure("cost.total")])
    columns: list[Column] = [
        ("band.col.band", "left", 1.4),
        ("band.col.kwh", "right", 2),
        ("cost.col.price", "right", 1.6),
        ("cost.col.cost", "right", 2),
    ]
    return {**table("cost.caption", columns, rows, evidence=facts.evidence("cost.total")), "secret": "costs"}
