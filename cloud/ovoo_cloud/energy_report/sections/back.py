"""Carbon with its factors, norm, quality of the data, method, annexes."""

from __future__ import annotations

from typing import Any

from ovoo_cloud.energy_report.sections.parts import place
from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    bullets,
    chart,
    heading,
    key,
    name,
    notice,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.annex import annexes
from ovoo_cloud.reports.sections.energy import carbon_line
from ovoo_cloud.reports.sections.front import local_day
from ovoo_cloud.reports.sections.norm import norm_blocks

__all__ = ["back", "carbon", "method", "quality"]

_ABOVE = 4
"""Above every limit of the norm."""
_TERMS = ("tce", "calorific", "equivalent", "good", "evidence", "record", "snapshot", "tou", "demand", "base", "range")


def carbon(facts: Facts) -> list[Block]:
    """Standard coal and carbon dioxide with the factor rows, then the norm."""
    lead = key(
        "month.carbon.lead",
        calorific=facts.figure("energy.tce_calorific"),
        equivalent=facts.figure("energy.tce_equivalent"),
    )
    rows = []
    for row in facts.data["energy"]["factors"]:
        mark = key("month.carbon.reference") if row["reference_only"] else key("month.carbon.plain")
        rows.append([name(row["name"]), plain(row["value"]), plain(row["unit"]), plain(row["edition"]), mark])
    columns: list[Column] = [
        ("month.carbon.col.factor", "left", 2.6),
        ("annex.col.value", "right", 0.9),
        ("month.carbon.col.unit", "left", 1.5),
        ("month.carbon.col.edition", "left", 1.7),
        ("month.carbon.col.mark", "left", 1.2),
    ]
    blocks: list[Block] = [
        heading(1, "month.carbon.title"),
        para(lead, evidence=facts.evidence("energy.kwh")),
        carbon_line(facts),
    ]
    if rows:
        blocks.append(table("month.carbon.caption", columns, rows))
    blocks += _carbon_editions(facts)
    if not facts.data["energy"]["complete"]:
        blocks.append(notice(key("energy.incomplete")))
    return [*blocks, heading(2, "norm.title"), *norm_blocks(facts), *_norm_editions(facts)]


def _carbon_editions(facts: Facts) -> list[Block]:
    """The month's carbon dioxide by the edition in force and by those before it, side by side."""
    earlier, used = facts.data["editions"]["carbon"], facts.data["energy"]["co2_factor"]
    if not earlier or used is None:
        return []
    edition = next(row["edition"] for row in facts.data["energy"]["factors"] if row["id"] == used["id"])
    rows: list[list[Inline]] = [
        [name(used["name"]), plain(used["value"]), plain(edition), facts.figure("energy.kgco2"),
         key("month.editions.used")]
    ]  # fmt: skip
    for row in earlier:
        reference = "month.carbon.reference" if row["reference_only"] else "month.editions.earlier"
        rows.append(
            [name(row["name"]), plain(row["value"]), plain(row["edition"]), facts.figure(row["figure"]), key(reference)]
        )
    columns: list[Column] = [
        ("month.carbon.col.factor", "left", 2.4),
        ("annex.col.value", "right", 0.9),
        ("month.carbon.col.edition", "left", 1.9),
        ("month.editions.col.result", "right", 1.5),
        ("month.carbon.col.mark", "left", 1.2),
    ]
    return [para(key("month.editions.lead")), table("month.editions.caption", columns, rows)]


def _norm_editions(facts: Facts) -> list[Block]:
    """What earlier editions of the norm say of the same consumption."""
    earlier = facts.data["editions"]["norm"]
    rows = []
    for row in earlier:
        limits: Inline = {"t": "join", "items": [facts.figure(each["figure"]) for each in row["levels"]]}
        reached = key("cell.none") if row["reached"] is None else key("norm.level", level=plain(str(row["reached"])))
        if row["reached"] == _ABOVE:
            reached = key("month.editions.above")
        rows.append([name(row["name"]), plain(row["source"]), limits, reached])
    columns: list[Column] = [
        ("norm.col.row", "left", 2),
        ("month.carbon.col.edition", "left", 1.6),
        ("month.editions.col.limits", "right", 2.4),
        ("norm.col.met", "left", 1.2),
    ]
    return [table("month.editions.norm", columns, rows)] if rows else []


