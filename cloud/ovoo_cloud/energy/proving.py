"""A saving proven from the store: record, course, non-routine events, and the same made again."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ovoo_contract.errors import EvidenceError
from ovoo_models.cli_energy_drawn import course_data
from ovoo_models.efficiency.plots import Course
from ovoo_models.efficiency.record import Record
from ovoo_models.efficiency.savings.cusum import cusum
from ovoo_models.efficiency.savings.non_routine import Decision, Proposal, adjust, propose
from ovoo_models.efficiency.savings.observations import Observations
from ovoo_models.efficiency.savings.saving import Plan, Saving, prove

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline, EnergyEvent, EnergyFit
from ovoo_cloud.energy.baseline_fit import coefficients_of, plan_of
from ovoo_cloud.energy.baseline_spec import BaselineSpec, spec_from_data
from ovoo_cloud.energy.intervals import observations
from ovoo_cloud.services import Services

__all__ = [
    "AcceptedEvent",
    "Case",
    "Proof",
    "SignedFit",
    "accepted_events",
    "adjusted_of",
    "differences",
    "load_case",
    "prove_case",
    "record_data",
]


@dataclass(frozen=True, slots=True)
class SignedFit:
    """What a saving is proven against: whose baseline, which fit of it, its period and its coefficients as text."""

    enterprise: str
    site: str
    asset: str
    baseline: str
    id: str
    start_ns: int
    end_ns: int
    coefficients: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AcceptedEvent:
    """A non-routine event that a person accepted: what was proposed, who accepted it, when and why."""

    id: str
    start_ns: int
    end_ns: int
    size: float
    energy: float
    statistic: float
    decided_by: str
    decided_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Case:
    """Both periods as read from the store, with the plan that the signed fit fixes."""

    fit: SignedFit
    spec: BaselineSpec
    plan: Plan
    before: Observations
    after: Observations
    end_ns: int


@dataclass(frozen=True, slots=True)
class Proof:
    """A saving, and as plain data its record, what is drawn of it, and the events that its residuals propose."""

    saving: Saving
    placed: Record
    record: dict[str, Any]
    record_id: str
    course: dict[str, Any]
    proposals: tuple[Proposal, ...]


def load_case(
    services: Services, scope: Scope, owner: EnergyBaseline, fit: EnergyFit, start_ns: int, end_ns: int
) -> Case:
    """Reads baseline and reporting period; the site, and whose it is, are checked on the way."""
    spec = spec_from_data(owner.spec)
    place = (owner.enterprise, owner.site)
    before = observations(services, scope, *place, spec, fit.start_ns, fit.end_ns)
    after = observations(services, scope, *place, spec, start_ns, end_ns)
    signed = SignedFit(
        *place, owner.asset, owner.id, fit.id, fit.start_ns, fit.end_ns, fit.outcome.get("coefficients", {})
    )
    return Case(signed, spec, plan_of(spec, fit.outcome), before, after, end_ns)


def prove_case(case: Case) -> Proof:
    """The saving as measured.

    Raises:
        EvidenceError: too little evidence, or the samples of the baseline are not those that were signed.
    """
    found = prove(case.before, case.after, case.plan)
    _same_as_signed(case, found)
    record = _placed(found.record, case)
    return Proof(found, record, record_data(record), record.id, _course(case, found), _proposals(case, found))


def accepted_events(rows: Iterable[EnergyEvent]) -> list[AcceptedEvent]:
    """The accepted ones of a baseline's events."""
    return [
        AcceptedEvent(
            r.id, r.start_ns, r.end_ns, r.size, r.energy, r.statistic, r.decided_by, r.decided_ns or 0, r.reason
        )
        for r in rows
        if r.state == "accepted"
    ]


def adjusted_of(case: Case, events: Iterable[AcceptedEvent]) -> dict[str, Any]:
    """The saving without the intervals of accepted events: its record and how many intervals are left out.

    Empty where no accepted event touches a period.
    """
    periods = ((case.fit.start_ns, case.fit.end_ns), (case.after.time_ns[0], case.end_ns))
    touched = [each for each in events if any(each.start_ns < end and start < each.end_ns for start, end in periods)]
    if not touched:
        return {}
    proposals = [Proposal(r.id, r.start_ns, r.end_ns, r.size, r.energy, r.statistic, ()) for r in touched]
    decisions = [Decision(r.id, True, r.decided_by, r.reason, r.decided_ns) for r in touched]
    both = adjust(case.before, case.after, case.plan, proposals, decisions)
    told = [
        {"id": r.id, "start_ns": str(r.start_ns), "end_ns": str(r.end_ns), "name": r.decided_by, "reason": r.reason,
         "time_ns": str(r.decided_ns)}
        for r in touched
    ]  # fmt: skip
    record = _placed(both.adjusted.record, case, told)
    return {"id": record.id, "record": record_data(record), "left_out": both.left_out}


