"""The OPC UA source against a real asyncua server."""

from __future__ import annotations

import asyncio
import math
import pathlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from ovoo_contract.quality import BAD_NO_COMMUNICATION, TIME_FROM_RECEIVE, TIME_FROM_SERVER, status_code
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.ua_api import ua

from tests.edge_agent.sources.harness import address, context, running, until
from tests.edge_agent.sources.ua_server import UaTestServer, correct_transfer, node
from tests.servers.fault_proxy import FaultProxy

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.server]


def signal_maps(*names: str, **extra: Any) -> list[SignalMap]:
    return [SignalMap(index, address(name), node(name), **extra) for index, name in enumerate(names)]


def table(endpoint: str, **extra: Any) -> dict[str, Any]:
    return {
        "name": "plc",
        "driver": "opcua",
        "endpoint": endpoint,
        "publishing_interval_ms": 20,
        "keep_alive_s": 0.3,
        "lifetime_s": 60,
        "reconnect_min_s": 0.05,
        "reconnect_max_s": 0.2,
        "retry_nodes_s": 0.5,
        "request_timeout_s": 2,
        **extra,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_server() -> AsyncIterator[UaTestServer]:
    server = await UaTestServer().start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def plant(shared_server: UaTestServer) -> UaTestServer:
    """The module's server (its address space takes seconds to build) without sessions, subscriptions and old values."""
    await shared_server.forget_clients()
    return shared_server


async def test_values_arrive_as_columns_with_source_time(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint), signal_maps("a", "b"), tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        moment = await plant.write("b", 42.5)
        await until(lambda: 42.5 in collector.values(1), "value")

    row = next(row for row in collector.rows(1) if row[2] == 42.5)
    assert abs(row[1] - int(moment.timestamp() * 1e9)) < 2_000
    assert row[3] == 0


async def test_message_is_acknowledged_only_after_its_commit(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path, hold=True) as (source, collector):
        await until(lambda: len(collector.chunks) >= 1, "first values")
        await plant.write("a", 1.0)
        await until(lambda: 1.0 in collector.values(0), "value")
        await until(lambda: source.health().counters["responses"] >= 4, "keep-alives carried publish requests")
        assert len(plant.unacknowledged()) == len(collector.chunks)

        collector.commit()
        await until(lambda: not plant.unacknowledged(), "acknowledged")
        assert source.health().counters["refused_acks"] == 0


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


async def test_own_restart_resumes_session_and_asks_for_uncommitted_messages(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path, hold=True) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await until(lambda: len(collector.chunks) == 1, "first")
        collector.commit()
        await plant.write("a", 1.0)
        await until(lambda: 1.0 in collector.values(0), "value that never gets committed")
    await plant.write("a", 2.0)

    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (again, second):
        await until(lambda: {1.0, 2.0} <= set(second.values(0)), "both values")
        assert len(plant.subscriptions) == 1
        assert again.health().counters["republished_messages"] >= 1
        assert again.health().gaps == ()
        await until(lambda: not plant.unacknowledged(), "acknowledged")


async def test_death_between_commit_and_acknowledgement_hands_nothing_over_twice(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path, hold=True) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await until(lambda: len(collector.chunks) == 1, "first")
        for number in (1.0, 2.0, 3.0):
            await plant.write("a", number)
            await until(lambda number=number: number in collector.values(0), "value")  # type: ignore[misc]
        collector.store(3)  # the source never hears of it, and 3.0 is not on disk
    assert len(plant.unacknowledged()) >= 4
    await plant.write("a", 4.0)

    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (again, second):
        await until(lambda: 4.0 in second.values(0), "what happened while away")
        await until(lambda: not plant.unacknowledged(), "acknowledged, those on disk before too")
        health = again.health()
        assert health.counters["repeated_messages"] == 3
        assert health.counters.get("lost_messages", 0) == 0
        assert health.gaps == ()
    assert (collector.durable + second.durable)[1:] == [1.0, 2.0, 3.0, 4.0]


async def test_message_the_server_dropped_while_we_were_dead_is_listed_as_lost(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path, hold=True) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await until(lambda: len(collector.chunks) == 1, "first")
        collector.commit()
        await plant.write("a", 1.0)
        await until(lambda: 1.0 in collector.values(0), "value that never gets committed")
    for subscription in plant.subscriptions.values():
        subscription._not_acknowledged_results.clear()
    await plant.write("a", 2.0)

    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (again, second):
        await until(lambda: 2.0 in second.values(0), "flowing again")
        await until(lambda: bool(again.health().gaps), "gap listed")
        assert again.health().counters["lost_messages"] == 1


async def test_orderly_end_waits_for_the_commit_and_acknowledges(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path, hold=True) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await plant.write("a", 1.0)
        await until(lambda: 1.0 in collector.values(0), "value")
        asyncio.get_running_loop().call_later(0.05, collector.commit)  # the pipeline commits while the source settles
    await until(lambda: not plant.unacknowledged(), "acknowledged by the last request")

    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (again, second):
        await until(lambda: again.health().state == "running", "back")
        await plant.write("a", 2.0)
        await until(lambda: 2.0 in second.values(0), "new value")
    assert second.values(0) == [2.0]


async def test_own_restart_transfers_the_subscription_when_the_session_is_gone(
    plant: UaTestServer, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    correct_transfer(monkeypatch)
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path, hold=True) as (_, collector):
        await until(lambda: len(collector.chunks) == 1, "first")
        collector.commit()
        await plant.write("a", 1.0)
        await until(lambda: 1.0 in collector.values(0), "value that never gets committed")
    assert plant.server is not None
    plant.server.iserver._external_sessions.clear()
    await plant.write("a", 2.0)

    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (again, second):
        await until(lambda: {1.0, 2.0} <= set(second.values(0)), "both values")
        assert len(plant.subscriptions) == 1
        assert again.health().counters["resumed_subscriptions"] == 1


async def test_transferred_subscription_that_stays_silent_is_given_up(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    """asyncua's own server answers a transfer with good and then sends nothing, or sends to the wrong request."""
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, _):
        await until(lambda: source.health().state == "running", "connected")
    assert plant.server is not None
    plant.server.iserver._external_sessions.clear()

    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (again, second):
        await until(lambda: again.health().state == "running", "connected in the end")
        await plant.write("a", 8.0)
        await until(lambda: 8.0 in second.values(0), "value")


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


async def test_browsing_lists_every_variable_once(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    from ovoo_edge.commission_sheet import sheet_bytes
    from ovoo_edge.sources.opcua_browse import browse
    from ovoo_edge.sources.settings_opcua import OpcUaSettings

    assert plant.server is not None
    objects = plant.server.nodes.objects
    folder = await objects.add_folder(ua.NodeId("folder", plant.namespace), "文件夹")
    inner = await folder.add_variable(ua.NodeId("inner", plant.namespace), "功率", 7, ua.VariantType.Int32)
    await folder.add_reference(objects, ua.ObjectIds.HasComponent)  # a cycle
    try:
        found = [item async for item in browse(OpcUaSettings("plc", plant.endpoint), context(tmp_path))]
    finally:
        await plant.server.delete_nodes([inner, folder])

    own = {item.node: item for item in found if item.node.startswith("nsu=")}
    assert {node("a"), node("b"), node("c"), node("inner")} == set(own)
    assert len(found) == len({item.node for item in found})
    assert (own[node("inner")].path, own[node("inner")].data_type, own[node("inner")].value) == (
        "文件夹/功率",
        "Int32",
        "7",
    )
    text = sheet_bytes(own.values(), "plc", ".csv").decode("utf-8-sig")
    assert f",,plc,{node('inner')},int,,,功率,,文件夹/功率,Int32," in text


async def test_changed_signal_list_is_not_served_by_the_old_subscription(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (_, collector):
        await until(lambda: len(collector.rows()) == 1, "first")

    async with running(table(plant.endpoint), signal_maps("b", "a"), tmp_path) as (source, second):
        await plant.write("b", 3.0)
        await until(lambda: 3.0 in second.values(0), "b under its new index")
        assert source.health().counters["subscriptions"] == 1


async def test_signal_past_its_deadline_gets_one_flagged_row(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    signals = signal_maps("a", "b", freshness_s=0.4)
    async with running(table(plant.endpoint), signals, tmp_path) as (source, collector):
        await until(lambda: len(collector.rows()) >= 2, "first values")
        for number in range(60):
            await plant.write("a", float(number))
            await asyncio.sleep(0.02)
        silent = [row for row in collector.rows(1) if row[3] & 0x8000_0000]
        assert len(silent) == 1
        assert status_code(silent[0][3]) == BAD_NO_COMMUNICATION
        assert silent[0][3] & TIME_FROM_RECEIVE
        assert math.isnan(silent[0][2])
        assert not [row for row in collector.rows(0) if row[3] & 0x8000_0000]
        assert source.health().state == "degraded"

        await plant.write("b", 1.0)
        await until(lambda: source.health().state == "running", "fresh again")


async def test_every_kind_of_value_survives_a_type_change(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    kinds = ua.VariantType
    written: list[tuple[Any, Any, float, str | None]] = [
        (True, kinds.Boolean, 1.0, None),
        (-5, kinds.Int16, -5.0, None),
        (2**53 + 1, kinds.Int64, math.nan, str(2**53 + 1)),
        (2**64 - 1, kinds.UInt64, math.nan, str(2**64 - 1)),
        (2.5, kinds.Float, 2.5, None),
        (math.inf, kinds.Double, math.nan, "Infinity"),
        (math.nan, kinds.Double, math.nan, "NaN"),
        ("0012", kinds.String, math.nan, "0012"),
        ("瓦斯", kinds.String, math.nan, "瓦斯"),
        (ua.LocalizedText("运行"), kinds.LocalizedText, math.nan, "运行"),
        ([7.0, 8.0], kinds.Double, 7.0, None),
        (datetime(2026, 5, 1, tzinfo=UTC), kinds.DateTime, math.nan, "2026-05-01T00:00:00+00:00"),
    ]
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: len(collector.rows(0)) == 1, "first")
        for count, (value, kind, _, _) in enumerate(written, start=2):
            # the server itself never lets a node change its type, so the stored value is replaced beneath it
            await plant.write("a", value, kind=kind)
            await until(lambda count=count: len(collector.rows(0)) >= count, f"{value!r}")  # type: ignore[misc]
        assert source.health().state == "running"

    got = [(row[2], row[4]) for row in collector.rows(0)[1:]]
    for (value, _, number, text), (got_number, got_text) in zip(written, got, strict=True):
        assert got_text == text, value
        assert got_number == number or (math.isnan(got_number) and math.isnan(number)), value


async def test_status_time_and_overflow_bits_are_kept_and_counted(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: len(collector.rows(0)) == 1, "first")
        await plant.write("a", 1.0, StatusCode=ua.StatusCode(ua.StatusCodes.UncertainLastUsableValue))
        await plant.write("a", 2.0, StatusCode=ua.StatusCode(0x0000_0480))
        await plant.write("a", None, StatusCode=ua.StatusCode(ua.StatusCodes.BadDeviceFailure))
        await plant.write("a", 3.0, source_time=datetime(1999, 1, 1, tzinfo=UTC))
        await until(lambda: len(collector.rows(0)) >= 5, "all rows")

    rows = collector.rows(0)[1:]
    assert [row[3] for row in rows[:3]] == [0x4090_0000, 0x0480, 0x808B_0000]
    assert math.isnan(rows[2][2])
    assert rows[3][3] & TIME_FROM_SERVER
    counters = source.health().counters
    assert counters["overflow"] == 1
    assert counters["time_from_server"] == 1


async def test_full_intake_holds_the_server_back_and_loses_nothing(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path, max_samples=1) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        for number in range(1, 201):
            await plant.write("a", float(number))
            if number % 50 == 0:
                await asyncio.sleep(0.05)
        await until(lambda: 200.0 in collector.values(0), "last")

    assert [value for value in collector.values(0) if value] == [float(number) for number in range(1, 201)]


async def test_wrong_endpoint_is_named_with_a_remedy(free_port: int, tmp_path: pathlib.Path) -> None:
    endpoint = f"opc.tcp://127.0.0.1:{free_port}"
    async with running(table(endpoint), signal_maps("a"), tmp_path) as (source, _):
        await until(lambda: source.health().counters.get("connection_failures", 0) >= 2, "tried again")
        problem = source.health().problems[0]

    assert problem.offender == endpoint
    assert "no connection" in problem.status
    assert "address" in problem.remedy


async def test_session_file_is_private(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, _):
        await until(lambda: source.health().state == "running", "connected")

    assert (tmp_path / "plc.session.json").stat().st_mode & 0o077 == 0
