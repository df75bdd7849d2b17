"""MQTT packets out of one block of bytes: the general way, and the twin of the compiled one.

The compiled one takes over messages on topics that were seen before and leaves the rest to this one: what is refused,
and in which words, stands only here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ovoo_contract.errors import PayloadError

__all__ = ["Message", "Packet", "read_length", "read_message", "split_block"]

_PUBLISH = 0x30
_LENGTH_BYTES = 4
_MOST_TOPICS = 20_000


class Message(NamedTuple):
    """A message and the id to acknowledge it by (0 with QoS 0); `repeated` and `retained` are the broker's flags."""

    topic: str
    payload: bytes
    mid: int
    qos: int
    receive_ns: int
    repeated: bool = False
    retained: bool = False


Packet = tuple[int, bytes]
"""First byte and body of a packet that is not ours to read."""


def split_block(
    block: bytes, modern: bool, topics: dict[bytes, str], wall_ns: Callable[[], int]
) -> tuple[list[Message | Packet], int, int]:
    """(packets, where the first incomplete one starts, how long that one is: 0 while its head is incomplete).

    Args:
        block: starts with a packet.
        modern: MQTT 5, whose PUBLISH packets carry properties.
        topics: texts of the topics seen before, by their bytes; grows.
        wall_ns: UTC now; asked once, and only where there is a message.

    Raises:
        PayloadError: the bytes are not MQTT; the connection is of no more use.
    """
    found: list[Message | Packet] = []
    position, end = 0, len(block)
    needed = receive_ns = 0
    while position + 1 < end:
        body = position + 2
        length = block[position + 1]
        if length & 0x80:
            length, body = read_length(block, position + 1)
            if body < 0:
                break
        after = body + length
        if after > end:
            needed = after - position
            break
        first = block[position]
        if first & 0xF0 == _PUBLISH and not first & 0x04:
            receive_ns = receive_ns or wall_ns()
            found.append(read_message(block, first, body, after, receive_ns, modern, topics))
        else:
            found.append((first, block[body:after]))
        position = after
    return found, position, needed


def read_message(
    block: bytes, first: int, start: int, after: int, receive_ns: int, modern: bool, topics: dict[bytes, str]
) -> Message:
    """The PUBLISH whose body stands from `start` to before `after`; raises PayloadError."""
    position = start + 2 + ((block[start] << 8) | block[start + 1]) if after - start >= 2 else after + 1
    qos = (first >> 1) & 1
    body = position + 2 * qos
    if body > after:
        raise PayloadError("PUBLISH is cut off", offender="packet", remedy="the broker is at fault")
    name = block[start + 2 : position]
    topic = topics.get(name) or _topic(name, topics)
    mid = (block[position] << 8) | block[position + 1] if qos else 0
    if modern:
        body = _after_properties(block, body, after)
    return Message(topic, block[body:after], mid, qos, receive_ns, bool(first & 0x08), bool(first & 0x01))


def read_length(block: bytes, position: int) -> tuple[int, int]:
    """A variable byte integer and where the next byte stands; -1 there while bytes are missing."""
    value = 0
    for number in range(_LENGTH_BYTES):
        if position + number >= len(block):
            return 0, -1
        byte = block[position + number]
        value |= (byte & 0x7F) << (7 * number)
        if byte < 0x80:
            return value, position + number + 1
    raise PayloadError("length of a packet is malformed", offender="packet", remedy="is this port MQTT?")


def _topic(name: bytes, topics: dict[bytes, str]) -> str:
    try:
        topic = name.decode("utf-8")
    except UnicodeDecodeError:
        return "(not UTF-8)"
    if not topic:
        # only an alias could stand for it, and we allow the broker none
        raise PayloadError("PUBLISH has no topic", offender="packet", remedy="the broker is at fault")
    if len(topics) >= _MOST_TOPICS:
        topics.clear()
    topics[name] = topic
    return topic


def _after_properties(block: bytes, position: int, after: int) -> int:
    if position < after and block[position] == 0:
        return position + 1
    length, start = read_length(block[:after], position)
    if start < 0 or start + length > after:
        raise PayloadError("properties are cut off", offender="packet", remedy="the broker is at fault")
    return start + length
