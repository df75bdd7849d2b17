"""Chance of our own: the same seed draws the same faults with every version of Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Dice"]

_WORD = (1 << 64) - 1
T = TypeVar("T")


class Dice:
    """SplitMix64 (Steele, Lea, Flood 2014).

    >>> [Dice(1234567).word() for _ in range(1)]
    [6457827717110365317]
    """

    def __init__(self, seed: int) -> None:
        self._state = seed & _WORD

    def word(self) -> int:
        """The next 64 bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _WORD
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _WORD
        return mixed ^ (mixed >> 31)

    def uniform(self, low: float, high: float) -> float:
        """In [low, high)."""
        return low + (high - low) * (self.word() >> 11) / (1 << 53)

    def below(self, bound: int) -> int:
        """In [0, bound); the bias of at most bound / 2^64 is of no account."""
        return self.word() % bound

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All items in a drawn order (Fisher and Yates)."""
        found = list(items)
        for last in range(len(found) - 1, 0, -1):
            other = self.below(last + 1)
            found[last], found[other] = found[other], found[last]
        return found
