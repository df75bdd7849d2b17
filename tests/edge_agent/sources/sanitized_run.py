"""Runs the notifications of the differential test through a decoder built elsewhere: `sanitized_run.py MODULE COUNT`.

Meant for a build with address and undefined-behaviour sanitizers, which ends the process at the first bad access.
"""

from __future__ import annotations

import importlib.util
import pathlib
import sys
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3]))

from ovoo_edge.sources import _decode_py
from ovoo_edge.sources.notification import HandleTable, ServiceFault
from ovoo_edge.sources.ua_wire import WireFault

from tests.edge_agent.sources.notification_fuzz import HANDLES, RECEIVE_NS, Draw


def main(path: str, count: int) -> int:
    """Messages of both kinds, whole and damaged; every fifth hand-over is delayed, so that columns grow."""
    spec = importlib.util.spec_from_file_location("ovoo_edge.sources._decode", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    elements = {handle: handle % 3 for handle in range(0, HANDLES, 2)}
    table = HandleTable(list(range(HANDLES)), elements, keep_times=True)
    compiled, twin, source = module.NotificationReader(table), _decode_py.NotificationReader(table), Draw(4711)
    read = 0
    for number in range(count):
        body = source.damaged() if number % 3 else source.message()
        # a copy of its own, so that reading one byte too many leaves the allocation
        found = [_feed(reader, bytes(bytearray(body))) for reader in (compiled, twin)]
        assert found[0] == found[1], body.hex()
        read += found[0] is not None
        if number % 5 == 0:
            assert compiled.take().columns_equal(twin.take()), body.hex()
    print(f"read {read} of {count}")
    return 0


def _feed(reader: Any, body: bytes) -> tuple[int, ...] | None:
    try:
        note = reader.feed(body, RECEIVE_NS)
    except (WireFault, ServiceFault):
        return None
    return (note.sequence, note.rows, *note.available, *note.ack_results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