def quality(facts: Facts) -> list[Block]:
    """Coverage, gaps and defects of every energy and power signal."""
    data = facts.data["quality"]
    blocks: list[Block] = [heading(1, "month.quality.title"), para(key("month.quality.lead"))]
    if not data["rows"]:
        return [*blocks, notice(key("month.quality.none"), "warn")]
    window = facts.data["window"]
    if data["calendar"]:
        calendar = {
            "start": local_day(window["start_ns"], window["timezone"]),
            "rows": [{"label": _short(row["signal"]), "days": row["days"]} for row in data["calendar"]],
        }
        blocks.append(chart("calendar", key("month.chart.calendar"), calendar, evidence=facts.evidence("data.percent")))
    columns: list[Column] = [
        ("month.quality.col.signal", "left", 3),
        ("month.quality.col.share", "right", 1),
        ("month.quality.col.gaps", "right", 0.7),
        ("month.quality.col.longest", "left", 2.4),
        ("month.quality.col.defects", "left", 1.7),
    ]
    return [*blocks, table("month.quality.caption", columns, [_signal(facts, row) for row in data["rows"]])]


def _short(address: str) -> Inline:
    return plain("/".join(address.split("/")[-2:]))


def _signal(facts: Facts, row: dict[str, Any]) -> list[Inline]:
    longest = row["longest"]
    gap = key("cell.none")
    if longest is not None:
        gap = key("month.quality.gap", **{each: plain(longest[each]) for each in ("hours", "start", "end")})
    defects: Inline = {"t": "join", "items": [key(f"month.defect.{each}") for each in row["defects"]]}
    return [
        place(row["signal"]),
        facts.figure(row["figure"], unit=False),
        facts.figure(row["gaps"]),
        gap,
        defects if row["defects"] else key("cell.none"),
    ]


def method(facts: Facts) -> list[Block]:
    """How the figures are made and how to check them."""
    rules = [
        key(f"month.method.{each}") for each in ("energy", "gaps", "demand", "idle", "saving", "money", "reference")
    ]
    return [
        heading(1, "month.method.title"),
        bullets(rules),
        heading(2, "method.verify.title"),
        para(key("month.method.verify", number=plain(facts.data["issue"]["number"]))),
    ]


def back(facts: Facts) -> list[Block]:
    """The annexes of every report, with the records of the month's calculations."""
    parts = annexes(facts, _TERMS)
    for block in parts:
        if block.get("parts") == [key("annex.evidence.lead")]:
            block["parts"] = [key("month.evidence.lead")]
    at = next(n for n, block in enumerate(parts) if block.get("text", {}).get("key") == "annex.versions.title")
    return [*parts[:at], *_records(facts), *parts[at:]]


def _records(facts: Facts) -> list[Block]:
    rows: list[list[Inline]] = []
    for which, row in facts.data["records"].items():
        editions = {**row["factors"], **row["norms"], **row["tariffs"]}
        rows.append(
            [
                plain(which),
                plain(f"{row['method']}/{row['version']}"),
                plain(str(len(row["columns"]))),
                plain(str(len(row["results"]))),
                plain(", ".join(sorted(editions)) or "—"),
            ]
        )
    columns: list[Column] = [
        ("month.records.col.id", "left", 2),
        ("month.records.col.method", "left", 2),
        ("month.records.col.inputs", "right", 0.8),
        ("month.records.col.results", "right", 0.8),
        ("month.records.col.editions", "left", 3),
    ]
    head = {**heading(2, "month.records.title"), "number": False}
    return [head, para(key("month.records.lead")), table("month.records.caption", columns, rows, compact=True)]
