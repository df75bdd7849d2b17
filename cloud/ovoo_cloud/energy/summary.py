"""The energy summary of a site or asset over a window, for API, console and jobs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from ovoo_contract.address import Address
from ovoo_contract.errors import BudgetExceeded
from ovoo_contract.units import conversion
from ovoo_models.machine_minutes import PREFIX
from ovoo_packs import load_factors, load_tariffs
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_settings, enterprises, signals
from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.diagnosis.meters import HourEnergy
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.figures import band_cost, convert
from ovoo_cloud.energy.integrate import REACH_NS, Measured, good_series, held_minutes, known_minutes, measure
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import Columns, check_bounds, read_all

__all__ = ["LONGEST_NS", "EnergySummary", "SignalPlan", "read_columns", "signal_plans", "site_energy"]

LONGEST_NS: Final = 32 * 86_400_000_000_000
"""The longest window that is integrated at once."""
_IDLE: Final = 1.0
_MIN_COVERED: Final = 0.6
_ENOUGH: Final = 0.9
"""Of the time that quarter hours cover; the newest minutes may still be on their way."""
Basis = Literal["counter", "power", "sum", "none"]
IdleBasis = Literal["", "minutes", "quarter_hours"]


@dataclass(frozen=True, slots=True)
class EnergySummary:
    """Energy of one asset, or of the whole site where `asset` is empty.

    energy_kwh is None where less than 60 % of the window is covered: not known is not zero; what was measured stands
    in `measured_kwh`. cost_yuan needs a chosen tariff with a price. basis: counter, power signal, or the sum of
    assets. `days` maps local days to measured kWh. idle_minutes and idle_kwh: by the gateway's minutes of the power
    state (idle_basis `minutes`), else minutes alone by its state of quarter hours (`quarter_hours`).
    """

    asset: str
    start_ns: int
    end_ns: int
    basis: Basis
    signals: tuple[str, ...] = ()
    energy_kwh: float | None = None
    measured_kwh: float = 0.0
    covered_share: float = 0.0
    mean_kw: float | None = None
    idle_minutes: float | None = None
    idle_kwh: float | None = None
    idle_basis: IdleBasis = ""
    kgce: float | None = None
    kgco2: float | None = None
    factor_ids: tuple[str, ...] = ()
    tariff: str = ""
    bands_kwh: dict[str, float] = field(default_factory=dict)
    cost_yuan: float | None = None
    reference_only: bool = False
    samples: int = 0
    good: int = 0
    days: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Choice:
    tariff: str
    flat_price: float | None
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class SignalPlan:
    """Which signals tell an asset's energy."""

    asset: str
    meter: bool
    energy: SignalRecord | None
    power: SignalRecord | None
    state: SignalRecord | None
    idle_min: SignalRecord | None = None
    idle_kwh: SignalRecord | None = None


@dataclass(frozen=True, slots=True)
class _Idle:
    """What idling took, None where it is not known."""

    minutes: float | None = None
    kwh: float | None = None
    basis: IdleBasis = ""


def site_energy(
    services: Services,
    scope: Scope,
    enterprise: str,
    site: str,
    start_ns: int,
    end_ns: int,
    *,
    asset: str | None = None,
) -> list[EnergySummary]:
    """The site's summary first, then one per asset that has an energy or power signal; one asset only if named.

    The site's energy is that of its meters; where there are none, the sum of the assets.

    Raises:
        NotFound, Forbidden: outside the scope.
        BudgetExceeded: a window over 32 days.
    """
    scope = scope.under(Permission.READ_ENERGY)
    check_bounds(start_ns, end_ns)
    if end_ns - start_ns > LONGEST_NS:
        raise BudgetExceeded(
            "more than 32 days", code="quarters.more_than_32_days", offender="time range",
            remedy="ask for shorter windows",
        )  # fmt: skip
    with services.database.read() as session:
        zone = ZoneInfo(enterprises.site(session, scope, enterprise, site).timezone)
        chosen = energy_settings.chosen_tariff(session, scope, enterprise, site)
        choice = _Choice(chosen.tariff if chosen else "", chosen.flat_price_yuan if chosen else None, zone)
        plans = signal_plans(session, scope, enterprise, site, asset)
    window = Window(start_ns, end_ns)
    done = [_asset_summary(services, plan, window, choice) for plan in plans]
    summaries = [summary for summary, _ in done]
    if asset is not None:
        return summaries
    meters = [item for item, plan in zip(done, plans, strict=True) if plan.meter]
    return [_site_summary(meters or done, window, choice, metered=bool(meters)), *summaries]


def signal_plans(
    session: Session, scope: Scope, enterprise: str, site: str, asset: str | None = None
) -> list[SignalPlan]:
    """The assets of a site (or the one named by its full address) that have an energy or power signal."""
    meters = {row.path for row in signals.assets(session, scope, enterprise, site) if row.template == "site_meter"}
    by_asset: dict[str, list[SignalRecord]] = {}
    if asset is not None:
        signals.asset(session, scope, asset)
    for row in signals.signals(session, scope, enterprise, site=site, asset=asset):
        by_asset.setdefault(row.asset, []).append(row)
    plans = []
    for path, rows in sorted(by_asset.items()):
        plain = [row for row in rows if row.measurement == "telemetry"]
        energy = next((row for row in plain if row.unit in ("kWh", "MWh") and row.name == "energy"), None)
        power = next((row for row in plain if row.unit in ("W", "kW", "MW") and row.name == "power"), None)
        state = next((row for row in rows if row.measurement == "energy" and row.field == "state"), None)
        by_minute = {row.name: row for row in rows if row.measurement == "telemetry_1m"}
        idle = (by_minute.get(f"{PREFIX}{name}") for name in ("idle_min", "idle_kwh"))
        if energy is not None or power is not None:
            plans.append(SignalPlan(path, path in meters, energy, power, state, *idle))
    return plans


