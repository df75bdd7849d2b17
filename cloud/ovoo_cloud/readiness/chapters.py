"""The chapters of the readiness report."""

from __future__ import annotations

from typing import Any, Final

from ovoo_cloud.readiness.limits import PARTS
from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    bullets,
    day,
    heading,
    key,
    name,
    notice,
    page_break,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.annex import annexes
from ovoo_cloud.reports.sections.front import local_day

__all__ = ["back", "cause_words", "cover", "machines", "method", "signals", "summary", "todo"]

_FIRST: Final = 5
_WORST: Final = 60
_FULL: Final = 100.0
_TERMS: Final = ("readiness", "good", "evidence", "snapshot", "range")


def cover(facts: Facts) -> dict[str, Any]:
    """The cover's entries; the status is the score."""
    data, plan = facts.data, facts.data["plan"]
    window = data["window"]
    silent = facts.figures["readiness.silent"]["value"] != "0"
    return {
        "title": key("readiness.cover.title"),
        "enterprise": name(plan["name"]),
        "status": key("readiness.cover.status", score=facts.figure("readiness.site.score", unit=False)),
        "tone": "warn" if silent else "plain",
        "status_note": key("readiness.cover.note"),
        "rows": [
            [key("cover.number"), plain(data["issue"]["number"])],
            [key("cover.revision"), plain(str(data["issue"]["revision"]))],
            [key("cover.date"), day(data["issue"]["date"])],
            [key("month.cover.site"), name(plan["site_name"], plan["site"])],
            [
                key("cover.period"),
                key(
                    "cover.period.value",
                    start=day(local_day(window["start_ns"], window["timezone"])),
                    end=day(local_day(window["end_ns"], window["timezone"], last=True)),
                ),
            ],
        ],
    }


def summary(facts: Facts) -> list[Block]:
    """One page: score, coverage, what is silent, the parts, and the first things to mend."""
    blocks: list[Block] = [heading(1, "readiness.summary.title", number=False), _cards(facts)]
    if not facts.data["machines"]:
        return [*blocks, notice(key("readiness.none"), "warn"), page_break()]
    blocks += [
        para(key("readiness.summary.lead"), evidence=facts.evidence("readiness.site.score")[:3]),
        _site_parts(facts),
        _gaps(facts),
        para(key("readiness.summary.first"), style="label"),
    ]
    first = [_todo_words(facts, row) for row in facts.data["todo"][:_FIRST]]
    blocks.append(bullets(first or [key("readiness.todo.nothing")]))
    return [*blocks, page_break()]


def _cards(facts: Facts) -> Block:
    def card(label: str, figure: str, note: Inline) -> dict[str, Inline]:
        return {"label": key(f"readiness.card.{label}"), "value": facts.figure(figure), "note": note}

    machines_of = key("readiness.card.of_machines", machines=facts.figure("readiness.machines"))
    return {
        "b": "cards",
        "items": [
            card("score", "readiness.site.score", key("readiness.card.of_hundred")),
            card(
                "covered",
                "readiness.covered_percent",
                key("readiness.card.longest", h=facts.figure("readiness.longest_h")),
            ),
            card("signals", "readiness.signals", machines_of),
            card(
                "silent", "readiness.silent", key("readiness.card.suspects", count=facts.figure("readiness.suspects"))
            ),
        ],
    }


def _site_parts(facts: Facts) -> Block:
    weights = {row["id"]: row for row in facts.data["limits"]}
    rows = [
        [
            key(f"readiness.part.{part}"),
            key(f"readiness.part.{part}.what"),
            _reference(weights[f"readiness_weight_{part}"]),
            facts.figure(f"readiness.site.{part}", unit=False)
            if facts.has(f"readiness.site.{part}")
            else key("cell.none"),
        ]
        for part in PARTS
    ]
    columns: list[Column] = [
        ("readiness.col.part", "left", 1.2),
        ("readiness.col.what", "left", 4),
        ("readiness.col.weight", "right", 0.8),
        ("readiness.col.points", "right", 1.1),
    ]
    return table("readiness.parts.caption", columns, rows)


def _reference(row: dict[str, Any]) -> Inline:
    """A number of the method with its mark."""
    return {
        "t": "figure",
        "id": row["id"],
        "value": row["value"],
        "low": None,
        "high": None,
        "unit": "" if row["unit"] == "1" else row["unit"],
        "reference_only": row["reference_only"],
    }


def _gaps(facts: Facts) -> Block:
    """Gaps by length."""
    columns: list[Column] = [
        ("readiness.gaps.col.length", "left", 2),
        ("readiness.gaps.col.count", "right", 1),
    ]
    rows = [[key(f"readiness.gaps.{place}"), facts.figure(f"readiness.gaps_{place}")] for place in range(4)]
    return table("readiness.gaps.caption", columns, rows, compact=True)


def _todo_words(facts: Facts, row: dict[str, Any]) -> Inline:
    return key(
        "readiness.todo.line",
        asset=plain(row["asset"].partition("/")[2]),
        part=key(f"readiness.part.{row['part']}"),
        do=key(f"readiness.do.{row['part']}"),
        gain=facts.figure(row["figure"]),
    )


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
        ("register.col.machine", "left", 1.5),
        ("register.col.asset", "left", 1.7),
        ("readiness.col.score", "right", 0.9),
        *((f"readiness.part.{part}", "right", 0.9) for part in PARTS),
    ]
    return [heading(1, "readiness.machines.title"), table("readiness.machines.caption", columns, rows, compact=True)]


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
    return [*causes, *(cause_words(f"no_{each}") for each in row["missing"])]


def method(facts: Facts) -> list[Block]:
    """How points are made, with all numbers of the method."""
    rows = [[name(row["name"]), _reference(row)] for row in facts.data["limits"]]
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
