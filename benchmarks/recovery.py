"""How fast a gateway is back after its OPC UA server was, how soon it finds a silent subscription, and whether the
server's history closes every gap: 100 signals, the gateway and the server as processes, the store audited sample by
sample against the server's own history.
"""

from __future__ import annotations

import pathlib
import sys
import tempfile
import time
from contextlib import ExitStack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmarks import frame
from tests.servers.influxdb import InfluxServer
from tests.servers.process import port_answers, wait_until
from tests.servers.ua_history import UaHistoryProcess
from tests.system.gateway import Gateway
from tests.system.history_line import HistoryAudit, audit, history_gateway, source_of, wait_caught_up

NODES = 100
STEP_MS = 1000.0
PUBLISH_S = 0.5
_AWAY_S = 3.0


def measure(options: frame.Options, result: frame.Result) -> int:
    """Outages one after the other on one gateway with default settings, then the audit."""
    repeats = 1 if options.quick else 5
    with tempfile.TemporaryDirectory(prefix="ovoo-recovery-") as name, ExitStack() as stack:
        folder = pathlib.Path(name)
        influx = InfluxServer(folder / "influx")
        influx.start()
        stack.callback(influx.stop)
        server = UaHistoryProcess(folder / "history.db", NODES, STEP_MS)
        stack.callback(server.kill)
        server.start()
        gateway = history_gateway(folder / "gateway", server.endpoint, NODES, influx)
        stack.callback(gateway.stop)
        gateway.start()
        _await_sample(gateway, time.time_ns())
        back = [_restart(gateway, server) for _ in range(repeats)]
        silent = [_mute(gateway, server) for _ in range(repeats)]
        _own_downtime(gateway, server)
        found, filled = _audited(gateway, server, influx)
    result.add_repeats("server_back_s", back, "s")
    result.add_repeats("silent_found_intervals", silent, "publish intervals")
    result.add("backfill_complete", 1.0 if found.complete else 0.0, "0/1")
    result.add("backfilled", filled, "samples")
    result.notes += [
        f"{NODES} signals at 1 Hz, default settings: publishing every {PUBLISH_S} s, keep-alive 1 s",
        "server_back_s: killed, 3 s away, port answers again until the first good value is with the gateway",
        "silent: the server keeps the subscription and publishes nothing; until the gateway gives it up",
        f"audit: {found.kept} samples in the server's history, {len(found.lost)} not stored, "
        f"{len(found.foreign)} stored beyond them",
    ]
    return 0 if found.complete else 1


def _await_sample(gateway: Gateway, after_ns: int) -> float:
    """Monotonic time at which a live value was received later than `after_ns`."""
    wait_until(
        lambda: source_of(gateway)["last_sample_ns"] > after_ns, timeout_s=60, step_s=0.02, what="a value comes in"
    )
    return time.monotonic()


def _restart(gateway: Gateway, server: UaHistoryProcess) -> float:
    server.kill()
    killed_ns = time.time_ns()
    time.sleep(_AWAY_S)
    server.launch()
    wait_until(lambda: port_answers(server.port), timeout_s=60, step_s=0.005, what="the server is back")
    began = time.monotonic()
    seconds = _await_sample(gateway, killed_ns) - began
    server.wait_ready()
    return seconds


def _mute(gateway: Gateway, server: UaHistoryProcess) -> float:
    failures = _failures(gateway)
    _await_sample(gateway, time.time_ns())
    server.tell("mute")
    began = time.monotonic()
    wait_until(lambda: _failures(gateway) > failures, timeout_s=60, step_s=0.01, what="silence is noticed")
    intervals = (time.monotonic() - began) / PUBLISH_S
    _await_sample(gateway, time.time_ns())
    return intervals


def _failures(gateway: Gateway) -> int:
    return int(source_of(gateway)["counters"].get("connection_failures", 0))


def _own_downtime(gateway: Gateway, server: UaHistoryProcess) -> None:
    """The gateway is killed and the server forgets its subscription meanwhile."""
    gateway.kill()
    server.tell("drop")
    time.sleep(_AWAY_S)
    gateway.start()
    _await_sample(gateway, time.time_ns())


def _audited(gateway: Gateway, server: UaHistoryProcess, influx: InfluxServer) -> tuple[HistoryAudit, int]:
    server.tell("pause")
    wait_until(
        lambda: source_of(gateway)["counters"]["backfill_pending"] == 0, timeout_s=60, step_s=0.1, what="history read"
    )
    wait_caught_up(server, influx, NODES)
    gateway.wait_drained()
    return audit(server, influx, NODES), int(source_of(gateway)["counters"].get("backfilled", 0))


if __name__ == "__main__":
    sys.exit(frame.run("recovery", measure, description=__doc__ or "", measures=frame.GATEWAY))
