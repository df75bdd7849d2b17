"""A load generator for OPC UA clients: a proxy before a real asyncua server that answers every PublishRequest itself.

Session, browsing and monitored items are the real server's. Notifications are made here, column-wise: every sample has
a source time of its own that only moves forward, and a value that changes; each message stays in a retransmission queue
until the client acknowledges it, is repeated on Republish, and the proxy stops sending when too many are open. What was
sent and acknowledged is counted per signal, so that a run can be audited. Only security policy None: messages are
patched on their way.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary

_PUBLISH_REQUEST = 826
_PUBLISH_RESPONSE = 829
_REPUBLISH_REQUEST = 832
_REPUBLISH_RESPONSE = 835
_CREATE_ITEMS_REQUEST = 751
_CREATE_SUBSCRIPTION_RESPONSE = 790
_DATA_CHANGE = 811
_BAD_MESSAGE_NOT_AVAILABLE = 0x807B0000
_EPOCH_OFFSET_100NS = 116_444_736_000_000_000
_OPEN_LIMIT = 64
_STEPS = 1 << 17
_KEEP_ALIVE_S = 1.0
_STALL_S = 0.02

_ITEM = np.dtype(
    [
        ("handle", "<u4"),
        ("mask", "u1"),
        ("type", "u1"),
        ("value", "<f8"),
        ("source", "<i8"),
        ("server", "<i8"),
    ]
)
_MASK_VALUE_SOURCE_SERVER = 0x01 | 0x04 | 0x08
_DOUBLE = 11


@dataclass(slots=True)
class Audit:
    """What the generator did: per handle the number of samples sent, and the sum of everything acknowledged."""

    sent: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    messages: int = 0
    acknowledged: int = 0
    open: int = 0
    stalled_s: float = 0.0


class LoadFeed:
    """Makes notification messages for `handles` at `values_per_s`, `items` values a message."""

    def __init__(self, values_per_s: float, items: int, seed: int = 1) -> None:
        self._rate = values_per_s
        self._most = items
        self._random = np.random.default_rng(seed)
        self._steps = self._random.normal(0, 0.05, _STEPS)
        self._handles = np.zeros(0, np.uint32)
        self._level = np.zeros(0)
        self._next = 0
        self._started: float | None = None
        self._made = 0
        self._base_100ns = 0
        self.names: list[str] = []
        self.audit = Audit()

    def add_handles(self, handles: list[int], names: list[str]) -> None:
        """Monitored items to feed; `names` are their nodes' identifiers. A node monitored anew gets its new handle."""
        places = {name: place for place, name in enumerate(self.names)}
        for handle, name in zip(handles, names, strict=True):
            if name in places:
                self._handles[places[name]] = handle
        fresh = [(handle, name) for handle, name in zip(handles, names, strict=True) if name not in places]
        self.names += [name for _, name in fresh]
        self._handles = np.append(self._handles, np.asarray([handle for handle, _ in fresh], np.uint32))
        self._level = np.append(self._level, self._random.uniform(10, 1000, len(fresh)))
        self.audit.sent = np.append(self.audit.sent, np.zeros(len(fresh), np.int64))

    @property
    def ready(self) -> bool:
        """True once there is something to feed."""
        return len(self._handles) > 0

    def start(self) -> None:
        """Begins the clock; nothing is due before."""
        self._started = time.monotonic()
        self._base_100ns = time.time_ns() // 100 + _EPOCH_OFFSET_100NS

    def stop(self) -> None:
        """Nothing is due any more."""
        self._started = None

    @property
    def _items(self) -> int:
        """Values a message: never a signal twice."""
        return min(self._most, len(self._handles))

    def due(self) -> bool:
        """True when the next message's values are due."""
        return self._started is not None and (time.monotonic() - self._started) * self._rate >= self._made + self._items

    def message(self) -> bytes:
        """The body of one DataChangeNotification: the next `items` values round robin over all handles."""
        count, size = len(self._handles), self._items
        order = _run_of(self._next, size, count)
        rounds = self.audit.sent[order]
        self.audit.sent[order] += 1
        drawn = int(self._random.integers(0, _STEPS - size))
        self._level[order] += self._steps[drawn : drawn + size]
        items = np.zeros(size, _ITEM)
        items["handle"] = self._handles[order]
        items["mask"] = _MASK_VALUE_SOURCE_SERVER
        items["type"] = _DOUBLE
        items["value"] = np.round(self._level[order], 3)
        # one sample every count/rate seconds per signal, in whole milliseconds, with the position as jitter
        step_ms = max(1, count * 1000 // int(self._rate))
        source = self._base_100ns + (rounds * step_ms + (self._next + np.arange(size)) % count % 7) * 10_000
        items["source"] = source
        items["server"] = source
        self._next = (self._next + size) % count
        self._made += size
        self.audit.messages += 1
        body = struct.pack("<i", self._items) + items.tobytes() + struct.pack("<i", -1)
        extension = struct.pack("<BBHBi", 1, 0, _DATA_CHANGE, 1, len(body)) + body
        return struct.pack("<i", 1) + extension


def _run_of(start: int, size: int, count: int) -> slice | npt.NDArray[np.int64]:
    """The next `size` places round robin; a slice, which is quick, unless they wrap."""
    return slice(start, start + size) if start + size <= count else (start + np.arange(size)) % count


class ReplayProxy:
    """Listens on `port` and stands before the server at `upstream_port`, both on loopback.

    Args:
        port: where clients connect.
        upstream_port: of the real server.
        feed: makes the notifications.
        open_limit: unacknowledged messages that are kept for republishing; at that many the proxy waits.
    """

    def __init__(self, port: int, upstream_port: int, feed: LoadFeed, open_limit: int = _OPEN_LIMIT) -> None:
        self._open_limit = open_limit
        self._port = port
        self._upstream_port = upstream_port
        self._feed = feed
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> ReplayProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        link = _Link(writer, upstream_writer, self._feed, self._open_limit)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(link.from_client(reader))
                tasks.create_task(link.from_server(upstream_reader))
                tasks.create_task(link.publish())
        except* (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            upstream_writer.close()


class _Link:
    """One client connection: forwards, and answers what belongs to publishing."""

    def __init__(
        self, client: asyncio.StreamWriter, server: asyncio.StreamWriter, feed: LoadFeed, open_limit: int
    ) -> None:
        self._open_limit = open_limit
        self._client = client
        self._server = server
        self._feed = feed
        self._to_client = 0
        self._to_server = 0
        self._channel = b""
        self._subscription = 0
        self._sequence = 0
        self._requests: deque[tuple[int, int, int]] = deque()
        self._open: OrderedDict[int, bytes] = OrderedDict()
        self._wake = asyncio.Event()
        self._spoke_s = time.monotonic()

    async def from_client(self, reader: asyncio.StreamReader) -> None:
        while True:
            message = await _read_message(reader)
            kind = message[:3]
            if kind == b"MSG" and self._handled(message):
                continue
            if kind in (b"MSG", b"OPN", b"CLO"):
                self._to_server += 1
                message = _with_sequence(message, self._to_server)
            self._server.write(message)
            await self._server.drain()

    async def from_server(self, reader: asyncio.StreamReader) -> None:
        while True:
            message = await _read_message(reader)
            if message[:3] in (b"MSG", b"OPN"):
                self._to_client += 1
                message = _with_sequence(message, self._to_client)
            if message[:3] == b"MSG" and _type_id(message) == _CREATE_SUBSCRIPTION_RESPONSE:
                answer = struct_from_binary(ua.CreateSubscriptionResponse, Buffer(message[24:]))
                self._subscription = answer.Parameters.SubscriptionId
            self._client.write(message)
            await self._client.drain()

    def _handled(self, message: bytes) -> bool:
        kind = _type_id(message)
        if kind == _CREATE_ITEMS_REQUEST:
            request = struct_from_binary(ua.CreateMonitoredItemsRequest, Buffer(message[24:]))
            items = request.Parameters.ItemsToCreate
            handles = [item.RequestedParameters.ClientHandle for item in items]
            self._feed.add_handles(handles, [str(item.ItemToMonitor.NodeId.Identifier) for item in items])
            return False
        if kind == _PUBLISH_REQUEST:
            self._on_publish_request(message)
            return True
        if kind == _REPUBLISH_REQUEST:
            self._on_republish(message)
            return True
        return False

    def _on_publish_request(self, message: bytes) -> None:
        handle, acknowledgements = _read_publish_request(message)
        for sequence in acknowledgements:
            if self._open.pop(sequence, None) is not None:
                self._feed.audit.acknowledged += 1
        self._feed.audit.open = len(self._open)
        self._channel = message[8:16]
        self._requests.append((_request_id(message), handle, len(acknowledgements)))
        self._wake.set()

    def _on_republish(self, message: bytes) -> None:
        request = struct_from_binary(ua.RepublishRequest, Buffer(message[24:]))
        kept = self._open.get(request.Parameters.RetransmitSequenceNumber)
        status = 0 if kept is not None else _BAD_MESSAGE_NOT_AVAILABLE
        body = _response_header(_REPUBLISH_RESPONSE, request.RequestHeader.RequestHandle, status) + (kept or b"")
        self._send(_request_id(message), body)

    async def publish(self) -> None:
        while True:
            due = self._feed.ready and self._feed.due()
            if self._requests and self._subscription and not due and self._silent():
                request_id, handle, acknowledged = self._requests.popleft()
                self._send(request_id, self._keep_alive(handle, acknowledged))
                continue
            if not (self._requests and self._subscription and due):
                self._wake.clear()
                try:
                    async with asyncio.timeout(0.002):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                continue
            if len(self._open) >= self._open_limit:
                self._feed.audit.stalled_s += 0.001
                await asyncio.sleep(0.001)
                if self._requests and time.monotonic() - self._spoke_s > _STALL_S:
                    # acknowledgements travel with requests, and those are all here: give one back
                    request_id, handle, acknowledged = self._requests.popleft()
                    self._send(request_id, self._keep_alive(handle, acknowledged))
                continue
            request_id, handle, acknowledged = self._requests.popleft()
            self._send(request_id, self._publish_response(handle, acknowledged))
            await self._client.drain()

    def _silent(self) -> bool:
        return time.monotonic() - self._spoke_s > _KEEP_ALIVE_S

    def _publish_response(self, handle: int, acknowledged: int) -> bytes:
        self._sequence += 1
        now_100ns = time.time_ns() // 100 + _EPOCH_OFFSET_100NS
        notification = struct.pack("<Iq", self._sequence, now_100ns) + self._feed.message()
        self._open[self._sequence] = notification
        return self._response(handle, acknowledged, notification)

    def _keep_alive(self, handle: int, acknowledged: int) -> bytes:
        """Carries the number of the next message and no data; nothing of it is kept."""
        now_100ns = time.time_ns() // 100 + _EPOCH_OFFSET_100NS
        return self._response(handle, acknowledged, struct.pack("<Iqi", self._sequence + 1, now_100ns, 0))

    def _response(self, handle: int, acknowledged: int, notification: bytes) -> bytes:
        self._spoke_s = time.monotonic()
        available = list(self._open)
        return b"".join(
            (
                _response_header(_PUBLISH_RESPONSE, handle, 0),
                struct.pack("<Ii", self._subscription, len(available)),
                struct.pack(f"<{len(available)}I", *available),
                b"\0",
                notification,
                struct.pack("<i", acknowledged) + bytes(4 * acknowledged),
                struct.pack("<i", -1),
            )
        )

    def _send(self, request_id: int, body: bytes) -> None:
        self._to_client += 1
        head = struct.pack("<3scI", b"MSG", b"F", 24 + len(body)) + self._channel
        self._client.write(head + struct.pack("<II", self._to_client, request_id) + body)


def _response_header(kind: int, handle: int, status: int) -> bytes:
    now_100ns = time.time_ns() // 100 + _EPOCH_OFFSET_100NS
    return struct.pack("<BBH", 1, 0, kind) + struct.pack("<qIIBi", now_100ns, handle, status, 0, -1) + b"\0\0\0"


def _read_publish_request(message: bytes) -> tuple[int, list[int]]:
    """(request handle, sequence numbers acknowledged), read without an object per acknowledgement."""
    data = Buffer(message[28:])
    nodeid_from_binary(data)  # the session's token, of any form
    at = len(message) - len(data)
    (handle,) = struct.unpack_from("<I", message, at + 8)
    (audit,) = struct.unpack_from("<i", message, at + 16)
    at += 20 + max(audit, 0) + 4 + 3
    (count,) = struct.unpack_from("<i", message, at)
    return handle, list(struct.unpack_from(f"<{2 * max(count, 0)}I", message, at + 4)[1::2])


async def _read_message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(8)
    (size,) = struct.unpack_from("<I", head, 4)
    return head + await reader.readexactly(size - 8)


def _sequence_offset(message: bytes) -> int:
    if message[:3] != b"OPN":
        return 16
    offset = 12
    for _ in range(3):  # policy, sender certificate, receiver thumbprint
        (length,) = struct.unpack_from("<i", message, offset)
        offset += 4 + max(length, 0)
    return offset


def _with_sequence(message: bytes, sequence: int) -> bytes:
    offset = _sequence_offset(message)
    return message[:offset] + struct.pack("<I", sequence) + message[offset + 4 :]


def _request_id(message: bytes) -> int:
    return int(struct.unpack_from("<I", message, 20)[0])


def _type_id(message: bytes) -> int:
    if message[24] == 1:  # four-byte node id
        return int(struct.unpack_from("<H", message, 26)[0])
    return int(nodeid_from_binary(Buffer(message[24:])).Identifier)
