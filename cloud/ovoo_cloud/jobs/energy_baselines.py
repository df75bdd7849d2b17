"""The nightly look at baselines: challengers, the running saving, non-routine events, and intensities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from ovoo_contract.errors import OvooError

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_baselines, energy_intensities, energy_savings, enterprises
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline, EnergyFit, EnergyIntensity
from ovoo_cloud.energy.baseline_service import Refused, fit_baseline, prove_saving
from ovoo_cloud.energy.bill_baseline import is_of_bills
from ovoo_cloud.energy.intensity import compute_intensity, intensity_spec_from_data
from ovoo_cloud.energy.intervals import LONGEST_NS, day_starts
from ovoo_cloud.services import Services

__all__ = ["energy_baselines_job"]

_SCOPE: Final = Scope.system("energy_baselines")


def energy_baselines_job(
    services: Services, parameters: Mapping[str, Any], progress: Callable[[float], None]
) -> Mapping[str, Any]:
    """Refits a challenger of every signed baseline, proves the saving up to the last midnight, scans for events.

    One baseline that cannot be worked on does not stop the others: `refused` says which and why.
    """
    del parameters
    with services.database.read() as session:
        owners = [
            (row, found)
            for row in energy_baselines.every(session, _SCOPE)
            for found in [energy_baselines.champion(session, _SCOPE, row)]
            if found is not None and not is_of_bills(row.spec)  # bills come by hand, not by night
        ]
        specific = list(energy_intensities.every(session, _SCOPE))
    counts = {"baselines": len(owners), "challengers": 0, "savings": 0, "events": 0, "intensities": 0}
    refused: dict[str, str] = {}
    steps = max(len(owners) + len(specific), 1)
    for number, (owner, champion) in enumerate(owners):
        try:
            _baseline(services, owner, champion, counts, refused)
        except OvooError as error:
            refused[owner.id] = str(error)
        progress((number + 1) / steps)
    for number, row in enumerate(specific):
        try:
            _intensity(services, row)
            counts["intensities"] += 1
        except OvooError as error:
            refused[row.id] = str(error)
        progress((len(owners) + number + 1) / steps)
    return {**counts, "refused": refused}


def _baseline(
    services: Services, owner: EnergyBaseline, champion: EnergyFit, counts: dict[str, int], refused: dict[str, str]
) -> None:
    with services.database.read() as session:
        zone = ZoneInfo(enterprises.site(session, _SCOPE, owner.enterprise, owner.site).timezone)
    _, today_ns = day_starts(champion.end_ns, services.clock(), zone)
    length = champion.end_ns - champion.start_ns
    if today_ns - length > champion.start_ns:
        challenger = fit_baseline(services, _SCOPE, owner, today_ns - length, today_ns, role="challenger")
        counts["challengers"] += not challenger.outcome["refused"]
        if challenger.outcome["refused"]:
            refused[challenger.id] = challenger.outcome["refused"]
    if today_ns <= champion.end_ns:
        return
    start_ns = max(champion.end_ns, today_ns - LONGEST_NS)
    found = prove_saving(services, _SCOPE, owner, start_ns, today_ns, nightly=True)
    if isinstance(found, Refused):
        refused[owner.id] = found.reason
        return
    counts["savings"] += 1
    with services.database.read() as session:
        events = energy_savings.events(session, _SCOPE, owner)
    counts["events"] += sum(1 for row in events if row.state == "proposed")


def _intensity(services: Services, row: EnergyIntensity) -> None:
    spec = intensity_spec_from_data(row.spec)
    results = compute_intensity(services, _SCOPE, row.enterprise, row.site, spec)
    with services.database.write() as session:
        energy_intensities.keep_results(session, _SCOPE, row.id, results, services.clock())
