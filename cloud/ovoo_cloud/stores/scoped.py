"""The store as one caller may use it: foreign enterprises do not exist there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ovoo_contract.address import Address

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.stores.base import Columns, Counts, Latest, TelemetryStore, Windows

__all__ = ["ScopedTelemetry"]


class ScopedTelemetry:
    """The reads of a TelemetryStore within a scope.

    Every method raises Forbidden without `read_telemetry`, and NotFound for an address of a foreign enterprise.
    """

    def __init__(self, store: TelemetryStore, scope: Scope) -> None:
        self._store = store
        self._scope = scope

    def latest(self, addresses: Sequence[Address]) -> list[Latest]:
        """See TelemetryStore.latest."""
        self._check(addresses)
        return self._store.latest(addresses)

    def raw(self, address: Address, start_ns: int, end_ns: int, limit: int, after_ns: int | None = None) -> Columns:
        """See TelemetryStore.raw."""
        self._check([address])
        return self._store.raw(address, start_ns, end_ns, limit, after_ns)

    def windows(
        self,
        address: Address,
        start_ns: int,
        end_ns: int,
        *,
        edges: Sequence[int] | None = None,
        step_ns: int | None = None,
    ) -> Windows:
        """See TelemetryStore.windows."""
        self._check([address])
        return self._store.windows(address, start_ns, end_ns, edges=edges, step_ns=step_ns)

    def counts(self, addresses: Sequence[Address], start_ns: int, end_ns: int, step_ns: int) -> Counts:
        """See TelemetryStore.counts."""
        self._check(addresses)
        return self._store.counts(addresses, start_ns, end_ns, step_ns)

    def stream(self, addresses: Sequence[Address], start_ns: int, end_ns: int) -> Iterator[tuple[Address, Columns]]:
        """See TelemetryStore.stream."""
        self._check(addresses)
        return self._store.stream(addresses, start_ns, end_ns)

    def _check(self, addresses: Sequence[Address]) -> None:
        scope = self._scope.under(Permission.READ_TELEMETRY)
        for address in addresses:
            scope.require_site(address.enterprise, address.site, str(address))
