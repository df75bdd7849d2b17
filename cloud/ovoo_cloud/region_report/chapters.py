"""The chapters of the report of a region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ovoo_cloud.region_report.snapshot import QUANTILES
from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    bullets,
    chart,
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

__all__ = ["back", "cover", "groups", "levels", "method", "summary"]

_TERMS: Final = ("evidence", "snapshot", "range")
_SCORE: Final = "score.total"
_RULES: Final = ("minimum", "together", "chain", "quarter", "range", "verified")


def cover(facts: Facts) -> dict[str, Any]:
    """The cover's entries: a region, a quarter, no enterprise."""
    issue, plan, window = facts.data["issue"], facts.data["plan"], facts.data["window"]
    end = day(local_day(window["end_ns"], window["timezone"], last=True))
    return {
        "title": key("region.cover.title"),
        "enterprise": key("region.cover.region"),
        "status": key("region.cover.status"),
        "tone": "plain",
        "status_note": key("region.cover.note"),
        "rows": [
            [key("cover.number"), plain(issue["number"])],
            [key("cover.revision"), plain(str(issue["revision"]))],
            [key("cover.date"), day(issue["date"])],
            [key("region.cover.quarter"), key("region.cover.until", quarter=plain(plan["quarter"]), end=end)],
            [key("region.cover.minimum"), plain(str(plan["minimum"]))],
        ],
    }


def summary(facts: Facts) -> list[Block]:
    """One page: how many reports, the median, the groups shown."""
    plan, whole = facts.data["plan"], facts.data["groups"].get("all", {}).get("figures", {})
    score = whole.get(_SCORE)
    median = key("cell.none") if score is None else facts.figure(score["p50"], unit=False)
    shown = plain(str(len(facts.data["groups"])))
    blocks: list[Block] = [
        heading(1, "region.summary.title", number=False),
        {
            "b": "cards",
            "items": [
                _card("reports", facts.figure("region.reports", unit=False)),
                _card("median", median),
                _card("groups", shown),
            ],
        },
        para(
            key("region.summary.lead", quarter=plain(plan["quarter"]), minimum=plain(str(plan["minimum"]))),
            evidence=facts.evidence("region.reports"),
        ),
    ]
    if facts.figures["region.not_verified"]["value"] != "0":
        broken = facts.figure("region.not_verified", unit=False)
        blocks.append(notice(key("region.not_verified", count=broken), "warn"))
    return [*blocks, *_sectors_drawn(facts), page_break()]


def _card(which: str, value: Inline) -> dict[str, Inline]:
    return {"label": key(f"region.card.{which}"), "value": value, "note": key(f"region.card.{which}.note")}


def _sectors_drawn(facts: Facts) -> list[Block]:
    """The score of every sector that may be shown: quartiles as a bar, the median as a line."""
    rows = []
    for group in facts.data["groups"].values():
        row = group["figures"].get(_SCORE)
        if row is not None and group["size"] is None:
            label = key("region.all") if group["sector"] is None else _words(group)
            ends = {each: facts.figures[row[each]]["value"] for each in ("p25", "p50", "p75")}
            rows.append({"label": label, "n": facts.figures[row["n"]]["value"], **ends})
    return [chart("quartiles", key("region.chart.score"), {"rows": rows})] if rows else []


def levels(facts: Facts) -> list[Block]:
    """Reports per stated level."""
    rows = [
        [key(f"region.level.{each}"), facts.figure(figure, unit=False)] for each, figure in facts.data["levels"].items()
    ]
    columns: list[Column] = [("region.col.level", "left", 3), ("region.col.reports", "right", 1)]
    return [
        heading(1, "region.levels.title"),
        para(key("region.levels.lead", minimum=plain(str(facts.data["plan"]["minimum"])))),
        table("region.levels.caption", columns, rows),
    ]


def groups(facts: Facts) -> list[Block]:
    """The whole region, then each sector with what may be shown inside it."""
    found = facts.data["groups"]
    if not found:
        return [heading(1, "region.groups.title"), para(key("region.groups.none"))]
    blocks: list[Block] = [heading(1, "region.groups.title"), para(key("region.groups.lead"))]
    for group in found.values():
        whole = group["sector"] is None
        blocks.append(para(key("region.all") if whole else _words(group), style="label", keep=True))
        blocks.append(_table(facts, group))
    return blocks


def _table(facts: Facts, group: Mapping[str, Any]) -> Block:
    rows = []
    for figure, row in group["figures"].items():
        unit = facts.figures[row["p50"]]["unit"]
        cells = [facts.figure(row[each], unit=False) if each in row else key("cell.none") for each in QUANTILES]
        label = name(facts.data["names"][figure])
        rows.append([label, plain(unit), facts.figure(row["n"], unit=False), *cells])
    columns: list[Column] = [
        ("region.col.figure", "left", 3),
        ("region.col.unit", "left", 0.9),
        ("region.col.n", "right", 0.7),
        *((f"region.col.{each}", "right", 0.9) for each in QUANTILES),
    ]
    return table("region.groups.caption", columns, rows, compact=True)


def _words(group: Mapping[str, Any]) -> Inline:
    """Sector, size and region of a group."""
    items = [key("region.unknown") if each is None else name(each) for each in group["words"]]
    return {"t": "join", "items": items}


def method(facts: Facts) -> list[Block]:
    """How groups are made and what is withheld."""
    plan = facts.data["plan"]
    return [
        heading(1, "region.method.title"),
        para(key("region.method.lead", edition=plain(plan["edition"]))),
        bullets([key(f"region.rule.{each}", minimum=plain(str(plan["minimum"]))) for each in _RULES]),
        heading(2, "method.verify.title"),
        para(key("region.method.verify", number=plain(facts.data["issue"]["number"]))),
    ]


def back(facts: Facts) -> list[Block]:
    """The annexes; figures of groups inside the region stand in their tables and in snapshot.json."""
    first = ("region.reports", "region.not_verified", "region.level.", "region.all.")
    figures = {figure: row for figure, row in facts.figures.items() if figure.startswith(first)}
    return annexes(Facts({**facts.data, "figures": figures}), _TERMS, signers=("centre",))
