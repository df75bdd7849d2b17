"""Writing to InfluxDB: what is new of a group of deliveries, as line protocol."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
from ovoo_contract.line_protocol import LineEncoder
from ovoo_contract.samples import SampleBatch

from ovoo_cloud.stores.base import Delivery, IntArray, WriteOutcome
from ovoo_cloud.stores.collisions import Resolution, Rows
from ovoo_cloud.stores.influx_http import InfluxHttp

__all__ = ["MAX_BODY_ROWS", "Prepared", "prepare", "send"]

MAX_BODY_ROWS: Final = 20_000
_WRITERS: Final = 2  # the server parses one body while it syncs the log of another
_Column = TypeVar("_Column", "array[int]", "array[float]")


@dataclass(slots=True)
class Prepared:
    """One delivery's lines and what its rows became."""

    lines: bytes
    rows: int
    duplicates: int
    shifted: int
    no_room: int


def prepare(delivery: Delivery, encoder: LineEncoder, resolution: Resolution, borders: tuple[int, int]) -> Prepared:
    """The lines of one delivery; `borders` are its first and last + 1 row in the group that was resolved."""
    low, high = borders
    fate = resolution.fate[low:high]
    kept, duplicates, shifted, no_room = (int(number) for number in np.bincount(fate, minlength=4)[:4])
    if kept == len(fate):
        return Prepared(encoder.encode(delivery.batch), kept, 0, 0, 0)
    mine = np.flatnonzero((resolution.source >= low) & (resolution.source < high))
    batch = _chosen(delivery.batch, resolution.rows, mine, resolution.source[mine] - low)
    return Prepared(encoder.encode(batch) if len(batch) else b"", kept + shifted, duplicates, shifted, no_room)


def _chosen(batch: SampleBatch, rows: Rows, mine: IntArray, source: IntArray) -> SampleBatch:
    """The rows that remain, with the delivery's own signal numbers and the times and qualities after shifting."""
    signal = np.frombuffer(batch.signal, np.uint32)[source]
    text = {new: rows.text[old] for new, old in enumerate(mine.tolist()) if old in rows.text} if rows.text else {}
    return SampleBatch(
        _filled(array("I"), signal),
        _filled(array("q"), rows.time_ns[mine]),
        _filled(array("d"), rows.value[mine]),
        _filled(array("I"), rows.quality[mine]),
        text,
    )


def send(http: InfluxHttp, database: str, prepared: Sequence[Prepared]) -> list[WriteOutcome]:
    """Writes in bodies of a bounded size, two at a time; a body taken in part is sent again delivery by delivery.

    Sending again is harmless (the key of a point is series and time) and tells which delivery was refused.
    """
    bodies = list(_bodies(prepared))
    if len(bodies) == 1:
        return _send_body(http, database, bodies[0])
    with ThreadPoolExecutor(_WRITERS, thread_name_prefix="influx-write") as writers:
        written = writers.map(lambda body: _send_body(http, database, body), bodies)
        return [outcome for outcomes in written for outcome in outcomes]


def _bodies(prepared: Sequence[Prepared]) -> Iterator[Sequence[Prepared]]:
    start = 0
    while start < len(prepared):
        end, rows = start, 0
        while end < len(prepared) and (end == start or rows + prepared[end].rows <= MAX_BODY_ROWS):
            rows += prepared[end].rows
            end += 1
        yield prepared[start:end]
        start = end


def _send_body(http: InfluxHttp, database: str, part: Sequence[Prepared]) -> list[WriteOutcome]:
    lines = b"".join(item.lines for item in part)
    rejected = http.write(database, lines) if lines else None
    if rejected is None:
        return [_outcome(item) for item in part]
    if len(part) > 1:
        return [outcome for item in part for outcome in _send_body(http, database, [item])]
    item = part[0]
    dropped = item.rows if rejected.dropped is None else min(rejected.dropped, item.rows)
    return [_outcome(item, dropped, rejected.detail)]


def _outcome(item: Prepared, dropped: int = 0, detail: str = "") -> WriteOutcome:
    return WriteOutcome(
        stored=item.rows - dropped,
        duplicates=item.duplicates,
        shifted=item.shifted,
        refused=item.no_room + dropped,
        detail=detail or ("no free nanosecond within +999" if item.no_room else ""),
    )


def _filled(column: _Column, values: npt.NDArray[np.generic]) -> _Column:
    column.frombytes(np.ascontiguousarray(values).tobytes())
    return column
