"""A data set as a plant: its rows over OPC UA or MQTT, every value exactly as in the file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import ConfigError
from ovoo_contract.quality import GOOD

from ovoo_simulator.datasets import DataSet
from ovoo_simulator.emission import Emission, Publisher
from ovoo_simulator.live import LedgerWriter, nap, until_stopped
from ovoo_simulator.times import SECOND_NS

__all__ = ["TimePolicy", "dataset_catalogue", "emissions", "rebase", "run_replay"]

TimePolicy = Literal["keep", "start_now", "end_now"]
_FASTEST = 1000.0


def dataset_catalogue(data: DataSet, asset: AssetAddress) -> Catalogue:
    """Signals of the data set under `asset`; the period is the most common step of the file."""
    steps = np.diff(data.time_ns)
    period_s = float(np.median(steps)) / SECOND_NS if len(steps) else 1.0
    return Catalogue(
        SignalEntry(asset.signal(name), unit, period_s=period_s, name_zh=name, name_en=name)
        for name, unit in zip(data.names, data.units, strict=True)
    )


def rebase(data: DataSet, policy: TimePolicy, now_ns: int) -> DataSet:
    """The data set with its times kept, or shifted as a whole so that its first or last row is now (whole seconds)."""
    if policy == "keep":
        return data
    anchor = int(data.time_ns[0] if policy == "start_now" else data.time_ns[-1])
    shift = (now_ns - anchor) // SECOND_NS * SECOND_NS
    return replace(data, time_ns=data.time_ns + shift)


def emissions(data: DataSet) -> Iterator[Emission]:
    """One emission a row; empty fields are left out."""
    signals = np.arange(len(data.names), dtype=np.int64)
    for row, time_ns in enumerate(data.time_ns.tolist()):
        value = data.value[:, row]
        present = ~np.isnan(value)
        chosen = signals[present]
        yield Emission(time_ns, chosen, value[present], np.full(len(chosen), GOOD, dtype=np.uint32))


async def run_replay(
    data: DataSet,
    publisher: Publisher,
    writer: LedgerWriter,
    stop: asyncio.Event,
    *,
    speed: float = 1.0,
    wait: bool = False,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> None:
    """Plays all rows, `speed` times faster than they were recorded, until the end or `stop`.

    Args:
        speed: within (0, 1000], or 0 for as fast as the receivers take it; the pace of the file, never the values or
            times, depends on it.
        wait: the first row waits for a receiver.

    Raises:
        ConfigError: for a speed out of range.
    """
    if not 0.0 <= speed <= _FASTEST:
        raise ConfigError("speed out of range", offender="speed", value=speed, remedy="0 to 1000")
    await publisher.start()
    try:
        await _play(data, publisher, writer, stop, speed, wait, monotonic_s)
    finally:
        await publisher.stop()
        writer.now()


async def _play(
    data: DataSet,
    publisher: Publisher,
    writer: LedgerWriter,
    stop: asyncio.Event,
    speed: float,
    wait: bool,
    monotonic_s: Callable[[], float],
) -> None:
    first_ns = int(data.time_ns[0])
    began = monotonic_s()
    for number, emission in enumerate(emissions(data)):
        if number == 0 and wait:
            await until_stopped(publisher.ready(emission), stop)
            began = monotonic_s()
            continue
        due_s = (emission.time_ns - first_ns) / SECOND_NS / speed if speed else 0.0
        rest = began + due_s - monotonic_s()
        if rest > 0:
            await nap(stop, rest)
        if stop.is_set():
            return
        await until_stopped(publisher.emit(emission), stop)
        writer.maybe()
