"""Energy and carbon."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

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
from ovoo_cloud.reports.sections.flows import flow_blocks

__all__ = [
    "absent_row",
    "balance",
    "carbon_line",
    "consumer_blocks",
    "energy",
    "load_blocks",
    "norm_blocks",
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
    blocks += [heading(2, "cost.title"), *_cost(facts)]
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
    """Meters, carriers and their standard coal."""
    data = facts.data["energy"]
    rows: list[list[Inline]] = [
        [
            plain("/".join(row["asset"].split("/")[1:])),
            facts.figure(row["figure"]),
            key("cell.none"),
            key("class.measured"),
        ]
        for row in data["meters"]
    ]
    rows.append(
        [
            key("energy.electricity"),
            facts.figure("energy.kwh"),
            facts.figure("energy.electricity_kgce_calorific", unit=False),
            key("class.measured"),
        ]
    )
    for row in data["carriers"]:
        cls = facts.figures[row["amount"]]["class"]
        rows.append(
            [name(row["name"]), facts.figure(row["amount"]), facts.figure(row["kgce"], unit=False), key(f"class.{cls}")]
        )
    rows.append(
        [key("energy.total"), key("cell.none"), facts.figure("energy.kgce_calorific", unit=False), key("cell.none")]
    )
    columns: list[Column] = [
        ("energy.col.carrier", "left", 2.6),
        ("energy.col.amount", "right", 1.8),
        ("energy.col.kgce", "right", 1.8),
        ("score.col.class", "left", 1.1),
    ]
    return table("energy.balance", columns, rows, evidence=facts.evidence("energy.kwh"))


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


def _gauge(facts: Facts) -> list[Block]:
    """The intensity on the scale of the levels."""
    norm = facts.data["energy"]["norm"]
    figure = facts.figures["norm.intensity"]
    value = figure["value"] or figure["low"]
    if value is None or not norm["levels"]:
        return []
    levels = [
        {
            "level": row["level"],
            "value": facts.figures[row["figure"]]["value"],
            "words": facts.figure(row["figure"]),
        }
        for row in norm["levels"]
    ]
    data = {
        "value": value,
        "words": facts.figure("norm.intensity"),
        "lower_bound": norm["lower_bound"] or figure["value"] is None,
        "levels": levels,
    }
    return [{**chart("norm", key("chart.norm.caption"), data), "secret": "products"}]


def norm_blocks(facts: Facts) -> list[Block]:
    """Unit consumption against the norm, or why it is not compared."""
    norm = facts.data["energy"]["norm"]
    if norm is None:
        absent = any(row["kind"] == "norm" for row in facts.data["energy"]["missing"])
        return [para(key("norm.absent" if absent else "norm.none"))]
    lead = key(
        "norm.lower" if norm["lower_bound"] else "norm.lead",
        norm=name(norm["name"]),
        source=plain(norm["source"]),
        intensity=facts.figure("norm.intensity"),
    )
    rows = [[key("norm.intensity"), facts.figure("norm.intensity"), key("cell.none")]]
    for level in norm["levels"]:
        met = key("cell.none")
        if norm["reached"] is not None:
            met = key("verdict.yes" if norm["reached"] <= level["level"] else "verdict.no")
        rows.append([key("norm.level", level=plain(str(level["level"]))), facts.figure(level["figure"]), met])
    columns: list[Column] = [("norm.col.row", "left", 2.4), ("norm.col.value", "right", 2), ("norm.col.met", "left", 1)]
    blocks: list[Block] = [para(lead, evidence=facts.evidence("norm.intensity")), *_gauge(facts)]
    blocks.append(table("norm.caption", columns, rows))
    if norm["open_corrections"]:
        blocks.append(notice(key("norm.corrections", inputs=_corrections(norm["open_corrections"])), "warn"))
    return blocks


def _cost(facts: Facts) -> list[Block]:
    cost = facts.data["energy"]["cost"]
    if cost is None:
        return [para(key("cost.none"))]
    line = key("cost.lead", total=facts.figure("cost.total"), document=plain(cost["document"]))
    blocks: list[Block] = [para(line, evidence=facts.evidence("cost.total"))]
    if cost["fictitious"]:
        blocks.append(notice(key("cost.fictitious"), "warn"))
    return blocks


def _corrections(names: list[str]) -> Inline:
    return {"t": "join", "items": [{"t": "maybe", "key": f"correction.{each}", "text": each} for each in names]}
