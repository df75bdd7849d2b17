"""A controller that breaks down above 200 items a call is never asked for more, by no service."""

from __future__ import annotations

import asyncio
import pathlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from ovoo_edge.sources.opcua_browse import browse
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.ua_api import ua

from tests.edge_agent.sources.harness import context, running, until
from tests.edge_agent.sources.opcua_setup import signal_maps, table
from tests.edge_agent.sources.plc_double import BRINK, PlcDouble
from tests.edge_agent.sources.ua_server import UaTestServer

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.server]
NAMES = tuple(f"n{number:03d}" for number in range(450))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plc() -> AsyncIterator[UaTestServer]:
    server = await UaTestServer(NAMES).start()
    await server.historise(*NAMES)
    yield server
    await server.stop()


async def test_no_service_ever_crosses_the_brink_of_an_s7_1200(plc: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with PlcDouble(plc) as double:
        found = [node async for node in browse(OpcUaSettings("plc", plc.endpoint), context(tmp_path))]
        async with running(table(plc.endpoint), signal_maps(*NAMES), tmp_path) as (source, collector):
            await until(lambda: len({row[0] for row in collector.rows()}) == len(NAMES), "all signals", 30.0)
            await plc.drop_subscriptions()
            for step in (1, 2):
                for name in NAMES:
                    await plc.write(name, float(step))
                await asyncio.sleep(0.005)
            await until(lambda: any(gap.outcome == "filled" for gap in source.health().gaps), "filled", 60.0)
            health = source.health()

    assert len(found) >= len(NAMES)
    assert double.triggered == []
    assert all(max(sizes) > 1 for sizes in double.sizes.values()), "every service was used with several items"
    assert health.counters["backfilled"] >= len(NAMES)
    assert health.counters["subscriptions"] >= 2  # a server that is silent for long on a busy machine costs another one


async def test_an_unknown_server_with_the_same_weakness_is_asked_too_much_only_once(
    plc: UaTestServer, tmp_path: pathlib.Path
) -> None:
    async with PlcDouble(plc, product="unknown") as double:
        found = [node async for node in browse(OpcUaSettings("plc", plc.endpoint), context(tmp_path))]

    assert len(found) >= len(NAMES)
    reads = double.sizes["read"]
    assert sum(size > BRINK for size in reads) == 1
    assert reads[-1] <= BRINK


async def test_requests_keep_to_the_rate_that_was_set(plc: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with PlcDouble(plc) as double:
        settings = OpcUaSettings("plc", plc.endpoint, requests_per_s=10)
        before = time.monotonic()
        assert [node async for node in browse(settings, context(tmp_path))]
        seconds = time.monotonic() - before
        calls = sum(len(sizes) for sizes in double.sizes.values())

    assert calls <= 10 + 10 * seconds


async def test_limits_that_a_server_misreports_are_found_out(plc: UaTestServer, tmp_path: pathlib.Path) -> None:
    service = plc.server.iserver.subscription_service
    original = service.create_monitored_items
    sizes: list[int] = []

    async def strict(params: Any) -> Any:
        sizes.append(len(params.ItemsToCreate))
        if sizes[-1] > 30:
            raise ua.UaStatusCodeError(ua.StatusCodes.BadTooManyOperations)
        return await original(params)

    service.create_monitored_items = strict
    try:
        async with running(table(plc.endpoint), signal_maps(*NAMES[:150]), tmp_path) as (source, collector):
            await until(lambda: len({row[0] for row in collector.rows()}) == 150, "all signals")
            assert source.health().counters["connects"] == 1
    finally:
        service.create_monitored_items = original

    assert sum(size > 30 for size in sizes) == 2  # 100, then 50, then never again


async def test_a_hierarchy_of_endless_loops_is_walked_once_and_ends(plc: UaTestServer, tmp_path: pathlib.Path) -> None:
    """Every node has ten children, most of them met before, and one of them its own ancestor: 100,000 nodes in all."""
    nodes = 100_000
    service = plc.server.iserver.view_service
    original = service.browse
    asked = 0

    def references(node_id: Any) -> list[Any]:
        number = node_id.Identifier if node_id.NamespaceIndex == plc.namespace else 0
        found = []
        for child in [*(number * 10 + place for place in range(1, 10)), number // 10, number // 100]:
            reference = ua.ReferenceDescription()
            reference.NodeId = ua.NodeId(child % nodes, plc.namespace)
            reference.ReferenceTypeId = ua.NodeId(ua.ObjectIds.Organizes)
            reference.IsForward = True
            reference.NodeClass = ua.NodeClass.Object
            reference.BrowseName = ua.QualifiedName(f"n{child}", plc.namespace)
            reference.DisplayName = ua.LocalizedText(f"n{child}")
            found.append(reference)
        return found

    def endless(params: Any) -> Any:
        nonlocal asked
        asked += len(params.NodesToBrowse)
        results = []
        for wanted in params.NodesToBrowse:
            result = ua.BrowseResult()
            result.References = references(wanted.NodeId)
            results.append(result)
        return results

    service.browse = endless
    try:
        settings = OpcUaSettings("plc", plc.endpoint, requests_per_s=1000)
        found = [node async for node in browse(settings, context(tmp_path), most_nodes=3000)]
    finally:
        service.browse = original

    assert found == []
    assert asked <= 3000


async def test_a_host_name_that_nobody_can_reach_in_the_servers_endpoints_does_no_harm(tmp_path: pathlib.Path) -> None:
    server = UaTestServer(("a",))

    async def misname(inner: Any) -> None:
        original = inner.iserver.get_endpoints

        async def endpoints(params: Any = None, sockname: Any = None) -> Any:
            found = await original(params, sockname)
            for endpoint in found:
                endpoint.EndpointUrl = "opc.tcp://plc-behind-a-router.invalid:4840"
            return found

        inner.iserver.get_endpoints = endpoints

    await server.start(misname)
    try:
        async with running(table(server.endpoint), signal_maps("a"), tmp_path) as (source, collector):
            await until(lambda: len(collector.rows(0)) > 0, "values over the configured address")
            assert source.health().counters["connects"] == 1
    finally:
        await server.stop()
