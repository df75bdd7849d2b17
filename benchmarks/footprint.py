"""Memory, size and start of a gateway: 5,000 signals over OPC UA and MQTT, idle, installed, first stored sample."""

from __future__ import annotations

import csv
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import paho.mqtt.client as paho
from ovoo_contract.address import AssetAddress
from ovoo_contract.schema import database_name
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks import frame
from benchmarks.load import LoadServer, load_gateway
from tests.servers.influxdb import InfluxServer
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import free_port, wait_until
from tests.system.gateway import Gateway

NODES = 5000
FLOORS = {"opcua_5000_rss_mb": 80.0, "mqtt_5000_rss_mb": 40.0, "start_s": 1.5}
_RATE = 5000.0
_SIGNALS_A_TOPIC = 50


def measure(options: frame.Options, result: frame.Result) -> int:
    """Each figure on a gateway of its own, writing to one InfluxDB."""
    repeats = 1 if options.quick else 5
    seconds = 8.0 if options.quick else 30.0
    with tempfile.TemporaryDirectory(prefix="ovoo-footprint-") as name, ExitStack() as stack:
        folder = pathlib.Path(name)
        influx = InfluxServer(folder / "influx")
        influx.start()
        stack.callback(influx.stop)
        opcua = [_opcua(folder / f"opcua{n}", influx, seconds) for n in range(repeats)]
        result.add_repeats("opcua_5000_rss_mb", [rss for rss, _, _ in opcua], "MB")
        result.add_repeats(
            "mqtt_5000_rss_mb", [_mqtt(folder / f"mqtt{n}", influx, seconds) for n in range(repeats)], "MB"
        )
        result.add_repeats("idle_rss_mb", [_idle(folder / f"idle{n}", influx) for n in range(repeats)], "MB")
        result.add_repeats("start_s", [start for _, start, _ in opcua], "s")
    result.add("install_mb", _installed_mb(), "MB")
    result.notes += [
        f"1 Hz per signal, greatest resident memory over {seconds:.0f} s",
        "start_s: process start to the first sample that InfluxQL finds, 5,000 signals, server waiting",
        "values come from the first items on; the server is asyncua's, which takes most of the time to the last item:",
        f"all items created {statistics.median(last for _, _, last in opcua):.1f} s after the process start",
        "idle: one MQTT source that hears nothing; install_mb: ovoo-edge and what it needs, without Python and caches",
    ]
    figures = {row.key: row.value for row in result.rows}
    result.notes += [
        f"floor {key} {floor:g}: {'met' if figures[key] <= floor else 'missed'}" for key, floor in FLOORS.items()
    ]
    return 0


def _sink(influx: InfluxServer) -> str:
    return f'[[sink]]\nname = "historian"\ndriver = "influx"\nurl = "{influx.url}"\n'


def _opcua(folder: pathlib.Path, influx: InfluxServer, seconds: float) -> tuple[float, float, float]:
    """(greatest resident memory, seconds from process start to the first stored sample, and to the last item)."""
    asset = AssetAddress(folder.name, "site", "area", "line", "asset")
    server = LoadServer(NODES, _RATE, seconds + 5, at_once=True)
    gateway = load_gateway(folder, asset, server.port, NODES, _sink(influx))
    try:
        server.wait_ready()
        began = time.monotonic()
        gateway.start()
        wait_until(lambda: _stored(influx, asset.enterprise), timeout_s=60, step_s=0.02, what="the first stored sample")
        start_s = time.monotonic() - began
        server.wait_subscribed()
        subscribed_s = time.monotonic() - began
        server.go()
        return _greatest_rss(gateway, seconds), start_s, subscribed_s
    finally:
        gateway.stop()
        server.stop()


def _mqtt(folder: pathlib.Path, influx: InfluxServer, seconds: float) -> float:
    with ExitStack() as stack:
        broker = MosquittoServer(folder / "broker")
        broker.start()
        stack.callback(broker.stop)
        gateway = _mqtt_gateway(folder / "gateway", broker.port, NODES, influx)
        gateway.start()
        stack.callback(gateway.stop)
        stop = threading.Event()
        feeder = threading.Thread(target=_publish, args=(broker.port, stop))
        feeder.start()
        try:
            wait_until(lambda: gateway.received() > NODES, timeout_s=60, what="MQTT flows")
            return _greatest_rss(gateway, seconds)
        finally:
            stop.set()
            feeder.join()


def _idle(folder: pathlib.Path, influx: InfluxServer) -> float:
    with ExitStack() as stack:
        broker = MosquittoServer(folder / "broker")
        broker.start()
        stack.callback(broker.stop)
        gateway = _mqtt_gateway(folder / "gateway", broker.port, 10, influx)
        gateway.start()
        stack.callback(gateway.stop)
        return _greatest_rss(gateway, 3.0)


def _mqtt_gateway(folder: pathlib.Path, port: int, signals: int, influx: InfluxServer) -> Gateway:
    folder.mkdir(parents=True)
    health = free_port()
    (folder / "agent.toml").write_text(
        f'[gateway]\nid = "foot-gw"\nenterprise = "foot"\nsite = "site"\nstate_dir = "state"\n'
        f'signals = ["signals.csv"]\n[health]\nlisten = "127.0.0.1:{health}"\n'
        f'[[source]]\nname = "plant"\ndriver = "mqtt"\nhost = "127.0.0.1"\nport = {port}\ntopics = ["site/#"]\n'
        'topic_template = "{site}/{area}/{line}/{asset}"\naddress = { enterprise = "foot" }\n' + _sink(influx),
        encoding="utf-8",
    )
    with (folder / "signals.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("address", "unit", "source"))
        for number in range(signals):
            machine, signal = divmod(number, _SIGNALS_A_TOPIC)
            writer.writerow((f"foot/site/area/line/m{machine}/s{signal}", "kW", "plant"))
    return Gateway(folder, health)


def _publish(port: int, stop: threading.Event) -> None:
    """All machines once a second."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    beat = 0
    while not stop.wait(1.0):
        beat += 1
        for machine in range(NODES // _SIGNALS_A_TOPIC):
            values = {
                f"s{n}": round(100 + (beat * 31 + n * 7 + machine) % 977 * 0.1, 1) for n in range(_SIGNALS_A_TOPIC)
            }
            body = json.dumps({"ts": time.time_ns() // 1_000_000, "values": values})
            client.publish(f"site/area/line/m{machine}", body, qos=1)
    client.disconnect()
    client.loop_stop()


def _greatest_rss(gateway: Gateway, seconds: float) -> float:
    seen = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen.append(float(gateway.ask("/health")["process"]["rss_mb"]))
        time.sleep(0.5)
    return max(seen)


def _stored(influx: InfluxServer, enterprise: str) -> bool:
    try:
        return bool(influx.query(database_name(enterprise), "SELECT value FROM telemetry LIMIT 1"))
    except ValueError:
        return False  # the first delivery creates the database


def _installed_mb() -> float:
    """Files of the edge slice as installed here: the distributions that ovoo-edge needs, by their records."""
    script = pathlib.Path(__file__).parent / "installed_size.py"
    done = subprocess.run([sys.executable, str(script), "ovoo-edge"], capture_output=True, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    measures = (*frame.GATEWAY, "benchmarks/footprint.py", "benchmarks/load.py", "benchmarks/load_server.py")
    sys.exit(frame.run("footprint", measure, description=__doc__ or "", measures=measures))
