"""Latency and clocks told apart, and the network as gateways see it: what is not seen is said to be not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, heading, key, para, plain, table

__all__ = ["apart_blocks", "posture_blocks"]

_UNSEEN: Final = "verdict.unseen"
Row = Mapping[str, Any]


def apart_blocks(facts: Facts, gateways: Sequence[Row]) -> list[Block]:
    """One row a gateway: way and clock; one row a source whose clock was told."""
    columns: list[Column] = [
        ("network.col.gateway", "left", 1.6),
        ("dependable.col.latency", "right", 1.4),
        ("dependable.col.skew", "right", 1.4),
        ("dependable.col.steps_back", "right", 0.9),
        ("dependable.col.by", "left", 2.4),
    ]
    rows: list[list[Inline]] = [
        [
            plain(row["gateway"]),
            *(facts.figure(f"{row['stem']}.{part}") for part in ("latency_ms", "skew_ms")),
            facts.figure(f"{row['stem']}.steps_back", unit=False),
            key(f"dependable.by.{row['apart']['by'] or 'nothing'}"),
        ]
        for row in gateways
    ]
    blocks: list[Block] = [
        heading(3, "dependable.apart.title"),
        para(key("dependable.apart.lead"), style="small"),
        table("dependable.apart.caption", columns, rows, compact=True),
    ]
    clocks = [(row["gateway"], clock) for row in gateways for clock in row["clocks"]]
    return [*blocks, _clocks(facts, clocks)] if clocks else blocks


def _clocks(facts: Facts, clocks: Sequence[tuple[str, Row]]) -> Block:
    columns: list[Column] = [
        ("network.col.gateway", "left", 1.6),
        ("dependable.col.source", "left", 1.4),
        ("dependable.col.median", "right", 1.2),
        ("dependable.col.worst", "right", 1.2),
        ("dependable.col.drift", "right", 1.2),
        ("dependable.col.doubt", "right", 1.2),
        ("dependable.col.zone", "left", 1.6),
    ]
    rows: list[list[Inline]] = [
        [
            plain(gateway),
            plain(clock["source"]),
            *(facts.figure(f"{clock['stem']}.{part}_ms") for part in ("median", "worst", "drift", "doubt")),
            key("dependable.zone", hours=plain(f"{clock['zone_h']:+d}")) if clock["zone_h"] else key("cell.none"),
        ]
        for gateway, clock in clocks
    ]
    return table("dependable.clocks.caption", columns, rows, compact=True)


def posture_blocks(gateways: Sequence[Row]) -> list[Block]:
    """The network as each gateway stands in it."""
    columns: list[Column] = [
        ("network.col.gateway", "left", 1.2),
        ("dependable.col.uplink", "left", 2),
        ("dependable.col.sources", "left", 3),
        ("dependable.col.default_route", "left", 1.2),
        ("dependable.col.listening", "left", 1.4),
    ]
    rows = [[plain(row["gateway"]), *_posture(row["posture"])] for row in gateways]
    return [
        heading(3, "dependable.posture.title"),
        table("dependable.posture.caption", columns, rows, compact=True),
        para(key("dependable.posture.note"), style="small"),
    ]


def _posture(posture: Row | None) -> list[Inline]:
    if posture is None:
        return [key(_UNSEEN)] * 4
    listening = posture.get("listening")
    return [
        _lines(_uplink(each) for each in posture.get("uplinks", ())),
        _lines(_source(each) for each in posture.get("sources", ())),
        _verdict(posture.get("default_route_on_ot")),
        key(_UNSEEN) if listening is None else _ports(listening, posture.get("datagrams")),
    ]


def _lines(items: Iterator[Inline]) -> Inline:
    found = list(items)
    lines: Inline = {"t": "lines", "items": found}
    return lines if found else key("cell.none")


def _verdict(value: bool | None) -> Inline:
    return key(_UNSEEN if value is None else "verdict.yes" if value else "verdict.no")


def _uplink(each: Row) -> Inline:
    kind = each.get("kind")
    words = key(_UNSEEN) if kind is None else key(f"dependable.kind.{kind}")
    return key("dependable.uplink", name=plain(each["name"]), kind=words, tls=_verdict(each.get("tls")))


def _source(each: Row) -> Inline:
    segment = each.get("segment")
    return key(
        "dependable.source",
        name=plain(each["name"]),
        plain=key("dependable.plain" if each["plain"] else "dependable.encrypted"),
        policy=plain(str(each.get("policy", each["driver"]))),
        user=key(f"dependable.user.{each['user']}"),
        segment=key(_UNSEEN) if segment is None else key(f"dependable.segment.{segment}"),
    )


def _ports(listening: Row, datagrams: Row | None) -> Inline:
    """TCP ports by number, UDP ports marked; an agent from before tells TCP only."""
    outside = [str(port) for port in listening["outside"]]
    outside += [f"UDP {port}" for port in (datagrams or {}).get("outside", ())]
    return plain(", ".join(outside)) if outside else key("cell.none")
