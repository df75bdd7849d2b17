"""What people and the nightly run do with baselines: define, fit, prove, decide, recompute."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ovoo_contract.errors import EvidenceError, QueryError
from ovoo_models.efficiency.savings.bill_saving import BillSaving

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_baselines, energy_savings, signals
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline, EnergyEvent, EnergyFit, EnergySaving
from ovoo_cloud.energy.baseline_fit import fit_outcome
from ovoo_cloud.energy.baseline_spec import BaselineSpec, spec_from_data
from ovoo_cloud.energy.bill_baseline import (
    BillSpec,
    bill_outcome,
    bill_spec_from_data,
    is_of_bills,
    prove_bill_saving,
)
from ovoo_cloud.energy.intervals import check_place, check_signals, observations
from ovoo_cloud.energy.proving import accepted_events, adjusted_of, differences, load_case, prove_case
from ovoo_cloud.reasons import reason_of
from ovoo_cloud.services import Services

__all__ = ["Recomputed", "Refused", "decide_event", "define_baseline", "fit_baseline", "prove_saving", "recompute"]

_OWN_UNIT: Final[Mapping[str, str]] = {"t/h": "t", "m3/h": "m3", "kg/h": "kg", "kW": "kWh"}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why no saving can be told: too little evidence is a result, not a failure.

    `told`: the reason with code and slots.
    """

    reason: str
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recomputed:
    """Whether a record made again from the store is the same to the last bit, and where it differs if not."""

    record: str
    equal: bool
    differences: tuple[str, ...]
    adjusted_equal: bool | None


def define_baseline(
    services: Services, scope: Scope, enterprise: str, site: str, *, name: str, asset: str,
    spec: BaselineSpec | BillSpec, start_ns: int, end_ns: int,
) -> tuple[EnergyBaseline, EnergyFit]:  # fmt: skip
    """Keeps a new baseline with its first fit, also where that is refused: the reason is then shown."""
    scope = scope.under(Permission.SET_ENERGY)
    with services.database.read() as session:
        if isinstance(spec, BaselineSpec):
            check_signals(session, scope, enterprise, site, spec)
        elif spec.temperature:
            check_place(signals.signal(session, scope, spec.temperature), enterprise, site)
    outcome = _outcome(services, scope, enterprise, site, spec, start_ns, end_ns)
    now_ns = services.clock()
    with services.database.write() as session:
        owner = energy_baselines.define(
            session, scope, enterprise, site, name=name, asset=asset, spec=spec.to_data(), now_ns=now_ns
        )
        row = energy_baselines.keep_fit(
            session, scope, owner, role="draft", start_ns=start_ns, end_ns=end_ns, outcome=outcome, now_ns=now_ns
        )
    return owner, row


def fit_baseline(
    services: Services, scope: Scope, owner: EnergyBaseline, start_ns: int, end_ns: int, *, role: str = "draft"
) -> EnergyFit:
    """Fits the baseline again over [start, end) as a draft of a person, or as the challenger of the night."""
    scope = scope.under(Permission.SET_ENERGY)
    spec = bill_spec_from_data(owner.spec) if is_of_bills(owner.spec) else spec_from_data(owner.spec)
    outcome = _outcome(services, scope, owner.enterprise, owner.site, spec, start_ns, end_ns)
    with services.database.write() as session:
        return energy_baselines.keep_fit(
            session, scope, owner, role=role, start_ns=start_ns, end_ns=end_ns, outcome=outcome, now_ns=services.clock()
        )


def prove_saving(
    services: Services, scope: Scope, owner: EnergyBaseline, start_ns: int, end_ns: int, *, nightly: bool = False
) -> EnergySaving | Refused:
    """The saving of [start, end) against the champion, stored with its record, proposals and adjusted twin.

    Raises:
        QueryError: nobody has signed a fit yet.
    """
    scope = scope.under(Permission.SET_ENERGY)
    with services.database.read() as session:
        champion = energy_baselines.champion(session, scope, owner)
    if champion is None:
        raise QueryError(
            "nobody has signed this baseline", code="baseline.nobody_has_signed_this_baseline", offender="baseline",
            value=owner.id, remedy="sign a fit",
        )  # fmt: skip
    if is_of_bills(owner.spec):
        return _prove_bills(services, scope, owner, champion, start_ns, end_ns)
    try:
        case = load_case(services, scope, owner, champion, start_ns, end_ns)
        proof = prove_case(case)
    except EvidenceError as error:
        return Refused(str(error), reason_of(error))
    now_ns = services.clock()
    with services.database.write() as session:
        row = energy_savings.keep(
            session, scope, owner, champion.id, record_id=proof.record_id, start_ns=start_ns, end_ns=end_ns,
            record=proof.record, course=proof.course, nightly=nightly, now_ns=now_ns,
        )  # fmt: skip
        energy_savings.keep_proposals(session, scope, owner, (start_ns, end_ns), proof.proposals, now_ns)
        events = accepted_events(energy_savings.events(session, scope, owner))
        adjusted, note = _adjusted(lambda: adjusted_of(case, events))
        energy_savings.keep_adjusted(session, row, adjusted, note)
    return row


