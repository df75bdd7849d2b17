"""Waiting times between attempts: exponential, jittered, bounded."""

from __future__ import annotations

import random

__all__ = ["Backoff"]


class Backoff:
    """Delays `first_s, 2*first_s, ...` up to `limit_s`, each shortened by up to a quarter at random.

    Args:
        first_s: first delay, > 0.
        limit_s: longest delay, >= first_s.
        rng: where the jitter comes from.
    """

    def __init__(self, first_s: float, limit_s: float, rng: random.Random) -> None:
        self._first_s = first_s
        self._limit_s = limit_s
        self._rng = rng
        self._attempts = 0

    @property
    def attempts(self) -> int:
        """Failures since the last success."""
        return self._attempts

    def next_s(self) -> float:
        """The delay before the next attempt."""
        delay = min(self._limit_s, self._first_s * 2.0 ** min(self._attempts, 40))
        self._attempts += 1
        return delay * (1.0 - 0.25 * self._rng.random())

    def reset(self) -> None:
        """Starts over after a success."""
        self._attempts = 0
