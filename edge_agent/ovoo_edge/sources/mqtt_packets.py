"""MQTT packets out of blocks of bytes: PUBLISH with QoS 0 and 1 becomes messages, anything else is handed on whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ovoo_edge.sources._mqtt_select import split_block
from ovoo_edge.sources._mqtt_split_py import Message, Packet

__all__ = ["Message", "Packet", "PacketSplitter", "puback_block"]


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
        found, position, self._needed = split_block(block, self._modern, self._topics, wall_ns)
        if position < len(block):
            self._rest += block[position:]
        return found
