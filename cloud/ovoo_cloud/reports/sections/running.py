"""Facts of steady operation, for whoever judges maturity or a smart mine by another method."""

from __future__ import annotations

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, heading, key, name, para, plain, table

__all__ = ["running"]


def running(facts: Facts) -> list[Block]:
    """Days in steady delivery, running hours and model days of every connected machine; nothing where none is."""
    data = facts.data["running"]
    if not data:
        return []
    names = facts.machine_names()
    rows = [
        [
            name(names[row["machine"]]),
            facts.figure(row["days"]),
            facts.figure(row["longest"]),
            facts.figure(row["hours"]) if row["hours"] else key("cell.none"),
            _model_days(facts, row["machine"]),
            plain(row["evidence"]),
        ]
        for row in data
    ]
    columns: list[Column] = [
        ("register.col.machine", "left", 2),
        ("running.col.days", "right", 1.1),
        ("running.col.longest", "right", 1.2),
        ("running.col.hours", "right", 1.1),
        ("running.col.models", "right", 1.2),
        ("table.evidence", "left", 2.4),
    ]
    return [
        heading(1, "running.title"),
        para(key("running.lead", days=facts.figure("window.days"))),
        table("running.caption", columns, rows),
        para(key("running.note"), style="small"),
    ]


def _model_days(facts: Facts, machine: str) -> Inline:
    """The days of the model that watched the machine longest."""
    assets = {each["machine"]: each["asset"] for each in facts.data["network"]}
    own = [row["figure"] for row in facts.data["equipment"]["models"] if row["asset"] == assets.get(machine)]
    if not own:
        return key("cell.none")
    return facts.figure(max(own, key=lambda figure: int(facts.figures[figure]["value"] or "0")))
