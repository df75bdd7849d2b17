"""Baselines and their fits: defined, fitted again, and made the champion by a signature only."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.errors import ConfigError, EvidenceError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit, enterprises, signals
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline, EnergyFit

__all__ = ["baseline", "baselines", "champion", "define", "every", "fit", "fits", "keep_fit", "sign"]


def define(
    session: Session,
    scope: Scope,
    enterprise: str,
    site: str,
    *,
    name: str,
    asset: str,
    spec: Mapping[str, Any],
    now_ns: int,
) -> EnergyBaseline:
    """A new baseline; `asset` is a full path, or empty for the whole site."""
    scope = scope.under(Permission.SET_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    if not name.strip():
        raise ConfigError(
            "a baseline needs a name", code="baseline.baseline_needs_name", offender="name", value=name,
            remedy="what it is the baseline of",
        )  # fmt: skip
    if asset and (signals.asset(session, scope, asset).site, asset.split("/")[0]) != (site, enterprise):
        raise ConfigError(
            "a machine of another site", code="baseline.machine_of_another_site", slots={"site": site},
            offender="asset", value=asset, remedy=f"one of {site}",
        )  # fmt: skip
    row = EnergyBaseline(
        id=f"bl_{secrets.token_hex(8)}", enterprise=enterprise, site=site, asset=asset, name=name.strip(),
        spec=dict(spec), created_by=scope.user, created_ns=now_ns,
    )  # fmt: skip
    session.add(row)
    session.flush()
    _audit(session, scope, row, "energy.baseline", now_ns, {"name": row.name, "spec": row.spec})
    return row


def baselines(session: Session, scope: Scope, enterprise: str, site: str) -> Sequence[EnergyBaseline]:
    """The baselines of a site, by name."""
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    query = select(EnergyBaseline).where(EnergyBaseline.enterprise == enterprise, EnergyBaseline.site == site)
    return session.scalars(query.order_by(EnergyBaseline.name, EnergyBaseline.id)).all()


def every(session: Session, scope: Scope) -> Sequence[EnergyBaseline]:
    """All baselines in the scope, in the order of their making: for the nightly run."""
    scope = scope.under(Permission.READ_ENERGY)
    query = select(EnergyBaseline).order_by(EnergyBaseline.created_ns, EnergyBaseline.id)
    return [row for row in session.scalars(query) if scope.sees_site(row.enterprise, row.site)]


def baseline(session: Session, scope: Scope, enterprise: str, site: str, baseline_id: str) -> EnergyBaseline:
    """One baseline of the site; NotFound when absent or foreign."""
    scope = scope.under(Permission.READ_ENERGY)
    scope.require_site(enterprise, site, baseline_id)
    found = session.get(EnergyBaseline, baseline_id)
    if found is None or (found.enterprise, found.site) != (enterprise, site):
        raise absent(f"baseline {baseline_id}")
    return found


def keep_fit(
    session: Session, scope: Scope, owner: EnergyBaseline, *, role: str, start_ns: int, end_ns: int,
    outcome: Mapping[str, Any], now_ns: int,
) -> EnergyFit:  # fmt: skip
    """Stores a `draft` or `challenger`; the one before of the same role, which nobody signed, goes."""
    scope = scope.under(Permission.SET_ENERGY)
    if role not in ("draft", "challenger"):
        raise ConfigError(
            "a champion is made by a signature", code="baseline.champion_made_by_signature", offender="role",
            value=role, remedy="sign the fit",
        )  # fmt: skip
    session.execute(delete(EnergyFit).where(EnergyFit.baseline == owner.id, EnergyFit.role == role))
    row = EnergyFit(
        id=f"fit_{secrets.token_hex(8)}", baseline=owner.id, role=role, start_ns=start_ns, end_ns=end_ns,
        outcome=dict(outcome), made_by=scope.user, made_ns=now_ns, signed_by="", document="",
    )  # fmt: skip
    session.add(row)
    session.flush()
    if role == "draft":  # a challenger is made every night by nobody
        detail = {"fit": row.id, "refused": str(outcome.get("refused", ""))}
        _audit(session, scope, owner, "energy.fit", now_ns, detail)
    return row


def fits(session: Session, scope: Scope, owner: EnergyBaseline) -> Sequence[EnergyFit]:
    """All fits of a baseline, newest first."""
    scope = scope.under(Permission.READ_ENERGY)
    scope.require_site(owner.enterprise, owner.site)
    query = select(EnergyFit).where(EnergyFit.baseline == owner.id)
    return session.scalars(query.order_by(EnergyFit.made_ns.desc(), EnergyFit.id)).all()


def fit(session: Session, scope: Scope, owner: EnergyBaseline, fit_id: str) -> EnergyFit:
    """One fit of the baseline; NotFound when it is not one of its own."""
    scope = scope.under(Permission.READ_ENERGY)
    found = session.get(EnergyFit, fit_id)
    if found is None or found.baseline != owner.id:
        raise absent(f"fit {fit_id}")
    return found


def champion(session: Session, scope: Scope, owner: EnergyBaseline) -> EnergyFit | None:
    """The signed fit that savings are proven against; None while nobody signed one."""
    return next((row for row in fits(session, scope, owner) if row.role == "champion"), None)


def sign(
    session: Session, scope: Scope, owner: EnergyBaseline, fit_id: str, *, document: str, now_ns: int
) -> EnergyFit:
    """Freezes a fit in the caller's name; the champion before becomes a former one and stays readable.

    Raises:
        ConfigError: no document is named.
        EvidenceError: the fit was refused, so there is nothing to freeze.
    """
    scope = scope.under(Permission.SET_ENERGY)
    row = fit(session, scope, owner, fit_id)
    if not document.strip():
        raise ConfigError(
            "a signature needs its document", code="baseline.signature_needs_its_document", offender="document",
            value=document, remedy="the M&V plan or minutes",
        )  # fmt: skip
    if row.outcome.get("refused"):
        raise EvidenceError(
            "a refused fit cannot be signed", code="baseline.refused_fit_cannot_be_signed", offender=fit_id,
            value=row.outcome["refused"],
        )  # fmt: skip
    before = champion(session, scope, owner)
    if before is not None and before.id != row.id:
        before.role = "former"
    row.role, row.signed_by, row.signed_ns, row.document = "champion", scope.user, now_ns, document.strip()
    session.flush()
    detail = {"fit": row.id, "document": row.document, "before": before.id if before is not None else ""}
    _audit(session, scope, owner, "energy.sign", now_ns, detail)
    return row


def _audit(
    session: Session, scope: Scope, row: EnergyBaseline, action: str, now_ns: int, detail: Mapping[str, Any]
) -> None:
    audit.append(
        session, actor=scope.user, action=action, subject=row.id, at_ns=now_ns, enterprise=row.enterprise, detail=detail
    )
