"""Gaps are filled from the history of a real asyncua server, whatever its pages look like."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import pathlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from ovoo_contract.wire import FLAG_BACKFILL
from ovoo_edge.sources.ua_api import ua

from tests.edge_agent.sources.harness import Collector, running, until
from tests.edge_agent.sources.opcua_setup import signal_maps, table
from tests.edge_agent.sources.ua_server import UaTestServer
from tests.servers.fault_proxy import FaultProxy

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.server]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_server() -> AsyncIterator[UaTestServer]:
    server = await UaTestServer(("a", "b", "c", "plain")).start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def plant(shared_server: UaTestServer) -> AsyncIterator[UaTestServer]:
    """The module's server with empty histories of a, b and c; `plain` has none."""
    await shared_server.forget_clients()
    manager = shared_server.server.iserver.history_manager
    manager.storage._datachanges.clear()
    await shared_server.historise("a", "b", "c")
    original = manager.read_history
    yield shared_server
    manager.read_history = original


async def write_run(plant: UaTestServer, name: str, first: int, count: int, step_ms: float = 10.0) -> None:
    """`count` values from `first` on, each with a source time of its own just behind us."""
    for number in range(first, first + count):
        await plant.write(name, float(number))
        await asyncio.sleep(step_ms / 1000)


def held(collector: Collector, index: int) -> Counter[tuple[int, float]]:
    return Counter((row[1], row[2]) for row in collector.rows(index))


def assert_complete(plant: UaTestServer, name: str, collector: Collector, index: int) -> None:
    """Everything in the server's history since the first sample collected is there; nothing was read needlessly.

    A new subscription repeats the current value, so a live row may come twice; a row from the history may not.
    """
    rows = held(collector, index)
    first = min(time_ns for time_ns, _ in rows)
    kept = Counter(row for row in plant.history_of(name) if row[0] >= first)
    assert kept - rows == Counter(), "lost"
    filled = Counter(
        (chunk.batch.time_ns[row], chunk.batch.value[row])
        for chunk in collector.chunks
        for row in range(len(chunk.batch))
        if chunk.flags and chunk.batch.signal[row] == index
    )
    assert max(filled.values(), default=1) == 1, "read twice"
    assert all(rows[row] == 1 for row in filled), "read although it had come"


@contextlib.asynccontextmanager
async def gap_by_lost_subscription(plant: UaTestServer, count: int = 30) -> AsyncIterator[None]:
    """Inside, subscriptions are gone and `count` values of `a` came after that."""
    await plant.drop_subscriptions()
    await write_run(plant, "a", 100, count, 1)
    yield


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
async def test_values_written_while_the_subscription_was_lost_come_from_the_history(
    plant: UaTestServer, tmp_path: pathlib.Path, order: str
) -> None:
    settings = table(plant.endpoint, backfill=order)
    async with running(settings, signal_maps("a", "b"), tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await write_run(plant, "a", 1, 5)
        await until(lambda: 5.0 in collector.values(0), "live")
        async with gap_by_lost_subscription(plant):
            await until(lambda: source.health().counters["subscriptions"] == 2, "subscribed anew")
            await write_run(plant, "a", 1000, 5)
            await until(lambda: source.health().gaps[-1].outcome == "filled", "filled")
            await until(lambda: 1004.0 in collector.values(0), "live again")

    assert_complete(plant, "a", collector, 0)
    gap = source.health().gaps[-1]
    assert gap.cause == "subscription lost at the server"
    assert gap.filled == source.health().counters["backfilled"] >= 25
    assert {chunk.flags for chunk in collector.chunks} == {0, FLAG_BACKFILL}


async def test_newest_part_of_a_long_gap_is_read_first(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    start = datetime.now(UTC) - timedelta(hours=3)
    await plant.write("a", 1.0, source_time=start)
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: 1.0 in collector.values(0), "an old value")
    for minute in range(1, 170):
        await plant.write("a", float(minute + 1), source_time=start + timedelta(minutes=minute))
    await plant.drop_subscriptions()

    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: bool(source.health().gaps), "gap")
        await until(lambda: source.health().gaps[-1].outcome == "filled", "filled")

    chunks = [list(chunk.batch.value) for chunk in collector.chunks if chunk.flags]
    assert len(chunks) > 3
    assert [max(chunk) for chunk in chunks] == sorted((max(chunk) for chunk in chunks), reverse=True)
    values = [value for chunk in chunks for value in chunk]
    assert sorted(values) == [float(number) for number in range(2, 170)]


