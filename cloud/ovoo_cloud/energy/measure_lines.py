"""Lines of the list of measures: what signals show, what a person read or decided, and why something is not known."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.evidence import Evidence as Samples
from ovoo_contract.evidence import EvidenceDescriptor
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.measure_kinds import KINDS, kind_of
from ovoo_models.efficiency.measures import Chosen, Economics, Evidence, Measure, appraise
from ovoo_models.efficiency.mv_plan import MvPlan, plan_for

from ovoo_cloud.catalogue.energy_tables import EnergyInput
from ovoo_cloud.catalogue.spot_reading import SpotReading, spot_unit
from ovoo_cloud.catalogue.tables import AssetRecord, SignalRecord
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.idle_ranking import HOURS_A_YEAR, LEAST_HOURS
from ovoo_cloud.energy.meter_rows import SiteMeter

__all__ = ["DETAILS", "REASONS", "Case", "Detail", "Draft", "Given", "ListedMeasure", "Refused", "listed_line"]

REASONS: Final = (
    "no_states", "no_pressure_signal", "pressure_too_few", "pressure_hardly_varied", "pressure_sign",
    "quiet_hours_not_given", "leak_too_few_nights", "leak_flow_hardly_varied", "leak_not_quiet", "leak_sign",
    "without_class", "machine_unread", "nothing_may_move", "too_few_days", "does_not_fit", "no_contract",
    "no_price_by_hour", "flow_without_class", "sparse", "vent_not_converged", "vent_no_least_air", "vent_short_of_air",
    "vent_no_fan", "vent_nothing_to_move", "vent_too_large", "vent_no_efficiency", "vent_no_error",
)  # fmt: skip
"""Why an input cannot be told."""
DETAILS: Final = (
    "pressure_span", "load_minutes", "independent_minutes", "quiet_nights", "quiet_load_share", "leak_flow",
    "marginal_power", "shave_quarters", "shave_days", "whole_days", "moved_energy", "energy_change", "carbon_change",
    "moves",
)  # fmt: skip
"""Figures that stand behind a saving."""
_HOUR_NS: Final = 3_600_000_000_000
Given = Mapping[tuple[str, str], EnergyInput]


@dataclass(frozen=True, slots=True)
class Refused:
    """An input that the data cannot give, and why: one of `REASONS`, with the figure that says so (NaN: none)."""

    name: str
    reason: str
    value: float = math.nan
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """A figure that stands behind the saving; its name is one of `DETAILS`."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class ListedMeasure:
    """One line: the measure, its machine (None: the site), what was measured, and the samples behind its evidence ids.

    without_class: its power meter has no class in the meter tree, so its uncertainty is not known and it makes no
    evidence. decisions: chosen inputs that the case does not give. read: inputs that a person read with an instrument.
    """

    measure: Measure
    row: AssetRecord | None
    measured: Mapping[str, Evidence]
    samples: tuple[Samples, ...]
    without_class: bool
    decisions: tuple[str, ...]
    read: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    details: tuple[Detail, ...] = ()

    @property
    def asset(self) -> str:
        """area/line/asset, empty for the site."""
        return "" if self.row is None else self.row.path.split("/", 2)[2]

    def why(self, name: str) -> Refused | None:
        """Why an input is missing, where more is known than that it is."""
        return next((each for each in self.refused if each.name == name), None)


