"""What the harness asks of a collector: any set of programs that brings samples from sources to a store."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from tests.servers.fault_proxy import FaultProxy
from tests.servers.process import ServerProcess
from tests.system.chaos.shim import Shim
from tests.system.chaos.volume import Volume
from tests.system.readback import Samples

__all__ = ["Collector", "LostInterval", "Part", "Signal", "Task"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One line of the signal list.

    Attributes:
        address: enterprise/site/area/line/asset/signal.
        transport: how it comes.
        reference: OPC UA node id with its namespace's URI, or the MQTT topic.
        key: name within the message's `values`; empty over OPC UA.
        thinned: the collector may keep samples back that say nothing new, if it counts them.
    """

    address: str
    transport: Literal["opcua", "mqtt"]
    reference: str
    key: str
    thinned: bool


@dataclass(frozen=True, slots=True)
class Task:
    """What a collector has to do.

    Attributes:
        folder: for its files; exists.
        signals: what to collect: half of each transport thinned.
        plants: simulated plant and number of copies by transport.
        opcua_endpoint: the server, behind a link that breaks; Basic256Sha256 and None are offered.
        mqtt: host and port of the plants' broker, behind a link that breaks.
        step_s: seconds between two samples of a signal: queues at the server must hold `queue time / step_s` of them.
        shim_library: to be preloaded into a process whose clock and disk shall be lied about; None without a compiler.
        volumes: file systems may be mounted here.
    """

    folder: pathlib.Path
    signals: tuple[Signal, ...]
    plants: Mapping[Literal["opcua", "mqtt"], tuple[str, int]]
    opcua_endpoint: str
    mqtt: tuple[str, int]
    step_s: float
    shim_library: pathlib.Path | None
    volumes: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A process that faults may hit.

    Attributes:
        process: its handle.
        kinds: faults of the process itself that it must survive: `kill`, `down`, `freeze`.
        shim: preloaded into it: adds `clock_jump` and `slow_disk`.
        volume: holds its state: adds `disk_full` and `read_only`.
    """

    process: ServerProcess
    kinds: tuple[str, ...] = ("kill", "freeze")
    shim: Shim | None = None
    volume: Volume | None = None

    @property
    def menu(self) -> tuple[str, ...]:
        """Kinds of faults that can be drawn for it."""
        shim = ("clock_jump", "slow_disk") if self.shim else ()
        return (*self.kinds, *shim, *(("disk_full", "read_only") if self.volume else ()))


@dataclass(frozen=True, slots=True)
class LostInterval:
    """Samples that the collector says it lost: [from_ns, to_ns], both included, UTC.

    Attributes:
        address: the signal; "*" for all of a transport, or of both where `transport` is empty.
        cause: in the collector's words.
    """

    address: str
    from_ns: int
    to_ns: int
    cause: str
    transport: str = field(default="")


class Collector(Protocol):
    """The plug-in. Methods are called from one thread, except that faults hit parts and links from others."""

    @property
    def parts(self) -> Mapping[str, Part]:
        """Processes by name, known after `configure`."""

    @property
    def links(self) -> Mapping[str, FaultProxy]:
        """Links inside the collector by name, such as the one to its store; known after `configure`."""

    @property
    def source_parts(self) -> Mapping[str, Sequence[str]]:
        """By transport the parts that must run so that a source's samples are acknowledged."""

    def configure(self, task: Task) -> None:
        """Prepares everything without starting it."""

    def trust(self, certificate: pathlib.Path) -> None:
        """Trusts one more OPC UA server certificate (DER) beside those it trusts already."""

    def start(self) -> None:
        """Starts all parts and returns when they answer."""

    def stop(self) -> None:
        """Stops what still runs and frees everything; called once, also after a failure."""

    def wait_drained(self, timeout_s: float) -> None:
        """Returns when nothing is under way to the store; raises TimeoutError saying what still is."""

    def stored(self, address: str) -> Samples:
        """All samples of a signal in the store, in time order."""

    def suppressed(self) -> Mapping[str, Mapping[int, int]]:
        """Per address and hour since 1970 the samples kept back on purpose; empty where it does not thin."""

    def lost(self) -> Sequence[LostInterval]:
        """What it lists as lost; empty where it keeps no such list."""
