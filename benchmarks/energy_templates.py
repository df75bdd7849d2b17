"""What the packs' templates say of an energy fault: the product's own monitor with all bindings of the asset."""

from __future__ import annotations

from collections.abc import Mapping

from ovoo_contract.findings import Finding
from ovoo_models.monitor import AssetMonitor
from ovoo_models.train import fit
from ovoo_packs import load_pack
from ovoo_simulator.faults import Fault
from ovoo_simulator.history import training_columns
from ovoo_simulator.plants import create_plant
from ovoo_simulator.times import DAY_NS, HOUR_NS, MINUTE_NS

from benchmarks.energy_trial import AFTER_DAYS, BEFORE_DAYS, FAULT_DAYS, TRAINING_DAYS, Case, fault_of, start_of
from benchmarks.plant_trial import batch_of

__all__ = ["findings_of"]

_LATE_NS = 2 * HOUR_NS


def findings_of(case: Case, seed: int) -> tuple[Mapping[str, list[Finding]], list[Finding]]:
    """Energy findings by code that begin in the fault, and those without it; a row a minute, batches of a day."""
    plant, fault = create_plant(case.plant, seed=seed), fault_of(case, seed)
    start = start_of(seed) + TRAINING_DAYS * DAY_NS
    asset = plant.asset_address(case.asset)
    template = next(each for each in load_pack(plant.name).templates.values() if each.default_path == case.asset)
    history = training_columns(plant, TRAINING_DAYS, end_ns=start, step_ns=MINUTE_NS)[case.asset]
    monitor = AssetMonitor(fit(template, history, trained_by="energy_faults"), asset)
    latest: dict[str, Finding] = {}
    for day in range(BEFORE_DAYS + FAULT_DAYS + AFTER_DAYS):
        columns = plant.simulate(start + day * DAY_NS, MINUTE_NS, DAY_NS // MINUTE_NS, [fault])
        batch, index = batch_of(plant, columns, asset)
        latest |= {each.id: each for each in monitor.process(batch, index, 0).findings}
    energy = [each for each in latest.values() if each.code.startswith("energy.")]
    inside: dict[str, list[Finding]] = {}
    for each in energy:
        if _belongs(each, fault):
            inside.setdefault(each.code, []).append(each)
    return inside, [each for each in energy if not _belongs(each, fault)]


def _belongs(finding: Finding, fault: Fault) -> bool:
    return fault.start_ns <= finding.start_ns < fault.end_ns + _LATE_NS
