"""The bill line by line, at market prices with their documents, what has no price, and what each day cost."""

from __future__ import annotations

from typing import Any

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, heading, key, notice, para, plain, table

__all__ = ["bill"]


def bill(facts: Facts) -> list[Block]:
    """The bill line by line, or why there is none."""
    data = facts.data["bill"]
    blocks: list[Block] = [heading(1, "month.bill.title")]
    if data["reason"]:
        return [*blocks, notice(key(f"month.bill.{data['reason']}"), "warn")]
    documents: Inline = {"t": "join", "items": [plain(each) for each in data["documents"]]}
    lead = key(
        "month.bill.lead",
        total=facts.figure("bill.total"),
        kwh=facts.figure("bill.kwh"),
        mean=facts.figure("bill.mean"),
        documents=documents,
    )
    blocks.append(para(lead, evidence=facts.evidence("bill.total")))
    if data["fictitious"]:
        blocks.append(notice(key("month.bill.fictitious"), "warn"))
    if data["incomplete"]:
        blocks.append(notice(key("month.bill.incomplete", holes=plain(str(data["holes"]))), "warn"))
    blocks += [notice(key(f"month.bill.open.{each}"), "warn") for each in data["open"]]
    if data["market"] is not None:
        blocks += _market_lead(facts, data["market"])
    rows = [_line(facts, row) for row in data["lines"]]
    rows.append(
        [
            key("month.bill.total"),
            key("cell.none"),
            key("cell.none"),
            key("cell.none"),
            facts.figure("bill.total", unit=False),
        ]
    )
    columns: list[Column] = [
        ("month.bill.col.item", "left", 2.6),
        ("month.bill.col.quantity", "right", 1.8),
        ("month.bill.col.price", "right", 1.4),
        ("month.bill.col.document", "left", 2.4),
        ("month.bill.col.yuan", "right", 1.6),
    ]
    blocks += [table("month.bill.caption", columns, rows), para(key("month.bill.note"), style="small")]
    return blocks if data["market"] is None else [*blocks, *_market_tables(facts, data["market"])]


def _line(facts: Facts, row: dict[str, Any]) -> list[Inline]:
    named = row["kind"] in ("energy", "market") and row["name"] != "energy"
    item: Inline = plain(row["name"]) if named else key(f"month.bill.kind.{row['kind']}")
    if row["band"]:
        item = key("month.bill.item", name=item, band=key(f"band.{row['band']}"))
    adjustment = row["kind"] == "power_factor"
    return [
        item,
        {"t": "measure", "value": row["quantity"], "spread": None, "unit": row["unit"]},
        key("month.bill.percent", percent=plain(row["price"])) if adjustment else plain(row["price"]),
        plain(row["document"]),
        facts.figure(row["figure"], unit=False),
    ]


def _market_lead(facts: Facts, data: dict[str, Any]) -> list[Block]:
    """What was priced at which mean, and the stretches without a price."""
    lead = key(
        "month.market.lead",
        name=plain(data["name"]),
        minutes=plain(str(int(data["step_s"]) // 60)),
        kwh=facts.figure(data["kwh"]),
        mean=facts.figure(data["mean"]),
    )
    blocks: list[Block] = [para(lead, evidence=facts.evidence(data["kwh"]))]
    if data["missing"]:
        stretches: Inline = {
            "t": "join",
            "items": [
                key("month.market.stretch", start=plain(each["start"]), end=plain(each["end"]))
                for each in data["missing"]
            ],
        }
        slots = {"quarters": plain(data["missing_quarters"]), "count": plain(data["stretches"])}
        unpriced = facts.figure(data["unpriced"])
        blocks.append(notice(key("month.market.missing", stretches=stretches, kwh=unpriced, **slots), "warn"))
    return blocks


def _market_tables(facts: Facts, data: dict[str, Any]) -> list[Block]:
    """Documents with their hashes, and cost by day."""
    documents: list[Column] = [
        ("month.bill.col.document", "left", 1.4),
        ("month.market.col.start", "left", 1.1),
        ("month.market.col.prices", "right", 0.6),
        ("month.market.col.sha256", "left", 5.4),
    ]
    rows = [[plain(each[name]) for name in ("document", "start", "prices", "sha256")] for each in data["uploads"]]
    days: list[Column] = [
        ("month.market.col.day", "left", 1.4),
        ("month.market.col.kwh", "right", 1.4),
        ("month.bill.col.yuan", "right", 1.4),
        ("month.market.col.mean", "right", 1.4),
    ]
    by_day = [
        [plain(row["day"]), *(facts.figure(row[name], unit=False) for name in ("kwh", "yuan", "mean"))]
        for row in data["days"]
    ]
    return [
        table("month.market.documents", documents, rows, compact=True),
        table("month.market.days", days, by_day, compact=True),
    ]
