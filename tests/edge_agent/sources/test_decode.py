"""The column decoder equals asyncua's, value for value, and survives every input."""

from __future__ import annotations

import math
import random
import struct
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary
from ovoo_contract.quality import BAD, TIME_FROM_RECEIVE, TIME_FROM_SERVER
from ovoo_contract.samples import encode_value
from ovoo_edge.sources.decode import (
    HandleTable,
    ServiceFault,
    WireFault,
    decode_notification_message,
    decode_publish_response,
)
from ovoo_edge.sources.ua_api import ua

KINDS = ua.VariantType
RECEIVE_NS = 1_790_000_000_000_000_000
TABLE = HandleTable(list(range(1000)))


def random_variant(rng: random.Random) -> Any:
    makers: list[tuple[Any, Any]] = [
        (KINDS.Boolean, lambda: rng.random() < 0.5),
        (KINDS.SByte, lambda: rng.randint(-128, 127)),
        (KINDS.Byte, lambda: rng.randint(0, 255)),
        (KINDS.Int16, lambda: rng.randint(-(2**15), 2**15 - 1)),
        (KINDS.UInt16, lambda: rng.randint(0, 2**16 - 1)),
        (KINDS.Int32, lambda: rng.randint(-(2**31), 2**31 - 1)),
        (KINDS.UInt32, lambda: rng.randint(0, 2**32 - 1)),
        (KINDS.Int64, lambda: rng.choice([0, 2**53, -(2**53) - 1, rng.randint(-(2**63), 2**63 - 1)])),
        (KINDS.UInt64, lambda: rng.choice([2**53 + 1, rng.randint(0, 2**64 - 1)])),
        (KINDS.Float, lambda: struct.unpack("<f", rng.randbytes(4))[0]),
        (KINDS.Double, lambda: rng.choice([math.nan, math.inf, -math.inf, -0.0, 5e-324, rng.gauss(0, 1e6)])),
        (KINDS.Double, lambda: rng.gauss(0, 1e6)),
        (KINDS.String, lambda: rng.choice([None, "", "0012", "甲烷", "x" * rng.randint(0, 300)])),
        (KINDS.Guid, lambda: uuid.UUID(int=rng.getrandbits(128))),
        (KINDS.ByteString, lambda: rng.choice([None, rng.randbytes(rng.randint(0, 20))])),
        (KINDS.LocalizedText, lambda: ua.LocalizedText(rng.choice([None, "运行"]), rng.choice([None, "zh-CN"]))),
        (KINDS.StatusCode, lambda: ua.StatusCode(rng.getrandbits(32))),
    ]
    kind, make = rng.choice(makers)
    if rng.random() < 0.1:
        return ua.Variant([make() for _ in range(rng.randint(0, 4))], kind, is_array=True)
    return ua.Variant(make(), kind)


def random_item(rng: random.Random, previous: Any) -> Any:
    item = ua.MonitoredItemNotification()
    item.ClientHandle = rng.randrange(1010)
    if previous is not None and rng.random() < 0.6:  # runs of one layout are what servers send
        item.Value = previous.Value
        return item
    moment = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(microseconds=rng.randint(-(10**12), 10**12))
    item.Value = ua.DataValue(
        random_variant(rng) if rng.random() < 0.97 else ua.Variant(),
        StatusCode=ua.StatusCode(rng.choice([0, 0, 0, 0x0480, 0x4090_0000, 0x8031_0000]))
        if rng.random() < 0.9
        else None,
        SourceTimestamp=rng.choice([moment, moment, moment, datetime(1980, 1, 1, tzinfo=UTC), None]),
        ServerTimestamp=rng.choice([moment, None]),
    )
    return item


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


def expected_row(item: Any, element: int = 0) -> tuple[float, str | None, int, int] | None:
    """What CONTRACT 2 says of an item as asyncua decoded it: (value, text, time, quality)."""
    if item.ClientHandle >= 1000:
        return None
    data = item.Value
    status = data.StatusCode.value if data.StatusCode is not None else 0
    value = data.Value.Value if data.Value is not None else None
    if isinstance(value, list):
        value = value[element] if element < len(value) else None
    if isinstance(value, ua.LocalizedText):
        value = value.Text
    if isinstance(value, ua.StatusCode):
        value = value.value
    if isinstance(value, bytes):
        value = value.hex()
    if isinstance(value, uuid.UUID):
        value = str(value)
    time_ns, flag = RECEIVE_NS, TIME_FROM_RECEIVE
    for moment, bits in ((data.SourceTimestamp, 0), (data.ServerTimestamp, TIME_FROM_SERVER)):
        if moment is not None and datetime(2000, 1, 1, tzinfo=UTC) <= moment:
            time_ns, flag = ((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)) * 1000, bits
            break
    if value is None:
        return math.nan, None, time_ns, (status if status >= BAD else BAD) | flag
    number, text = encode_value(value)
    return number, text, time_ns, status | flag


