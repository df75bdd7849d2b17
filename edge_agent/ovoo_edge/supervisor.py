"""Runs one source or sink for as long as the agent lives: a failure is shown, waited out and tried again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ovoo_edge.backoff import Backoff

__all__ = ["Supervised", "supervise"]

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Supervised:
    """What became of a supervised part.

    Attributes:
        name: for messages, such as `source plc`.
        failures: how often it ended with an exception.
        failure: the last one's words, empty while it runs.
        finished: it returned by itself.
    """

    name: str
    failures: int = 0
    failure: str = ""
    finished: bool = False


async def supervise(
    part: Supervised,
    run: Callable[[], Awaitable[None]],
    backoff: Backoff,
    *,
    healthy_s: float = 60.0,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> None:
    """Runs until it returns by itself or is cancelled; other parts go on while this one fails.

    Args:
        part: its state for health pages.
        run: the part.
        backoff: waiting times; they start over after the part ran for `healthy_s`.
        healthy_s: see there, > 0.
        monotonic_s: a clock that never jumps, seconds.
    """
    while True:
        started_s = monotonic_s()
        try:
            part.failure = ""
            await run()
        except Exception as error:
            if monotonic_s() - started_s >= healthy_s:
                backoff.reset()
            part.failures += 1
            part.failure = str(error) or type(error).__name__
            _LOG.error(
                "event=part_failed part=%r failures=%d detail=%r",
                part.name,
                part.failures,
                part.failure,
                exc_info=error,
            )
            await asyncio.sleep(backoff.next_s())
            continue
        part.finished = True
        _LOG.info("event=part_finished part=%r", part.name)
        return
