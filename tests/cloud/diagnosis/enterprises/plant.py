"""Evidence of a fictitious enterprise: one signal a machine, every five minutes, and a meter nobody counts."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_contract.address import Address
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.samples import SampleBatch

FOLDER = Path(__file__).parent
STEP_NS = 300_000_000_000
_SHARES = {"full": 1.0, "stuck": 1.0, "half": 0.5, "blind": 0.75}


def stories() -> list[Path]:
    """The files, in order."""
    return sorted(FOLDER.glob("*.yaml"))


def read(path: Path) -> dict[str, Any]:
    """A file with every scalar as text, as an intake has it."""
    data: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return data


def case_of(data: Mapping[str, Any]) -> Case:
    """The case of a file."""
    return parse_case(data["case"])


def source_of(case: Case, telemetry: Mapping[str, str]) -> MemorySource:
    """`full` delivers always, `stuck` the same value always, `half` until the middle; where one is `blind`, the whole
    platform saw nothing in the last quarter. The meter `watch` shows that it was the machine that was silent."""
    entries: list[SignalEntry] = []
    batches: list[SampleBatch] = []
    cut = "blind" if "blind" in telemetry.values() else "full"
    for name, state in {**telemetry, "watch": cut}.items():
        entries.append(SignalEntry(Address.parse(f"{case.enterprise}/works/a/l/{name}/power"), "kW", period_s=300.0))
        times = array("q", range(case.start_ns, case.end_ns, STEP_NS))
        times = times[: int(len(times) * _SHARES[state])]
        values = array("d", [7.0 if state == "stuck" else 100 + 10 * math.sin(n / 40) for n in range(len(times))])
        rows = len(times)
        batches.append(SampleBatch(array("I", [len(batches)] * rows), times, values, array("I", bytes(4 * rows))))
    return MemorySource(entries, batches)
