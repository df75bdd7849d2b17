"""A small controller's OPC UA server: says S7-1200, reports large limits, and is 50 times slower above 200 items."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import Any

from ovoo_edge.sources.ua_api import ua

from tests.edge_agent.sources.ua_server import UaTestServer

_SERVICES: Any = importlib.import_module("asyncua.server.internal_session").InternalSession
BRINK = 200
_ITEM_S = 100e-6
_PENALTY = 50
_LIMITS = ("MaxNodesPerBrowse", "MaxNodesPerRead", "MaxMonitoredItemsPerCall", "MaxNodesPerHistoryReadData")


class PlcDouble:
    """Wraps a running test server.

    Args:
        server: the server; it says it is a Siemens S7-1200 from now on.
        product: what it calls itself.
        reported: items a call that it claims to bear.
    """

    def __init__(self, server: UaTestServer, *, product: str = "S7-1200", reported: int = 1000) -> None:
        self._server = server
        self._product = product
        self._reported = reported
        self.sizes: dict[str, list[int]] = {"browse": [], "read": [], "subscribe": [], "history": []}
        self._undo: list[Callable[[], None]] = []

    @property
    def triggered(self) -> list[tuple[str, int]]:
        """(service, items) of every call beyond the brink."""
        return [(name, size) for name, sizes in self.sizes.items() for size in sizes if size > BRINK]

    async def __aenter__(self) -> PlcDouble:
        ids = ua.ObjectIds
        await self._set(ids.Server_ServerStatus_BuildInfo_ManufacturerName, "Siemens AG", ua.VariantType.String)
        await self._set(ids.Server_ServerStatus_BuildInfo_ProductName, self._product, ua.VariantType.String)
        for name in _LIMITS:
            identifier = getattr(ids, f"Server_ServerCapabilities_OperationLimits_{name}")
            await self._set(identifier, self._reported, ua.VariantType.UInt32)
        self._wrap("browse", "browse", lambda params: len(params.NodesToBrowse))
        self._wrap("read", "read", lambda params: len(params.NodesToRead))
        self._wrap("subscribe", "create_monitored_items", lambda params: len(params.ItemsToCreate))
        self._wrap("history", "history_read", lambda params: len(params.NodesToRead))
        return self

    async def __aexit__(self, *_: object) -> None:
        for undo in self._undo:
            undo()

    def _wrap(self, name: str, method: str, count: Callable[[Any], int]) -> None:
        original = getattr(_SERVICES, method)

        async def slow(session: Any, params: Any, *rest: Any) -> Any:
            if not session.external:
                return await original(session, params, *rest)
            size = count(params)
            self.sizes[name].append(size)
            await asyncio.sleep(size * _ITEM_S * (_PENALTY if size > BRINK else 1))
            return await original(session, params, *rest)

        setattr(_SERVICES, method, slow)
        self._undo.append(lambda: setattr(_SERVICES, method, original))

    async def _set(self, identifier: int, value: Any, kind: Any) -> None:
        server = self._server.server
        node = server.get_node(ua.NodeId(identifier))
        before = server.iserver.aspace._nodes[node.nodeid].attributes[ua.AttributeIds.Value].value
        await server.write_attribute_value(node.nodeid, ua.DataValue(ua.Variant(value, kind)))
        attributes = server.iserver.aspace._nodes[node.nodeid].attributes
        self._undo.append(lambda: setattr(attributes[ua.AttributeIds.Value], "value", before))
