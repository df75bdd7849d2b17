"""What the demo proves: every sample emitted is stored exactly once, and which faults the models found."""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import findings as finding_rows
from ovoo_cloud.catalogue import signals as signal_rows
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import load_settings
from ovoo_cloud.stores.base import concat_columns
from ovoo_contract.address import Address
from ovoo_contract.findings import Finding
from ovoo_simulator.faults import Fault, FaultPlan
from ovoo_simulator.ledger import Ledger, Tally, tally
from ovoo_simulator.times import HOUR_NS

from scripts.demo.balance import balance, suppressed_by_gateway
from scripts.demo.place import PLANTS, DemoPlant, Place

_SUMS = ("emitted", "stored", "suppressed", "lost", "duplicated", "mismatched")
_TOLERANCE_NS = 2 * 3600 * 10**9
_LIVE_TOLERANCE_NS = 120 * 10**9


@dataclass(frozen=True, slots=True)
class Matching:
    """Faults with the findings that saw them, faults nobody saw, findings without a fault."""

    found: list[dict[str, Any]]
    missed: list[dict[str, Any]]
    false_alarms: list[dict[str, Any]]


def summarise(place: Place, live: bool, days: int) -> dict[str, Any]:
    """Reads the stopped cloud's store and catalogue and compares them with what the simulator says."""
    settings = load_settings(place.state / "cloud.toml", {})
    with build_services(settings) as services:
        plants = {plant.site: _plant(services, place, plant, live) for plant in PLANTS}
    totals = {key: sum(plant[key] for plant in plants.values()) for key in _SUMS}
    faults = sum(len(plant["faults_found"]) + len(plant["faults_missed"]) for plant in plants.values())
    found = sum(len(plant["faults_found"]) for plant in plants.values())
    false_alarms = sum(len(plant["false_alarms"]) for plant in plants.values())
    plant_weeks = sum(days + plant.earlier_days for plant in PLANTS) / 7
    return {
        **totals,
        "faults": faults,
        "faults_found": found,
        "found_share": round(found / faults, 3) if faults else 1.0,
        "false_alarms": false_alarms,
        "false_alarms_per_plant_week": round(false_alarms / plant_weeks, 3),
        "plants": plants,
    }


def _plant(services: Services, place: Place, plant: DemoPlant, live: bool) -> dict[str, Any]:
    parts = ["minutes", "seconds"] + (["live"] if live else [])
    emitted = functools.reduce(Ledger.merge, (Ledger.load(place.ledger(plant, part)) for part in parts))
    kept = suppressed_by_gateway(place.folder(plant) / "state" / "spool.db")
    books = balance(emitted, _stored(services, plant, emitted), kept)
    found = _findings(services, plant)
    past = FaultPlan.load(place.faults(plant, "history")).faults
    history = _match(found, past, _TOLERANCE_NS)
    triggered = _match(found, _live_faults(place, plant, past), _LIVE_TOLERANCE_NS) if live else Matching([], [], [])
    explained = {item["finding"] for fault in history.found + triggered.found for item in fault["findings"]}
    unexplained = [item for item in history.false_alarms if item["finding"] not in explained]
    return {
        **dataclasses.asdict(books),
        "faults_found": history.found + triggered.found,
        "faults_missed": history.missed + triggered.missed,
        "false_alarms": unexplained,
    }


def _stored(services: Services, plant: DemoPlant, emitted: Ledger) -> dict[str, Tally]:
    """Count and checksum per signal, read back sample by sample."""
    hours = [hour for found in emitted.tallies().values() for hour in found.hours]
    start_ns, end_ns = min(hours) * HOUR_NS, (max(hours) + 1) * HOUR_NS
    with services.database.read() as session:
        rows = signal_rows.signals(session, Scope.system(), plant.enterprise, measurement="telemetry")
    stored = {}
    for row in rows:
        pieces = [columns for _, columns in services.store.stream([Address.parse(row.address)], start_ns, end_ns)]
        whole = concat_columns(pieces)
        if len(whole):
            stored[row.address] = tally(whole.time_ns, whole.value, whole.quality)
    return stored


def _findings(services: Services, plant: DemoPlant) -> list[Finding]:
    """Everything of weight that the models said; notes are not alarms."""
    with services.database.read() as session:
        rows = finding_rows.findings(session, Scope.system(), enterprise=plant.enterprise, limit=10_000)
    return [found for found in map(finding_rows.finding_of, rows) if found.severity != "info"]


def _live_faults(place: Place, plant: DemoPlant, past: Sequence[Fault]) -> list[Fault]:
    """Those that began while one watched; the live plant's file starts with the past ones."""
    path = place.faults(plant, "live")
    return [fault for fault in FaultPlan.load(path).faults if fault not in past] if path.exists() else []


def _match(found: list[Finding], faults: Iterable[Fault], tolerance_ns: int) -> Matching:
    """A finding belongs to a fault of its machine whose time it touches, give or take the tolerance."""
    seen: list[dict[str, Any]] = []
    missed: list[dict[str, Any]] = []
    explained: set[str] = set()
    for fault in faults:
        about = [
            item
            for item in found
            if item.asset.path == fault.asset
            and item.start_ns < fault.end_ns + tolerance_ns
            and item.end_ns > fault.start_ns
        ]
        explained.update(item.id for item in about)
        entry = {"kind": fault.kind, "asset": fault.asset, "signal": fault.signal, "size": fault.size}
        entry |= {"start_ns": fault.start_ns, "end_ns": fault.end_ns}
        if about:
            delay_s = round((min(item.start_ns for item in about) - fault.start_ns) / 1e9)
            seen.append(entry | {"delay_s": delay_s, "findings": [_brief(item) for item in about]})
        else:
            missed.append(entry)
    return Matching(seen, missed, [_brief(item) for item in _alone(found, explained)])


def _alone(found: list[Finding], explained: set[str]) -> list[Finding]:
    """The first finding of each incident none of whose members a fault explains: what a person is told."""
    incidents: dict[str, list[Finding]] = {}
    for item in found:
        incidents.setdefault(str(item.detail.get("group", item.id)), []).append(item)
    false = [group for group in incidents.values() if all(item.id not in explained for item in group)]
    return [min(group, key=lambda item: (item.start_ns, item.id)) for group in false]


def _brief(item: Finding) -> dict[str, Any]:
    return {
        "finding": item.id,
        "code": item.code,
        "asset": item.asset.path,
        "model": item.model,
        "start_ns": item.start_ns,
        "end_ns": item.end_ns,
    }


def write(path: pathlib.Path, document: dict[str, Any]) -> None:
    """The summary as a file."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
