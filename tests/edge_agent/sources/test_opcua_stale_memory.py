"""A gateway that could not write its memory down, and a server that restarted meanwhile and counts from one again."""

from __future__ import annotations

import asyncio
import pathlib

import pytest
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.opcua_items import Subscription
from ovoo_edge.sources.opcua_link import ResumeToken
from ovoo_edge.sources.opcua_session_state import Memory, SessionStore
from ovoo_edge.sources.state_file import StateFile

from tests.edge_agent.sources.harness import address, running, until
from tests.edge_agent.sources.ua_server import UaTestServer, correct_transfer, node

pytestmark = [pytest.mark.server]

SIGNALS = [SignalMap(0, address("a"), node("a"))]


async def test_messages_of_a_restarted_server_are_never_taken_for_those_of_the_one_before(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by the chaos harness: the id was given again, so 56 seconds of new messages counted as on disk already."""
    correct_transfer(monkeypatch)
    memory = tmp_path / "plc.session.json"
    server = await UaTestServer().start()
    table = {"name": "plc", "driver": "opcua", "endpoint": server.endpoint, "publishing_interval_ms": 20}
    async with running(table, SIGNALS, tmp_path) as (_, collector):
        for number in range(1, 11):
            await server.write("a", float(number))
            await until(lambda: collector.values(0)[-1:] == [float(number)], "each a message of its own")  # noqa: B023
    of_the_first = memory.read_bytes()
    await server.stop()
    server = await UaTestServer(port=server.port).start()
    try:
        async with running(table, SIGNALS, tmp_path, hold=True) as (_, collector):
            await server.write("a", 101.0)
            await until(lambda: 101.0 in collector.values(0), "a new subscription")
        memory.write_bytes(of_the_first)  # as on a disk that failed into read-only

        async with running(table, SIGNALS, tmp_path) as (again, collector):
            await until(lambda: again.health().state == "running", "back")
            await server.write("a", 102.0)
            await until(lambda: 102.0 in collector.values(0), "what the server says now")
            assert not {float(number) for number in range(1, 11)} & set(collector.values(0))
    finally:
        await asyncio.shield(server.stop())


async def test_a_subscription_made_while_the_disk_refuses_is_found_again_after_a_restart(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    correct_transfer(monkeypatch)
    runtime = tmp_path / "runtime"
    refusal = tmp_path / "plc.session.json.new"
    server = await UaTestServer().start()
    table = {"name": "plc", "driver": "opcua", "endpoint": server.endpoint, "publishing_interval_ms": 20}
    try:
        refusal.mkdir()  # the file cannot be written
        async with running(table, SIGNALS, tmp_path, hold=True, runtime_dir=runtime) as (_, collector):
            await server.write("a", 1.0)
            await until(lambda: 1.0 in collector.values(0), "a first subscription")
        assert not (tmp_path / "plc.session.json").exists()
        await server.write("a", 2.0)  # nobody is there
        refusal.rmdir()

        async with running(table, SIGNALS, tmp_path, runtime_dir=runtime) as (again, collector):
            await until(lambda: collector.values(0)[-2:] == [1.0, 2.0], "what was not committed and what came since")
            await until(lambda: (tmp_path / "plc.session.json").exists(), "the disk takes it again")
        assert again.health().gaps == ()
        assert not list(runtime.iterdir()), "an old copy would be taken for the newer one"
    finally:
        await asyncio.shield(server.stop())


def test_a_subscription_that_was_given_up_while_the_disk_refuses_is_not_remembered(tmp_path: pathlib.Path) -> None:
    path, spare = tmp_path / "plc.session.json", tmp_path / "runtime" / "plc.session.json"
    store = SessionStore(StateFile(path.name, tmp_path, spare.parent), "shape")
    memory = Memory(ResumeToken("i=7", "00"), Subscription(1, 100.0, 30, 5, "2026"), 3, (), 4)
    store.save(memory)
    assert store.load() == memory
    path.unlink()
    path.mkdir()  # it cannot be removed as a file

    store.forget()
    assert store.load() is None
    path.rmdir()
    store.save(memory)
    assert (store.load(), spare.exists()) == (memory, False)
