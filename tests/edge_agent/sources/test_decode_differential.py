"""The compiled decoder equals its twin, and both equal asyncua or decline, on random and on damaged notifications."""

from __future__ import annotations

import importlib.util
import os
import random
import struct
from collections.abc import Callable
from typing import Any

import pytest
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ovoo_edge import _select
from ovoo_edge.sources import _decode_py, notification, ua_wire
from ovoo_edge.sources.notification import HandleTable, ServiceFault
from ovoo_edge.sources.ua_api import ua
from ovoo_edge.sources.ua_wire import WireFault, skip_extension_object, skip_node_id

from tests.edge_agent.sources.notification_fuzz import (
    HANDLES,
    RECEIVE_NS,
    TICKS,
    Draw,
    data_change,
    item,
    publish_response,
)
from tests.edge_agent.sources.ua_reference import ANYTHING, ELEMENTS, Reference, Row, read_reference

COMPILED = importlib.util.find_spec("ovoo_edge.sources._decode") is not None
TABLE = HandleTable(list(range(HANDLES)), ELEMENTS, keep_times=True)
FACTS = (
    "subscription_id", "sequence", "available", "more", "ack_results", "is_keep_alive", "status_change", "rows",
    "overflow", "unknown_handles", "time_from_server", "time_from_receive", "null_values",
)  # fmt: skip
needs_compiled = pytest.mark.skipif(not COMPILED, reason="built without the compiled kernels")


def readers() -> list[Any]:
    """One reader of each kind, the twin first."""
    kinds: list[Any] = [_decode_py.NotificationReader(TABLE)]
    if COMPILED:
        from ovoo_edge.sources import _decode

        kinds.append(_decode.NotificationReader(TABLE))
    return kinds


def outcome(reader: Any, body: bytes) -> tuple[Any, ...]:
    """Everything a response led to, values as their bits."""
    before = reader.rows
    try:
        note = reader.feed(body, RECEIVE_NS)
    except WireFault:
        assert reader.rows == before
        return ("declined",)
    except ServiceFault as fault:
        assert reader.rows == before
        return ("fault", fault.status)
    batch = reader.take()
    assert before == 0
    assert note.rows == len(batch)
    columns = (batch.signal, batch.time_ns, batch.quality, batch.server_delta_us, batch.receive_delta_us)
    bits = batch.value.tobytes()
    return ("read", *(getattr(note, name) for name in FACTS), *map(tuple, columns), bits, batch.text)


def compare(found: tuple[Any, ...], reference: Reference, context: object) -> None:
    """Asserts that what was read is what asyncua read."""
    facts = dict(zip(FACTS, found[1:], strict=False))
    for name in ("subscription_id", "sequence", "available", "more", "ack_results", "status_change", "unknown_handles"):
        assert facts[name] == getattr(reference, name), (name, context)
    signals, times, qualities, _server, _receive, bits, texts = found[1 + len(FACTS) :]
    assert len(signals) == len(reference.rows), context
    for at, row in enumerate(reference.rows):
        _compare_row(row, signals[at], times[at], qualities[at], bits[8 * at : 8 * at + 8], texts.get(at), context)


def _compare_row(
    row: Row, signal: int, time_ns: int, quality: int, bits: bytes, text: str | None, context: object
) -> None:
    assert signal == row.signal, context
    value = struct.unpack("<d", bits)[0]
    assert bits == struct.pack("<d", row.value) or (value != value and row.value != row.value), (row, context)
    assert text is not None if row.text is ANYTHING else text == row.text, (row, text, context)
    if row.time_us is None:
        assert quality & ~0x3000 == row.quality, (row, context)
    else:
        assert (time_ns // 1000, quality) == (row.time_us, row.quality), (row, context)


def run(seed: int, count: int, draw: Callable[[Draw], bytes]) -> tuple[int, int]:
    """(read, compared with asyncua) of `count` messages; any disagreement fails."""
    source, kinds = Draw(seed), readers()
    read = compared = 0
    for number in range(count):
        body = draw(source)
        found = [outcome(reader, body) for reader in kinds]
        context = (seed, number, body.hex())
        assert all(other == found[0] for other in found[1:]), (found, context)
        if found[0][0] != "read":
            continue
        read += 1
        reference = read_reference(body)
        if reference is not None and not has_xml_body(body):
            compared += 1
            compare(found[0], reference, context)
    return read, compared


def has_xml_body(body: bytes) -> bool:
    """Known exception of the comparison: asyncua 2.1 takes an ExtensionObject with an XML body for one with none."""
    if b"\x02" not in body:
        return False
    seen: list[int] = []

    def watching(data: bytes, pos: int) -> tuple[int, int, int, int]:
        _, at = skip_node_id(data, pos)
        seen.extend(data[at : at + 1])
        return skip_extension_object(data, pos)

    with pytest.MonkeyPatch.context() as patch:
        for module in (_decode_py, notification, ua_wire):
            patch.setattr(module, "skip_extension_object", watching)
        _decode_py.NotificationReader(TABLE).feed(body, RECEIVE_NS)
    return 2 in seen


def test_the_compiled_decoder_is_the_one_in_use() -> None:
    expected = "_decode" if COMPILED and os.environ.get("OVOO_PURE_PYTHON") != "1" else "_decode_py"

    assert _select.decode_kernels.__name__ == f"ovoo_edge.sources.{expected}"


def test_every_legal_notification_is_read_as_asyncua_reads_it() -> None:
    read, compared = run(20261123, 10_000, Draw.message)

    assert read == 10_000
    assert compared > 9_000


def test_damaged_notifications_are_read_as_asyncua_reads_them_or_declined() -> None:
    read, compared = run(20261124, 10_000, Draw.damaged)

    assert compared > 1_500
    assert read < 9_000


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(10))
def test_a_million_notifications_are_read_as_asyncua_reads_them_or_declined(part: int) -> None:
    read, _ = run(1000 + part, 50_000, Draw.message)
    _, compared = run(2000 + part, 50_000, Draw.damaged)

    assert read == 50_000
    assert compared > 8_000


