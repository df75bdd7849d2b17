"""Equipment health, and network and data security as far as the platform sees it."""

from __future__ import annotations

from typing import Any

from ovoo_models.episodes import TIMES_LIMIT

from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    chart,
    heading,
    key,
    measure,
    name,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.front import local_day
from ovoo_cloud.reports.sections.indicators import handling_blocks, network_blocks, oee_blocks, output_blocks

__all__ = ["equipment", "security"]

_MOST = 20


def equipment(facts: Facts) -> list[Block]:
    """Findings, the worst assets, and which models watched how long."""
    data = facts.data["equipment"]
    blocks: list[Block] = [
        heading(1, "equipment.title"),
        para(
            key(
                "equipment.lead",
                total=facts.figure("findings.total", unit=False),
                critical=facts.figure("findings.critical", unit=False),
                warning=facts.figure("findings.warning", unit=False),
                closed=facts.figure("findings.closed", unit=False),
            ),
            evidence=facts.evidence("findings.total"),
        ),
    ]
    if data["findings"]:
        blocks += [_timeline(facts), _pareto(facts), _ranking(facts), _findings(facts), *_pictures(facts)]
    if data["models"]:
        blocks += [heading(2, "models.title"), para(key("models.lead")), _models(facts)]
    else:
        blocks.append(para(key("models.none")))
    return [*blocks, *handling_blocks(facts), *oee_blocks(facts), *output_blocks(facts)]


def short(asset: str) -> str:
    """site/area/line/asset of a full asset address."""
    return asset.partition("/")[2]


def _label(facts: Facts, asset: str) -> Inline:
    for machine in facts.data["network"]:
        if machine["asset"] == asset:
            return name(machine["name"])
    return key("asset.unregistered", asset=plain(asset.rpartition("/")[2]))


def _timeline(facts: Facts) -> Block:
    data = facts.data["equipment"]
    window = facts.data["window"]
    rows = [
        {
            "label": _label(facts, each["asset"]),
            "marks": [
                {k: f[k] for k in ("start_ns", "end_ns", "severity")}
                for f in data["findings"]
                if f["asset"] == each["asset"]
            ],
        }
        for each in data["assets"][:12]
    ]
    return chart(
        "timeline",
        key("chart.timeline.caption"),
        {
            "rows": rows,
            "start_ns": window["start_ns"],
            "end_ns": window["end_ns"],
            "start": local_day(window["start_ns"], window["timezone"]),
            "end": local_day(window["end_ns"], window["timezone"], last=True),
        },
    )


