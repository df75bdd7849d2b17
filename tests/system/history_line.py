"""A gateway between an OPC UA server with history and InfluxDB, and the audit of what arrived."""

from __future__ import annotations

import csv
import pathlib
from collections import Counter
from typing import Any

from ovoo_contract.address import Address

from tests.servers.influxdb import InfluxServer
from tests.servers.process import free_port, wait_until
from tests.servers.ua_history import UaHistoryProcess, reference
from tests.system.gateway import Gateway
from tests.system.readback import read_signal

__all__ = ["HistoryAudit", "audit", "history_gateway", "signal_address", "source_of", "wait_caught_up"]

_ENTERPRISE = "hist"


class HistoryAudit:
    """What became of the samples that the server's history holds since the first one stored."""

    def __init__(self) -> None:
        self.kept = 0
        self.lost: list[tuple[int, int, float]] = []
        self.foreign: list[tuple[int, int, float]] = []

    @property
    def complete(self) -> bool:
        """Everything is there, once, and nothing else."""
        return self.kept > 0 and not self.lost and not self.foreign


def signal_address(number: int) -> str:
    """Address of a node's signal."""
    return f"{_ENTERPRISE}/site/area/line/m{number // 50}/s{number % 50}"


def history_gateway(folder: pathlib.Path, endpoint: str, nodes: int, influx: InfluxServer, **source: Any) -> Gateway:
    """A gateway that monitors all nodes and writes straight to InfluxDB.

    Args:
        folder: for its files.
        endpoint: of the server, or of a proxy before it.
        nodes: how many.
        influx: the store.
        source: more keys of its [[source]] table, as TOML texts.
    """
    folder.mkdir(parents=True)
    health = free_port()
    keys = "".join(f"{key} = {value}\n" for key, value in source.items())
    (folder / "agent.toml").write_text(
        f'[gateway]\nid = "hist-gw"\nenterprise = "{_ENTERPRISE}"\nsite = "site"\nstate_dir = "state"\n'
        f'signals = ["signals.csv"]\n[health]\nlisten = "127.0.0.1:{health}"\n'
        f'[[source]]\nname = "plc"\ndriver = "opcua"\nendpoint = "{endpoint}"\n{keys}'
        f'[[sink]]\nname = "historian"\ndriver = "influx"\nurl = "{influx.url}"\n',
        encoding="utf-8",
    )
    with (folder / "signals.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("address", "unit", "source", "reference"))
        writer.writerows((signal_address(number), "kW", "plc", reference(number)) for number in range(nodes))
    return Gateway(folder, health)


def source_of(gateway: Gateway) -> dict[str, Any]:
    """The health of its only source."""
    health: dict[str, Any] = gateway.ask("/health")["sources"][0]
    return health


def audit(server: UaHistoryProcess, influx: InfluxServer, nodes: int) -> HistoryAudit:
    """Compares the store with the server's history, sample by sample."""
    found = HistoryAudit()
    for number in range(nodes):
        samples = read_signal(influx, Address.parse(signal_address(number)))
        stored = Counter(zip(samples.time_ns.tolist(), samples.value.tolist(), strict=True))
        first = int(samples.time_ns[0]) if len(samples.time_ns) else 0
        kept = Counter(row for row in server.kept(number) if row[0] >= first)
        found.kept += len(kept)
        found.lost += [(number, *row) for row in (kept - stored)]
        found.foreign += [(number, *row) for row in (stored - kept)]
    return found


def wait_caught_up(server: UaHistoryProcess, influx: InfluxServer, nodes: int) -> None:
    """Waits until every node's last value is in the store.

    A paused server still publishes what it holds for the next interval, so an empty spool alone does not tell that
    everything came.
    """
    behind = set(range(nodes))

    def last_is_stored(number: int) -> bool:
        samples = read_signal(influx, Address.parse(signal_address(number)))
        return len(samples.time_ns) > 0 and int(samples.time_ns[-1]) == server.kept(number)[-1][0]

    def caught_up() -> bool:
        behind.difference_update([number for number in behind if last_is_stored(number)])
        return not behind

    wait_until(caught_up, timeout_s=60, step_s=0.2, what=f"the last values of {nodes} nodes are stored")
