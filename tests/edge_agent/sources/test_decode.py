"""What one response becomes, by the compiled reader and by its twin; `test_decode_differential` has the random ones."""

from __future__ import annotations

import math
import random
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua.ua.ua_binary import struct_to_binary
from ovoo_contract.errors import OvooError
from ovoo_contract.quality import BAD
from ovoo_contract.samples import SampleBatch
from ovoo_edge.sources import _decode_py, decode
from ovoo_edge.sources.decode import HandleTable, Notification, NotificationReader, ServiceFault, WireFault
from ovoo_edge.sources.ua_api import ua

from tests.edge_agent.sources.notification_fuzz import RECEIVE_NS, TICKS, data_change, item, publish_response

KINDS = ua.VariantType
TABLE = HandleTable(list(range(1000)))
ReaderKind = Callable[[HandleTable], NotificationReader]


@pytest.fixture(params=[decode.NotificationReader, _decode_py.NotificationReader], ids=["in-use", "twin"])
def kind(request: pytest.FixtureRequest) -> ReaderKind:
    """The reader in use and the pure Python one."""
    chosen: ReaderKind = request.param
    return chosen


def read(kind: ReaderKind, body: bytes, table: HandleTable = TABLE) -> tuple[Notification, SampleBatch]:
    """What one response gives."""
    reader = kind(table)
    note = reader.feed(body, RECEIVE_NS)
    return note, reader.take()


def response_of(items: list[Any], sequence: int = 1, **extra: Any) -> Any:
    change = ua.DataChangeNotification(MonitoredItems=items)
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = 7
    response.Parameters.AvailableSequenceNumbers = [sequence]
    response.Parameters.MoreNotifications = False
    response.Parameters.NotificationMessage.SequenceNumber = sequence
    response.Parameters.NotificationMessage.NotificationData = [change] if items else []
    response.Parameters.Results = extra.get("results", [])
    return response


def test_long_runs_equal_single_items(kind: ReaderKind) -> None:
    rng = random.Random(5)
    items = []
    for block in range(6):
        variant = [KINDS.Double, KINDS.Int32, KINDS.Boolean, KINDS.Float, KINDS.UInt64, KINDS.Double][block]
        for _ in range(rng.choice([1, 63, 64, 65, 500])):
            value = {KINDS.Boolean: True}.get(variant, rng.randint(0, 1000))
            item = ua.MonitoredItemNotification()
            item.ClientHandle = rng.randrange(1000)
            item.Value = ua.DataValue(ua.Variant(value, variant), SourceTimestamp=datetime(2026, 9, 1, tzinfo=UTC))
            items.append(item)

    _, together = read(kind, struct_to_binary(response_of(items)))

    for row, item in enumerate(items):
        _, alone = read(kind, struct_to_binary(response_of([item])))
        assert together.take([row]).columns_equal(alone)


def test_runs_too_long_for_one_breath_are_read_whole(kind: ReaderKind) -> None:
    """Above some thousand items the compiled reader lets other threads run meanwhile."""
    fields = {0x04: struct.pack("<q", TICKS)}
    items = [item(number % 1000, struct.pack("<Bi", 6, number), fields) for number in range(20_000)]

    note, batch = read(kind, publish_response([data_change(items)]))

    assert note.rows == 20_000
    assert list(batch.value) == list(range(20_000))


def test_element_of_an_array_is_chosen_and_a_short_array_is_bad(kind: ReaderKind) -> None:
    long = ua.MonitoredItemNotification(ClientHandle=1, Value=ua.DataValue(ua.Variant([1.0, 2.0, 3.0], KINDS.Double)))
    short = ua.MonitoredItemNotification(ClientHandle=1, Value=ua.DataValue(ua.Variant([1.0], KINDS.Double)))

    _, batch = read(kind, struct_to_binary(response_of([long, short])), HandleTable([0, 1], {1: 2}))

    assert batch.value[0] == 3.0
    assert math.isnan(batch.value[1])
    assert batch.quality[1] & BAD


