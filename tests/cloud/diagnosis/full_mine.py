"""The sample mine with everything a case may tell: operation, output by time, prices, corrections, plan of actions."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Sequence
from functools import cache
from typing import Any

import yaml
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.evidence import MemorySource, PlatformFacts
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch

from tests.cloud.diagnosis import mine
from tests.cloud.diagnosis.mine import Cut

BELT = "heishan/transport/main/belt1"
COUNTERS = {"output": 0.14, "good": 0.1344}
"""Signals added to the belt: tonnes of coal and of coal that passed, for each tonne that the belt moves."""
MODELS = (("mewma", "score"), ("baseline", "score"), ("idle", "score"))


def intake(**changes: Any) -> dict[str, Any]:
    """The example intake as plain data with every further section."""
    data: dict[str, Any] = json.loads(_example())
    data["products"][0]["measured"] = {"asset": BELT, "signal": "output", "kind": "counter"}
    data["operation"] = {
        "machines": [
            {
                "machine": "belt1",
                "planned_h": "900",
                "ideal_per_h": "140",
                "output": {"signal": "output", "kind": "counter"},
                "good": {"signal": "good", "kind": "counter"},
                "class": "verified",
                "evidence": ["设备铭牌.jpg"],
            },
            {"machine": "comp1", "planned_h": "840", "class": "declared"},
        ]
    }
    data["energy"]["complete"] = "true"
    data["energy"]["norm"]["corrections"] = [{"name": "total", "factor": "1.35", "document": "限额修正计算书.pdf"}]
    data["energy"]["tariff"] = {
        "document": "购电合同2026.pdf",
        "fictitious": "true",
        "prices": {
            "super_peak": "0.92",
            "peak": "0.78",
            "flat": "0.52",
            "valley": "0.31",
            "deep_valley": "0.25",
        },
    }
    data["plan"] = [
        {
            "action": "idle",
            "responsible": "机电科 王工",
            "due": "2026-09-30",
            "kpi": "空转电量降 60 %",
            "budget_low_yuan": "12000",
            "budget_high_yuan": "18000",
            "class": "declared",
            "evidence": ["报价单A.pdf"],
        },
        {"action": "fan_pump", "responsible": "通风科"},
    ]
    return data | changes


@cache
def _example() -> str:
    return json.dumps(yaml.load(mine.EXAMPLE.read_text(encoding="utf-8"), yaml.BaseLoader))


def case(**changes: Any) -> Case:
    """The case of `intake`."""
    return parse_case(intake(**changes))


def source(
    of: Case,
    cuts: tuple[Cut, ...] = (),
    *,
    facts: PlatformFacts | None = None,
    findings: Sequence[Finding] | None = None,
) -> MemorySource:
    """The sample mine's evidence with counters of the belt and the scores of three models."""
    entries, parts = mine.entries(), mine.batches(of.start_ns, of.end_ns, cuts)
    for entry, values in _added(of):
        times = array("q", range(of.start_ns, of.end_ns, mine.STEP_NS))
        keep = [n for n, at in enumerate(times) if not any(cut.hides(BELT, _share(of, at)) for cut in cuts)]
        rows = len(keep)
        parts.append(
            SampleBatch(
                array("I", [len(entries)] * rows),
                array("q", [times[n] for n in keep]),
                array("d", [values[n] for n in keep]),
                array("I", bytes(4 * rows)),
            )
        )
        entries.append(entry)
    return MemorySource(
        entries,
        parts,
        findings=mine.findings(of.start_ns) if findings is None else findings,
        catalogue_ids=[Catalogue(entries).id],
        platform=facts or PlatformFacts(gateways=2, gateways_tls=1, roles_enforced=True),
    )


def _share(of: Case, at: int) -> float:
    return (at - of.start_ns) / (of.end_ns - of.start_ns)


def _added(of: Case) -> list[tuple[SignalEntry, array[float]]]:
    hours = [(at - of.start_ns) / 3.6e12 for at in range(of.start_ns, of.end_ns, mine.STEP_NS)]
    step_h = mine.STEP_NS / 3.6e12
    made, total = array("d"), 0.0
    for h in hours:
        made.append(total)
        slow = 0.8 if 168 <= h < 336 else 1.0  # the second week ran slower
        total += step_h * slow * mine.SHAPES[BELT]["load"](h)
    belt = mine.asset(BELT)
    found = [(_entry(belt, name), array("d", [share * each for each in made])) for name, share in COUNTERS.items()]
    fan = mine.asset("heishan/ventilation/main/fan1")
    for model, field in MODELS:
        entry = SignalEntry(
            fan.signal(f"{model}-{field}"), "1", period_s=300.0, measurement="score", field=field, model=model
        )
        found.append((entry, array("d", [0.5 + 0.1 * math.sin(h) for h in hours])))
    return found


def _entry(asset: AssetAddress, name: str) -> SignalEntry:
    names = {"output": ("过煤量", "Coal carried"), "good": ("合格煤量", "Coal passed")}[name]
    return SignalEntry(asset.signal(name), "t", period_s=300.0, name_zh=names[0], name_en=names[1])
