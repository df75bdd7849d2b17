"""The measures of a site from the evidence of a window, ranked; what the data does not give is named, not filled in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.measures import rank

from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import energy_contracts, energy_inputs, meter_trees, signals
from ovoo_cloud.catalogue.tables import AssetRecord, SignalRecord
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.boiler_measures import boiler_draft
from ovoo_cloud.energy.compressed_air import leak_draft, pressure_draft
from ovoo_cloud.energy.contract import Contract
from ovoo_cloud.energy.idle_ranking import IdleRanking, MachineStates, per_year, site_idle
from ovoo_cloud.energy.measure_lines import Case, Draft, ListedMeasure, listed_line
from ovoo_cloud.energy.measure_links import APPLIES
from ovoo_cloud.energy.tariff_measures import Billed, shaving_draft, shifting_drafts
from ovoo_cloud.energy.ventilation_measure import ventilation_draft
from ovoo_cloud.energy.window_reader import WindowReader
from ovoo_cloud.services import Services

__all__ = ["ListedMeasure", "MeasureList", "site_measure", "site_measures"]


@dataclass(frozen=True, slots=True)
class MeasureList:
    """All measures of a site over a window."""

    window: Window
    measures: tuple[ListedMeasure, ...]
    reference_only: bool


def site_measures(
    services: Services,
    scope: Scope,
    enterprise: str,
    site: str,
    start_ns: int,
    end_ns: int,
    *,
    by: Literal["yuan", "energy"] = "energy",
) -> MeasureList:
    """Every measure that the site's machines can have, the greatest saving first, insufficient evidence last.

    Raises:
        NotFound, Forbidden: outside the scope.
        BudgetExceeded: over 32 days.
    """
    idle = site_idle(services, scope, enterprise, site, start_ns, end_ns)
    with services.database.read() as session:
        given = energy_inputs.newest(session, scope, enterprise, site)
        tree = meter_trees.current_tree(session, scope, enterprise, site)
        assets = signals.assets(session, scope, enterprise, site)
        rows = signals.signals(session, scope, enterprise, site=site)
        terms = energy_contracts.contract_of(session, scope, enterprise, site)
        contract = None if terms is None else Contract.of(terms.terms)
    place = f"{enterprise}/{site}"
    meters = meter_trees.meters_in(tree) if tree else ()
    classes = {f"{place}/{each.signal}": each for each in meters if each.measured}
    plant = _Plant(
        Case(given, classes, place, idle.window), idle, tuple(assets), tuple(rows), contract,
        WindowReader(services, scope, enterprise, idle.window),
    )  # fmt: skip
    drafts = [*_idle_drafts(plant), *_machine_drafts(plant), *_site_drafts(plant)]
    network = ventilation_draft(services, scope, enterprise, site)
    found = [listed_line(each, plant.case) for each in (*drafts, *([] if network is None else [network]))]
    order = rank([each.measure for each in found], by)
    places = {id(measure): number for number, measure in enumerate(order)}
    ranked = sorted(found, key=lambda each: places[id(each.measure)])
    return MeasureList(idle.window, tuple(ranked), idle.reference_only)


def site_measure(found: MeasureList, kind: str, asset: str) -> ListedMeasure:
    """One line by measure and machine (area/line/asset, empty for the site); NotFound where the list has none."""
    for each in found.measures:
        if each.measure.kind.id == kind and each.asset == asset:
            return each
    raise absent(f"{kind} {asset}".strip())


@dataclass(frozen=True, slots=True)
class _Plant:
    """What the lines are made from."""

    case: Case
    idle: IdleRanking
    assets: tuple[AssetRecord, ...]
    rows: tuple[SignalRecord, ...]
    contract: Contract | None
    reader: WindowReader

    def signals_of(self, row: AssetRecord) -> Sequence[SignalRecord]:
        """Those of a machine."""
        return [each for each in self.rows if each.asset == row.path and each.measurement == "telemetry"]


def _idle_drafts(plant: _Plant) -> Iterator[Draft]:
    """Switching off; machines that never idle have nothing to switch off."""
    for machine in plant.idle.machines:
        waste = machine.waste
        if machine.verdict == "no_idle" or (machine.verdict == "told" and waste is not None and waste.kwh == 0):
            continue
        yield _idle_draft(machine, plant)


def _idle_draft(machine: MachineStates, plant: _Plant) -> Draft:
    draft = Draft("idle_switch_off", machine.row, samples=[machine.evidence], meters=machine.signals)
    waste, meter = machine.waste, plant.case.classes.get(machine.signals[0].address)
    draft.without_class = meter is None
    if waste is not None and waste.kwh > 0 and meter is not None:
        kwh = float(waste.kwh)
        draft.show("idle_energy", Estimate(kwh, meter.to_meter().sigma(kwh), "kWh"), machine.evidence)
        draft.price = None if waste.yuan is None else waste.yuan / waste.kwh
        draft.price_source, draft.per_year = plant.idle.price_source, per_year(machine)
    return draft


def _machine_drafts(plant: _Plant) -> Iterator[Draft]:
    """Measures of the kind of machine, as far as its signals go."""
    by_path = {each.row.path: each for each in plant.idle.machines}
    for row in plant.assets:
        machine, own = by_path.get(row.path), plant.signals_of(row)
        for kind in APPLIES.get(row.template, ()):
            if kind == "compressor_pressure":
                yield pressure_draft(row, own, machine, plant.idle, plant.reader, plant.case)
            elif kind == "leak_repair":
                yield leak_draft(row, own, machine, plant.idle, plant.reader, plant.case)
            else:
                yield boiler_draft(kind, row, own, machine, plant.idle, plant.reader, plant.case)


def _site_drafts(plant: _Plant) -> Iterator[Draft]:
    """Peak and price of the site's billing meter."""
    roots = (each for each in plant.case.classes.values() if each.carrier == "electricity" and each.parent is None)
    root = next(roots, None)
    by_address = {each.address: each for each in plant.rows}
    row = None if root is None else by_address.get(f"{plant.case.place}/{root.signal}")
    if root is None or row is None:
        return
    powers = {each.row.path: each.signals[0] for each in plant.idle.machines}
    billed = Billed.of(root, row, plant.contract, plant.assets, powers, plant.reader)
    yield shaving_draft(billed, plant.case, plant.reader, plant.idle.zone)
    yield from shifting_drafts(billed, plant.case, plant.reader)
