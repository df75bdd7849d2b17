"""The sources of a run: an OPC UA server that restarts and an MQTT publisher, each with its journal of the truth."""

from __future__ import annotations

import pathlib
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from ovoo_simulator.journal import RECORD, Records, read_journal
from ovoo_simulator.opcua_security import server_identity
from ovoo_simulator.plants import create_plant
from ovoo_simulator.serve_opcua import namespace_uri, node_name

from tests.servers.process import ServerProcess, ServerUnavailable, free_port
from tests.system import programs
from tests.system.chaos.collector import Signal

__all__ = ["MqttPlant", "OpcUaPlant", "signals_of"]

_STOPPED_EARLY = re.compile(r"event=opcua_stopped_early .*oldest_ns=(\d+)")
_START_S = 240.0  # on a busy machine; not a figure of anybody's


def signals_of(plant: str, copies: int, transport: str) -> tuple[Signal, ...]:
    """The signal list of a simulated plant; every other signal is thinned."""
    found = []
    for number, entry in enumerate(create_plant(plant, copies=copies).entries):
        if transport == "opcua":
            reference, key = f"nsu={namespace_uri(entry.address.site)};s={node_name(entry)}", ""
            found.append(Signal(str(entry.address), "opcua", reference, key, bool(number % 2)))
        else:
            topic = f"{entry.address.site}/{entry.address.asset_path}"
            found.append(Signal(str(entry.address), "mqtt", topic, entry.address.signal, bool(number % 2)))
    return tuple(found)


class _Plant(ABC):
    """Lives of one simulator process; each writes its own journal."""

    def __init__(self, folder: pathlib.Path, plant: str, copies: int, step_s: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._plant = plant
        self._copies = copies
        self._step_s = step_s
        self._life = 0
        self.process = self._next_life()

    @abstractmethod
    def _options(self) -> Sequence[str | pathlib.Path]:
        """Of the transport, for the next life."""

    def _next_life(self) -> ServerProcess:
        self._life += 1
        journal = self._journal(self._life)
        size = ("--copies", str(self._copies), "--step-s", str(self._step_s))
        options = (*size, "--journal", journal, "--wait-for-subscription", *self._options())
        return programs.started(
            "ovoo-simulator",
            "plant",
            self._plant,
            *options,
            log=self._log(self._life),
            ready=lambda: _begun(journal),
            timeout_s=_START_S,
        )

    def _journal(self, life: int) -> pathlib.Path:
        return self._folder / f"journal-{life}.bin"

    def _log(self, life: int) -> pathlib.Path:
        return self._folder / f"plant-{life}.log"

    def emitted(self) -> tuple[tuple[str, ...], Records]:
        """Addresses and every sample of all lives."""
        addresses: tuple[str, ...] = ()
        parts = [np.empty(0, RECORD)]
        for life in range(1, self._life + 1):
            if self._journal(life).exists():
                addresses, records = read_journal(self._journal(life))
                parts.append(records)
        return addresses, np.concatenate(parts)


class OpcUaPlant(_Plant):
    """A plant whose OPC UA server comes back as another program version would: new namespace order, new certificate.

    Args:
        folder: for journals, logs and certificates.
        plant, copies: of the simulator.
        step_s: seconds between two samples of a signal.
    """

    def __init__(self, folder: pathlib.Path, plant: str, copies: int, step_s: float = 1.0) -> None:
        self.port = free_port()
        self._namespaces = 0
        self._identity = 0
        self._pki = folder / "pki"
        self._uri = namespace_uri(create_plant(plant).model.site)
        self.next_certificate()
        super().__init__(folder, plant, copies, step_s)

    def _options(self) -> Sequence[str | pathlib.Path]:
        pki = self._pki / str(self._identity)
        return ("--opcua-port", str(self.port), "--pki", pki, "--other-namespaces", str(self._namespaces))

    def next_certificate(self) -> pathlib.Path:
        """Makes the certificate that the next life will show, and names its file."""
        self._identity += 1
        return server_identity(self._pki / str(self._identity), self._uri, datetime.now(UTC)).certificate

    @property
    def certificate(self) -> pathlib.Path:
        """Of the present or, after `next_certificate`, the next life."""
        return self._pki / str(self._identity) / "server.der"

    def start(self) -> None:
        """Returns when the first values stand in the nodes: a client that comes later gets what the journal holds."""
        self.process.start()

    def stop(self) -> int:
        """SIGTERM. The time of the oldest sample that no client acknowledged, which is gone for ever; 0 without one."""
        self.process.stop()
        if not _begun(self._journal(self._life)):
            return 0
        times = np.unique(read_journal(self._journal(self._life))[1]["time_ns"])
        if len(times) == 1:  # nobody subscribed
            return int(times[0])
        told = _STOPPED_EARLY.search(self._log(self._life).read_text(errors="replace"))
        return int(told[1]) or int(times[0]) if told else 0

    def come_back(self, move_namespaces: bool) -> None:
        """The next life."""
        self._namespaces += 3 if move_namespaces else 0
        self.process = self._next_life()
        self.start()


class MqttPlant(_Plant):
    """A plant that publishes to a broker; a sample counts as emitted when the broker acknowledged it."""

    def __init__(self, folder: pathlib.Path, plant: str, copies: int, broker_port: int, step_s: float = 1.0) -> None:
        self._broker_port = broker_port
        super().__init__(folder, plant, copies, step_s)

    def _options(self) -> Sequence[str | pathlib.Path]:
        return ("--mqtt", f"127.0.0.1:{self._broker_port}")

    def start(self) -> None:
        """Returns when it publishes, which is only once somebody has subscribed."""
        self.process.start()

    def stop(self) -> None:
        """SIGTERM: it waits for missing acknowledgements; raises ServerUnavailable when some never came."""
        self.process.stop()
        if "event=mqtt_unacknowledged" in self._log(self._life).read_text(errors="replace"):
            raise ServerUnavailable("the plant's broker did not acknowledge everything; the journal is not exact")


def _begun(journal: pathlib.Path) -> bool:
    """True once a sample is in it; a file that was only just made holds no head yet."""
    return journal.exists() and journal.stat().st_size > 0 and len(read_journal(journal)[1]) > 0
