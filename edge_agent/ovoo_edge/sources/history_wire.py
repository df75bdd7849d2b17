"""HistoryRead and Read responses on the wire: their DataValues are decoded by the very decoder of the live path.

A history row must equal the row that the subscription would have brought, to the last bit of value, time and status;
so the bytes of each DataValue are put into a notification message and decoded as one.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.samples import SampleBatch

from ovoo_edge.sources.decode import HandleTable, NotificationReader, WireFault
from ovoo_edge.sources.notification import read_response_header
from ovoo_edge.sources.ua_wire import read_array_length, read_data_value, skip_extension_object

__all__ = ["HistoryPage", "decode_history_response", "decode_read_response", "to_batch"]

_HISTORY_RESPONSE = 667
_READ_RESPONSE = 634
_HISTORY_DATA = 658
_REPUBLISH_RESPONSE = 835
_DATA_CHANGE = 811
_FOUR_BYTE = struct.Struct("<BBH")


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """What one node's part of a HistoryRead response holds.

    Attributes:
        status: OPC UA status code of the operation.
        continuation: asks for the next page, empty when this was the last.
        values: DataValues as they stand on the wire.
    """

    status: int
    continuation: bytes
    values: tuple[bytes, ...]


def decode_history_response(body: bytes) -> list[HistoryPage]:
    """One page per node asked for, in order.

    Raises:
        ServiceFault: the server refused the whole request.
        WireFault: the bytes are malformed.
    """
    pos = read_response_header(body, _HISTORY_RESPONSE)
    pages: list[HistoryPage] = []
    try:
        count, pos = read_array_length(body, pos, 11)
        for _ in range(count):
            page, pos = _read_page(body, pos)
            pages.append(page)
    except (struct.error, IndexError) as error:
        raise WireFault(f"HistoryReadResponse is cut off: {error}") from error
    return pages


def decode_read_response(body: bytes) -> list[bytes]:
    """The DataValues of a ReadResponse as they stand on the wire; raises as `decode_history_response` does."""
    pos = read_response_header(body, _READ_RESPONSE)
    try:
        values, _ = _read_values(body, pos)
    except (struct.error, IndexError) as error:
        raise WireFault(f"ReadResponse is cut off: {error}") from error
    return list(values)


def to_batch(values: Sequence[tuple[int, bytes]], handles: HandleTable, receive_ns: int) -> SampleBatch:
    """Columns of (client handle, DataValue) pairs, as the live path would give them, in their order."""
    items = b"".join(struct.pack("<I", handle) + value for handle, value in values)
    change = struct.pack("<i", len(values)) + items + struct.pack("<i", -1)
    header = _FOUR_BYTE.pack(1, 0, _REPUBLISH_RESPONSE) + bytes(8 + 4 + 4 + 1 + 4 + 3)
    message = struct.pack("<Iqi", 1, 0, 1) + _FOUR_BYTE.pack(1, 0, _DATA_CHANGE) + b"\x01"
    body = header + message + struct.pack("<i", len(change)) + change
    reader = NotificationReader(handles)
    reader.feed_republished(body, receive_ns)
    return reader.take()


def _read_page(body: bytes, pos: int) -> tuple[HistoryPage, int]:
    (status,) = struct.unpack_from("<I", body, pos)
    (length,) = struct.unpack_from("<i", body, pos + 4)
    pos += 8
    continuation = b""
    if length > 0:
        if pos + length > len(body):
            raise WireFault("a continuation point reaches beyond the message")
        continuation = body[pos : pos + length]
        pos += length
    kind, start, end, pos = skip_extension_object(body, pos)
    values: tuple[bytes, ...] = ()
    if kind == _HISTORY_DATA and end > start:
        values, stop = _read_values(body, start)
        if stop > end:
            raise WireFault("history values reach beyond their structure")
    return HistoryPage(status, continuation, values), pos


def _read_values(body: bytes, pos: int) -> tuple[tuple[bytes, ...], int]:
    count, pos = read_array_length(body, pos, 1)
    values: list[bytes] = []
    for _ in range(count):
        _, stop = read_data_value(body, pos)
        values.append(body[pos:stop])
        pos = stop
    return tuple(values), pos