@dataclass(slots=True)
class Draft:
    """A line in the making: what signals show, and the price and time that turn its saving into yuan a year."""

    kind: str
    row: AssetRecord | None = None
    evidence: dict[str, Evidence] = field(default_factory=dict)
    samples: list[Samples] = field(default_factory=list)
    meters: Sequence[SignalRecord] = ()
    price: Decimal | None = None
    price_source: str = ""
    per_year: float | None = None
    without_class: bool = False
    refused: list[Refused] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    chosen: dict[str, Chosen] = field(default_factory=dict)

    def show(self, name: str, value: Estimate, samples: Samples) -> None:
        """Takes an input with the samples it stands on."""
        self.evidence[name] = Evidence(value, samples.id)
        if samples.id not in {each.id for each in self.samples}:
            self.samples.append(samples)


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of the site beside the samples. `place` is enterprise/site."""

    given: Given
    classes: Mapping[str, SiteMeter]
    place: str
    window: Window

    @property
    def window_hours(self) -> float:
        """Length of the window."""
        return (self.window.end_ns - self.window.start_ns) / _HOUR_NS

    def text(self, kind: str, asset: str, name: str) -> str:
        """An input as it was written; empty where none was."""
        row = self.given.get((asset, f"{kind}.{name}"))
        return "" if row is None else row.value

    def chosen(self, kind: str, asset: str) -> dict[str, Chosen]:
        """The decisions of a measure."""
        found = {}
        for name, each in kind_of(kind).inputs.items():
            row = self.given.get((asset, f"{kind}.{name}"))
            if each.chosen and row is not None:
                found[name] = Chosen(float(row.value), each.unit, row.source)
        return found

    def economics(self, draft: Draft) -> Economics:
        """Prices and costs as far as they are given; a price that a person entered comes before none."""
        asset = _path(draft)
        low, high, own = (
            self.given.get((asset, f"{draft.kind}.{name}")) for name in ("cost_low", "cost_high", "price")
        )
        price, source = draft.price, draft.price_source
        if price is None and own is not None:
            price, source = Decimal(own.value), own.source
        return Economics(
            price,
            source if price is not None or kind_of(draft.kind).unit == "yuan" else "",
            None if low is None else Decimal(low.value),
            None if high is None else Decimal(high.value),
            high.source if high else "",
            draft.per_year,
        )

    def plan(self, draft: Draft) -> MvPlan:
        """The plan as far as the parties filled it in."""
        kind, asset = draft.kind, _path(draft)
        agreed = self.text(kind, asset, "agreed")
        return dataclasses.replace(
            plan_for(kind_of(kind)),
            baseline_period=(self.text(kind, asset, "baseline_start"), self.text(kind, asset, "baseline_end")),
            reporting_period=(self.text(kind, asset, "reporting_start"), self.text(kind, asset, "reporting_end")),
            meters=tuple(each.address for each in draft.meters),
            agreed=(agreed,) if agreed else (),
            coverage=float(self.text(kind, asset, "coverage") or 0.0),
            greatest_share=float(self.text(kind, asset, "greatest_share") or 0.0),
            responsible=self.text(kind, asset, "responsible"),
        )

    def read(self, draft: Draft) -> tuple[str, ...]:
        """Takes what a person read with an instrument for the inputs that no signal shows; their names."""
        found = []
        for name, each in kind_of(draft.kind).inputs.items():
            row = self.given.get((_path(draft), f"{draft.kind}.{name}"))
            if each.chosen or name in draft.evidence or row is None:
                continue
            reading = SpotReading.parse(row.value, row.name)
            # an amount is read as a rate and goes on through the window
            factor = self.window_hours if spot_unit(each.unit) != each.unit else 1.0
            draft.show(name, Estimate(reading.value * factor, reading.sigma * factor, each.unit), _reading_of(row))
            found.append(name)
        return tuple(found)


def listed_line(draft: Draft, case: Case) -> ListedMeasure:
    """The measure of a draft, with what the case gives."""
    read = case.read(draft)
    if draft.per_year is None and KINDS[draft.kind].unit == "GJ" and case.window_hours >= LEAST_HOURS:
        draft.per_year = HOURS_A_YEAR / case.window_hours
    chosen = {**draft.chosen, **case.chosen(draft.kind, _path(draft))}
    measure = appraise(draft.kind, _path(draft), draft.evidence, chosen, case.economics(draft), case.plan(draft))
    decisions = tuple(name for name in measure.missing if KINDS[draft.kind].inputs[name].chosen)
    shown = tuple(each for each in draft.samples if each.id in measure.evidence_ids or not measure.evidence_ids)
    refused = tuple(each for each in draft.refused if each.name in measure.missing)
    return ListedMeasure(
        measure, draft.row, draft.evidence, shown, draft.without_class, decisions, read, refused, tuple(draft.details)
    )


def _path(draft: Draft) -> str:
    return "" if draft.row is None else draft.row.path


def _reading_of(row: EnergyInput) -> Samples:
    """Evidence of a reading that no store holds: its content is in the query, so its id is that of what was written."""
    content = {"asset": row.asset, "name": row.name, "value": row.value, "document": row.source, "by": row.given_by}
    where = f"{row.asset or f'{row.enterprise}/{row.site}'} {row.name}"
    query = f"reading {where} = {row.value}, {row.source}, {row.given_by}"
    descriptor = EvidenceDescriptor((), row.given_ns, row.given_ns, query, formula_ids=("measure.reading/1",))
    return Samples(descriptor, 0, None, sha256_hex(canonical_json(content)))
