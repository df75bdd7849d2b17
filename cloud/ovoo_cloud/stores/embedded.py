"""The embedded store: DuckDB in the cloud's own process, the default of a small site and of the demo."""

# ruff: noqa: S608  # a schema name cannot be a parameter; database_name() checks it letter by letter

from __future__ import annotations

import contextlib
import pathlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import duckdb
import numpy as np
from ovoo_contract.address import Address
from ovoo_contract.errors import StoreUnavailable
from ovoo_contract.schema import GATEWAY

from ovoo_cloud.stores import embedded_files, embedded_read
from ovoo_cloud.stores.base import (
    Columns,
    Counts,
    Delivery,
    Latest,
    StoreHealth,
    Windows,
    WriteOutcome,
    check_bounds,
    check_budget,
    empty_windows,
    window_edges,
)
from ovoo_cloud.stores.embedded_tenant import Tenant
from ovoo_cloud.stores.embedded_write import write_group
from ovoo_cloud.stores.newest import NEVER

__all__ = ["EmbeddedStore"]


class EmbeddedStore:
    """One DuckDB file under `folder`, owned by this process; implements TelemetryStore.

    One writer connection behind a lock; every read has a cursor of its own and sees committed data only.

    Args:
        folder: where `telemetry.duckdb` lives.
        memory_mb: DuckDB's memory limit.
        max_points: budget of `raw` and of windows per query.
        threads: DuckDB's worker threads.
    """

    kind: Final = "embedded"

    def __init__(
        self, folder: pathlib.Path, *, memory_mb: int = 512, max_points: int = 200_000, threads: int = 2
    ) -> None:
        self._path = folder / embedded_files.FILE_NAME
        self._max_points = max_points
        self._connection = embedded_files.open_file(folder, memory_mb, threads)
        self._lock = threading.RLock()
        self._closed = False
        self._tenants: dict[str, Tenant] = {}
        for enterprise in embedded_files.schema_names(self._connection):
            embedded_files.create_schema(self._connection, enterprise)  # tables that came with a later version
            self._tenants[enterprise] = Tenant(enterprise, self._connection)
            self._compact(self._tenants[enterprise])

    def ensure_enterprise(self, enterprise: str) -> None:
        """Creates the enterprise's schema; harmless when it is there."""
        with self._writing():
            if enterprise not in self._tenants:
                embedded_files.create_schema(self._connection, enterprise)
                self._tenants[enterprise] = Tenant(enterprise, self._connection)

    def write(self, delivery: Delivery) -> WriteOutcome:
        """Stores one delivery in one transaction."""
        return self.write_many([delivery])[0]

    def write_many(self, deliveries: Sequence[Delivery]) -> list[WriteOutcome]:
        """Stores deliveries, one transaction per enterprise."""
        groups: dict[str, list[int]] = {}
        for position, delivery in enumerate(deliveries):
            groups.setdefault(delivery.enterprise, []).append(position)
        outcomes: list[WriteOutcome] = [WriteOutcome()] * len(deliveries)
        for enterprise, positions in groups.items():
            self.ensure_enterprise(enterprise)
            with self._writing():
                group = [deliveries[position] for position in positions]
                written = write_group(self._connection, self._tenants[enterprise], group)
            for position, outcome in zip(positions, written, strict=True):
                outcomes[position] = outcome
        return outcomes

    def note_gateway(self, enterprise: str, gateway: str, time_ns: int, figures: Mapping[str, float]) -> None:
        """Adds one row to the table `gateway`."""
        self.ensure_enterprise(enterprise)
        row = (gateway, time_ns, *(figures.get(name) for name in GATEWAY.fields))
        marks = ", ".join("?" * len(row))
        with self._writing():
            schema = self._tenants[enterprise].schema
            self._connection.execute(f"INSERT INTO {schema}.gateway VALUES ({marks})", row)

    def latest(self, addresses: Sequence[Address]) -> list[Latest]:
        """The newest sample per signal, from memory."""
        found = []
        with self._lock:
            for address in addresses:
                tenant = self._tenants.get(address.enterprise)
                number = None if tenant is None else tenant.series.get(str(address))
                if tenant is None or number is None:
                    continue
                newest = tenant.newest
                found.append(
                    Latest(
                        address,
                        int(newest.time_ns[number]),
                        float(newest.value[number]),
                        int(newest.quality[number]),
                        newest.text.get(number),
                    )
                )
        return [item for item in found if item.time_ns > NEVER]

    def raw(self, address: Address, start_ns: int, end_ns: int, limit: int, after_ns: int | None = None) -> Columns:
        """At most `limit` samples in time order from `start_ns`, or behind `after_ns`."""
        check_bounds(start_ns, end_ns)
        check_budget(limit, self._max_points, "page with after_ns, or ask for windows")
        if after_ns is not None:
            start_ns = max(start_ns, after_ns + 1)
        with self._reading(address) as (cursor, tenant, number):
            if tenant is None or number is None:
                return Columns.empty()
            return embedded_read.samples(cursor, tenant.schema, number, start_ns, end_ns, limit)

    def windows(
        self,
        address: Address,
        start_ns: int,
        end_ns: int,
        *,
        edges: Sequence[int] | None = None,
        step_ns: int | None = None,
    ) -> Windows:
        """Aggregates per calendar window or step."""
        borders = window_edges(start_ns, end_ns, edges, step_ns, self._max_points)
        with self._reading(address) as (cursor, tenant, number):
            if tenant is None or number is None:
                return empty_windows(borders)
            return embedded_read.windows(cursor, tenant.schema, number, borders)

    def counts(self, addresses: Sequence[Address], start_ns: int, end_ns: int, step_ns: int) -> Counts:
        """Stored and good rows per signal and step."""
        borders = window_edges(start_ns, end_ns, None, step_ns, self._max_points)
        check_budget((len(borders) - 1) * len(addresses), self._max_points, "take a longer step or fewer signals")
        shape = (len(addresses), len(borders) - 1)
        count, good = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for enterprise in {address.enterprise for address in addresses}:
            rows = [row for row, address in enumerate(addresses) if address.enterprise == enterprise]
            with self._reading(addresses[rows[0]]) as (cursor, tenant, _):
                if tenant is None:
                    continue
                numbers = tenant.numbers(addresses[row] for row in rows)
                known = {number: row for number, row in zip(numbers, rows, strict=True) if number is not None}
                embedded_read.fill_counts(cursor, tenant.schema, known, borders, step_ns, (count, good))
        return Counts(tuple(addresses), borders[:-1], count, good)

    def stream(self, addresses: Sequence[Address], start_ns: int, end_ns: int) -> Iterator[tuple[Address, Columns]]:
        """All samples ordered by (address, time), in pieces."""
        check_bounds(start_ns, end_ns)
        return self._stream(sorted(set(addresses)), start_ns, end_ns)

    def _stream(self, addresses: Sequence[Address], start_ns: int, end_ns: int) -> Iterator[tuple[Address, Columns]]:
        for address in addresses:
            with self._reading(address) as (cursor, tenant, number):
                if tenant is None or number is None:
                    continue
                for piece in embedded_read.pieces(cursor, tenant.schema, number, start_ns, end_ns):
                    yield address, piece

    def health(self) -> StoreHealth:
        """State, version and size."""
        if self._closed:
            return StoreHealth("down", self.kind, duckdb.__version__, "closed")
        try:
            size = sum(path.stat().st_size for path in self._path.parent.glob(self._path.name + "*"))
            with self._lock:
                series = sum(len(tenant.series) for tenant in self._tenants.values())
        except OSError as error:
            return StoreHealth("down", self.kind, duckdb.__version__, str(error))
        return StoreHealth("ok", self.kind, duckdb.__version__, "", {"bytes": float(size), "series": float(series)})

    def close(self) -> None:
        """Merges the delivery rows and closes the file."""
        with self._lock:
            if self._closed:
                return
            for tenant in self._tenants.values():
                self._compact(tenant)
            self._closed = True
            self._connection.close()

    def _compact(self, tenant: Tenant) -> None:
        row = self._connection.execute(f"SELECT count(*) FROM {tenant.schema}.deliveries").fetchone()
        if row is None or row[0] <= sum(len(ranges.to_list()) for ranges in tenant.deliveries.values()):
            return
        self._connection.execute("BEGIN")
        tenant.compact(self._connection)
        self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock:
            self._check_open()
            try:
                yield
            except (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException) as error:
                raise StoreUnavailable(
                    str(error), offender=str(self._path), remedy="check disk space and memory; the delivery will return"
                ) from error

    @contextlib.contextmanager
    def _reading(self, address: Address) -> Iterator[tuple[duckdb.DuckDBPyConnection, Tenant | None, int | None]]:
        with self._lock:
            self._check_open()
            cursor = self._connection.cursor()
            tenant = self._tenants.get(address.enterprise)
            number = None if tenant is None else tenant.series.get(str(address))
        try:
            yield cursor, tenant, number
        finally:
            cursor.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("closed", offender=str(self._path), remedy="restart ovoo-cloud")
