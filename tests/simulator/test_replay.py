from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Callable

import numpy as np
import pytest
from asyncua import Client  # type: ignore[attr-defined]
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ConfigError
from ovoo_simulator.datasets import DataSet, read_dataset
from ovoo_simulator.live import LedgerWriter
from ovoo_simulator.replay import dataset_catalogue, emissions, rebase, run_replay
from ovoo_simulator.serve_mqtt import MqttPublisher, MqttSettings
from ovoo_simulator.serve_opcua import OpcUaServer, namespace_uri, node_name
from ovoo_simulator.times import SECOND_NS

from tests.servers.mosquitto import MosquittoServer
from tests.simulator.opcua_client import Collector
from tests.simulator.test_serve_mqtt import Subscriber

ASSET = AssetAddress("lab", "bench", "water", "loop", "valve1")


def small(rows: int) -> DataSet:
    times = 1_577_836_800 * SECOND_NS + SECOND_NS * np.arange(rows, dtype=np.int64)
    values = np.vstack([0.1 * np.arange(rows), np.where(np.arange(rows) % 7 == 3, np.nan, 1.0 / (1 + np.arange(rows)))])
    return DataSet(("a", "b"), ("bar", "1"), times, values)


def test_each_row_is_an_emission_without_its_empty_fields() -> None:
    parts = list(emissions(small(8)))

    assert [part.time_ns for part in parts] == small(8).time_ns.tolist()
    assert parts[3].signal.tolist() == [0]
    assert parts[4].value.tolist() == [0.4, 0.2]


@pytest.mark.parametrize(("policy", "row"), [("start_now", 0), ("end_now", -1)])
def test_times_shift_as_a_whole(policy: str, row: int) -> None:
    now = 1_800_000_000 * SECOND_NS + 123

    shifted = rebase(small(10), policy, now)  # type: ignore[arg-type]

    assert 0 <= now - shifted.time_ns[row] < SECOND_NS
    assert np.array_equal(np.diff(shifted.time_ns), np.diff(small(10).time_ns))


def test_kept_times_are_untouched() -> None:
    data = small(10)

    assert rebase(data, "keep", 5) is data


def test_catalogue_carries_names_units_and_period() -> None:
    catalogue = dataset_catalogue(small(5), ASSET)

    assert [str(entry.address) for entry in catalogue.entries] == [
        "lab/bench/water/loop/valve1/a",
        "lab/bench/water/loop/valve1/b",
    ]
    assert [entry.unit for entry in catalogue.entries] == ["bar", "1"]
    assert {entry.period_s for entry in catalogue.entries} == {1.0}


@pytest.mark.data
async def test_skab_arrives_over_opcua_exactly_as_in_the_file(
    shared_data: Callable[[str], pathlib.Path], free_port: int, tmp_path: pathlib.Path
) -> None:
    data = read_dataset(shared_data("skab/valve1/0.csv"))
    catalogue = dataset_catalogue(data, ASSET)
    server = OpcUaServer(catalogue, free_port, hold_back=True, finish_s=30.0)
    writer = LedgerWriter(server, tmp_path / "ledger.json")
    task = asyncio.create_task(run_replay(data, server, writer, asyncio.Event(), speed=1000.0, wait=True))
    collector = Collector()
    client = await _connect(server.endpoint)
    async with client:
        names = [node_name(entry) for entry in catalogue.entries]
        await collector.subscribe(client, namespace_uri("bench"), names)
        await collector.wait(data.value.size, 30.0)
        await asyncio.wait_for(task, 30.0)

    assert server.ledger.count == data.value.size
    assert server.ledger.compare(collector.tallies("lab/bench")).exact
    first = [row[1] for row in collector.rows[names[0]]]
    assert first == data.value[0].tolist()


async def _connect(endpoint: str) -> Client:
    """A client for a server that is just starting."""
    async with asyncio.timeout(20):
        while True:
            try:
                async with Client(endpoint):
                    return Client(endpoint)
            except OSError:
                await asyncio.sleep(0.1)


@pytest.mark.server
async def test_a_replay_over_mqtt_is_exact_and_faster_than_real_time(
    mosquitto: MosquittoServer, tmp_path: pathlib.Path
) -> None:
    data = small(300)
    subscriber = Subscriber(mosquitto.port, "bench/#")
    publisher = MqttPublisher(dataset_catalogue(data, ASSET), MqttSettings("127.0.0.1", mosquitto.port))
    writer = LedgerWriter(publisher, tmp_path / "ledger.json")

    await asyncio.wait_for(run_replay(data, publisher, writer, asyncio.Event(), speed=1000.0, wait=True), 15.0)

    async with asyncio.timeout(10):
        while not publisher.ledger.compare(subscriber.tallies("lab")).exact:
            await asyncio.sleep(0.02)
    subscriber.close()
    assert publisher.ledger.count == int((~np.isnan(data.value)).sum())


async def test_speed_out_of_range_is_refused(free_port: int) -> None:
    server = OpcUaServer(dataset_catalogue(small(3), ASSET), free_port)

    with pytest.raises(ConfigError, match="speed"):
        await run_replay(small(3), server, LedgerWriter(server, None), asyncio.Event(), speed=2000.0)
