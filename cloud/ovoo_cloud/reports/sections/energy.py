"""Energy and carbon."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    chart,
    day,
    heading,
    key,
    name,
    notice,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.cost import cost_blocks
from ovoo_cloud.reports.sections.flows import flow_blocks
from ovoo_cloud.reports.sections.norm import norm_blocks

__all__ = [
    "absent_row",
    "balance",
    "carbon_line",
    "consumer_blocks",
    "energy",
    "load_blocks",
    "trend_blocks",
]


def energy(facts: Facts) -> list[Block]:
    """Consumption, coal equivalent, CO2, norm, load over tariff bands, trend."""
    data = facts.data["energy"]
    blocks: list[Block] = [
        heading(1, "energy.title"),
        para(
            key(
                "energy.lead",
                days=facts.figure("window.days"),
                kwh=facts.figure("energy.kwh"),
                calorific=facts.figure("energy.tce_calorific"),
                equivalent=facts.figure("energy.tce_equivalent"),
            ),
            evidence=facts.evidence("energy.kwh"),
        ),
        carbon_line(facts),
        *(notice(absent_row(row), "warn") for row in data["missing"]),
        balance(facts),
    ]
    if not data["complete"]:
        blocks.append(notice(key("energy.incomplete"), "warn"))
    blocks += consumer_blocks(facts)
    blocks += flow_blocks(facts)
    blocks += trend_blocks(facts)
    blocks += load_blocks(facts)
    blocks += [heading(2, "norm.title"), *norm_blocks(facts)]
    blocks += cost_blocks(facts)
    return blocks


def carbon_line(facts: Facts) -> Block:
    """Carbon dioxide of electricity with its factor, or that there is none."""
    factor = facts.data["energy"]["co2_factor"]
    if factor is None:
        return para(key("energy.carbon.none"))
    return para(
        key(
            "energy.carbon",
            tco2=facts.figure("energy.tco2"),
            factor=name(factor["name"]),
            value=plain(factor["value"]),
            year=plain(factor["year"]),
        ),
        evidence=facts.evidence("energy.tco2"),
    )


def absent_row(row: Mapping[str, str]) -> Inline:
    """Which dated row is not valid for the window, and since when it would be."""
    slots = {"name": name({"zh": row["zh"], "en": row["en"]}), "id": plain(row["id"])}
    since = key("dated.since", start=plain(row["from"])) if row["from"] else key("dated.ended")
    return key(f"dated.{row['kind']}", **slots, day=day(row["day"]), since=since)


def consumer_blocks(facts: Facts) -> list[Block]:
    """Energy by machine, where machines have a power signal of their own."""
    names = facts.machine_names()
    rows, cells = [], []
    for row in facts.data["energy"]["consumers"]:
        figure = facts.figures[row["figure"]]
        share = facts.figure(row["share"]) if row["share"] else key("cell.none")
        ends = [figure["value"] or figure[end] or "0" for end in ("low", "high")]
        rows.append({"label": name(names[row["machine"]]), "low": ends[0], "high": ends[1], "words": share})
        cells.append([name(names[row["machine"]]), facts.figure(row["figure"]), share])
    if not rows:
        return []
    columns: list[Column] = [
        ("register.col.machine", "left", 2.4),
        ("band.col.kwh", "right", 2.2),
        ("consumers.col.share", "right", 1.4),
    ]
    evidence = facts.evidence(*(row["figure"] for row in facts.data["energy"]["consumers"]))
    seen = any(Decimal(str(row["high"])) > 0 for row in rows)
    bars = [chart("consumers", key("chart.consumers.caption"), {"rows": rows}, evidence=evidence)] if seen else []
    return [
        heading(2, "consumers.title"),
        *bars,
        table("consumers.caption", columns, cells),
        para(key("consumers.note"), style="small"),
    ]


def balance(facts: Facts) -> Block:
    """Meters and carriers with their standard coal, and the factor of each with its source."""
    data, none = facts.data["energy"], key("cell.none")
    rows: list[list[Inline]] = [
        [plain("/".join(row["asset"].split("/")[1:])), facts.figure(row["figure"]), none, none, key("class.measured")]
        for row in data["meters"]
    ]
    rows.append(
        [
            key("energy.electricity"),
            facts.figure("energy.kwh"),
            _factor(data.get("electricity_factor")),
            facts.figure("energy.electricity_kgce_calorific", unit=False),
            key("class.measured"),
        ]
    )
    for row in data["carriers"]:
        cls = facts.figures[row["amount"]]["class"]
        coal = facts.figure(row["kgce"], unit=False)
        rows.append(
            [name(row["name"]), facts.figure(row["amount"]), _factor(row.get("factor")), coal, key(f"class.{cls}")]
        )
    rows.append([key("energy.total"), none, none, facts.figure("energy.kgce_calorific", unit=False), none])
    columns: list[Column] = [
        ("energy.col.carrier", "left", 2.2),
        ("energy.col.amount", "right", 1.7),
        ("energy.col.factor", "left", 2.3),
        ("energy.col.kgce", "right", 1.5),
        ("score.col.class", "left", 0.8),
    ]
    return table("energy.balance", columns, rows, evidence=facts.evidence("energy.kwh"))


def _factor(factor: Mapping[str, Any] | None) -> Inline:
    if factor is None:
        return key("cell.none")
    which = "energy.factor.reference" if factor["reference_only"] else "energy.factor"
    unit: Inline = {"t": "unit", "unit": factor["unit"]}
    return key(which, value=plain(factor["value"]), unit=unit, source=plain(factor["source"]))


def trend_blocks(facts: Facts) -> list[Block]:
    """Energy a day in both halves of the window, and day by day."""
    daily = facts.data["energy"]["series"]["daily"]
    blocks: list[Block] = [
        heading(2, "energy.trend.title"),
        para(
            key(
                "energy.trend",
                first=facts.figure("energy.daily_first"),
                second=facts.figure("energy.daily_second"),
                change=facts.figure("energy.trend_percent"),
            ),
            evidence=facts.evidence("energy.daily_first"),
        ),
    ]
    if sum(1 for row in daily if row["kwh"] is not None) > 1:
        blocks.append(
            chart("daily", key("chart.daily.caption"), {"rows": daily}, evidence=facts.evidence("energy.kwh"))
        )
    return blocks


def load_blocks(facts: Facts) -> list[Block]:
    """Load by hour over the tariff bands, by duration, and energy by band; empty without data."""
    data = facts.data["energy"]
    load = data["series"]["load"]
    if not any(row["mean"] for row in load):
        return []
    blocks: list[Block] = [heading(2, "energy.load.title")]
    tariff = data.get("tariff")
    bands = tariff["hours"] if tariff else []
    movable = data["series"].get("shiftable", [])
    caption = key("chart.load.caption.shiftable" if any(movable) else "chart.load.caption")
    drawn = {"rows": load, "bands": bands, "shiftable": movable}
    blocks.append(chart("load", caption, drawn, evidence=facts.evidence("energy.kwh")))
    blocks += _duration(facts)
    if tariff:
        rows = [
            [key(f"band.{band}"), facts.figure(f"energy.band.{band}"), facts.figure(f"energy.band.{band}.percent")]
            for band in data["bands"]
            if facts.has(f"energy.band.{band}.percent")
        ]
        columns: list[Column] = [
            ("band.col.band", "left", 2),
            ("band.col.kwh", "right", 2),
            ("band.col.share", "right", 1.2),
        ]
        blocks.append(table("band.caption", columns, rows))
        blocks.append(para(key("band.note", tariff=name(tariff["name"])), style="small"))
    return blocks


def _duration(facts: Facts) -> list[Block]:
    values = facts.data["energy"]["series"]["duration"]
    if not values or not facts.known("load.mean"):
        return []
    lead = key(
        "load.lead", **{part: facts.figure(f"load.{part}") for part in ("peak", "base", "mean", "factor_percent")}
    )
    evidence = facts.evidence("load.peak")
    return [
        para(lead, evidence=evidence),
        chart("duration", key("chart.duration.caption"), {"values": values, "mean": facts.figure("load.mean")}),
    ]
