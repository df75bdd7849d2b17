"""Values a second through the whole line: replay proxy, gateway, Mosquitto, `ovoo-cloud ingest`, InfluxDB 1.x.

5,000 signals; the full run climbs a ladder of rates, then holds the highest that kept up for 60 s. Beside it the
gateway writing straight to InfluxDB, and InfluxDB itself fed with the same lines by two writers. The count per signal
in the store must equal what the generator sent; otherwise the benchmark fails.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from array import array
from collections.abc import Callable, Sequence
from contextlib import ExitStack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.line_protocol import LineEncoder
from ovoo_contract.samples import SampleBatch

from benchmarks import frame
from benchmarks.load import LoadRun, LoadServer, Measured, load_gateway
from benchmarks.load_server import node_name
from tests.servers.influxdb import InfluxServer
from tests.system.line import Line

NODES = 5000
FLOOR = 120_000
DIRECT_FLOOR = 200_000
LADDER = (80_000, 110_000, 120_000, 150_000, 180_000, 200_000)
BODY_ROWS = 20_000
QUICK_RATE = 24_000


def measure(options: frame.Options, result: frame.Result) -> int:
    """Both ways of the data, then the store alone."""
    fixed = options.arguments.rate
    fixed_direct = options.arguments.direct_rate or fixed
    with tempfile.TemporaryDirectory(prefix="ovoo-pipeline-") as name, ExitStack() as stack:
        runs = _Runs(pathlib.Path(name), stack.enter_context(Line(pathlib.Path(name) / "line")))
        runs.line.ingest.start()
        if options.quick:
            uplink = runs.uplink(fixed or QUICK_RATE, 12)
            direct = runs.direct(fixed_direct or QUICK_RATE, 6)
            limit = limit_db(runs.line.influx, 3)
        else:
            uplink = _climb(runs.uplink, [fixed] if fixed else LADDER, result)
            direct = _climb(runs.direct, [fixed_direct] if fixed_direct else LADDER, result)
            limit = limit_db(runs.line.influx, 20)
    _rows(result, uplink, direct, limit)
    if not options.quick:
        for path, found, floor in (("uplink", uplink, FLOOR), ("direct", direct, DIRECT_FLOOR)):
            word = "met" if found.values_per_s >= 0.995 * floor else "missed on this machine at this time"
            result.notes.append(f"{path}: floor {floor} values/s {word}")
    return 1 if uplink.wrong_signals or direct.wrong_signals else 0


class _Runs:
    """Single runs, each with an enterprise and gateway of its own on one line."""

    def __init__(self, folder: pathlib.Path, line: Line) -> None:
        self.folder = folder
        self.line = line
        self._count = 0

    def uplink(self, rate: float, seconds: float) -> Measured:
        """Through Mosquitto and ingest."""
        sink = f'[[sink]]\nname = "cloud"\ndriver = "mqtt"\nhost = "127.0.0.1"\nport = {self.line.broker.port}\n'
        pids = {
            "cloud": self.line.ingest.pid,
            "broker": self.line.broker.process.pid,
            "influxd": self.line.influx.process.pid,
        }
        return self._run(rate, seconds, sink + 'scope = "site"\n', pids, enrol=True)

    def direct(self, rate: float, seconds: float) -> Measured:
        """Straight to InfluxDB."""
        sink = f'[[sink]]\nname = "historian"\ndriver = "influx"\nurl = "{self.line.influx.url}"\n'
        return self._run(rate, seconds, sink, {"influxd": self.line.influx.process.pid}, enrol=False)

    def _run(self, rate: float, seconds: float, sink: str, pids: dict[str, int], *, enrol: bool) -> Measured:
        self._count += 1
        asset = AssetAddress(f"load{self._count}", "site", "area", "line", "asset")
        if enrol:
            self.line.enrol(f"{asset.enterprise}-gw", asset.enterprise, asset.site)
        server = LoadServer(NODES, rate, seconds)
        gateway = load_gateway(self.folder / asset.enterprise, asset, server.port, NODES, sink)
        try:
            server.wait_ready()
            gateway.start()
            found = LoadRun(self.line.influx, asset, gateway, server, rate, pids).run()
        finally:
            gateway.stop()
            server.stop()
        said = {name: round(cores, 2) for name, cores in found.cpu.items()}
        print(
            f"{'uplink' if enrol else 'direct'} {rate:.0f}/s for {seconds:.0f} s: {found.values_per_s:.0f} values/s, "
            f"drained in {found.drain_s:.1f} s, growth {found.backlog_growth:.0f}/s, CPU {said}, "
            f"generator {found.generator_cpu:.2f}, {found.wrong_signals} signals wrong, holds {found.holds}",
            flush=True,
        )
        return found


def _climb(run: Callable[[float, float], Measured], ladder: Sequence[float], result: frame.Result) -> Measured:
    """The longest run at the highest rate that kept up; steps down when the long run does not."""
    held: list[float] = []
    for rate in ladder:
        if not run(rate, 15).holds:
            break
        held.append(rate)
    held = held or list(ladder[:1])
    while True:
        rate = held.pop()
        found = run(rate, 60)
        if found.holds or not held:
            word = "held" if found.holds else "did not hold by our rule"
            result.notes.append(
                f"60 s at {rate:.0f} values/s {word} (of {[round(each) for each in ladder]}): backlog grew by "
                f"{found.backlog_growth:.0f} samples/s, everything was stored {found.drain_s:.1f} s after the end"
            )
            return found


def limit_db(influx: InfluxServer, seconds: float) -> float:
    """Points a second of InfluxDB alone: the same lines in bodies of the ingest's size, two writers."""
    influx.create("limit")
    asset = AssetAddress("limit", "site", "area", "line", "asset")
    encoder = LineEncoder(Catalogue([SignalEntry(asset.signal(node_name(n)), "kW") for n in range(NODES)]))
    bodies = [encoder.encode(_batch(number)) for number in range(int(seconds * 25))]
    queue, lock, written = iter(bodies), threading.Lock(), [0, 0]
    began = time.monotonic()

    def write(writer: int) -> None:
        while time.monotonic() - began < seconds:
            with lock:
                body = next(queue, None)
            if body is None:
                return
            url = f"{influx.url}/write?db=limit&precision=ns"
            with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=60):
                written[writer] += BODY_ROWS

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(2)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    return sum(written) / (time.monotonic() - began)


