"""The month against the baseline that a person signed: fitted again from the samples, compared, and applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
from ovoo_contract.address import Address
from ovoo_contract.errors import EvidenceError, OvooError, UnitError
from ovoo_models.efficiency.savings.observations import DAY_NS, Observations

from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.figures import Figure, FigureBook
from ovoo_cloud.diagnosis.observe import Observation, Window
from ovoo_cloud.energy.baseline_fit import coefficients_of, plan_of
from ovoo_cloud.energy.intervals import SampleReader, observed
from ovoo_cloud.energy.proving import Case, Proof, SignedFit, adjusted_of, prove_case
from ovoo_cloud.energy_report.baseline_terms import ApprovedTerms
from ovoo_cloud.energy_report.plan import MonthPlan
from ovoo_cloud.energy_report.records import RecordBook
from ovoo_cloud.energy_report.saving import month_course, saving_figures, unknown_saving, verdict_of
from ovoo_cloud.energy_report.source import SiteSource
from ovoo_cloud.stores.base import Columns

__all__ = ["approved_section"]

_FORMULA: Final = "approved_baseline_saving/1"
_COEFFICIENT: Final = "baseline_fit/1"
_QUERY: Final = "energy and drivers of the signed baseline"
_CHUNK_DAYS: Final = 31
_ROW_UNITS: Final = {"day": "d", "hour": "h"}
_DIGITS: Final = 6
"""Digits of a printed coefficient; the record keeps all."""


def approved_section(
    plan: MonthPlan,
    terms: ApprovedTerms,
    source: SiteSource,
    book: FigureBook,
    records: RecordBook,
    evidence: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Figures `saving.*`, `saving.adjusted.*` and `baseline.*`, and what identifies the baseline.

    `reason` is `changed` where the samples of the baseline's period are no longer those that were signed.
    """
    data: dict[str, Any] = {
        "approved": _identity(terms, plan),
        "adjusted": None,
        "document": terms.document,
        "start": _day(terms.start_ns, plan),
        "end": _day(terms.end_ns - 1, plan),
        "driver": ", ".join(each.address for each in terms.spec.drivers),
        "reason": "",
        "course": None,
    }
    ids = _evidence(source.narrow(terms.signals), plan, terms, evidence)
    try:
        case = _case(plan, terms, source)
        _same_columns(terms, case.before)
        proof = prove_case(case)
    except (EvidenceError, UnitError) as error:
        changed = isinstance(error, EvidenceError) and "signed" in error.message
        reason = {"reason": "changed" if changed else "refused", "fault": str(error.offender)}
        return data | reason | unknown_saving(book, ids)
    unit = _ROW_UNITS[terms.spec.step]
    made = saving_figures(proof.record["results"], len(proof.saving.used), book, ids, _FORMULA, row_unit=unit)
    made += _coefficients(proof, book, ids, data["approved"])
    return data | {
        "reason": verdict_of(proof.saving),
        "record": records.keep(proof.placed, made),
        "course": month_course(proof.saving, case.after.time_ns, case.after.energy, case.after.step_ns),
        "adjusted": _adjusted(case, terms, book, records, ids),
    }


def _identity(terms: ApprovedTerms, plan: MonthPlan) -> dict[str, Any]:
    touched = [each for each in terms.events if _touches(each.start_ns, each.end_ns, terms, plan)]
    return {
        "id": terms.id,
        "name": terms.name,
        "fit": terms.fit,
        "edition": str(terms.edition),
        "signed_by": terms.signed_by,
        "signed": terms.signed,
        "sha256": terms.sha256,
        "step": terms.spec.step,
        "energy": list(terms.spec.energy),
        "drivers": [{"name": each.name, "address": each.address, "take": each.take} for each in terms.spec.drivers],
        "others": list(terms.others),
        "coefficients": [],
        "events": [
            {
                "id": each.id,
                "start": _moment(each.start_ns, plan),
                "end": _moment(each.end_ns, plan),
                "decided_by": each.decided_by,
                "reason": each.reason,
            }
            for each in touched
        ],
    }


def _touches(start_ns: int, end_ns: int, terms: ApprovedTerms, plan: MonthPlan) -> bool:
    periods = ((terms.start_ns, terms.end_ns), (plan.case.start_ns, plan.case.end_ns))
    return any(start_ns < end and start < end_ns for start, end in periods)