def same(left: float, right: float) -> bool:
    return struct.pack("<d", left) == struct.pack("<d", right) or (math.isnan(left) and math.isnan(right))


def test_decoder_equals_asyncua_on_random_notifications() -> None:
    rng = random.Random(20261123)
    notifications = 20_000
    for number in range(notifications):
        items: list[Any] = []
        for _ in range(rng.choice([1, 1, 2, 5])):
            items.append(random_item(rng, items[-1] if items else None))
        body = struct_to_binary(response_of(items, number + 1))
        reference = struct_from_binary(ua.PublishResponse, Buffer(body))

        note = decode_publish_response(body, TABLE, RECEIVE_NS)

        assert note.sequence == reference.Parameters.NotificationMessage.SequenceNumber
        decoded = reference.Parameters.NotificationMessage.NotificationData[0].MonitoredItems
        expected = [(item.ClientHandle, row) for item in decoded if (row := expected_row(item)) is not None]
        assert len(note.batch) == len(expected)
        assert note.unknown_handles == len(decoded) - len(expected)
        for at, (handle, (value, text, time_ns, quality)) in enumerate(expected):
            context = (number, at, decoded)
            assert note.batch.signal[at] == handle, context
            assert same(note.batch.value[at], value), context
            assert note.batch.text.get(at) == text, context
            assert note.batch.time_ns[at] == time_ns, context
            assert note.batch.quality[at] == quality, context


def test_long_runs_equal_single_items() -> None:
    rng = random.Random(5)
    items = []
    for block in range(6):
        kind = [KINDS.Double, KINDS.Int32, KINDS.Boolean, KINDS.Float, KINDS.UInt64, KINDS.Double][block]
        for _ in range(rng.choice([1, 63, 64, 65, 500])):
            value = {KINDS.Boolean: True}.get(kind, rng.randint(0, 1000))
            item = ua.MonitoredItemNotification()
            item.ClientHandle = rng.randrange(1000)
            item.Value = ua.DataValue(ua.Variant(value, kind), SourceTimestamp=datetime(2026, 9, 1, tzinfo=UTC))
            items.append(item)

    together = decode_publish_response(struct_to_binary(response_of(items)), TABLE, RECEIVE_NS).batch

    for row, item in enumerate(items):
        alone = decode_publish_response(struct_to_binary(response_of([item])), TABLE, RECEIVE_NS).batch
        assert together.take([row]).columns_equal(alone)


