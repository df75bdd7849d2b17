"""In which order the broker gets its acknowledgements: that of arrival, whatever order messages were worked on in."""

from __future__ import annotations

from collections import deque

__all__ = ["OrderedAcknowledgements"]


class OrderedAcknowledgements:
    """The message ids of one connection that may be acknowledged now (MQTT-4.6.0-2: in the order of arrival)."""

    def __init__(self) -> None:
        self._arrived: deque[int] = deque()
        self._done: set[int] = set()

    def arrived(self, mid: int) -> None:
        """A message that wants an acknowledgement came."""
        self._arrived.append(mid)

    def done(self, mid: int) -> None:
        """The message is kept."""
        self._done.add(mid)

    def take(self) -> list[int]:
        """The ids whose turn has come; each is given once."""
        ready: list[int] = []
        while self._arrived and self._arrived[0] in self._done:
            mid = self._arrived.popleft()
            self._done.discard(mid)
            ready.append(mid)
        return ready

    def clear(self) -> None:
        """The connection is another one: earlier ids mean nothing any more."""
        self._arrived.clear()
        self._done.clear()
