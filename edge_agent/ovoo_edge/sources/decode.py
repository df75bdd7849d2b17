"""PublishResponse bytes to sample columns, without an object per value.

A DataChangeNotification is a run of items that mostly share one layout (value type and which fields are present).
Runs are found by comparing strided slices and unpacked by one `struct` call into columns; an item of any other
shape is read by `ua_wire`. Nothing here imports an OPC UA library.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ovoo_contract.quality import BAD, TIME_FROM_RECEIVE, TIME_FROM_SERVER
from ovoo_contract.samples import SampleBatch, encode_value

from ovoo_edge.sources.times import EARLIEST_NS, LATEST_AHEAD_NS
from ovoo_edge.sources.ua_wire import (
    FIXED_TYPES,
    UNIX_EPOCH_TICKS,
    WireFault,
    read_array_length,
    read_data_value,
    read_string,
    skip_diagnostic_info,
    skip_extension_object,
    skip_node_id,
)

__all__ = [
    "HandleTable",
    "Notification",
    "ServiceFault",
    "WireFault",
    "decode_notification_message",
    "decode_publish_response",
]

_PUBLISH_RESPONSE = 829
_SERVICE_FAULT = 397
_DATA_CHANGE = 811
_STATUS_CHANGE = 820
_INFO_OVERFLOW = 0x480  # info type "data value" with the overflow bit (Part 4, 7.39)
_OUR_BITS = 0x3000_3000  # bits that OPC UA reserves and the contract uses
_EXACT = 2**53
_FIRST_RUN = 64
_INT64_KINDS = (8, 9)
_FLOAT_KINDS = (10, 11)
_DATE_TIME = 13
_MESSAGE = struct.Struct("<Iqi")


class ServiceFault(Exception):
    """The server refused a request; `status` is its OPC UA status code."""

    def __init__(self, status: int) -> None:
        super().__init__(f"service fault 0x{status:08X}")
        self.status = status


@dataclass(frozen=True, slots=True)
class HandleTable:
    """What client handles mean: handle -> catalogue index (-1: not ours), and which element of an array counts."""

    signals: Sequence[int]
    elements: Mapping[int, int] = field(default_factory=dict)
    keep_times: bool = False


@dataclass(slots=True)
class Notification:
    """One decoded response: its delivery facts, its columns and what was odd about it."""

    subscription_id: int = 0
    sequence: int = 0
    available: tuple[int, ...] = ()
    more: bool = False
    ack_results: tuple[int, ...] = ()
    is_keep_alive: bool = True
    status_change: int | None = None
    batch: SampleBatch = field(default_factory=SampleBatch.empty)
    overflow: int = 0
    unknown_handles: int = 0
    time_from_server: int = 0
    time_from_receive: int = 0
    null_values: int = 0


def decode_publish_response(body: bytes, handles: HandleTable, receive_ns: int) -> Notification:
    """Columns of one PublishResponse body (type id onwards).

    Args:
        body: the reassembled, decrypted message body.
        handles: meaning of the client handles.
        receive_ns: UTC time of arrival, used where no usable time came along.

    Raises:
        ServiceFault: the server answered with a fault instead.
        WireFault: the bytes are malformed; nothing of them was used.
    """
    kind, pos = skip_node_id(body, 0)
    status, pos = _read_response_header(body, pos)
    if kind == _SERVICE_FAULT or status & 0x8000_0000:
        raise ServiceFault(status)
    if kind != _PUBLISH_RESPONSE:
        raise WireFault(f"message type {kind} where a PublishResponse was due")
    note = Notification()
    try:
        (note.subscription_id,) = struct.unpack_from("<I", body, pos)
        count, pos = read_array_length(body, pos + 4, 4)
        note.available = struct.unpack_from(f"<{count}I", body, pos)
        pos += 4 * count
        note.more = body[pos] != 0
        pos = _read_message(body, pos + 1, handles, receive_ns, note)
        count, pos = read_array_length(body, pos, 4)
        note.ack_results = struct.unpack_from(f"<{count}I", body, pos)
    except (struct.error, IndexError) as error:
        raise WireFault(f"PublishResponse is cut off: {error}") from error
    return note


def decode_notification_message(body: bytes, handles: HandleTable, receive_ns: int) -> Notification:
    """Columns of one RepublishResponse body; raises as `decode_publish_response` does."""
    kind, pos = skip_node_id(body, 0)
    status, pos = _read_response_header(body, pos)
    if kind == _SERVICE_FAULT or status & 0x8000_0000:
        raise ServiceFault(status)
    note = Notification()
    try:
        _read_message(body, pos, handles, receive_ns, note)
    except (struct.error, IndexError) as error:
        raise WireFault(f"RepublishResponse is cut off: {error}") from error
    return note


def _read_response_header(body: bytes, pos: int) -> tuple[int, int]:
    if pos + 16 > len(body):
        raise WireFault("response header is cut off")
    (status,) = struct.unpack_from("<I", body, pos + 12)
    pos = skip_diagnostic_info(body, pos + 16)
    count, pos = read_array_length(body, pos, 4)
    for _ in range(count):
        _, pos = read_string(body, pos)
    _, _, _, pos = skip_extension_object(body, pos)
    return status, pos


def _read_message(body: bytes, pos: int, handles: HandleTable, receive_ns: int, note: Notification) -> int:
    note.sequence, _publish_ticks, blocks = _MESSAGE.unpack_from(body, pos)
    pos += _MESSAGE.size
    builder = _Builder(handles, receive_ns, note)
    for _ in range(max(blocks, 0)):
        kind, start, end, pos = skip_extension_object(body, pos)
        note.is_keep_alive = False
        if kind == _DATA_CHANGE:
            _read_data_changes(body, start, end, builder)
        elif kind == _STATUS_CHANGE:
            (note.status_change,) = struct.unpack_from("<I", body, start)
    note.batch = builder.finish()
    return pos


def _read_data_changes(body: bytes, start: int, end: int, builder: _Builder) -> None:
    count, pos = read_array_length(body, start, 5)
    window = _FIRST_RUN
    while count:
        layout = _LAYOUTS.get(body[pos + 4 : pos + 6])
        if layout is None or pos + layout.size > end:
            (handle,) = struct.unpack_from("<I", body, pos)
            value, pos = read_data_value(body, pos + 4)
            if pos > end:
                raise WireFault("an item reaches beyond its notification")
            builder.add(handle, *value)
            count -= 1
            continue
        stop = pos + layout.size
        if count == 1 or body[stop + 4 : stop + 6] != layout.mark:
            builder.add_one(layout, layout.form.unpack_from(body, pos))
            pos = stop
            count -= 1
            continue
        run = _run_length(body, pos, end, layout, min(count, window))
        stop = pos + run * layout.size
        builder.add_run(layout, body[pos:stop], run)
        pos = stop
        count -= run
        window = window * 4 if run == window else _FIRST_RUN


@dataclass(frozen=True, slots=True)
class _Layout:
    """Byte layout of one item: client handle, DataValue mask, variant byte, fixed-size fields."""

    kind: int
    size: int
    form: struct.Struct
    mark: bytes
    status: int
    source: int
    server: int


def _make_layout(mask: int, kind: int) -> _Layout | None:
    if not mask & 0x01 or kind not in FIXED_TYPES or kind == _DATE_TIME:
        return None
    code = "IBB" + FIXED_TYPES[kind]
    column = 4
    columns = {"status": 0, "source": 0, "server": 0}
    for bit, name, part in ((2, "status", "I"), (4, "source", "q"), (16, "", "H"), (8, "server", "q"), (32, "", "H")):
        if mask & bit:
            if name:
                columns[name] = column
            code += part
            column += 1
    form = struct.Struct("<" + code)
    return _Layout(kind, form.size, form, bytes((mask, kind)), columns["status"], columns["source"], columns["server"])


_LAYOUTS: dict[bytes, _Layout] = {
    layout.mark: layout
    for mask in range(64)
    for kind in FIXED_TYPES
    if (layout := _make_layout(mask, kind)) is not None
}


def _run_length(body: bytes, pos: int, end: int, layout: _Layout, most: int) -> int:
    """How many of the next `most` items have this layout and lie wholly inside the notification."""
    size = layout.size
    most = min(most, (end - pos) // size)
    if most <= 1:
        return most
    stop = pos + most * size
    masks = body[pos + 4 : stop : size]
    kinds = body[pos + 5 : stop : size]
    mask, kind = layout.mark[:1], layout.mark[1:]
    if masks.count(mask) == most and kinds.count(kind) == most:
        return most
    same_mask = most - len(masks.lstrip(mask))
    same_kind = most - len(kinds.lstrip(kind))
    return min(same_mask, same_kind)


class _Builder:
    """Grows the columns of one notification."""

    def __init__(self, handles: HandleTable, receive_ns: int, note: Notification) -> None:
        self._handles = handles
        self._receive_ns = receive_ns
        self._note = note
        self._signal = array("I")
        self._time = array("q")
        self._value = array("d")
        self._quality = array("I")
        self._text: dict[int, str] = {}
        self._server_delta = array("i")
        self._receive_delta = array("i")
        limits = (EARLIEST_NS, receive_ns + LATEST_AHEAD_NS)
        self._low = limits[0] // 100 + UNIX_EPOCH_TICKS
        self._high = limits[1] // 100 + UNIX_EPOCH_TICKS

    def add_run(self, layout: _Layout, data: bytes, count: int) -> None:
        """Appends `count` items of one layout."""
        columns = list(zip(*layout.form.iter_unpack(data), strict=True))
        signals = self._signals(columns[0])
        values = columns[3]
        statuses = columns[layout.status] if layout.status else None
        source = columns[layout.source] if layout.source else None
        server = columns[layout.server] if layout.server else None
        plain = signals is not None and _is_plain(layout.kind, values)
        plain = plain and source is not None and self._low <= min(source) and max(source) <= self._high
        if not plain or signals is None or source is None:
            self._add_each(columns[0], layout.kind, values, statuses, source, server)
            return
        self._signal.extend(signals)
        self._time.extend([(ticks - UNIX_EPOCH_TICKS) * 100 for ticks in source])
        self._value.extend(values)
        self._add_statuses(statuses, count)
        if self._handles.keep_times:
            self._add_deltas(source, server)

    def add_one(self, layout: _Layout, fields: tuple[Any, ...]) -> None:
        """Appends one item of a fixed layout."""
        handle, value = fields[0], fields[3]
        status = fields[layout.status] if layout.status else 0
        source = fields[layout.source] if layout.source else 0
        signals = self._handles.signals
        plain = (
            status == 0 and handle < len(signals) and self._low <= source <= self._high and not self._handles.keep_times
        )
        if layout.kind in _FLOAT_KINDS:
            plain = plain and value - value == 0.0
        elif layout.kind in _INT64_KINDS:
            plain = plain and -_EXACT <= value <= _EXACT
        if not plain or signals[handle] < 0:
            self.add(handle, (layout.kind, value), status, source, fields[layout.server] if layout.server else 0)
            return
        self._signal.append(signals[handle])
        self._time.append((source - UNIX_EPOCH_TICKS) * 100)
        self._value.append(value)
        self._quality.append(0)

    def add(self, handle: int, variant: tuple[int, Any], status: int, source: int, server: int) -> None:
        """Appends one item of any shape."""
        signal = self._handles.signals[handle] if 0 <= handle < len(self._handles.signals) else -1
        if signal < 0:
            self._note.unknown_handles += 1
            return
        value, text, quality = self._encode(handle, variant, status)
        time_ns, flag = self._pick_time(source, server)
        if text is not None:
            self._text[len(self._signal)] = text
        self._signal.append(signal)
        self._time.append(time_ns)
        self._value.append(value)
        self._quality.append(quality | flag)
        if self._handles.keep_times:
            server_ns = (server - UNIX_EPOCH_TICKS) * 100 if server else time_ns
            self._server_delta.append(_delta_us(server_ns - time_ns))
            self._receive_delta.append(_delta_us(self._receive_ns - time_ns))

    def finish(self) -> SampleBatch:
        """The columns as a batch."""
        keep = self._handles.keep_times
        return SampleBatch(
            self._signal,
            self._time,
            self._value,
            self._quality,
            self._text,
            self._server_delta if keep else None,
            self._receive_delta if keep else None,
        )

    def _signals(self, handles: Sequence[int]) -> list[int] | None:
        table = self._handles.signals
        try:
            signals = [table[handle] for handle in handles]
        except IndexError:
            return None
        return None if min(signals) < 0 else signals

    def _add_each(
        self,
        handles: Sequence[int],
        kind: int,
        values: Sequence[Any],
        statuses: Sequence[int] | None,
        source: Sequence[int] | None,
        server: Sequence[int] | None,
    ) -> None:
        zeros: Iterable[int] = (0,) * len(handles)
        rows = zip(handles, values, statuses or zeros, source or zeros, server or zeros, strict=True)
        for handle, value, status, source_ticks, server_ticks in rows:
            self.add(handle, (kind, value), status, source_ticks, server_ticks)

    def _add_statuses(self, statuses: Sequence[int] | None, count: int) -> None:
        if statuses is None:
            self._quality.frombytes(bytes(4 * count))
            return
        if any(statuses):
            self._note.overflow += sum(status & _INFO_OVERFLOW == _INFO_OVERFLOW for status in statuses)
            statuses = [status & ~_OUR_BITS for status in statuses]
        self._quality.extend(statuses)

    def _add_deltas(self, source: Sequence[int], server: Sequence[int] | None) -> None:
        self._server_delta.extend(
            [_delta_us((b - a) * 100) if b else 0 for a, b in zip(source, server or (0,) * len(source), strict=True)]
        )
        receive_ticks = self._receive_ns // 100 + UNIX_EPOCH_TICKS
        self._receive_delta.extend([_delta_us((receive_ticks - ticks) * 100) for ticks in source])

    def _encode(self, handle: int, variant: tuple[int, Any], status: int) -> tuple[float, str | None, int]:
        kind, value = variant
        quality = status & ~_OUR_BITS
        if status & _INFO_OVERFLOW == _INFO_OVERFLOW:
            self._note.overflow += 1
        if isinstance(value, list):
            element = self._handles.elements.get(handle, 0)
            value = value[element] if element < len(value) else None
        if value is None:
            self._note.null_values += 1
            # a null that claims to be good says nothing: not known is not good
            return float("nan"), None, quality if quality >= BAD else BAD
        if kind == _DATE_TIME:
            value = _iso_from_ticks(value)
        number, text = encode_value(value)
        return number, text, quality

    def _pick_time(self, source: int, server: int) -> tuple[int, int]:
        if self._low <= source <= self._high:
            return (source - UNIX_EPOCH_TICKS) * 100, 0
        if self._low <= server <= self._high:
            self._note.time_from_server += 1
            return (server - UNIX_EPOCH_TICKS) * 100, TIME_FROM_SERVER
        self._note.time_from_receive += 1
        return self._receive_ns, TIME_FROM_RECEIVE


def _is_plain(kind: int, values: Sequence[Any]) -> bool:
    """True when every value is exactly a finite double."""
    if kind in _FLOAT_KINDS:
        total = sum(values)
        return bool(total - total == 0.0)
    if kind in _INT64_KINDS:
        return bool(min(values) >= -_EXACT and max(values) <= _EXACT)
    return True


def _delta_us(delta_ns: int) -> int:
    return max(-(2**31), min(2**31 - 1, delta_ns // 1000))


def _iso_from_ticks(ticks: int) -> str:
    try:
        moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return str(ticks)
    return moment.isoformat()
