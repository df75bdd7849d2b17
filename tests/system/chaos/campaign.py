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

MOST_AT_ONCE = 4

# a restart of the server closes its link until the first values stand, so nothing else may open it meanwhile
_TOGETHER = {"plant-server": "opcua-link"}


def strike_all(world: World, faults: Sequence[Fault]) -> list[Spent]:
    """All faults of a list, in its order; returns when the last is repaired.

    A fault waits for its turn: for its pause, for a free place, and for its target. Raises what a strike raises, after
    those under way have ended.
    """
    free = threading.Semaphore(MOST_AT_ONCE)
    locks = {_lock_name(fault.target): threading.Lock() for fault in faults}
    under_way: list[Future[Spent]] = []
    with ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="strike") as pool:
        for fault in faults:
            time.sleep(fault.pause_s)
            free.acquire()
            lock = locks[_lock_name(fault.target)]
            lock.acquire()
            under_way.append(pool.submit(_strike, world, fault))
            under_way[-1].add_done_callback(functools.partial(_give_back, lock, free))
            if any(each.done() and each.exception() for each in under_way):
                break
            _revive(world, locks)
    return [future.result() for future in under_way]


def _give_back(lock: threading.Lock, free: threading.Semaphore, _done: Future[Spent]) -> None:
    lock.release()
    free.release()


def _lock_name(target: str) -> str:
    return _TOGETHER.get(target, target)


def _strike(world: World, fault: Fault) -> Spent:
    scar = Scar()
    begin_ns = time.time_ns()
    with STRIKES[fault.kind](world, fault, scar):
        time.sleep(fault.duration_s)
    return Spent(fault.kind, fault.target, begin_ns, time.time_ns(), scar.cut_short_ns)


def _revive(world: World, locks: dict[str, threading.Lock]) -> None:
    """Looks after processes that no fault is striking, as a service manager would."""
    for name in world.collector.parts:
        lock = locks.get(name)
        if lock is None:
            world.revive(name)
        elif lock.acquire(blocking=False):
            try:
                world.revive(name)
            finally:
                lock.release()
