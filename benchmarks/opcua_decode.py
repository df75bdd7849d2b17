"""Publish responses to columns on one core: the compiled decoder, its twin, and asyncua in the same run.

The responses are captured on the wire from a real asyncua server behind a forwarding proxy that reads and changes
nothing: one subscription whose messages hold 1,000 Doubles, one whose messages hold one. Decoding is timed by processor
time; before that, what the decoders found is compared with what asyncua found, row by row.
"""

from __future__ import annotations

import asyncio
import pathlib
import statistics
import struct
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary
from ovoo_edge._select import COMPILED
from ovoo_edge.sources import _decode_py, decode
from ovoo_edge.sources.notification import HandleTable
from ovoo_edge.sources.ua_api import ua

from benchmarks import frame
from benchmarks.capture import capture_responses

_SOURCES = "edge_agent/ovoo_edge/sources/"
MEASURES = (
    "benchmarks/capture.py",
    "contract/ovoo_contract/samples.py",
    *(_SOURCES + name for name in ("_decode.pyx", "_decode_py.py", "item_columns.py", "item_layouts.py")),
    *(_SOURCES + name for name in ("notification.py", "ua_wire.py")),
)
ITEMS = 1000
FLOOR, FLOOR_SINGLE = 50e6, 1e6
_HAND_OVER = 32_000  # rows taken at once, about what 50 ms bring at 0.6 M values/s


def main() -> int:
    """Runs the benchmark."""
    return frame.run("opcua_decode", _body, description=__doc__ or "", measures=MEASURES)


def _body(options: frame.Options, result: frame.Result) -> int:
    if not COMPILED:
        raise SystemExit("the compiled kernels are missing: run make setup")
    capture = asyncio.run(capture_responses(ITEMS, 6))
    table = HandleTable(list(range(max(capture.handles) + 1)))
    _check(capture.large + capture.single, table)
    repeats = 1 if options.quick else 7
    large = _rates(decode.NotificationReader, capture.large, ITEMS, table, repeats, 3_000_000)
    single = _rates(decode.NotificationReader, capture.single, 1, table, repeats, 200_000)
    twin = _rates(_decode_py.NotificationReader, capture.large, ITEMS, table, repeats, 300_000)
    result.add_repeats("compiled", large, "values/s")
    result.add_repeats("compiled_single_item", single, "values/s")
    result.add_repeats("twin", twin, "values/s")
    if options.peers:
        theirs = [_asyncua_rate(capture.large, ITEMS) for _ in range(repeats)]
        result.add_repeats("asyncua", theirs, "values/s")
        result.add("ratio", statistics.median(large) / statistics.median(theirs), "x")
    result.notes.append(
        f"{len(capture.large)} responses of {ITEMS} Doubles and {len(capture.single)} of one, captured from an asyncua "
        f"server, SHA-256 {capture.digest()}; {len(capture.large[0]) / ITEMS:.1f} bytes a value"
    )
    met = statistics.median(large) >= FLOOR and statistics.median(single) >= FLOOR_SINGLE
    result.notes.append(f"floors {FLOOR:g} and {FLOOR_SINGLE:g} values/s: {'met' if met else 'missed'}")
    return 0


def _rates(
    kind: Callable[[HandleTable], Any],
    bodies: Sequence[bytes],
    items: int,
    table: HandleTable,
    repeats: int,
    values: int,
) -> list[float]:
    """Values a second of processor time, the best of three runs per repeat, hand-over of the columns included."""
    reader = kind(table)
    receive_ns = time.time_ns()
    rounds = max(1, values // (items * len(bodies)))
    every = max(1, _HAND_OVER // (items * len(bodies)))
    return [max(_rate(reader, bodies, items, receive_ns, rounds, every) for _ in range(3)) for _ in range(repeats)]


def _rate(reader: Any, bodies: Sequence[bytes], items: int, receive_ns: int, rounds: int, every: int) -> float:
    rows = 0
    feed = reader.feed
    began = time.process_time()
    for number in range(rounds):
        for body in bodies:
            feed(body, receive_ns)
        if number % every == 0:
            rows += len(reader.take())
    rows += len(reader.take())
    seconds = time.process_time() - began
    if rows != rounds * len(bodies) * items:
        raise SystemExit(f"{rows} rows where {rounds * len(bodies) * items} were due")
    return rows / seconds


def _asyncua_rate(bodies: Sequence[bytes], items: int) -> float:
    began = time.process_time()
    for body in bodies:
        struct_from_binary(ua.PublishResponse, Buffer(body))
    return items * len(bodies) / (time.process_time() - began)


def _check(bodies: Sequence[bytes], table: HandleTable) -> None:
    """Both decoders find what asyncua finds: handle, value, status and source time to asyncua's microsecond."""
    receive_ns = time.time_ns()
    epoch = ua.get_win_epoch()
    for body in bodies:
        blocks = struct_from_binary(ua.PublishResponse, Buffer(body)).Parameters.NotificationMessage.NotificationData
        expected = [
            (
                item.ClientHandle,
                struct.pack("<d", item.Value.Value.Value),
                item.Value.StatusCode.value if item.Value.StatusCode else 0,
                int((item.Value.SourceTimestamp - epoch).total_seconds()),
            )
            for block in blocks
            for item in block.MonitoredItems
        ]
        for kind in (decode.NotificationReader, _decode_py.NotificationReader):
            reader = kind(table)
            reader.feed(body, receive_ns)
            batch = reader.take()
            found = [
                (signal, struct.pack("<d", value), quality, time_ns // 10**9 + 11_644_473_600)
                for signal, value, quality, time_ns in zip(
                    batch.signal, batch.value, batch.quality, batch.time_ns, strict=True
                )
            ]
            if found != expected:
                raise SystemExit("decoder and asyncua disagree on a captured response")


if __name__ == "__main__":
    sys.exit(main())
