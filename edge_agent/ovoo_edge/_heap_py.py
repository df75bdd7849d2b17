"""The C library's heap in plain Python, which cannot reach it: the twin of `_heap.pyx` that leaves it as it is."""

from __future__ import annotations

__all__ = ["give_back", "use_one_heap"]


def use_one_heap() -> bool:
    """Lets all threads share one heap instead of keeping free memory each; False where that cannot be set."""
    return False


def give_back() -> bool:
    """Returns free memory to the system; False where there was none, or it cannot be done."""
    return False