@needs_compiled
@given(st.binary(max_size=200), st.integers(0, 2**32), st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_bytes_of_any_kind_end_alike_in_decoder_and_twin(junk: bytes, seed: int, data: st.DataObject) -> None:
    body = Draw(seed).message()
    at = data.draw(st.integers(0, len(body)))
    kept = data.draw(st.integers(at, len(body)))
    damaged = body[:at] + junk + body[kept:]

    twin, compiled = (outcome(reader, damaged) for reader in readers())

    assert twin == compiled


def test_responses_gathered_before_one_hand_over_equal_responses_taken_alone() -> None:
    source, rng = Draw(77), random.Random(77)
    for reader, alone in zip(readers(), readers(), strict=True):
        expected: list[Any] = []
        rows = 0
        for _ in range(2000):
            body = source.damaged() if rng.random() < 0.3 else source.message()
            try:
                rows += reader.feed(body, RECEIVE_NS).rows
                alone.feed(body, RECEIVE_NS)
            except (WireFault, ServiceFault):
                continue
            if rng.random() < 0.1:  # a message that turns out to be known already
                rows -= alone.rows
                alone.take()
                reader.undo()
            else:
                expected.append(alone.take())
            assert reader.rows == rows

        together = reader.take()

        assert reader.rows == 0
        assert len(together) == rows > 1000
        assert together.columns_equal(type(together).concat([part for part in expected if len(part)]))
        reader.undo()
        assert reader.rows == 0


def test_asyncua_misreads_picoseconds_and_we_do_not() -> None:
    """Known exception of the comparison: asyncua 2.1 takes ServerTimestamp before SourcePicoseconds."""
    fields = {0x10: struct.pack("<H", 77), 0x08: struct.pack("<q", TICKS)}
    body = publish_response([data_change([item(3, b"\x0b" + struct.pack("<d", 1.5), fields)])])

    theirs = struct_from_binary(ua.PublishResponse, Buffer(body)).Parameters.NotificationMessage.NotificationData[0]

    assert theirs.MonitoredItems[0].Value.ServerTimestamp.year > 6000
    for reader in readers():
        note = reader.feed(body, RECEIVE_NS)
        batch = reader.take()
        assert note.time_from_server == 1
        assert list(batch.time_ns) == [(TICKS - 116_444_736_000_000_000) * 100]
        assert list(batch.server_delta_us or ()) == [0]


def test_asyncua_loses_its_place_after_an_xml_body_and_we_do_not() -> None:
    """Known exception of the comparison: asyncua 2.1 looks for a binary body only and reads on inside the XML."""
    xml = b"\x16" + struct.pack("<BBHBi", 1, 0, 9999, 2, 4) + b"<x/>"
    body = publish_response([data_change([item(3, xml), item(4, struct.pack("<Bd", 11, 2.5))])])

    theirs = read_reference(body)

    assert has_xml_body(body)
    assert theirs is None or [row.signal for row in theirs.rows] != [3, 4]
    for reader in readers():
        reader.feed(body, RECEIVE_NS)
        batch = reader.take()
        assert (list(batch.signal), batch.value[1]) == ([3, 4], 2.5)


@pytest.mark.parametrize("mask_bit", [0x02, 0x04, 0x08, 0x10, 0x20])
@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 19])
def test_a_scalar_cut_anywhere_is_declined(kind: int, mask_bit: int) -> None:
    size = {0x02: 4, 0x04: 8, 0x08: 8, 0x10: 2, 0x20: 2}[mask_bit]
    width = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 8: 8, 9: 8, 11: 8, 13: 8}.get(kind, 4)
    whole = item(3, bytes((kind,)) + b"\x01" * width, {mask_bit: b"\x02" * size})
    for kept in range(len(whole)):
        block = struct.pack("<i", 1) + whole[:kept]
        body = publish_response([struct.pack("<BBHBi", 1, 0, 811, 1, len(block)) + block])
        for reader in readers():
            assert outcome(reader, body) == ("declined",)


def test_every_prefix_of_a_response_is_declined() -> None:
    source = Draw(5)
    for body in (source.message() for _ in range(40)):
        for kept in range(len(body) - 4):  # the last array is not read
            found = [outcome(reader, body[:kept]) for reader in readers()]
            assert all(one == ("declined",) for one in found), (kept, body.hex())
