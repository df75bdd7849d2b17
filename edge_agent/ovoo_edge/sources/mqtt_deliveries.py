"""Which messages of a persistent MQTT session were handed over, so that a repetition is told from a new message.

A broker gives a packet id to another message only after it had the acknowledgement, and never holds more than the
in-flight window unacknowledged. Acknowledgements leave in the order of delivery, so what a broker can repeat (with the
flag DUP and the same id) is among the last deliveries of one window, and only so many are remembered. Behind them a
window of deliveries may be under way that nobody has seen yet: as long as both together are fewer than there are packet
ids, no id stands for two of these messages.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

__all__ = ["DeliveryLog", "Handover", "identity_of"]

_VERSION = b"m"
_BYTES = 10
_LARGEST_WINDOW = 65_535 // 2


@dataclass(slots=True, eq=False)
class Handover:
    """What one chunk stands for; `committed` once it is on disk."""

    committed: bool = False


def identity_of(mid: int, topic: str, payload: bytes) -> bytes:
    """Ten bytes: packet id and an eight-byte digest of topic and payload."""
    content = b"\0".join((topic.encode(), payload))
    return mid.to_bytes(2, "big") + hashlib.blake2b(content, digest_size=8).digest()


class DeliveryLog:
    """The last deliveries in their order.

    Args:
        position: what `position` gave before a restart: all of that is on disk. Anything else counts as empty.
        window: deliveries that the broker may hold unacknowledged, >= 1.
    """

    def __init__(self, position: bytes, window: int) -> None:
        self._window = min(window, _LARGEST_WINDOW)
        self._log = bytearray()
        self._first = 0
        self._settled = 0
        self._known: dict[bytes, tuple[int, Handover]] = {}
        if position[:1] == _VERSION and len(position) % _BYTES == 1:
            done = Handover(committed=True)
            self.note([position[start : start + _BYTES] for start in range(1, len(position), _BYTES)], done)
            self.settle(self.end)

    @property
    def end(self) -> int:
        """Deliveries noted so far."""
        return self._first + len(self._log) // _BYTES

    @property
    def is_empty(self) -> bool:
        """True while nothing is remembered."""
        return not self._known

    def find(self, identity: bytes) -> Handover | None:
        """The hand-over of an earlier delivery of this message, None when it is not among the remembered ones."""
        known = self._known.get(identity)
        return None if known is None or known[0] < self._settled - self._window else known[1]

    def note(self, identities: list[bytes], handover: Handover) -> None:
        """Remembers deliveries that were handed over together."""
        for number, identity in enumerate(identities, self.end):
            self._known[identity] = (number, handover)
        self._log += b"".join(identities)

    def settle(self, end: int) -> None:
        """The first `end` deliveries are on disk; those older than a window are forgotten."""
        self._settled = max(self._settled, end)
        surplus = self._settled - self._window - self._first
        if surplus < self._window:  # not for each one: the rest of the log moves
            return
        for number in range(self._first, self._first + surplus):
            identity = self._at(number)
            if self._known[identity][0] == number:
                del self._known[identity]
        del self._log[: surplus * _BYTES]
        self._first += surplus

    def widen(self, unacknowledged: int) -> None:
        """A broker that holds so many at once (MQTT 3.1.1 does not say how many it may) is given room for more."""
        self._window = max(self._window, min(2 * unacknowledged, _LARGEST_WINDOW))

    def forget(self) -> None:
        """The broker has a new session: it repeats nothing of the old one, and packet ids start anew."""
        self._first = self._settled = self.end
        self._log.clear()
        self._known.clear()

    def position(self, end: int) -> bytes:
        """What to keep once the first `end` deliveries are on disk: the last window of them."""
        start = max(self._first, end - self._window)
        return _VERSION + bytes(self._log[(start - self._first) * _BYTES : max(end - self._first, 0) * _BYTES])

    def _at(self, number: int) -> bytes:
        start = (number - self._first) * _BYTES
        return bytes(self._log[start : start + _BYTES])
