"""Re-diagnosis and acceptance: the figures to compare a year later, and the list of documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    bullets,
    day,
    heading,
    key,
    measure,
    name,
    notice,
    of_row,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.front import local_day
from ovoo_cloud.reports.sections.lead_summary import total_label
from ovoo_cloud.reports.sections.outcome import level_words

__all__ = ["revisit"]

_TOTAL = "score.total"
_BASELINE = (
    _TOTAL,
    "equipment.networked_percent",
    "equipment.digitised_percent",
    "data.good_percent",
    "energy.daily_second",
    "load.factor_percent",
    "norm.intensity",
    "findings.total",
)


def revisit(facts: Facts) -> list[Block]:
    """Before and after by the same method, what is kept as evidence, and what is still to be brought."""
    if facts.data.get("before"):
        return [heading(1, "revisit.title"), *_compared(facts), *_documents(facts), *_open(facts)]
    rows: list[list[Inline]] = [
        [_label(facts, figure), facts.figure(figure), plain(""), _evidence(facts, figure)]
        for figure in _BASELINE
        if facts.has(figure)
    ]
    columns: list[Column] = [
        ("revisit.col.what", "left", 2.2),
        ("revisit.col.before", "right", 1.8),
        ("revisit.col.after", "right", 1.2),
        ("table.evidence", "left", 2.3),
    ]
    blocks: list[Block] = [
        heading(1, "revisit.title"),
        para(key("revisit.lead")),
        table("revisit.caption", columns, rows),
    ]
    return [*blocks, *_documents(facts), *_open(facts)]


def _compared(facts: Facts) -> list[Block]:
    """The figures of this diagnosis beside those of the one that it follows."""
    before = facts.data["before"]
    led = before.get("framework")  # earlier versions compared within one framework and did not name it
    same = led is None or led["id"] == facts.data["framework"]["id"]
    rows = [] if led is None else [_levels(facts, before, same=same)]
    rows += [
        [
            _label(facts, figure),
            _before(before["figures"].get(figure)) if same or figure != _TOTAL else key("cell.none"),
            facts.figure(figure),
            _evidence(facts, figure),
        ]
        for figure in _BASELINE
        if facts.has(figure)
    ]
    columns: list[Column] = [
        ("revisit.col.what", "left", 2.2),
        ("revisit.compare.col.before", "right", 1.6),
        ("revisit.compare.col.now", "right", 1.6),
        ("table.evidence", "left", 2.3),
    ]
    lead = key("revisit.compare.lead", number=plain(before["number"]), date=day(before["date"]))
    blocks: list[Block] = [para(lead), *_windows(facts, before), table("revisit.compare.caption", columns, rows)]
    if led is not None and not same:
        now = name(facts.data["framework"]["name"])
        blocks.append(notice(key("lead.revisit.other", before=name(led["name"]), now=now), "warn"))
    return blocks


def _windows(facts: Facts, before: dict[str, Any]) -> list[Block]:
    """From when to when each of both was measured; earlier versions did not carry it."""
    if "window" not in before:
        return []
    return [para(key("revisit.compare.windows", before=_period(before["window"]), now=_period(facts.data["window"])))]


def _period(window: dict[str, Any]) -> Inline:
    zone = window["timezone"]
    start, end = local_day(window["start_ns"], zone), local_day(window["end_ns"], zone, last=True)
    return key("cover.period.value", start=day(start), end=day(end))


def _levels(facts: Facts, before: dict[str, Any], *, same: bool) -> list[Inline]:
    """The level before and now, where both were judged by one framework."""
    rules, score = facts.data["framework"], facts.data["score"]
    low, high = before["level_range"]
    then = level_words(rules, {"level_low": low, "level_high": high, "level": low if low == high else None})
    return [key("lead.card.level"), then if same else key("cell.none"), level_words(rules, score), key("cell.none")]


def _label(facts: Facts, figure: str) -> Inline:
    """What a figure is called; the total counts something else under every method."""
    other = figure == _TOTAL and facts.lead_method != "points_gate"
    return total_label(facts) if other else key(f"baseline.{figure}")


def _before(row: dict[str, Any] | None) -> Inline:
    if row is None or (row["value"] is None and row["low"] is None):
        return key("cell.none")
    return measure(row["value"], None, row["unit"], (row["low"], row["high"]))


def _evidence(facts: Facts, figure: str) -> Inline:
    ids = facts.figures[figure]["evidence"]
    return plain(ids[0] + (f" +{len(ids) - 1}" if len(ids) > 1 else "")) if ids else key("cell.none")


def _documents(facts: Facts) -> list[Block]:
    """Every document that the case names, with what it supports."""
    uses: dict[str, dict[str, Any]] = {}
    for document, what, cls in _named(facts):
        entry = uses.setdefault(document, {"items": [], "classes": []})
        if what not in entry["items"]:
            entry["items"].append(what)
        if cls not in entry["classes"]:
            entry["classes"].append(cls)
    if not uses:
        return []
    rows: list[list[Inline]] = [
        [
            plain(document),
            {"t": "join", "items": entry["items"]},
            {"t": "join", "items": [key(f"class.{cls}") for cls in sorted(entry["classes"])]},
        ]
        for document, entry in sorted(uses.items())
    ]
    columns: list[Column] = [
        ("profile.col.documents", "left", 2.2),
        ("revisit.col.supports", "left", 3),
        ("score.col.class", "left", 1),
    ]
    return [heading(2, "revisit.documents.title"), table("revisit.documents.caption", columns, rows, compact=True)]


def _named(facts: Facts) -> Iterator[tuple[str, Inline, str]]:
    """(document, what it supports, class) over the whole case."""
    case, names = facts.data["case"], facts.item_names()
    parts: list[tuple[Inline, dict[str, Any]]] = [
        (key("profile.col.product"), row) for row in case.get("products") or []
    ]
    parts += [(key("revisit.register"), row) for row in case.get("equipment") or []]
    for section in ("answers", "scenes"):
        parts += [(name(names.get(each), each), row) for each, row in sorted((case.get(section) or {}).items())]
    parts += [
        (of_row(key("revisit.finance", year=plain(str(year))), "finance", str(year)), row)
        for year, row in sorted((case.get("finance") or {}).items())
    ]
    energy = case.get("energy") or {}
    parts += [(key("revisit.carriers"), row) for row in energy.get("carriers") or []]
    for what, row in parts:
        listed = row.get("evidence") or []
        for document in listed if isinstance(listed, list) else [listed]:
            yield str(document), what, str(row.get("class", "declared"))
    if energy.get("tariff"):
        yield str(energy["tariff"]["document"]), key("cost.title"), "declared"


def _open(facts: Facts) -> list[Block]:
    """What an acceptance would still ask for."""
    names = facts.item_names()
    answers = facts.data["answers"]
    missing = [item["id"] for item in facts.data["score"]["items"] if item["points"][0] != item["points"][1]]
    told = [
        (each, row) for each, row in sorted(answers.items()) if each in names
    ]  # not what an acceptance is asked for
    bare = [each for each, row in told if row["class"] == "declared" and not row["documents"]]
    scenes = [s["id"] for s in facts.data["score"]["scenes"] if s["class"] == "insufficient"]
    lines = [
        key(f"revisit.open.{kind}", items={"t": "join", "items": [name(names[each]) for each in listed]})
        for kind, listed in (("missing", missing), ("bare", bare), ("scenes", scenes))
        if listed
    ]
    return [heading(2, "revisit.open.title"), bullets(lines)] if lines else []
