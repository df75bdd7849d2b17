"""Everything of one round: plants, their broker, the links from them, and the collector under test."""

from __future__ import annotations

import pathlib
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from tests.servers.fault_proxy import FaultProxy
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import ServerProcess, ServerUnavailable
from tests.system.chaos.collector import Collector, Part, Signal, Task
from tests.system.chaos.plants import MqttPlant, OpcUaPlant, signals_of
from tests.system.chaos.shim import build_shim
from tests.system.chaos.volume import volumes_work

__all__ = ["Size", "World"]

_LINK_KINDS = ("cut", "refuse", "half_open", "stall", "swallow", "slow")


@dataclass(frozen=True, slots=True)
class Size:
    """Plants by transport, how often each machine stands there, and seconds between samples: 329 signals at 1 Hz."""

    opcua: tuple[str, int] = ("coal_mine", 4)
    mqtt: tuple[str, int] = ("dairy", 5)
    step_s: float = 1.0


@dataclass(slots=True)
class _Reliability:
    lock: threading.Lock = field(default_factory=threading.Lock)
    counts: Counter[str] = field(default_factory=Counter)


class World:
    """A context manager: prepared on entry, taken down on exit.

    Args:
        folder: for all files; made if absent.
        collector: under test.
        size: of the plants.
    """

    def __init__(self, folder: pathlib.Path, collector: Collector, size: Size) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.collector = collector
        self.no_volumes = volumes_work(folder)
        opcua, mqtt = size.opcua, size.mqtt
        self.signals: tuple[Signal, ...] = (*signals_of(*opcua, "opcua"), *signals_of(*mqtt, "mqtt"))
        self.broker = MosquittoServer(folder / "plant-broker")
        self.server = OpcUaPlant(folder / "opcua-plant", *opcua, size.step_s)
        self.publisher = MqttPlant(folder / "mqtt-plant", *mqtt, self.broker.port, size.step_s)
        self.gate = FaultProxy(self.server.port)
        """Stands between the OPC UA server and its link, and is shut while the nodes have no values yet."""
        self._own_links = {"opcua-link": FaultProxy(0), "mqtt-link": FaultProxy(self.broker.port)}
        self._size = size
        self._stack = ExitStack()
        self._deaths = _Reliability()

    def __enter__(self) -> World:
        with ExitStack() as stack:
            for link in (self.gate, *self._own_links.values()):
                stack.enter_context(link)
            self._own_links["opcua-link"].upstream_port = self.gate.port
            self.gate.refuse()
            self.broker.start()
            stack.callback(self.broker.stop)
            stack.callback(self.collector.stop)
            self._configure()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _configure(self) -> None:
        folder = self.folder / "collector"
        folder.mkdir()
        links = self._own_links
        self.collector.configure(
            Task(
                folder=folder,
                signals=self.signals,
                plants={"opcua": self._size.opcua, "mqtt": self._size.mqtt},
                opcua_endpoint=f"opc.tcp://127.0.0.1:{links['opcua-link'].port}/ovoo/{self._site}",
                mqtt=("127.0.0.1", links["mqtt-link"].port),
                step_s=self._size.step_s,
                shim_library=build_shim(self.folder),
                volumes=not self.no_volumes,
            )
        )
        self.collector.trust(self.server.certificate)

    @property
    def _site(self) -> str:
        return self.signals[0].address.split("/")[1]

    def start(self) -> None:
        """Starts collector and plants; returns when both plants emit and are received."""
        self.collector.start()
        self._stack.callback(self.server.stop)
        self.server.start()
        self.gate.refuse(False)
        self._stack.callback(self.publisher.process.stop)
        self.publisher.start()

    @property
    def links(self) -> Mapping[str, FaultProxy]:
        """All links by name."""
        return {**self._own_links, **self.collector.links}

    @property
    def parts(self) -> Mapping[str, Part]:
        """All processes by name; a broker that is killed loses what it acknowledged, so the plants' is only stopped."""
        plants = {
            "plant-broker": Part(self.broker.process, ("down", "freeze")),
            "plant-server": Part(self.server.process, ("freeze", "namespaces", "certificate")),
        }
        return {**plants, **self.collector.parts}

    def menu(self) -> Sequence[tuple[str, str]]:
        """(kind, target) pairs that are possible here."""
        of_parts = [(kind, name) for name, part in self.parts.items() for kind in part.menu]
        return [*of_parts, *((kind, name) for name in self.links for kind in _LINK_KINDS)]

    def holds_up(self, transport: str) -> Sequence[str]:
        """Parts and links whose faults delay the acknowledgement of a transport's samples."""
        own = ("plant-server", "opcua-link") if transport == "opcua" else ("plant-broker", "mqtt-link")
        return (*own, *self.collector.source_parts[transport])

    def start_again(self, name: str, process: ServerProcess) -> None:
        """Starts a process as a service manager does: again and again; raises ServerUnavailable in the end."""
        for last in (False, False, False, False, True):
            try:
                process.start()
            except ServerUnavailable:
                self._count(f"failed start of {name}")
                process.kill()
                if last:
                    raise
            else:
                return

    def revive(self, name: str) -> None:
        """Starts a part that ended by itself; that is counted."""
        process = self.parts[name].process
        if not process.running:
            self._count(f"death of {name}")
            self.start_again(name, process)

    def unrest(self) -> dict[str, int]:
        """Deaths and failed starts that no fault was meant to cause, by part."""
        return dict(self._deaths.counts)

    def _count(self, what: str) -> None:
        with self._deaths.lock:
            self._deaths.counts[what] += 1
