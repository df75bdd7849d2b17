"""The load a server is asked to bear: requests a second, items a call, and less of both when it answers slowly.

A controller serves OPC UA beside its control task. What is asked of it goes through one budget per server that never
gives more than was allowed, begins with small calls and backs off as soon as answers take longer than they used to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["KINDS", "Kind", "LoadBudget", "LoadLimits", "TokenBucket"]

Kind = Literal["browse", "read", "subscribe", "history", "other"]
KINDS: tuple[Kind, ...] = ("browse", "read", "subscribe", "history", "other")

_START_ITEMS = 100
_GROWTH = 1.5
_SLOW = 5.0
_BRINK = 10.0
_NOTICE_S = 0.25
_LEAST_SHARE = 1 / 16
_RECOVERY = 1.5


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """What may be asked of a server.

    Attributes:
        requests_per_s: service calls a second in the long run, > 0.
        burst: calls that may come at once after a pause, >= 1.
        items: greatest number of items in one call, by kind, each >= 1; a kind without an entry has one item a call.
    """

    requests_per_s: float
    burst: int = 10
    items: Mapping[Kind, int] = field(default_factory=dict)


class TokenBucket:
    """Admits at most `burst + rate_per_s * w` events in every window of `w` seconds.

    Args:
        rate_per_s: events a second, > 0.
        burst: events that may come at once, >= 1.
    """

    def __init__(self, rate_per_s: float, burst: int) -> None:
        self._step_s = 1.0 / rate_per_s
        self._slack_s = (burst - 1) * self._step_s
        self._due_s = float("-inf")

    def delay_s(self, now_s: float) -> float:
        """Seconds until the next event is allowed, 0 when it is allowed now."""
        return max(0.0, self._due_s - self._slack_s - now_s)

    def spend(self, now_s: float, share: float = 1.0) -> None:
        """Notes an event that happens now, after `delay_s` gave 0.

        Args:
            now_s: monotonic seconds, never less than at the call before.
            share: part of the full rate that is allowed at the moment, in (0, 1].
        """
        self._due_s = max(self._due_s, now_s) + self._step_s / share


@dataclass(slots=True)
class _Pace:
    """How fast one kind of call was at its best, how many items it may hold by now, and which size proved too large."""

    window: float
    best_call_s: float = float("inf")
    best_item_s: float = float("inf")
    good_items: int = 1
    ceiling: float = float("inf")


class LoadBudget:
    """The budget of one server; it outlives connections, so that a storm of reconnects counts too.

    Args:
        limits: what is allowed before the server was asked about its own limits.
        monotonic_s: clock that never jumps.
    """

    def __init__(self, limits: LoadLimits, monotonic_s: Callable[[], float]) -> None:
        self._clock = monotonic_s
        self._turn = asyncio.Lock()
        self._paces: dict[Kind, _Pace] = {kind: _Pace(_START_ITEMS) for kind in KINDS}
        self._share = 1.0
        self.requests = 0
        self.slow_answers = 0
        self.waited_s = 0.0
        self._limits = limits
        self._bucket = TokenBucket(limits.requests_per_s, limits.burst)

    @property
    def limits(self) -> LoadLimits:
        """What is allowed at most."""
        return self._limits

    @property
    def share(self) -> float:
        """Part of the limits used at the moment; below 1 the server answers slower than it did."""
        return self._share

    def counters(self) -> dict[str, int]:
        """Counters for `/health`."""
        return {"requests": self.requests, "slow_answers": self.slow_answers}

    def tighten(self, limits: LoadLimits) -> None:
        """Takes over limits learned from the server; the rate stays within what was allowed at first."""
        self._limits = LoadLimits(self._limits.requests_per_s, self._limits.burst, dict(limits.items))

    def lower(self, kind: Kind, items: int) -> None:
        """The server refused a call of `items` items as too large: never again that many."""
        allowed = dict(self._limits.items)
        allowed[kind] = max(1, min(allowed.get(kind, 1), items // 2))
        self._limits = LoadLimits(self._limits.requests_per_s, self._limits.burst, allowed)

    def batch(self, kind: Kind) -> int:
        """Items that the next call of this kind may hold, >= 1."""
        allowed = self._limits.items.get(kind, 1)
        return max(1, int(min(allowed * self._share, self._paces[kind].window)))

    async def enter(self) -> None:
        """Returns when the next request may be sent, in the order of the callers."""
        async with self._turn:
            began_s = self._clock()
            while True:
                now_s = self._clock()
                delay_s = self._bucket.delay_s(now_s)
                if delay_s <= 0:
                    break
                await asyncio.sleep(delay_s)
            self._bucket.spend(now_s, self._share)
            self.waited_s += now_s - began_s
            self.requests += 1

    def observe(self, kind: Kind, items: int, seconds: float) -> None:
        """Notes how long a call took; a slow one halves rate and sizes, quick ones bring them back step by step."""
        pace = self._paces[kind]
        expected_s = pace.best_call_s + items * pace.best_item_s
        pace.best_call_s = min(pace.best_call_s, seconds)
        pace.best_item_s = min(pace.best_item_s, seconds / max(items, 1))
        if seconds > max(_NOTICE_S, _SLOW * expected_s):
            self.back_off(kind, items, brink=seconds > _BRINK * expected_s)
            return
        self._share = min(1.0, self._share * _RECOVERY)
        pace.good_items = max(pace.good_items, items)
        if items >= int(pace.window):
            pace.window = min(pace.window * _GROWTH, pace.ceiling)

    def back_off(self, kind: Kind, items: int, *, brink: bool = True) -> None:
        """A call was slow or got no answer: half of everything for a while.

        Args:
            kind: of the call.
            items: in the call.
            brink: it was so slow that a size which never went well before is not tried again.
        """
        pace = self._paces[kind]
        self.slow_answers += 1
        self._share = max(_LEAST_SHARE, self._share / 2)
        if brink and items > pace.good_items:
            pace.ceiling = float(pace.good_items)
        pace.window = max(1.0, min(pace.window, items, pace.ceiling) / 2)
