"""MQTT packets out of blocks of bytes: PUBLISH with QoS 0 and 1 becomes messages, anything else is handed on whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ovoo_contract.errors import PayloadError

__all__ = ["Message", "PacketSplitter", "puback_block"]

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


def puback_block(mids: Sequence[int]) -> bytes:
    """Acknowledgements of QoS 1 messages, to be sent as one; the short form that both protocol versions have."""
    return b"".join([b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids])


class PacketSplitter:
    """Keeps what a block leaves over until the rest of the packet comes; a large packet is copied once, not per block.

    Args:
        modern: MQTT 5, whose PUBLISH packets carry properties.
    """

    def __init__(self, modern: bool) -> None:
        self._modern = modern
        self._rest = bytearray()
        self._needed = 0
        self._topics: dict[bytes, str] = {}

    @property
    def waiting_bytes(self) -> int:
        """Bytes of a packet that is not complete yet."""
        return len(self._rest)

    def split(self, block: bytes, wall_ns: Callable[[], int]) -> list[Message | Packet]:
        """Every packet that is complete with this block, in order; its messages are received now, by `wall_ns`.

        Raises:
            PayloadError: the bytes are not MQTT; the connection is of no more use.
        """
        if self._rest:
            self._rest += block
            if len(self._rest) < self._needed:
                return []
            block = bytes(self._rest)
            self._rest.clear()
        found: list[Message | Packet] = []
        position, end = 0, len(block)
        self._needed = receive_ns = 0
        while position + 1 < end:
            body = position + 2
            length = block[position + 1]
            if length & 0x80:
                length, body = _long_length(block, position + 1)
                if body < 0:
                    break
            after = body + length
            if after > end:
                self._needed = after - position
                break
            first = block[position]
            if first & 0xF0 == _PUBLISH and not first & 0x04:
                receive_ns = receive_ns or wall_ns()
                found.append(self._message(first, block, body, after, receive_ns))
            else:
                found.append((first, block[body:after]))
            position = after
        if position < end:
            self._rest += block[position:]
        return found

    def _message(self, first: int, block: bytes, start: int, after: int, receive_ns: int) -> Message:
        position = start + 2 + ((block[start] << 8) | block[start + 1]) if after - start >= 2 else after + 1
        qos = (first >> 1) & 1
        body = position + 2 * qos
        if body > after:
            raise PayloadError("PUBLISH is cut off", offender="packet", remedy="the broker is at fault")
        name = block[start + 2 : position]
        topic = self._topics.get(name) or self._topic(name)
        mid = (block[position] << 8) | block[position + 1] if qos else 0
        if self._modern:
            body = _after_properties(block, body, after)
        return Message(topic, block[body:after], mid, qos, receive_ns, bool(first & 0x08), bool(first & 0x01))

    def _topic(self, name: bytes) -> str:
        try:
            topic = name.decode("utf-8")
        except UnicodeDecodeError:
            return "(not UTF-8)"
        if not topic:
            # only an alias could stand for it, and we allow the broker none
            raise PayloadError("PUBLISH has no topic", offender="packet", remedy="the broker is at fault")
        if len(self._topics) >= _MOST_TOPICS:
            self._topics.clear()
        self._topics[name] = topic
        return topic


def _long_length(block: bytes, position: int) -> tuple[int, int]:
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


def _after_properties(block: bytes, position: int, after: int) -> int:
    if position < after and block[position] == 0:
        return position + 1
    length, start = _long_length(block[:after], position)
    if start < 0 or start + length > after:
        raise PayloadError("properties are cut off", offender="packet", remedy="the broker is at fault")
    return start + length
