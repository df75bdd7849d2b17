"""Lanes of received messages: catalogues first; live data and what comes late by turns, so neither waits for long."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

__all__ = ["BACKLOG", "CATALOGUE", "LIVE", "Lanes"]

LIVE: Final = 0
BACKLOG: Final = 1
CATALOGUE: Final = 2
"""What batches cannot be read without; it never waits behind one."""
_Item = TypeVar("_Item")


class Lanes(Generic[_Item]):
    """A bounded queue of three lanes, for one thread that puts and one that takes.

    Data that gateways kept during an outage come in large messages, one behind the other; in a single queue live data
    would wait for all of them. Catalogues go first; turns alternate between the other two where both hold something.

    Args:
        capacity: messages in both lanes together, >= 1.
        monotonic: seconds.
    """

    def __init__(self, capacity: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._capacity = capacity
        self._monotonic = monotonic
        self._lanes: tuple[deque[_Item], ...] = (deque(), deque(), deque())
        self._changed = threading.Condition()
        self._last = BACKLOG

    def __len__(self) -> int:
        return sum(map(len, self._lanes))

    def first(self) -> list[_Item]:
        """The oldest message of each lane that holds one; they stay there."""
        with self._changed:
            return [lane[0] for lane in self._lanes if lane]

    def put(self, item: _Item, lane: int, timeout_s: float) -> bool:
        """Whether there was room within the time."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self) < self._capacity, timeout_s):
                return False
            self._lanes[lane].append(item)
            self._changed.notify_all()
            return True

    def begin(self, timeout_s: float) -> tuple[_Item, int] | None:
        """The first message of the lane whose turn it is, and that lane; None when nothing came in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self) > 0, timeout_s):
                return None
            if self._lanes[CATALOGUE]:
                return self._pop(CATALOGUE), CATALOGUE
            other = LIVE + BACKLOG - self._last
            self._last = other if self._lanes[other] else self._last
            return self._pop(self._last), self._last

    def more(self, lane: int, until_s: float) -> _Item | None:
        """The next message of this lane, waited for until that time, and only while the other lanes are empty."""
        with self._changed:
            self._changed.wait_for(lambda: len(self) > 0, max(0.0, until_s - self._monotonic()))
            return self._pop(lane) if self._lanes[lane] else None

    def _pop(self, lane: int) -> _Item:
        item = self._lanes[lane].popleft()
        self._changed.notify_all()
        return item
