"""The journal of held samples: those that were taken from their source and are neither stored nor suppressed yet.

An entry becomes durable in the transaction of its group. It says which samples are held from now on and up to which
time the held ones of a signal are decided. When the agent starts or stops, what is still held becomes ordinary rows.
"""

from __future__ import annotations

import sqlite3
import struct
from array import array
from collections.abc import Iterable

from ovoo_contract.errors import WireError
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import CODEC_ZLIB, BatchHeader, decode_batch, encode_batch

from ovoo_edge.spool_rows import HeldChange

__all__ = ["HeldTable", "pack_change"]

_LENGTH = struct.Struct("<I")
_CREATE = (
    "CREATE TABLE IF NOT EXISTS held (kind INTEGER NOT NULL, number INTEGER NOT NULL, catalogue TEXT NOT NULL, "
    "body BLOB NOT NULL, PRIMARY KEY (kind, number)) WITHOUT ROWID"
)


def pack_change(catalogue_id: str, put: SampleBatch, clear: SampleBatch) -> bytes:
    """The body of an entry; empty when nothing changes.

    Args:
        catalogue_id: of both.
        put: samples that are held from now on.
        clear: held samples of `signal` up to `time_ns` are decided; applies after `put`.
    """
    if not len(put) and not len(clear):
        return b""
    header = BatchHeader(catalogue_id=catalogue_id, epoch=0, seq=0, receive_ns=0)
    first = encode_batch(header, put, CODEC_ZLIB)
    return _LENGTH.pack(len(first)) + first + encode_batch(header, clear, CODEC_ZLIB)


class HeldTable:
    """The table `held`; methods run in the connection's thread, writing ones inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(_CREATE)

    def write(self, changes: Iterable[HeldChange]) -> None:
        """Adds entries and deletes those that they make superfluous."""
        for change in changes:
            if change.forget_below:
                self._connection.execute(
                    "DELETE FROM held WHERE kind = ? AND number < ?", (change.kind, change.forget_below)
                )
            if change.body:
                row = (change.kind, change.number, change.catalogue_id, change.body)
                self._connection.execute("INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?)", row)

    def live(self) -> tuple[list[tuple[str, SampleBatch]], int]:
        """([(catalogue id, held samples, sorted)], number of entries that are unreadable)."""
        found: dict[str, dict[int, list[SampleBatch]]] = {}
        stored = self._connection.execute("SELECT catalogue, body FROM held ORDER BY kind, number").fetchall()
        unreadable = 0
        for catalogue, body in stored:
            try:
                put, clear = _unpack(body)
            except (struct.error, WireError):
                unreadable += 1
                continue
            held = found.setdefault(catalogue, {})
            for signal, part in _by_signal(put):
                held.setdefault(signal, []).append(part)
            for signal, time_ns in zip(clear.signal, clear.time_ns, strict=True):
                held[signal] = [_after(part, time_ns) for part in held.get(signal, [])]
        batches = {
            catalogue: SampleBatch.concat([part for signal in sorted(held) for part in held[signal]]).sorted()
            for catalogue, held in found.items()
        }
        return [(catalogue, batch) for catalogue, batch in batches.items() if len(batch)], unreadable

    def clear(self) -> None:
        """Forgets everything."""
        self._connection.execute("DELETE FROM held")


def _unpack(body: bytes) -> tuple[SampleBatch, SampleBatch]:
    (length,) = _LENGTH.unpack_from(body)
    start = _LENGTH.size
    return decode_batch(body[start : start + length])[1], decode_batch(body[start + length :])[1]


def _by_signal(batch: SampleBatch) -> Iterable[tuple[int, SampleBatch]]:
    start = 0
    for row in range(1, len(batch) + 1):
        if row == len(batch) or batch.signal[row] != batch.signal[start]:
            yield batch.signal[start], batch.take(range(start, row))
            start = row


def _after(batch: SampleBatch, time_ns: int) -> SampleBatch:
    """The rows later than a time; rows are in time order."""
    return batch.take(array("I", [row for row, now in enumerate(batch.time_ns) if now > time_ns]))