def _batch(number: int) -> SampleBatch:
    """Rows as the ingest writes them: all signals, a few samples each, times and values that move on."""
    per_signal = BODY_ROWS // NODES
    signal = np.repeat(np.arange(NODES, dtype=np.uint32), per_signal)
    step = number * per_signal + np.tile(np.arange(per_signal), NODES)
    times = 1_700_000_000_000_000_000 + step * 166_000_000 + signal.astype(np.int64) % 7 * 1_000_000
    values = np.round(10 + (signal.astype(np.int64) * 7919 + step * 31) % 100_000 * 0.013, 3)
    columns = (array("I", signal.tobytes()), array("q", times.tobytes()), array("d", values.tobytes()))
    return SampleBatch(*columns, array("I", bytes(4 * BODY_ROWS)))


def _rows(result: frame.Result, uplink: Measured, direct: Measured, limit: float) -> None:
    result.add("values_per_s", uplink.values_per_s, "values/s")
    result.add("direct_values_per_s", direct.values_per_s, "values/s")
    result.add("limit_db", limit, "values/s")
    result.add("backlog_growth", uplink.backlog_growth, "samples/s")
    result.add("db_share", direct.values_per_s / limit, "of limit_db")
    result.add("uplink_db_share", uplink.values_per_s / limit, "of limit_db")
    result.add("bytes_per_sample", uplink.bytes_per_sample, "bytes/sample")
    result.add("agent_cpu", uplink.cpu["agent"], "cores")
    result.add("cloud_cpu", uplink.cpu["cloud"], "cores")
    if len(uplink.delays_s) > 1:
        cuts = statistics.quantiles(uplink.delays_s, n=100)
        result.add("p50_delay_ms", cuts[49] * 1000, "ms")
        result.add("p99_delay_ms", cuts[98] * 1000, "ms")
    result.add("generator_cpu", uplink.generator_cpu, "cores")
    result.add("broker_cpu", uplink.cpu["broker"], "cores")
    result.add("influxd_cpu", uplink.cpu["influxd"], "cores")
    result.add("direct_agent_cpu", direct.cpu["agent"], "cores")
    result.notes += [
        f"{uplink.sent} values sent, {uplink.wrong_signals} of {NODES} signals with another count in the store",
        f"direct: {direct.sent} values sent, {direct.wrong_signals} signals with another count",
        f"offered {uplink.rate:.0f} and {direct.rate:.0f} values/s; the generator waited {uplink.stalled_s:.2f} s",
        "delay: source time until a query finds the sample, polled every 0.1 s, three signals",
        "limit_db: bodies of 20,000 lines made before, not compressed, as both ways send on loopback; two writers",
    ]


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rate", type=float, default=0.0, help="one rate through the cloud, no ladder")
    parser.add_argument("--direct-rate", type=float, default=0.0, help="one rate straight, no ladder (default: --rate)")


if __name__ == "__main__":
    sys.exit(frame.run("pipeline", measure, description=__doc__ or "", measures=frame.LINE, extra=_options))
