"""What a centre adds to the snapshot of a diagnosis: matching with its registers, and the medians of the sector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.tables import Enterprise
from ovoo_cloud.centre.frozen_matching import freeze_matching
from ovoo_cloud.centre.needs import enterprise_file, need_of, offers
from ovoo_cloud.centre.own_facts import fact_labels, own_facts
from ovoo_cloud.centre.sector_benchmark import sector_benchmark
from ovoo_cloud.centre.sector_medians import sector_medians
from ovoo_cloud.services import Services

__all__ = ["benchmark_section", "matching_section"]


def matching_section(
    session: Session, scope: Scope, enterprise: str, data: Mapping[str, Any], *, key: str, day: str
) -> dict[str, Any]:
    """`matching` for a snapshot, by what the snapshot itself says is needed; empty where the centre has no registers.

    Args:
        key: the case or number that equal offers are drawn by.
        day: ISO date on which policies must be valid.
    """
    there = offers(session)
    if not there:
        return {}
    sector = enterprises.enterprise(session, scope, enterprise).sector
    need = need_of(sector, enterprise_file(session, enterprise), data, key=key, day=day)
    own = own_facts(session, enterprise, there)
    need = replace(need, facts={**need.facts, **own})
    return {"matching": freeze_matching(need, there, fact_labels(session, own))}


def benchmark_section(
    services: Services, scope: Scope, enterprise: str, framework: Mapping[str, Any]
) -> dict[str, Any]:
    """`benchmark` for a snapshot: the medians of the last quarter; empty where this is the only enterprise there is."""
    with services.database.read() as session:
        if (session.scalar(select(func.count()).select_from(Enterprise)) or 0) < 2:
            return {}
        sector = enterprises.enterprise(session, scope, enterprise).sector
    return {"benchmark": sector_medians(sector_benchmark(services, scope), sector or "", framework)}
