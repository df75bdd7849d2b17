"""Enterprise profile: sector, sites, products, machines, and how the machines reach the platform."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    both,
    chart,
    heading,
    key,
    name,
    of_row,
    plain,
    secret,
    table,
)

__all__ = ["documents", "documents_of", "profile"]

_SYSTEMS: Final = "systems_covered"
"""The item of the framework that asks for the information systems."""


def profile(facts: Facts) -> list[Block]:
    """Who the enterprise is: sector, sites, products, machines."""
    case = facts.data["case"]
    told = case["profile"]
    rows: list[list[Inline]] = [
        [key("profile.name"), name(both(told["name"]))],
        [key("profile.sector"), key(f"sector.{told['sector']}")],
        [key("profile.region"), name(both(told.get("region", "")), "—")],
        [key("profile.business"), name(both(told.get("business", "")), "—")],
        [key("profile.staff"), plain(told.get("staff") or "—")],
        [key("profile.sites"), _sites(case)],
        [key("profile.systems"), _systems(facts)],
    ]
    if mix := facts.data["energy"].get("mix"):
        rows.append([key("profile.mix"), _mix(facts, mix)])
    blocks: list[Block] = [
        heading(1, "profile.title"),
        table("profile.caption", [("profile.col.entry", "left", 1), ("profile.col.value", "left", 3)], rows),
    ]
    products = case.get("products") or []
    if products:
        blocks.append(
            table(
                "profile.products",
                [
                    ("profile.col.product", "left", 3),
                    ("profile.col.output", "right", 2),
                    ("profile.col.class", "left", 1.2),
                    ("profile.col.documents", "left", 2.4),
                ],
                [_product(row) for row in products],
            )
        )
    blocks.append(_register(facts))
    return [*blocks, *_network_map(facts)]


def _sites(case: dict[str, Any]) -> Inline:
    listed: Inline = {"t": "join", "items": [name(both(each["name"])) for each in case.get("sites") or []]}
    return listed if listed["items"] else key("cell.none")


def _systems(facts: Facts) -> Inline:
    """The documents that list the enterprise's information systems, as its answer to that item names them."""
    answer = facts.data["answers"].get(_SYSTEMS)
    if answer is None:
        return key("insufficient")
    return key("profile.systems.told", cls=key(f"class.{answer['class']}"), documents=documents_of(answer["documents"]))


def _mix(facts: Facts, mix: Sequence[dict[str, Any]]) -> Inline:
    """Share of each carrier in the standard coal of the window."""
    parts = [
        key(
            "profile.mix.part",
            carrier=name(row["name"]) if row["name"] else key("energy.electricity"),
            share=facts.figure(row["figure"]),
        )
        for row in mix
    ]
    return {"t": "join", "items": parts}


def _network_map(facts: Facts) -> list[Block]:
    """How the registered machines reach the platform, by area and line."""
    found = {each["machine"]: each for each in facts.data["network"]}
    areas: dict[str, list[dict[str, Any]]] = {}
    for machine in facts.data["case"].get("equipment") or []:
        each = found.get(machine["id"])
        place = "/".join(str(machine.get("asset") or "").split("/")[:-1])
        verdict = each["verdict"] if each else "none"
        note = facts.figure(each["figure"]) if each else key("cell.none")
        areas.setdefault(place, []).append({"label": name(both(machine["name"])), "verdict": verdict, "note": note})
    if not found:
        return []
    data = {
        "gateways": facts.figure("security.gateways", unit=False),
        "tls": facts.figure("security.gateways_tls", unit=False),
        "areas": [
            {"label": plain(place) if place else key("map.unlinked"), "machines": machines}
            for place, machines in areas.items()
        ],
    }
    return [
        chart("network_map", key("chart.network_map.caption"), data, evidence=facts.evidence("equipment.networked"))
    ]


def _product(row: dict[str, Any]) -> list[Inline]:
    amount = f"{Decimal(row['output']):,f} {row.get('unit', 't')}" if row.get("output") else "—"
    cells = [
        name(both(row["name"])),
        secret(plain(amount), "products"),
        key(f"class.{row.get('class', 'declared')}"),
        plain(documents(row)),
    ]
    return [of_row(each, "products", str(row["id"])) for each in cells]


def documents(row: dict[str, Any]) -> str:
    """The documents of a case entry in one line."""
    listed = row.get("evidence") or []
    return "; ".join(listed) if isinstance(listed, list) else str(listed)


def _register(facts: Facts) -> Block:
    found = {each["machine"]: each for each in facts.data["network"]}
    rows = []
    for machine in facts.data["case"].get("equipment") or []:
        each = found.get(machine["id"])
        digital = {"true": "yes", "yes": "yes", "false": "no", "no": "no"}.get(
            str(machine.get("digital", "")).lower(), "unknown"
        )
        rows.append(
            [
                name(both(machine["name"])),
                plain(machine.get("count", "1")),
                key(f"verdict.{digital}"),
                plain(machine.get("asset") or "—"),
                key(f"verdict.{each['verdict']}") if each else key("verdict.none"),
            ]
        )
    columns: list[Column] = [
        ("register.col.machine", "left", 2.6),
        ("register.col.count", "right", 0.7),
        ("register.col.digital", "left", 0.9),
        ("register.col.asset", "left", 3.6),
        ("register.col.networked", "left", 1.3),
    ]
    return table("register.caption", columns, rows, evidence=facts.evidence("equipment.networked"))


def documents_of(rows: Sequence[str]) -> Inline:
    """Document names in one cell."""
    return plain("; ".join(rows) or "—")
