"""How a sink is doing: what its run tells and `/health` shows."""

from __future__ import annotations

from collections import Counter

from ovoo_edge.sinks.base import SinkHealth, SinkState

__all__ = ["SinkStatus"]


class SinkStatus:
    """Written by the sink's own task, read by anybody on the same loop.

    Attributes:
        state: what it is doing.
        last_ack_ns: when the other side last confirmed something, UTC, 0 never.
        in_flight: messages sent and not confirmed.
        counters: what it has counted since the process began.
    """

    __slots__ = ("_detail", "_remedy", "counters", "in_flight", "last_ack_ns", "state")

    def __init__(self) -> None:
        self.state: SinkState = "idle"
        self.last_ack_ns = 0
        self.in_flight = 0
        self.counters: Counter[str] = Counter()
        self._detail = ""
        self._remedy = ""

    def show(self, state: SinkState, detail: str = "", remedy: str = "") -> None:
        """The new state, with what is wrong in plain words and what a person can do; both empty when nothing is."""
        self.state, self._detail, self._remedy = state, detail, remedy

    def health(self, name: str, driver: str) -> SinkHealth:
        """A snapshot; never blocks."""
        return SinkHealth(
            name=name,
            driver=driver,
            state=self.state,
            detail=self._detail,
            remedy=self._remedy,
            last_ack_ns=self.last_ack_ns,
            in_flight=self.in_flight,
            counters=dict(self.counters),
        )
