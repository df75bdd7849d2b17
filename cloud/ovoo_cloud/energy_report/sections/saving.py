"""The saving: against the signed baseline with what identifies it, or provisionally against a period that was told."""

from __future__ import annotations

from typing import Any, Final

from ovoo_cloud.energy_report.sections.parts import place
from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    chart,
    day,
    heading,
    key,
    notice,
    para,
    plain,
    table,
)

__all__ = ["saving"]

_ROWS: Final = ("expected", "actual", "avoided", "low", "high", "percent", "fsu", "cv_rmse", "days")


def saving(facts: Facts) -> list[Block]:
    """The month against its baseline, with what can be proved."""
    data = facts.data["saving"]
    blocks: list[Block] = [heading(1, "month.saving.title")]
    if data is None:
        return [*blocks, notice(key("month.saving.none"), "warn")]
    evidence = facts.evidence("saving.avoided")
    slots = {"start": day(data["start"]), "end": day(data["end"]), "document": plain(data["document"])}
    signed = data["approved"]
    if signed is None:
        blocks += [
            notice(key("month.saving.unapproved"), "warn"),
            para(key("month.saving.baseline", **slots), evidence=evidence),
        ]
    else:
        lead = key("month.saving.approved", name=plain(signed["name"]), edition=plain(signed["edition"]), **slots)
        blocks += [para(lead, evidence=evidence), _identity(signed)]
    if data["course"] is None:
        which = f"month.saving.{data['reason']}"
        fault: Inline = {"t": "maybe", "key": f"month.fault.{data['fault']}", "text": data["fault"]}
        return [*blocks, notice(key(which, fault=fault), "warn")]
    blocks += _result(facts, data, provisional=signed is None)
    if signed is not None:
        blocks += [*_adjusted(facts, data), *_coefficients(facts, signed)]
    return blocks


def _result(facts: Facts, data: dict[str, Any], *, provisional: bool) -> list[Block]:
    words = {each: facts.figure(f"saving.{each}") for each in ("avoided", "low", "high", "percent", "days")}
    verdict = data["reason"] or ("provisional" if provisional else "proved")
    picture = {**data["course"], "timezone": facts.data["window"]["timezone"]}
    both = facts.has("saving.adjusted.avoided")
    columns: list[Column] = [("profile.col.entry", "left", 3), ("month.saving.col.measured", "right", 1.6)]
    if both:
        columns.append(("month.saving.col.adjusted", "right", 1.6))
    rows = [
        [
            key(f"month.saving.row.{each}"),
            facts.figure(f"saving.{each}"),
            *([facts.figure(f"saving.adjusted.{each}")] if both else []),
        ]
        for each in _ROWS
    ]
    return [
        para(key("month.saving.lead", **words)),
        notice(key(f"month.saving.{verdict}"), "info" if verdict == "proved" else "warn"),
        chart("month_saving", key("month.chart.saving"), picture, evidence=facts.evidence("saving.avoided")),
        table("month.saving.caption", columns, rows),
    ]


def _identity(signed: dict[str, Any]) -> Block:
    """Who signed which fit when, of which signals, and the hash that names it."""
    energy: Inline = {"t": "join", "items": [place(each) for each in signed["energy"]]}
    drivers: Inline = {"t": "join", "items": [plain(each["name"]) for each in signed["drivers"]]}
    rows: list[list[Inline]] = [
        [key("month.baseline.row.id"), plain(f"{signed['id']} / {signed['fit']}")],
        [key("month.baseline.row.edition"), plain(signed["edition"])],
        [key("month.baseline.row.signed"), plain(f"{signed['signed_by']}, {signed['signed']}")],
        [key("month.baseline.row.sha256"), plain(signed["sha256"])],
        [key("month.baseline.row.step"), key(f"month.baseline.step.{signed['step']}")],
        [key("month.baseline.row.energy"), energy],
        [key("month.baseline.row.drivers"), drivers],
    ]
    if signed["others"]:
        rows.append([key("month.baseline.row.others"), {"t": "join", "items": [plain(e) for e in signed["others"]]}])
    columns: list[Column] = [("profile.col.entry", "left", 1.4), ("annex.col.value", "left", 4)]
    return table("month.baseline.caption", columns, rows)


def _adjusted(facts: Facts, data: dict[str, Any]) -> list[Block]:
    """The accepted non-routine events and both results, or that there are none."""
    events, adjusted = data["approved"]["events"], data["adjusted"]
    if not events:
        return [para(key("month.events.none"), style="small")]
    rows = [
        [plain(each["start"]), plain(each["end"]), plain(each["reason"]), plain(each["decided_by"])] for each in events
    ]
    columns: list[Column] = [
        ("month.events.col.start", "left", 1.4),
        ("month.events.col.end", "left", 1.4),
        ("month.events.col.reason", "left", 3),
        ("month.events.col.by", "left", 1),
    ]
    if adjusted is None or adjusted["reason"]:
        fault = plain("" if adjusted is None else adjusted["fault"])
        words = notice(key("month.events.refused", fault=fault), "warn")
    else:
        slots = {each: facts.figure(f"saving.adjusted.{each}") for each in ("avoided", "low", "high")}
        measured = facts.figure("saving.avoided")
        words = para(key("month.events.both", measured=measured, left_out=plain(adjusted["left_out"]), **slots))
    return [heading(2, "month.events.title"), table("month.events.caption", columns, rows), words]


def _coefficients(facts: Facts, signed: dict[str, Any]) -> list[Block]:
    rows = [
        [plain(row["name"]), plain(row["text"]) if row["figure"] is None else facts.figure(row["figure"])]
        for row in signed["coefficients"]
    ]
    columns: list[Column] = [("month.coefficients.col.name", "left", 3), ("annex.col.value", "right", 2)]
    return [table("month.coefficients.caption", columns, rows, compact=True)]
