"""JSON over MQTT into the spool: messages a second through a real Mosquitto, QoS 1, acknowledged after the commit.

The gateway runs on one processor, broker and load generator on the other. Messages wait in the broker as long as the
gateway is slower; a run ends when the last one is on disk and acknowledged. Then the gateway is killed with SIGKILL and
its spool is counted, signal by signal, against what was sent. The generator counts the broker's acknowledgements.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.wire import decode_batch

from benchmarks import frame
from benchmarks.load import cpu_seconds
from benchmarks.mqtt_feed import ASSETS, SIGNALS_AN_ASSET
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import free_port, wait_until
from tests.system.gateway import Gateway

FLOOR_MESSAGES = 12_000.0
FLOOR_VALUES = 800_000.0
_FEED = pathlib.Path(__file__).with_name("mqtt_feed.py")
_WINDOW = 20_000


@dataclass(frozen=True, slots=True)
class Run:
    """One run: how fast, and who used which processor time."""

    messages_per_s: float
    gateway_us: float
    broker_us: float
    feed_us: float
    feed_per_s: float


def measure(options: frame.Options, result: frame.Result) -> int:
    """One value a message, then 100 values a message."""
    repeats = 1 if options.quick else 5
    singles, batches = (40_000, 15_000) if options.quick else (200_000, 40_000)
    single = [_run(singles, 1) for _ in range(repeats)]
    batched = [_run(batches, SIGNALS_AN_ASSET) for _ in range(repeats)]
    result.add_repeats("messages_per_s", [run.messages_per_s for run in single], "messages/s")
    result.add_repeats("cpu_us_per_message", [run.gateway_us for run in single], "us")
    rates = [run.messages_per_s * SIGNALS_AN_ASSET for run in batched]
    result.add_repeats("values_per_s_batched", rates, "values/s")
    result.add_repeats("cpu_us_per_batched_message", [run.gateway_us for run in batched], "us")
    for name, runs in (("one value", single), ("100 values", batched)):
        middle = [statistics.median(values) for values in zip(*(_shares(run) for run in runs), strict=True)]
        result.notes.append(
            f"{name} a message: broker {middle[0]:.1f} us and generator {middle[1]:.1f} us of processor a message, on "
            f"the other core; the generator had sent all at {middle[2]:.0f} messages/s"
        )
    met = statistics.median(run.messages_per_s for run in single) >= FLOOR_MESSAGES
    met_batched = statistics.median(rates) >= FLOOR_VALUES
    result.notes.append(f"floor {FLOOR_MESSAGES:g} messages/s: {'met' if met else 'missed'}")
    result.notes.append(f"floor {FLOOR_VALUES:g} values/s: {'met' if met_batched else 'missed'}")
    return 0


def _shares(run: Run) -> tuple[float, float, float]:
    return run.broker_us, run.feed_us, run.feed_per_s


def _run(messages: int, values: int) -> Run:
    with tempfile.TemporaryDirectory(prefix="ovoo-mqtt-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        # else the broker drops what its queue does not hold, although it acknowledged it
        broker = MosquittoServer(folder / "broker", extra="max_queued_messages 0\nmax_inflight_messages 0\n")
        with _on(0):
            broker.start()
        stack.callback(broker.stop)
        gateway = _gateway(folder / "gateway", broker.port)
        with _on(1):
            gateway.start()
        stack.callback(gateway.kill)
        wait_until(lambda: _source(gateway)["state"] == "running", what="the gateway subscribes")
        before = cpu_seconds(gateway.process.pid), cpu_seconds(broker.process.pid)
        with _on(0):
            command = [sys.executable, str(_FEED), str(broker.port), str(messages), str(values)]
            feed = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        stack.callback(feed.kill)
        wait_until(lambda: _is_done(gateway, messages), timeout_s=600, step_s=0.1, what="all is on disk")
        ended_s = time.monotonic()
        used = cpu_seconds(gateway.process.pid) - before[0], cpu_seconds(broker.process.pid) - before[1]
        gateway.kill()
        account = json.loads(feed.communicate(timeout=60)[0])
        if account["acknowledged"] != messages:
            raise SystemExit(f"the broker acknowledged {account['acknowledged']} of {messages} messages")
        _check(gateway.folder, account["sent"])
    return Run(
        messages / (ended_s - account["began_s"]),
        1e6 * used[0] / messages,
        1e6 * used[1] / messages,
        1e6 * account["cpu_s"] / messages,
        messages / account["seconds"],
    )


@contextlib.contextmanager
def _on(processor: int) -> Iterator[None]:
    """What is started inside runs on that processor, where there are two."""
    all_of_them = os.sched_getaffinity(0)
    if len(all_of_them) > 1:
        os.sched_setaffinity(0, {sorted(all_of_them)[processor]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


def _gateway(folder: pathlib.Path, port: int) -> Gateway:
    folder.mkdir()
    health = free_port()
    # nobody listens at the sink's port: what arrives must stay in the spool
    (folder / "agent.toml").write_text(
        f'[gateway]\nid = "bench-gw"\nenterprise = "bench"\nsite = "site"\nstate_dir = "state"\n'
        f'signals = ["signals.csv"]\n[health]\nlisten = "127.0.0.1:{health}"\n[spool]\nbudget_mib = 2048\n'
        f'[[source]]\nname = "plant"\ndriver = "mqtt"\nhost = "127.0.0.1"\nport = {port}\nmax_in_flight = {_WINDOW}\n'
        'topic_template = "{site}/{area}/{line}/{asset}"\naddress = { enterprise = "bench" }\n'
        f'[[sink]]\nname = "historian"\ndriver = "influx"\nurl = "http://127.0.0.1:{free_port()}"\n',
        encoding="utf-8",
    )
    with (folder / "signals.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("address", "unit", "source"))
        for number in range(ASSETS * SIGNALS_AN_ASSET):
            asset, signal = divmod(number, SIGNALS_AN_ASSET)
            writer.writerow((f"bench/site/area/line/m{asset}/s{signal}", "kW", "plant"))
    return Gateway(folder, health)


def _source(gateway: Gateway) -> dict[str, object]:
    found: dict[str, object] = gateway.ask("/health")["sources"][0]
    return found


def _is_done(gateway: Gateway, messages: int) -> bool:
    counters: dict[str, int] = gateway.ask("/health")["sources"][0]["counters"]
    return counters.get("messages", 0) >= messages and counters["uncommitted_messages"] == 0


def _check(folder: pathlib.Path, sent: dict[str, int]) -> None:
    """Every value sent is in the spool file, once, under its signal."""
    stored: Counter[str] = Counter()
    with contextlib.closing(sqlite3.connect(next(folder.rglob("spool.db")))) as connection:
        catalogue = Catalogue.from_json(zlib.decompress(connection.execute("SELECT body FROM catalogue").fetchone()[0]))
        names = ["/".join(str(entry.address).split("/")[-2:]) for entry in catalogue.entries]
        for (payload,) in connection.execute("SELECT payload FROM item ORDER BY seq"):
            for signal, count in Counter(decode_batch(payload)[1].signal).items():
                stored[names[signal]] += count
    wrong = {name for name in sent.keys() | stored.keys() if sent.get(name, 0) != stored[name]}
    if wrong or not stored:
        raise SystemExit(f"{len(wrong)} signals differ from what was sent: {sorted(wrong)[:5]}")


if __name__ == "__main__":
    measured = (*frame.GATEWAY, "benchmarks/load.py", "benchmarks/mqtt_feed.py", "tests/servers/mosquitto.py")
    sys.exit(frame.run("mqtt_ingest", measure, description=__doc__ or "", measures=measured))
