"""The plug-in of `direct_script.py`: what the harness says of a collector that keeps nothing on disk."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from ovoo_contract.address import Address
from ovoo_contract.schema import database_name

from tests.servers.fault_proxy import FaultProxy
from tests.servers.influxdb import InfluxServer
from tests.servers.process import ServerProcess
from tests.system.chaos.collector import LostInterval, Part, Task
from tests.system.chaos.shim import Shim
from tests.system.readback import Samples, read_signal

__all__ = ["DirectCollector"]

_SCRIPT = pathlib.Path(__file__).with_name("direct_script.py")
_SETTLE_S = 5.0


class DirectCollector:
    """See `Collector`."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._parts: dict[str, Part] = {}
        self._links: dict[str, FaultProxy] = {}
        self._store: InfluxServer | None = None

    @property
    def parts(self) -> Mapping[str, Part]:
        """script, store."""
        return self._parts

    @property
    def links(self) -> Mapping[str, FaultProxy]:
        """store-link."""
        return self._links

    @property
    def source_parts(self) -> Mapping[str, Sequence[str]]:
        """One process does everything."""
        return {"opcua": ("script",), "mqtt": ("script",)}

    def configure(self, task: Task) -> None:
        """Starts the store, makes the databases, writes the script's settings."""
        store = self._store = InfluxServer(task.folder / "influx")
        store.start()
        self._stack.callback(store.stop)
        for enterprise in {Address.parse(signal.address).enterprise for signal in task.signals}:
            store.create(database_name(enterprise))
        link = self._links["store-link"] = self._stack.enter_context(FaultProxy(store.port))
        settings = {
            "opcua": task.opcua_endpoint,
            "mqtt": task.mqtt,
            "store": f"http://127.0.0.1:{link.port}",
            "signals": [dataclasses.asdict(signal) for signal in task.signals],
        }
        path = task.folder / "settings.json"
        path.write_text(json.dumps(settings), encoding="utf-8")
        shim = Shim(task.shim_library, task.folder / "shim") if task.shim_library else None
        script = ServerProcess(
            [sys.executable, str(_SCRIPT), str(path)],
            log=task.folder / "script.log",
            ready=lambda: True,
            environment=shim.environment if shim else None,
        )
        self._parts["script"] = Part(script, ("kill", "down", "freeze"), shim)
        self._parts["store"] = Part(store.process, ("kill", "down", "freeze"))

    def trust(self, certificate: pathlib.Path) -> None:
        """It connects without security."""

    def start(self) -> None:
        """The store runs since `configure`."""
        script = self._parts["script"].process
        script.start()
        self._stack.callback(script.stop)

    def stop(self) -> None:
        """Script, then link and store."""
        self._stack.close()

    def wait_drained(self, timeout_s: float) -> None:
        """It cannot tell; what was on its way is written or gone after some seconds."""
        time.sleep(min(_SETTLE_S, timeout_s))

    def stored(self, address: str) -> Samples:
        """From InfluxDB, sample by sample."""
        if self._store is None:
            raise RuntimeError("configure comes first")
        return read_signal(self._store, Address.parse(address))

    def suppressed(self) -> Mapping[str, Mapping[int, int]]:
        """It keeps nothing back."""
        return {}

    def lost(self) -> Sequence[LostInterval]:
        """It keeps no list."""
        return []
