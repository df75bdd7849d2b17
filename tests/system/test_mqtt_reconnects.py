"""Links that break again and again between publisher, broker and gateway: afterwards everything flows."""

from __future__ import annotations

import asyncio
import pathlib
import random

import pytest
from ovoo_edge.sources.base import SignalMap
from ovoo_simulator.live import Feed
from ovoo_simulator.plants import create_plant
from ovoo_simulator.serve_mqtt import MqttPublisher, MqttSettings
from ovoo_simulator.times import SECOND_NS, local_midnight_ns

from tests.edge_agent.sources.harness import running, until
from tests.servers.fault_proxy import FaultProxy
from tests.servers.mosquitto import MosquittoServer

pytestmark = [pytest.mark.system, pytest.mark.server, pytest.mark.timeout(300)]

ORIGIN_NS = local_midnight_ns(1_795_392_000 * SECOND_NS)
ROUNDS = 14


async def test_a_storm_of_faults_stalls_neither_publisher_nor_source(
    mosquitto: MosquittoServer, tmp_path: pathlib.Path
) -> None:
    rng = random.Random(5)
    plant = create_plant("dairy", seed=3, origin_ns=ORIGIN_NS)
    feed = Feed(plant, tuple)
    signals = [SignalMap(index, str(entry.address)) for index, entry in enumerate(plant.catalogue.entries)]
    with FaultProxy(mosquitto.port) as up, FaultProxy(mosquitto.port) as down:
        table = {
            "name": "plant",
            "driver": "mqtt",
            "host": "127.0.0.1",
            "port": down.port,
            "topic_template": "{site}/{area}/{line}/{asset}",
            "address": {"enterprise": "xilin-dairy"},
            "reconnect_max_s": 1,
            "keep_alive_s": 5,
            "max_in_flight": 20,
        }
        publisher = MqttPublisher(plant.catalogue, MqttSettings("127.0.0.1", up.port))
        await publisher.start()
        async with running(table, signals, tmp_path) as (source, collector):
            await publisher.ready(feed.at(ORIGIN_NS))
            for second in range(1, ROUNDS + 1):
                await _break(rng.choice((up, down)), rng)
                for step in range(20):
                    await publisher.emit(feed.at(ORIGIN_NS + (20 * second + step) * SECOND_NS))
                await asyncio.sleep(rng.uniform(0.0, 0.4))
            for proxy in (up, down):
                proxy.resume()

            await asyncio.wait_for(publisher._idle.wait(), 60)
            want = publisher.ledger.count
            await until(lambda: len({row[:2] for row in collector.rows()}) == want, "every sample", 60)
            await until(lambda: source.health().counters["uncommitted_messages"] == 0, "all acknowledged", 30)
        await publisher.stop()


async def _break(proxy: FaultProxy, rng: random.Random) -> None:
    fault = rng.choice(("cut", "cut", "half_open", "stall", "refuse"))
    if fault == "stall":
        proxy.stall()
        await asyncio.sleep(rng.uniform(0.1, 1.0))
        proxy.cut()
        proxy.resume()
    elif fault == "refuse":
        proxy.refuse()
        await asyncio.sleep(rng.uniform(0.1, 1.5))
        proxy.refuse(False)
    else:
        getattr(proxy, fault)()
