"""Balance, idle ranking and measures as plain data: NaN is null; money and ranked energies are decimal strings."""

from __future__ import annotations

import dataclasses
import math
from decimal import Decimal
from typing import Any

from ovoo_models.efficiency.balance import Bias, NodeBalance, Reconciliation
from ovoo_models.efficiency.estimate import Estimate

from ovoo_cloud.energy.idle_ranking import IdleRanking, MachineStates
from ovoo_cloud.energy.measure_list import ListedMeasure, MeasureList
from ovoo_cloud.energy.meter_balance import CarrierBalance, MeterReading

__all__ = ["carrier_document", "estimate_document", "idle_document", "measure_document", "measures_document"]


def estimate_document(value: Estimate | None, coverage: float = 0.95) -> dict[str, Any] | None:
    """Value with its standard uncertainty and the interval at a coverage; None where it is not known."""
    if value is None or not math.isfinite(value.value):
        return None
    low, high = value.interval(coverage)
    return {
        "value": value.value,
        "sigma": _number(value.sigma),
        "low": _number(low),
        "high": _number(high),
        "coverage": coverage,
        "unit": value.unit,
    }


def carrier_document(found: CarrierBalance) -> dict[str, Any]:
    """One carrier's balance."""
    return {
        "carrier": found.carrier,
        "unit": found.unit,
        "abnormal": found.abnormal,
        "intervals": found.rows,
        "of": found.of,
        "meters": [_reading(each) for each in found.readings],
        "nodes": [_node(each) for each in found.balances],
        "flows": [
            {"source": each.source, "target": each.target, "kind": each.kind, **(estimate_document(each.value) or {})}
            for each in found.flows
        ],
        "swapped": list(found.swapped),
        "reconciliation": _reconciliation(found.reconciliation),
        "suspects": None if found.biases is None else [_bias(each) for each in found.biases.found],
        "evidence": found.evidence.to_dict(),
    }


def idle_document(found: IdleRanking) -> dict[str, Any]:
    """The ranking."""
    return {
        "priced": found.priced,
        "price_source": found.price_source,
        "reference_only": found.reference_only,
        "items": [_machine(each) for each in found.machines],
    }


def measures_document(found: MeasureList) -> dict[str, Any]:
    """All lines."""
    return {"reference_only": found.reference_only, "items": [measure_document(each) for each in found.measures]}


def measure_document(line: ListedMeasure) -> dict[str, Any]:
    """One line with its plan and evidence."""
    measure, plan = line.measure, line.measure.plan
    return {
        "measure": measure.kind.id,
        "name_zh": measure.kind.name_zh,
        "name_en": measure.kind.name_en,
        "asset": line.asset,
        "status": measure.status,
        "saving": estimate_document(measure.saving, 0.9),
        "yuan_per_year": estimate_document(measure.yuan_per_year, 0.9),
        "cost_yuan": None if measure.cost is None else [_decimal(each) for each in measure.cost],
        "payback_years": None if measure.payback is None else [measure.payback.low, measure.payback.high],
        "measured": {
            name: {**(estimate_document(each.value) or {}), "evidence": each.evidence_id}
            for name, each in line.measured.items()
        },
        "missing": list(measure.missing),
        "decisions": list(line.decisions),
        "read": list(line.read),
        "refused": [
            {"input": each.name, "reason": each.reason, "value": _number(each.value), "unit": each.unit}
            for each in line.refused
        ],
        "details": [{"name": e.name, "value": _number(e.value), "unit": e.unit} for e in line.details],
        "without_class": line.without_class,
        "open_economics": list(measure.open_economics),
        "documents": list(measure.documents),
        "evidence": [each.to_dict() for each in line.samples],
        "plan": {**dataclasses.asdict(plan), "missing": list(plan.missing), "problems": list(plan.problems)},
    }


def _reading(each: MeterReading) -> dict[str, Any]:
    return {
        **each.meter.to_dict(),
        "state": each.state,
        "known_share": each.known,
        "amount": estimate_document(each.amount),
    }


def _node(each: NodeBalance) -> dict[str, Any]:
    return {
        "node": each.node,
        "inflow": estimate_document(each.inflow),
        "outflow": estimate_document(each.outflow),
        "imbalance": estimate_document(each.imbalance),
        "loss_share": estimate_document(each.loss_share),
        "missing": list(each.missing),
        "explained": each.explained,
    }


def _reconciliation(found: Reconciliation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "chi_square": found.chi_square,
        "freedom": found.freedom,
        "probability": found.probability,
        "flows": [
            {
                "meter": each.name,
                "kind": each.kind,
                "value": estimate_document(each.value),
                "adjustment": _number(each.adjustment),
            }
            for each in found.flows
        ],
    }


def _bias(each: Bias) -> dict[str, Any]:
    return {
        "meters": list(each.meters),
        "form": each.form,
        "gain": estimate_document(each.gain),
        "offset": estimate_document(each.offset),
        "statistic": each.statistic,
        "limit": each.limit,
    }


def _machine(each: MachineStates) -> dict[str, Any]:
    waste, rule = each.waste, each.rule
    return {
        "asset": each.row.path.split("/", 2)[2],
        "name_zh": each.row.name_zh,
        "name_en": each.row.name_en,
        "verdict": each.verdict,
        "unclear": list(each.unclear),
        "minutes": dict(each.minutes),
        "levels": [dataclasses.asdict(level) for level in each.levels],
        "idle_kwh": None if waste is None or not each.known else _decimal(waste.kwh),
        "idle_share": None if waste is None else _number(waste.share),
        "yuan": None if waste is None or waste.yuan is None else _decimal(waste.yuan),
        "restart_kwh": each.restart_kwh,
        "switch_off": None if rule is None else {"after_s": rule.after_s, "kwh": rule.kwh, "stops": rule.stops},
        "signals": [row.address for row in each.signals],
        "evidence": each.evidence.to_dict(),
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _decimal(value: Decimal) -> str:
    return f"{value:f}"
