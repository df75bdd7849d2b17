"""A small coal mine in memory: smooth signals every five minutes, so that expected figures can be computed by hand."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from ovoo_cloud.diagnosis.case import Case, load_case
from ovoo_cloud.diagnosis.evidence import MemorySource, PlatformFacts
from ovoo_cloud.diagnosis.usage import Usage
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch
from ovoo_packs import instantiate, load_pack

EXAMPLE = Path(__file__).resolve().parents[3] / "cloud/ovoo_cloud/diagnosis/example_case.yaml"
STEP_NS = 300_000_000_000
Shape = Callable[[float], float]
"""Value of a signal `h` hours after the start of the window."""


def case() -> Case:
    """The case of the sample intake, for the caller to change."""
    return deepcopy(_read())


@cache
def _read() -> Case:
    return load_case(EXAMPLE)


def asset(path: str) -> AssetAddress:
    """An asset of the mine by site/area/line/asset."""
    return AssetAddress("heishan-coal", *path.split("/"))


def _day(h: float) -> float:
    return math.sin(2 * math.pi * h / 24)


def _wear(h: float) -> float:
    return 1 + 0.0001 * h


SHAPES: Mapping[str, Mapping[str, Shape]] = {
    "heishan/ventilation/main/fan1": {
        "flow": lambda h: 150 + 2 * _day(h),
        "static_pressure": lambda h: 2200 + 20 * _day(h),
        "power": lambda h: (430 + 8 * _day(h)) * (1.04 if int(h / 24) % 3 == 0 else 1.0),
        "bearing_temp": lambda h: 52 + 3 * _day(h),
    },
    "heishan/utilities/air/comp1": {
        "flow": lambda h: 0.0 if 2 <= h % 24 < 4 else 40 + 3 * _day(h),
        "power": lambda h: 70.0 if 2 <= h % 24 < 4 else (240 + 10 * _day(h)) * _wear(h),
        "pressure": lambda h: 0.72 + 0.01 * _day(h),
    },
    "heishan/drainage/main/pump1": {
        "flow": lambda h: 280 + 5 * _day(h),
        "head": lambda h: 310 + 2 * _day(h),
        "power": lambda h: 330 + 6 * _day(h),
    },
    "heishan/transport/main/belt1": {
        "load": lambda h: 0.0 if 6 <= h % 24 < 8 else 900 + 50 * _day(h),
        "power": lambda h: 90.0 if 6 <= h % 24 < 8 else 400 + 20 * _day(h),
    },
    "heishan/shaft/main/hoist1": {"power": lambda h: 500 + 30 * _day(h), "payload": lambda h: 20 + _day(h)},
    "heishan/utilities/power/meter1": {
        "power": lambda h: 2600 + 120 * _day(h),
        "energy": lambda h: 1_000_000 + 2600 * h + 120 * 24 / (2 * math.pi) * (1 - math.cos(2 * math.pi * h / 24)),
    },
    "heishan/face/return/gas1": {"methane": lambda h: 0.35 + 0.05 * _day(h), "co": lambda h: 6 + _day(h)},
}
_TEMPLATES = {
    "fan1": "main_fan",
    "comp1": "air_compressor",
    "pump1": "drainage_pump",
    "belt1": "belt_conveyor",
    "hoist1": "hoist",
    "meter1": "site_meter",
    "gas1": "gas_point",
}


_LIVING = frozenset({"bearing_temp", "head", "payload", "load", "co"})
"""Signals with a little noise, no figure rests on its digits: a real plant never repeats a day to the last of them."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Silence of one asset (or of every asset, with "*") for a part of the window, as fractions of it."""

    asset: str
    start: float
    end: float

    def hides(self, path: str, share: float) -> bool:
        """Whether a sample at `share` of the window is missing."""
        return self.asset in {path, "*"} and self.start <= share < self.end


def entries() -> list[SignalEntry]:
    """Catalogue of the signals that the mine delivers, one sample every five minutes."""
    templates = load_pack("coal_mine").templates
    wanted: list[SignalEntry] = []
    for path, signals in SHAPES.items():
        address = asset(path)
        made = {e.address.signal: e for e in instantiate(templates[_TEMPLATES[address.asset]], address)}
        wanted.extend(replace(made[name], period_s=300.0, uplink="raw") for name in signals)
    return wanted


