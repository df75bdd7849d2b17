"""One run of the load generator against one gateway, watched and audited."""

from __future__ import annotations

import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ovoo_contract.address import AssetAddress
from ovoo_contract.schema import database_name

from benchmarks.load_server import NAMESPACE, node_name
from tests.servers.influxdb import InfluxServer
from tests.servers.process import free_port, port_answers, wait_until
from tests.system.gateway import Gateway

__all__ = ["LoadRun", "LoadServer", "Measured", "cpu_seconds", "load_gateway"]

_POLL_S = 0.1
_PROBED = (0, 1, 2)
_TICKS = os.sysconf("SC_CLK_TCK")


class LoadServer:
    """`load_server.py` as a child; `wait_subscribed`, `go`, `audit`, `stop` in this order."""

    def __init__(self, nodes: int, rate: float, seconds: float, open_limit: int = 64, *, at_once: bool = False) -> None:
        self.port = free_port()
        script = pathlib.Path(__file__).parent / "load_server.py"
        options = ["--port", str(self.port), "--upstream-port", str(free_port()), "--nodes", str(nodes)]
        options += ["--rate", str(rate), "--seconds", str(seconds), "--open-limit", str(open_limit)]
        options += ["--at-once"] if at_once else []
        self._process = subprocess.Popen(
            [sys.executable, str(script), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def wait_ready(self) -> None:
        """Waits until the server can be connected to."""
        wait_until(lambda: port_answers(self.port), timeout_s=60, step_s=0.1, what="the load server")

    def wait_subscribed(self) -> None:
        """Waits until a client monitors all nodes."""
        self._line()

    def go(self) -> None:
        """Starts the feed."""
        self._tell()

    def audit(self) -> dict[str, Any]:
        """Waits for the end of the feed; what was sent."""
        return self._line()

    def stop(self) -> None:
        """Ends it."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.communicate(timeout=20)

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        text = self._process.stdout.readline()
        if not text:
            raise RuntimeError("the load generator ended early")
        document: dict[str, Any] = json.loads(text)
        return document

    def _tell(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()


def load_gateway(folder: pathlib.Path, asset: AssetAddress, port: int, nodes: int, sink: str) -> Gateway:
    """A gateway that monitors all nodes of a load server; `sink` is the text of its [[sink]] tables."""
    folder.mkdir(parents=True)
    health = free_port()
    (folder / "agent.toml").write_text(
        f'[gateway]\nid = "{asset.enterprise}-gw"\nenterprise = "{asset.enterprise}"\nsite = "{asset.site}"\n'
        f'state_dir = "state"\nsignals = ["signals.csv"]\n[health]\nlisten = "127.0.0.1:{health}"\n'
        f'[[source]]\nname = "load"\ndriver = "opcua"\nendpoint = "opc.tcp://127.0.0.1:{port}/load"\n{sink}',
        encoding="utf-8",
    )
    with (folder / "signals.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("address", "unit", "source", "reference"))
        for number in range(nodes):
            name = node_name(number)
            writer.writerow((str(asset.signal(name)), "kW", "load", f"nsu={NAMESPACE};s={name}"))
    return Gateway(folder, health)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@dataclass(slots=True)
class Measured:
    """What one run showed; CPU in cores over the time of the feed."""

    rate: float
    sent: int
    seconds: float
    drain_s: float
    backlog_growth: float
    generator_cpu: float
    stalled_s: float
    cpu: dict[str, float]
    bytes_per_sample: float
    delays_s: list[float]
    wrong_signals: int

    @property
    def values_per_s(self) -> float:
        """Values a second from the start of the feed until the last one was stored."""
        return self.sent / (self.seconds + max(self.drain_s - 1.0, 0.0))

    @property
    def holds(self) -> bool:
        """Whether the line kept up: everything due was sent and the backlog did not grow."""
        kept_up = self.sent >= 0.97 * self.rate * self.seconds
        # a message waits up to half a second for company: less than a second's worth over the run is no growth
        steady = self.backlog_growth * self.seconds < self.rate
        return kept_up and steady and self.drain_s < 3.0 and not self.wrong_signals


@dataclass(slots=True)
class LoadRun:
    """Drives one run: generator, gateway, store.

    Args:
        processes: name to process id of everything whose CPU counts; the gateway is added.
    """

    influx: InfluxServer
    asset: AssetAddress
    gateway: Gateway
    server: LoadServer
    rate: float
    processes: Mapping[str, int]
    _backlog: list[tuple[float, float]] = field(default_factory=list)
    _delays: list[float] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Measured:
        """Feeds, watches, waits for the last value and counts what is in the store."""
        self.server.wait_subscribed()
        pids = {**self.processes, "agent": self.gateway.process.pid}
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        watchers = [threading.Thread(target=self._watch_backlog), threading.Thread(target=self._watch_delays)]
        began_ns = time.time_ns()
        self.server.go()
        for watcher in watchers:
            watcher.start()
        audit = self.server.audit()
        fed = time.monotonic()
        used = {name: (cpu_seconds(pid) - before[name]) / audit["seconds"] for name, pid in pids.items()}
        self.gateway.wait_drained(180)
        drain_s = time.monotonic() - fed
        self._stop.set()
        for watcher in watchers:
            watcher.join()
        sent: dict[str, int] = audit["sent"]
        return Measured(
            self.rate,
            sum(sent.values()),
            audit["seconds"],
            drain_s,
            self._growth(audit["seconds"]),
            audit["cpu"],
            audit["stalled_s"],
            used,
            self._bytes_per_sample(sum(sent.values())),
            self._delays,
            self._wrong(sent, began_ns),
        )

    def _wrong(self, sent: Mapping[str, int], began_ns: int) -> int:
        """Signals whose count in the store is not what the generator sent."""
        query = f'SELECT count(value) FROM telemetry WHERE time > {began_ns - 10**10} GROUP BY "signal"'
        rows = self.influx.query(database_name(self.asset.enterprise), query)
        stored: dict[str, int] = {row["signal"]: int(row["count"]) for row in rows}
        return sum(stored.get(name, 0) != count for name, count in sent.items()) + len(stored.keys() - sent.keys())

    def _bytes_per_sample(self, samples: int) -> float:
        total = 0
        for sink in self.gateway.ask("/health")["sinks"]:
            total += int(sink["counters"].get("bytes", 0))
        return total / samples if samples else 0.0

    def _growth(self, seconds: float) -> float:
        """Undelivered samples in the last third of the feed against the middle one, by medians, samples/s.

        Medians, because the backlog is a saw: a message waits for company and then leaves at once.
        """
        third = seconds / 3
        middle = [size for at, size in self._backlog if third <= at < 2 * third]
        last = [size for at, size in self._backlog if 2 * third <= at <= seconds]
        if not middle or not last:
            return 0.0
        return (statistics.median(last) - statistics.median(middle)) / third

    def _watch_backlog(self) -> None:
        began = time.monotonic()
        while not self._stop.wait(0.2):
            state = self.gateway.ask("/health")
            received = state["pipeline"]["counters"].get("received", 0)
            per_row = received / max(state["spool"]["next_seq"], 1)
            rows = sum(state["spool"]["backlog_rows"].values())
            self._backlog.append((time.monotonic() - began, rows * per_row))

    def _watch_delays(self) -> None:
        """Time from a sample's source time until a query finds it, for some signals; at most 0.1 s too long."""
        database = database_name(self.asset.enterprise)
        newest = dict.fromkeys(_PROBED, time.time_ns())
        while not self._stop.wait(_POLL_S):
            for number in _PROBED:
                where = f"\"signal\" = '{node_name(number)}' AND time > {newest[number]}"
                try:
                    rows = self.influx.query(database, f"SELECT value FROM telemetry WHERE {where}")
                except ValueError:
                    continue  # the first delivery creates the database
                now_ns = time.time_ns()
                self._delays += [(now_ns - row["time"]) / 1e9 for row in rows]
                if rows:
                    newest[number] = rows[-1]["time"]
