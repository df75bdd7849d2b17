"""Taking a running gateway down in order: no new samples, everything on disk and acknowledged, then out of the door."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_edge.pipeline import Pipeline
from ovoo_edge.spool_service import SpoolReader

__all__ = ["Working", "drain", "wait_for_all"]

_LOG = logging.getLogger(__name__)
_SETTLE_S = 5.0

Tasks = Sequence[asyncio.Task[None]]


@dataclass(frozen=True, slots=True)
class Working:
    """What runs: tasks of the sources and of the sinks, and what the sinks read."""

    pipeline: Pipeline
    feeding: Tasks
    delivering: Tasks
    readers: Sequence[SpoolReader]


async def wait_for_all(tasks: Tasks) -> None:
    """Until every task has ended, however it ended."""
    if tasks:
        await asyncio.wait(tasks)


async def drain(
    working: Working, draining: asyncio.Event, *, settle_s: float, drain_s: float | None, impatient: asyncio.Event
) -> None:
    """Stops the sources, sets `draining` once what they gave is committed, and stops the sinks.

    Args:
        settle_s: what a commit may take, seconds; a grace for a slow disk is added.
        drain_s: how long the sinks may deliver, seconds; None until they are done or `impatient` is set.
    """
    await _cancel(working.feeding)
    try:
        async with asyncio.timeout(_SETTLE_S + settle_s):
            await working.pipeline.drained()
    except TimeoutError:
        _LOG.error("event=not_committed detail='the spool refuses; sources keep what was not acknowledged'")
    draining.set()
    for reader in working.readers:
        reader.wake()
    await _let_go(working.delivering, drain_s, impatient)
    await _cancel(working.delivering)


async def _cancel(tasks: Tasks) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _let_go(delivering: Tasks, drain_s: float | None, impatient: asyncio.Event) -> None:
    done = asyncio.create_task(wait_for_all(delivering))
    hurried = asyncio.create_task(impatient.wait())
    if drain_s is None:
        await asyncio.wait({done, hurried}, return_when=asyncio.FIRST_COMPLETED)
    else:
        await asyncio.wait({done}, timeout=drain_s)
    done.cancel()
    hurried.cancel()
