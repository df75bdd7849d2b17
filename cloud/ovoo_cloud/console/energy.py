"""What the energy page shows, gathered from the energy engine and the store: plain values, no HTML."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from ovoo_contract.address import Address
from ovoo_contract.units import conversion

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import signals
from ovoo_cloud.catalogue.tables import AssetRecord, SignalRecord, Site
from ovoo_cloud.console.view import signal_views
from ovoo_cloud.energy.summary import EnergySummary, site_energy
from ovoo_cloud.services import Services

__all__ = ["DAY_NS", "Day", "MachineEnergy", "SiteEnergy", "power_rows", "site_figures", "site_totals"]

DAY_NS: Final = 86_400_000_000_000
_MINUTE_NS: Final = 60_000_000_000
_DAYS: Final = 7
_IDLE: Final = 1.0


@dataclass(frozen=True, slots=True)
class MachineEnergy:
    """One machine over the last 24 hours; `share` of the largest machine, `idle_kwh` None where no model tells."""

    row: AssetRecord
    day: EnergySummary
    share: float
    idle_kwh: float | None


@dataclass(frozen=True, slots=True)
class Day:
    """One local day's measured energy; `share` of the largest day."""

    day: datetime.date
    kwh: float | None
    share: float


@dataclass(frozen=True, slots=True)
class SiteEnergy:
    """The site's energy now, today, in 24 hours and in seven days (today included).

    newest_ns: the newest sample behind it, None where there is none.
    """

    today: EnergySummary
    day: EnergySummary
    week: EnergySummary
    days: tuple[Day, ...]
    machines: tuple[MachineEnergy, ...]
    power_kw: float
    newest_ns: int | None
    stale: bool

    @property
    def wasteful(self) -> list[MachineEnergy]:
        """Machines that idled, the most wasteful first."""
        idle = [machine for machine in self.machines if machine.idle_kwh or machine.day.idle_minutes]
        return sorted(idle, key=lambda machine: -(machine.idle_kwh or 0.0))


def site_totals(services: Services, scope: Scope, place: Site) -> EnergySummary:
    """The site's last 24 hours."""
    now_ns = services.clock()
    return site_energy(services, scope, place.enterprise, place.id, now_ns - DAY_NS, now_ns)[0]


def site_figures(services: Services, scope: Scope, place: Site) -> SiteEnergy:
    """All figures of one site."""
    now_ns = services.clock()
    today = _local_day(now_ns, place)
    enterprise, site = place.enterprise, place.id
    week_ns = _midnight(today - datetime.timedelta(days=_DAYS - 1), place)
    weekly = site_energy(services, scope, enterprise, site, week_ns, now_ns)[0]
    daily = site_energy(services, scope, enterprise, site, now_ns - DAY_NS, now_ns)
    since_midnight = site_energy(services, scope, enterprise, site, _midnight(today, place), now_ns)[0]
    with services.database.read() as session:
        rows = {row.path: row for row in signals.assets(session, scope, enterprise, site)}
        meters = power_rows(signals.signals(session, scope, enterprise, site=site), rows)
    seen = signal_views(services, scope, meters)
    live = [item.value * conversion(item.row.unit, "kW")[0] for item in seen if not item.stale]
    return SiteEnergy(
        since_midnight,
        daily[0],
        weekly,
        _days(weekly, today),
        _machines(services, scope, daily[1:], rows),
        math.fsum(live) if live else math.nan,
        max((item.latest.time_ns for item in seen if item.latest), default=None),
        not live,
    )


def power_rows(rows: Sequence[SignalRecord], assets: dict[str, AssetRecord]) -> list[SignalRecord]:
    """The power signals that add up to the site: its meters', else every machine's."""
    power = [row for row in rows if row.measurement == "telemetry" and row.name == "power" and row.unit in _POWER]
    meters = [row for row in power if row.asset in assets and assets[row.asset].template == "site_meter"]
    return meters or power


_POWER: Final = ("W", "kW", "MW")


def _machines(
    services: Services, scope: Scope, found: Sequence[EnergySummary], rows: dict[str, AssetRecord]
) -> tuple[MachineEnergy, ...]:
    machines = [each for each in found if rows[each.asset].template != "site_meter"]
    largest = max((each.measured_kwh for each in machines), default=0.0)
    ordered = sorted(machines, key=lambda each: -each.measured_kwh)
    return tuple(
        MachineEnergy(
            rows[each.asset],
            each,
            each.measured_kwh / largest if largest > 0 else 0.0,
            _idle_kwh(services, scope, each),
        )
        for each in ordered
    )


def _idle_kwh(services: Services, scope: Scope, found: EnergySummary) -> float | None:
    """By the gateway's minutes; else mean power of the time in which the model says idle, for the screen only."""
    if found.idle_kwh is not None or found.idle_minutes is None:
        return found.idle_kwh
    enterprise, site = found.asset.split("/")[:2]
    with services.database.read() as session:
        rows = signals.signals(session, scope, enterprise, site=site, asset=found.asset)
    state = next((row for row in rows if row.measurement == "energy" and row.field == "state"), None)
    power = next((row for row in rows if row.measurement == "telemetry" and row.name == "power"), None)
    if state is None or power is None or power.unit not in _POWER:
        return None
    step_ns = max(_MINUTE_NS, int(1e9 * max(state.period_s, power.period_s)))
    telemetry = services.telemetry(scope)
    modes = telemetry.windows(Address.parse(state.address), found.start_ns, found.end_ns, step_ns=step_ns)
    loads = telemetry.windows(Address.parse(power.address), found.start_ns, found.end_ns, step_ns=step_ns)
    hours = (loads.end_ns - loads.start_ns) / 3.6e12
    idle = (modes.last == _IDLE) & ~np.isnan(loads.mean)
    return float(np.sum((loads.mean * hours)[idle])) * conversion(power.unit, "kW")[0]


def _days(week: EnergySummary, today: datetime.date) -> tuple[Day, ...]:
    dates = [today - datetime.timedelta(days=back) for back in range(_DAYS - 1, -1, -1)]
    largest = max(week.days.values(), default=0.0)
    return tuple(
        Day(day, kwh, kwh / largest if kwh is not None and largest > 0 else 0.0)
        for day in dates
        for kwh in [week.days.get(day.isoformat())]
    )


def _local_day(now_ns: int, place: Site) -> datetime.date:
    return datetime.datetime.fromtimestamp(now_ns // 10**9, ZoneInfo(place.timezone)).date()


def _midnight(day: datetime.date, place: Site) -> int:
    return int(datetime.datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(place.timezone)).timestamp()) * 10**9
