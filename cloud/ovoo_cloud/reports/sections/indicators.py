"""What the indicators add to the chapters: OEE, handling of anomalies, energy per output, links, facts of scenes."""

from __future__ import annotations

from typing import Any

from ovoo_cloud.readiness.limits import PARTS
from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, both, heading, key, name, para, plain, table
from ovoo_cloud.reports.sections.network import apart_blocks, posture_blocks
from ovoo_cloud.reports.sections.waterfalls import oee_waterfalls

__all__ = [
    "handling_blocks",
    "network_blocks",
    "oee_blocks",
    "output_blocks",
    "readiness_blocks",
    "registry_blocks",
    "scene_fact_blocks",
]

_UNREAD: Column = ("dependable.handling.col.unread", "right", 1)
_FACTORS = ("availability", "performance", "quality")


def _data(facts: Facts) -> dict[str, Any]:
    """The section of the snapshot; empty in one from before there were indicators."""
    found: dict[str, Any] = facts.data.get("indicators") or {}
    return found


def oee_blocks(facts: Facts) -> list[Block]:
    """Availability, performance, quality and their product, with what each open factor lacks."""
    rows = _data(facts).get("oee") or []
    if not rows:
        return [heading(2, "oee.title"), para(key("oee.none"))]
    names = facts.machine_names()
    columns: list[Column] = [
        ("register.col.machine", "left", 2),
        *((f"oee.col.{factor}", "right", 1.2) for factor in _FACTORS),
        ("oee.col.oee", "right", 1.2),
        ("oee.col.days", "right", 1),
        ("oee.col.missing", "left", 2.4),
    ]
    evidence = facts.evidence(*(f"{row['stem']}.percent" for row in rows))
    return [
        heading(2, "oee.title"),
        para(key("oee.lead")),
        table("oee.caption", columns, [_oee(facts, row, names) for row in rows], evidence=evidence),
        *_oee_inputs(facts, rows, names),
        *oee_waterfalls(facts, rows),
    ]


def _oee_inputs(facts: Facts, rows: list[dict[str, Any]], names: dict[str, Any]) -> list[Block]:
    """Planned time and ideal rate of each machine, who told them, and by which document."""
    body: list[list[Inline]] = [
        [
            name(names.get(row["machine"]), row["machine"]),
            facts.figure(f"{row['stem']}.planned_h"),
            facts.figure(f"{row['stem']}.ideal_per_h"),
            key(f"class.{row['told']}"),
            _oee_told_by(row),
        ]
        for row in rows
        if "told" in row
    ]
    columns: list[Column] = [
        ("register.col.machine", "left", 2),
        ("oee.col.planned", "right", 1.2),
        ("oee.col.ideal", "right", 1.5),
        ("score.col.class", "left", 0.9),
        ("profile.col.documents", "left", 2),
    ]
    return [table("oee.inputs.caption", columns, body)] if body else []


def _oee_told_by(row: dict[str, Any]) -> Inline:
    documents: list[Inline] = [plain("; ".join(row["documents"]))] if row["documents"] else []
    if row.get("ideal_from") != "asset":
        return documents[0] if documents else plain("—")
    lines: Inline = {"t": "lines", "items": [*documents, key("oee.ideal_of_asset")]}
    return lines


def _oee(facts: Facts, row: dict[str, Any], names: dict[str, Any]) -> list[Inline]:
    stem = row["stem"]
    lacking: list[Inline] = [
        key("oee.lacks", factor=key(f"oee.col.{factor}"), reason=key(f"reason.{reason}"))
        for factor in _FACTORS
        if (reason := row["missing"].get(factor))
    ]
    missing: Inline = {"t": "join", "items": lacking}
    return [
        name(names.get(row["machine"]), row["machine"]),
        *(facts.figure(f"{stem}.{factor}") for factor in _FACTORS),
        facts.figure(f"{stem}.percent"),
        facts.figure(row["days"], unit=False),
        missing if lacking else key("cell.none"),
    ]


