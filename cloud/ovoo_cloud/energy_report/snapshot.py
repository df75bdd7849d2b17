"""The frozen month of a site: every figure with its evidence and record, as canonical JSON."""

from __future__ import annotations

import math
from typing import Any, Final

from ovoo_contract.evidence import figure as decimal_text
from ovoo_models.efficiency.idle_waste import Price
from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_packs import FactorTable, Tariff, load_factors, load_norms, load_tariffs

from ovoo_cloud.diagnosis.actions import actions_section
from ovoo_cloud.diagnosis.dated import DatedTables, Tables, last_day
from ovoo_cloud.diagnosis.energy import EnergyResult, energy_section
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.figures import Figure, FigureBook
from ovoo_cloud.diagnosis.frozen import source_json
from ovoo_cloud.diagnosis.meters import total_kwh
from ovoo_cloud.diagnosis.observe import Observation, Window
from ovoo_cloud.diagnosis.one_look import measured_steadily
from ovoo_cloud.diagnosis.snapshot import Issue, Snapshot
from ovoo_cloud.energy_report.appraisal import appraisal_section
from ovoo_cloud.energy_report.approved_saving import approved_section
from ovoo_cloud.energy_report.baseline_terms import ApprovedTerms
from ovoo_cloud.energy_report.bill import bill_section, charges_of
from ovoo_cloud.energy_report.demand import demand_section
from ovoo_cloud.energy_report.editions import carbon_editions, norm_editions
from ovoo_cloud.energy_report.factor import factor_section
from ovoo_cloud.energy_report.idle import idle_section
from ovoo_cloud.energy_report.plan import MonthPlan
from ovoo_cloud.energy_report.previous import previous_section
from ovoo_cloud.energy_report.quality import quality_section
from ovoo_cloud.energy_report.quarters import site_quarters
from ovoo_cloud.energy_report.records import RecordBook
from ovoo_cloud.energy_report.saving import saving_section
from ovoo_cloud.energy_report.shape import shape_section
from ovoo_cloud.energy_report.source import SiteSource

__all__ = ["FORMAT", "LEAST_KNOWN", "freeze_month"]

FORMAT: Final = "ovoo.month/2"
LEAST_KNOWN: Final = 0.6
"""Share of the month that a meter must know, else its energy is insufficient evidence; as on the energy page."""
_METHODS: Final = {
    "data.": "coverage/month",
    "previous.": "energy/previous_month",
    "action.": "actions/month",
    "measure.": "appraisal/month",
    "idle.": "idle_waste/total",
}
"""Record of the figures that no section has recorded, by the beginning of their id; all others are `energy/month`."""


def freeze_month(plan: MonthPlan, source: EvidenceSource, issue: Issue) -> Snapshot:
    """Measures and freezes one month of one site.

    The same plan and samples give the same bytes, whatever the order in which the samples were stored.

    Raises:
        ConfigError: a price or norm of the plan cannot be one.
    """
    return measured_steadily(source, lambda steady: _freeze(plan, steady, issue))


def _freeze(plan: MonthPlan, source: EvidenceSource, issue: Issue) -> Snapshot:
    case, also = plan.case, plan.baseline.signals if plan.baseline is not None else ()
    own = SiteSource.of_site(source, plan.site, also)
    window = Window(case.start_ns, case.end_ns)
    seen, book, records = Observation.scan(own, window), FigureBook(), RecordBook(window)
    tables = Tables(load_factors(), load_norms(), load_tariffs())
    dated = DatedTables(tables, last_day(case.end_ns, case.timezone))
    energy = energy_section(case, seen, book, dated, least_known=LEAST_KNOWN)
    _measured_part(energy, book)
    extra: dict[str, dict[str, Any]] = {}
    norm = energy.data["norm"]
    editions = {
        "carbon": carbon_editions(tables.factors, energy.factors[1], book),
        "norm": [] if norm is None else norm_editions(tables.norms, norm["id"], book),
    }
    data: dict[str, Any] = {
        "format": FORMAT,
        "issue": issue.to_json(),
        "plan": dict(plan.raw),
        "case": dict(case.raw),
        "source": source_json(own, case.start_ns, case.end_ns),
        "window": {"start_ns": str(case.start_ns), "end_ns": str(case.end_ns), "timezone": case.timezone},
        "packs": {
            name: {"version": table.version, "sha256": table.sha256}
            for name, table in (("factors", tables.factors), ("norms", tables.norms), ("tariffs", tables.tariffs))
        },
        "energy": {**energy.data, "factors": _factor_rows(energy, tables.factors)},
        "editions": editions,
        "previous": previous_section(plan, own, energy.meters, book, extra, LEAST_KNOWN),
        "quality": quality_section(seen, energy.meters, book, plan.zone),
    }
    data |= _quarter_sections(plan, seen, book, records, energy)
    data["saving"] = _saving(plan, own, energy, book, records, extra)
    data["actions"] = _actions(plan, seen, book, energy)
    _record_rest(seen, book, records, energy, data)
    data["figures"] = {name: figure.to_json() for name, figure in sorted(book.figures.items())}
    data["evidence"] = dict(sorted({**extra, **seen.book.records}.items()))
    data["records"] = dict(sorted(records.records.items()))
    data["provenance"] = dict(sorted(records.figures.items()))
    return Snapshot(data)


