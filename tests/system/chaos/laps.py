"""How long the phases of a round took."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Laps"]


class Laps:
    """A stopwatch with lap times.

    Args:
        monotonic_s: clock in seconds.
    """

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._last_s = monotonic_s()
        self.seconds: dict[str, float] = {}

    def end(self, phase: str) -> None:
        """The time since the phase before belongs to this one."""
        now_s = self._monotonic_s()
        self.seconds[phase] = now_s - self._last_s
        self._last_s = now_s
