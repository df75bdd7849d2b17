"""Ovoo's gateway and thingsboard-gateway from PyPI in the same scenario, one after the other on the same machine.

An OPC UA server of 1,000 nodes counts up (`plant_server.py`); the gateway subscribes and sends to Mosquitto with QoS 1.
After a third of the time the broker is killed for 3 s, after two thirds the OPC UA server restarts. For ThingsBoard the
broker and the receiver stand in for the platform: they confirm QoS 1 and answer `getSessionLimits` with no limits.
The server issues a count only while a client monitors all nodes, and leaves it time for the last one before it stops:
every count from the first complete round on was on offer to both, and must come out once; the rest is lost or
duplicated. How long the server had to wait for its client after the restart is a figure of its own.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_contract import topics
from ovoo_contract.delivery import Ack, EventEnvelope, SeqRanges
from ovoo_contract.errors import OvooError
from ovoo_contract.wire import decode_batch
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks import frame
from benchmarks.load import cpu_seconds
from benchmarks.peers.thingsboard import connector_settings, gateway_settings
from benchmarks.plant_server import NAMESPACE
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import free_port, port_answers, wait_until

NODES = 1000
RATE = 1000.0
PEER = "thingsboard-gateway==3.8.5"
PEER_NEEDS = "asyncua==1.1.5"
DOWN_S = 3.0
LONGEST_BACK_S = 240.0
QUIET_S = 30.0
REPEATS_S = 10.0
"""Repetitions may come after everything was there."""
Counts = Counter[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one product showed; `received` by (node, count), `back_s` from the open port to the next count received."""

    seconds: float
    back_s: float
    cpu_cores: float
    rss_mb: float
    first: int
    last: int
    received: Counts

    def rows(self, prefix: str, result: frame.Result) -> None:
        """Adds the keys of the catalogue."""
        wanted = [(node, count) for node in range(NODES) for count in range(self.first, self.last + 1)]
        lost = sum(not self.received[key] for key in wanted)
        repeated = sum(self.received[key] - 1 for key in wanted if self.received[key] > 1)
        result.add(f"{prefix}_values_per_s", (len(wanted) - lost) / self.seconds, "values/s")
        result.add(f"{prefix}_cpu_cores", self.cpu_cores, "cores")
        result.add(f"{prefix}_rss_mb", self.rss_mb, "MB")
        result.add(f"{prefix}_back_s", self.back_s, "s")
        result.add(f"{prefix}_lost", lost, "samples")
        result.add(f"{prefix}_duplicated", repeated, "samples")


class _Receiver:
    """Counts what arrives; its session at the broker is kept, so that a kill of the broker costs it nothing it had."""

    def __init__(self, port: int) -> None:
        self.received: Counts = Counter()
        self.undecodable = 0
        self._lock = threading.Lock()
        self._names: dict[str, list[int]] = {}
        self._done: set[tuple[int, int]] = set()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="receiver", clean_session=False)
        self._client.on_message = self._take
        self._client.on_connect = lambda client, *_: client.subscribe([("ovoo/#", 1), ("v1/#", 1)])
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        """Leaves the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def newest(self) -> int:
        """The count that every node has reached at least."""
        with self._lock:
            best: dict[int, int] = {}
            for node, count in self.received:
                best[node] = max(best.get(node, 0), count)
        return min(best.values()) if len(best) == NODES else 0

    def distinct(self, first: int, last: int) -> int:
        """How many counts of that range came at least once."""
        with self._lock:
            return sum(first <= count <= last for _, count in self.received)

    def _take(self, client: Client, _: object, message: MQTTMessage) -> None:
        try:
            if message.topic.startswith("ovoo/"):
                self._take_ovoo(message.topic, bytes(message.payload))
            elif message.topic == "v1/gateway/telemetry":
                self._take_telemetry(json.loads(message.payload))
            elif message.topic.startswith("v1/devices/me/rpc/request/"):
                self._answer(message.topic, json.loads(message.payload))
            elif message.topic.startswith("v1/devices/me/attributes/request/"):
                client.publish(message.topic.replace("request", "response"), b"{}", qos=1)
        except (OvooError, ValueError, KeyError, TypeError):
            self.undecodable += 1

    def _take_ovoo(self, topic: str, payload: bytes) -> None:
        address = topics.parse(topic)
        if address.kind == "catalog":
            entries = json.loads(payload)["signals"]
            self._names[address.detail] = [int(entry["address"].rpartition("/s")[2]) for entry in entries]
        elif address.kind == "batch":
            header, batch = decode_batch(payload)
            names = self._names[header.catalogue_id]
            # as the cloud does: a delivery that is known is acknowledged and not stored again
            if (header.epoch, header.seq) not in self._done:
                self._count(
                    (names[signal], int(value)) for signal, value in zip(batch.signal, batch.value, strict=True)
                )
            self._done.update((header.epoch, header.seq + place) for place in range(header.merged))
            self._acknowledge(address.gateway, header.epoch, header.seq, header.seq + header.merged - 1)
        elif address.kind == "event":
            envelope = EventEnvelope.from_json(payload)
            self._acknowledge(address.gateway, envelope.epoch, envelope.seq, envelope.seq)

    def _acknowledge(self, gateway: str, epoch: int, first: int, last: int) -> None:
        self._client.publish(topics.ack(gateway), Ack(epoch, SeqRanges([(first, last)])).to_json(), qos=1)

    def _take_telemetry(self, document: dict[str, list[dict[str, object]]]) -> None:
        for points in document.values():
            for point in points:
                values = point.get("values", point)
                if isinstance(values, dict):
                    self._count((int(name[1:]), int(value)) for name, value in values.items() if name != "ts")

    def _count(self, keys: object) -> None:
        with self._lock:
            self.received.update(keys)  # type: ignore[call-overload]

    def _answer(self, topic: str, request: dict[str, object]) -> None:
        """The platform's limits: none."""
        none = {"messages": "", "telemetryMessages": "", "telemetryDataPoints": ""}
        limits = {"maxPayloadSize": 65536, "maxInflightMessages": 100, "rateLimits": none, "gatewayRateLimits": none}
        answer = limits if request.get("method") == "getSessionLimits" else {}
        self._client.publish(topic.replace("request", "response"), json.dumps(answer), qos=1)


