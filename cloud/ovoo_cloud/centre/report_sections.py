"""What a centre adds to the snapshot of a diagnosis: matching with its registers, and the medians of the sector.

Both are made again by `verify --deep`: matching from the rows of the registers as they stood at the moment that the
section carries, medians from the issued reports of the quarter, grouped as they were grouped then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.tables import Enterprise
from ovoo_cloud.centre.benchmark import compute
from ovoo_cloud.centre.frozen_matching import freeze_matching
from ovoo_cloud.centre.matching import EDITION
from ovoo_cloud.centre.needs import enterprise_file, need_of, offers
from ovoo_cloud.centre.own_facts import fact_labels, own_facts
from ovoo_cloud.centre.pinned_places import pin_places
from ovoo_cloud.centre.sector_benchmark import quarter_readings
from ovoo_cloud.centre.sector_medians import sector_medians
from ovoo_cloud.services import Services

__all__ = ["benchmark_section", "matching_section", "sections_again"]


def matching_section(
    session: Session, scope: Scope, enterprise: str, data: Mapping[str, Any], *, key: str, day: str, now_ns: int
) -> dict[str, Any]:
    """`matching` for a snapshot, by what the snapshot itself says is needed; empty where the centre has no registers.

    Args:
        key: the case or number that equal offers are drawn by.
        day: ISO date on which policies must be valid.
        now_ns: the moment as of which the registers are read.
    """
    sector = enterprises.enterprise(session, scope, enterprise).sector
    return _matching(session, enterprise, sector or "", data, key=key, day=day, at_ns=now_ns)


def _matching(
    session: Session, enterprise: str, sector: str, data: Mapping[str, Any], *, key: str, day: str, at_ns: int
) -> dict[str, Any]:
    there = offers(session, at_ns)
    if not there:
        return {}
    need = need_of(sector, enterprise_file(session, enterprise, at_ns), data, key=key, day=day)
    own = own_facts(session, enterprise, there, at_ns)
    need = replace(need, facts={**need.facts, **own})
    section = freeze_matching(need, there, fact_labels(session, own))
    return {"matching": {**section, "registers_at_ns": str(at_ns)}}


def benchmark_section(
    services: Services, scope: Scope, enterprise: str, framework: Mapping[str, Any]
) -> dict[str, Any]:
    """`benchmark` for a snapshot: the medians of the last quarter; empty where this is the only enterprise there is.

    The places that its groups are made by are pinned with it.
    """
    with services.database.read() as session:
        if (session.scalar(select(func.count()).select_from(Enterprise)) or 0) < 2:
            return {}
        sector = enterprises.enterprise(session, scope, enterprise).sector
    found = quarter_readings(services)
    with services.database.write() as session:
        pinned = pin_places(session, found.readings, found.places, services.clock())
    groups = {"quarter": found.quarter, **compute(found.readings, found.places, services.settings.benchmark_min_group)}
    return {"benchmark": sector_medians(groups, sector or "", framework, pinned)}


def sections_again(services: Services, enterprise: str, snapshot: Mapping[str, Any]) -> Mapping[str, Any]:
    """The sections of an issued snapshot made once more; those that carry no moment or places are left out.

    Matching by rules of another edition is left out too: it rests on its own check and the signature.

    Raises:
        VerifyError: the places are not held here.
    """
    return dict(_again(services, enterprise, snapshot))


def _again(services: Services, enterprise: str, snapshot: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    matching, benchmark = snapshot.get("matching", {}), snapshot.get("benchmark", {})
    if "registers_at_ns" in matching and matching["edition"] == EDITION:
        yield "matching", _matching_again(services, enterprise, snapshot)
    if "places_sha256" in benchmark:
        found = quarter_readings(services, benchmark["quarter"], places_sha256=benchmark["places_sha256"])
        groups = {"quarter": found.quarter, **compute(found.readings, found.places, benchmark["minimum"])}
        sector = benchmark["sector"]["id"]
        yield "benchmark", sector_medians(groups, sector, snapshot["framework"], benchmark["places_sha256"])


def _matching_again(services: Services, enterprise: str, snapshot: Mapping[str, Any]) -> Any:
    section: Mapping[str, Any] = snapshot["matching"]
    need = section["need"]
    with services.database.read() as session:
        made = _matching(
            session, enterprise, need["facts"].get("sector") or "", snapshot, key=need["key"], day=need["day"],
            at_ns=int(section["registers_at_ns"]),
        )  # fmt: skip
    return made.get("matching")
