"""The measures of a site from the evidence of a window, ranked; what the data does not give is named, not filled in."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import numpy as np
from ovoo_contract.evidence import Evidence as Samples
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.measure_kinds import KINDS, kind_of
from ovoo_models.efficiency.measures import Chosen, Economics, Evidence, Measure, appraise, rank
from ovoo_models.efficiency.mv_plan import MvPlan, plan_for

from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import energy_inputs, meter_trees, signals
from ovoo_cloud.catalogue.energy_tables import EnergyInput
from ovoo_cloud.catalogue.tables import AssetRecord, SignalRecord
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.idle_ranking import IdleRanking, MachineStates, site_idle
from ovoo_cloud.energy.meter_balance import quarter_amounts
from ovoo_cloud.energy.meter_rows import SiteMeter
from ovoo_cloud.energy.window_reader import WindowReader
from ovoo_cloud.services import Services

__all__ = ["ListedMeasure", "MeasureList", "site_measure", "site_measures"]

_HOURS_A_YEAR: Final = 8766.0
_LEAST_HOURS: Final = 14 * 24.0
"""A window of less than 14 known days is not carried over to a year."""
_APPLIES: Final[Mapping[str, tuple[str, ...]]] = {
    "air_compressor": ("compressor_pressure", "leak_repair"),
    "asu_compressor": ("compressor_pressure",),
    "main_fan": ("fan_throttling",),
    "boiler": ("blowdown", "excess_oxygen", "condensate"),
    "steam_header": ("bare_pipe",),
}
"""Measures that a kind of machine can have beside switching it off."""
Given = Mapping[tuple[str, str], EnergyInput]


@dataclass(frozen=True, slots=True)
class ListedMeasure:
    """One line: the measure, its machine (None: the site), what was measured, and the samples behind its evidence ids.

    without_class: its power meter has no class in the meter tree, so its uncertainty is not known and it makes no
    evidence. decisions: chosen inputs that the case does not give.
    """

    measure: Measure
    row: AssetRecord | None
    measured: Mapping[str, Evidence]
    samples: tuple[Samples, ...]
    without_class: bool
    decisions: tuple[str, ...]

    @property
    def asset(self) -> str:
        """area/line/asset, empty for the site."""
        return "" if self.row is None else self.row.path.split("/", 2)[2]


@dataclass(frozen=True, slots=True)
class MeasureList:
    """All measures of a site over a window."""

    window: Window
    measures: tuple[ListedMeasure, ...]
    reference_only: bool


@dataclass(frozen=True, slots=True)
class _Case:
    """What is known of the site beside the samples."""

    given: Given
    classes: Mapping[str, SiteMeter]
    price_source: str

    def chosen(self, kind: str, asset: str) -> dict[str, Chosen]:
        """The decisions of a measure."""
        found = {}
        for name, each in kind_of(kind).inputs.items():
            row = self.given.get((asset, f"{kind}.{name}"))
            if each.chosen and row is not None:
                found[name] = Chosen(float(row.value), each.unit, row.source)
        return found

    def economics(self, kind: str, asset: str, price: Decimal | None, per_year: float | None) -> Economics:
        """Prices and costs as far as they are given."""
        low, high = (self.given.get((asset, f"{kind}.{name}")) for name in ("cost_low", "cost_high"))
        return Economics(
            price,
            self.price_source if price is not None else "",
            None if low is None else Decimal(low.value),
            None if high is None else Decimal(high.value),
            high.source if high else "",
            per_year,
        )

    def plan(self, kind: str, asset: str, meters: Sequence[SignalRecord]) -> MvPlan:
        """The plan as far as the parties filled it in."""

        def text(name: str) -> str:
            row = self.given.get((asset, f"{kind}.{name}"))
            return "" if row is None else row.value

        return dataclasses.replace(
            plan_for(kind_of(kind)),
            baseline_period=(text("baseline_start"), text("baseline_end")),
            reporting_period=(text("reporting_start"), text("reporting_end")),
            meters=tuple(each.address for each in meters),
            agreed=(text("agreed"),) if text("agreed") else (),
            coverage=float(text("coverage") or 0.0),
            greatest_share=float(text("greatest_share") or 0.0),
            responsible=text("responsible"),
        )


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
        rows = {row.address: row for row in signals.signals(session, scope, enterprise, site=site)}
    meters = meter_trees.meters_in(tree) if tree else ()
    classes = {f"{enterprise}/{site}/{each.signal}": each for each in meters if each.measured}
    case = _Case(given, classes, idle.price_source)
    reader = WindowReader(services, scope, enterprise, idle.window)
    found = [
        *(line for machine in idle.machines for line in _idle_lines(machine, case)),
        *_machine_lines(assets, idle, case),
        *_site_lines(meters, rows, f"{enterprise}/{site}", reader, case),
    ]
    order = rank([each.measure for each in found], by)
    places = {id(measure): place for place, measure in enumerate(order)}
    ranked = sorted(found, key=lambda each: places[id(each.measure)])
    return MeasureList(idle.window, tuple(ranked), idle.reference_only)


def site_measure(found: MeasureList, kind: str, asset: str) -> ListedMeasure:
    """One line by measure and machine (area/line/asset, empty for the site); NotFound where the list has none."""
    for each in found.measures:
        if each.measure.kind.id == kind and each.asset == asset:
            return each
    raise absent(f"{kind} {asset}".strip())


def _idle_lines(machine: MachineStates, case: _Case) -> Iterator[ListedMeasure]:
    """Switching off; machines that never idle have nothing to switch off."""
    waste = machine.waste
    if machine.verdict == "no_idle" or (machine.verdict == "told" and waste is not None and waste.kwh == 0):
        return
    meter = case.classes.get(machine.signals[0].address)
    evidence: dict[str, Evidence] = {}
    price, per_year = None, None
    if waste is not None and waste.kwh > 0 and meter is not None:
        kwh = float(waste.kwh)
        value = Estimate(kwh, meter.to_meter().sigma(kwh), "kWh")
        evidence["idle_energy"] = Evidence(value, machine.evidence.id)
        price = None if waste.yuan is None else waste.yuan / waste.kwh
        per_year = _per_year(machine)
    used, samples = machine.signals, (machine.evidence,)
    yield _line(
        "idle_switch_off", machine.row, evidence, case, price, per_year, used, samples, without_class=meter is None
    )


def _machine_lines(assets: Sequence[AssetRecord], idle: IdleRanking, case: _Case) -> Iterator[ListedMeasure]:
    """Measures of the kind of machine; the window gives loaded hours at most, the rest takes a test on the spot."""
    by_path = {each.row.path: each for each in idle.machines}
    for row in assets:
        for kind in _APPLIES.get(row.template, ()):
            machine = by_path.get(row.path)
            evidence: dict[str, Evidence] = {}
            if kind == "compressor_pressure" and machine is not None and machine.verdict in ("told", "no_idle"):
                evidence["loaded_hours"] = Evidence(_loaded_hours(machine), machine.evidence.id)
            used = machine.signals if machine and evidence else ()
            samples = (machine.evidence,) if machine and evidence else ()
            yield _line(kind, row, evidence, case, None, None, used, samples)


def _site_lines(
    meters: Sequence[SiteMeter], rows: Mapping[str, SignalRecord], place: str, reader: WindowReader, case: _Case
) -> Iterator[ListedMeasure]:
    """The peak of the site's meter; what can be shed or shifted no meter tells."""
    root = next((each for each in meters if each.carrier == "electricity" and each.parent is None), None)
    row = None if root is None else rows.get(f"{place}/{root.signal}")
    if root is None or row is None:
        return
    amounts = quarter_amounts(root, row, reader)
    evidence: dict[str, Evidence] = {}
    samples = reader.evidence((row,), "greatest mean power of a quarter hour", ("demand.peak/1",))
    if not np.isnan(amounts).all():
        peak = 4.0 * float(np.nanmax(amounts))
        evidence["peak_power"] = Evidence(Estimate(peak, root.to_meter().sigma(peak), "kW"), samples.id)
    yield _line("demand_shaving", None, evidence, case, None, None, (row,), (samples,))
    yield _line("load_shifting", None, {}, case, None, None, (row,), ())


