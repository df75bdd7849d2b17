"""The chapters of the readiness report behind its first page."""

from __future__ import annotations

from typing import Any, Final

from ovoo_cloud.readiness.front import method_number
from ovoo_cloud.readiness.limits import PARTS
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
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.annex import annexes
from ovoo_cloud.reports.sections.front import local_day

__all__ = ["back", "cause_words", "machines", "method", "signals", "todo"]

_WORST: Final = 60
_DRAWN: Final = 20
_DAYS_DRAWN: Final = 100
"""A longer window has no room for a cell a day."""
_FULL: Final = 100.0
_WIDTHS: Final = {"coverage": 1.05, "clock": 0.8, "quality": 0.9, "order": 0.8}
"""Of columns whose English heading is short; a heading must not run into the next."""
_TERMS: Final = ("readiness", "good", "evidence", "snapshot", "range")


def todo(facts: Facts) -> list[Block]:
    """What to mend, first what gains most."""
    rows = [
        [
            plain(str(number)),
            plain(row["asset"].split("/", 2)[2]),
            key(f"readiness.do.{row['part']}"),
            _joined([cause_words(cause) for cause in row["causes"]]),
            _names(row),
            facts.figure(row["figure"], unit=False),
        ]
        for number, row in enumerate(facts.data["todo"], start=1)
    ]
    if not rows:
        return [heading(1, "readiness.todo.title"), para(key("readiness.todo.nothing"))]
    columns: list[Column] = [
        ("table.number", "left", 0.4),
        ("register.col.asset", "left", 1.8),
        ("readiness.col.do", "left", 2.2),
        ("readiness.col.cause", "left", 1.7),
        ("readiness.col.signals", "left", 2),
        ("readiness.col.gain", "right", 0.9),
    ]
    return [
        heading(1, "readiness.todo.title"),
        para(key("readiness.todo.lead")),
        table("readiness.todo.caption", columns, rows, compact=True),
    ]


def _names(row: dict[str, Any]) -> Inline:
    names = ", ".join(address.rpartition("/")[2] for address in row["signals"])
    return plain(f"{names} +{row['more']}" if row["more"] else names)


def cause_words(cause: str) -> Inline:
    """Words for a cause; a suspected unit is named."""
    code, _, unit = cause.partition(":")
    return key(f"readiness.cause.{code}", unit=plain(unit)) if unit else key(f"readiness.cause.{code}")


def _joined(items: list[Inline]) -> Inline:
    joined: Inline = {"t": "join", "items": items}
    return joined if items else key("cell.none")


def machines(facts: Facts) -> list[Block]:
    """Every machine with its points."""
    rows = [
        [
            name(row["name"], row["asset"].rpartition("/")[2]),
            plain(row["asset"].split("/", 2)[2]),
            facts.figure(row["score"], unit=False),
            *(
                key("cell.none") if row["parts"][part] is None else facts.figure(row["parts"][part], unit=False)
                for part in PARTS
            ),
        ]
        for row in facts.data["machines"]
    ]
    columns: list[Column] = [
        ("register.col.machine", "left", 1.2),
        ("register.col.asset", "left", 1.4),
        ("readiness.col.score", "right", 0.8),
        *((f"readiness.part.{part}", "right", _WIDTHS.get(part, 1.25)) for part in PARTS),
    ]
    blocks: list[Block] = [heading(1, "readiness.machines.title"), *_outages(facts)]
    if rows and len(facts.data["machines"][0]["days"]) <= _DAYS_DRAWN:
        blocks.append(_calendar(facts))
    return [*blocks, table("readiness.machines.caption", columns, rows, compact=True), *_proposals(facts)]


def _outages(facts: Facts) -> list[Block]:
    """Missing minutes by whose silence it is; not in snapshots from before that was told apart."""
    kinds = ("site", "machine", "signal")
    if not facts.has("readiness.missing_site_min"):
        return []
    rows = [
        [
            key(f"dependable.readiness.missing.{kind}"),
            facts.figure(f"readiness.missing_{kind}_min", unit=False),
            key(f"dependable.readiness.missing.{kind}.do"),
        ]
        for kind in kinds
    ]
    columns: list[Column] = [
        ("dependable.readiness.col.missing", "left", 2),
        ("dependable.readiness.col.minutes", "right", 1.2),
        ("readiness.col.do", "left", 3),
    ]
    return [table("dependable.readiness.missing.caption", columns, rows, compact=True)]


