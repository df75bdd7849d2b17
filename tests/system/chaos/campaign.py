"""Strikes faults one after another, a bounded number at a time, never two on the same target."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from tests.system.chaos.faults import Fault
from tests.system.chaos.limits import Spent
from tests.system.chaos.strikes import STRIKES, Scar
from tests.system.chaos.world import World

__all__ = ["MOST_AT_ONCE", "strike_all"]

MOST_AT_ONCE = 6


def strike_all(world: World, faults: Sequence[Fault]) -> list[Spent]:
    """All faults of a list, nearly in its order; returns when the last is repaired.

    A fault waits for its pause, for a free place, and for its target. One whose target is still busy lets those behind
    it pass, so that a server that takes its time to come back does not keep all links whole. Raises what a strike
    raises, after those under way have ended.
    """
    busy = _Busy()
    waiting, under_way = list(faults), list[Future[Spent]]()
    with ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="strike") as pool:
        while waiting and not any(each.done() and each.exception() for each in under_way):
            time.sleep(waiting[0].pause_s)
            fault = busy.take_next(waiting)
            under_way.append(pool.submit(_strike, world, fault))
            under_way[-1].add_done_callback(functools.partial(busy.give_back, fault))
            for name in world.collector.parts:
                if not busy.has(name):
                    world.revive(name)  # as a service manager would
    return [future.result() for future in under_way]


class _Busy:
    """Targets under strike. Only one thread takes, so what it finds free stays free until it takes it."""

    def __init__(self) -> None:
        self._targets: set[str] = set()
        self._changed = threading.Condition()

    def take_next(self, waiting: list[Fault]) -> Fault:
        """Waits for a place and removes the first fault whose target is free."""
        with self._changed:
            self._changed.wait_for(lambda: self._place(waiting) is not None)
            fault = waiting.pop(self._place(waiting) or 0)
            self._targets.add(fault.target)
            return fault

    def give_back(self, fault: Fault, _done: Future[Spent]) -> None:
        """The fault is repaired."""
        with self._changed:
            self._targets.discard(fault.target)
            self._changed.notify()

    def has(self, target: str) -> bool:
        """True while a fault is at it."""
        with self._changed:
            return target in self._targets

    def _place(self, waiting: Sequence[Fault]) -> int | None:
        if len(self._targets) >= MOST_AT_ONCE:
            return None
        free = (place for place, fault in enumerate(waiting) if fault.target not in self._targets)
        return next(free, None)


def _strike(world: World, fault: Fault) -> Spent:
    scar = Scar()
    begin_ns = time.time_ns()
    with STRIKES[fault.kind](world, fault, scar):
        time.sleep(fault.duration_s)
    return Spent(fault.kind, fault.target, begin_ns, time.time_ns(), scar.owed_since_ns, scar.cut_short_ns)