class _Plant:
    """The OPC UA server as a child."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.port = free_port()
        self._state = folder / "count.json"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, going on where it stopped."""
        script = str(pathlib.Path(__file__).parent / "plant_server.py")
        command = [sys.executable, script, str(self.port), str(NODES), str(RATE), str(self._state)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: port_answers(self.port), timeout_s=60, step_s=0.1, what="the plant's server")

    def stop(self) -> int:
        """Stops it; the last count it issued."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None
        return int(json.loads(self._state.read_text())["count"])


def measure(options: frame.Options, result: frame.Result) -> int:
    """Ovoo first, then the peer."""
    seconds = 15.0 if options.quick else 60.0
    outcome = _scenario(_start_ovoo, seconds)
    if outcome is None:
        result.notes.append("Ovoo's gateway delivered nothing: the benchmark failed")
        return 1
    outcome.rows("ovoo", result)
    if options.peers:
        _peer(seconds, result)
    result.notes.append(
        f"{NODES} nodes, {RATE:g} values/s offered for {seconds:g} s; broker and server down {DOWN_S:g} s each"
    )
    result.notes.append(
        "lost: issued while the client monitored all nodes, at least 3 s before a stop, and never received"
    )
    result.notes.append("back_s: from the restarted server's open port to the next count of every node at the receiver")
    return 0


def _peer(seconds: float, result: frame.Result) -> None:
    python = _peer_environment(result)
    if python is None:
        return
    outcome = _scenario(lambda folder, plant, broker: _start_peer(python, folder, plant, broker), seconds)
    if outcome is None:
        result.notes.append(f"{PEER}: no telemetry of all nodes within 90 s; no row")
        return
    outcome.rows("tb", result)
    result.notes.append(f"{PEER} with {PEER_NEEDS}, subscriptions, memory storage (its default), no rate limits")
    result.notes.append("tb waits 80 % of its session time limit (120 s, as in its sample) before it connects again")
    result.notes.append(
        "tb: the confirmation of the broker ends its care for a value: what it had confirmed and not yet saved when "
        "it was killed (it saves every second) is part of tb_lost; Ovoo waits for the receiver's own acknowledgement"
    )


Start = Callable[[pathlib.Path, int, int], subprocess.Popen[bytes]]


def _scenario(start: Start, seconds: float) -> Outcome | None:
    with tempfile.TemporaryDirectory(prefix="ovoo-versus-") as name, ExitStack() as stack:
        folder = pathlib.Path(name)
        broker, plant = MosquittoServer(folder / "broker"), _Plant(folder)
        broker.start()
        stack.callback(broker.stop)
        plant.start()
        receiver = _Receiver(broker.port)
        stack.callback(receiver.close)
        gateway = start(folder / "gateway", plant.port, broker.port)
        stack.callback(_end, gateway)
        stack.callback(plant.stop)
        try:
            wait_until(lambda: receiver.newest() > 0, timeout_s=90, step_s=0.5, what="the first round")
        except (TimeoutError, AssertionError):
            return None
        return _faults(seconds, broker, plant, receiver, gateway)


def _faults(
    seconds: float, broker: MosquittoServer, plant: _Plant, receiver: _Receiver, gateway: subprocess.Popen[bytes]
) -> Outcome:
    first = receiver.newest() + 1
    before, began = cpu_seconds(gateway.pid), time.monotonic()
    time.sleep(seconds / 3)
    broker.kill()
    time.sleep(DOWN_S)
    broker.start()
    time.sleep(seconds / 3)
    before_restart = plant.stop()
    time.sleep(DOWN_S)
    plant.start()
    back_s = _until_back(receiver, before_restart)
    time.sleep(seconds / 3)
    last = plant.stop()
    elapsed = time.monotonic() - began
    cores = (cpu_seconds(gateway.pid) - before) / elapsed
    rss_mb = _rss_mb(gateway.pid)
    _settle(receiver, first, last)
    return Outcome(elapsed, back_s, cores, rss_mb, first, last, receiver.received)


def _until_back(receiver: _Receiver, count: int) -> float:
    """Seconds until every node is beyond `count`; at most `LONGEST_BACK_S`."""
    began = time.monotonic()
    while receiver.newest() <= count and time.monotonic() - began < LONGEST_BACK_S:
        time.sleep(0.25)
    return time.monotonic() - began


def _settle(receiver: _Receiver, first: int, last: int) -> None:
    """Until every count is there, or nothing new has come for `QUIET_S`."""
    wanted = NODES * (last - first + 1)
    quiet_since, before = time.monotonic(), -1
    while (now := receiver.distinct(first, last)) < wanted and time.monotonic() - quiet_since < QUIET_S:
        if now != before:
            quiet_since, before = time.monotonic(), now
        time.sleep(0.5)
    time.sleep(REPEATS_S)


def _start_ovoo(folder: pathlib.Path, plant: int, broker: int) -> subprocess.Popen[bytes]:
    folder.mkdir()
    rows = [f"ent/site/a/l/x/s{n:05d},1,nsu={NAMESPACE};s=s{n:05d}" for n in range(NODES)]
    (folder / "signals.csv").write_text("\n".join(["address,unit,reference", *rows]) + "\n", encoding="utf-8")
    (folder / "agent.toml").write_text(
        '[gateway]\nid = "versus-gw"\nenterprise = "ent"\nsite = "site"\nstate_dir = "state"\n'
        'signals = ["signals.csv"]\n[health]\nlisten = ""\n'
        f'[[source]]\nname = "plant"\ndriver = "opcua"\nendpoint = "opc.tcp://127.0.0.1:{plant}/count"\n'
        f'[[sink]]\nname = "cloud"\ndriver = "mqtt"\nhost = "127.0.0.1"\nport = {broker}\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "ovoo_edge", "run", "--config", str(folder / "agent.toml")]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)


def _start_peer(python: pathlib.Path, folder: pathlib.Path, plant: int, broker: int) -> subprocess.Popen[bytes]:
    folder.mkdir()
    (folder / "tb_gateway.json").write_text(json.dumps(gateway_settings(broker)), encoding="utf-8")
    (folder / "opcua.json").write_text(json.dumps(connector_settings(plant, NODES)), encoding="utf-8")
    shipped = next((python.parent.parent / "lib").glob("python*/site-packages/thingsboard_gateway/config/logs.json"))
    (folder / "logs.json").write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "logs").mkdir()
    code = "from thingsboard_gateway.tb_gateway import main; main()"
    environment = {**os.environ, "TB_GW_CONFIG_DIR": f"{folder}/"}
    log = (folder / "output.log").open("wb")
    try:
        return subprocess.Popen(
            [str(python), "-c", code], cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    finally:
        log.close()


def _peer_environment(result: frame.Result) -> pathlib.Path | None:
    """The peer's Python, installed once under the user's cache folder; None with a note where that fails."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ovoo-benchmarks"
    python = cache / PEER.replace("==", "-") / "bin" / "python"
    if python.exists():
        return python
    try:
        subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True, capture_output=True)
        command = [str(python), "-m", "pip", "install", "-q", PEER, PEER_NEEDS]
        subprocess.run(command, check=True, capture_output=True, timeout=900)
    except (OSError, subprocess.SubprocessError) as error:
        result.notes.append(f"{PEER} could not be installed ({error}); no row")
        python.unlink(missing_ok=True)
        return None
    return python


def _rss_mb(pid: int) -> float:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


if __name__ == "__main__":
    sys.exit(frame.run("versus_thingsboard", measure, description=(__doc__ or "").strip(), measures=frame.GATEWAY))
