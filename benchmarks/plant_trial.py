"""One trial of a simulated plant: train on normal weeks, score weeks with known faults, compare; no servers.

The models are those that the packs bind to each asset, fitted as `ovoo-models train` does and run by the product's own
`AssetMonitor` in batches of a day. The season differs from seed to seed, and so do the plant's noise and its faults.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ovoo_contract.address import AssetAddress
from ovoo_contract.findings import Finding
from ovoo_contract.quality import GOOD
from ovoo_contract.samples import SampleBatch
from ovoo_models.artifact import ModelSet
from ovoo_models.monitor import AssetMonitor
from ovoo_models.train import fit
from ovoo_packs import load_pack
from ovoo_simulator.faults import Fault, FaultPlan, FaultWindow
from ovoo_simulator.history import training_columns
from ovoo_simulator.plants import DEFAULT_ORIGIN_NS, Plant, PlantColumns, create_plant
from ovoo_simulator.times import DAY_NS, HOUR_NS, SECOND_NS, local_midnight_ns

__all__ = ["FalseFinding", "Outcome", "Trial", "batch_of", "judge", "run_trial"]

_SEASON_DAYS = 37
"""Days by which a seed begins later in the year than the one before it; has no factor in common with 365."""
_TOLERANCE_NS = 2 * HOUR_NS
"""How long after a repair a finding still belongs to the fault."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is run: plant, seed of its noise and faults, lengths in days, distance of samples in seconds."""

    plant: str
    seed: int
    training_days: int
    scored_days: int
    step_s: int

    @property
    def start_ns(self) -> int:
        """Where training ends and scoring begins: a local midnight."""
        return local_midnight_ns(DEFAULT_ORIGIN_NS + (60 + self.seed * _SEASON_DAYS % 365) * DAY_NS)

    @property
    def end_ns(self) -> int:
        """Where scoring ends."""
        return self.start_ns + self.scored_days * DAY_NS


