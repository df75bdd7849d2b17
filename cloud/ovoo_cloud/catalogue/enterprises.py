"""Enterprises and their sites."""

from __future__ import annotations

from collections.abc import Sequence

from ovoo_contract.address import check_segment
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue.tables import Enterprise, Site
from ovoo_cloud.catalogue.visible import visible

__all__ = ["enterprise", "enterprises", "save_enterprise", "save_site", "site", "sites"]


def enterprises(session: Session, scope: Scope) -> Sequence[Enterprise]:
    """All enterprises in the scope, by id."""
    scope.require(Permission.READ_SITES)
    query = select(Enterprise).order_by(Enterprise.id)
    if scope.enterprises is not None:
        query = query.where(Enterprise.id.in_(scope.enterprises))
    return session.scalars(query).all()


def enterprise(session: Session, scope: Scope, enterprise_id: str) -> Enterprise:
    """One enterprise; NotFound when absent or foreign."""
    scope.require(Permission.READ_SITES)
    scope.require_enterprise(enterprise_id)
    found = session.get(Enterprise, enterprise_id)
    if found is None:
        raise absent(enterprise_id)
    return found


def save_enterprise(
    session: Session, scope: Scope, enterprise_id: str, *, name_zh: str = "", name_en: str = "", sector: str = ""
) -> Enterprise:
    """Creates the enterprise or changes the attributes that are given."""
    scope.require(Permission.MANAGE_ENTERPRISES)
    check_segment(enterprise_id, "enterprise")
    scope.require_enterprise(enterprise_id)
    found = session.get(Enterprise, enterprise_id)
    if found is None:
        found = Enterprise(id=enterprise_id, name_zh=enterprise_id, name_en=enterprise_id, sector="")
        session.add(found)
    found.name_zh, found.name_en = name_zh or found.name_zh, name_en or found.name_en
    found.sector = sector or found.sector
    session.flush()
    return found


def sites(session: Session, scope: Scope, enterprise_id: str | None = None) -> Sequence[Site]:
    """All sites in the scope, or those of one enterprise."""
    scope.require(Permission.READ_SITES)
    query = select(Site).order_by(Site.enterprise, Site.id)
    if enterprise_id is not None:
        scope.require_enterprise(enterprise_id)
        query = query.where(Site.enterprise == enterprise_id)
    query = query.where(visible(scope, Site.enterprise, Site.id, enterprise_id))
    return session.scalars(query).all()


def site(session: Session, scope: Scope, enterprise_id: str, site_id: str) -> Site:
    """One site; NotFound when absent or foreign."""
    scope.require(Permission.READ_SITES)
    scope.require_site(enterprise_id, site_id)
    found = session.get(Site, (enterprise_id, site_id))
    if found is None:
        raise absent(f"{enterprise_id}/{site_id}")
    return found


def save_site(
    session: Session,
    scope: Scope,
    enterprise_id: str,
    site_id: str,
    *,
    name_zh: str = "",
    name_en: str = "",
    timezone: str = "",
) -> Site:
    """Creates the site or changes the attributes that are given."""
    scope.require(Permission.MANAGE_ENTERPRISES)
    check_segment(site_id, "site")
    scope.require_enterprise(enterprise_id)
    if session.get(Enterprise, enterprise_id) is None:
        raise absent(enterprise_id)
    found = session.get(Site, (enterprise_id, site_id))
    if found is None:
        found = Site(enterprise=enterprise_id, id=site_id, name_zh=site_id, name_en=site_id, timezone="Asia/Shanghai")
        session.add(found)
    found.name_zh, found.name_en = name_zh or found.name_zh, name_en or found.name_en
    found.timezone = timezone or found.timezone
    session.flush()
    return found