def readiness_blocks(facts: Facts) -> list[Block]:
    """The readiness of every site's data, part by part."""
    rows = facts.data.get("readiness") or []
    if not rows:
        return []
    sites = {each["id"]: both(each["name"]) for each in facts.data["case"].get("sites") or []}
    body = [
        [
            name(sites.get(row["site"]), row["site"]),
            facts.figure(f"readiness.{row['site']}.score", unit=False),
            *(facts.figure(f"readiness.{row['site']}.{part}", unit=False) for part in PARTS),
        ]
        for row in rows
    ]
    columns: list[Column] = [
        ("quality.readiness.col.site", "left", 1.3),
        ("readiness.col.score", "right", 1),
        *((f"readiness.part.{part}", "right", 1) for part in PARTS),
    ]
    evidence = facts.evidence(*(f"readiness.{row['site']}.score" for row in rows))
    return [
        heading(2, "quality.readiness.title"),
        para(key("quality.readiness.lead")),
        table("quality.readiness.caption", columns, body, evidence=evidence, compact=True),
    ]


def handling_blocks(facts: Facts) -> list[Block]:
    """How fast warnings were seen and ended, by severity."""
    rows = _data(facts).get("handling") or []
    if not rows:
        return []
    counted = facts.has(f"{rows[0]['stem']}.unread")  # not in snapshots from before attention was judged
    columns: list[Column] = [
        ("equipment.col.severity", "left", 1),
        ("handling.col.raised", "right", 0.8),
        ("handling.col.closed", "right", 1),
        *([_UNREAD] if counted else []),
        ("handling.col.acknowledged_median", "right", 1.3),
        ("handling.col.acknowledged_p90", "right", 1.3),
        ("handling.col.returned_median", "right", 1.3),
        ("handling.col.returned_p90", "right", 1.3),
    ]
    parts = ("acknowledged_median", "acknowledged_p90", "returned_median", "returned_p90")
    body = [
        [
            key("handling.all" if row["severity"] == "all" else f"severity.{row['severity']}"),
            facts.figure(f"{row['stem']}.raised"),
            facts.figure(f"{row['stem']}.closed_percent"),
            *([facts.figure(f"{row['stem']}.unread")] if counted else []),
            *(facts.figure(f"{row['stem']}.{part}") for part in parts),
        ]
        for row in rows
    ]
    evidence = facts.evidence("handling.all.raised")
    return [
        heading(2, "handling.title"),
        para(key("handling.lead")),
        *([para(key("dependable.handling.note"), style="small")] if counted else []),
        table("handling.caption", columns, body, evidence=evidence),
    ]


def output_blocks(facts: Facts) -> list[Block]:
    """Electricity for each unit of output."""
    rows = _data(facts).get("output_energy") or []
    if not rows:
        return []
    names = facts.machine_names()
    products = {each["id"]: both(each["name"]) for each in facts.data["case"].get("products") or []}
    body = [
        [
            name(names.get(row["machine"]), row["machine"])
            if row["machine"]
            else key("per_output.plant", product=name(products.get(row["product"]), row["product"])),
            facts.figure(row["figure"]),
        ]
        for row in rows
    ]
    columns: list[Column] = [("per_output.col.what", "left", 3), ("per_output.col.value", "right", 2)]
    evidence = facts.evidence(*(row["figure"] for row in rows))
    return [heading(2, "per_output.title"), table("per_output.caption", columns, body, evidence=evidence)]


def network_blocks(facts: Facts) -> list[Block]:
    """Reach of the plant's network and how each gateway's link did."""
    data = _data(facts).get("network")
    if data is None:
        return []
    blocks: list[Block] = [
        heading(2, "network.title"),
        para(
            key(
                "network.lead",
                reach=facts.figure("network.reach_percent"),
                lost=facts.figure("network.lost_percent"),
                late=facts.figure("network.late_percent"),
            ),
            evidence=facts.evidence("network.expected"),
        ),
    ]
    if data["gateways"]:
        blocks.append(_gateways(facts, data["gateways"]))
    if any("apart" in row for row in data["gateways"]):
        return [*blocks, *apart_blocks(facts, data["gateways"]), *posture_blocks(data["gateways"])]
    return [*blocks, para(key("network.note"), style="small")]