@dataclass(frozen=True, slots=True)
class FalseFinding:
    """A finding that no fault explains.

    Attributes:
        asset, code, model: of the finding.
        day: days after the start of scoring.
        hours: length.
        signals: what it names, and with which share.
        nearby: kinds of the faults that were on somewhere else in the plant.
    """

    asset: str
    code: str
    model: str
    day: float
    hours: float
    signals: str
    nearby: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial found.

    Attributes:
        trial: what was run.
        faults: every fault with the seconds until its first finding was told; None where nothing was found.
        false: findings that belong to no fault.
        signals: signals that are watched.
        scored_rows: rows of all assets.
    """

    trial: Trial
    faults: tuple[tuple[Fault, float | None], ...]
    false: tuple[FalseFinding, ...]
    signals: int
    scored_rows: int


def run_trial(trial: Trial) -> Outcome:
    """Trains and scores one plant; a pure function of `trial`."""
    plant = create_plant(trial.plant, seed=trial.seed)
    monitors = {path: AssetMonitor(models, plant.asset_address(path)) for path, models in _trained(plant, trial)}
    window = FaultWindow(trial.start_ns, trial.end_ns)
    faults = FaultPlan.draw(trial.seed, plant, window).faults
    latest: dict[str, Finding] = {}
    told_ns: dict[str, int] = {}
    rows = 0
    for columns in _days(plant, trial, faults):
        for path, monitor in monitors.items():
            batch, index = batch_of(plant, columns, plant.asset_address(path))
            rows += len(columns.time_ns)
            _note(monitor.process(batch, index, 0).findings, latest, told_ns)
    for monitor in monitors.values():
        _note(monitor.flush(trial.end_ns, 0).findings, latest, told_ns)
    signals = sum(len(monitor.model_set.signals) for monitor in monitors.values())
    counted = [each for each in latest.values() if each.severity != "info"]
    seen, false = judge(counted, faults, told_ns)
    unexplained = tuple(_false(each, trial, faults) for each in _firsts(false, counted))
    return Outcome(trial, tuple(seen), unexplained, signals, rows)


def judge(
    findings: Sequence[Finding], faults: Sequence[Fault], told_ns: Mapping[str, int]
) -> tuple[list[tuple[Fault, float | None]], list[Finding]]:
    """Each fault with its delay in seconds (None: missed), and the findings that no fault explains.

    The delay ends when a finding is first told (`told_ns` by id), which is later than its window begins; a fault whose
    finding is told after the repair is missed.
    A finding belongs to a fault of its own asset when it begins between the onset and two hours after the repair.
    One that began before the onset is false, however far it reaches.
    """
    seen: list[tuple[Fault, float | None]] = []
    explained: set[str] = set()
    for fault in faults:
        about = [
            each
            for each in findings
            if each.asset.path == fault.asset and fault.start_ns <= each.start_ns < fault.end_ns + _TOLERANCE_NS
        ]
        explained.update(each.id for each in about)
        during = [told_ns[each.id] for each in about if told_ns[each.id] < fault.end_ns]
        seen.append((fault, (min(during) - fault.start_ns) / SECOND_NS if during else None))
    return seen, [each for each in findings if each.id not in explained]


def _note(found: Sequence[Finding], latest: dict[str, Finding], told_ns: dict[str, int]) -> None:
    """Keeps the newest version of each finding and when it was first told: the end of its first version."""
    for each in found:
        latest[each.id] = each
        told_ns.setdefault(each.id, each.end_ns)


def _firsts(false: Sequence[Finding], findings: Sequence[Finding]) -> list[Finding]:
    """One finding for each group none of whose members a fault explains: what a person is told."""
    unexplained = {each.id for each in false}
    groups: dict[str, list[Finding]] = {}
    for each in findings:
        groups.setdefault(str(each.detail.get("group", each.id)), []).append(each)
    alone = [group for group in groups.values() if all(each.id in unexplained for each in group)]
    return sorted((min(group, key=lambda each: (each.start_ns, each.id)) for group in alone), key=lambda e: e.start_ns)


def _trained(plant: Plant, trial: Trial) -> Iterator[tuple[str, ModelSet]]:
    templates = {each.default_path: each for each in load_pack(plant.name).templates.values()}
    history = training_columns(plant, trial.training_days, end_ns=trial.start_ns, step_ns=trial.step_s * SECOND_NS)
    for path, columns in history.items():
        if templates[path].models:
            yield path, fit(templates[path], columns, trained_by="simulator_faults")


def _days(plant: Plant, trial: Trial, faults: Sequence[Fault]) -> Iterator[PlantColumns]:
    step_ns = trial.step_s * SECOND_NS
    for start_ns in range(trial.start_ns, trial.end_ns, DAY_NS):
        yield plant.simulate(start_ns, step_ns, DAY_NS // step_ns, faults)


def batch_of(plant: Plant, columns: PlantColumns, asset: AssetAddress) -> tuple[SampleBatch, Mapping[str, int]]:
    """The asset's samples of a day, sorted by (signal, time), silent ones left out; and where each signal stands."""
    batch, index = SampleBatch.empty(), {}
    for row, entry in enumerate(plant.entries):
        if entry.address.asset_address != asset:
            continue
        keep = columns.quality[row] == GOOD
        count = int(np.count_nonzero(keep))
        index[entry.address.signal] = row
        batch.signal.extend(array("I", [row]) * count)
        batch.time_ns.frombytes(columns.time_ns[keep].tobytes())
        batch.value.frombytes(columns.value[row, keep].tobytes())
        batch.quality.frombytes(columns.quality[row, keep].tobytes())
    return batch, index


def _false(finding: Finding, trial: Trial, faults: Sequence[Fault]) -> FalseFinding:
    signals = ", ".join(f"{name} {value}" for name, value in finding.detail.items() if name.startswith(("sig", "sha")))
    return FalseFinding(
        finding.asset.path,
        finding.code,
        finding.model,
        (finding.start_ns - trial.start_ns) / DAY_NS,
        (finding.end_ns - finding.start_ns) / HOUR_NS,
        signals,
        _nearby(finding, faults),
    )


def _nearby(finding: Finding, faults: Sequence[Fault]) -> tuple[str, ...]:
    kinds = {
        fault.kind
        for fault in faults
        if fault.asset != finding.asset.path
        and fault.start_ns < finding.end_ns
        and finding.start_ns < fault.end_ns + _TOLERANCE_NS
    }
    return tuple(sorted(kinds))
