"""Packets out of blocks, however the stream is cut, against paho's own decoder and encoder."""

from __future__ import annotations

import importlib
import itertools
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import PayloadError
from ovoo_edge.sources import _mqtt_split_py as twin
from ovoo_edge.sources._mqtt_select import COMPILED, split_block
from ovoo_edge.sources.mqtt_packets import Message, PacketSplitter, puback_block
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

compiled = importlib.import_module("ovoo_edge.sources._mqtt_split") if COMPILED else twin
NOW_NS = 1_790_000_000_000_000_000
PINGRESP = b"\xd0\x00"


def variable(number: int) -> bytes:
    out = bytearray()
    while True:
        number, digit = divmod(number, 128)
        out.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(out)


def properties() -> bytes:
    found: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    found.MessageExpiryInterval = 60
    found.ContentType = "application/json"
    found.UserProperty = ("k" * 150, "值")
    return bytes(found.pack())


def publish(message: Message, modern: bool, extra: bytes = b"\0") -> bytes:
    topic = message.topic.encode()
    body = len(topic).to_bytes(2, "big") + topic
    body += message.mid.to_bytes(2, "big") if message.qos else b""
    body += (extra if modern else b"") + message.payload
    return bytes([0x30 | message.repeated << 3 | message.qos << 1 | message.retained]) + variable(len(body)) + body


@st.composite
def messages(draw: st.DrawFn) -> Message:
    qos = draw(st.integers(0, 1))
    return Message(
        draw(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)),
        draw(st.binary(max_size=300)),
        draw(st.integers(1, 65_535)) if qos else 0,
        qos,
        NOW_NS,
        draw(st.booleans()) if qos else False,
        draw(st.booleans()),
    )


def split(splitter: PacketSplitter, stream: bytes, cuts: list[int]) -> list[Any]:
    found: list[Any] = []
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for start, end in itertools.pairwise(edges):
        if start < end:
            found += splitter.split(stream[start:end], lambda: NOW_NS)
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(messages(), max_size=8), st.booleans(), st.booleans(), st.lists(st.integers(0, 10_000), max_size=12))
def test_any_cut_of_the_stream_gives_the_same_packets(
    sent: list[Message], modern: bool, rich: bool, cuts: list[int]
) -> None:
    extra = properties() if rich else b"\0"
    stream = PINGRESP.join(publish(message, modern, extra) for message in sent)
    splitter = PacketSplitter(modern)

    found = split(splitter, stream, cuts)

    assert [each for each in found if isinstance(each, Message)] == sent
    assert [each for each in found if not isinstance(each, Message)] == [(0xD0, b"")] * max(len(sent) - 1, 0)
    assert splitter.waiting_bytes == 0


def test_one_byte_at_a_time_and_ten_megabytes_at_once() -> None:
    large = Message("煤矿/a", bytes(10_000_000), 7, 1, NOW_NS)
    stream = publish(large, True)
    splitter = PacketSplitter(True)
    found: list[Any] = []
    for start in range(0, len(stream), 65_536):
        found += splitter.split(stream[start : start + 65_536], lambda: NOW_NS)
    assert found == [large]

    small = publish(Message("t", b"x" * 200, 9, 1, NOW_NS), True)
    assert [len(splitter.split(small[at : at + 1], lambda: NOW_NS)) for at in range(len(small))][-2:] == [0, 1]


def test_quality_of_service_2_and_other_packets_are_handed_on_whole() -> None:
    twice = b"\x34\x06\x00\x01t\x00\x05x"
    suback = b"\x90\x03\x00\x01\x01"
    assert PacketSplitter(False).split(twice + suback, lambda: NOW_NS) == [(0x34, twice[2:]), (0x90, suback[2:])]


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"\x30\xff\xff\xff\xff\x01", "length of a packet is malformed"),
        (b"\x32\x03\x00\x09t", "cut off"),
        (b"\x32\x01\x00", "cut off"),
        (b"\x30\x05\x00\x01t\x7f\x00", "properties are cut off"),
        (b"\x30\x03\x00\x01t", "properties are cut off"),
        (b"\x30\x03\x00\x00\x00", "no topic"),
    ],
)
def test_bytes_that_are_not_mqtt_end_the_connection(stream: bytes, reason: str) -> None:
    with pytest.raises(PayloadError, match=reason):
        PacketSplitter(True).split(stream, lambda: NOW_NS)


def test_random_bytes_are_refused_or_packets_but_nothing_else() -> None:
    rng = random.Random("mqtt packets")
    refused = 0
    for _ in range(5000):
        splitter = PacketSplitter(rng.random() < 0.5)
        try:
            for _ in range(3):
                splitter.split(rng.randbytes(rng.randint(1, 40)), lambda: NOW_NS)
        except PayloadError:
            refused += 1
    assert 0 < refused < 5000, "both kinds came"


def outcome(module: Any, block: bytes, modern: bool, topics: dict[bytes, str]) -> Any:
    try:
        return module.split_block(block, modern, topics, lambda: NOW_NS), topics
    except PayloadError as error:
        return str(error)


@pytest.mark.skipif(not COMPILED, reason="there is nothing to compare: the twin is in use")
@settings(max_examples=600, deadline=None)
@given(st.lists(messages(), min_size=1, max_size=5), st.booleans(), st.booleans(), st.randoms(use_true_random=False))
def test_mutated_streams_are_split_as_the_twin_splits_them(
    sent: list[Message], modern: bool, rich: bool, rng: random.Random
) -> None:
    """With topics seen before and without; each stream also cut off at any place, so that every bound is met."""
    extra = properties() if rich else b"\0"
    stream = bytearray(b"".join(publish(message, modern, extra) for message in sent))
    known = {message.topic.encode(): message.topic for message in sent[:2]}
    for _ in range(rng.randrange(3)):
        stream[rng.randrange(len(stream))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, 0x32, rng.randrange(256)])
    for end in (len(stream), *(rng.randrange(len(stream) + 1) for _ in range(4))):
        block = bytes(stream[:end])
        assert outcome(compiled, block, modern, dict(known)) == outcome(twin, block, modern, dict(known))


def test_every_cut_of_a_message_waits_for_the_rest() -> None:
    whole = publish(Message("t", b"x" * 130, 9, 1, NOW_NS), True)
    for length in range(len(whole)):
        packets, position, needed = split_block(whole[:length], True, {b"t": "t"}, lambda: NOW_NS)
        assert (packets, position, needed) == ([], 0, len(whole) if length > 2 else 0)


def test_topic_that_is_not_utf8_is_named_so() -> None:
    (message,) = PacketSplitter(False).split(b"\x30\x05\x00\x02\xff\xfex", lambda: NOW_NS)
    assert isinstance(message, Message)
    assert message.topic == "(not UTF-8)"


def test_acknowledgements_are_one_block_in_order() -> None:
    assert puback_block([1, 258, 65_535]) == b"\x40\x02\x00\x01\x40\x02\x01\x02\x40\x02\xff\xff"
    assert puback_block([]) == b""