def _saving(
    plan: MonthPlan,
    source: SiteSource,
    energy: EnergyResult,
    book: FigureBook,
    records: RecordBook,
    evidence: dict[str, dict[str, Any]],
) -> dict[str, Any] | None:
    """Against the signed baseline, or provisionally against a period that was told; None without either."""
    if isinstance(plan.baseline, ApprovedTerms):
        return approved_section(plan, plan.baseline, source, book, records, evidence)
    if plan.baseline is None:
        return None
    return saving_section(plan, plan.baseline, source, energy.meters, book, records, evidence)


def _measured_part(energy: EnergyResult, book: FigureBook) -> None:
    """Figure `energy.measured`: what the meters know, however little of the month that is."""
    known = [total_kwh(meter.parts) for meter in energy.meters if len(meter.parts.kwh)]
    book.base(
        "energy.measured",
        decimal_text(math.fsum(known), 1) if known else None,
        unit="kWh",
        digits=1,
        formula="metered_part/1",
        evidence=[meter.evidence for meter in energy.meters],
        reason="" if known else "silent",
    )


def _quarter_sections(
    plan: MonthPlan, seen: Observation, book: FigureBook, records: RecordBook, energy: EnergyResult
) -> dict[str, Any]:
    """Demand, power factor, bill, load shape and idle energy."""
    meters, zone = energy.meters, plan.zone
    scans = [seen.scans[str(meter.signal.address)] for meter in meters]
    quarters = site_quarters(meters, scans, seen.window)
    evidence = [meter.evidence for meter in meters]
    covered = bool(meters) and all(meter.known_share >= LEAST_KNOWN for meter in meters)
    contract = plan.bill.basic.contract_kw if plan.bill is not None and plan.bill.basic is not None else None
    demand = demand_section(quarters, evidence, book, records, zone, contract_kw=contract, covered=covered)
    factor = factor_section(meters, plan.registers, seen, book, records, covered=covered)
    bill = bill_section(
        plan.bill, energy.tariff, quarters, evidence, book, records, covered=covered, peak=demand["peak"]
    )
    idle = idle_section(plan.case, seen, book, records, zone, _price(plan, energy.tariff))
    return {
        "demand": demand,
        "factor": factor,
        "bill": bill,
        "shape": shape_section(quarters, evidence, book, records, zone, covered=covered),
        "idle": idle,
        "measures": appraisal_section(idle["rows"], plan, book),
    }


def _price(plan: MonthPlan, tariff: Tariff | None) -> Price | None:
    if plan.bill is None or plan.bill.market is not None or tariff is None:
        return None  # a market's price of idle hours is not one of its bands
    return Price(BandCalendar(tariff), charges_of(plan.bill, tariff))


def _actions(plan: MonthPlan, seen: Observation, book: FigureBook, energy: EnergyResult) -> list[dict[str, Any]]:
    """The five actions of the diagnosis; with prices in the plan it is the investment that is not known."""
    rows = actions_section(plan.case, seen, book, energy)
    if plan.bill is not None:
        rows = [{**row, "payback": "investment_missing"} for row in rows]
    return rows


def _factor_rows(energy: EnergyResult, table: FactorTable) -> list[dict[str, Any]]:
    """The factor rows behind coal and carbon dioxide: value, edition, whether for reference only."""
    coal, grid = energy.factors
    other = table.get("coal_electricity_equivalent")
    rows = [row for row in (coal, other, grid) if row is not None]
    return [
        {
            "id": row.id,
            "name": {"zh": row.name_zh, "en": row.name_en},
            "value": str(row.value),
            "unit": f"{row.result_unit}/{row.per_unit}",
            "edition": row.source.edition or row.source.text,
            "year": "" if row.year is None else str(row.year),
            "reference_only": row.reference_only,
        }
        for row in rows
    ]


def _record_rest(
    seen: Observation, book: FigureBook, records: RecordBook, energy: EnergyResult, data: dict[str, Any]
) -> None:
    """A record for the figures that have none yet, one a method; inputs are the energy and power signals."""
    scans = [scan for scan in seen.scans.values() if scan.entry.address.signal in ("energy", "power")]
    groups: dict[str, list[Figure]] = {}
    for name, figure in sorted(book.figures.items()):
        if name not in records.figures:
            method = next((each for start, each in _METHODS.items() if name.startswith(start)), "energy/month")
            groups.setdefault(method, []).append(figure)
    norm = data["energy"]["norm"]
    for method, figures in sorted(groups.items()):
        whole = method == "energy/month"
        records.note(
            method,
            scans,
            figures,
            parameters={"least_known": str(LEAST_KNOWN)},
            factors={row["id"]: row["edition"] for row in data["energy"]["factors"]} if whole else {},
            norms={norm["id"]: norm["source"]} if whole and norm is not None else {},
            tariffs={energy.tariff.id: energy.tariff.source.edition} if whole and energy.tariff is not None else {},
        )
