"""Everything a process of the cloud shares: settings, database, store, clock. Built once, handed around."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol

from ovoo_contract.address import Address
from ovoo_contract.catalogue import SignalEntry
from prometheus_client.core import Metric
from sqlalchemy import Engine

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import signals
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.settings import Settings
from ovoo_cloud.stores.base import TelemetryStore
from ovoo_cloud.stores.factory import open_store
from ovoo_cloud.stores.scoped import ScopedTelemetry

__all__ = ["Clock", "LiveMetrics", "Services", "build_services"]

Clock = Callable[[], int]
"""Now, in nanoseconds since 1970 UTC."""


class LiveMetrics(Protocol):
    """Counters that a part of this process keeps."""

    def families(self, gateways: Collection[str] | None, *, platform: bool) -> Iterable[Metric]:
        """All of them, or for who sees some gateways only, what is told of those."""


@dataclass(frozen=True, slots=True)
class Services:
    """What API, console, ingest, jobs and reports work with; a context manager that closes store and database."""

    settings: Settings
    database: Database
    store: TelemetryStore
    clock: Clock
    status: dict[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)
    """How the parts that run in this process are, by name (`ingest`): for the health page."""
    live: list[LiveMetrics] = field(default_factory=list)
    """Live counters of the parts that run in this process, for /metrics."""

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine."""
        return self.database.engine

    def telemetry(self, scope: Scope) -> ScopedTelemetry:
        """The store's reads as this caller may use them."""
        return ScopedTelemetry(self.store, scope)

    def close(self) -> None:
        """Closes store and database."""
        self.store.close()
        self.database.close()

    def __enter__(self) -> Services:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def build_services(settings: Settings, *, clock: Clock = time.time_ns, store: TelemetryStore | None = None) -> Services:
    """Opens the database (migrated to the newest schema) and the store.

    Args:
        settings: what to open.
        clock: for tests and replays.
        store: an open store instead of the settings' one.

    Raises:
        StoreUnavailable: the database does not answer, or another process owns the embedded files.
    """
    database = Database(settings.database)
    database.migrate()
    try:
        opened = store if store is not None else open_store(settings, _lookup(database))
    except BaseException:
        database.close()
        raise
    return Services(settings, database, opened, clock)


def _lookup(database: Database) -> Callable[[Address], SignalEntry | None]:
    def find(address: Address) -> SignalEntry | None:
        with database.read() as session:
            return signals.lookup(session, address)

    return find