def batches(start_ns: int, end_ns: int, cuts: Sequence[Cut] = (), *, living: bool = True) -> list[SampleBatch]:
    """One batch per signal; without `living` every day is the same, as the mine was before days were compared."""
    result = []
    for index, entry in enumerate(entries()):
        path = f"{entry.address.site}/{entry.address.asset_path}"
        own = [cut for cut in cuts if cut.asset in {path, "*"}]
        values = _values(path, entry.address.signal, start_ns, end_ns, living)
        times = array("q", range(start_ns, end_ns, STEP_NS))
        if own:
            length = end_ns - start_ns
            keep = [n for n, at in enumerate(times) if not any(c.hides(path, (at - start_ns) / length) for c in own)]
            times, values = array("q", [times[n] for n in keep]), array("d", [values[n] for n in keep])
        rows = len(times)
        result.append(SampleBatch(array("I", [index] * rows), times, values[:], array("I", bytes(4 * rows))))
    return result


@cache
def _values(path: str, signal: str, start_ns: int, end_ns: int, living: bool) -> array[float]:
    shape = SHAPES[path][signal]
    found = array("d", [round(shape((at - start_ns) / 3.6e12), 3) for at in range(start_ns, end_ns, STEP_NS)])
    if living and signal in _LIVING:
        noise = random.Random(f"{path}/{signal}")
        found = array("d", [round(each + 0.001 * noise.randint(-9, 9), 3) if each else each for each in found])
    return found


def shuffled(parts: Sequence[SampleBatch], seed: int) -> list[SampleBatch]:
    """The same rows in another order, cut into other batches."""
    whole = SampleBatch.concat(list(parts))
    rows = list(range(len(whole)))
    random.Random(seed).shuffle(rows)
    return [whole.take(array("q", rows[at : at + 5000])) for at in range(0, len(rows), 5000)]


def findings(start_ns: int) -> list[Finding]:
    """A few findings of known size."""
    day = 86_400_000_000_000
    rows = [
        ("anomaly.multivariate", "critical", "heishan/ventilation/main/fan1", 9, 6, 2.41, "1", None),
        ("energy.excess", "warning", "heishan/utilities/air/comp1", 14, 10, 620.0, "kWh", 110.0),
        ("energy.idle", "warning", "heishan/transport/main/belt1", 3, 1, 180.0, "kWh", 12.0),
        ("signal.flatline", "info", "heishan/face/return/gas1", 20, 0.5, None, "1", None),
        ("energy.idle", "warning", "heishan/transport/main/belt1", 25, 1, 176.0, "kWh", 12.0),
    ]
    return [
        Finding(
            code=code,
            severity=severity,  # type: ignore[arg-type]
            asset=asset(path),
            start_ns=start_ns + int(at * day),
            end_ns=start_ns + int((at + days) * day),
            value=value,
            unit=unit,
            uncertainty=spread,
            advice=f"advice.{code}",
            model="mewma" if severity == "critical" else "range",
            open=severity == "critical",
            detail={"signal_1": "bearing_temp"} if severity == "critical" else {"signal": "power"},
        )
        for code, severity, path, at, days, value, unit, spread in rows
    ]


def source(
    of: Case,
    cuts: Sequence[Cut] = (),
    *,
    shuffle: int | None = None,
    facts: PlatformFacts | None = None,
    usage: Usage | None = None,
    living: bool = True,
) -> MemorySource:
    """The mine's evidence over the window of the case."""
    parts = batches(of.start_ns, of.end_ns, cuts, living=living)
    listed = entries()
    return MemorySource(
        listed,
        parts if shuffle is None else shuffled(parts, shuffle),
        findings=findings(of.start_ns) if shuffle is None else findings(of.start_ns)[::-1],
        catalogue_ids=[Catalogue(listed).id],
        platform=facts or PlatformFacts(gateways=1, gateways_tls=1, roles_enforced=True),
        usage=usage,
    )