def _pareto(facts: Facts) -> Block:
    """Findings by kind, most frequent first."""
    counts: dict[str, dict[str, int]] = {}
    for each in facts.data["equipment"]["findings"]:
        counts.setdefault(each["code"], dict.fromkeys(_RANK, 0))[each["severity"]] += 1
    rows = [
        {"label": {"t": "maybe", "key": f"finding.{code}", "text": code}, "total": sum(row.values()), **row}
        for code, row in sorted(counts.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    ]
    return chart("pareto", key("chart.pareto.caption"), {"rows": rows[:10]})


def _ranking(facts: Facts) -> Block:
    rows = [
        [
            plain(str(n)),
            _label(facts, each["asset"]),
            plain(short(each["asset"])),
            plain(str(each["critical"])),
            plain(str(each["warning"])),
            plain(str(each["info"])),
        ]
        for n, each in enumerate(facts.data["equipment"]["assets"][:_MOST], start=1)
    ]
    columns: list[Column] = [
        ("table.number", "left", 0.4),
        ("register.col.machine", "left", 2),
        ("register.col.asset", "left", 2.6),
        ("severity.critical", "right", 0.8),
        ("severity.warning", "right", 0.8),
        ("severity.info", "right", 0.8),
    ]
    return table("equipment.ranking", columns, rows)


_RANK = {"critical": 0, "warning": 1, "info": 2}


def _findings(facts: Facts) -> Block:
    found = sorted(
        facts.data["equipment"]["findings"], key=lambda f: (_RANK[f["severity"]], int(f["start_ns"]), f["id"])
    )
    zone = facts.data["window"]["timezone"]
    rows = [_finding(facts, each, zone) for each in found[:_MOST]]
    columns: list[Column] = [
        ("equipment.col.day", "left", 1.15),
        ("register.col.machine", "left", 1.6),
        ("equipment.col.what", "left", 2.6),
        ("equipment.col.severity", "left", 0.85),
        ("equipment.col.value", "right", 1.5),
        ("equipment.col.state", "left", 1.2),
        ("table.evidence", "left", 2.1),
    ]
    return table("equipment.findings", columns, rows, compact=True)


def _pictures(facts: Facts) -> list[Block]:
    """The worst findings as pictures, where the snapshot holds them."""
    data = facts.data["equipment"]
    evidence = {each["id"]: each["evidence"] for each in data["findings"]}
    zone = facts.data["window"]["timezone"]
    return [
        chart(
            "finding",
            key("chart.finding.caption", machine=_label(facts, picture["finding"]["asset"])),
            {**picture, "zone": zone},
            evidence=[evidence[picture["finding"]["id"]]],
        )
        for picture in data.get("pictures", ())
    ]


def _finding(facts: Facts, each: dict[str, Any], zone: str) -> list[Inline]:
    return [
        plain(local_day(each["start_ns"], zone)),
        _label(facts, each["asset"]),
        _what(each),
        key(f"severity.{each['severity']}"),
        measure(each["value"], each["uncertainty"], _unit(each)),
        key("finding.open" if each["open"] else "finding.closed"),
        plain(each["evidence"]),
    ]


def _unit(each: dict[str, Any]) -> str:
    """What the value counts in: a deviation is a multiple of its limit, a rate goes by the minute."""
    if each["code"] in TIMES_LIMIT:
        return "times_limit"
    return f"{each['unit']}/min" if each["code"] == "signal.rate" else str(each["unit"])


def _what(each: dict[str, Any]) -> Inline:
    what: Inline = {"t": "maybe", "key": f"finding.{each['code']}", "text": each["code"]}
    return key("finding.with_signal", what=what, signal=name(each["signal"])) if each["signal"] else what


def _models(facts: Facts) -> Block:
    rows = [
        [
            _label(facts, row["asset"]),
            {"t": "maybe", "key": f"model.{row['model'].partition('-')[0]}", "text": row["model"]},
            plain(row["model"]),
            facts.figure(row["figure"]),
        ]
        for row in facts.data["equipment"]["models"]
    ]
    columns: list[Column] = [
        ("register.col.machine", "left", 3),
        ("models.col.what", "left", 3),
        ("models.col.model", "left", 1.6),
        ("models.col.days", "right", 1),
    ]
    return table("models.caption", columns, rows)


def security(facts: Facts) -> list[Block]:
    """Facts the platform has seen; no grade, no certificate."""
    seen = facts.data["security"]

    def fact(value: bool | None) -> Inline:
        return key("verdict.unseen" if value is None else "verdict.yes" if value else "verdict.no")

    rows: list[list[Inline]] = [
        [key("security.gateways"), facts.figure("security.gateways", unit=False)],
        [key("security.gateways_tls"), facts.figure("security.gateways_tls", unit=False)],
        *(
            [[key("security.tls_percent"), facts.figure("security.tls_percent")]]
            if facts.has("security.tls_percent")
            else []
        ),
        [key("security.roles"), fact(seen["roles_enforced"])],
        [key("security.backup"), fact(seen["backup_restored"])],
    ]
    rows += [
        [key(f"security.signals_{cls}"), facts.figure(f"security.signals_{cls}", unit=False)]
        for cls in ("general", "important", "core")
    ]
    columns: list[Column] = [("security.col.fact", "left", 3), ("security.col.seen", "right", 1.4)]
    return [
        heading(1, "security.title"),
        para(key("security.lead")),
        table("security.caption", columns, rows),
        *network_blocks(facts),
    ]
