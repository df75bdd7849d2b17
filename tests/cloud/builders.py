"""Catalogues, batches and deliveries for the cloud's tests."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises, gateways
from ovoo_cloud.stores.base import Delivery
from ovoo_contract.address import Address, AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry, SignalType
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader
from sqlalchemy.orm import Session

S = 1_000_000_000
T0 = 1_760_000_400 * S  # 2025-10-09T09:00:00Z, a whole hour: 17:00 in Shanghai
ENTERPRISE, SITE, GATEWAY = "heishan-coal", "heishan", "heishan-gw1"
ZONE = ZoneInfo("Asia/Shanghai")
FAN = f"{ENTERPRISE}/{SITE}/ventilation/main/fan1"


def address(name: str = "power", asset: str = FAN) -> Address:
    return Address.parse(f"{asset}/{name}")


def catalogue(names: Sequence[str] = ("flow", "power", "state"), asset: str = FAN) -> Catalogue:
    units = {"flow": "m3/s", "power": "kW", "energy": "kWh"}
    types: dict[str, SignalType] = {"state": "text", "running": "bool"}
    return Catalogue(
        SignalEntry(address(name, asset), units.get(name, "1"), type=types.get(name, "float")) for name in names
    )


def batch(rows: Sequence[tuple[int, int, float | None, int]], text: Mapping[int, str] | None = None) -> SampleBatch:
    """Rows of (signal index, time ns, value or None, quality)."""
    return SampleBatch(
        array("I", [row[0] for row in rows]),
        array("q", [row[1] for row in rows]),
        array("d", [math.nan if row[2] is None else row[2] for row in rows]),
        array("I", [row[3] for row in rows]),
        dict(text or {}),
    )


def steady(signal: int, count: int, *, start_ns: int = T0, step_ns: int = S, first: float = 0.0) -> SampleBatch:
    """`count` good rows of one signal, values counting up."""
    return batch([(signal, start_ns + step_ns * i, first + i, 0) for i in range(count)])


def delivery(
    samples: SampleBatch,
    seq: int = 1,
    *,
    merged: int = 1,
    flags: int = 0,
    epoch: int = 7,
    signals: Catalogue | None = None,
    gateway: str = GATEWAY,
    enterprise: str = ENTERPRISE,
) -> Delivery:
    listed = signals or catalogue()
    header = BatchHeader(catalogue_id=listed.id, epoch=epoch, seq=seq, merged=merged, flags=flags, receive_ns=T0)
    return Delivery(gateway, enterprise, header, listed, samples)


def tenant(session: Session, enterprise: str = ENTERPRISE, site: str = SITE, gateway: str = GATEWAY) -> None:
    """An enterprise with a site and a registered gateway."""
    scope = Scope.system()
    enterprises.save_enterprise(session, scope, enterprise, name_zh="黑山煤业", sector="coal_mine")
    enterprises.save_site(session, scope, enterprise, site)
    gateways.register(session, scope, gateway, enterprise=enterprise, sites=[site], now_ns=T0)


def finding(start_ns: int = T0, end_ns: int = T0 + 60 * S, *, open_: bool = True, asset: str = FAN) -> Finding:
    return Finding(
        code="bearing_wear",
        severity="warning",
        asset=AssetAddress.parse(asset),
        start_ns=start_ns,
        end_ns=end_ns,
        value=7.1,
        unit="mm/s",
        model="mewma",
        open=open_,
    )