def record_data(record: Record) -> dict[str, Any]:
    """The canonical JSON of a record as plain data."""
    data: dict[str, Any] = json.loads(record.to_json())
    return data


def differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> list[str]:
    """Where two records differ, each as `path: recorded, now`; empty for equal ones."""
    found: list[str] = []
    for key in sorted({*old, *new}):
        at, mine, theirs = f"{path}{key}", old.get(key), new.get(key)
        if isinstance(mine, dict) and isinstance(theirs, dict):
            found += differences(mine, theirs, f"{at}.")
        elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
            pairs = ({str(n): a} for n, a in enumerate(mine)), ({str(n): b} for n, b in enumerate(theirs))
            for left, right in zip(*pairs, strict=True):
                found += differences(left, right, f"{at}.")
        elif mine != theirs:
            found.append(f"{at}: {mine}, now {theirs}")
    return found


def _same_as_signed(case: Case, found: Saving) -> None:
    signed = case.fit.coefficients
    now = coefficients_of(found.model)  # type: ignore[arg-type]  # a plan of Settings gives a change-point model
    changed = next((name for name in sorted({*signed, *now}) if signed.get(name) != now.get(name)), None)
    if changed is not None:
        raise EvidenceError(
            "the samples of the baseline period are not those that were signed",
            code="saving.samples_of_baseline_period_not_those", slots={"signed": signed.get(changed)},
            offender=changed, value=now.get(changed),
            remedy=f"signed: {signed.get(changed)}; fit the baseline again and sign it",
        )  # fmt: skip


def _placed(record: Record, case: Case, events: Sequence[Mapping[str, str]] = ()) -> Record:
    """The record with whose figure it is and where its columns come from; both halves of its columns told apart."""
    spec, half = case.spec, len(record.columns) // 2
    named = [
        replace(column, name=f"{'baseline' if n < half else 'reporting'}.{column.name}")
        for n, column in enumerate(record.columns)
    ]
    subject = {name: getattr(case.fit, name) for name in ("enterprise", "site", "asset", "baseline")}
    subject["fit"] = case.fit.id
    more: dict[str, object] = {
        "subject": subject,
        "signals": {"energy": list(spec.energy), **{each.name: [each.address, each.take] for each in spec.drivers}},
        "step": spec.step,
        "covered_min": str(spec.covered_min),
        "utc_offset_s": str(case.before.utc_offset_s),
        "baseline": [str(case.fit.start_ns), str(case.fit.end_ns)],
        "reporting": [str(case.after.time_ns[0]), str(case.end_ns)],
        "events": list(events),
    }
    return replace(
        record, start_ns=case.fit.start_ns, end_ns=case.end_ns, columns=tuple(named),
        parameters={**record.parameters, **more},
    )  # fmt: skip


def _proposals(case: Case, found: Saving) -> tuple[Proposal, ...]:
    """By share of the expected energy where that is above nought throughout, else by energy."""
    times = [case.after.time_ns[i] for i in found.used]
    expected = [saved + case.after.energy[i] for saved, i in zip(found.series, found.used, strict=True)]
    scale = expected if min(expected) > 0.0 else None
    residuals = [-saved for saved in found.series]
    limit, least = case.spec.event_limit, case.spec.event_rows
    return propose(times, residuals, case.after.step_ns, (), scale, limit, least)


def _course(case: Case, found: Saving) -> dict[str, Any]:
    drawn = course_data(found, case.before, case.after, case.plan)
    sums = cusum([case.after.time_ns[i] for i in found.used], found.series, case.spec.event_limit, case.spec.event_rows)
    turns = [
        {"time_ns": str(turn.time_ns), "before": turn.before, "after": turn.after, "statistic": turn.statistic}
        for turn in sums.turns
    ]
    beyond = [
        {"name": each.name, "rows": each.rows, "low": each.low, "high": each.high, "least": each.least,
         "greatest": each.greatest, "share": _plain(each.saving_share)}
        for each in found.beyond
    ]  # fmt: skip
    return {**_course_data(drawn), "turns": turns, "beyond": beyond}


def _course_data(drawn: Course) -> dict[str, Any]:
    columns = ("actual", "baseline", "half_width", "cusum", "cusum_half_width")
    plain = {name: [_plain(value) for value in getattr(drawn, name)] for name in columns}
    times = [str(at) for at in drawn.start_ns]
    return {
        "start_ns": times,
        "end_ns": str(drawn.end_ns),
        "split_ns": str(drawn.split_ns),
        "unit": drawn.unit,
        **plain,
    }


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
