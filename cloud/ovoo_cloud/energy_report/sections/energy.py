"""Energy by meter and machine, the shape of the load, demand and the bill."""

from __future__ import annotations

from typing import Any

from ovoo_cloud.energy_report.sections.parts import insufficient_words, state_of
from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    chart,
    heading,
    key,
    notice,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.energy import absent_row, balance, consumer_blocks, load_blocks, trend_blocks

__all__ = ["bill", "demand", "energy", "load"]


def energy(facts: Facts) -> list[Block]:
    """What was used: meters, the month before, days, machines."""
    blocks: list[Block] = [heading(1, "month.energy.title")]
    if state_of(facts) == "insufficient":
        blocks.append(notice(insufficient_words(facts), "warn"))
    else:
        blocks.append(
            para(
                key(
                    "month.energy.lead",
                    kwh=facts.figure("energy.kwh"),
                    per_day=facts.figure("energy.per_day"),
                    before=facts.figure("previous.per_day"),
                    change=facts.figure("energy.change"),
                    month=plain(facts.data["previous"]["month"]),
                ),
                evidence=facts.evidence("energy.kwh", "previous.kwh"),
            )
        )
    blocks += [notice(absent_row(row), "warn") for row in facts.data["energy"]["missing"]]
    blocks.append(balance(facts))
    trend = [block for block in trend_blocks(facts) if block["b"] != "chart"]  # its picture stands in the summary
    return [*blocks, *trend, *consumer_blocks(facts)]


def load(facts: Facts) -> list[Block]:
    """Load by hour and band, by weekday, typical days and base load."""
    shape = facts.data["shape"]
    blocks: list[Block] = [heading(1, "month.load.title")]
    inner = load_blocks(facts)
    if not inner and shape["heat"] is None:
        return [*blocks, notice(key("month.insufficient"), "warn")]
    blocks += inner
    if shape["heat"] is not None:
        evidence = facts.evidence("base.kw")
        lead = key("month.base.lead", **{each: facts.figure(f"base.{each}") for each in ("kw", "kwh", "percent")})
        blocks += [
            heading(2, "month.base.title"),
            para(lead, evidence=evidence),
            chart("month_heat", key("month.chart.heat"), {"rows": shape["heat"]}, evidence=evidence),
        ]
        blocks += _typical(facts, shape)
    return blocks


def _typical(facts: Facts, shape: dict[str, Any]) -> list[Block]:
    kinds = shape["typical"]
    if not kinds:
        return [para(key("month.typical.few", days=plain(str(shape["whole_days"]))))]
    rows = [
        {
            **{end: kind[end] for end in ("low", "middle", "high")},
            "label": key("month.typical.kind", number=plain(str(n)), days=plain(str(kind["days"]))),
        }
        for n, kind in enumerate(kinds, start=1)
    ]
    cells = [
        [
            key("month.typical.name", number=plain(str(n))),
            plain(str(kind["days"])),
            plain(str(kind["weekend"])),
            plain(kind["example"]),
        ]
        for n, kind in enumerate(kinds, start=1)
    ]
    columns: list[Column] = [
        ("month.typical.col.kind", "left", 1.4),
        ("month.typical.col.days", "right", 1),
        ("month.typical.col.weekend", "right", 1.4),
        ("month.typical.col.example", "left", 1.6),
    ]
    data = {"rows": rows, "base_kw": facts.figures["base.kw"]["value"]}
    return [
        chart("month_typical", key("month.chart.typical"), data, evidence=facts.evidence("base.kw")),
        table("month.typical.caption", columns, cells),
    ]


def demand(facts: Facts) -> list[Block]:
    """The greatest quarter hours and the power factor."""
    data = facts.data["demand"]
    blocks: list[Block] = [heading(1, "month.demand.title")]
    if data["peak"] is None:
        blocks.append(notice(key("month.demand.insufficient"), "warn"))
    else:
        lead = key(
            "month.demand.lead",
            peak=facts.figure("demand.peak"),
            start=plain(data["peak"]["start"]),
            end=plain(data["peak"]["end"]),
            unknown=facts.figure("demand.unknown"),
        )
        blocks.append(para(lead, evidence=facts.evidence("demand.peak")))
        if facts.has("demand.of_contract"):
            blocks.append(
                para(
                    key(
                        "month.demand.contract",
                        contract=facts.figure("demand.contract"),
                        share=facts.figure("demand.of_contract"),
                    )
                )
            )
        blocks += _peaks(facts, data)
    which = "month.factor.lead" if facts.known("power_factor") else "month.factor.insufficient"
    words = key(which, factor=facts.figure("power_factor")) if facts.known("power_factor") else key(which)
    return [*blocks, heading(2, "month.factor.title"), para(words, evidence=facts.evidence("power_factor"))]


def _peaks(facts: Facts, data: dict[str, Any]) -> list[Block]:
    tariff = facts.data["energy"].get("tariff")
    picture = {
        "power": data["day"]["power"],
        "bands": tariff["hours"] if tariff else [],
        "limit_kw": data["contract_kw"],
        "day": data["peak"]["start"][:10],
    }
    rows = [
        [plain(str(n)), plain(row["start"]), facts.figure(row["figure"])]
        for n, row in enumerate(data["highest"], start=1)
    ]
    columns: list[Column] = [
        ("table.number", "left", 0.4),
        ("month.demand.col.start", "left", 2),
        ("month.demand.col.kw", "right", 1.4),
    ]
    evidence = facts.evidence("demand.peak")
    return [
        chart("month_peak_day", key("month.chart.peak_day"), picture, evidence=evidence),
        table("month.demand.caption", columns, rows),
    ]


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
    return [*blocks, table("month.bill.caption", columns, rows), para(key("month.bill.note"), style="small")]


def _line(facts: Facts, row: dict[str, Any]) -> list[Inline]:
    named = row["kind"] == "energy" and row["name"] != "energy"
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
