"""The saving of bills against a baseline of bills, and the records of both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import EvidenceError
from ovoo_contract.figures import figure

from ovoo_models.efficiency.record import Record
from ovoo_models.efficiency.savings.bill_model import COVERAGE, BillData, BillModel, fit_bills, row_of

__all__ = ["BillSaving", "baseline_record", "fault_texts", "prove_bills"]

_METHOD: Final = "saving/bill_periods"
_BASELINE: Final = "baseline/bill_periods"
_VERSION: Final = 1
_DIGITS: Final = 1


@dataclass(frozen=True, slots=True)
class BillSaving:
    """Expected less billed over the reported periods `used`, kWh, with its interval at 90 %.

    `fsu` = half-width / saving; `provable`: the interval lies on one side of nought. `beyond`: drivers whose amount a
    day left the range of the baseline.
    """

    avoided: float
    expected: float
    low: float
    high: float
    fsu: float
    used: tuple[int, ...]
    series: tuple[float, ...]
    beyond: tuple[str, ...]
    model: BillModel
    provable: bool
    record: Record


def prove_bills(baseline: BillData, reporting: BillData, *, any_sign: bool = False) -> BillSaving:
    """The saving of reported periods against a baseline of bills, with its record.

    Raises:
        EvidenceError: as `fit_bills`, the periods overlap, or no reported period has every driver.
    """
    if baseline.periods and reporting.periods and reporting.periods[0].start_ns < baseline.periods[-1].end_ns:
        raise EvidenceError(
            "the periods overlap",
            code="bills.periods_overlap",
            offender="reporting",
            value=reporting.periods[0].start_ns,
            remedy="report after the baseline",
        )
    model = fit_bills(baseline, any_sign=any_sign)
    used = reporting.complete()
    if not used:
        raise EvidenceError(
            "no reported period with every driver",
            code="bills.no_reported_period",
            offender="reporting",
            value=len(reporting.periods),
        )
    rows = [row_of(reporting, n, model.drivers) for n in used]
    series = tuple(model.expected(row) - reporting.periods[n].kwh for row, n in zip(rows, used, strict=True))
    avoided, whole = math.fsum(series), [math.fsum(column) for column in zip(*rows, strict=True)]
    expected, half = model.expected(whole), model.half_width(whole)
    low, high = avoided - half, avoided + half
    fsu = half / abs(avoided) if avoided else math.inf
    beyond = _beyond(model, rows)
    provable = expected > 0.0 and not low <= 0.0 <= high
    record = _record(baseline, reporting, model, (avoided, expected, low, high, fsu), used, beyond, provable, any_sign)
    return BillSaving(
        avoided, expected, low, high, fsu, tuple(used), series, beyond, model, provable, record
    )  # fmt: skip


def baseline_record(data: BillData, model: BillModel, *, any_sign: bool = False) -> Record:
    """The record of a baseline alone."""
    results = {**_fit_results(model), "periods": str(len(model.used))}
    span = (data.periods[0].start_ns, data.periods[-1].end_ns)
    return Record(_BASELINE, _VERSION, *span, data.columns(), _parameters(model, any_sign), _texts(model), results,
                  tuple(fault_texts("baseline", data)))  # fmt: skip


def _beyond(model: BillModel, rows: Sequence[Sequence[float]]) -> tuple[str, ...]:
    return tuple(
        name
        for k, name in enumerate(model.drivers, 1)
        if any(not model.ranges[name][0] <= row[k] / row[0] <= model.ranges[name][1] for row in rows)
    )


def _fit_results(model: BillModel) -> dict[str, str]:
    n = len(model.used)
    return {
        "cv_rmse_percent": figure(100.0 * model.cv_rmse, 2),
        "r2": figure(model.r2, 4) if model.r2 == model.r2 else "none",
        "rho": figure(model.rho, 4),
        "n_effective": figure(n / model.widening, 1),
        "mean_days": figure(model.mean_days, 2),
    }


def _parameters(model: BillModel, any_sign: bool) -> dict[str, object]:
    return {"drivers": list(model.drivers), "any_sign": str(any_sign), "coverage": str(COVERAGE), "resolution": "bill"}


def _verdict(provable: bool, expected: float) -> str:
    if expected <= 0.0:
        return "expected energy is not positive"
    return "provable" if provable else "not provable: the interval covers nought"


def _texts(model: BillModel) -> dict[str, str]:
    return {name: repr(value) for name, value in model.named().items()}


def fault_texts(period: str, data: BillData) -> list[Mapping[str, object]]:
    """What settling the bills found, and the periods without a driver, as a record keeps it; bills count from 1."""
    known = set(data.complete())
    found: list[Mapping[str, object]] = [
        {"period": period, "name": fault.name, "reason": fault.reason, "rows": [row + 1 for row in fault.rows],
         "numbers": {key: str(value) for key, value in fault.numbers.items()}}
        for fault in data.faults
    ]  # fmt: skip
    missing = [n + 1 for n in range(len(data.periods)) if n not in known]
    if missing:
        found.append({"period": period, "name": "missing", "reason": "a driver is not known", "rows": missing})
    return found


def _record(
    baseline: BillData, reporting: BillData, model: BillModel, sums: tuple[float, float, float, float, float],
    used: Sequence[int], beyond: Sequence[str], provable: bool, any_sign: bool,
) -> Record:  # fmt: skip
    avoided, expected, low, high, fsu = sums
    results = {
        "avoided": figure(avoided, _DIGITS), "expected": figure(expected, _DIGITS), "low": figure(low, _DIGITS),
        "high": figure(high, _DIGITS), "share_percent": figure(100.0 * avoided / expected if expected else 0.0, 2),
        "fsu_percent": figure(100.0 * fsu, 1) if math.isfinite(fsu) else "none", **_fit_results(model),
        "reported_rows": str(len(used)), "verdict": _verdict(provable, expected),
    }  # fmt: skip
    results |= {f"beyond.{name}": "yes" for name in beyond}
    span = (baseline.periods[0].start_ns, reporting.periods[-1].end_ns)
    excluded = (*fault_texts("baseline", baseline), *fault_texts("reporting", reporting))
    columns = baseline.columns() + reporting.columns()
    return Record(_METHOD, _VERSION, *span, columns, _parameters(model, any_sign), _texts(model), results, excluded)