def _line(
    kind: str,
    row: AssetRecord | None,
    evidence: Mapping[str, Evidence],
    case: _Case,
    price: Decimal | None,
    per_year: float | None,
    meters: Sequence[SignalRecord],
    samples: tuple[Samples, ...],
    *,
    without_class: bool = False,
) -> ListedMeasure:
    asset = "" if row is None else row.path
    money = case.economics(kind, asset, price, per_year)
    measure = appraise(kind, asset, evidence, case.chosen(kind, asset), money, case.plan(kind, asset, meters))
    decisions = tuple(name for name in measure.missing if KINDS[kind].inputs[name].chosen)
    shown = tuple(each for each in samples if each.id in measure.evidence_ids or not measure.evidence_ids)
    return ListedMeasure(measure, row, evidence, shown, without_class, decisions)


def _per_year(machine: MachineStates) -> float | None:
    known = math.fsum(minutes for state, minutes in machine.minutes.items() if state != "unknown") / 60.0
    return _HOURS_A_YEAR / known if known >= _LEAST_HOURS else None


def _loaded_hours(machine: MachineStates) -> Estimate:
    """Each change of state lies somewhere in its minute: a rectangle of one minute for each."""
    changes = max(len(machine.spells) - 1, 1)
    return Estimate(machine.minutes["load"] / 60.0, math.sqrt(changes / 12.0) / 60.0, "h")