def _proposals(facts: Facts) -> list[Block]:
    """Templates that may fit machines that none was recognised for."""
    rows = [
        [
            plain(machine["asset"].split("/", 2)[2]),
            name(each["name"]),
            plain(f"{each['pack']}/{each['template']}"),
            plain(f"{each['matched']} / {each['of']}"),
            plain(", ".join(f"{own} = {theirs}" if own != theirs else own for own, theirs in each["pairs"])),
        ]
        for machine in facts.data["machines"]
        for each in machine.get("proposals", ())
    ]
    if not rows:
        return []
    columns: list[Column] = [
        ("register.col.asset", "left", 1.6),
        ("dependable.readiness.col.template", "left", 1.3),
        ("dependable.readiness.col.id", "left", 1.6),
        ("dependable.readiness.col.matched", "right", 0.9),
        ("dependable.readiness.col.pairs", "left", 3.2),
    ]
    return [
        heading(2, "dependable.readiness.proposals.title"),
        para(key("dependable.readiness.proposals.lead")),
        table("dependable.readiness.proposals.caption", columns, rows[:_WORST], compact=True),
    ]


def _calendar(facts: Facts) -> Block:
    """Coverage by day of the machines that lack most of it."""
    window = facts.data["window"]
    worst = sorted(facts.data["machines"], key=lambda row: (_least(facts, row["parts"]["coverage"]), row["asset"]))[
        :_DRAWN
    ]
    rows = [{"label": plain("/".join(row["asset"].split("/")[-2:])), "days": row["days"]} for row in worst]
    data = {"start": local_day(window["start_ns"], window["timezone"]), "rows": rows}
    evidence = [row["evidence"] for row in worst]
    return chart("calendar", key("readiness.chart.calendar"), data, evidence=evidence)


def signals(facts: Facts) -> list[Block]:
    """The signals with the lowest scores and what is wrong with each."""
    every = [row for machine in facts.data["machines"] for row in machine["signals"]]
    found = sorted(
        (row for row in every if _least(facts, row["score"]) < _FULL),
        key=lambda row: (_least(facts, row["score"]), row["signal"]),
    )
    if not found:
        return []
    rows = [
        [
            plain(row["signal"].split("/", 2)[2]),
            name(row["name"]),
            facts.figure(row["score"], unit=False),
            plain(_percent(row["covered_min"], facts)),
            plain(f"{row['longest_min'] / 60:.1f}"),
            _joined(_faults(row)),
        ]
        for row in found[:_WORST]
    ]
    columns: list[Column] = [
        ("readiness.col.signal", "left", 2.4),
        ("readiness.col.name", "left", 1.3),
        ("readiness.col.score", "right", 0.9),
        ("readiness.col.covered", "right", 0.9),
        ("readiness.col.longest", "right", 0.9),
        ("readiness.col.faults", "left", 2.6),
    ]
    lead = key("readiness.signals.lead", shown=plain(str(len(rows))), all=plain(str(len(every))))
    return [
        heading(1, "readiness.signals.title"),
        para(lead),
        table("readiness.signals.caption", columns, rows, compact=True),
    ]


def _least(facts: Facts, figure: str) -> float:
    row = facts.figures[figure]
    return float(row["value"] if row["value"] is not None else row["low"])


def _percent(minutes: int, facts: Facts) -> str:
    window = facts.data["window"]
    whole = (int(window["end_ns"]) - int(window["start_ns"])) // 60_000_000_000
    return f"{100 * minutes / whole:.1f} %"


def _faults(row: dict[str, Any]) -> list[Inline]:
    if not row["samples"]:
        return [cause_words("silent")]
    causes = [cause_words(cause) for cause in row["suspects"]]
    counted = (("outside", row["outside"]), ("flagged", row["flagged"]), ("shifted", row["shifted"]))
    causes += [key("readiness.counted", cause=cause_words(cause), count=plain(f"{n:,}")) for cause, n in counted if n]
    if row["good"] < row["samples"]:
        bad = plain(f"{row['samples'] - row['good']:,}")
        causes.append(key("readiness.counted", cause=cause_words("bad_samples"), count=bad))
    if row["flat_h"] != "0.0":
        causes.append(key("readiness.flat", hours=plain(row["flat_h"])))
    if row.get("coarse"):
        causes.append(key("dependable.readiness.coarse", step=plain(row["quantum"])))
    return [*causes, *(cause_words(f"no_{each}") for each in row["missing"])]


def method(facts: Facts) -> list[Block]:
    """How points are made, with all numbers of the method."""
    rows = [[name(row["name"]), method_number(row)] for row in facts.data["limits"]]
    columns: list[Column] = [("readiness.col.number", "left", 4), ("annex.col.value", "right", 1)]
    rules = [
        *(key(f"readiness.rule.{part}") for part in PARTS),
        key("readiness.rule.mean"),
        key("readiness.rule.range"),
    ]
    return [
        heading(1, "readiness.method.title"),
        para(key("readiness.method.lead")),
        bullets(rules),
        table("readiness.method.caption", columns, rows),
        heading(2, "method.verify.title"),
        para(key("month.method.verify", number=plain(facts.data["issue"]["number"]))),
    ]


def back(facts: Facts) -> list[Block]:
    """The annexes of every report; scores of single signals stand in snapshot.json only, there may be thousands."""
    figures = {figure: row for figure, row in facts.figures.items() if not figure.startswith("readiness.signal.")}
    return annexes(Facts({**facts.data, "figures": figures}), _TERMS)
