"""The unit that every transport takes: some signals at one time; and what a transport promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ovoo_simulator.arrays import FloatArray, IntArray, Uint32Array
from ovoo_simulator.ledger import Ledger

__all__ = ["Emission", "Publisher"]


@dataclass(frozen=True, slots=True)
class Emission:
    """Samples that share a source time.

    Attributes:
        time_ns: UTC.
        signal: indexes of the catalogue, rising.
        value: NaN where absent.
        quality: OPC UA status codes.
    """

    time_ns: int
    signal: IntArray
    value: FloatArray
    quality: Uint32Array


class Publisher(Protocol):
    """A server or client that brings emissions out and counts exactly what it brought out."""

    @property
    def ledger(self) -> Ledger:
        """Counts of what was emitted."""

    async def start(self) -> None:
        """Opens the port or connects; raises SourceError or ConfigError where that fails for good."""

    async def ready(self, first: Emission) -> None:
        """Emits `first` and returns when somebody is there to receive everything that follows."""

    async def emit(self, emission: Emission) -> None:
        """Brings an emission out; waits while too much is unacknowledged."""

    async def stop(self) -> None:
        """Finishes what is under way, within seconds, and closes."""
