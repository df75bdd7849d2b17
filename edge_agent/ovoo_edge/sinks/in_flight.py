"""Messages that were sent and not acknowledged yet, and when they are due again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ovoo_contract.delivery import SeqRanges

from ovoo_edge.backoff import Backoff
from ovoo_edge.sinks.class_view import Refusals
from ovoo_edge.sinks.uplink_plan import Message

__all__ = ["InFlight", "Sent"]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on its way.

    Attributes:
        first, last: spool rows.
        live: it was sent as live data, not as backlog.
        refused: samples that were left out because of their class.
        retry: its waiting times.
        due_s: monotonic time at which it goes again.
        sent_s: monotonic time at which it went.
    """

    first: int
    last: int
    live: bool
    refused: Refusals
    catalogue_id: str
    retry: Backoff
    due_s: float
    sent_s: float


class InFlight:
    """The window.

    Args:
        new_backoff: makes the waiting times of one message.
        monotonic_s: a clock that never jumps.
    """

    def __init__(self, new_backoff: Callable[[], Backoff], monotonic_s: Callable[[], float]) -> None:
        self._new_backoff = new_backoff
        self._monotonic_s = monotonic_s
        self._sent: dict[int, Sent] = {}

    def __len__(self) -> int:
        return len(self._sent)

    @property
    def backlog(self) -> int:
        """Messages that carry backlog."""
        return sum(not sent.live for sent in self._sent.values())

    def add(self, message: Message, *, live: bool, retry: Backoff | None = None) -> None:
        """A message was published."""
        waiting = retry or self._new_backoff()
        now = self._monotonic_s()
        self._sent[message.first] = Sent(
            message.first,
            message.last,
            live,
            message.refused,
            message.catalogue_id,
            waiting,
            now + waiting.next_s(),
            now,
        )

    def acknowledge(self, done: SeqRanges) -> tuple[list[Sent], Refusals]:
        """Forgets messages of which every row is in `done`; returns them and the samples they had left out."""
        refused: Counter[tuple[str, int]] = Counter()
        found: list[Sent] = []
        for first, sent in list(self._sent.items()):
            if all(seq in done for seq in range(sent.first, sent.last + 1)):
                refused.update(sent.refused)
                found.append(self._sent.pop(first))
        return found, refused

    def take_due(self) -> list[Sent]:
        """Removes and returns what must go again now."""
        now = self._monotonic_s()
        due = [sent for sent in self._sent.values() if sent.due_s <= now]
        for sent in due:
            del self._sent[sent.first]
        return due

    def hasten(self, catalogue_id: str) -> None:
        """Messages of a catalogue that the receiver asked for are due at once."""
        now = self._monotonic_s()
        for first, sent in list(self._sent.items()):
            if sent.catalogue_id == catalogue_id:
                self._sent[first] = replace(sent, due_s=now)

    def next_due_s(self) -> float | None:
        """Seconds until the first message is due again; None when nothing is in flight."""
        due: Iterable[float] = (sent.due_s for sent in self._sent.values())
        first = min(due, default=None)
        return None if first is None else max(0.0, first - self._monotonic_s())
