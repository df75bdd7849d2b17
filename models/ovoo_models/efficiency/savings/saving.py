"""The saving of a reporting period against its baseline: avoided energy, normalised saving, and what can be proved."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from ovoo_contract.errors import EvidenceError, VerifyError
from ovoo_contract.figures import figure, total

from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.record import Record
from ovoo_models.efficiency.savings.change_point import ChangePointModel, Settings, fit
from ovoo_models.efficiency.savings.influence import path_of
from ovoo_models.efficiency.savings.inspection import Fault, Inspection, Limits, inspect
from ovoo_models.efficiency.savings.observations import Observations
from ovoo_models.efficiency.savings.time_of_week import HourlySettings, TimeOfWeekModel, fit_hourly, path_of_days
from ovoo_models.efficiency.savings.uncertainty import (
    Bootstrap,
    Fitness,
    Path,
    bootstrap,
    fitness,
    formula_uncertainty,
    gaps_of,
)

__all__ = ["METHOD", "VERSION", "Beyond", "Plan", "Saving", "normalised_saving", "prove", "recompute", "verdict_code"]

METHOD: Final = "saving/baseline_model"
VERSION: Final = 1


Model = ChangePointModel | TimeOfWeekModel


@dataclass(frozen=True, slots=True)
class Plan:
    """All parameters of a saving: fixed before the reporting period is looked at, and kept in the record.

    `digits`: decimals of energy figures; `margin`: share of a driver's range by which it may leave it before an
    interval is called beyond the baseline.
    """

    settings: Settings | HourlySettings = field(default_factory=Settings)
    limits: Limits = field(default_factory=Limits)
    coverage: float = 0.9
    draws: int = 1600
    seed: int = 1
    digits: int = 1
    margin: float = 0.0


@dataclass(frozen=True, slots=True)
class Beyond:
    """A driver that left its baseline range: how many reported intervals, how far, and their share of the saving."""

    name: str
    rows: int
    low: float
    high: float
    least: float
    greatest: float
    saving_share: float


@dataclass(frozen=True, slots=True)
class Saving:
    """Avoided energy over the reporting period and all that backs it.

    `avoided`: sum of expected - actual over the `used` reported rows, in the unit of energy, its sigma that of the
    bootstrap; `share` of the expected energy; `fsu`: fractional savings uncertainty by the formula;
    `interval`: bootstrap.
    `provable`: FSU at most 1 and an interval on one side of nought; else `reason_code` says why.
    """

    avoided: Estimate
    share: float
    fsu: float
    interval: Bootstrap
    fit: Fitness
    model: Model
    series: array[float]
    used: tuple[int, ...]
    beyond: tuple[Beyond, ...]
    baseline_faults: Inspection
    reporting_faults: Inspection
    provable: bool
    reason_code: str
    record: Record

    @property
    def reason(self) -> str:
        """`reason_code` in English, as the record has it; empty where the saving is proven."""
        return _VERDICTS.get(self.reason_code, "")


def prove(baseline: Observations, reporting: Observations, plan: Plan | None = None) -> Saving:
    """The saving of `reporting` against a model of `baseline`, with its record.

    Rows that the inspection leaves out are named in the record and not replaced: nothing is claimed for them.

    Raises:
        EvidenceError: the periods overlap or differ in step or unit, or an inspection finds a fatal fault.
    """
    plan = plan or Plan()
    settings = plan.settings
    _fits_together(baseline, reporting)
    before = inspect(baseline, settings.names, plan.limits)
    before.refuse("baseline")
    after = inspect(reporting, settings.names, _reporting_limits(plan.limits))
    after.refuse("reporting")
    model = _model(baseline, settings, before.used)
    expected = model.predict(reporting)
    used = tuple(i for i in after.used if expected[i] == expected[i])
    after = _with_unpredicted(after, len(after.used) - len(used))
    if len(used) < 10:
        raise EvidenceError(
            "too few reported rows can be predicted", code="savings.too_few_reported_rows_can_be",
            offender="reporting", value=len(used),
        )  # fmt: skip
    series = array("d", [expected[i] - reporting.energy[i] for i in used])
    avoided, adjusted = total(series), total(expected[i] for i in used)
    gaps = gaps_of([baseline.time_ns[i] for i in model.used], baseline.step_ns)
    fit_ = fitness([baseline.energy[i] for i in model.used], model.fitted, gaps, model.terms)
    share = avoided / adjusted if adjusted else 0.0
    fsu = formula_uncertainty(fit_, len(used), share, plan.coverage)
    path = _path(model, baseline, reporting, used)
    interval = bootstrap(path, avoided, plan.draws, plan.seed, plan.coverage)
    beyond = _beyond(model, reporting, used, series, plan.margin)
    code = _reason_code(fsu, interval, adjusted)
    record = _record(baseline, reporting, plan, model, (before, after), used, beyond, fit_, (
        avoided, adjusted, share, fsu), interval, _VERDICTS.get(code, ""))  # fmt: skip
    estimate = Estimate(avoided, interval.sigma, baseline.unit)
    return Saving(
        estimate, share, fsu, interval, fit_, model, series, used, beyond, before, after, not code, code, record
    )


def recompute(record: Record, baseline: Observations, reporting: Observations, plan: Plan) -> Saving:
    """The saving made again from the same data; VerifyError names what differs from the record."""
    again = prove(baseline, reporting, plan)
    if record.method != METHOD or record.version != VERSION:
        raise VerifyError(
            "another method", code="savings.another_method", offender=record.id,
            value=f"{record.method}/{record.version}",
        )  # fmt: skip
    for mine, theirs in zip(again.record.columns, record.columns, strict=True):
        if mine != theirs:
            raise VerifyError(
                "data differ", code="savings.data_differ", offender=theirs.name, value=mine.sha256,
                remedy="take the recorded rows",
            )  # fmt: skip
    for part in ("parameters", "coefficients", "results"):
        new, old = getattr(again.record, part), getattr(record, part)
        for name in sorted({*new, *old}):
            if new.get(name) != old.get(name):
                raise VerifyError(
                    f"{part} differ", code="savings.results_differ", slots={"part": part, "recorded": old.get(name)},
                    offender=name, value=new.get(name), remedy=f"recorded: {old.get(name)}",
                )  # fmt: skip
    return again


def normalised_saving(before: Model, after: Model, conditions: Observations) -> Mapping[str, float]:
    """Saving under the same normal conditions: both models' energy there, the difference and its share.

    Conditions that either model cannot be asked for make an EvidenceError: a normal year must be whole.
    """
    was, now = before.predict(conditions), after.predict(conditions)
    for i, (a, b) in enumerate(zip(was, now, strict=True)):
        if not (math.isfinite(a) and math.isfinite(b)):
            raise EvidenceError(
                "a model has no value here", code="savings.model_has_no_value_here", offender=f"conditions row {i}",
                value=conditions.time_ns[i],
                remedy="give every driver for every interval of the normal period",
            )  # fmt: skip
    first, second = total(was), total(now)
    return {"before": first, "after": second, "saving": first - second, "share": (first - second) / first}


def _model(baseline: Observations, settings: Settings | HourlySettings, used: Sequence[int]) -> Model:
    if isinstance(settings, HourlySettings):
        return fit_hourly(baseline, settings, used)
    return fit(baseline, settings, used)


def _path(model: Model, baseline: Observations, reporting: Observations, used: Sequence[int]) -> Path:
    if isinstance(model, TimeOfWeekModel):
        return path_of_days(model, baseline, reporting, used)
    return path_of(model, baseline, reporting, used)


def _with_unpredicted(inspection: Inspection, rows: int) -> Inspection:
    """The inspection with the rows named for which the baseline has no value: another season, an hour never seen."""
    if rows == 0:
        return inspection
    fault = Fault("no_baseline", "the baseline has no value for these rows", {"rows": rows})
    return Inspection((*inspection.faults, fault), inspection.used)


def _fits_together(baseline: Observations, reporting: Observations) -> None:
    for name in ("step_ns", "unit", "utc_offset_s"):
        if getattr(baseline, name) != getattr(reporting, name):
            raise EvidenceError(
                "periods differ", code="savings.periods_differ", offender=name, value=getattr(reporting, name)
            )
    if len(baseline) and len(reporting) and reporting.time_ns[0] < baseline.time_ns[-1] + baseline.step_ns:
        raise EvidenceError(
            "the periods overlap", code="savings.periods_overlap", offender="reporting", value=reporting.time_ns[0],
            remedy="report after the baseline",
        )  # fmt: skip


def _reporting_limits(limits: Limits) -> Limits:
    """A reporting period may be short, and its drivers may stand still."""
    return Limits(
        days_min=0, coverage_min=0.0, gap_days=limits.gap_days, repeat_days=limits.repeat_days,
        outlier_sigma=limits.outlier_sigma, negative_allowed=limits.negative_allowed, constant_allowed=True,
    )  # fmt: skip


_VERDICTS = {
    "saving.expected_not_positive": "expected energy is not positive",
    "saving.fsu_above_one": "not provable: the fractional uncertainty is above 1",
    "saving.interval_covers_nought": "not provable: the interval covers nought",
}


def verdict_code(verdict: str) -> str:
    """The code of a record's verdict; empty for `provable`."""
    return next((code for code, words in _VERDICTS.items() if words == verdict), "")


