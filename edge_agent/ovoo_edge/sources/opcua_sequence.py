"""Which notification messages of a subscription arrived, are on disk and may be acknowledged."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

__all__ = ["SequenceLedger", "next_sequence"]

_LAST = 0xFFFF_FFFF
_MOST_MISSING = 10_000


def next_sequence(sequence: int) -> int:
    """The number after `sequence`; it wraps from 2**32 - 1 to 1 (0 is never used)."""
    return 1 if sequence >= _LAST else sequence + 1


def _is_before(first: int, second: int) -> bool:
    return 0 < (second - first) % (_LAST + 1) <= _LAST // 2


class SequenceLedger:
    """Order, gaps and acknowledgements of one subscription's messages.

    Args:
        subscription_id: the server's id.
        committed: all messages up to this number are on disk, 0 = none.
        resumed: the subscription is older than this run, so its newest number is not known yet.
    """

    def __init__(self, subscription_id: int, committed: int = 0, *, resumed: bool = False) -> None:
        self.subscription_id = subscription_id
        self._newest: int | None = None if resumed else committed
        self._committed = committed
        self._waiting: set[int] = set()
        self._finished: set[int] = set()
        self._acks: deque[int] = deque()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def must_resume(self) -> bool:
        """True until `resume_at` was told where an older subscription stands."""
        return self._newest is None

    @property
    def committed(self) -> int:
        """All messages up to this number are on disk."""
        return self._committed

    @property
    def pending(self) -> int:
        """Messages received and not yet on disk."""
        return len(self._waiting)

    async def settled(self) -> None:
        """Returns once every message received is on disk."""
        await self._empty.wait()

    def is_known(self, sequence: int) -> bool:
        """True when the message was received already."""
        return sequence in self._waiting or sequence in self._finished or not _is_before(self._committed, sequence)

    def resume_at(self, sequence: int, available: Sequence[int]) -> list[int]:
        """Takes up an older subscription that now stands at `sequence`.

        Args:
            sequence: number of its next message.
            available: what the server still holds.

        Returns:
            What must be asked for again, oldest first. Messages that are neither there nor known were acknowledged
            before the restart, so they are on disk.
        """
        wanted = [number for number in available if number != sequence and not self.is_known(number)]
        self._acks.extend(number for number in available if number != sequence and number not in wanted)
        number = next_sequence(self._committed)
        steps = 0
        while _is_before(number, sequence) and steps < _MOST_MISSING:
            if number not in wanted:
                self._finished.add(number)
            number = next_sequence(number)
            steps += 1
        self._newest = (sequence - 1) % (_LAST + 1)
        self._advance()
        return wanted

    def missing_before(self, sequence: int) -> list[int]:
        """Numbers that should have come before `sequence` and did not, oldest first, at most 10,000."""
        missing: list[int] = []
        number = next_sequence(self._newest or 0)
        while _is_before(number, sequence) and len(missing) < _MOST_MISSING:
            if not self.is_known(number):
                missing.append(number)
            number = next_sequence(number)
        return missing

    def receive(self, sequence: int) -> None:
        """Notes a message that arrived, in order or by republishing."""
        self._waiting.add(sequence)
        self._empty.clear()
        self._reach(sequence)

    def commit(self, sequence: int) -> None:
        """Notes that a message is on disk: it will be acknowledged with the next request."""
        self._waiting.discard(sequence)
        self._finished.add(sequence)
        self._acks.append(sequence)
        self._advance()
        if not self._waiting:
            self._empty.set()

    def give_up(self, sequences: Sequence[int]) -> None:
        """Messages that the server no longer has: they do not hold up what comes after them."""
        for sequence in sequences:
            self._finished.add(sequence)
            self._reach(sequence)
        self._advance()

    def take_acks(self, most: int = 1000) -> list[int]:
        """Numbers to acknowledge now, oldest first; each is handed out once."""
        return [self._acks.popleft() for _ in range(min(most, len(self._acks)))]

    def return_acks(self, sequences: Sequence[int]) -> None:
        """Puts back acknowledgements whose request never reached the server."""
        self._acks.extendleft(reversed(sequences))

    def _reach(self, sequence: int) -> None:
        if self._newest is None or _is_before(self._newest, sequence):
            self._newest = sequence

    def _advance(self) -> None:
        while (number := next_sequence(self._committed)) in self._finished:
            self._finished.discard(number)
            self._committed = number
