"""Samples of several messages on their way to one hand-over: a busy source gives few large chunks instead of many."""

from __future__ import annotations

from collections.abc import Callable

from ovoo_contract.samples import SampleBatch

from ovoo_edge.sources.base import Chunk, Intake
from ovoo_edge.sources.decode import HandleTable, NotificationReader

__all__ = ["MAX_ROWS", "MessageGather"]

MAX_ROWS = 16_384
"""A chunk is handed over before the next message once it holds so many rows."""


class MessageGather:
    """Holds decoded messages until the intake took them; a cancelled hand-over loses none.

    Args:
        table: meaning of the client handles.
        make_chunk: a chunk of samples and of the numbers of the messages that gave them, oldest first.
    """

    def __init__(self, table: HandleTable, make_chunk: Callable[[SampleBatch, tuple[int, ...]], Chunk]) -> None:
        self.reader = NotificationReader(table)
        self._make_chunk = make_chunk
        self._sequences: list[int] = []
        self._chunk: Chunk | None = None

    @property
    def is_full(self) -> bool:
        """True when it is time for a hand-over even though more messages are at hand."""
        return self.reader.rows >= MAX_ROWS

    def add(self, sequence: int) -> None:
        """The message that the reader was fed last belongs to the next hand-over."""
        self._sequences.append(sequence)

    async def hand_over(self, intake: Intake) -> None:
        """Puts what was gathered into the intake, waiting while that is full; when cancelled, the next call does it."""
        while self._chunk is not None or self._sequences:
            if self._chunk is None:
                sequences, self._sequences = tuple(self._sequences), []
                self._chunk = self._make_chunk(self.reader.take(), sequences)
            await intake.put(self._chunk)
            self._chunk = None
