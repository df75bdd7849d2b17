"""Energy by meter and machine, the shape of the load, demand and power factor."""

from __future__ import annotations

from typing import Any

from ovoo_cloud.energy_report.sections.parts import insufficient_words, state_of
from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    chart,
    heading,
    key,
    notice,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.energy import absent_row, balance, consumer_blocks, load_blocks, trend_blocks

__all__ = ["demand", "energy", "load"]


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
    return [*blocks, heading(2, "month.factor.title"), *_factor(facts)]


def _factor(facts: Facts) -> list[Block]:
    """By the supplier's registers where they are known, beside it the site's own meters; else by these alone."""
    data, known = facts.data["factor"], facts.known("power_factor")
    if data["source"] == "measured":
        words = key("month.factor.lead", factor=facts.figure("power_factor")) if known else None
        text = words or key("month.factor.insufficient")
        return [para(text, evidence=facts.evidence("power_factor"))]
    rows = [[key(f"month.factor.row.{name.partition('.')[2]}"), facts.figure(name)] for name in data["registers"]]
    columns: list[Column] = [("profile.col.entry", "left", 3), ("annex.col.value", "right", 1.6)]
    rule, document = key(f"month.factor.rule.{data['rule']}"), plain(data["document"])
    lead = notice(key("month.factor.refused", fault=plain(data["fault"]), document=document), "warn")
    if known:
        lead = para(key("month.factor.registers", factor=facts.figure("power_factor"), rule=rule, document=document))
    blocks: list[Block] = [lead, table("month.factor.caption", columns, rows)]
    if facts.known("power_factor.measured"):
        own = key("month.factor.measured", factor=facts.figure("power_factor.measured"))
        blocks.append(para(own, evidence=facts.evidence("power_factor.measured")))
    return blocks


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
