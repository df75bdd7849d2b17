"""Intervals in which samples are known to be lost, with their cause."""

from __future__ import annotations

from collections import deque

from ovoo_edge.sources.base import SourceGap

__all__ = ["GapLog"]


class GapLog:
    """The newest gaps of a source.

    Args:
        most: how many are kept, >= 1.
    """

    def __init__(self, most: int = 100) -> None:
        self._gaps: deque[SourceGap] = deque(maxlen=most)

    @property
    def recent(self) -> tuple[SourceGap, ...]:
        """Newest last."""
        return tuple(self._gaps)

    def add(self, start_ns: int, end_ns: int, cause: str, messages: int) -> None:
        """Notes that samples between the two UTC times are lost."""
        self._gaps.append(SourceGap(start_ns, end_ns, cause, messages))