def _case(plan: MonthPlan, terms: ApprovedTerms, source: EvidenceSource) -> Case:
    units = {str(entry.address): entry.unit for entry in source.signals()}
    gone = next((str(each) for each in terms.signals if str(each) not in units), None)
    if gone is not None:
        raise EvidenceError(
            "a signal of the baseline is not in the catalogue",
            code="report.baseline_signal_gone",
            offender="baseline.signal",
            value=gone,
        )
    read = _reader(source)
    before = observed(read, terms.spec, units, plan.zone, terms.start_ns, terms.end_ns)
    after = observed(read, terms.spec, units, plan.zone, plan.case.start_ns, plan.case.end_ns)
    signed = SignedFit(
        plan.case.enterprise, plan.site, terms.asset, terms.id, terms.fit, terms.start_ns, terms.end_ns,
        terms.coefficients,
    )  # fmt: skip
    return Case(signed, terms.spec, plan_of(terms.spec, {"settings": terms.settings}), before, after, plan.case.end_ns)


def _reader(source: EvidenceSource) -> SampleReader:
    def read(address: Address, start_ns: int, end_ns: int) -> Columns:
        found = source.samples(address, start_ns, end_ns)
        return Columns(
            np.array(found.time_ns, np.int64), np.array(found.value, np.float64), np.array(found.quality, np.uint32)
        )

    return read


def _same_columns(terms: ApprovedTerms, before: Observations) -> None:
    found = [asdict(each) for each in before.columns(sorted(before.drivers))]
    for signed, now in zip(terms.columns, found, strict=True):
        if signed["sha256"] != now["sha256"]:
            raise EvidenceError(
                "the samples of the baseline period are not those that were signed",
                code="report.baseline_samples_changed",
                offender=str(now["name"]),
                value=now["sha256"],
                remedy="fit the baseline again and sign it",
            )


def _evidence(
    source: SiteSource, plan: MonthPlan, terms: ApprovedTerms, evidence: dict[str, dict[str, Any]]
) -> list[str]:
    """Evidence ids of both periods, a month of samples at a time."""
    ids: list[str] = []
    for start_ns, end_ns in ((terms.start_ns, terms.end_ns), (plan.case.start_ns, plan.case.end_ns)):
        for first in range(start_ns, end_ns, _CHUNK_DAYS * DAY_NS):
            seen = Observation.scan(source, Window(first, min(first + _CHUNK_DAYS * DAY_NS, end_ns)))
            scans = [scan for scan in seen.scans.values() if scan.samples]
            if scans:
                ids.append(seen.book.add(scans, _QUERY, formulas=[_FORMULA]))
                evidence.update(seen.book.records)
    return ids


def _coefficients(proof: Proof, book: FigureBook, ids: Sequence[str], identity: dict[str, Any]) -> list[Figure]:
    """What the fit gives today, figure by figure: the deep check compares each with the report's."""
    made = []
    for name, text in sorted(coefficients_of(proof.saving.model).items()):  # type: ignore[arg-type]  # see proving
        if name.endswith(".kind"):
            identity["coefficients"].append({"name": name, "figure": None, "text": text})
            continue
        figure = book.base(
            f"baseline.{name}", Decimal(text), unit="", digits=_DIGITS, formula=_COEFFICIENT, evidence=ids
        )
        identity["coefficients"].append({"name": name, "figure": figure.id, "text": ""})
        made.append(figure)
    return made


def _adjusted(
    case: Case, terms: ApprovedTerms, book: FigureBook, records: RecordBook, ids: list[str]
) -> dict[str, Any] | None:
    """The saving without accepted non-routine events, beside the one as measured; None where no event touches."""
    try:
        found = adjusted_of(case, terms.events)
    except OvooError as error:
        return {"reason": "refused", "fault": str(error.offender), "left_out": "0", "record": ""}
    if not found:
        return None
    results = found["record"]["results"]
    rows = int(results["reported_rows"])
    unit = _ROW_UNITS[terms.spec.step]
    made = saving_figures(results, rows, book, ids, _FORMULA, prefix="saving.adjusted", row_unit=unit)
    record = records.keep_data(found["id"], found["record"], made)
    return {"reason": "", "fault": "", "left_out": str(found["left_out"]), "record": record}


def _day(time_ns: int, plan: MonthPlan) -> str:
    return _moment(time_ns, plan)[:10]


def _moment(time_ns: int, plan: MonthPlan) -> str:
    return f"{datetime.fromtimestamp(time_ns // 10**9, plan.zone):%Y-%m-%d %H:%M}"
