"""A link or server that fails loses nothing in silence."""

from __future__ import annotations

import asyncio
import pathlib

import pytest

from tests.edge_agent.sources.harness import running, until
from tests.edge_agent.sources.opcua_setup import signal_maps, table
from tests.edge_agent.sources.ua_server import UaTestServer
from tests.servers.fault_proxy import FaultProxy

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.server]


async def test_cut_link_loses_nothing(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    with FaultProxy(plant.port) as proxy:
        endpoint = f"opc.tcp://127.0.0.1:{proxy.port}"
        async with running(table(endpoint), signal_maps("a"), tmp_path) as (source, collector):
            await until(lambda: source.health().state == "running", "connected")
            for number in range(1, 61):
                await plant.write("a", float(number))
                await asyncio.sleep(0.01)
                if number % 20 == 0:
                    proxy.cut()
            await until(lambda: 60.0 in collector.values(0), "last value")
            await until(lambda: not plant.unacknowledged(), "acknowledged")

    assert sorted(set(collector.values(0)))[1:] == [float(number) for number in range(1, 61)]
    health = source.health()
    assert health.counters["resumed_subscriptions"] >= 3
    assert health.counters["subscriptions"] == 1
    assert health.gaps == ()


@pytest.mark.parametrize("fault", ["stall", "half_open"])
async def test_silent_link_is_noticed_by_the_missing_keep_alive(
    plant: UaTestServer, tmp_path: pathlib.Path, fault: str
) -> None:
    with FaultProxy(plant.port) as proxy:
        endpoint = f"opc.tcp://127.0.0.1:{proxy.port}"
        async with running(table(endpoint), signal_maps("a"), tmp_path) as (source, collector):
            await until(lambda: source.health().state == "running", "connected")

            getattr(proxy, fault)()
            await until(
                lambda: "silent" in source.health().detail or source.health().counters["connects"] > 1, "noticed", 4.0
            )
            proxy.resume()
            await plant.write("a", 5.0)
            await until(lambda: 5.0 in collector.values(0), "value after the fault")
            assert source.health().counters["connects"] > 1


async def test_server_restart_with_other_namespace_order_is_survived(tmp_path: pathlib.Path) -> None:
    first = await UaTestServer().start()
    async with running(table(first.endpoint), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: len(collector.rows(0)) > 0, "first values")
        await first.stop()
        second = await UaTestServer(port=first.port, before=("urn:new:one", "urn:new:two")).start()
        try:
            await until(
                lambda: source.health().counters["connects"] >= 2 and source.health().state == "running", "back"
            )
            await second.write("a", 9.0)
            await until(lambda: 9.0 in collector.values(0), "value of the restarted server")
            assert second.namespace != first.namespace
            assert source.health().gaps[-1].cause == "subscription lost at the server"
        finally:
            await second.stop()


async def test_messages_the_server_no_longer_holds_are_listed_as_a_gap(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    with FaultProxy(plant.port) as proxy:
        endpoint = f"opc.tcp://127.0.0.1:{proxy.port}"
        async with running(table(endpoint), signal_maps("a"), tmp_path) as (source, collector):
            await until(lambda: source.health().state == "running", "connected")
            proxy.stall()
            for number in (1, 2):
                await plant.write("a", float(number))
                await asyncio.sleep(0.1)
            assert len(plant.unacknowledged()) >= 2
            for subscription in plant.subscriptions.values():
                subscription._not_acknowledged_results.clear()
            proxy.cut()
            proxy.resume()
            await plant.write("a", 3.0)
            await until(lambda: 3.0 in collector.values(0), "flowing again")
            await until(lambda: bool(source.health().gaps), "gap listed")

    health = source.health()
    assert health.gaps[0].messages == health.counters["lost_messages"] >= 2
    assert health.gaps[0].start_ns < health.gaps[0].end_ns
    assert 1.0 not in collector.values(0)


async def test_wrong_endpoint_is_named_with_a_remedy(free_port: int, tmp_path: pathlib.Path) -> None:
    endpoint = f"opc.tcp://127.0.0.1:{free_port}"
    async with running(table(endpoint), signal_maps("a"), tmp_path) as (source, _):
        await until(lambda: source.health().counters.get("connection_failures", 0) >= 2, "tried again")
        problem = source.health().problems[0]

    assert problem.offender == endpoint
    assert "no connection" in problem.status
    assert "address" in problem.remedy
