"""A small asyncua client for the tests: subscribes to every node and keeps what arrives."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from asyncua import Client  # type: ignore[attr-defined]
from ovoo_simulator.ledger import Tally, tally
from ovoo_simulator.ua_api import ua

__all__ = ["Collector"]


class Collector:
    """Rows by node name."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[int, float, int]]] = {}
        self.count = 0
        self._changed = asyncio.Event()

    def datachange_notification(self, node: Any, _value: object, data: Any) -> None:
        item = data.monitored_item.Value
        moment = item.SourceTimestamp
        value = float("nan") if item.Value.Value is None else float(item.Value.Value)
        time_ns = round(moment.timestamp() * 1e6) * 1000
        self.rows.setdefault(node.nodeid.Identifier, []).append((time_ns, value, item.StatusCode.value))
        self.count += 1
        self._changed.set()

    async def subscribe(self, client: Client, namespace: str, names: list[str], queue: int = 200) -> None:
        index = await client.get_namespace_index(namespace)
        subscription = await client.create_subscription(100, self)
        nodes = [client.get_node(ua.NodeId(name, index)) for name in names]
        trigger = ua.DataChangeFilter(Trigger=ua.DataChangeTrigger.StatusValueTimestamp)
        await subscription._subscribe(nodes, ua.AttributeIds.Value, trigger, queuesize=queue)

    async def wait(self, count: int, longest_s: float = 15.0) -> None:
        async with asyncio.timeout(longest_s):
            while self.count < count:
                self._changed.clear()
                await self._changed.wait()

    def tallies(self, prefix: str) -> dict[str, Tally]:
        return {
            f"{prefix}/{name}": tally(*(np.array(column) for column in zip(*rows, strict=True)))
            for name, rows in self.rows.items()
        }