def test_keep_alive_status_change_results_and_fault_are_told_apart(kind: ReaderKind) -> None:
    keep_alive, _ = read(kind, struct_to_binary(response_of([], 9)))
    assert keep_alive.is_keep_alive
    assert keep_alive.sequence == 9

    response = response_of([], 9, results=[ua.StatusCode(0), ua.StatusCode(ua.StatusCodes.BadSequenceNumberUnknown)])
    response.Parameters.NotificationMessage.NotificationData = [
        ua.StatusChangeNotification(Status=ua.StatusCode(ua.StatusCodes.BadTimeout))
    ]
    note, _ = read(kind, struct_to_binary(response))
    assert note.status_change == ua.StatusCodes.BadTimeout
    assert note.ack_results == (0, ua.StatusCodes.BadSequenceNumberUnknown)
    assert not note.is_keep_alive

    fault = ua.ServiceFault()
    fault.ResponseHeader.ServiceResult = ua.StatusCode(ua.StatusCodes.BadNoSubscription)
    with pytest.raises(ServiceFault) as caught:
        read(kind, struct_to_binary(fault))
    assert caught.value.status == ua.StatusCodes.BadNoSubscription


def test_republished_message_decodes(kind: ReaderKind) -> None:
    response = ua.RepublishResponse()
    single = ua.MonitoredItemNotification(ClientHandle=4, Value=ua.DataValue(ua.Variant(4.5, KINDS.Double)))
    response.NotificationMessage.SequenceNumber = 12
    response.NotificationMessage.NotificationData = [ua.DataChangeNotification(MonitoredItems=[single])]
    reader = kind(TABLE)

    note = reader.feed_republished(struct_to_binary(response), RECEIVE_NS)
    batch = reader.take()

    assert (note.sequence, list(batch.signal), list(batch.value)) == (12, [4], [4.5])
    with pytest.raises(WireFault, match="message type"):
        reader.feed(struct_to_binary(response), RECEIVE_NS)


def test_a_fault_at_the_end_takes_back_every_row_and_text_of_its_response(kind: ReaderKind) -> None:
    reader = kind(TABLE)
    text = item(1, b"\x0c" + struct.pack("<i", 2) + b"ok")
    good = publish_response([data_change([text])])
    cut_off = publish_response([data_change([text, item(2, b"\x06\1\0\0\0"), b"\3\0\0\0\1\x0b"])])
    reader.feed(good, RECEIVE_NS)

    with pytest.raises(WireFault):
        reader.feed(cut_off, RECEIVE_NS)

    assert reader.rows == 1
    reader.feed(good, RECEIVE_NS)
    assert reader.take().text == {0: "ok", 1: "ok"}


def test_a_table_that_no_column_can_hold_is_refused() -> None:
    with pytest.raises(OvooError, match="catalogue index"):
        HandleTable([0, 2**32])
    with pytest.raises(OvooError, match="array element"):
        HandleTable([0], {0: -1})


@pytest.mark.parametrize(
    "variant",
    [
        bytes((0x80,)) + struct.pack("<i", 10**9),  # array of a billion nothings
        bytes((0x8B,)) + struct.pack("<i", 10**9),  # array of a billion doubles
        bytes((0x8C,)) + struct.pack("<i", 2**31 - 1),
        bytes((0x0C,)) + struct.pack("<i", 10**9),
        bytes((0x18,)) * 200_000,  # a variant in a variant in a variant
        bytes((0x17, 0x01)) * 100_000,
        bytes((0x19,)) + b"\x40" * 100_000,
        bytes((0x98,)) + struct.pack("<i", 1) + bytes((0x80,)) + struct.pack("<i", 10**9),
        bytes((0xCB,)) + struct.pack("<id", 1, 1.0) + struct.pack("<iii", 2, 2**31 - 1, 2**31 - 1),
        bytes((0xCB,)) + struct.pack("<id", 1, 1.0) + struct.pack("<iii", 2, -1, -1),
        bytes((0x4B,)) + struct.pack("<d", 1.0),
    ],
    ids=[
        "nulls", "doubles", "strings", "long-string", "nested", "nested-data-value", "nested-diagnostics", "hidden",
        "crafted-dimensions", "negative-dimensions", "dimensions-of-a-scalar",
    ],
)  # fmt: skip
def test_hostile_variants_are_refused_at_once(kind: ReaderKind, variant: bytes) -> None:
    started = time.process_time()
    with pytest.raises(WireFault):
        read(kind, publish_response([data_change([item(1, variant)])]))
    assert time.process_time() - started < 1.0
