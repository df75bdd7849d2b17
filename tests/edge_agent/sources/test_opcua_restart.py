"""Acknowledged after the commit, so that a restart of the gateway hands nothing over twice and forgets nothing."""

from __future__ import annotations

import asyncio
import pathlib

import pytest

from tests.edge_agent.sources.harness import running, until
from tests.edge_agent.sources.opcua_setup import signal_maps, table
from tests.edge_agent.sources.ua_server import UaTestServer, correct_transfer

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.server]


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


async def test_session_file_is_private(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, _):
        await until(lambda: source.health().state == "running", "connected")

    assert (tmp_path / "plc.session.json").stat().st_mode & 0o077 == 0
