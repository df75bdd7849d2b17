"""A plain OPC UA server whose every value is its own number: 1,000 nodes count 1, 2, 3 ... so that a receiver can tell
what it lost and what it got twice. `plant_server.py PORT NODES RATE STATE`; STATE keeps the counts across a restart.

Every count is on offer to a client: the server counts on only while a client monitors all nodes, and leaves clients
`FAREWELL_S` for the last one before it closes. So what does not arrive was lost by the client, not by a server that was
down or that nobody had subscribed to yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import pathlib
import signal
import sys
from typing import Any

from asyncua import ua
from asyncua.common.callback import CallbackType
from asyncua.common.node import Node
from asyncua.server.server import Server

NAMESPACE = "urn:ovoo:count"
FAREWELL_S = 3.0


class _Audience:
    """Whether a client monitors all nodes."""

    def __init__(self, variables: list[Node]) -> None:
        self._missing = {variable.nodeid for variable in variables}
        self.complete = asyncio.Event()

    def subscribed(self, event: Any, _service: object) -> None:
        """Called by the server for every CreateMonitoredItems."""
        if not event.is_external:
            return
        for item, result in zip(event.request_params.ItemsToCreate, event.response_params, strict=True):
            if result.StatusCode.is_good():
                self._missing.discard(item.ItemToMonitor.NodeId)
        if not self._missing:
            self.complete.set()


async def main(port: int, nodes: int, rate: float, state: pathlib.Path) -> None:
    """Counts until SIGTERM, then writes how far it came."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/count")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(NAMESPACE)
    plant = await server.nodes.objects.add_object(ua.NodeId(ua.String("Plant"), ua.Int16(index)), "Plant")
    variables = []
    for number in range(nodes):
        name = f"s{number:05d}"
        nodeid = ua.NodeId(ua.String(name), ua.Int16(index))
        variables.append(await plant.add_variable(nodeid, ua.QualifiedName(name, ua.UInt16(index)), 0.0))
    count = json.loads(state.read_text())["count"] if state.exists() else 0
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    audience = _Audience(variables)
    server.subscribe_server_callback(CallbackType.ItemSubscriptionCreated, audience.subscribed)
    async with server:
        print("ready", flush=True)
        await _first_of(audience.complete, stop)
        due = asyncio.get_running_loop().time()
        while not stop.is_set():
            count += 1
            await _write(server, variables, count)
            state.write_text(json.dumps({"count": count}))
            due += nodes / rate
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await stop.wait()
        if audience.complete.is_set():
            await asyncio.sleep(FAREWELL_S)


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def _write(server: Server, variables: list[Node], count: int) -> None:
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    value = ua.DataValue(ua.Variant(float(count), ua.VariantType.Double), SourceTimestamp=now)  # type: ignore[arg-type]  # asyncua takes datetimes
    for place, variable in enumerate(variables):
        await server.write_attribute_value(variable.nodeid, value)
        if place % 100 == 99:  # requests of clients come in between
            await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), pathlib.Path(sys.argv[4])))
