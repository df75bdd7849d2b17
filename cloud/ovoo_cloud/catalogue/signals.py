"""Catalogues, signals and assets: what gateways publish, and what is derived from it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from ovoo_contract.address import Address, AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission, Purpose
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue.tables import AssetRecord, CatalogueRecord, Gateway, SignalRecord
from ovoo_cloud.catalogue.templates import recognise
from ovoo_cloud.catalogue.visible import visible

__all__ = [
    "asset",
    "assets",
    "assets_at",
    "catalogue",
    "entry_of",
    "lookup",
    "minute_figure",
    "save_catalogue",
    "save_derived",
    "signal",
    "signals",
    "stale_after_s",
]

_ON_CHANGE_S: Final = 1200.0
_MINUTES_S: Final = 300.0


def save_catalogue(
    session: Session, gateway: Gateway, catalogue: Catalogue, *, refused: str = "", now_ns: int
) -> CatalogueRecord:
    """Stores a signal list; unless `refused` says why not, its signals and assets become current."""
    record = session.get(CatalogueRecord, (gateway.id, catalogue.id))
    if record is None:
        record = CatalogueRecord(
            gateway=gateway.id, id=catalogue.id, content=catalogue.to_json(), signals=len(catalogue)
        )
        session.add(record)
    record.received_ns, record.refused = now_ns, refused
    session.flush()
    if refused:
        return record
    gateway.catalogue_id = catalogue.id
    session.execute(update(SignalRecord).where(SignalRecord.gateway == gateway.id).values(current=False))
    _save_signals(session, gateway.id, catalogue.entries)
    _save_assets(session, {entry.address.asset_address for entry in catalogue.entries})
    return record


def save_derived(session: Session, source: str, entries: Sequence[SignalEntry]) -> None:
    """Makes derived signals current that no gateway publishes; `source` stands in the place of the gateway."""
    _save_signals(session, source, entries)


def _save_signals(session: Session, gateway_id: str, entries: Sequence[SignalEntry]) -> None:
    wanted = [str(entry.address) for entry in entries]
    known: dict[str, SignalRecord] = {}
    for start in range(0, len(wanted), 500):  # SQLite bounds the variables of a statement
        part = wanted[start : start + 500]
        rows = session.scalars(select(SignalRecord).where(SignalRecord.address.in_(part)))
        known.update((row.address, row) for row in rows)
    for entry in entries:
        record = known.get(str(entry.address))
        if record is None:
            record = SignalRecord(address=str(entry.address))
            session.add(record)
        _fill(record, gateway_id, entry)
    session.flush()


def _fill(record: SignalRecord, gateway_id: str, entry: SignalEntry) -> None:
    address = entry.address
    record.enterprise, record.site = address.enterprise, address.site
    record.asset, record.name = str(address.asset_address), address.signal
    record.gateway, record.current = gateway_id, True
    for name in _ATTRIBUTES:
        setattr(record, name, getattr(entry, name))


_ATTRIBUTES = (
    "unit",
    "type",
    "low",
    "high",
    "data_class",
    "uplink",
    "period_s",
    "name_zh",
    "name_en",
    "measurement",
    "field",
    "model",
)


def _save_assets(session: Session, addresses: Iterable[AssetAddress]) -> None:
    for address in sorted(addresses):
        path = str(address)
        names = session.scalars(
            select(SignalRecord.name).where(SignalRecord.asset == path, SignalRecord.measurement == "telemetry")
        )
        found = recognise(address.asset, frozenset(names))
        record = session.get(AssetRecord, path)
        if record is None:
            record = AssetRecord(path=path, enterprise=address.enterprise, site=address.site)
            session.add(record)
        record.pack, record.template = found.pack, found.template
        record.name_zh, record.name_en = found.name_zh, found.name_en
    session.flush()


def entry_of(record: SignalRecord) -> SignalEntry:
    """The catalogue entry that a row stands for."""
    attributes = {name: getattr(record, name) for name in _ATTRIBUTES}
    return SignalEntry(Address.parse(record.address), **attributes)


def lookup(session: Session, address: Address) -> SignalEntry | None:
    """The entry of an address, None where no catalogue lists it; for the stores."""
    record = session.get(SignalRecord, str(address))
    return None if record is None else entry_of(record)


def catalogue(session: Session, gateway_id: str, catalogue_id: str) -> CatalogueRecord | None:
    """One stored signal list; ingest only."""
    return session.get(CatalogueRecord, (gateway_id, catalogue_id))


def assets(session: Session, scope: Scope, enterprise: str, site: str | None = None) -> Sequence[AssetRecord]:
    """The assets of an enterprise or site, by path."""
    scope = scope.under(Permission.READ_SITES, Purpose.TELEMETRY)
    scope.require_enterprise(enterprise)
    query = select(AssetRecord).where(AssetRecord.enterprise == enterprise).order_by(AssetRecord.path)
    query = query.where(visible(scope, AssetRecord.enterprise, AssetRecord.site, enterprise))
    if site is not None:
        query = query.where(AssetRecord.site == site)
    return session.scalars(query).all()


def assets_at(session: Session, scope: Scope, paths: Collection[str]) -> dict[str, AssetRecord]:
    """The assets at these paths that the catalogue knows and the reader may see."""
    scope = scope.under(Permission.READ_SITES, Purpose.TELEMETRY)
    query = select(AssetRecord).where(AssetRecord.path.in_(set(paths)))
    return {row.path: row for row in session.scalars(query) if scope.sees_site(row.enterprise, row.site)}


def asset(session: Session, scope: Scope, path: str) -> AssetRecord:
    """One asset by `enterprise/site/area/line/asset`; NotFound when absent or foreign."""
    scope = scope.under(Permission.READ_SITES, Purpose.TELEMETRY)
    found = session.get(AssetRecord, path)
    if found is None or not scope.sees_site(found.enterprise, found.site):
        raise absent(path)
    return found


def signals(
    session: Session,
    scope: Scope,
    enterprise: str,
    *,
    site: str | None = None,
    asset: str | None = None,
    measurement: str | None = None,
    current_only: bool = True,
) -> Sequence[SignalRecord]:
    """The signals of an enterprise, site or asset (full path), by address."""
    scope = scope.under(Permission.READ_SITES, Purpose.TELEMETRY)
    scope.require_enterprise(enterprise)
    query = select(SignalRecord).where(SignalRecord.enterprise == enterprise).order_by(SignalRecord.address)
    query = query.where(visible(scope, SignalRecord.enterprise, SignalRecord.site, enterprise))
    for column, wanted in (
        (SignalRecord.site, site),
        (SignalRecord.asset, asset),
        (SignalRecord.measurement, measurement),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if current_only:
        query = query.where(SignalRecord.current)
    return session.scalars(query).all()


def signal(session: Session, scope: Scope, address: str) -> SignalRecord:
    """One signal by its full address; NotFound when absent or foreign."""
    scope = scope.under(Permission.READ_SITES, Purpose.TELEMETRY)
    found = session.get(SignalRecord, address)
    if found is None or not scope.sees_site(found.enterprise, found.site):
        raise absent(address)
    return found


def stale_after_s(record: SignalRecord) -> float:
    """The age in seconds beyond which a signal's newest sample says nothing of the present.

    Five periods and at least a minute; a signal that is sent on change is repeated by the gateway every ten minutes at
    the latest, so twice that passes before its silence means anything. Figures of a minute carry its start and come up
    to three minutes after that.
    """
    if record.uplink == "aggregate_1m":
        return max(_MINUTES_S, 5 * record.period_s)
    if record.uplink == "on_change":
        return max(_ON_CHANGE_S, 5 * record.period_s)
    return max(60.0, 5 * record.period_s)


def minute_figure(record: SignalRecord, figure: str) -> str | None:
    """The address of `count`, `good`, `min`, `max`, `mean` or `last` of a signal that is sent as one-minute figures.

    None for every other signal.
    """
    if record.uplink != "aggregate_1m" or record.measurement != "telemetry":
        return None
    return f"{record.address}_1m_{figure}"
