"""How much backlog may be under way, so that the receiver stays busy and live data do not queue up behind it.

An acknowledgement that takes longer than the shortest one seen was queued, and a live message would queue as long.
While that is short, or only a few messages wait, more goes out, else less (delay-based congestion control as
in TCP Vegas: Brakmo and Peterson, 1995).
"""

from __future__ import annotations

from typing import Final

__all__ = ["BacklogPace"]

_QUEUE_S: Final = 0.2
_FEW: Final = 3.0
_MANY: Final = 5.0
_LEAST: Final = 3.0
_FORGET_S: Final = 60.0
_LESS: Final = 0.7


class BacklogPace:
    """The window of backlog messages of one connection.

    Args:
        most: it never grows beyond this, >= 1.
    """

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._least = min(_LEAST, self._most)
        self._allowed = self._least
        self._starting = True
        self._shortest_s = float("inf")
        self._measured_s: float | None = None
        self._judged_from_s = 0.0
        self._round_s = float("inf")
        self._round_left = int(self._allowed)

    @property
    def allowed(self) -> int:
        """Messages that may be unacknowledged now, >= 1."""
        return int(self._allowed)

    def acknowledged(self, sent_s: float, now_s: float) -> None:
        """A message of the backlog came back; times of a clock that never jumps."""
        if self._measured_s is None or now_s > self._measured_s + _FORGET_S:
            self._measure(now_s)
        if sent_s < self._judged_from_s:
            # it was under way already: it says nothing about the present window
            return
        took_s = now_s - sent_s
        self._shortest_s = min(self._shortest_s, took_s)
        self._round_s = min(self._round_s, took_s)
        self._round_left -= 1
        if self._starting and self._is_short(took_s):
            self._allowed = min(self._most, self._allowed + 1.0)
        elif self._round_left <= 0:
            self._judge(now_s)

    def _is_short(self, took_s: float) -> bool:
        return took_s - self._shortest_s <= _QUEUE_S or self._queued(took_s) < _FEW

    def _queued(self, took_s: float) -> float:
        """Messages of the window that wait instead of being worked on."""
        return self._allowed * (1.0 - self._shortest_s / took_s) if took_s > 0 else 0.0

    def _judge(self, now_s: float) -> None:
        """A window's worth came back: the quickest of them counts, because a busy machine delays some by chance."""
        self._starting = False
        if self._is_short(self._round_s):
            self._allowed = min(self._most, self._allowed + 1.0)
        elif self._queued(self._round_s) > _MANY:
            self._allowed, self._judged_from_s = max(self._least, self._allowed * _LESS), now_s
        self._begin_round()

    def _begin_round(self) -> None:
        self._round_s, self._round_left = float("inf"), int(self._allowed)

    def _measure(self, now_s: float) -> None:
        """Lets the queues run empty for a moment: the way itself may have become longer or shorter."""
        first = self._measured_s is None
        self._measured_s = now_s
        if not first:
            self._allowed, self._starting, self._shortest_s = self._least, True, float("inf")
            self._judged_from_s = now_s
            self._begin_round()

    def timed_out(self) -> None:
        """A message of the backlog was not acknowledged in time."""
        self._allowed, self._starting = 1.0, False
        self._begin_round()
