"""OPC UA wire to spool, acknowledged: how many values a second one gateway on one core commits, and its peers receive.

A replay proxy before a real asyncua server feeds messages of 1,000 Doubles as fast as they are acknowledged. It runs on
one processor, the client under test on the other. Our figure counts values that are in the spool file: after the run
the gateway is killed with SIGKILL and the file is read, signal by signal, against what the proxy sent. asyncua and
node-opcua acknowledge what they have received and store nothing.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.wire import decode_batch

from benchmarks import frame
from benchmarks.load import LoadServer, cpu_seconds, load_gateway
from tests.servers.process import free_port

NODES = 2000
RATE = 3e6
OPEN_LIMIT = 1000
FLOOR = 1e6
_ASSET = AssetAddress.parse("bench/site/area/line/load")
_PEERS = pathlib.Path(__file__).parent / "peers"
_NODE_OPCUA = "node-opcua-client@2.182.2"


def measure(options: frame.Options, result: frame.Result) -> int:
    """One run quick, five otherwise; each of every client in turn, so that they share the machine's moods."""
    runs, seconds = (1, 3.0) if options.quick else (5, 8.0)
    ours: list[tuple[float, float]] = []
    peers: dict[str, list[tuple[float, float]]] = {}
    node = _node_opcua_folder(result) if options.peers else None
    feed: list[str] = []
    for _ in range(runs):
        ours.append(_ours(seconds, feed))
        if options.peers:
            script = [sys.executable, str(_PEERS / "asyncua_client.py")]
            peers.setdefault("asyncua", []).append(_peer(script, None, seconds))
        if node is not None:
            script = ["node", str(_PEERS / "node_opcua_client.js")]
            peers.setdefault("node_opcua", []).append(_peer(script, node, seconds))
    result.add_repeats("values_per_s", [rate for rate, _ in ours], "values/s")
    result.add_repeats("cpu_us_per_value", [cpu for _, cpu in ours], "us")
    for name, found in peers.items():
        result.add_repeats(f"{name}_values_per_s", [rate for rate, _ in found], "values/s")
        result.add_repeats(f"{name}_cpu_us_per_value", [cpu for _, cpu in found], "us")
    result.notes += [f"{NODES} nodes, 1,000 values a message, at most {OPEN_LIMIT} messages unacknowledged", *feed[-1:]]
    met = statistics.median(rate for rate, _ in ours) >= FLOOR
    result.notes.append(f"floor {FLOOR:g} values/s: {'met' if met else 'missed'}")
    return 0


@contextmanager
def _on(processor: int) -> Iterator[None]:
    """What is started inside runs on that processor, where there are two."""
    all_of_them = os.sched_getaffinity(0)
    if len(all_of_them) > 1:
        os.sched_setaffinity(0, {sorted(all_of_them)[processor]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


def _server(seconds: float) -> LoadServer:
    with _on(0):
        server = LoadServer(NODES, RATE, seconds, OPEN_LIMIT)
    server.wait_ready()
    return server


def _ours(seconds: float, notes: list[str]) -> tuple[float, float]:
    """(values a second, processor microseconds a value) of one gateway."""
    server = _server(seconds)
    with tempfile.TemporaryDirectory() as name:
        # nobody listens there: what arrives must stay in the spool
        sink = f'[[sink]]\nname = "historian"\ndriver = "influx"\nurl = "http://127.0.0.1:{free_port()}"\n'
        gateway = load_gateway(pathlib.Path(name) / "gateway", _ASSET, server.port, NODES, sink)
        gateway.set_keys("source", outstanding=8)
        gateway.set_keys("spool", budget_mib=2048)
        try:
            with _on(1):
                gateway.start()
            server.wait_subscribed()
            before = cpu_seconds(gateway.process.pid)
            server.go()
            audit = server.audit()
            used_s = cpu_seconds(gateway.process.pid) - before
            gateway.kill()
            _check(gateway.folder, audit["sent"])
        finally:
            gateway.kill()
            server.stop()
    if not audit["all_acknowledged"]:
        raise SystemExit("not everything was acknowledged")
    sent = sum(audit["sent"].values())
    notes.append(
        f"generator {audit['cpu']:.2f} cores, waiting for acknowledgements {audit['stalled_s']:.1f} s of {seconds:g}"
    )
    return sent / audit["until_acknowledged_s"], 1e6 * used_s / sent


def _check(folder: pathlib.Path, sent: dict[str, int]) -> None:
    """Every value sent is in the spool file, once, under its signal."""
    stored: Counter[str] = Counter()
    path = next(folder.rglob("*.db"))
    with sqlite3.connect(path) as connection:
        catalogue = Catalogue.from_json(zlib.decompress(connection.execute("SELECT body FROM catalogue").fetchone()[0]))
        names = [entry.address.signal for entry in catalogue.entries]
        for (payload,) in connection.execute("SELECT payload FROM item ORDER BY seq"):
            for signal, count in Counter(decode_batch(payload)[1].signal).items():
                stored[names[signal]] += count
    connection.close()
    wrong = {name for name in sent.keys() | stored.keys() if sent.get(name, 0) != stored[name]}
    if wrong or not stored:
        raise SystemExit(f"{len(wrong)} signals differ from what was sent: {sorted(wrong)[:5]}")


def _peer(command: Sequence[str], folder: pathlib.Path | None, seconds: float) -> tuple[float, float]:
    """(values a second, processor microseconds a value) of another client, every value received and acknowledged."""
    server = _server(seconds)
    with _on(1):
        client = subprocess.Popen(
            [*command, str(server.port), str(NODES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "NODE_PATH": str(folder / "node_modules") if folder else ""},
        )
    try:
        server.wait_subscribed()
        for _ in range(2):
            time.sleep(0.5)  # the last answer of the subscribing is under way
        _ask(client)
        server.go()
        audit = server.audit()
        answer = _ask(client)
    finally:
        client.kill()
        client.communicate()
        server.stop()
    received: dict[str, int] = answer["received"]
    if received != {name: count for name, count in audit["sent"].items() if count}:
        raise SystemExit(f"{command[-1]} received {sum(received.values())} of {sum(audit['sent'].values())} values")
    values = sum(received.values())
    return values / float(audit["until_acknowledged_s"]), 1e6 * float(answer["cpu_s"]) / values


def _ask(client: subprocess.Popen[str]) -> Any:
    """Gives the client a line and returns its JSON answer; what it says to people is passed over."""
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write("\n")
    client.stdin.flush()
    for line in client.stdout:
        if line.startswith("{"):
            return json.loads(line)
    raise SystemExit(f"{client.args!r} ended early")


def _node_opcua_folder(result: frame.Result) -> pathlib.Path | None:
    """node-opcua's client, installed once under the user's cache folder; None with a note where that fails."""
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ovoo-benchmarks"
    folder /= _NODE_OPCUA.replace("@", "-")
    if (folder / "node_modules" / "node-opcua-client").is_dir():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), _NODE_OPCUA]
    if shutil.which("npm") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        result.notes.append(f"{_NODE_OPCUA} could not be installed: no row for it")
        return None
    return folder


if __name__ == "__main__":
    measures = (*frame.GATEWAY, "benchmarks/load.py", "benchmarks/load_server.py", "benchmarks/replay_proxy.py")
    sys.exit(frame.run("opcua_ingest", measure, description=__doc__ or "", measures=measures))