def test_picoseconds_stand_before_the_server_time() -> None:
    """asyncua 2.1 reads this layout in the wrong order (year 6916); the bytes are laid out as Part 6 says."""
    source = (RECEIVE_NS // 100) + 116_444_736_000_000_000
    server = source + 50_000_000
    for mask in (0x1F, 0x3F):
        item = struct.pack("<IBBd", 3, mask, 11, 1.25) + struct.pack("<IqH", 0, source, 77) + struct.pack("<q", server)
        item += struct.pack("<H", 88) if mask & 0x20 else b""
        body = wrap([item, item])

        note = decode_publish_response(body, HandleTable(list(range(10)), keep_times=True), RECEIVE_NS)

        assert list(note.batch.time_ns) == [RECEIVE_NS, RECEIVE_NS]
        assert list(note.batch.value) == [1.25, 1.25]
        assert note.batch.server_delta_us is not None
        assert list(note.batch.server_delta_us) == [5_000_000, 5_000_000]


def wrap(items: list[bytes], kind: int = 811) -> bytes:
    """A PublishResponse around raw item bytes."""
    block = struct.pack("<i", len(items)) + b"".join(items) + struct.pack("<i", 0)
    header = (
        bytes((1, 0))
        + struct.pack("<H", 829)
        + struct.pack("<qII", 0, 1, 0)
        + b"\0"
        + struct.pack("<i", -1)
        + b"\0\0\0"
    )
    message = struct.pack("<I", 7) + struct.pack("<i", 0) + b"\0" + struct.pack("<Iqi", 1, 0, 1)
    wrapped = bytes((1, 0)) + struct.pack("<H", kind) + b"\1" + struct.pack("<i", len(block)) + block
    return header + message + wrapped + struct.pack("<ii", 0, 0)


def test_element_of_an_array_is_chosen_and_a_short_array_is_bad() -> None:
    item = ua.MonitoredItemNotification(ClientHandle=1, Value=ua.DataValue(ua.Variant([1.0, 2.0, 3.0], KINDS.Double)))
    short = ua.MonitoredItemNotification(ClientHandle=1, Value=ua.DataValue(ua.Variant([1.0], KINDS.Double)))

    note = decode_publish_response(
        struct_to_binary(response_of([item, short])), HandleTable([0, 1], {1: 2}), RECEIVE_NS
    )

    assert note.batch.value[0] == 3.0
    assert math.isnan(note.batch.value[1])
    assert note.batch.quality[1] & BAD


def test_keep_alive_status_change_results_and_fault_are_told_apart() -> None:
    keep_alive = decode_publish_response(struct_to_binary(response_of([], 9)), TABLE, RECEIVE_NS)
    assert keep_alive.is_keep_alive
    assert keep_alive.sequence == 9

    response = response_of([], 9, results=[ua.StatusCode(0), ua.StatusCode(ua.StatusCodes.BadSequenceNumberUnknown)])
    response.Parameters.NotificationMessage.NotificationData = [
        ua.StatusChangeNotification(Status=ua.StatusCode(ua.StatusCodes.BadTimeout))
    ]
    note = decode_publish_response(struct_to_binary(response), TABLE, RECEIVE_NS)
    assert note.status_change == ua.StatusCodes.BadTimeout
    assert note.ack_results == (0, ua.StatusCodes.BadSequenceNumberUnknown)

    fault = ua.ServiceFault()
    fault.ResponseHeader.ServiceResult = ua.StatusCode(ua.StatusCodes.BadNoSubscription)
    with pytest.raises(ServiceFault) as caught:
        decode_publish_response(struct_to_binary(fault), TABLE, RECEIVE_NS)
    assert caught.value.status == ua.StatusCodes.BadNoSubscription


def test_republished_message_decodes() -> None:
    response = ua.RepublishResponse()
    item = ua.MonitoredItemNotification(ClientHandle=4, Value=ua.DataValue(ua.Variant(4.5, KINDS.Double)))
    response.NotificationMessage.SequenceNumber = 12
    response.NotificationMessage.NotificationData = [ua.DataChangeNotification(MonitoredItems=[item])]

    note = decode_notification_message(struct_to_binary(response), TABLE, RECEIVE_NS)

    assert (note.sequence, list(note.batch.signal), list(note.batch.value)) == (12, [4], [4.5])


def test_damaged_bytes_end_in_a_fault_and_never_in_anything_else() -> None:
    rng = random.Random(3)
    items = [random_item(rng, None) for _ in range(20)]
    whole = struct_to_binary(response_of(items))
    for _ in range(4000):
        body = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        del body[rng.randint(len(body) // 2, len(body)) :]
        try:
            decode_publish_response(bytes(body), TABLE, RECEIVE_NS)
        except (WireFault, ServiceFault):
            continue


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
    ],
    ids=["nulls", "doubles", "strings", "long-string", "nested", "nested-data-value", "nested-diagnostics", "hidden"],
)
def test_hostile_variants_are_refused_at_once(variant: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(WireFault):
        decode_publish_response(wrap([struct.pack("<IB", 1, 1) + variant]), TABLE, RECEIVE_NS)
    assert time.perf_counter() - started < 1.0


def test_decoding_is_fast_enough_for_a_plant() -> None:
    """The promise is 0.5 M values/s on one core; the test allows for a busy machine."""
    ticks = RECEIVE_NS // 100 + 116_444_736_000_000_000
    body = wrap([struct.pack("<IBBdIq", handle, 7, 11, handle * 0.5, 0, ticks + handle) for handle in range(1000)])
    best = min(_seconds(body) for _ in range(20))
    assert 1000 / best > 250_000


def _seconds(body: bytes) -> float:
    started = time.perf_counter()
    decode_publish_response(body, TABLE, RECEIVE_NS)
    return time.perf_counter() - started
