"""Columns that grow by items of any layout, for the pure Python decoder."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ovoo_contract.quality import BAD, TIME_FROM_RECEIVE, TIME_FROM_SERVER
from ovoo_contract.samples import SampleBatch

from ovoo_edge.sources.item_layouts import ItemLayout
from ovoo_edge.sources.notification import HandleTable, number_or_text
from ovoo_edge.sources.times import EARLIEST_NS, LATEST_AHEAD_NS
from ovoo_edge.sources.ua_wire import UNIX_EPOCH_TICKS

if TYPE_CHECKING:
    from ovoo_edge.sources._decode_py import Notification

__all__ = ["ItemColumns"]

_INFO_OVERFLOW = 0x480  # info type "data value" with the overflow bit (Part 4, 7.39)
_OUR_BITS = 0x3000_3000  # bits that OPC UA reserves and the contract uses
_EXACT = 2**53
_INT64_KINDS = (8, 9)
_FLOAT_KINDS = (10, 11)


class ItemColumns:
    """Growing columns; `begin` says whose samples come next."""

    def __init__(self, table: HandleTable) -> None:
        self._handles = table
        self._low = EARLIEST_NS // 100 + UNIX_EPOCH_TICKS
        self._clear()

    def __len__(self) -> int:
        return len(self._signal)

    def begin(self, receive_ns: int, note: Notification) -> None:
        """What follows arrived at `receive_ns`; what is odd about it is counted in `note`."""
        self._receive_ns = receive_ns
        self._high = (receive_ns + LATEST_AHEAD_NS) // 100 + UNIX_EPOCH_TICKS
        self._note = note

    def truncate(self, rows: int) -> None:
        """Drops all rows from `rows` on."""
        for column in (
            self._signal, self._time, self._value, self._quality, self._server_delta, self._receive_delta
        ):  # fmt: skip
            del column[rows:]
        for row in [row for row in self._text if row >= rows]:
            del self._text[row]

    def take(self) -> SampleBatch:
        """All rows; none are left."""
        keep = self._handles.keep_times
        batch = SampleBatch(
            self._signal,
            self._time,
            self._value,
            self._quality,
            self._text,
            self._server_delta if keep else None,
            self._receive_delta if keep else None,
        )
        self._clear()
        return batch

    def _clear(self) -> None:
        self._signal = array("I")
        self._time = array("q")
        self._value = array("d")
        self._quality = array("I")
        self._text: dict[int, str] = {}
        self._server_delta = array("i")
        self._receive_delta = array("i")

    def add_run(self, layout: ItemLayout, data: bytes, count: int) -> None:
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

    def add_one(self, layout: ItemLayout, fields: tuple[Any, ...]) -> None:
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
        number, text = number_or_text(kind, value)
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
