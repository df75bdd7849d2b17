"""The nightly roll-up: energy per asset and local day, and again for days that late samples changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.tables import EnergyDay, Site, TouchedDay
from ovoo_cloud.energy.summary import EnergySummary, site_energy
from ovoo_cloud.services import Services

__all__ = ["day_bounds", "energy_rollup"]

_DAYS_BACK: Final = 3
_SCOPE: Final = Scope.system("energy_rollup")


def energy_rollup(
    services: Services, parameters: Mapping[str, Any], progress: Callable[[float], None]
) -> Mapping[str, Any]:
    """Computes the last three finished days that are missing, and every touched day.

    Parameters: `days` (optional) replaces the three by more, for a first fill.
    """
    with services.database.read() as session:
        sites = list(enterprises.sites(session, _SCOPE))
    done = 0
    for number, site in enumerate(sites):
        for day in _due(services, site, int(parameters.get("days", _DAYS_BACK))):
            _roll(services, site, day)
            done += 1
        progress((number + 1) / len(sites))
    return {"sites": len(sites), "days": done}


def day_bounds(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """Start and end of a local day in nanoseconds UTC."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=zone)
    return int(start.timestamp()) * 1_000_000_000, int(end.timestamp()) * 1_000_000_000


def _due(services: Services, site: Site, days_back: int) -> list[date]:
    today = datetime.fromtimestamp(services.clock() // 1_000_000_000, UTC).astimezone(ZoneInfo(site.timezone)).date()
    with services.database.read() as session:
        touched = session.scalars(
            select(TouchedDay.day).where(TouchedDay.enterprise == site.enterprise, TouchedDay.site == site.id)
        ).all()
        present = set(
            session.scalars(
                select(EnergyDay.day).where(
                    EnergyDay.enterprise == site.enterprise, EnergyDay.site == site.id, EnergyDay.asset == ""
                )
            )
        )
    recent = [today - timedelta(days=back) for back in range(1, days_back + 1)]
    days = {day for day in recent if day.isoformat() not in present}
    days |= {date.fromisoformat(day) for day in touched if date.fromisoformat(day) < today}
    return sorted(days)


def _roll(services: Services, site: Site, day: date) -> None:
    start_ns, end_ns = day_bounds(day, ZoneInfo(site.timezone))
    # the mark goes first: samples that arrive while this computes set it again
    with services.database.write() as session:
        session.execute(
            delete(TouchedDay).where(
                TouchedDay.enterprise == site.enterprise, TouchedDay.site == site.id, TouchedDay.day == day.isoformat()
            )
        )
    try:
        summaries = site_energy(services, _SCOPE, site.enterprise, site.id, start_ns, end_ns)
    except BaseException:
        with services.database.write() as session:
            session.merge(TouchedDay(enterprise=site.enterprise, site=site.id, day=day.isoformat()))
        raise
    with services.database.write() as session:
        for summary in summaries:
            session.merge(_row(site, day, summary, services.clock()))


def _row(site: Site, day: date, summary: EnergySummary, now_ns: int) -> EnergyDay:
    return EnergyDay(
        enterprise=site.enterprise,
        site=site.id,
        asset=summary.asset,
        day=day.isoformat(),
        energy_kwh=summary.energy_kwh,
        summary=summary.to_dict(),
        computed_ns=now_ns,
    )
