"""The whole gateway: files in, broker out, in one process and as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from array import array
from collections.abc import Iterator

import pytest
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import SpoolError
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader, encode_batch
from ovoo_edge.agent import Agent
from ovoo_edge.config import load

from tests.edge_agent.support import SECOND, CloudDouble, eventually, make_catalogue
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import wait_until

pytestmark = pytest.mark.server
ROOT = pathlib.Path(__file__).resolve().parents[2]
SIGNALS = 20


@pytest.fixture
def cloud(mosquitto: MosquittoServer) -> Iterator[CloudDouble]:
    double = CloudDouble(mosquitto.port)
    yield double
    double.close()


def record(path: pathlib.Path, catalogue: Catalogue, steps: int, start_ns: int) -> None:
    """A replay file: every signal once a second."""
    rng = random.Random(5)
    count = len(catalogue)
    with path.open("wb") as file:
        head = catalogue.to_json()
        file.write(struct.pack("<I", len(head)) + head)
        for step in range(steps):
            batch = SampleBatch(
                array("I", range(count)),
                array("q", [start_ns + step * SECOND]) * count,
                array("d", [round(rng.random() * 50, 2) for _ in range(count)]),
                array("I", bytes(4 * count)),
            )
            header = BatchHeader(catalogue_id=catalogue.id, epoch=0, seq=0, receive_ns=start_ns)
            data = encode_batch(header, batch)
            file.write(struct.pack("<I", len(data)) + data)


def prepare(
    folder: pathlib.Path, broker_port: int, health_port: int, *, steps: int = 200, speed: float = 0.0
) -> pathlib.Path:
    catalogue = make_catalogue(SIGNALS)
    record(folder / "rec.ovb", catalogue, steps, time.time_ns() - steps * SECOND)
    lines = [f"{entry.address},kW,rec" for entry in catalogue.entries]
    (folder / "signals.csv").write_text("\n".join(["address,unit,source", *lines]) + "\n")
    path = folder / "agent.toml"
    path.write_text(f"""
[gateway]
id = "gw-1"
enterprise = "ent"
site = "site"
state_dir = "state"
signals = ["signals.csv"]
drain_s = 5
[spool]
budget_mib = 32
commit_ms = 50
[health]
listen = "127.0.0.1:{health_port}"
[[source]]
name = "rec"
driver = "replay"
path = "rec.ovb"
speed = {speed}
[[sink]]
name = "cloud"
driver = "mqtt"
host = "127.0.0.1"
port = {broker_port}
linger_ms = 50
resend_s = 0.5
resend_limit_s = 1
""")
    return path


def fetch(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        content: bytes = answer.read()
    return content


async def test_a_replay_ends_when_the_cloud_has_everything(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path, free_port: int
) -> None:
    config = load(prepare(tmp_path, mosquitto.port, free_port))

    await asyncio.wait_for(Agent(config, stop_when_finished=True).run(), 30)

    assert len(cloud.rows) == len(set(cloud.rows)) == 200 * SIGNALS


async def test_health_ledger_and_metrics_agree(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path, free_port: int
) -> None:
    agent = Agent(load(prepare(tmp_path, mosquitto.port, free_port)))
    running = asyncio.create_task(agent.run())
    await eventually(lambda: len(cloud.rows) == 200 * SIGNALS, "delivery")

    health = json.loads(await asyncio.to_thread(fetch, free_port, "/health"))
    ledger = json.loads(await asyncio.to_thread(fetch, free_port, "/ledger"))
    metrics = (await asyncio.to_thread(fetch, free_port, "/metrics")).decode()
    quarantine = json.loads(await asyncio.to_thread(fetch, free_port, "/quarantine"))
    agent.stop()
    await asyncio.wait_for(running, 20)

    assert health["status"] == "ok"
    assert health["pipeline"]["counters"]["received"] == 200 * SIGNALS
    assert {source["name"]: source["state"] for source in health["sources"]} == {"rec": "finished"}
    assert sum(row["received"] for row in ledger["counts"]) == 200 * SIGNALS
    assert {row["address"] for row in ledger["counts"]} == {
        str(entry.address) for entry in make_catalogue(SIGNALS).entries
    }
    assert ledger["lost"] == quarantine == []
    assert f'ovoo_edge_pipeline_total{{what="received"}} {200 * SIGNALS:.1f}' in metrics
    assert 'ovoo_edge_backlog_rows{sink="cloud"}' in metrics


async def test_two_agents_on_one_folder(mosquitto: MosquittoServer, tmp_path: pathlib.Path, free_port: int) -> None:
    path = prepare(tmp_path, mosquitto.port, free_port)
    first = Agent(load(path))
    running = asyncio.create_task(first.run())
    await eventually(lambda: (tmp_path / "state" / "spool.db").exists(), "start")

    with pytest.raises(SpoolError, match="another gateway agent uses this folder"):
        await Agent(load(path)).run()

    first.stop()
    await asyncio.wait_for(running, 20)


def start_process(config: pathlib.Path, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ovoo_edge", "run", "--config", str(config)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, **environment}, cwd=ROOT)


def test_sigterm_drains_and_ends_in_order(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path, free_port: int
) -> None:
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    channel.bind(str(tmp_path / "notify"))
    channel.settimeout(20)
    config = prepare(tmp_path, mosquitto.port, free_port, steps=3000, speed=200.0)
    with channel, start_process(config, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="400000") as process:
        heard = [channel.recv(1000) for _ in range(4)]
        wait_until(lambda: len(cloud.rows) > 500, what="delivery")
        process.send_signal(signal.SIGTERM)
        log = process.communicate(timeout=20)[1].decode()
        channel.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.append(channel.recv(1000))

    assert process.returncode == 0, log
    assert heard[0] == b"READY=1"
    assert {b"READY=1", b"WATCHDOG=1", b"STOPPING=1"} <= set(heard)
    words = [message.decode() for message in heard if message.startswith(b"STATUS=")]
    assert words[0].startswith("STATUS=Gateway gw-1 ")
    assert words[-1].startswith("STATUS=stopping")
    assert heard.index(b"STOPPING=1") > heard.index(words[0].encode())
    assert "event=draining" in log
    assert "event=stopped" in log
    per_signal = [sum(row[0] == index for row in cloud.rows) for index in range(SIGNALS)]
    assert len(set(per_signal)) == 1
    assert per_signal[0] < 3000


def test_kills_and_restarts_lose_and_repeat_nothing(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path, free_port: int
) -> None:
    config = prepare(tmp_path, mosquitto.port, free_port, steps=2000, speed=400.0)
    rng = random.Random(2)
    for _ in range(4):
        with start_process(config) as process:
            before = len(cloud.rows)
            wait_until(lambda seen=before: len(cloud.rows) > seen, what="delivery")  # type: ignore[misc]
            time.sleep(rng.uniform(0, 0.3))
            process.kill()
            process.communicate()
    with start_process(config) as process:
        wait_until(lambda: len(set(cloud.rows)) == 2000 * SIGNALS, what="everything", timeout_s=60)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)

    assert len(cloud.rows) == 2000 * SIGNALS, "the file's place is committed with its rows, so nothing comes twice"
