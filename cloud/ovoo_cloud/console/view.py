"""What pages show, gathered from repositories and store: plain values, no HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ovoo_contract.findings import Finding
from ovoo_contract.quality import is_good
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.newest import newest
from ovoo_cloud.catalogue import enterprises, findings, signals
from ovoo_cloud.catalogue.tables import AssetRecord, Enterprise, SignalRecord, Site
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import Latest

__all__ = ["AssetView", "SignalView", "SiteView", "State", "asset_views", "open_findings", "signal_views", "site_views"]

State = Literal["normal", "info", "warning", "critical", "stale", "empty"]
_ORDER: Final[tuple[State, ...]] = ("normal", "info", "stale", "warning", "critical")


@dataclass(frozen=True, slots=True)
class SignalView:
    """One signal with its newest sample."""

    row: SignalRecord
    latest: Latest | None
    now_ns: int

    @property
    def short(self) -> str:
        """The address below the enterprise."""
        return self.row.address.split("/", 1)[1]

    @property
    def stale(self) -> bool:
        """True when the newest sample says nothing of the present any more."""
        if self.latest is None:
            return True
        return (self.now_ns - self.latest.time_ns) / 1e9 > signals.stale_after_s(self.row)

    @property
    def good(self) -> bool:
        """True when the newest sample is of good quality."""
        return self.latest is not None and is_good(self.latest.quality)

    @property
    def value(self) -> float:
        """The newest value, NaN where there is none."""
        return math.nan if self.latest is None else self.latest.value

    @property
    def outside(self) -> bool:
        """True when the value lies outside the signal's plausible range."""
        low, high = self.row.low, self.row.high
        return (low is not None and self.value < low) or (high is not None and self.value > high)


@dataclass(frozen=True, slots=True)
class AssetView:
    """One machine: its signals and its open findings."""

    row: AssetRecord
    signals: tuple[SignalView, ...]
    findings: tuple[Finding, ...]

    @property
    def short(self) -> str:
        """area/line/asset."""
        return self.row.path.split("/", 2)[2]

    @property
    def stale(self) -> bool:
        """True when nothing of the machine is live."""
        return all(signal.stale for signal in self.signals)

    @property
    def state(self) -> State:
        """The worst of findings and staleness."""
        if not any(signal.latest for signal in self.signals):
            return "empty"
        states: list[State] = [finding.severity for finding in self.findings]
        if self.stale:
            states.append("stale")
        return worst(states)


@dataclass(frozen=True, slots=True)
class SiteView:
    """One site at a glance."""

    enterprise: Enterprise
    row: Site
    signals: int
    live: int
    newest_ns: int | None
    findings: tuple[Finding, ...]
    power_kw: float

    @property
    def state(self) -> State:
        """The worst of findings and staleness."""
        if self.newest_ns is None:
            return "empty"
        states: list[State] = [finding.severity for finding in self.findings]
        if self.live == 0:
            states.append("stale")
        return worst(states)


def worst(states: Iterable[State]) -> State:
    """The state that people must see first."""
    return max(states, key=_ORDER.index, default="normal")


def open_findings(session: Session, scope: Scope, enterprise: str, site: str) -> tuple[Finding, ...]:
    """Open findings of a site, newest first; none for who may not read findings."""
    if not scope.allows(Permission.READ_FINDINGS):
        return ()
    if not scope.under(Permission.READ_FINDINGS).sees_site(enterprise, site):
        return ()  # a grant for telemetry alone opens the machines, not what was found about them
    rows = findings.findings(session, scope, enterprise=enterprise, site=site, open_only=True, limit=200)
    return tuple(findings.finding_of(row) for row in rows)


def signal_views(services: Services, scope: Scope, rows: Sequence[SignalRecord]) -> list[SignalView]:
    """The signals with their newest samples."""
    now_ns = services.clock()
    if not scope.allows(Permission.READ_TELEMETRY):
        return [SignalView(row, None, now_ns) for row in rows]
    found = newest(services, scope, rows)
    return [SignalView(row, found.get(row.address), now_ns) for row in rows]


def asset_views(services: Services, scope: Scope, enterprise: str, site: str) -> list[AssetView]:
    """The machines of a site."""
    with services.database.read() as session:
        assets = signals.assets(session, scope, enterprise, site)
        rows = signals.signals(session, scope, enterprise, site=site, measurement="telemetry")
        found = open_findings(session, scope, enterprise, site)
    by_asset: dict[str, list[SignalView]] = {}
    for view in signal_views(services, scope, rows):
        by_asset.setdefault(view.row.asset, []).append(view)
    return [
        AssetView(row, tuple(by_asset.get(row.path, ())), tuple(item for item in found if str(item.asset) == row.path))
        for row in assets
    ]


def site_views(services: Services, scope: Scope) -> list[SiteView]:
    """All sites the caller may see."""
    views = []
    with services.database.read() as session:
        companies = {row.id: row for row in enterprises.enterprises(session, scope)}
        places = enterprises.sites(session, scope)
        listed = {
            (row.enterprise, row.id): signals.signals(
                session, scope, row.enterprise, site=row.id, measurement="telemetry"
            )
            for row in places
        }
        found = {(row.enterprise, row.id): open_findings(session, scope, row.enterprise, row.id) for row in places}
    for place in places:
        key = (place.enterprise, place.id)
        seen = signal_views(services, scope, listed[key])
        views.append(_site_view(companies[place.enterprise], place, seen, found[key]))
    return views


def _site_view(company: Enterprise, place: Site, seen: list[SignalView], found: tuple[Finding, ...]) -> SiteView:
    meters = [view.value for view in seen if view.row.name == "power" and "/meter" in view.row.asset and not view.stale]
    return SiteView(
        company,
        place,
        len(seen),
        sum(not view.stale for view in seen),
        max((view.latest.time_ns for view in seen if view.latest), default=None),
        found,
        sum(meters) if meters else math.nan,
    )
