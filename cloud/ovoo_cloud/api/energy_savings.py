"""Savings of a site: proven against a signed baseline, read with their course, and made again from the store."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.energy_baselines import PeriodBody
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue import energy_baselines, energy_savings
from ovoo_cloud.catalogue.baseline_tables import EnergySaving
from ovoo_cloud.energy.baseline_service import Refused, prove_saving
from ovoo_cloud.energy.baseline_service import recompute as made_again

__all__ = ["router"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/sites/{site}/energy", tags=["energy savings"], route_class=KeyedRoute
)
Reader = Annotated[Scope, Depends(require(Permission.READ_ENERGY))]
Setter = Annotated[Scope, Depends(require(Permission.SET_ENERGY))]


@router.get("/savings")
def list_savings(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The savings of a site, newest first within each baseline."""
    with services.database.read() as session:
        rows = [
            row
            for owner in energy_baselines.baselines(session, scope, enterprise, site)
            for row in energy_savings.of_baseline(session, scope, owner)
        ]
    return {"items": [_saving(row) for row in rows]}


@router.post("/baselines/{baseline}/savings")
def prove(
    enterprise: str, site: str, baseline: str, body: PeriodBody, services: ServicesDep, scope: Setter
) -> dict[str, Any]:
    """Proves the saving of a period against the champion.

    Where the evidence is not enough, `record` is null and `refused` says why; nothing is stored then.
    """
    with services.database.read() as session:
        owner = energy_baselines.baseline(session, scope, enterprise, site, baseline)
    found = prove_saving(services, scope, owner, *body.bounds())
    if isinstance(found, Refused):
        return {"record": None, "refused": found.reason}
    return {**_saving(found), "refused": ""}


@router.get("/savings/{record}")
def get_saving(enterprise: str, site: str, record: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One saving: its record, the record without accepted events, course and turning points of its CUSUM."""
    with services.database.read() as session:
        row, _ = energy_savings.saving(session, scope, enterprise, site, record)
    return {**_saving(row), "record_data": dict(row.record), "course": dict(row.course)}


@router.get("/savings/{record}/recompute")
def recompute(enterprise: str, site: str, record: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """Makes the record again from the samples in the store and says whether it is equal, or what differs."""
    with services.database.read() as session:
        energy_savings.saving(session, scope, enterprise, site, record)
    found = made_again(services, scope, record)
    return {
        "record": found.record,
        "equal": found.equal,
        "differences": list(found.differences),
        "adjusted_equal": found.adjusted_equal,
    }


def _saving(row: EnergySaving) -> dict[str, Any]:
    return {
        "record": row.id,
        "baseline": row.baseline,
        "fit": row.fit,
        "start": to_iso(row.start_ns),
        "end": to_iso(row.end_ns),
        "nightly": row.nightly,
        "results": row.record["results"],
        "adjusted": dict(row.adjusted) or None,
        "note": energy_savings.note_of(row)["what"],
        "made_by": row.made_by,
        "made": to_iso(row.made_ns),
    }
