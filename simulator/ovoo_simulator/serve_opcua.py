"""A simulated site as an OPC UA server.

Namespace `urn:ovoo:simulator:<site>`, node ids `s=<area>/<line>/<asset>/<signal>`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import ConnectFailed
from ovoo_contract.quality import BAD_NO_COMMUNICATION

from ovoo_simulator.emission import Emission
from ovoo_simulator.ledger import Ledger
from ovoo_simulator.opcua_security import OpcUaSecurity, UserTable
from ovoo_simulator.opcua_subscriptions import install_durable_subscriptions
from ovoo_simulator.ua_api import (
    CallbackType,
    CertificateValidator,
    CertificateValidatorOptions,
    InternalServer,
    Server,
    TrustStore,
    ua,
)

__all__ = ["OpcUaServer", "namespace_uri", "node_name"]

_LOG = logging.getLogger(__name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YIELD_EVERY = 200
_TYPES = {
    "bool": ua.VariantType.Boolean,
    "int": ua.VariantType.Int64,
    "float": ua.VariantType.Double,
    "text": ua.VariantType.String,
}


def namespace_uri(site: str) -> str:
    """Of a simulated site."""
    return f"urn:ovoo:simulator:{site}"


def node_name(entry: SignalEntry) -> str:
    """The string identifier of a signal's node."""
    return f"{entry.address.asset_path}/{entry.address.signal}"


