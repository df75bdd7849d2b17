"""Measures of the month from its evidence: what can be saved where a decision says how much of it is avoidable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ovoo_contract.evidence import figure as decimal_text
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.measures import Chosen, Evidence, Measure, appraise, rank

from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.energy_report.plan import MonthPlan

__all__ = ["appraisal_section"]

_IDLE = "idle_switch_off"
_FORMULA = "idle_switch_off/1"


def appraisal_section(idle: Sequence[Mapping[str, Any]], plan: MonthPlan, book: FigureBook) -> list[dict[str, Any]]:
    """One row per idle machine, the greatest saving first; `missing` says what is lacking.

    Without the instruments' accuracy the idle energy has no uncertainty and makes no saving.
    """
    decisions = plan.decisions
    chosen = {
        each.input: Chosen(float(each.value), each.unit, each.document) for each in decisions if each.measure == _IDLE
    }
    made: list[Measure] = []
    for row in idle:
        figure = book[row["kwh"]]
        amount = float(figure.value or "0")
        given = {}
        if plan.accuracy is not None:
            sigma = amount * float(plan.accuracy.percent) / 100.0
            given["idle_energy"] = Evidence(Estimate(amount, sigma, "kWh"), figure.evidence[0])
        made.append(appraise(_IDLE, row["machine"], given, chosen))
    return [_row(each, book) for each in rank(made)]


def _row(measure: Measure, book: FigureBook) -> dict[str, Any]:
    known = measure.status in ("saving", "not_certain")
    low, high = measure.saving.interval(0.9) if known else (0.0, 0.0)
    figure = book.base(
        f"measure.{measure.kind.id}.{measure.asset}",
        None,
        bounds=(Decimal(decimal_text(max(low, 0.0), 0)), Decimal(decimal_text(high, 0))) if known else None,
        unit="kWh",
        digits=0,
        formula=_FORMULA,
        evidence=measure.evidence_ids,
        reason="" if known else "decision",
    )
    return {
        "kind": measure.kind.id,
        "name": {"zh": measure.kind.name_zh, "en": measure.kind.name_en},
        "machine": measure.asset,
        "status": measure.status,
        "figure": figure.id,
        "missing": list(measure.missing),
        "documents": list(measure.documents),
        "option": measure.plan.option,
    }
