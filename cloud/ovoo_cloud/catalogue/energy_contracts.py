"""Contracts of sites, uploaded market prices, and the bills and carbon figures made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_models.efficiency.tariff.prices import MarketSeries
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit, enterprises
from ovoo_cloud.catalogue.energy_tables import EnergyContract, EnergyStatement, MarketPrices

__all__ = [
    "Draft",
    "contract_of",
    "keep_prices",
    "keep_statement",
    "price_series",
    "save_contract",
    "series_of",
    "statement",
    "statements",
]

Kind = Literal["bill", "carbon"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement to be kept: `follows` is the id of the one that it is made again from."""

    kind: Kind
    period: str
    start_ns: int
    end_ns: int
    inputs: Mapping[str, Any]
    result: Mapping[str, Any]
    record_id: str
    follows: str = ""


def contract_of(session: Session, scope: Scope, enterprise: str, site: str) -> EnergyContract | None:
    """The terms of a site; None where nobody entered them: then nothing is billed."""
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    return session.get(EnergyContract, (enterprise, site))


def save_contract(
    session: Session, scope: Scope, enterprise: str, site: str, terms: Mapping[str, Any], now_ns: int
) -> EnergyContract:
    """Keeps the terms of a site in place of those before; bills keep the terms that they were made from."""
    scope = scope.under(Permission.SET_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    found = session.get(EnergyContract, (enterprise, site))
    if found is None:
        found = EnergyContract(enterprise=enterprise, site=site)
        session.add(found)
    found.terms, found.updated_by, found.updated_ns = dict(terms), scope.user, now_ns
    session.flush()
    _audit(session, scope, "energy.contract", f"{enterprise}/{site}", now_ns, {"terms": dict(terms)})
    return found


def keep_prices(
    session: Session, scope: Scope, enterprise: str, site: str, series: MarketSeries, now_ns: int
) -> MarketPrices:
    """Keeps an uploaded series; one of the same name and start is replaced, which the audit record tells."""
    scope = scope.under(Permission.SET_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    key = (enterprise, site, series.name, series.start_ns)
    found = session.get(MarketPrices, key)
    if found is None:
        found = MarketPrices(enterprise=enterprise, site=site, name=series.name, start_ns=series.start_ns)
        session.add(found)
    found.step_ns, found.document, found.may_be_negative = series.step_ns, series.document, series.may_be_negative
    found.prices = {"yuan_kwh": [str(price) for price in series.prices]}
    found.updated_by, found.updated_ns = scope.user, now_ns
    session.flush()
    digest = sha256_hex(canonical_json(found.prices["yuan_kwh"]))
    detail = {"name": series.name, "document": series.document, "rows": len(series.prices), "sha256": digest}
    _audit(session, scope, "energy.market_prices", f"{enterprise}/{site}", now_ns, detail)
    return found


def price_series(session: Session, scope: Scope, enterprise: str, site: str) -> Sequence[MarketPrices]:
    """The uploaded series of a site, the newest first."""
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    query = select(MarketPrices).where(MarketPrices.enterprise == enterprise, MarketPrices.site == site)
    return session.scalars(query.order_by(MarketPrices.start_ns.desc(), MarketPrices.name).limit(200)).all()


def series_of(
    session: Session, scope: Scope, enterprise: str, site: str, name: str, window: tuple[int, int]
) -> MarketSeries | None:
    """The uploaded series of that name which covers a window; None where there is none."""
    for row in price_series(session, scope, enterprise, site):
        prices = row.prices["yuan_kwh"]
        if row.name == name and row.start_ns <= window[0] and row.start_ns + row.step_ns * len(prices) >= window[1]:
            return _series(row, prices)
    return None


def keep_statement(
    session: Session, scope: Scope, enterprise: str, site: str, draft: Draft, now_ns: int
) -> EnergyStatement:
    """Adds a statement; the same made again from the same data is the one that stands already."""
    scope = scope.under(Permission.SET_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    content = [enterprise, site, draft.kind, draft.period, dict(draft.inputs), dict(draft.result), draft.follows]
    name = f"est_{sha256_hex(canonical_json(content))[:16]}"
    found = session.get(EnergyStatement, name)
    if found is not None:
        return found
    found = EnergyStatement(
        id=name,
        enterprise=enterprise,
        site=site,
        kind=draft.kind,
        period=draft.period,
        start_ns=draft.start_ns,
        end_ns=draft.end_ns,
        inputs=dict(draft.inputs),
        result=dict(draft.result),
        record_id=draft.record_id,
        follows=draft.follows,
        created_by=scope.user,
        created_ns=now_ns,
    )
    session.add(found)
    session.flush()
    detail = {"period": draft.period, "record": draft.record_id, "follows": draft.follows}
    _audit(session, scope, f"energy.{draft.kind}", name, now_ns, detail, enterprise)
    return found


def statements(session: Session, scope: Scope, enterprise: str, site: str, kind: Kind) -> Sequence[EnergyStatement]:
    """The statements of a site, the newest period first, at most 200."""
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    query = select(EnergyStatement).where(
        EnergyStatement.enterprise == enterprise, EnergyStatement.site == site, EnergyStatement.kind == kind
    )
    order = (EnergyStatement.start_ns.desc(), EnergyStatement.created_ns.desc(), EnergyStatement.id)
    return session.scalars(query.order_by(*order).limit(200)).all()


def statement(
    session: Session, scope: Scope, enterprise: str, site: str, statement_id: str, kind: Kind
) -> EnergyStatement:
    """One statement of the site.

    Raises:
        NotFound: there is none of that kind there.
    """
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    found = session.get(EnergyStatement, statement_id)
    if found is None or (found.enterprise, found.site, found.kind) != (enterprise, site, kind):
        raise absent(statement_id)
    return found


def _series(row: MarketPrices, prices: Sequence[str]) -> MarketSeries:
    values = tuple(Decimal(each) for each in prices)
    return MarketSeries(row.name, row.document, row.start_ns, row.step_ns, values, row.may_be_negative)


def _audit(
    session: Session,
    scope: Scope,
    action: str,
    subject: str,
    now_ns: int,
    detail: Mapping[str, Any],
    enterprise: str = "",
) -> None:
    audit.append(
        session,
        actor=scope.user,
        action=action,
        subject=subject,
        at_ns=now_ns,
        enterprise=enterprise or subject.partition("/")[0],
        detail=detail,
    )
