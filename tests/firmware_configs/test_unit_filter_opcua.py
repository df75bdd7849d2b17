"""An agent reads a secured OPC UA server under the system-call filter of its unit, over a cut and a kill."""

from __future__ import annotations

import asyncio
import asyncio.subprocess
import contextlib
import json
import os
import pathlib
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.edge_agent.sources.certificates import KeyPair, make_pair
from tests.edge_agent.sources.harness import address, until
from tests.edge_agent.sources.ua_server import UaTestServer, node, secured_with
from tests.edge_agent.support import CloudDouble
from tests.edge_agent.test_agent import fetch
from tests.firmware_configs.test_unit_filter import MAIN_UNIT, ROOT, under
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import port_answers

pytestmark = pytest.mark.server
SERVER_URI, CLIENT_URI = "urn:test:server", "urn:ovoo:edge:gw-1"
SETTINGS = """
[gateway]
id = "gw-1"
enterprise = "test"
site = "plant"
state_dir = "state"
signals = ["signals.csv"]
drain_s = 5
[spool]
budget_mib = 32
commit_ms = 50
[health]
listen = "127.0.0.1:{health_port}"
[[source]]
name = "plc"
driver = "opcua"
endpoint = "{endpoint}"
security_policy = "Basic256Sha256"
security_mode = "SignAndEncrypt"
application_uri = "{uri}"
certificate = "{client.certificate}"
private_key = "{client.key}"
trust_dir = "pki"
publishing_interval_ms = 20
keep_alive_s = 0.5
reconnect_min_s = 0.05
reconnect_max_s = 0.2
[[sink]]
name = "cloud"
driver = "mqtt"
host = "127.0.0.1"
port = {broker_port}
linger_ms = 50
resend_s = 0.5
resend_limit_s = 1
"""


@pytest.fixture
def cloud(mosquitto: MosquittoServer) -> Iterator[CloudDouble]:
    double = CloudDouble(mosquitto.port)
    yield double
    double.close()


@pytest.fixture
def server_pair(tmp_path: pathlib.Path) -> KeyPair:
    return make_pair(tmp_path, "plc-server", uri=SERVER_URI)


@pytest.fixture
async def plant(server_pair: KeyPair) -> AsyncIterator[UaTestServer]:
    server = await UaTestServer().start(secured_with(server_pair, SERVER_URI))
    yield server
    await server.stop()


def installed(
    folder: pathlib.Path, plant: UaTestServer, server_pair: KeyPair, broker_port: int, health_port: int
) -> pathlib.Path:
    """The files of a gateway whose person has approved the server's certificate."""
    trusted = folder / "pki" / "trusted"
    trusted.mkdir(parents=True)
    shutil.copy(server_pair.certificate, trusted / "server.pem")
    (folder / "signals.csv").write_text(f"address,unit,source,reference\n{address('a')},kW,plc,{node('a')}\n")
    (folder / "runtime").mkdir()
    path = folder / "agent.toml"
    client = make_pair(folder, "gateway", uri=CLIENT_URI)
    path.write_text(
        SETTINGS.format(
            endpoint=plant.endpoint, uri=CLIENT_URI, client=client, broker_port=broker_port, health_port=health_port
        )
    )
    return path


class FilteredAgent:
    """The agent's process under the shipped filter, with the end of its log kept."""

    def __init__(self, process: asyncio.subprocess.Process, health_port: int) -> None:
        self.process = process
        self._health_port = health_port

    async def source(self) -> dict[str, Any]:
        """What its health says of its one source."""
        health = json.loads(await asyncio.to_thread(fetch, self._health_port, "/health"))
        found: dict[str, Any] = health["sources"][0]
        return found

    async def reached(self, cloud: CloudDouble, value: float) -> None:
        """Returns when the value came through; an agent that ended before fails the test with its log."""
        await until(lambda: self.process.returncode is not None or value in values(cloud), f"delivery of {value}", 30)
        assert self.process.returncode is None, (await self.log()).decode()
        await until(lambda: port_answers(self._health_port), "health")

    def seccomp_mode(self) -> str:
        """What the kernel says that it lays on the process: 2 is a filter."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)["Seccomp"]

    async def log(self) -> bytes:
        """Everything it said; the process must have ended, or be about to."""
        return (await self.process.communicate())[1]


@contextlib.asynccontextmanager
async def filtered_agent(config: pathlib.Path, health_port: int) -> AsyncIterator[FilteredAgent]:
    command = under(MAIN_UNIT, sys.executable, "-m", "ovoo_edge", "run", "--config", str(config))
    environment = {**os.environ, "RUNTIME_DIRECTORY": str(config.parent / "runtime")}
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, cwd=ROOT, env=environment)
    try:
        yield FilteredAgent(process, health_port)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def values(cloud: CloudDouble) -> list[float]:
    return [value for _, _, value in cloud.rows]


async def test_samples_of_a_secured_server_arrive_over_a_cut_and_a_kill(
    plant: UaTestServer,
    server_pair: KeyPair,
    mosquitto: MosquittoServer,
    cloud: CloudDouble,
    tmp_path: pathlib.Path,
    free_port: int,
) -> None:
    config = installed(tmp_path, plant, server_pair, mosquitto.port, free_port)

    async with filtered_agent(config, free_port) as agent:
        await agent.reached(cloud, 0.0)
        (channel,) = plant.channels()
        assert (agent.seccomp_mode(), channel.Mode.name) == ("2", "SignAndEncrypt")
        await plant.write("a", 1.5)
        await agent.reached(cloud, 1.5)
        plant.drop_connections()
        await plant.write("a", 2.5)
        await agent.reached(cloud, 2.5)
        assert (await agent.source())["counters"]["resumed_subscriptions"] == 1
        agent.process.kill()
        killed = await agent.log()

    await plant.write("a", 3.5)  # while nobody listens: the subscription stands and keeps it
    async with filtered_agent(config, free_port) as agent:
        await agent.reached(cloud, 3.5)
        assert (await agent.source())["counters"]["resumed_subscriptions"] == 1
        agent.process.terminate()
        ended = await agent.log()

    assert agent.process.returncode == 0, ended.decode()
    assert b"not permitted" not in killed + ended
    assert b"PermissionError" not in killed + ended
    assert [value for _, _, value in sorted(cloud.rows, key=lambda row: row[1])] == [0.0, 1.5, 2.5, 3.5]
