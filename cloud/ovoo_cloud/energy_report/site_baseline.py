"""The baseline that a month's report is held to: the signed one of the site, as plain data of a plan."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ovoo_contract.errors import ConfigError
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_baselines, energy_savings
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline, EnergyFit
from ovoo_cloud.energy.bill_baseline import is_of_bills
from ovoo_cloud.energy.proving import AcceptedEvent, accepted_events
from ovoo_cloud.energy_report.baseline_terms import approved_hash

__all__ = ["baseline_of_month"]


@dataclass(frozen=True, slots=True)
class _Signed:
    owner: EnergyBaseline
    fit: EnergyFit
    edition: int


def baseline_of_month(
    session: Session,
    scope: Scope,
    enterprise: str,
    site: str,
    month_start_ns: int,
    zone: ZoneInfo,
    told: Mapping[str, Any] | None,
) -> dict[str, Any] | None:
    """Section `baseline` of a plan: the signed one where there is one, else what was `told`; None without either.

    Counts are baselines of the whole site whose signed period ends before the month; of several the one signed last,
    or the one whose `id` is told.

    Raises:
        ConfigError: an id that no such baseline has, or a period told where a signed baseline exists.
    """
    signed = _signed(session, scope, enterprise, site, month_start_ns)
    wanted = None if told is None else told.get("id")
    if wanted is not None:
        chosen = next((each for each in signed if each.owner.id == wanted), None)
        if chosen is None or set(told or ()) != {"id"}:
            remedy = f"`id` alone, one of {sorted(each.owner.id for each in signed)}"
            raise ConfigError(
                "no signed baseline of the site",
                code="report.no_signed_baseline",
                slots={"known": sorted(each.owner.id for each in signed)},
                offender="baseline.id",
                value=wanted,
                remedy=remedy,
            )
    elif signed:
        chosen = signed[-1]
        if told is not None:
            remedy = "leave `baseline` out, or name a signed one by `id`"
            raise ConfigError(
                "the site has a signed one",
                code="report.site_has_a_signed_one",
                offender="baseline",
                value=chosen.owner.id,
                remedy=remedy,
            )
    else:
        return None if told is None else dict(told)
    others = [each.owner.name for each in signed if each.owner.id != chosen.owner.id]
    events = accepted_events(energy_savings.events(session, scope, chosen.owner))
    return {"approved": _plain(chosen, others, events, zone)}


def _signed(session: Session, scope: Scope, enterprise: str, site: str, month_start_ns: int) -> list[_Signed]:
    """The newest usable signature of each baseline, in the order of the signatures."""
    found = []
    for owner in energy_baselines.baselines(session, scope, enterprise, site):
        if owner.asset or is_of_bills(owner.spec):
            continue
        rows = [row for row in energy_baselines.fits(session, scope, owner) if row.signed_ns is not None]
        rows.sort(key=lambda row: row.signed_ns or 0)
        usable = [
            _Signed(owner, row, number) for number, row in enumerate(rows, start=1) if row.end_ns <= month_start_ns
        ]
        found += usable[-1:]
    return sorted(found, key=lambda each: (each.fit.signed_ns or 0, each.owner.id))


def _plain(chosen: _Signed, others: Sequence[str], events: Sequence[AcceptedEvent], zone: ZoneInfo) -> dict[str, Any]:
    owner, fit, outcome = chosen.owner, chosen.fit, chosen.fit.outcome
    model = {"spec": owner.spec, **{name: outcome[name] for name in ("settings", "coefficients", "columns")}}
    told: dict[str, Any] = {
        "id": owner.id,
        "name": owner.name,
        "asset": owner.asset,
        "fit": fit.id,
        "edition": str(chosen.edition),
        "signed_by": fit.signed_by,
        "signed": f"{datetime.fromtimestamp((fit.signed_ns or 0) // 10**9, zone):%Y-%m-%d}",
        "document": fit.document,
        "start_ns": str(fit.start_ns),
        "end_ns": str(fit.end_ns),
        **{name: json.dumps(value, sort_keys=True, ensure_ascii=False) for name, value in model.items()},
        "others": list(others),
        "events": [{name: _text(value) for name, value in asdict(each).items()} for each in events],
    }
    return told | {"sha256": approved_hash(told)}


def _text(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)
