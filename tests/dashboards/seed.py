"""Four known hours of three plants, written as the cloud writes it."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.line_protocol import LineEncoder
from ovoo_contract.quality import BAD, GOOD
from ovoo_contract.samples import SampleBatch
from ovoo_contract.schema import ROLE_FIELDS
from ovoo_dashboards.queries import SCALED_MODELS
from ovoo_packs import AssetTemplate, SignalTemplate, instantiate, load_pack, pack_names

MINUTES = 241
START_NS = 1_760_000_040_000_000_000
STEP_NS = 60_000_000_000
END_MS = (START_NS + (MINUTES - 1) * STEP_NS) // 1_000_000
START_MS = START_NS // 1_000_000
SITES = {"coal_mine": "heishan", "coal_chemical": "bayan", "dairy": "xilin"}
GATEWAYS = ("heishan-gw1", "bayan-gw1")
MODELS = (*SCALED_MODELS, "flat-power")
QUARTERLY = ("limit", "state", "energy_kwh", "power_kw", "cost", "carbon")
"""Figures that a gateway sends every quarter hour."""
MACHINE_MINUTES = ("energy_kwh", "idle_min", "idle_kwh", "drift_kw", "drift_band_kw", "drift_kwh", "specific")
"""Figures that the models tell of a machine each minute."""
ABSURD = 1e12
"""What bad samples, other sites and assets of similar names hold: no panel may show it."""
FIGURES = {
    "score": (0.0, 2.0), "limit": (4.0, 4.5), "state": (1.0, 5.0), "energy_kwh": (1.0, 2.0), "power_kw": (60.0, 120.0),
    "cost": (0.1, 0.2), "carbon": (0.5, 1.0), "backlog": (0.0, 40.0), "at_risk_s": (0.0, 2.0), "buffer_h": (70.0, 72.0),
    "cpu": (3.0, 9.0), "rss_mb": (80.0, 90.0), "offset_ms": (-5.0, 5.0),
    "last": (0.2, 0.8),
}  # fmt: skip


@dataclass(slots=True)
class Seed:
    """Line protocol and what it says: bounds of the good values by (site, asset, signal)."""

    lines: list[bytes] = field(default_factory=list)
    bounds: dict[tuple[str, str, str], tuple[float, float]] = field(default_factory=dict)
    samples: dict[str, int] = field(default_factory=dict)


def assets_of(template: AssetTemplate) -> tuple[str, str]:
    """Two assets of a template: the default one and a neighbour."""
    return template.default_path, template.default_path[:-1] + "2"


def make_seed() -> Seed:
    """Four hours at one-minute step: three sites, their scores and energy, two gateways, and decoys."""
    seed = Seed()
    for name in pack_names():
        for template in load_pack(name).templates.values():
            for asset in assets_of(template):
                _asset(seed, template, SITES[name], asset)
                _figures(seed, SITES[name], asset)
    fan = load_pack("coal_mine").template("main_fan")
    _asset(seed, fan, SITES["coal_mine"], "ventilation/main/fancy1", absurd=True)
    _asset(seed, fan, "elsewhere", fan.default_path, absurd=True)
    for gateway in GATEWAYS:
        _gateway(seed, gateway)
    return seed


def _address(site: str, asset: str) -> AssetAddress:
    return AssetAddress.parse(f"demo/{site}/{asset}")


def _asset(seed: Seed, template: AssetTemplate, site: str, asset: str, *, absurd: bool = False) -> None:
    catalogue = Catalogue(instantiate(template, _address(site, asset)))
    batch = SampleBatch.empty()
    for index, signal in enumerate(template.signals):
        values = [ABSURD if absurd else _value(signal, minute) for minute in range(MINUTES)]
        bad = [not absurd and (minute + index) % 7 == 3 for minute in range(MINUTES)]
        _append(batch, index, [ABSURD if wrong else value for value, wrong in zip(values, bad, strict=True)], bad)
        good = [value for value, wrong in zip(values, bad, strict=True) if not wrong]
        seed.bounds[site, asset, signal.name] = (min(good), max(good))
    seed.samples[site] = seed.samples.get(site, 0) + len(batch)
    seed.lines.append(LineEncoder(catalogue).encode(batch))


def _value(signal: SignalTemplate, minute: int) -> float:
    if signal.counter:
        return 1000.0 + 5.0 * minute
    if signal.type != "float":
        return float(minute // 10 % 2)
    assert signal.low is not None
    assert signal.high is not None
    return signal.low + (signal.high - signal.low) * (0.4 + 0.2 * math.sin(minute / 9))


def _append(batch: SampleBatch, index: int, values: list[float], bad: list[bool], step: int = 1) -> None:
    batch.signal.extend(array("I", [index] * len(values)))
    batch.time_ns.extend(array("q", (START_NS + minute * STEP_NS for minute in range(0, MINUTES, step))))
    batch.value.extend(array("d", values))
    batch.quality.extend(array("I", [BAD if wrong else GOOD for wrong in bad]))


def _figures(seed: Seed, site: str, asset: str) -> None:
    address = _address(site, asset)
    entries = [
        SignalEntry(
            address.signal(f"{model}-{name}"), "1", measurement="score", field=name, model=model
        )
        for model in MODELS
        for name in ROLE_FIELDS["score"]
    ]  # fmt: skip
    entries += [
        SignalEntry(address.signal(f"energy-{name}"), "1", measurement="energy", field=name, model="")
        for name in ROLE_FIELDS["energy"]
    ]
    entries += [
        SignalEntry(
            address.signal(f"machine-{name}"), "1", measurement="telemetry_1m", field="last", model=f"machine-{name}"
        )
        for name in MACHINE_MINUTES
    ]  # fmt: skip
    _write_figures(seed, entries)


def _gateway(seed: Seed, gateway: str) -> None:
    address = AssetAddress("demo", "heishan", "gateways", "edge", gateway)
    names = ROLE_FIELDS["gateway"]
    _write_figures(seed, [SignalEntry(address.signal(name), "1", measurement="gateway", field=name) for name in names])


def _write_figures(seed: Seed, entries: list[SignalEntry]) -> None:
    batch = SampleBatch.empty()
    for index, entry in enumerate(entries):
        low, high = FIGURES[entry.field]
        step = 15 if entry.field in QUARTERLY else 1
        values = [low + (high - low) * (0.5 + 0.5 * math.sin(minute / 5)) for minute in range(0, MINUTES, step)]
        _append(batch, index, values, [False] * len(values), step)
    seed.lines.append(LineEncoder(Catalogue(entries)).encode(batch))