class OpcUaServer:
    """Publisher over OPC UA.

    Every node holds its latest value with source time and status. A node without a value yet reads as Bad with the
    status `BadNoCommunication`; `ready` writes the first values before it waits, so a client that subscribes then
    gets exactly what the ledger counts.

    Args:
        catalogue: signals to serve, of one site.
        port: TCP port on `host`.
        security: policies and users.
        hold_back: wait for clients instead of overflowing the queues of their items: right for a replay that may be
            faster than they are, wrong for a plant, which does not wait for anybody.
        finish_s: longest wait for acknowledgements when stopping.
        other_namespaces: so many foreign namespaces are registered first, which moves the site's index.
        ledger: counts what is emitted; None makes one.
        now: UTC clock for server timestamps.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        port: int,
        *,
        host: str = "127.0.0.1",
        security: OpcUaSecurity | None = None,
        hold_back: bool = False,
        finish_s: float = 5.0,
        other_namespaces: int = 0,
        ledger: Ledger | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._catalogue = catalogue
        self._site = catalogue.entries[0].address.site
        self._security = security or OpcUaSecurity()
        self._now = now
        self._other_namespaces = other_namespaces
        self._ledger = ledger or Ledger([str(entry.address) for entry in catalogue.entries])
        self._iserver = InternalServer(user_manager=UserTable(self._security))
        self._subscriptions = install_durable_subscriptions(self._iserver)
        self._hold_back = hold_back
        self._finish_s = finish_s
        self._server = Server(iserver=self._iserver)
        self._nodes: list[Any] = []
        self._kinds = [_TYPES[entry.type] for entry in catalogue.entries]
        self._watched: set[Any] = set()
        self._all_watched = asyncio.Event()
        self.endpoint = f"opc.tcp://{host}:{port}/ovoo/{self._site}"

    @property
    def ledger(self) -> Ledger:
        """Counts of every DataValue written."""
        return self._ledger

    async def start(self) -> None:
        """Builds the address space and opens the port; raises ConnectFailed where the port is taken."""
        with _collector_paused():
            await self._server.init()
        self._server.set_endpoint(self.endpoint)
        self._server.set_server_name(f"Ovoo simulator {self._site}")
        await self._secure()
        for number in range(self._other_namespaces):
            await self._server.register_namespace(f"urn:ovoo:simulator:other:{number}")
        index = await self._server.register_namespace(namespace_uri(self._site))
        await self._build(index)
        self._iserver.subscribe_server_callback(CallbackType.ItemSubscriptionCreated, self._subscribed)
        try:
            await self._server.start()
        except OSError as error:
            raise ConnectFailed(
                "cannot open the port", offender=self.endpoint, value=str(error), remedy="choose a free port"
            ) from error
        _LOG.info("event=opcua_listening endpoint=%s signals=%d", self.endpoint, len(self._nodes))

    async def _secure(self) -> None:
        security = self._security
        await self._server.set_application_uri(namespace_uri(self._site))
        policies = [] if security.encrypted_only else [ua.SecurityPolicyType.NoSecurity]
        if security.identity is not None:
            await self._server.load_certificate(str(security.identity.certificate))
            await self._server.load_private_key(str(security.identity.private_key))
            policies += [
                ua.SecurityPolicyType.Basic256Sha256_Sign,
                ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
            ]
        self._server.set_security_policy(policies)
        tokens = []
        if security.passwords:
            tokens.append(ua.UserNameIdentityToken)
        if security.user_certificates:
            tokens.append(ua.X509IdentityToken)
        self._server.set_identity_tokens(tokens or [ua.AnonymousIdentityToken])
        if security.trusted_clients is not None:
            store = TrustStore([security.trusted_clients], [])
            await store.load()
            options = CertificateValidatorOptions.TIME_RANGE | CertificateValidatorOptions.TRUSTED
            self._server.set_certificate_validator(CertificateValidator(options, store))

    async def _build(self, index: int) -> None:
        folders: dict[str, Any] = {"": self._server.get_objects_node()}
        for entry, kind in zip(self._catalogue.entries, self._kinds, strict=True):
            parent = await self._folder(folders, index, entry.address.asset_path)
            identifier = ua.NodeId(node_name(entry), index)
            name = ua.QualifiedName(entry.address.signal, index)
            node = await parent.add_variable(identifier, name, _neutral(kind), kind)
            waiting = ua.DataValue(ua.Variant(None, ua.VariantType.Null), ua.StatusCode(BAD_NO_COMMUNICATION))
            await self._iserver.write_attribute_value(node.nodeid, waiting)
            self._nodes.append(node.nodeid)

    async def _folder(self, folders: dict[str, Any], index: int, path: str) -> Any:
        if path not in folders:
            parent, _, last = path.rpartition("/")
            above = await self._folder(folders, index, parent)
            folders[path] = await above.add_object(ua.NodeId(path, index), ua.QualifiedName(last, index))
        return folders[path]

    def _subscribed(self, event: Any, _service: object) -> None:
        if not event.is_external:
            return
        for item, result in zip(event.request_params.ItemsToCreate, event.response_params, strict=True):
            if result.StatusCode.is_good():
                self._watched.add(item.ItemToMonitor.NodeId)
        if self._watched.issuperset(self._nodes):
            self._all_watched.set()

    async def ready(self, first: Emission) -> None:
        """Writes `first` and waits until a client monitors every node."""
        await self.emit(first)
        await self._all_watched.wait()

    async def emit(self, emission: Emission) -> None:
        """Writes all samples; each is counted once it is in the queues of the subscriptions."""
        if self._hold_back:
            await self._progress_until(lambda: not self._subscriptions.full())
        source = _EPOCH + timedelta(microseconds=emission.time_ns // 1000)
        server = self._now()
        written = 0
        rows = zip(emission.signal.tolist(), emission.value.tolist(), emission.quality.tolist(), strict=True)
        try:
            for signal, value, quality in rows:
                data = ua.DataValue(_variant(value, self._kinds[signal]), ua.StatusCode(quality), source, server)
                await self._iserver.write_attribute_value(self._nodes[signal], data)
                written += 1
                if written % _YIELD_EVERY == 0:
                    await asyncio.sleep(0)
        finally:  # a stop may cancel between two writes
            self._ledger.add(
                emission.signal[:written],
                np.full(written, emission.time_ns),
                emission.value[:written],
                emission.quality[:written],
            )

    async def stop(self) -> None:
        """Closes the port after what is queued had a moment to leave."""
        await self._drain()
        await self._server.stop()

    async def _drain(self) -> None:
        """Waits until clients acknowledged everything, or the time is over."""
        try:
            async with asyncio.timeout(self._finish_s):
                await self._progress_until(lambda: not self._subscriptions.outstanding())
        except TimeoutError:
            oldest_ns = self._subscriptions.oldest_outstanding_ns()
            _LOG.warning("event=opcua_stopped_early reason=client_did_not_acknowledge oldest_ns=%d", oldest_ns)

    async def _progress_until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._subscriptions.progress.clear()
            await self._subscriptions.progress.wait()


@contextmanager
def _collector_paused() -> Iterator[None]:
    """asyncua makes some hundred thousand objects at start; collecting in between takes twice as long."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _variant(value: float, kind: Any) -> Any:
    if math.isnan(value):
        return ua.Variant(None, ua.VariantType.Null)
    if kind == ua.VariantType.Boolean:
        return ua.Variant(value != 0.0, kind)
    if kind == ua.VariantType.Int64:
        return ua.Variant(round(value), kind)
    return ua.Variant(value, kind)


def _neutral(kind: Any) -> bool | int | float | str:
    if kind == ua.VariantType.Boolean:
        return False
    if kind == ua.VariantType.String:
        return ""
    return 0 if kind == ua.VariantType.Int64 else 0.0
