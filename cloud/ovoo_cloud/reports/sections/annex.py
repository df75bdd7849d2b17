"""Annexes: every figure with its evidence, the evidence index, versions, glossary, signatures."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, heading, key, page_break, para, plain, table

__all__ = ["annexes"]

_TERMS = ("tce", "calorific", "equivalent", "networked", "good", "evidence", "snapshot", "tou", "range")


def annexes(
    facts: Facts,
    terms: Sequence[str] = _TERMS,
    signers: Sequence[str] = ("enterprise", "expert", "centre"),
    own: Sequence[Block] = (),
) -> list[Block]:
    """All annexes, each from the top of a heading.

    Args:
        terms: of the glossary.
        signers: on the last page.
        own: annexes that only this kind of report has, before the versions.
    """
    return [
        page_break(),
        heading(1, "annex.figures.title"),
        para(key("annex.figures.lead")),
        _figures(facts),
        heading(1, "annex.evidence.title"),
        para(key("annex.evidence.lead")),
        _evidence(facts),
        *own,
        heading(1, "annex.versions.title"),
        _versions(facts),
        heading(1, "annex.glossary.title"),
        _glossary(terms),
        heading(1, "annex.sign.title"),
        para(key("annex.sign.lead" if len(signers) > 1 else "annex.sign.lead.centre")),
        _signatures(signers),
    ]


def _figures(facts: Facts) -> Block:
    rows: list[list[Inline]] = []
    for figure, row in facts.figures.items():
        ids = row["evidence"]
        rows.append(
            [
                plain(figure),
                _value(facts, figure),
                plain(row["formula"] or "—"),
                plain(", ".join(ids[:1]) + (f" +{len(ids) - 1}" if len(ids) > 1 else "") or "—"),
            ]
        )
    columns: list[Column] = [
        ("annex.col.figure", "left", 2.7),
        ("annex.col.value", "right", 2),
        ("annex.col.formula", "left", 1.2),
        ("table.evidence", "left", 1.8),
    ]
    return table("annex.figures.caption", columns, rows, compact=True)


def _value(facts: Facts, figure: str) -> Inline:
    """The figure; where it is not known, with the cause."""
    row = facts.figures[figure]
    if row["value"] is None and row["low"] is None and row["reason"]:
        return key("annex.figure.cause", figure=facts.figure(figure), cause=key(f"reason.{row['reason']}"))
    return facts.figure(figure)


def _evidence(facts: Facts) -> Block:
    rows: list[list[Inline]] = []
    for evidence, row in facts.data["evidence"].items():
        first = row["addresses"][0].partition("/")[2] if row["addresses"] else "—"
        more = f" +{len(row['addresses']) - 1}" if len(row["addresses"]) > 1 else ""
        rows.append(
            [
                plain(evidence),
                plain(first + more),
                {"t": "maybe", "key": f"query.{row['query']}", "text": row["query"]},
                plain(f"{row['samples']:,}"),
                plain(f"{Decimal(row['good_share']) * 100:.2f} %"),
                plain(str(len(row["gaps"]))),
                plain(row["sha256"][:12]),
            ]
        )
    columns: list[Column] = [
        ("table.evidence", "left", 1.95),
        ("annex.col.signals", "left", 2.3),
        ("annex.col.query", "left", 1.9),
        ("annex.col.samples", "right", 0.95),
        ("annex.col.good", "right", 0.9),
        ("annex.col.gaps", "right", 0.5),
        ("annex.col.hash", "left", 1.45),
    ]
    return table("annex.evidence.caption", columns, rows, compact=True)


def _versions(facts: Facts) -> Block:
    rows: list[list[Inline]] = [[key("annex.version.tool"), plain(facts.data["issue"]["tool"]), plain("—")]]
    rules = facts.data.get("framework")
    if rules is not None:
        edition = plain(f"{rules['id']} {rules['version']}")
        rows.append([key("annex.version.framework"), edition, plain(rules["sha256"][:16])])
    rows += [
        [key(f"annex.version.{table_name}"), plain(row["version"]), plain(row["sha256"][:16])]
        for table_name, row in facts.data["packs"].items()
    ]
    columns: list[Column] = [
        ("annex.col.part", "left", 2),
        ("annex.col.version", "left", 2),
        ("annex.col.hash", "left", 1.5),
    ]
    return table("annex.versions.caption", columns, rows)


def _glossary(terms: Sequence[str]) -> Block:
    """Each term in the report's language and in the other one."""
    rows: list[list[Inline]] = [
        [key(f"term.{term}"), {"t": "foreign", "key": f"term.{term}"}, key(f"term.{term}.meaning")] for term in terms
    ]
    columns: list[Column] = [
        ("annex.col.term", "left", 1),
        ("annex.col.foreign", "left", 1.2),
        ("annex.col.meaning", "left", 3.2),
    ]
    return table("annex.glossary.caption", columns, rows)


def _signatures(signers: Sequence[str]) -> Block:
    rows: list[list[Inline]] = [[key(f"sign.{who}"), plain(""), plain("")] for who in signers]
    columns: list[Column] = [
        ("sign.col.role", "left", 1.4),
        ("sign.col.name", "left", 2),
        ("sign.col.date", "left", 1.2),
    ]
    return {**table("annex.sign.caption", columns, rows), "tall": True}
