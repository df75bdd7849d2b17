"""Ovoo as a plug-in of the harness: two gateways, uplink broker, ingest and InfluxDB."""

from __future__ import annotations

import json
import pathlib
import urllib.error
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from ovoo_contract.address import Address
from ovoo_simulator.opcua_security import server_identity

from tests.servers.fault_proxy import FaultProxy
from tests.system.chaos.collector import LostInterval, Part, Task
from tests.system.chaos.shim import Shim
from tests.system.chaos.volume import Volume
from tests.system.gateway import Gateway
from tests.system.line import Line
from tests.system.readback import Samples, read_signal

__all__ = ["OvooCollector"]

_VOLUME_MIB = 64
_BUDGET_MIB = 24
_LONGEST_QUEUE_S = 86_400  # counted at the signals' nominal second
_SITES = {"opcua": ("heishan-gw1", "heishan-coal", "heishan"), "mqtt": ("xilin-gw1", "xilin-dairy", "xilin")}
_SECTORS = {"opcua": "coal_mine", "mqtt": "dairy"}


class OvooCollector:
    """See `Collector`; each gateway keeps its spool on a volume of its own where volumes can be mounted."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._gateways: dict[str, Gateway] = {}
        self._parts: dict[str, Part] = {}
        self._links: dict[str, FaultProxy] = {}
        self._trusted = pathlib.Path()
        self._line: Line | None = None

    @property
    def parts(self) -> Mapping[str, Part]:
        """gateway-opcua, gateway-mqtt, uplink-broker, ingest, store."""
        return self._parts

    @property
    def links(self) -> Mapping[str, FaultProxy]:
        """uplink-opcua, uplink-mqtt (gateways to broker), downlink (broker to ingest), store-link."""
        return self._links

    @property
    def source_parts(self) -> Mapping[str, Sequence[str]]:
        """A sample is acknowledged once its gateway has committed it."""
        return {"opcua": ("gateway-opcua",), "mqtt": ("gateway-mqtt",)}

    def configure(self, task: Task) -> None:
        """Starts broker and store, which the cloud's preparation needs, and writes all settings."""
        self._links = {name: self._link() for name in ("uplink-opcua", "uplink-mqtt", "downlink", "store-link")}
        store_url = f"http://127.0.0.1:{self._links['store-link'].port}"
        settings: dict[str, str | int] = {"broker_port": self._links["downlink"].port, "influx_url": store_url}
        line = Line(task.folder / "line", settings)
        for name, link in self._links.items():
            link.upstream_port = line.influx.port if name == "store-link" else line.broker.port
        self._line = self._stack.enter_context(line)
        self._parts = {
            "uplink-broker": Part(line.broker.process, ("kill", "down", "freeze")),
            "ingest": Part(line.ingest, ("kill", "down", "freeze")),
            "store": Part(line.influx.process, ("kill", "down", "freeze")),
        }
        for transport in ("opcua", "mqtt"):
            self._add_gateway(line, task, transport)
        self._secure(task)

    def _link(self) -> FaultProxy:
        return self._stack.enter_context(FaultProxy(0))

    def _add_gateway(self, line: Line, task: Task, transport: str) -> None:
        gateway_id, enterprise, site = _SITES[transport]
        plant, copies = task.plants["opcua" if transport == "opcua" else "mqtt"]
        line.enrol(gateway_id, enterprise, site, _SECTORS[transport])
        folder = task.folder / f"gateway-{transport}"
        folder.mkdir()
        shim = Shim(task.shim_library, folder / "shim") if task.shim_library else None
        volume = self._volume(folder / "state") if task.volumes else None
        where = task.opcua_endpoint if transport == "opcua" else "{}:{}".format(*task.mqtt)
        uplink = f"127.0.0.1:{self._links[f'uplink-{transport}'].port}"
        options = (f"--{transport}", where, "--copies", str(copies), "--cloud", uplink)
        environment = {"RUNTIME_DIRECTORY": str(folder / "runtime"), **(shim.environment if shim else {})}
        gateway = Gateway.of_plant(folder, plant, *options, environment=environment)
        gateway.set_keys("sink", resend_s=2, resend_limit_s=4, keepalive_s=5)
        gateway.set_keys("source", reconnect_max_s=2)
        gateway.set_keys("spool", budget_mib=_BUDGET_MIB)
        gateway.set_columns({"uplink": "raw"}, {"uplink": "on_change", "deadband": "0.5"})
        if transport == "mqtt":
            gateway.set_keys("source", keep_alive_s=5)
        self._gateways[transport] = gateway
        self._parts[f"gateway-{transport}"] = Part(gateway.process, ("kill", "down", "freeze"), shim, volume)

    def _volume(self, mount: pathlib.Path) -> Volume:
        volume = Volume(mount, _VOLUME_MIB)
        volume.open()
        self._stack.callback(volume.close)
        return volume

    def _secure(self, task: Task) -> None:
        folder = task.folder / "gateway-opcua"
        own = server_identity(folder / "own", "urn:ovoo:edge", datetime.now(UTC))
        self._trusted = folder / "trust" / "trusted"
        self._trusted.mkdir(parents=True)
        self._gateways["opcua"].set_keys(
            "source",
            security_policy="Basic256Sha256",
            certificate=str(own.certificate),
            private_key=str(own.private_key),
            trust_dir=str(folder / "trust"),
            keep_alive_s=2,
            queue_s=min(120 / task.step_s, _LONGEST_QUEUE_S),
            request_timeout_s=6,
        )

    def trust(self, certificate: pathlib.Path) -> None:
        """Overlap: old and new are trusted together."""
        name = f"{certificate.parent.name}.der"
        (self._trusted / name).write_bytes(certificate.read_bytes())

    def start(self) -> None:
        """Broker and store run since `configure`."""
        for name in ("ingest", "gateway-opcua", "gateway-mqtt"):
            self._stack.callback(self._parts[name].process.stop)
            self._parts[name].process.start()

    def stop(self) -> None:
        """Gateways first, then what they deliver to, then the volumes."""
        self._stack.close()

    def wait_drained(self, timeout_s: float) -> None:
        """Both gateways: nothing in the pipeline, nothing in the spool."""
        for gateway in self._gateways.values():
            gateway.wait_drained(timeout_s)

    def stored(self, address: str) -> Samples:
        """From InfluxDB, sample by sample."""
        if self._line is None:
            raise RuntimeError("configure comes first")
        return read_signal(self._line.influx, Address.parse(address))

    def suppressed(self) -> Mapping[str, Mapping[int, int]]:
        """Of both ledgers."""
        return {address: hours for each in self._gateways.values() for address, hours in each.suppressed().items()}

    def lost(self) -> Sequence[LostInterval]:
        """The ledgers' lists, and the gaps that the sources name."""
        found = []
        for transport, gateway in self._gateways.items():
            found += [
                LostInterval(row["address"], row["from_ns"], row["to_ns"], row["cause"], transport)
                for row in gateway.lost()
            ]
            for source in gateway.ask("/health")["sources"]:
                found += [
                    LostInterval("*", gap["start_ns"], gap["end_ns"], gap["cause"], transport) for gap in source["gaps"]
                ]
        return found

    def state(self) -> str:
        """What the gateways say about themselves, for the report of a failed round."""
        told = {}
        for name, gateway in self._gateways.items():
            try:
                told[name] = gateway.ask("/health")
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                told[name] = {"no answer": str(error)}
        return json.dumps(told, ensure_ascii=False)
