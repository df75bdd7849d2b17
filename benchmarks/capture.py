"""Publish responses as a real asyncua server sends them, taken from the wire."""

from __future__ import annotations

import asyncio
import hashlib
import math
import struct
from dataclasses import dataclass, field
from datetime import UTC

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.utils import Buffer
from asyncua.server.server import Server
from asyncua.ua.ua_binary import struct_from_binary

from tests.servers.process import free_port

__all__ = ["Capture", "capture_responses"]


@dataclass(slots=True)
class Capture:
    """Message bodies, type id onwards.

    Attributes:
        large: responses with as many values as there are nodes.
        single: responses with one value.
        handles: client handles of the monitored items.
    """

    large: list[bytes] = field(default_factory=list)
    single: list[bytes] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)

    def digest(self) -> str:
        """SHA-256 over all bodies."""
        return hashlib.sha256(b"".join(self.large + self.single)).hexdigest()


_FOLDER = 100
_INTERVAL_MS = 50


class _Silent:
    """A handler that asyncua asks for; the values are read from the wire."""

    def datachange_notification(self, node: object, value: object, data: object) -> None:
        """Nothing to do."""


async def capture_responses(nodes: int, messages: int) -> Capture:
    """`messages` responses of `nodes` Doubles, then as many of one Double, every value different."""
    server = Server()
    await server.init()
    port, public = free_port(), free_port()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/capture")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace("urn:ovoo:capture")
    variables = []
    for number in range(nodes):
        if number % _FOLDER == 0:  # asyncua looks through all children of a parent for every new one
            folder = await server.nodes.objects.add_object(index, f"folder{number // _FOLDER}")
        variables.append(await folder.add_variable(index, f"v{number}", 0.0))
    bodies: asyncio.Queue[bytes] = asyncio.Queue()
    tap = await asyncio.start_server(lambda r, w: _forward(r, w, port, bodies), "127.0.0.1", public)
    capture = Capture()
    async with (
        server,
        tap,
        Client(f"opc.tcp://127.0.0.1:{public}/capture", timeout=60, watchdog_intervall=120) as client,
    ):
        subscription = await client.create_subscription(_INTERVAL_MS, _Silent())
        await subscription.subscribe_data_change(variables)
        capture.handles = list(subscription._monitored_items)
        for wanted, target in ((nodes, capture.large), (1, capture.single)):
            for number in range(messages * 3):
                # switched off meanwhile, or a slow machine would send the writes of one round in several messages
                await subscription.set_publishing_mode(False)
                moved = variables[:wanted] if wanted == nodes else [variables[number % nodes]]
                for place, variable in enumerate(moved):
                    value = ua.Variant(round(math.sin(number + place) * 1000, 3) + number, ua.VariantType.Double)
                    now = ua.DateTime.now(UTC)
                    sample = ua.DataValue(value, ua.StatusCode(ua.UInt32(0)), now, now)
                    await server.write_attribute_value(variable.nodeid, sample)
                await subscription.set_publishing_mode(True)
                await _collect(bodies, wanted, target)
                if len(target) >= messages:
                    break
            if not target:
                raise RuntimeError(f"the server never sent {wanted} values in one message: the machine is too busy")
        await subscription.delete()
    return capture


async def _collect(bodies: asyncio.Queue[bytes], wanted: int, target: list[bytes]) -> None:
    """Takes what arrives until one response holds the wanted number of values, for ten seconds at most."""
    try:
        async with asyncio.timeout(10):
            while True:
                body = await bodies.get()
                if _values(body) == wanted:
                    target.append(body)
                    return
    except TimeoutError:
        return


def _values(body: bytes) -> int:
    """Items of the first notification, 0 for a keep-alive: by asyncua, for the benchmark must not trust our decoder."""
    response = struct_from_binary(ua.PublishResponse, Buffer(body))
    blocks = response.Parameters.NotificationMessage.NotificationData
    return len(blocks[0].MonitoredItems) if len(blocks) == 1 else 0


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, bodies: asyncio.Queue[bytes]
) -> None:
    upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
    up = asyncio.ensure_future(_pass(reader, upstream_writer, None))
    try:
        await _pass(upstream_reader, writer, bodies)
    finally:
        up.cancel()
        writer.close()
        upstream_writer.close()


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bodies: asyncio.Queue[bytes] | None
) -> None:
    try:
        while True:
            head = await reader.readexactly(8)
            (size,) = struct.unpack_from("<I", head, 4)
            message = head + await reader.readexactly(size - 8)
            writer.write(message)
            await writer.drain()
            # no security: sequence header ends at 24, and asyncua's server sends one chunk a message
            if bodies is not None and message[:4] == b"MSGF" and message[24:28] == struct.pack("<BBH", 1, 0, 829):
                bodies.put_nowait(message[24:])
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