def _prove_bills(
    services: Services, scope: Scope, owner: EnergyBaseline, champion: EnergyFit, start_ns: int, end_ns: int
) -> EnergySaving | Refused:
    """The saving of bills; months show no events, so there is no adjusted twin."""
    try:
        found, record, course = _bill_saving(services, scope, owner, champion, start_ns, end_ns)
    except EvidenceError as error:
        return Refused(str(error), reason_of(error))
    with services.database.write() as session:
        return energy_savings.keep(
            session, scope, owner, champion.id, record_id=found.record.id, start_ns=start_ns, end_ns=end_ns,
            record=record, course=course, nightly=False, now_ns=services.clock(),
        )  # fmt: skip


def _bill_saving(
    services: Services, scope: Scope, owner: EnergyBaseline, fit: EnergyFit, start_ns: int, end_ns: int
) -> tuple[BillSaving, dict[str, Any], dict[str, Any]]:
    place, spec = (owner.enterprise, owner.site), bill_spec_from_data(owner.spec)
    signed, period = fit.outcome["coefficients"], (fit.start_ns, fit.end_ns)
    return prove_bill_saving(services, scope, place, spec, signed, period, (start_ns, end_ns))


def decide_event(
    services: Services, scope: Scope, owner: EnergyBaseline, event_id: str, *, accepted: bool, reason: str
) -> EnergyEvent:
    """Keeps a decision, then makes the adjusted result of every saving anew; the measured ones stay as they are."""
    with services.database.write() as session:
        event = energy_savings.decide(
            session, scope, owner, event_id, accepted=accepted, reason=reason, now_ns=services.clock()
        )
        rows = energy_savings.of_baseline(session, scope, owner)
        events = accepted_events(energy_savings.events(session, scope, owner))
        fits = {row.id: row for row in energy_baselines.fits(session, scope, owner)}
    for row in rows:

        def again(saving: EnergySaving = row) -> dict[str, Any]:
            case = load_case(services, scope, owner, fits[saving.fit], saving.start_ns, saving.end_ns)
            return adjusted_of(case, events)

        adjusted, note = _adjusted(again)
        with services.database.write() as session:
            present, _ = energy_savings.by_record(session, scope, row.id)
            energy_savings.keep_adjusted(session, present, adjusted, note)
    return event


def recompute(services: Services, scope: Scope, record_id: str) -> Recomputed:
    """Makes a record again from the samples in the store and compares every field."""
    with services.database.read() as session:
        row, owner = energy_savings.by_record(session, scope, record_id)
        fit = energy_baselines.fit(session, scope, owner, row.fit)
        events = accepted_events(energy_savings.events(session, scope, owner))
    if is_of_bills(owner.spec):
        try:
            _, again, _ = _bill_saving(services, scope, owner, fit, row.start_ns, row.end_ns)
        except EvidenceError as error:
            return Recomputed(record_id, False, (str(error),), None)
        different = differences(row.record, again)
        return Recomputed(record_id, not different, tuple(different), None)
    case = load_case(services, scope, owner, fit, row.start_ns, row.end_ns)
    try:
        found = differences(row.record, prove_case(case).record)
        adjusted = differences(row.adjusted, adjusted_of(case, events), "adjusted.") if row.adjusted else None
    except EvidenceError as error:
        return Recomputed(record_id, False, (str(error),), None)
    same = None if adjusted is None else not adjusted
    return Recomputed(record_id, not found and same is not False, (*found, *(adjusted or ())), same)


def _adjusted(make: Any) -> tuple[dict[str, Any], str]:
    try:
        return make(), ""
    except EvidenceError as error:
        return {}, json.dumps(reason_of(error), ensure_ascii=False)


def _outcome(
    services: Services, scope: Scope, enterprise: str, site: str, spec: BaselineSpec | BillSpec, start_ns: int,
    end_ns: int,
) -> dict[str, Any]:  # fmt: skip
    if isinstance(spec, BillSpec):
        return bill_outcome(services, scope, enterprise, site, spec, start_ns, end_ns)
    data = observations(services, scope, enterprise, site, spec, start_ns, end_ns)
    with services.database.read() as session:
        units = {
            each.name: _unit(signals.signal(session, scope, each.address).unit, each.take) for each in spec.drivers
        }
    return fit_outcome(data, spec, units)


def _unit(unit: str, take: str) -> str:
    """The unit of a driver's column: an integral loses its `per hour`."""
    if unit == "1":
        return ""
    return _OWN_UNIT.get(unit, f"{unit}·h") if take == "integral" else unit
