"""Completeness: what became of every sample of a site, hour by hour, as the gateways account for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from ovoo_contract.address import Address
from ovoo_contract.completeness import HOUR_NS, LostInterval

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.times import BoundsDep, to_iso
from ovoo_cloud.catalogue import completeness as records
from ovoo_cloud.catalogue import signals as signal_rows
from ovoo_cloud.catalogue.completeness import SignalAccount
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import check_bounds, check_budget

__all__ = ["in_store", "router"]

router = APIRouter(prefix="/api/v1", tags=["telemetry"])
Reader = Annotated[Scope, Depends(require(Permission.READ_TELEMETRY))]
_COUNTS: Final = ("expected", "received", "stored", "backfilled", "suppressed", "duplicate", "lost", "absent")


@router.get("/enterprises/{enterprise}/completeness")
def completeness(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    bounds: BoundsDep,
    site: Annotated[str, Query()],
    asset: Annotated[str | None, Query(description="area/line/asset")] = None,
    signal: Annotated[str | None, Query(description="area/line/asset/signal")] = None,
) -> dict[str, Any]:
    """Samples per signal and hour: `expected = stored + suppressed + lost + absent`.

    Whole hours that start in the range. `in_store` is what this installation's own store holds now, to be set against
    `stored`, which is what the gateway gave up for delivery.
    """
    start_ns, end_ns = bounds
    check_bounds(start_ns, end_ns)
    start_ns = -(-start_ns // HOUR_NS) * HOUR_NS
    base = f"{enterprise}/{site}/"
    with services.database.read() as session:
        listed = signal_rows.signals(session, scope, enterprise, site=site, asset=base + asset if asset else None)
        cells = (1 if signal else len(listed)) * -(-max(end_ns - start_ns, 0) // HOUR_NS)
        check_budget(cells, services.settings.max_points, "name an asset or a signal, or take a shorter range")
        found = records.accounts(
            session,
            scope,
            enterprise,
            site,
            start_ns,
            end_ns,
            asset=base + asset if asset else None,
            signal=base + signal if signal else None,
        )
    held = in_store(services, scope, found.signals, {row.address for row in listed if row.measurement == "telemetry"})
    return {
        "items": [_item(row, held.get((row.address, row.hour_ns))) for row in found.signals],
        "lost": [_lost(row.address, item) for row in found.signals for item in row.lost]
        + [_lost(None, item.interval) for item in found.unknown],
        "total": {name: sum(getattr(row.counts, name) for row in found.signals) for name in _COUNTS},
        "withheld": found.withheld,
    }


def in_store(
    services: Services, scope: Scope, rows: Sequence[SignalAccount], countable: set[str]
) -> dict[tuple[str, int], int]:
    """Rows that the store holds, by address and start of the hour, for those of `rows` that are in `countable`."""
    addresses = sorted({row.address for row in rows} & countable)
    if not addresses:
        return {}
    start_ns, end_ns = min(row.hour_ns for row in rows), max(row.hour_ns for row in rows) + HOUR_NS
    counts = services.telemetry(scope).counts([Address.parse(item) for item in addresses], start_ns, end_ns, HOUR_NS)
    found: Counter[tuple[str, int]] = Counter()
    for address, per_hour in zip(counts.addresses, counts.count, strict=True):
        for step, count in enumerate(per_hour):
            found[str(address), start_ns + step * HOUR_NS] = int(count)
    return dict(found)


def _item(row: SignalAccount, held: int | None) -> dict[str, Any]:
    return {
        "hour": to_iso(row.hour_ns),
        "address": row.address,
        "gateway": row.gateway,
        "reported": to_iso(row.made_ns),
        **{name: getattr(row.counts, name) for name in _COUNTS},
        "in_store": held,
    }


def _lost(address: str | None, item: LostInterval) -> dict[str, Any]:
    return {
        "address": address,
        "start": to_iso(item.start_ns),
        "end": to_iso(item.end_ns),
        "cause": item.cause,
        "count": item.count,
        "received": item.received,
    }