def _asset_summary(
    services: Services, plan: SignalPlan, window: Window, choice: _Choice
) -> tuple[EnergySummary, tuple[HourEnergy, ...]]:
    measured, basis, used = _measured(services, plan, window, choice.zone)
    idle = _idle(services, plan, window)
    summary = _summary(plan.asset, window, choice, measured, basis, used, idle)
    return summary, measured.hours


def _idle(services: Services, plan: SignalPlan, window: Window) -> _Idle:
    """By the minutes of the power state, unless the state of quarter hours covers clearly more."""
    known, minutes = _sum(services, plan.idle_min, window)
    if plan.state is not None:
        columns = read_columns(services, plan.state, window)
        if not known or known < _ENOUGH * known_minutes(columns, window):
            return _Idle(held_minutes(columns, window, _IDLE), None, "quarter_hours")
    if not known:
        return _Idle()
    counted, kwh = _sum(services, plan.idle_kwh, window)
    return _Idle(minutes, kwh if counted else None, "minutes")


def _sum(services: Services, row: SignalRecord | None, window: Window) -> tuple[int, float]:
    """How many minutes of a figure by minute are good, and their sum."""
    if row is None:
        return 0, 0.0
    series = good_series(read_columns(services, row, window))
    inside = series.value[(series.time_ns >= window.start_ns) & (series.time_ns < window.end_ns)]
    return len(inside), math.fsum(inside.tolist())


def _measured(
    services: Services, plan: SignalPlan, window: Window, zone: ZoneInfo
) -> tuple[Measured, Basis, tuple[str, ...]]:
    """By the counter; by the power signal where the counter covers less."""
    found: list[tuple[Measured, Basis, tuple[str, ...]]] = []
    for row, counter, unit in ((plan.energy, True, "kWh"), (plan.power, False, "kW")):
        if row is None:
            continue
        factor, _ = conversion(row.unit, unit)
        columns = read_columns(services, row, window)
        result = measure(columns, window, zone, counter=counter, factor=factor)
        found.append((result, "counter" if counter else "power", (row.address,)))
    return max(found, key=lambda item: item[0].covered_share)  # of equal ones the first: the counter


def read_columns(services: Services, row: SignalRecord, window: Window) -> Columns:
    """The samples of a signal in a window and as far around it as one may tell about its edges."""
    address = Address.parse(row.address)
    start = max(window.start_ns - REACH_NS, 0)
    return read_all(services.store, [address], start, window.end_ns + REACH_NS)[address]


def _summary(
    asset: str,
    window: Window,
    choice: _Choice,
    measured: Measured,
    basis: Basis,
    used: tuple[str, ...],
    idle: _Idle,
) -> EnergySummary:
    kwh = math.fsum(hour.kwh for hour in measured.hours)
    days: dict[str, list[float]] = {}
    for hour in measured.hours:
        days.setdefault(hour.day, []).append(hour.kwh)
    known = measured.covered_share >= _MIN_COVERED
    converted = convert(kwh, _year(window.end_ns), load_factors()) if known else None
    cost = None
    if choice.tariff and measured.hours:
        cost = band_cost(measured.hours, load_tariffs().get(choice.tariff), choice.flat_price)
    return EnergySummary(
        asset=asset,
        start_ns=window.start_ns,
        end_ns=window.end_ns,
        basis=basis if measured.samples else "none",
        signals=used,
        energy_kwh=kwh if known else None,
        measured_kwh=kwh,
        covered_share=measured.covered_share,
        mean_kw=kwh / (measured.covered_s / 3600) if measured.covered_s else None,
        idle_minutes=idle.minutes,
        idle_kwh=idle.kwh,
        idle_basis=idle.basis,
        kgce=converted.kgce if converted else None,
        kgco2=converted.kgco2 if converted else None,
        factor_ids=converted.factor_ids if converted else (),
        tariff=choice.tariff,
        bands_kwh=cost.bands_kwh if cost else {},
        cost_yuan=cost.cost_yuan if cost and known else None,
        reference_only=bool((converted and converted.reference_only) or (cost and cost.reference_only)),
        samples=measured.samples,
        good=measured.good,
        days={day: math.fsum(values) for day, values in days.items()},
    )


def _site_summary(
    parts: Sequence[tuple[EnergySummary, tuple[HourEnergy, ...]]], window: Window, choice: _Choice, *, metered: bool
) -> EnergySummary:
    hours = tuple(hour for _, part in parts for hour in part)
    window_s = (window.end_ns - window.start_ns) / 1e9
    covered_s = sum(summary.covered_share for summary, _ in parts) * window_s / max(len(parts), 1)
    merged = Measured(
        hours,
        covered_s,
        window_s,
        sum(summary.samples for summary, _ in parts),
        sum(summary.good for summary, _ in parts),
    )
    used = tuple(name for summary, _ in parts for name in summary.signals)
    return _summary("", window, choice, merged, "counter" if metered else "sum", used, _Idle())


def _year(time_ns: int) -> int:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).year
