"""Specific consumptions of sites: which signals, which norm, which corrections, and the months last computed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.errors import ConfigError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit, enterprises
from ovoo_cloud.catalogue.baseline_tables import EnergyIntensity

__all__ = ["every", "intensities", "intensity", "keep_results", "save"]


def save(
    session: Session, scope: Scope, enterprise: str, site: str, intensity_id: str, *, name: str,
    spec: Mapping[str, Any], now_ns: int,
) -> EnergyIntensity:  # fmt: skip
    """Defines an intensity (empty id: a new one) or changes it; its results are computed apart."""
    scope = scope.under(Permission.SET_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    if not name.strip():
        raise ConfigError(
            "an intensity needs a name", code="intensity.intensity_needs_name", offender="name", value=name,
            remedy="the product it is of",
        )  # fmt: skip
    if intensity_id:
        row = intensity(session, scope, enterprise, site, intensity_id)
    else:
        row = EnergyIntensity(
            id=f"sec_{secrets.token_hex(8)}", enterprise=enterprise, site=site, results={}, computed_ns=0
        )
        session.add(row)
    row.name, row.spec, row.updated_by, row.updated_ns = name.strip(), dict(spec), scope.user, now_ns
    session.flush()
    audit.append(
        session, actor=scope.user, action="energy.intensity", subject=row.id, at_ns=now_ns, enterprise=enterprise,
        detail={"name": row.name, "spec": row.spec},
    )  # fmt: skip
    return row


def keep_results(session: Session, scope: Scope, intensity_id: str, results: Mapping[str, Any], now_ns: int) -> None:
    """Stores the months of an intensity."""
    scope = scope.under(Permission.SET_ENERGY)
    row = session.get(EnergyIntensity, intensity_id)
    if row is None or not scope.sees_site(row.enterprise, row.site):
        raise absent(f"intensity {intensity_id}")
    row.results, row.computed_ns = dict(results), now_ns
    session.flush()


def intensities(session: Session, scope: Scope, enterprise: str, site: str) -> Sequence[EnergyIntensity]:
    """The intensities of a site, by name."""
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    query = select(EnergyIntensity).where(EnergyIntensity.enterprise == enterprise, EnergyIntensity.site == site)
    return session.scalars(query.order_by(EnergyIntensity.name, EnergyIntensity.id)).all()


def every(session: Session, scope: Scope) -> Sequence[EnergyIntensity]:
    """All intensities in the scope, for the nightly run."""
    scope = scope.under(Permission.READ_ENERGY)
    rows = session.scalars(select(EnergyIntensity).order_by(EnergyIntensity.id)).all()
    return [row for row in rows if scope.sees_site(row.enterprise, row.site)]


def intensity(session: Session, scope: Scope, enterprise: str, site: str, intensity_id: str) -> EnergyIntensity:
    """One intensity of the site; NotFound when absent or foreign."""
    scope = scope.under(Permission.READ_ENERGY)
    scope.require_site(enterprise, site, intensity_id)
    found = session.get(EnergyIntensity, intensity_id)
    if found is None or (found.enterprise, found.site) != (enterprise, site):
        raise absent(f"intensity {intensity_id}")
    return found
