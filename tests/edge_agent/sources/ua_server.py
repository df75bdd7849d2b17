"""A real asyncua server for the OPC UA tests: starts, stops, restarts on its port, writes values."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ovoo_edge.sources.ua_api import ua

from tests.servers.process import free_port

_PROCESSOR: Any = importlib.import_module("asyncua.server.uaprocessor").UaProcessor
URI = "urn:ovoo:test:plant"


class UaTestServer:
    """One namespace with float variables `a`, `b`, ... below Objects.

    Args:
        names: variables to create, as string node ids.
        port: fixed port for restarts.
        before: namespace URIs registered before ours, to move its index.
    """

    def __init__(self, names: Sequence[str] = ("a", "b", "c"), *, port: int = 0, before: Sequence[str] = ()) -> None:
        self.port = port or free_port()
        self.endpoint = f"opc.tcp://127.0.0.1:{self.port}"
        self.names = tuple(names)
        self.before = tuple(before)
        self.values: Mapping[str, Any] = {}
        self.server: Any = None
        self.namespace = 0
        self._nodes: dict[str, Any] = {}
        self._historised: set[str] = set()

    async def start(self, setup: Any = None) -> UaTestServer:
        """Starts a new server process object with empty sessions."""
        server = importlib.import_module("asyncua").Server()
        await server.init()
        server.set_endpoint(self.endpoint)
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        if setup is not None:
            await setup(server)
        for uri in self.before:
            await server.register_namespace(uri)
        self.namespace = await server.register_namespace(URI)
        self._nodes = {}
        for name in self.names:
            await self._add(server, name)
        await server.start()
        self.server = server
        return self

    async def _add(self, server: Any, name: str) -> None:
        node_id = ua.NodeId(name, self.namespace)
        variant = self.values.get(name, ua.Variant(0.0, ua.VariantType.Double))
        node = await server.nodes.objects.add_variable(node_id, ua.QualifiedName(name, self.namespace), variant)
        self._nodes[name] = node

    async def add(self, name: str) -> None:
        """Creates a variable while running."""
        assert self.server is not None
        await self._add(self.server, name)

    async def stop(self) -> None:
        """Stops listening and forgets every session."""
        if self.server is not None:
            await self.server.stop()
            self.server = None

    async def write(self, name: str, value: Any, *, kind: Any = ua.VariantType.Double, **extra: Any) -> datetime:
        """Writes a value with its source time; returns that time."""
        assert self.server is not None
        moment: datetime = extra.pop("source_time", datetime.now(UTC))
        variant = ua.Variant(value, kind) if value is not None else ua.Variant()
        data = ua.DataValue(variant, SourceTimestamp=moment, ServerTimestamp=datetime.now(UTC), **extra)
        node_id = self._nodes[name].nodeid
        # the server refuses to change a node's type; a PLC program that was downloaded anew does just that
        self.server.iserver.aspace._nodes[node_id].attributes[ua.AttributeIds.Value].value = None
        await self.server.write_attribute_value(node_id, data)
        if name in self._historised:
            await self.server.iserver.history_manager.storage.save_node_value(node_id, data)
        return moment

    async def historise(self, *names: str) -> None:
        """Keeps every value written from now on; only such variables let their history be read."""
        assert self.server is not None
        storage = self.server.iserver.history_manager.storage
        for name in names:
            node = self._nodes[name]
            await storage.new_historized_node(node.nodeid, None)
            for attribute in (ua.AttributeIds.AccessLevel, ua.AttributeIds.UserAccessLevel):
                await node.set_attr_bit(attribute, ua.AccessLevel.HistoryRead)
        self._historised.update(names)

    def history_of(self, name: str) -> list[tuple[int, float]]:
        """(time in ns, value) of everything kept of a variable, oldest first."""
        assert self.server is not None
        kept = self.server.iserver.history_manager.storage._datachanges[self._nodes[name].nodeid]
        return [(_ns(data.SourceTimestamp), data.Value.Value) for data in kept]

    async def drop_subscriptions(self) -> None:
        """Deletes every subscription without a word to its client."""
        await self.server.iserver.subscription_service.delete_subscriptions(list(self.subscriptions))

    @property
    def subscriptions(self) -> dict[int, Any]:
        """The server's live subscriptions by id."""
        assert self.server is not None
        service: Any = self.server.iserver.subscription_service
        found: dict[int, Any] = service.subscriptions
        return found

    def unacknowledged(self) -> list[int]:
        """Sequence numbers in the retransmission queues of all subscriptions."""
        return [number for sub in self.subscriptions.values() for number in sub._not_acknowledged_results]

    async def forget_clients(self) -> None:
        """Ends every connection, session and subscription and sets all values to 0."""
        assert self.server is not None
        self.drop_connections()
        service: Any = self.server.iserver.subscription_service
        await service.delete_subscriptions(list(service.subscriptions))
        self.server.iserver._external_sessions.clear()
        for name in list(self._nodes):
            if name in self.names:
                await self.write(name, 0.0)
            else:
                await self.server.delete_nodes([self._nodes.pop(name)])

    def channels(self) -> list[Any]:
        """Security policies of the open connections."""
        assert self.server is not None
        return [transport.get_protocol().processor._connection.security_policy for transport in self._transports()]

    def _transports(self) -> list[Any]:
        return [item for item in self.server.iserver.asyncio_transports if not item.is_closing()]

    def drop_connections(self) -> None:
        """Cuts every TCP connection of this server."""
        assert self.server is not None
        for transport in list(self.server.iserver.asyncio_transports):
            transport.abort()


def _ns(moment: datetime) -> int:
    delta = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1000


def node(name: str) -> str:
    """Node id text with the namespace's URI."""
    return f"nsu={URI};s={name}"


def correct_transfer(monkeypatch: Any) -> None:
    """asyncua 2.1 moves a transferred subscription's answers but not its requests; other servers move both."""
    original = _PROCESSOR._process_message

    async def process(self: Any, typeid: Any, requesthdr: Any, seqhdr: Any, body: Any) -> Any:
        result = await original(self, typeid, requesthdr, seqhdr, body)
        if typeid == ua.NodeId(ua.ObjectIds.TransferSubscriptionsRequest_Encoding_DefaultBinary) and self.session:
            for sub in self.iserver.subscription_service.subscriptions.values():
                if sub.session_id == self.session.session_id:
                    sub.pub_request_callback = self.get_publish_request
        return result

    monkeypatch.setattr(_PROCESSOR, "_process_message", process)


def secured_with(pair: Any, uri: str, *, clients: Any = None) -> Any:
    """A `setup` that gives the server this certificate, the policy Basic256Sha256 and, if given, a client check."""

    async def secure(server: Any) -> None:
        await server.set_application_uri(uri)
        await server.load_certificate(str(pair.certificate))
        await server.load_private_key(str(pair.key))
        server.set_security_policy(
            [ua.SecurityPolicyType.Basic256Sha256_Sign, ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt]
        )
        if clients is not None:
            server.set_certificate_validator(clients)

    return secure
