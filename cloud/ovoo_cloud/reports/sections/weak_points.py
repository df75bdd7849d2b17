"""Weak points of network and data security, as far as the platform sees them: a restricted annex.

It stands in the enterprise's own copy only; every other copy says that it is withheld.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, heading, key, name, notice, plain, table

__all__ = ["weak_points"]

_RESTRICTED = "restricted"


def weak_points(facts: Facts) -> list[Block]:
    """A line for every weak point with what to do; one sentence where none was seen."""
    rows = [[plain(str(number)), *row] for number, row in enumerate(_rows(facts), start=1)]
    blocks: list[Block] = [heading(1, "annex.weak.title"), notice(key("annex.weak.lead"), "warn")]
    if not rows:
        return [*blocks, {**notice(key("annex.weak.none")), "secret": _RESTRICTED}]
    columns: list[Column] = [
        ("table.number", "left", 0.3),
        ("annex.weak.col.what", "left", 2.6),
        ("annex.weak.col.where", "left", 1.8),
        ("annex.weak.col.remedy", "left", 2.8),
    ]
    evidence = facts.evidence("security.gateways_tls", "network.expected")
    return [*blocks, {**table("annex.weak.caption", columns, rows, evidence=evidence), "secret": _RESTRICTED}]


def _rows(facts: Facts) -> Iterator[list[Inline]]:
    yield from _gateways(facts)
    security = facts.data["security"]
    for kind, value in (("roles", security["roles_enforced"]), ("backup", security["backup_restored"])):
        if value is not True:
            state = "unseen" if value is None else "missing"
            yield [key(f"weak.{kind}.{state}"), key("weak.platform"), key(f"weak.{kind}.remedy")]
    silent = [each for each in facts.data["network"] if each["verdict"] == "no"]
    if silent:
        listed: Inline = {"t": "join", "items": [name(each["name"]) for each in silent[:8]]}
        yield [key("weak.silent", count=plain(str(len(silent)))), listed, key("weak.silent.remedy")]
    core = facts.figures["security.signals_core"]["value"]
    if core is not None and Decimal(core) > 0:
        yield [
            key("weak.core", count=facts.figure("security.signals_core", unit=False)),
            key("weak.data"),
            key("weak.core.remedy"),
        ]


def _gateways(facts: Facts) -> Iterator[list[Inline]]:
    every, own = (facts.figures[f"security.{each}"]["value"] for each in ("gateways", "gateways_tls"))
    if every is None:
        yield [key("weak.gateways.unseen"), key("weak.platform"), key("weak.gateways.remedy")]
    elif own is not None and Decimal(own) < Decimal(every):
        open_ones = plain(str(int(Decimal(every) - Decimal(own))))
        yield [key("weak.gateways.open", count=open_ones), key("weak.platform"), key("weak.gateways.remedy")]
    for row in ((facts.data.get("indicators") or {}).get("network") or {}).get("gateways", []):
        if row["certificate"] is False:
            yield [key("weak.certificate"), plain(row["gateway"]), key("weak.gateways.remedy")]
