"""Which notification messages of a subscription arrived, are on disk and may be acknowledged."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Collection, Sequence

__all__ = ["SequenceLedger", "next_sequence", "read_position"]

_LAST = 0xFFFF_FFFF
_MOST_MISSING = 10_000


def next_sequence(sequence: int) -> int:
    """The number after `sequence`; it wraps from 2**32 - 1 to 1 (0 is never used)."""
    return 1 if sequence >= _LAST else sequence + 1


def _is_before(first: int, second: int) -> bool:
    return 0 < _distance(first, second) <= _LAST // 2


def _distance(first: int, second: int) -> int:
    return (second - first) % (_LAST + 1)


def _before(sequence: int) -> int:
    return (sequence - 1) % (_LAST + 1)


def _advanced(number: int, done: set[int]) -> int:
    """The last of the numbers after `number` that follow without a gap; they leave `done`."""
    while (following := next_sequence(number)) in done:
        done.discard(following)
        number = following
    return number


def read_position(body: bytes) -> tuple[int, tuple[int, ...]] | None:
    """(committed, beyond) of `SequenceLedger.position`, None for other bytes."""
    if len(body) < 4 or len(body) % 4:
        return None
    committed, *beyond = struct.unpack(f">{len(body) // 4}I", body)
    return committed, tuple(beyond)


class SequenceLedger:
    """Order, gaps and acknowledgements of one subscription's messages.

    Args:
        subscription_id: the server's id.
        committed: all messages up to this number are on disk, 0 = none.
        resumed: the subscription is older than this run, so its newest number is not known yet.
        beyond: further messages that are on disk, with gaps before them.
        exact: `committed` and `beyond` come from the spool itself, so that nothing else is on disk.
    """

    def __init__(
        self,
        subscription_id: int,
        committed: int = 0,
        *,
        resumed: bool = False,
        beyond: Collection[int] = (),
        exact: bool = False,
    ) -> None:
        self.subscription_id = subscription_id
        self._newest: int | None = None if resumed else committed
        self._committed = committed
        self._waiting: set[int] = set()
        self._finished = set(beyond)
        self._handed = committed
        self._ahead = set(beyond)
        self._exact = exact
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
            What must be asked for again, oldest first. When the spool told exactly what is on disk, that is every
            other message before `sequence`, and those that the server no longer holds are lost. Otherwise messages
            that are neither there nor known were acknowledged before the restart, so they are on disk.
        """
        wanted = [number for number in available if number != sequence and not self.is_known(number)]
        for number in available:
            if number != sequence and number not in wanted:
                self.repeat(number)
        if self._exact and _distance(self._committed, sequence) <= _MOST_MISSING:
            self._newest = self._committed
            wanted += [number for number in self.missing_before(sequence) if number not in wanted]
        self._newest = _before(sequence)
        wanted = self.in_order(wanted)
        self._pass_over(sequence, wanted)
        return wanted

    def in_order(self, sequences: Collection[int]) -> list[int]:
        """Oldest first, also where the numbers wrap."""
        return sorted(sequences, key=lambda number: _distance(self._committed, number))

    def repeat(self, sequence: int) -> None:
        """The server still holds a message that is known: it is acknowledged again unless its commit will do that."""
        if sequence not in self._waiting and sequence not in self._acks:
            self._acks.append(sequence)

    def position(self) -> bytes:
        """What is on disk once everything received so far is; see `read_position`."""
        return struct.pack(f">{1 + len(self._ahead)}I", self._handed, *self.in_order(self._ahead))

    def _pass_over(self, sequence: int, wanted: Collection[int]) -> None:
        number = next_sequence(self._committed)
        steps = 0
        while _is_before(number, sequence) and steps < _MOST_MISSING:
            if number not in wanted:
                self._finish(number)
            number = next_sequence(number)
            steps += 1
        self._advance()

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
        self._ahead.add(sequence)
        self._handed = _advanced(self._handed, self._ahead)
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
            self._finish(sequence)
            self._reach(sequence)
        self._advance()

    def take_acks(self, most: int = 1000) -> list[int]:
        """Numbers to acknowledge now, oldest first; each is handed out once."""
        return [self._acks.popleft() for _ in range(min(most, len(self._acks)))]

    def return_acks(self, sequences: Sequence[int]) -> None:
        """Puts back acknowledgements whose request never reached the server."""
        self._acks.extendleft(reversed(sequences))

    def _finish(self, sequence: int) -> None:
        """A message that need not come any more."""
        self._finished.add(sequence)
        self._ahead.add(sequence)
        self._handed = _advanced(self._handed, self._ahead)

    def _reach(self, sequence: int) -> None:
        if self._newest is None or _is_before(self._newest, sequence):
            self._newest = sequence

    def _advance(self) -> None:
        self._committed = _advanced(self._committed, self._finished)
