"""The plant in real time: one emission for every step of the clock, none skipped, and the ledger beside it."""

from __future__ import annotations

import asyncio
import logging
import pathlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ovoo_contract.errors import ConfigError

from ovoo_simulator.emission import Emission, Publisher
from ovoo_simulator.faults import Fault, FaultPlan
from ovoo_simulator.plants import Plant, PlantColumns
from ovoo_simulator.times import SECOND_NS

__all__ = ["FaultFile", "Feed", "LedgerWriter", "nap", "run_feed", "ticks", "until_stopped"]

_LOG = logging.getLogger(__name__)
_AHEAD = 10
_SAVE_EVERY_S = 5.0
_LONGEST_NAP_S = 0.5


class FaultFile:
    """A truth file that may change while the plant runs: `ovoo-simulator faults add` triggers a fault live.

    Args:
        path: may be absent, then or for ever.
        plant: whose faults the file must hold.
    """

    def __init__(self, path: pathlib.Path | None, plant: str) -> None:
        self._path = path
        self._plant = plant
        self._stamp: tuple[int, int] | None = None
        self._faults: tuple[Fault, ...] = ()
        if path is not None and path.exists():
            FaultPlan.load(path).of(plant)

    def faults(self) -> tuple[Fault, ...]:
        """The faults now in the file; those known last while it is unreadable, which is logged once."""
        if self._path is None or not self._path.exists():
            return self._faults
        status = self._path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._faults = FaultPlan.load(self._path).of(self._plant)
            except ConfigError as error:
                _LOG.error("event=faults_refused reason=%s", error)
        return self._faults


class Feed:
    """Emissions of a plant by time, computed a few steps ahead: a step costs as much as ten do."""

    def __init__(self, plant: Plant, faults: Callable[[], Sequence[Fault]], step_ns: int = SECOND_NS) -> None:
        self._plant = plant
        self._faults = faults
        self._step_ns = step_ns
        self._known: tuple[Fault, ...] = ()
        self._block: PlantColumns | None = None
        self._signals = np.arange(len(plant.entries), dtype=np.int64)

    def at(self, time_ns: int) -> Emission:
        """The emission of one step."""
        faults = tuple(self._faults())
        block = self._block
        if block is None or faults != self._known or not block.time_ns[0] <= time_ns <= block.time_ns[-1]:
            block = self._plant.simulate(time_ns, self._step_ns, _AHEAD, faults)
            self._block, self._known = block, faults
        column = (time_ns - int(block.time_ns[0])) // self._step_ns
        return Emission(time_ns, self._signals, block.value[:, column], block.quality[:, column])


async def ticks(start_ns: int, step_ns: int, wall_ns: Callable[[], int], stop: asyncio.Event) -> AsyncIterator[int]:
    """Every multiple of the step from `start_ns` on, each when it is due; late ones at once, until `stop`."""
    due = -(-start_ns // step_ns) * step_ns
    while not stop.is_set():
        wait_s = (due - wall_ns()) / SECOND_NS
        if wait_s > 0:
            await nap(stop, min(wait_s, _LONGEST_NAP_S))
            continue
        yield due
        due += step_ns


async def nap(stop: asyncio.Event, seconds: float) -> None:
    """Sleeps `seconds`, or until `stop`."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


@dataclass(slots=True)
class LedgerWriter:
    """Saves a ledger every few seconds and at the end.

    A file written on the way is a few seconds old; the one written at the end is exact.
    """

    publisher: Publisher
    path: pathlib.Path | None
    monotonic_s: Callable[[], float] = time.monotonic
    saved_s: float = 0.0
    took_s: float = 0.0

    def maybe(self) -> None:
        """Saves when the last file is old; a large ledger is saved less often, so that it takes 2 % of the time."""
        if self.monotonic_s() - self.saved_s >= max(_SAVE_EVERY_S, 50.0 * self.took_s):
            self.now()

    def now(self) -> None:
        """Saves."""
        began_s = self.monotonic_s()
        if self.path is not None:
            self.publisher.ledger.save(self.path)
        self.saved_s = self.monotonic_s()
        self.took_s = self.saved_s - began_s


async def run_feed(
    feed: Feed,
    publisher: Publisher,
    writer: LedgerWriter,
    stop: asyncio.Event,
    *,
    step_ns: int = SECOND_NS,
    wait: bool = False,
    wall_ns: Callable[[], int] = time.time_ns,
) -> None:
    """Runs a plant until `stop`; the first emission waits for a receiver where `wait` is set."""
    await publisher.start()
    try:
        first = wall_ns() // step_ns * step_ns
        if wait:
            await until_stopped(publisher.ready(feed.at(first)), stop)
            first = wall_ns() // step_ns * step_ns + step_ns
        async for due in ticks(first, step_ns, wall_ns, stop):
            await until_stopped(publisher.emit(feed.at(due)), stop)
            writer.maybe()
    finally:
        await publisher.stop()
        writer.now()


async def until_stopped(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """Waits for `work` or for `stop`, whichever comes first; unfinished work is cancelled."""
    task = asyncio.create_task(work)
    halt = asyncio.create_task(stop.wait())
    await asyncio.wait({task, halt}, return_when=asyncio.FIRST_COMPLETED)
    halt.cancel()
    if not task.done():
        task.cancel()
    await asyncio.gather(task, halt, return_exceptions=True)
    if not task.cancelled():
        task.result()
