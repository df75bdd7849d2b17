"""Seconds to browse a server of 10,000 variables into a signal list, and to subscribe to all of them.

The server is a real asyncua server in a process of its own; the gateway keeps to its default load budget.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_edge.mapping import SIGNAL_COLUMNS, read_table

from benchmarks import frame
from tests.servers.influxdb import InfluxServer
from tests.servers.process import wait_until
from tests.servers.ua_history import UaHistoryProcess
from tests.system.history_line import history_gateway, source_of

NODES = 10_000
LIMIT_S = 20.0


def measure(options: frame.Options, result: frame.Result) -> int:
    """Each repeat browses with the command line, then starts a gateway on an empty folder."""
    repeats = 1 if options.quick else 5
    browsed: list[float] = []
    subscribed: list[float] = []
    requests: list[float] = []
    with tempfile.TemporaryDirectory(prefix="ovoo-subscribe-") as name, ExitStack() as stack:
        folder = pathlib.Path(name)
        influx = InfluxServer(folder / "influx")
        influx.start()
        stack.callback(influx.stop)
        server = UaHistoryProcess(folder / "history.db", NODES, 0.0, historised=0)
        stack.callback(server.kill)
        server.start()
        for number in range(repeats):
            seconds, sent = _subscribe(folder / f"gateway{number}", server, influx)
            subscribed.append(seconds)
            requests.append(sent)
            browsed.append(_browse(folder / f"gateway{number}"))
    result.add_repeats("browse_s", browsed, "s")
    result.add_repeats("subscribe_10k_s", subscribed, "s")
    result.add_repeats("requests", requests, "service calls")
    total = max(browsed) + max(subscribed)
    result.notes += [
        f"{NODES} variables in folders of 100; browse_s: process start to the written list, names in two languages, "
        "types, access and current values of all",
        "subscribe_10k_s: process start to the first value of every signal in the intake",
        f"slowest browse and slowest subscription together {total:.1f} s, limit {LIMIT_S:.0f} s; "
        "at most 40 requests a second and 500 items a call",
    ]
    return 1 if total > LIMIT_S else 0


def _browse(folder: pathlib.Path) -> float:
    target = folder / "nodes.xlsx"
    command = [sys.executable, "-m", "ovoo_edge", "browse", "--config", str(folder / "agent.toml")]
    began = time.monotonic()
    subprocess.run([*command, "--output", str(target), "plc"], check=True, capture_output=True)
    seconds = time.monotonic() - began
    own = [
        fields for _, fields in read_table(target, SIGNAL_COLUMNS, ("address",), {}) if "nsu=" in fields["reference"]
    ]
    if len(own) != NODES:
        raise RuntimeError(f"{len(own)} of {NODES} variables were listed")
    return seconds


def _subscribe(folder: pathlib.Path, server: UaHistoryProcess, influx: InfluxServer) -> tuple[float, float]:
    gateway = history_gateway(folder, server.endpoint, NODES, influx)
    began = time.monotonic()
    try:
        gateway.start()
        wait_until(lambda: gateway.received() >= NODES, timeout_s=120, step_s=0.05, what="a value of every signal")
        return time.monotonic() - began, float(source_of(gateway)["counters"]["requests"])
    finally:
        gateway.stop()


if __name__ == "__main__":
    sys.exit(frame.run("subscribe", measure, description=__doc__ or "", measures=frame.GATEWAY))
