"""A spool that overflowed under every policy, delivered to real servers: received = stored + lost in each cell."""

from __future__ import annotations

import asyncio
import math
import pathlib
import time
from array import array
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from ovoo_contract.catalogue import Catalogue, class_rank
from ovoo_contract.samples import SampleBatch
from ovoo_edge.sinks.registry import create_sink
from ovoo_edge.sinks.settings import InfluxSinkSettings, MqttSinkSettings, SinkSettings
from ovoo_edge.spool_policy import SpoolPolicy
from ovoo_edge.spool_rows import Group
from ovoo_edge.spool_service import SpoolReader, SpoolService

from tests.edge_agent.sinks.harness import context_of
from tests.edge_agent.support import HOUR, SECOND, CloudDouble, group_of, make_catalogue, open_spool
from tests.servers.influxdb import InfluxServer
from tests.servers.mosquitto import MosquittoServer

pytestmark = pytest.mark.server
CATALOGUE: Catalogue = make_catalogue(300, ("general", "important", "core"))
POLICY = SpoolPolicy(("drop_newest", "thin", "drop_oldest"))
SECONDS = 2400


def committed_group(second: int, start_ns: int) -> Group:
    """Ten seconds of every signal, a row of each class and second, with their counts."""
    group = Group()
    for step in range(second, second + 10):
        time_ns = start_ns + step * SECOND
        for rank in range(3):
            members = [index for index, entry in enumerate(CATALOGUE.entries) if class_rank(entry.data_class) == rank]
            values = [math.sin(step / 7 + index) * 1e4 for index in members]
            batch = SampleBatch(
                array("I", members),
                array("q", [time_ns] * len(members)),
                array("d", values),
                array("I", bytes(4 * len(members))),
            )
            group.rows += group_of(CATALOGUE, batch, rank=rank).rows
            group.count(time_ns // HOUR, "received", CATALOGUE.id, dict.fromkeys(members, 1))
    return group


@asynccontextmanager
async def delivering(settings: SinkSettings, reader: SpoolReader) -> AsyncIterator[None]:
    task = asyncio.create_task(create_sink(settings, context_of(asyncio.Event(), CATALOGUE)).run(reader))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def emptied(reader: SpoolReader) -> None:
    deadline = time.monotonic() + 60
    while await reader.pending(1):
        assert time.monotonic() < deadline, f"{reader.sink} did not empty"
        await asyncio.sleep(0.02)


async def test_what_overflowed_balances_in_every_cell_at_every_sink(
    mosquitto: MosquittoServer, influxdb: InfluxServer, influx_database: str, tmp_path: pathlib.Path
) -> None:
    cloud = CloudDouble(mosquitto.port)
    start_ns = time.time_ns() // HOUR * HOUR - HOUR - SECONDS // 2 * SECOND
    uplink = MqttSinkSettings("cloud", "127.0.0.1", mosquitto.port, scope="site", max_class="core", linger_ms=20)
    historian = InfluxSinkSettings("historian", influxdb.url, influx_database, scope="site", max_class="core")
    sinks = (uplink.name, historian.name)
    service = SpoolService(
        lambda damage: open_spool(tmp_path, sinks=sinks, budget_mib=4, policy=POLICY, clock=time.time_ns, damage=damage)
    )
    try:
        async with service as spool:
            await spool.add_catalogue(CATALOGUE)
            for second in range(0, SECONDS, 10):
                await spool.commit(committed_group(second, start_ns))
                if second == 600:
                    # one sink was up for a while: its part of the losses is smaller
                    async with delivering(historian, spool.reader("historian")):
                        await emptied(spool.reader("historian"))
            async with delivering(uplink, spool.reader("cloud")), delivering(historian, spool.reader("historian")):
                await emptied(spool.reader("cloud"))
                await emptied(spool.reader("historian"))
            received = {
                (str(CATALOGUE.entries[row.signal].address), row.hour): row.received
                for row in await spool.ledger(0, 1 << 40)
            }
            lost: dict[str, Counter[tuple[str, int]]] = {sink: Counter() for sink in sinks}
            causes: Counter[str] = Counter()
            for row in await spool.lost(0, 1 << 40):
                lost[row.sink][row.address, row.hour] += row.count
                causes[row.cause] += row.count
                assert row.hour * HOUR <= row.from_ns <= row.to_ns < (row.hour + 1) * HOUR
    finally:
        cloud.close()

    assert sum(received.values()) == 300 * SECONDS
    assert set(causes) == {"spool_full", "spool_full_newest", "spool_full_thinned"}
    assert 0 < lost["historian"].total() < lost["cloud"].total()
    entries = CATALOGUE.entries
    told = {(str(entries[signal].address), time_ns) for signal, time_ns, _ in cloud.rows}
    rows = await asyncio.to_thread(influxdb.query, influx_database, "SELECT value, signal FROM telemetry")
    written = {(f"ent/site/area/line/asset/{row['signal']}", row["time"]) for row in rows}
    for sink, stored in (("cloud", told), ("historian", written)):
        cells = Counter((address, time_ns // HOUR) for address, time_ns in stored)
        assert {cell: cells[cell] + lost[sink][cell] for cell in received} == received, sink
    assert len(told) == len(cloud.rows)