def _reason_code(fsu: float, interval: Bootstrap, adjusted: float) -> str:
    if adjusted <= 0.0:
        return "saving.expected_not_positive"
    if fsu > 1.0:
        return "saving.fsu_above_one"
    return "saving.interval_covers_nought" if interval.low <= 0.0 <= interval.high else ""


def _beyond(
    model: Model, data: Observations, used: Sequence[int], series: Sequence[float], margin: float
) -> tuple[Beyond, ...]:
    """Drivers outside the range that the baseline saw, with the share of the saving claimed there."""
    whole, found = math.fsum(series), []
    for name, (low, high) in model.ranges().items():
        column, room = data.driver(name), margin * (high - low)
        outside = [k for k, i in enumerate(used) if not low - room <= column[i] <= high + room]
        if outside:
            values = [column[used[k]] for k in outside]
            part = math.fsum(series[k] for k in outside)
            share = part / whole if whole else math.nan
            found.append(Beyond(name, len(outside), low, high, min(values), max(values), share))
    return tuple(found)


def _record(
    baseline: Observations, reporting: Observations, plan: Plan, model: Model,
    inspections: tuple[Inspection, Inspection], used: Sequence[int], beyond: Sequence[Beyond], fit_: Fitness,
    sums: tuple[float, float, float, float], interval: Bootstrap, reason: str,
) -> Record:  # fmt: skip
    d, names = plan.digits, plan.settings.names
    avoided, adjusted, share, fsu = sums
    results = {
        "avoided": figure(avoided, d), "expected": figure(adjusted, d), "share_percent": figure(100.0 * share, 2),
        "low": figure(interval.low, d), "high": figure(interval.high, d), "rho_errors": figure(interval.rho, 4),
        "fsu_percent": figure(100.0 * fsu, 1) if math.isfinite(fsu) else "none",
        "cv_rmse_percent": figure(100.0 * fit_.cv_rmse, 2), "nmbe_percent": figure(100.0 * fit_.nmbe, 2),
        "r2": figure(fit_.r2, 4) if fit_.r2 == fit_.r2 else "none", "rho": figure(fit_.rho, 4),
        "n_effective": figure(fit_.n_effective, 1), "reported_rows": str(len(used)), "verdict": reason or "provable",
    }  # fmt: skip
    results |= {f"beyond.{each.name}": f"{each.rows} rows" for each in beyond}
    excluded: list[Mapping[str, object]] = [
        {"period": period, "name": fault.name, "reason": fault.reason, "rows": len(fault.rows),
         "numbers": {key: str(value) for key, value in fault.numbers.items()}}
        for period, inspection in zip(("baseline", "reporting"), inspections, strict=True)
        for fault in inspection.faults
    ]  # fmt: skip
    columns = baseline.columns(names) + reporting.columns(names)
    plain = {"settings": _plain(asdict(plan.settings)), "limits": _plain(asdict(plan.limits)), "split": model.split}
    plain |= {k: str(getattr(plan, k)) for k in ("coverage", "draws", "seed", "digits", "margin")}
    coefficients = {f"{label}.{k}": repr(v) for label, values in model.named().items() for k, v in values.items()}
    coefficients |= {f"{label}.kind": kind for label, kind in model.kinds().items()}
    end_ns = reporting.time_ns[-1] + reporting.step_ns
    return Record(METHOD, VERSION, baseline.time_ns[0], end_ns, columns, plain, coefficients, results, tuple(excluded))


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    return {key: list(map(str, v)) if isinstance(v, tuple) else str(v) for key, v in values.items()}
