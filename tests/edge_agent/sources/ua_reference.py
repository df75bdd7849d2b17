"""What the contract says of a notification as asyncua decodes it: the independent reference of the decoders' tests."""

from __future__ import annotations

import dataclasses
import math
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary
from ovoo_contract.quality import BAD, TIME_FROM_RECEIVE, TIME_FROM_SERVER
from ovoo_contract.samples import encode_value
from ovoo_edge.sources.ua_api import ua

from tests.edge_agent.sources.notification_fuzz import HANDLES, RECEIVE_NS

__all__ = ["ANYTHING", "ELEMENTS", "Reference", "Row", "read_reference", "row_of"]

ANYTHING = object()
"""Stands for a text that asyncua holds as an object of its own, or cut to its clock's range."""

ELEMENTS = {handle: handle % 3 for handle in range(0, HANDLES, 2)}
"""Which element of an array counts, by handle."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST_NS = RECEIVE_NS + 86_400 * 10**9
_FIRST = datetime(1601, 1, 1, tzinfo=UTC)
_LAST_YEAR = 9999


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One sample; `time_us` is None where asyncua misreads or cuts off what decides about the time."""

    signal: int
    value: float
    text: object
    time_us: int | None
    quality: int


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """What the decoders must find in a response."""

    subscription_id: int
    sequence: int
    available: tuple[int, ...]
    more: bool
    ack_results: tuple[int, ...]
    status_change: int | None
    unknown_handles: int
    rows: tuple[Row, ...]


class _Strict(Buffer):
    """asyncua's buffer takes a negative length for a step backwards; here it is refused."""

    def read(self, size: int) -> bytes:
        if size < 0:
            raise ValueError("negative length")
        return bytes(super().read(size))

    def copy(self, size: int = -1) -> Any:
        if size < -1:
            raise ValueError("negative length")
        part = super().copy(size)
        return _Strict(part._data, part._cur_pos, part._size)

    def skip(self, size: int) -> None:
        if size < 0:
            raise ValueError("negative length")
        super().skip(size)


def read_reference(body: bytes) -> Reference | None:
    """asyncua's reading of a PublishResponse, None where it refuses the bytes."""
    try:
        response = struct_from_binary(ua.PublishResponse, _Strict(body))
        response.ResponseHeader.ServiceResult.check()
    except Exception:  # asyncua lets anything out of its decoders: that is what is tested around here
        return None
    return _reference_of(response.Parameters)


def _reference_of(result: Any) -> Reference | None:
    rows: list[Row] = []
    unknown = 0
    status_change: int | None = None
    for block in result.NotificationMessage.NotificationData or ():
        if isinstance(block, ua.StatusChangeNotification):
            status_change = block.Status.value
        if isinstance(block, ua.DataChangeNotification):
            for item in block.MonitoredItems or ():
                if item.ClientHandle >= HANDLES:
                    unknown += 1
                else:
                    rows.append(row_of(item))
    return Reference(
        result.SubscriptionId,
        result.NotificationMessage.SequenceNumber,
        tuple(result.AvailableSequenceNumbers or ()),
        bool(result.MoreNotifications),
        tuple(status.value for status in result.Results or ()),
        status_change,
        unknown,
        tuple(rows),
    )


def row_of(item: Any) -> Row:
    """CONTRACT 2 applied to an item as asyncua decoded it."""
    data = item.Value
    status = (data.StatusCode.value if data.StatusCode is not None else 0) & ~0x3000_3000
    time_us, flag = _time_of(data)
    value = _plain(data.Value, ELEMENTS.get(item.ClientHandle, 0)) if data.Value is not None else None
    if value is None:
        return Row(item.ClientHandle, math.nan, None, time_us, (status if status >= BAD else BAD) | flag)
    number, text = (math.nan, ANYTHING) if value is ANYTHING else encode_value(value)
    return Row(item.ClientHandle, number, text, time_us, status | flag)


def _time_of(data: Any) -> tuple[int | None, int]:
    # asyncua reads ServerTimestamp before SourcePicoseconds; Part 6 has them the other way round
    misread = data.SourcePicoseconds is not None and data.ServerTimestamp is not None
    for moment, bits in ((data.SourceTimestamp, 0), (data.ServerTimestamp, TIME_FROM_SERVER)):
        if bits and misread:
            return None, 0
        if moment is None:
            continue
        time_us = (moment - _EPOCH) // timedelta(microseconds=1)
        if time_us in (946_684_799_999_999, _LATEST_NS // 1000):
            return None, 0  # at the very edge the 100 ns decide, which asyncua cuts off
        if moment >= _EARLIEST and time_us * 1000 <= _LATEST_NS:
            return time_us, bits
    return RECEIVE_NS // 1000, TIME_FROM_RECEIVE


def _plain(variant: Any, element: int) -> Any:
    holder = _unwrapped(variant)
    value = holder.Value
    if isinstance(value, list):
        flat = list(_flat(value))
        if holder.Dimensions and len(flat) != math.prod(holder.Dimensions):
            return ANYTHING  # asyncua fills what the dimensions promise and the array does not hold
        value = flat[element] if element < len(flat) else None
        if isinstance(value, ua.Variant | ua.DataValue):
            value = _unwrapped(value).Value
    return ANYTHING if isinstance(value, list) else _simple(value)


def _unwrapped(holder: Any) -> Any:
    """The innermost Variant of variants and data values that hold each other."""
    while isinstance(holder, ua.DataValue) or isinstance(holder.Value, ua.Variant | ua.DataValue):
        inner = holder.Value
        if inner is None:
            return ua.Variant()
        holder = inner
    return holder


def _flat(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _simple(value: Any) -> Any:
    if isinstance(value, ua.DiagnosticInfo):
        return None  # says nothing about the process
    if isinstance(value, ua.LocalizedText):
        value = value.Text
    elif isinstance(value, ua.XmlElement):
        value = value.Value
    elif isinstance(value, ua.QualifiedName):
        value = value.Name
    elif isinstance(value, ua.StatusCode):
        value = value.value
    elif isinstance(value, uuid.UUID):
        return str(value)
    elif isinstance(value, datetime):
        return ANYTHING if value == _FIRST or value.year == _LAST_YEAR else value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value if isinstance(value, bool | int | float | None) else ANYTHING
