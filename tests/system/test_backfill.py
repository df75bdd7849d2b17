"""After every kind of outage the store holds the server's whole history, each sample once."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.servers.fault_proxy import FaultProxy
from tests.servers.influxdb import InfluxServer
from tests.servers.process import wait_until
from tests.servers.ua_history import UaHistoryProcess
from tests.system.gateway import Gateway
from tests.system.history_line import audit, history_gateway, source_of, wait_caught_up

pytestmark = [pytest.mark.system, pytest.mark.server, pytest.mark.timeout(400)]

NODES = 20
OUTAGE_S = 2.5


class World:
    """Server, link, gateway and store."""

    def __init__(self, folder: pathlib.Path, stack: ExitStack) -> None:
        self.influx = InfluxServer(folder / "influx")
        self.influx.start()
        stack.callback(self.influx.stop)
        self.server = UaHistoryProcess(folder / "history.db", NODES, 100.0)
        stack.callback(self.server.kill)
        self.server.start()
        self.link = stack.enter_context(FaultProxy(self.server.port))
        endpoint = f"opc.tcp://127.0.0.1:{self.link.port}/history"
        self.gateway: Gateway = history_gateway(folder / "gateway", endpoint, NODES, self.influx, reconnect_max_s=2)
        stack.callback(self.gateway.stop)

    def flows(self) -> None:
        """Waits until live values came in, over the subscription, that are younger than this call."""
        asked_ns = time.time_ns()

        def fresh() -> bool:
            source = source_of(self.gateway)
            running: bool = source["state"] == "running" and source["last_sample_ns"] > asked_ns + 1_000_000_000
            return running

        wait_until(fresh, timeout_s=60, step_s=0.1, what="values flow")

    def settled(self) -> bool:
        """Nothing is to be read any more and the source runs."""
        source = source_of(self.gateway)
        pending: int = source["counters"]["backfill_pending"]
        return pending == 0 and source["state"] == "running"


@pytest.fixture
def world(tmp_path: pathlib.Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(tmp_path, stack)


def test_kills_of_gateway_and_server_and_a_cut_link_leave_no_hole_in_the_store(world: World) -> None:
    world.gateway.start()
    world.flows()

    world.gateway.kill()
    world.server.tell("drop")  # what the server held for the gateway is gone: only its history knows
    time.sleep(OUTAGE_S)
    world.gateway.start()
    world.flows()

    world.server.kill()
    world.server.start()
    world.flows()

    world.link.refuse()
    world.server.tell("drop")
    time.sleep(OUTAGE_S)
    world.link.refuse(False)
    world.flows()

    world.server.tell("mute")
    world.flows()

    world.server.tell("pause")
    wait_until(world.settled, timeout_s=60, what="history read")
    wait_caught_up(world.server, world.influx, NODES)
    world.gateway.wait_drained()
    found = audit(world.server, world.influx, NODES)
    source = source_of(world.gateway)

    assert found.kept > 30 * NODES
    assert found.lost == []
    assert found.foreign == []
    assert source["counters"]["backfilled"] > 20 * NODES
    assert source["counters"]["subscriptions_lost"] >= 3
    assert len(source["gaps"]) >= 4
    assert {gap["outcome"] for gap in source["gaps"]} == {"filled"}
