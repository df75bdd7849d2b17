"""Publish responses to growing columns, without an object per value. The pure Python twin of `_decode`.

A DataChangeNotification is a run of items that mostly share one layout (value type and which fields are present).
Runs are found by comparing strided slices and unpacked by one `struct` call into columns; an item of any other
shape is read by `ua_wire`. Nothing here imports an OPC UA library.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ovoo_contract.samples import SampleBatch

from ovoo_edge.sources.item_columns import ItemColumns
from ovoo_edge.sources.item_layouts import LAYOUTS, run_length
from ovoo_edge.sources.notification import PUBLISH_RESPONSE, REPUBLISH_RESPONSE, HandleTable, read_response_header
from ovoo_edge.sources.ua_wire import WireFault, read_array_length, read_data_value, skip_extension_object

__all__ = ["Notification", "NotificationReader"]

_DATA_CHANGE = 811
_STATUS_CHANGE = 820
_FIRST_RUN = 64
_MESSAGE = struct.Struct("<Iqi")


@dataclass(slots=True)
class Notification:
    """What one response said beside its samples.

    Attributes:
        subscription_id: the server's id; 0 in a RepublishResponse, which carries none.
        sequence: number of the message; of a keep-alive, the number that the next message will have.
        available: numbers that the server holds for republishing.
        more: more notifications wait at the server.
        ack_results: status of each acknowledgement that the request carried.
        is_keep_alive: no notification inside.
        status_change: why the subscription ended, None where it did not.
        rows: samples appended.
        overflow: samples whose status says that the server's queue dropped others.
        unknown_handles: items of signals that are not ours, left out.
        time_from_server, time_from_receive: samples without a usable source time.
        null_values: samples without a value.
    """

    subscription_id: int = 0
    sequence: int = 0
    available: tuple[int, ...] = ()
    more: bool = False
    ack_results: tuple[int, ...] = ()
    is_keep_alive: bool = True
    status_change: int | None = None
    rows: int = 0
    overflow: int = 0
    unknown_handles: int = 0
    time_from_server: int = 0
    time_from_receive: int = 0
    null_values: int = 0


class NotificationReader:
    """Appends the samples of many responses to one set of columns, until they are taken.

    Args:
        table: meaning of the client handles.
    """

    def __init__(self, table: HandleTable) -> None:
        self._columns = ItemColumns(table)
        self._fed = 0

    @property
    def rows(self) -> int:
        """Samples gathered and not taken yet."""
        return len(self._columns)

    def feed(self, body: bytes, receive_ns: int) -> Notification:
        """Appends the samples of one PublishResponse body (type id onwards).

        Args:
            body: the reassembled, decrypted message body.
            receive_ns: UTC time of arrival, used where no usable time came along.

        Raises:
            ServiceFault: the server answered with a fault instead.
            WireFault: the bytes are malformed; nothing of them was used.
        """
        self._fed = self.rows
        pos = read_response_header(body, PUBLISH_RESPONSE)
        note = Notification()
        try:
            self._read_publish(body, pos, receive_ns, note)
        except (WireFault, struct.error, IndexError) as error:
            self.undo()
            raise WireFault(f"PublishResponse is malformed: {error}") from error
        return note

    def feed_republished(self, body: bytes, receive_ns: int) -> Notification:
        """Appends the samples of one RepublishResponse body; raises as `feed` does."""
        self._fed = self.rows
        pos = read_response_header(body, REPUBLISH_RESPONSE)
        note = Notification()
        try:
            self._read_message(body, pos, receive_ns, note)
        except (WireFault, struct.error, IndexError) as error:
            self.undo()
            raise WireFault(f"RepublishResponse is malformed: {error}") from error
        return note

    def undo(self) -> None:
        """Drops the samples of the response fed last, if they were not taken yet."""
        self._columns.truncate(self._fed)

    def take(self) -> SampleBatch:
        """The samples gathered, in the order they came; the reader starts again with none."""
        self._fed = 0
        return self._columns.take()

    def _read_publish(self, body: bytes, pos: int, receive_ns: int, note: Notification) -> None:
        (note.subscription_id,) = struct.unpack_from("<I", body, pos)
        count, pos = read_array_length(body, pos + 4, 4)
        note.available = struct.unpack_from(f"<{count}I", body, pos)
        pos += 4 * count
        note.more = body[pos] != 0
        pos = self._read_message(body, pos + 1, receive_ns, note)
        count, pos = read_array_length(body, pos, 4)
        note.ack_results = struct.unpack_from(f"<{count}I", body, pos)

    def _read_message(self, body: bytes, pos: int, receive_ns: int, note: Notification) -> int:
        note.sequence, _publish_ticks, blocks = _MESSAGE.unpack_from(body, pos)
        pos += _MESSAGE.size
        self._columns.begin(receive_ns, note)
        for _ in range(max(blocks, 0)):
            kind, start, end, pos = skip_extension_object(body, pos)
            note.is_keep_alive = False
            if kind == _DATA_CHANGE:
                _read_data_changes(body, start, end, self._columns)
            elif kind == _STATUS_CHANGE:
                if end - start < 4:
                    raise WireFault("status change is cut off")
                (note.status_change,) = struct.unpack_from("<I", body, start)
        note.rows = self.rows - self._fed
        return pos


def _read_data_changes(body: bytes, start: int, end: int, columns: ItemColumns) -> None:
    if end - start < 4:
        raise WireFault("data change is cut off")
    count, pos = read_array_length(body, start, 5)
    window = _FIRST_RUN
    while count:
        layout = LAYOUTS.get(body[pos + 4 : pos + 6])
        if layout is None or pos + layout.size > end:
            (handle,) = struct.unpack_from("<I", body, pos)
            value, pos = read_data_value(body, pos + 4)
            if pos > end:
                raise WireFault("an item reaches beyond its notification")
            columns.add(handle, *value)
            count -= 1
            continue
        stop = pos + layout.size
        if count == 1 or body[stop + 4 : stop + 6] != layout.mark:
            columns.add_one(layout, layout.form.unpack_from(body, pos))
            pos = stop
            count -= 1
            continue
        run = run_length(body, pos, end, layout, min(count, window))
        stop = pos + run * layout.size
        columns.add_run(layout, body[pos:stop], run)
        pos = stop
        count -= run
        window = window * 4 if run == window else _FIRST_RUN
