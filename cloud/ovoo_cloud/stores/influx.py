"""The InfluxDB store, 1.x and 2.x: line protocol in, InfluxQL out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from ovoo_contract.address import Address
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import StoreRejected, StoreUnavailable
from ovoo_contract.line_protocol import LineEncoder, encode_point
from ovoo_contract.schema import GATEWAY, database_name

from ovoo_cloud.stores import influx_read
from ovoo_cloud.stores.base import (
    Columns,
    Counts,
    Delivery,
    Latest,
    SignalLookup,
    StoreHealth,
    UIntArray,
    Windows,
    WriteOutcome,
    check_bounds,
    check_budget,
    window_edges,
)
from ovoo_cloud.stores.collisions import Rows, join, resolve
from ovoo_cloud.stores.influx_http import InfluxHttp, InfluxSettings
from ovoo_cloud.stores.influx_names import Place, place_of
from ovoo_cloud.stores.influx_write import prepare, send
from ovoo_cloud.stores.newest import Newest

__all__ = ["InfluxSettings", "InfluxStore"]


class InfluxStore:
    """One InfluxDB server, a database or bucket per enterprise; implements TelemetryStore.

    Delivering again is harmless by nature: a point's key is series and time. For different values at one time
    (CONTRACT 2) the store reads what stands there, but only where a time is not beyond the newest one this process
    knows; with several ingest processes the rule across deliveries holds within each of them.
    """

    kind: Final = "influx"

    def __init__(self, settings: InfluxSettings, lookup: SignalLookup) -> None:
        self._http = InfluxHttp(settings)
        self._lookup = lookup
        self._max_points = settings.max_points
        self._lock = threading.Lock()
        self._tenants: dict[str, _Tenant] = {}
        self._encoders: dict[str, LineEncoder] = {}
        self._entries: dict[Address, SignalEntry] = {}

    def ensure_enterprise(self, enterprise: str) -> None:
        """Creates the database, or bucket and mapping; harmless when it is there."""
        with self._lock:
            self._tenant(enterprise)

    def write(self, delivery: Delivery) -> WriteOutcome:
        """Stores one delivery."""
        return self.write_many([delivery])[0]

    def write_many(self, deliveries: Sequence[Delivery]) -> list[WriteOutcome]:
        """Stores deliveries; several of them go in one request."""
        groups: dict[str, list[int]] = {}
        for position, delivery in enumerate(deliveries):
            groups.setdefault(delivery.enterprise, []).append(position)
        outcomes: list[WriteOutcome] = [WriteOutcome()] * len(deliveries)
        for enterprise, positions in groups.items():
            with self._lock:
                written = self._write(self._tenant(enterprise), [deliveries[position] for position in positions])
            for position, outcome in zip(positions, written, strict=True):
                outcomes[position] = outcome
        return outcomes

    def note_gateway(self, enterprise: str, gateway: str, time_ns: int, figures: Mapping[str, float]) -> None:
        """Writes one point of the measurement `gateway`."""
        self.ensure_enterprise(enterprise)
        line = encode_point(GATEWAY.name, {"gateway": gateway}, figures, time_ns)
        refused = self._http.write(database_name(enterprise), line) if line else None
        if refused is not None:
            raise StoreRejected(refused.detail, offender=f"gateway {gateway}", remedy="drop the field of another type")

    def _write(self, tenant: _Tenant, deliveries: Sequence[Delivery]) -> list[WriteOutcome]:
        parts = [tenant.rows(delivery) for delivery in deliveries]
        for delivery in deliveries:
            self._remember(delivery)
        group = join(parts)
        resolution = resolve(group, self._existing(tenant, group))
        borders = np.cumsum([0] + [len(part) for part in parts]).tolist()
        prepared = [
            prepare(delivery, self._encoders[delivery.catalogue.id], resolution, (borders[n], borders[n + 1]))
            for n, delivery in enumerate(deliveries)
        ]
        outcomes = send(self._http, tenant.database, prepared)
        tenant.newest.take(resolution.rows)
        return outcomes

    def _existing(self, tenant: _Tenant, group: Rows) -> Rows:
        """Stored rows that the group could collide with, read per signal within the span of its doubtful rows."""
        doubtful = group.time_ns <= tenant.newest.time_ns[group.series]
        if not doubtful.any():
            return Rows.empty()
        series, times = group.series[doubtful], group.time_ns[doubtful]
        order = np.lexsort((times, series))  # once for all: a backlog group holds thousands of signals
        numbers, starts = np.unique(series[order], return_index=True)
        wanted = {
            number: (self._place(tenant.addresses[number]), span)
            for number, span in zip(numbers.tolist(), np.split(times[order], starts[1:]), strict=True)
        }
        return influx_read.stored_rows(self._http, tenant.database, wanted)

    def latest(self, addresses: Sequence[Address]) -> list[Latest]:
        """The newest sample of each signal."""
        found: dict[Address, Latest] = {}
        for enterprise in sorted({address.enterprise for address in addresses}):
            places = {item: self._place(item) for item in addresses if item.enterprise == enterprise}
            found.update(influx_read.latest(self._http, database_name(enterprise), places))
        return [found[address] for address in addresses if address in found]

    def raw(self, address: Address, start_ns: int, end_ns: int, limit: int, after_ns: int | None = None) -> Columns:
        """At most `limit` samples in time order from `start_ns`, or behind `after_ns`."""
        check_bounds(start_ns, end_ns)
        check_budget(limit, self._max_points, "page with after_ns, or ask for windows")
        start_ns = start_ns if after_ns is None else max(start_ns, after_ns + 1)
        database = database_name(address.enterprise)
        return influx_read.samples(self._http, database, self._place(address), start_ns, end_ns, limit)

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
        database = database_name(address.enterprise)
        return influx_read.windows(self._http, database, self._place(address), borders, step_ns)

    def counts(self, addresses: Sequence[Address], start_ns: int, end_ns: int, step_ns: int) -> Counts:
        """Stored and good rows per signal and step."""
        borders = window_edges(start_ns, end_ns, None, step_ns, self._max_points)
        check_budget((len(borders) - 1) * len(addresses), self._max_points, "take a longer step or fewer signals")
        shape = (len(addresses), len(borders) - 1)
        count, good = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, address in enumerate(addresses):
            place, database = self._place(address), database_name(address.enterprise)
            count[row], good[row] = influx_read.counts(self._http, database, place, borders, step_ns)
        return Counts(tuple(addresses), borders[:-1], count, good)

    def stream(self, addresses: Sequence[Address], start_ns: int, end_ns: int) -> Iterator[tuple[Address, Columns]]:
        """All samples ordered by (address, time), in pieces as the server sends them."""
        check_bounds(start_ns, end_ns)
        return self._stream(sorted(set(addresses)), start_ns, end_ns)

    def _stream(self, addresses: Sequence[Address], start_ns: int, end_ns: int) -> Iterator[tuple[Address, Columns]]:
        for address in addresses:
            database = database_name(address.enterprise)
            for piece in influx_read.pieces(self._http, database, self._place(address), start_ns, end_ns):
                yield address, piece

    def health(self) -> StoreHealth:
        """State and version by /ping."""
        try:
            version = self._http.version()
        except StoreUnavailable as error:
            return StoreHealth("down", self.kind, "", str(error))
        return StoreHealth("ok", self.kind, version)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def _place(self, address: Address) -> Place:
        entry = self._entries.get(address)
        if entry is None:
            entry = self._lookup(address)
            if entry is not None:
                self._entries[address] = entry
        return place_of(address, entry)

    def _remember(self, delivery: Delivery) -> None:
        catalogue = delivery.catalogue
        if catalogue.id not in self._encoders:
            self._encoders[catalogue.id] = LineEncoder(catalogue)
            self._entries.update((entry.address, entry) for entry in catalogue.entries)

    def _tenant(self, enterprise: str) -> _Tenant:
        tenant = self._tenants.get(enterprise)
        if tenant is None:
            database = database_name(enterprise)
            self._http.create(database)
            tenant = _Tenant(database)
            for address, time_ns in influx_read.newest_times(self._http, enterprise, database):
                number = tenant.number(address)  # first: a new number may replace the column
                tenant.newest.time_ns[number] = time_ns
            self._tenants[enterprise] = tenant
        return tenant


class _Tenant:
    """What the writer knows of one enterprise: a number per signal, and the newest time of each."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.addresses: list[Address] = []
        self.newest = Newest()
        self._numbers: dict[Address, int] = {}
        self._maps: dict[str, UIntArray] = {}

    def number(self, address: Address) -> int:
        """The signal's number, a new one if need be."""
        number = self._numbers.get(address)
        if number is None:
            number = self._numbers[address] = len(self.addresses)
            self.addresses.append(address)
            self.newest.grow(len(self.addresses))
        return number

    def rows(self, delivery: Delivery) -> Rows:
        """A delivery's rows with our numbers."""
        mapping = self._maps.get(delivery.catalogue.id)
        if mapping is None:
            mapping = np.array([self.number(entry.address) for entry in delivery.catalogue.entries], np.uint32)
            self._maps[delivery.catalogue.id] = mapping
        batch = delivery.batch
        return Rows(
            mapping[np.frombuffer(batch.signal, np.uint32)],
            np.frombuffer(batch.time_ns, np.int64),
            np.frombuffer(batch.value, np.float64) + 0.0,  # no negative zero: JSON cannot give it back
            np.frombuffer(batch.quality, np.uint32),
            dict(batch.text),
        )
