"""Intervals in which messages of a source went missing, with their cause and what came of them."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from ovoo_edge.sources.base import SourceGap

__all__ = ["GapLog"]

_SAME_NS = 60_000_000_000


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

    def add(self, start_ns: int, end_ns: int, cause: str, *, extend: bool = False) -> int:
        """Notes that messages between the two UTC times are missing; returns the gap's number.

        With `extend` a gap of the same cause that ended less than a minute before is made longer instead.
        """
        last = self._gaps[-1] if self._gaps else None
        if extend and last is not None and last.cause == cause and 0 <= end_ns - last.end_ns < _SAME_NS:
            self._gaps[-1] = replace(last, end_ns=end_ns, outcome="")
            return last.number
        number = max(end_ns, last.number + 1 if last is not None else 0)
        self._gaps.append(SourceGap(start_ns, max(end_ns, start_ns + 1), cause, 0, number))
        return number

    def reach(self, number: int, end_ns: int) -> None:
        """Makes a gap last until `end_ns`, if that is later."""
        for place, gap in enumerate(self._gaps):
            if gap.number == number:
                self._gaps[place] = replace(gap, end_ns=max(gap.end_ns, end_ns))

    def amend(self, number: int, messages: int) -> None:
        """Adds to the count of missing messages of a gap."""
        for place, gap in enumerate(self._gaps):
            if gap.number == number:
                self._gaps[place] = replace(gap, messages=gap.messages + messages)

    def restore(self, gap: SourceGap) -> None:
        """Takes a gap over from an earlier run."""
        self._gaps.append(gap)

    def find(self, number: int) -> SourceGap | None:
        """The gap of that number, None when it is no longer kept."""
        return next((gap for gap in self._gaps if gap.number == number), None)

    def settle(self, number: int, outcome: str, filled: int, missing_at_most: int | None = None) -> None:
        """Notes what came of a gap: `outcome` in words, and how many samples the history gave back.

        `missing_at_most` is added where it is known, see `SourceGap`.
        """
        for place, gap in enumerate(self._gaps):
            if gap.number == number:
                known = (gap.missing_at_most, missing_at_most)
                missing = sum(part for part in known if part is not None) if any(p is not None for p in known) else None
                self._gaps[place] = replace(gap, outcome=outcome, filled=gap.filled + filled, missing_at_most=missing)
