"""What a sink is: it reads rows from the spool, delivers them and acknowledges what the other side has stored."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ovoo_contract.catalogue import Catalogue

from ovoo_edge.sinks.settings import Scope
from ovoo_edge.spool_service import SpoolReader

__all__ = ["Sink", "SinkContext", "SinkHealth", "SinkState"]

SinkState = Literal["idle", "connecting", "running", "degraded", "retrying", "draining", "stopped"]


@dataclass(frozen=True, slots=True)
class SinkHealth:
    """State of a sink for `/health`; counters only ever grow while the process lives.

    Attributes:
        detail: in plain words, what is wrong and since when; empty when nothing is.
        remedy: what a person can do.
        last_ack_ns: when the other side last confirmed something, 0 never.
        in_flight: messages sent and not confirmed.
    """

    name: str
    driver: str
    state: SinkState
    detail: str = ""
    remedy: str = ""
    last_ack_ns: int = 0
    in_flight: int = 0
    counters: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SinkContext:
    """The outside world, passed in.

    Attributes:
        gateway: id of this gateway.
        enterprise: it belongs to.
        catalogue: the running catalogue.
        software: version text for the gateway's state.
        wall_ns: UTC now.
        monotonic_s: a clock that never jumps.
        rng: jitter of retries.
        draining: set when the agent stops; a sink then delivers what it can and returns.
        counters: lost, suppressed and backlog figures of the gateway for its state message.
        configure: takes the configuration that the cloud wants and gives what to report; None: another sink's cloud
            has the say.
    """

    gateway: str
    enterprise: str
    catalogue: Catalogue
    software: str
    wall_ns: Callable[[], int]
    monotonic_s: Callable[[], float]
    rng: random.Random
    draining: asyncio.Event
    counters: Callable[[], Awaitable[Mapping[str, float]]]
    configure: Callable[[bytes], Awaitable[bytes]] | None = None


class Sink(Protocol):
    """A driver instance; connection losses are retried inside, configuration faults are raised."""

    @property
    def name(self) -> str:
        """The name given in the configuration."""

    @property
    def scope(self) -> Scope:
        """Where the data goes: the plant itself, or beyond it."""

    @property
    def max_class(self) -> str:
        """Highest data class it may carry."""

    async def run(self, reader: SpoolReader) -> None:
        """Delivers until cancelled, or until the backlog is empty once the agent drains."""

    def health(self) -> SinkHealth:
        """What `/health` shows; never blocks."""