async def test_messages_no_longer_held_are_filled_and_silent_signals_get_a_key_frame(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    with FaultProxy(plant.port) as proxy:
        endpoint = f"opc.tcp://127.0.0.1:{proxy.port}"
        async with running(table(endpoint), signal_maps("a", "b", "plain"), tmp_path) as (source, collector):
            await until(lambda: source.health().state == "running", "connected")
            proxy.stall()
            for number in (1, 2, 3):
                await plant.write("a", float(number))
                await plant.write("plain", float(number))
                await asyncio.sleep(0.1)
            for subscription in plant.subscriptions.values():
                subscription._not_acknowledged_results.clear()
            proxy.cut()
            proxy.resume()
            await plant.write("a", 4.0)
            await until(lambda: {1.0, 2.0, 3.0, 4.0} <= set(collector.values(0)), "filled")
            await until(lambda: 3.0 in collector.values(2), "key frame of the signal without history")
            await until(lambda: bool(source.health().gaps[-1].outcome), "settled")

    assert_complete(plant, "a", collector, 0)
    gap = source.health().gaps[-1]
    assert gap.messages >= 2
    assert "keeps no history of the signal (1 signals)" in gap.outcome
    assert source.health().counters["key_frame_rows"] >= 1


async def test_values_dropped_from_the_servers_queue_are_read_from_the_history(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await plant.write("a", 1.0)
        await until(lambda: 1.0 in collector.values(0), "live")
        storage = plant.server.iserver.history_manager.storage
        now = datetime.now(UTC)
        for number in (2, 3):  # what the queue dropped is only in the history
            data = ua.DataValue(
                ua.Variant(float(number)), SourceTimestamp=now + timedelta(milliseconds=number), ServerTimestamp=now
            )
            await storage.save_node_value(plant._nodes["a"].nodeid, data)
        await plant.write("a", 4.0, source_time=now + timedelta(milliseconds=4), StatusCode=ua.StatusCode(0x0000_0480))
        await until(lambda: {2.0, 3.0, 4.0} <= set(collector.values(0)), "filled")
        await until(lambda: source.health().gaps[-1].outcome == "filled", "settled")

    assert source.health().gaps[-1].cause == "queue overflow at the server"
    assert max(held(collector, 0).values()) == 1


async def test_a_server_without_history_leaves_one_recorded_gap(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint), signal_maps("plain"), tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await plant.drop_subscriptions()
        await plant.write("plain", 7.0)
        await until(lambda: 7.0 in collector.values(0), "current value")
        await until(lambda: bool(source.health().gaps[-1].outcome), "settled")
        await plant.write("plain", 8.0)
        await until(lambda: 8.0 in collector.values(0), "live again")

    health = source.health()
    assert [gap.outcome for gap in health.gaps] == ["the server keeps no history of the signal (1 signals)"]
    assert health.counters.get("backfilled", 0) == 0
    assert health.counters["backfill_pending"] == 0


async def test_own_downtime_is_filled_from_the_last_committed_sample(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path, hold=True) as (source, first):
        await until(lambda: source.health().state == "running", "connected")
        await write_run(plant, "a", 1, 3)
        await until(lambda: 3.0 in first.values(0), "live")
        first.commit()
        committed = held(first, 0)
        await write_run(plant, "a", 4, 3)
        await until(lambda: 6.0 in first.values(0), "received and never committed")
    await plant.drop_subscriptions()
    await write_run(plant, "a", 7, 10)

    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (again, second):
        await until(lambda: bool(again.health().gaps), "gap noticed")
        await until(lambda: again.health().gaps[-1].outcome == "filled", "filled")

    both = committed + held(second, 0)
    kept = Counter(row for row in plant.history_of("a") if row[1] > 0)
    assert kept - both == Counter()
    assert max(both.values()) == 1


async def test_what_is_still_to_be_read_outlives_a_restart(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, first):
        await until(lambda: source.health().state == "running", "connected")
        await write_run(plant, "a", 1, 3)
        await until(lambda: 3.0 in first.values(0), "live")
        manager = plant.server.iserver.history_manager
        original = manager.read_history

        async def refusing(params: Any) -> Any:
            raise ua.UaStatusCodeError(ua.StatusCodes.BadOutOfService)

        manager.read_history = refusing
        async with gap_by_lost_subscription(plant):
            await until(lambda: source.health().counters["subscriptions"] == 2, "subscribed anew")
            await until(lambda: source.health().counters["backfill_pending"] == 1, "planned")
    manager.read_history = original

    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (again, second):
        await until(lambda: again.health().counters.get("backfilled", 0) >= 29, "filled after the restart")
        await until(lambda: again.health().gaps[-1].outcome == "filled", "settled")

    both = held(first, 0) + held(second, 0)
    assert Counter(row for row in plant.history_of("a") if row[1] > 0) - both == Counter()
    assert max(both.values()) == 1
    assert again.health().gaps[0].cause == "subscription lost at the server"


async def test_a_server_that_cannot_read_its_history_does_not_disturb_live_data(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    async def refusing(params: Any) -> Any:
        raise ua.UaStatusCodeError(ua.StatusCodes.BadOutOfService)

    plant.server.iserver.history_manager.read_history = refusing
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        async with gap_by_lost_subscription(plant):
            await until(lambda: source.health().counters["subscriptions"] == 2, "subscribed anew")
            connects = source.health().counters["connects"]
            await write_run(plant, "a", 1000, 3)
            await until(lambda: "BadOutOfService" in source.health().gaps[-1].outcome, "given up with its reason")
            await write_run(plant, "a", 2000, 3)
            await until(lambda: 2002.0 in collector.values(0), "live")

    assert source.health().counters["connects"] == connects


Pager = Callable[[list[Any], int, bytes], tuple[list[Any], bytes | None]]


def paged(plant: UaTestServer, pager: Pager) -> list[tuple[int, bool]]:
    """Replaces the server's paging: `pager(values in range, asked, continuation)` gives one page. Logs the calls."""
    manager = plant.server.iserver.history_manager
    calls: list[tuple[int, bool]] = []

    async def read_history(params: Any) -> Any:
        details = params.HistoryReadDetails
        results = []
        for item in params.NodesToRead:
            low, high = details.StartTime.replace(tzinfo=UTC), details.EndTime.replace(tzinfo=UTC)
            kept = manager.storage._datachanges.get(item.NodeId, [])
            values = [data for data in kept if low <= data.SourceTimestamp.replace(tzinfo=UTC) <= high]
            page, following = pager(values, details.NumValuesPerNode, item.ContinuationPoint or b"")
            result = ua.HistoryReadResult()
            result.HistoryData = ua.HistoryData()
            result.HistoryData.DataValues = page
            result.ContinuationPoint = following
            results.append(result)
        calls.append((len(params.NodesToRead), params.HistoryReadDetails.NumValuesPerNode > 0))
        return results

    manager.read_history = read_history
    return calls


def _orderly(values: list[Any], asked: int, continuation: bytes) -> tuple[list[Any], bytes | None]:
    start = int(continuation or b"0")
    following = start + 7
    return values[start:following], b"%d" % following if following < len(values) else None


def _overlapping(values: list[Any], asked: int, continuation: bytes) -> tuple[list[Any], bytes | None]:
    start = int(continuation or b"0")
    page = values[max(0, start - 3) : start + 7]
    return page, b"%d" % (start + 7) if start + 7 < len(values) else None


def _unsorted(values: list[Any], asked: int, continuation: bytes) -> tuple[list[Any], bytes | None]:
    return _orderly(values[::-1] if len(values) < 3 else values[1::2] + values[::2], asked, continuation)


def _repeating(values: list[Any], asked: int, continuation: bytes) -> tuple[list[Any], bytes | None]:
    return values, b"again"


def _endless(values: list[Any], asked: int, continuation: bytes) -> tuple[list[Any], bytes | None]:
    return values, b"%d" % (int(continuation or b"0") + 1)


def _cut_off(values: list[Any], asked: int, continuation: bytes) -> tuple[list[Any], bytes | None]:
    return values[: min(asked, len(values))], None


@pytest.mark.parametrize(
    ("pager", "whole"),
    [
        (_orderly, True),
        (_overlapping, True),
        (_unsorted, True),
        (_cut_off, True),
        (_repeating, False),
        (_endless, False),
    ],
    ids=["orderly", "overlapping", "unsorted", "cut-off", "repeating", "endless"],
)
async def test_every_row_is_taken_once_whatever_the_pages_look_like(
    plant: UaTestServer, tmp_path: pathlib.Path, pager: Pager, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ovoo_edge.sources.history_reader._VALUES_PER_CALL", 10)
    calls = paged(plant, pager)
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await write_run(plant, "a", 1, 2)
        await until(lambda: 2.0 in collector.values(0), "live")
        async with gap_by_lost_subscription(plant):
            await until(lambda: source.health().counters["subscriptions"] == 2, "subscribed anew")
            await until(lambda: bool(source.health().gaps[-1].outcome), "settled")

    assert_complete(plant, "a", collector, 0)
    assert (source.health().gaps[-1].outcome == "filled") is whole
    if not whole:
        assert "endless continuation points" in source.health().gaps[-1].outcome
        assert len(calls) < 20


async def test_a_link_cut_in_the_middle_of_reading_neither_loses_nor_repeats_rows(
    plant: UaTestServer, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ovoo_edge.sources.history_reader._VALUES_PER_CALL", 10)
    pages = 0

    def cutting(values: list[Any], asked: int, continuation: bytes) -> tuple[list[Any], bytes | None]:
        nonlocal pages
        pages += 1
        if pages in (3, 6):
            plant.drop_connections()
        return _orderly(values, asked, continuation)

    paged(plant, cutting)
    async with running(table(plant.endpoint), signal_maps("a", "b"), tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await write_run(plant, "a", 1, 2)
        await until(lambda: 2.0 in collector.values(0), "live")
        async with gap_by_lost_subscription(plant, 60):
            await until(lambda: source.health().counters["subscriptions"] >= 2, "subscribed anew")
            await until(lambda: source.health().gaps[0].outcome == "filled", "filled")

    assert_complete(plant, "a", collector, 0)
    assert source.health().counters["connects"] >= 3


async def test_backfill_can_be_switched_off(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint, backfill="off"), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        async with gap_by_lost_subscription(plant):
            await until(lambda: source.health().counters["subscriptions"] == 2, "subscribed anew")
            await plant.write("a", 5000.0)
            await until(lambda: 5000.0 in collector.values(0), "live")

    assert source.health().gaps[-1].outcome == "backfill is off"
    assert not [chunk for chunk in collector.chunks if chunk.flags]


@pytest.mark.parametrize("backfill", ["newest_first", "off"])
async def test_a_gap_is_told_by_the_samples_clock_where_the_gateways_own_has_jumped(
    plant: UaTestServer, tmp_path: pathlib.Path, backfill: str
) -> None:
    """Found by the chaos harness: the gap ended before it began, so that what was missing stood in no interval."""
    behind_ns = 0
    settings = table(plant.endpoint, backfill=backfill)
    async with running(settings, signal_maps("a"), tmp_path, wall_ns=lambda: time.time_ns() - behind_ns) as (
        source,
        collector,
    ):
        await until(lambda: source.health().state == "running", "connected")
        await write_run(plant, "a", 1, 3)
        await until(lambda: 3.0 in collector.values(0), "live")
        last_ns = max(time_ns for time_ns, _ in held(collector, 0))
        behind_ns = 36_000_000_000_000
        async with gap_by_lost_subscription(plant):
            await until(lambda: source.health().counters["subscriptions"] == 2, "subscribed anew")
            await write_run(plant, "a", 1000, 1)
            await until(lambda: 1000.0 in collector.values(0), "live again")

    first_ns = min(time_ns for time_ns, value in held(collector, 0) if value >= 1000.0)
    missing = [time_ns for time_ns, value in plant.history_of("a") if 100.0 <= value < 129.0]
    (gap,) = source.health().gaps
    assert len(missing) == 29
    assert gap.start_ns <= last_ns
    assert max(missing) < gap.end_ns <= first_ns


@pytest.mark.parametrize("backfill", ["newest_first", "off"])
async def test_an_unfilled_gap_tells_how_many_samples_it_may_have_cost(
    plant: UaTestServer, tmp_path: pathlib.Path, backfill: str
) -> None:
    signals = [dataclasses.replace(each, period_s=0.01) for each in signal_maps("plain")]
    async with running(table(plant.endpoint, backfill=backfill), signals, tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await plant.write("plain", 6.0)
        await until(lambda: 6.0 in collector.values(0), "live")
        await plant.drop_subscriptions()
        await asyncio.sleep(0.2)
        await plant.write("plain", 7.0)
        await until(lambda: 7.0 in collector.values(0), "current value")
        await until(lambda: source.health().gaps[-1].missing_at_most is not None, "settled")

    before_ns, again_ns = (next(row[1] for row in collector.rows(0) if row[2] == value) for value in (6.0, 7.0))
    gap = source.health().gaps[-1]
    asked = (again_ns - before_ns) / 10_000_000 - 1
    assert gap.missing_at_most is not None
    assert gap.missing_at_most == pytest.approx(asked, abs=1) if backfill != "off" else gap.missing_at_most >= asked - 1
    assert gap.filled == 0
