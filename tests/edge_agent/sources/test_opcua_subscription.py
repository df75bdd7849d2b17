"""Subscriptions and their items at a real OPC UA server: made piece by piece, within its limits, made again."""

from __future__ import annotations

import asyncio
import pathlib
from typing import Any

import pytest
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.ua_api import ua

from tests.edge_agent.sources.harness import address, running, until
from tests.edge_agent.sources.opcua_setup import signal_maps, table
from tests.edge_agent.sources.ua_server import UaTestServer, node

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.server]


async def test_first_items_are_heard_while_the_others_are_still_being_created(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    names = ("a", "b", "c")
    slowly = table(plant.endpoint, max_items_per_call=1, requests_per_s=2.0)
    async with running(slowly, signal_maps(*names), tmp_path, hold=True) as (source, collector):
        await until(lambda: len(collector.chunks) > 0, "the first item's value")
        counters = source.health().counters
        assert counters.get("subscriptions", 0) == 0
        assert source.health().state == "connecting"
        assert len(plant.unacknowledged()) > 0

        collector.hold = False
        collector.commit()
        await until(lambda: source.health().state == "running", "every item created")
        await until(lambda: all(collector.values(index) for index in range(3)), "values of all")
        assert source.health().counters["subscriptions"] == 1
        assert source.health().counters.get("subscriptions_lost", 0) == 0
        await until(lambda: not plant.unacknowledged(), "acknowledged")


async def test_bad_node_is_reported_and_good_ones_flow(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    signals = signal_maps("a")
    for index, reference in enumerate([node("absent"), "nsu=urn:none;s=y", "rubbish"], start=1):
        signals.append(SignalMap(index, address(f"x{index}"), reference))

    async with running(table(plant.endpoint), signals, tmp_path) as (source, collector):
        await until(lambda: len(collector.rows(0)) > 0, "the good one")
        health = source.health()
        assert health.state == "degraded"
        assert [problem.offender for problem in health.problems] == [node("absent"), "nsu=urn:none;s=y", "rubbish"]
        assert health.problems[0].status == "BadNodeIdUnknown"
        assert "browse" in health.problems[0].remedy

        await plant.add("absent")
        await until(lambda: len(collector.rows(1)) > 0, "the node that appeared later")
        assert len(source.health().problems) == 2


async def test_many_items_are_created_within_the_servers_limit(tmp_path: pathlib.Path, plant: UaTestServer) -> None:
    assert plant.server is not None
    limits = plant.server.get_node(ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall)
    before = await limits.read_value()
    sizes: list[int] = []
    service = plant.server.iserver.subscription_service
    original = service.create_monitored_items

    async def counted(params: Any) -> Any:
        sizes.append(len(params.ItemsToCreate))
        return await original(params)

    service.create_monitored_items = counted
    await plant.server.write_attribute_value(limits.nodeid, ua.DataValue(ua.Variant(2, ua.VariantType.UInt32)))
    try:
        async with running(table(plant.endpoint), signal_maps("a", "b", "c"), tmp_path) as (_, collector):
            await until(lambda: len(collector.rows()) == 3, "all three")
    finally:
        service.create_monitored_items = original
        await plant.server.write_attribute_value(limits.nodeid, ua.DataValue(ua.Variant(before, ua.VariantType.UInt32)))

    assert sizes == [2, 1]


async def test_link_lost_while_items_are_created_leaves_no_half_subscription(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    assert plant.server is not None
    service = plant.server.iserver.subscription_service
    original = service.create_monitored_items
    calls = 0

    async def breaking(params: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            plant.drop_connections()
        return await original(params)

    service.create_monitored_items = breaking
    try:
        settings = table(plant.endpoint, max_items_per_call=1)
        async with running(settings, signal_maps("a", "b", "c"), tmp_path) as (source, collector):
            await until(lambda: source.health().state == "running", "connected")
            await until(lambda: {row[0] for row in collector.rows()} == {0, 1, 2}, "all three signals")
            assert source.health().counters["connects"] == 2
    finally:
        service.create_monitored_items = original


async def test_a_start_that_breaks_off_between_the_items_begins_anew_and_loses_nothing(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    slowly = table(plant.endpoint, max_items_per_call=1, requests_per_s=2.0)
    async with running(slowly, signal_maps("a", "b", "c"), tmp_path) as (source, collector):
        await until(lambda: len(collector.chunks) > 0, "the first item's value")
        assert source.health().state == "connecting"
    assert not (tmp_path / "plc.session.json").exists()

    async with running(table(plant.endpoint), signal_maps("a", "b", "c"), tmp_path) as (source, collector):
        await until(lambda: all(collector.values(index) for index in range(3)), "values of all")
        counters = source.health().counters
        assert (counters["subscriptions"], counters.get("resumed_subscriptions", 0)) == (1, 0)


async def test_dropped_subscription_is_replaced_and_the_gap_is_listed(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        assert plant.server is not None
        await plant.server.iserver.subscription_service.delete_subscriptions(list(plant.subscriptions))
        await until(lambda: source.health().counters["subscriptions"] == 2, "a new one", 10.0)
        await plant.write("a", 4.0)
        await until(lambda: 4.0 in collector.values(0), "value")
        assert source.health().gaps


async def test_changed_signal_list_is_not_served_by_the_old_subscription(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (_, collector):
        await until(lambda: len(collector.rows()) == 1, "first")

    async with running(table(plant.endpoint), signal_maps("b", "a"), tmp_path) as (source, second):
        await plant.write("b", 3.0)
        await until(lambda: 3.0 in second.values(0), "b under its new index")
        assert source.health().counters["subscriptions"] == 1


async def test_full_intake_holds_the_server_back_and_loses_nothing(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path, max_samples=1) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        for number in range(1, 201):
            await plant.write("a", float(number))
            if number % 50 == 0:
                await asyncio.sleep(0.05)
        await until(lambda: 200.0 in collector.values(0), "last")

    assert [value for value in collector.values(0) if value] == [float(number) for number in range(1, 201)]
