"""The faults there are, and how a list of them is drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.system.chaos.dice import Dice

__all__ = ["KINDS", "Fault", "Kind", "draw"]

_APART = 4
"""Faults that hit different targets in a row, so that they can overlap."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.

    Attributes:
        what: one sentence for people.
        seconds: range of its duration, [low, high).
        size: range of its size, [low, high); its meaning depends on the kind. (0, 0) where there is none.
        signed: the size is negative in half of the cases.
    """

    what: str
    seconds: tuple[float, float]
    size: tuple[float, float] = (0.0, 0.0)
    signed: bool = False


KINDS: Mapping[str, Kind] = {
    "kill": Kind("SIGKILL; started again after the time", (1.0, 4.0)),
    "down": Kind("SIGTERM; started again after the time", (2.0, 5.0)),
    "freeze": Kind("SIGSTOP for the time", (2.0, 8.0)),
    "clock_jump": Kind(
        "the wall clock jumps by `size` seconds and back after the time", (2.0, 6.0), (60, 72_000), True
    ),
    "slow_disk": Kind("every fsync takes `size` seconds longer", (3.0, 6.0), (0.05, 0.6)),
    "disk_full": Kind("another program takes all free space for the time", (3.0, 8.0)),
    "read_only": Kind("the file system fails into read-only; repaired and started again after the time", (2.0, 5.0)),
    "cut": Kind("all connections are reset, at the beginning and at the end of the time", (0.5, 2.0)),
    "refuse": Kind("the link is down: connections are reset and refused for the time", (2.0, 8.0)),
    "half_open": Kind("the far end is gone and the near end does not hear of it", (1.0, 3.0)),
    "stall": Kind("no byte moves for the time, then all flow on", (2.0, 8.0)),
    "swallow": Kind("no byte moves for the time, then the connections are reset", (2.0, 8.0)),
    "slow": Kind("`size` seconds of delay and 20 kB/s on the link", (3.0, 6.0), (0.05, 0.4)),
    "namespaces": Kind("the OPC UA server restarts with another namespace order", (0.5, 2.0)),
    "certificate": Kind("the OPC UA server restarts with a new certificate that was trusted before", (0.5, 2.0)),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a list.

    Attributes:
        number: position in the list.
        kind: of KINDS.
        target: name of the part or link.
        pause_s: seconds between the beginning of the fault before and this one's, at least.
        duration_s: seconds.
        size: see the kind.
    """

    number: int
    kind: str
    target: str
    pause_s: float
    duration_s: float
    size: float


def draw(seed: int, count: int, menu: Sequence[tuple[str, str]], pause_s: tuple[float, float]) -> tuple[Fault, ...]:
    """A list of faults; the same arguments give the same list.

    Every pair of the menu comes once before any comes again, so that a short list already has many kinds: pairs are
    dealt kind by kind in a drawn order.

    Args:
        seed: any integer.
        count: faults wanted, >= 0.
        menu: (kind, target) pairs that are possible, at least one.
        pause_s: range of the pause between two beginnings.
    """
    dice = Dice(seed)
    deck: list[tuple[str, str]] = []
    faults: list[Fault] = []
    for number in range(count):
        if not deck:
            deck = _deal(dice, menu)
        kind, target = deck.pop(_next_place(deck, [fault.target for fault in faults[-_APART:]]))
        rule = KINDS[kind]
        size = dice.uniform(*rule.size)
        if rule.signed and dice.below(2):
            size = -size
        faults.append(Fault(number, kind, target, dice.uniform(*pause_s), dice.uniform(*rule.seconds), size))
    return tuple(faults)


def _next_place(deck: Sequence[tuple[str, str]], busy: Sequence[str]) -> int:
    """The first pair whose target was not struck just before; the first of all where there is none."""
    return next((place for place, (_, target) in enumerate(deck) if target not in busy), 0)


def _deal(dice: Dice, menu: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """All pairs: first one of every kind, then a second of every kind that has one, and so on."""
    by_kind: dict[str, list[tuple[str, str]]] = {}
    for pair in dice.shuffled(menu):
        by_kind.setdefault(pair[0], []).append(pair)
    dealt = []
    while by_kind:
        for kind in dice.shuffled(sorted(by_kind)):
            dealt.append(by_kind[kind].pop())
            if not by_kind[kind]:
                del by_kind[kind]
    return dealt
