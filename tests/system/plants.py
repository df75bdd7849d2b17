"""Simulated plants as processes, with the ledger of what they emitted."""

from __future__ import annotations

import pathlib

from ovoo_simulator.ledger import Ledger

from tests.servers.process import ServerProcess, port_answers
from tests.system import programs

__all__ = ["LivePlant"]


class LivePlant:
    """`ovoo-simulator plant` at 1 Hz; it starts to emit when somebody receives.

    Args:
        folder: for ledger and log.
        plant: pack of the plant.
        copies: how often each machine stands there.
        opcua_port: serves OPC UA there, or
        broker_port: publishes to this broker.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        plant: str,
        copies: int,
        *,
        opcua_port: int | None = None,
        broker_port: int | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._ledger = folder / f"{plant}-ledger.json"
        options = ["--copies", str(copies), "--ledger", str(self._ledger), "--wait-for-subscription"]
        if opcua_port is not None:
            port = opcua_port
            options += ["--opcua-port", str(port)]
        elif broker_port is not None:
            port = broker_port
            options += ["--mqtt", f"127.0.0.1:{port}"]
        else:
            raise ValueError("name a transport")
        self.process: ServerProcess = programs.started(
            "ovoo-simulator",
            "plant",
            plant,
            *options,
            log=folder / f"{plant}-plant.log",
            ready=lambda: port_answers(port),
        )

    def start(self) -> None:
        """Starts it and waits for its server, or the broker's."""
        self.process.start()

    def stop(self) -> None:
        """SIGTERM: no new samples; those under way leave first."""
        self.process.stop()

    def ledger(self) -> Ledger:
        """What it emitted; exact once it was stopped."""
        return Ledger.load(self._ledger)
