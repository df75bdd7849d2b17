"""A mine with as many machines as wanted: the sample case with belts added, a sample every quarter of an hour."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources

import yaml
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.evidence import MemorySource, PlatformFacts
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch
from ovoo_packs import instantiate, load_pack

__all__ = ["large_mine"]

_STEP_NS = 900_000_000_000
_DAY_NS = 86_400_000_000_000
_METER = "heishan/utilities/power/meter1"


def large_mine(machines: int) -> tuple[Case, MemorySource]:
    """The case and its evidence; belts stop for some hours a day, and every third one has a finding."""
    case = parse_case(_intake(machines))
    entries, batches = [], []
    for number, (entry, values) in enumerate(_signals(case, machines)):
        times = array("q", range(case.start_ns, case.end_ns, _STEP_NS))
        batches.append(SampleBatch(array("I", [number] * len(times)), times, values, array("I", bytes(4 * len(times)))))
        entries.append(entry)
    source = MemorySource(
        entries,
        batches,
        findings=list(_findings(case, machines)),
        catalogue_ids=[Catalogue(entries).id],
        platform=PlatformFacts(gateways=3, gateways_tls=3, roles_enforced=True),
    )
    return case, source


def _intake(machines: int) -> dict[str, object]:
    text = resources.files("ovoo_cloud.diagnosis").joinpath("example_case.yaml").read_text(encoding="utf-8")
    data: dict[str, object] = json.loads(json.dumps(yaml.load(text, yaml.BaseLoader)))
    data["equipment"] = [
        {
            "id": f"belt{n}",
            "name": {"zh": f"{n} 号带式输送机", "en": f"Belt conveyor {n}"},
            "asset": _path(n),
            "template": "belt_conveyor",
            "digital": "true",
            "links": ["production", "equipment", "energy"],
            "class": "verified",
            "evidence": ["设备台账2026.xlsx"],
        }
        for n in range(1, machines + 1)
    ]
    return data


def _path(n: int) -> str:
    return f"heishan/transport/line{(n - 1) // 10 + 1}/belt{n}"


def _signals(case: Case, machines: int) -> Iterator[tuple[SignalEntry, array[float]]]:
    templates = load_pack("coal_mine").templates
    hours = [(at - case.start_ns) / 3.6e12 for at in range(case.start_ns, case.end_ns, _STEP_NS)]
    site = AssetAddress("heishan-coal", *_METER.split("/"))
    for entry in instantiate(templates["site_meter"], site):
        if entry.address.signal == "power":
            yield _raw(entry), array("d", [90.0 * machines + 40 * math.sin(h / 4) for h in hours])
    for n in range(1, machines + 1):
        for entry in instantiate(templates["belt_conveyor"], AssetAddress("heishan-coal", *_path(n).split("/"))):
            if entry.address.signal in ("power", "load"):
                full = 80.0 if entry.address.signal == "power" else 600.0
                idle = 18.0 if entry.address.signal == "power" else 0.0
                shape = [idle if (h + n) % 24 < 4 else full * (1 + 0.05 * math.sin(h / 3 + n)) for h in hours]
                yield _raw(entry), array("d", shape)


def _raw(entry: SignalEntry) -> SignalEntry:
    return replace(entry, period_s=900.0, uplink="raw")


def _findings(case: Case, machines: int) -> Iterator[Finding]:
    for n in range(1, machines + 1, 3):
        start_ns = case.start_ns + (n % 30) * _DAY_NS
        yield Finding(
            code="energy.idle" if n % 2 else "anomaly.multivariate",
            severity="warning" if n % 2 else "critical",
            asset=AssetAddress("heishan-coal", *_path(n).split("/")),
            start_ns=start_ns,
            end_ns=start_ns + _DAY_NS // 8,
            value=40.0 + n if n % 2 else 2.5,
            unit="kWh" if n % 2 else "1",
            uncertainty=2.0 if n % 2 else None,
            advice="advice.energy.idle" if n % 2 else "advice.anomaly.multivariate",
            model="idle_running" if n % 2 else "mewma",
            open=False,
            detail={"signal": "power"} if n % 2 else {"signal_1": "power"},
        )