def _gateways(facts: Facts, gateways: list[dict[str, Any]]) -> Block:
    columns: list[Column] = [
        ("network.col.gateway", "left", 2),
        ("network.col.certificate", "left", 1.1),
        ("network.col.lost", "right", 1.1),
        ("network.col.late", "right", 1.1),
        ("network.col.delay", "right", 1.2),
        ("network.col.offset", "right", 1.2),
    ]
    rows: list[list[Inline]] = [
        [
            plain(row["gateway"]),
            key("verdict.unseen" if row["certificate"] is None else f"verdict.{'yes' if row['certificate'] else 'no'}"),
            *(
                facts.figure(f"{row['stem']}.{part}")
                for part in ("lost_percent", "late_percent", "delay_ms", "offset_ms")
            ),
        ]
        for row in gateways
    ]
    return table("network.caption", columns, rows)


def scene_fact_blocks(facts: Facts) -> list[Block]:
    """What the platform's own records prove of the scenes, and what is missing for the next level."""
    found = facts.data.get("scene_facts") or {}
    if not found:
        return []
    names = facts.item_names()
    ordered = [(each["id"], found[each["id"]]) for each in facts.data["framework"]["scenes"] if each["id"] in found]
    rows = [
        [
            name(names[scene]),
            plain(str(row["proved"])) if row["proved"] else key("cell.none"),
            _told(facts, scene),
            {"t": "lines", "items": [_fact(facts, which, fact) for which, fact in sorted(row["facts"].items())]},
            _list([key(f"fact.{which}") for which in row["missing"]]),
        ]
        for scene, row in ordered
    ]
    columns: list[Column] = [
        ("score.col.scene", "left", 1.2),
        ("scene_facts.col.proved", "right", 1),
        ("scene_facts.col.told", "left", 1.4),
        ("scene_facts.col.facts", "left", 3.4),
        ("scene_facts.col.missing", "left", 2),
    ]
    evidence = list(dict.fromkeys(each for _, row in ordered for each in row["evidence"]))
    return [
        heading(2, "scene_facts.title"),
        para(key("scene_facts.lead"), evidence=evidence),
        table("scene_facts.caption", columns, rows, compact=True),
    ]


def _told(facts: Facts, scene: str) -> Inline:
    answer = facts.data["scenes"].get(scene)
    if answer is None:
        return key("cell.none")
    level = plain(str(answer["level"]))
    if "high" in answer:
        return key("scene_facts.not_told")
    conflict = answer.get("conflict", "")
    return key(f"scene_facts.{conflict}", level=level) if conflict else level


def _fact(facts: Facts, which: str, fact: dict[str, Any]) -> Inline:
    if not fact["figure"]:
        return key("fact.unsupported", fact={"t": "maybe", "key": f"fact.{which}", "text": which})
    return key(
        "fact.line",
        fact=key(f"fact.{which}"),
        have=facts.figure(fact["figure"]),
        need=plain(fact["need"]),
        verdict=key(f"verdict.{fact['verdict']}"),
    )


def _list(items: list[Inline]) -> Inline:
    joined: Inline = {"t": "join", "items": items}
    return joined if items else key("cell.none")


def registry_blocks(facts: Facts) -> list[Block]:
    """The named indicators: what each needs and by which formulas it is made."""
    rows = [
        [
            key(f"indicator.{row['id']}"),
            _list([key(f"needs.{need}") for need in row["needs"]]),
            plain(", ".join(row["formulas"])),
        ]
        for row in _data(facts).get("registry") or []
    ]
    if not rows:
        return []
    columns: list[Column] = [
        ("registry.col.indicator", "left", 2),
        ("registry.col.needs", "left", 3),
        ("annex.col.formula", "left", 2.4),
    ]
    return [heading(2, "registry.title"), table("registry.caption", columns, rows, compact=True)]
