"""A gateway that could not write its memory down, and a server that restarted meanwhile and counts from one again."""

from __future__ import annotations

import asyncio
import pathlib

import pytest
from ovoo_edge.sources.base import SignalMap

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
    finally:
        await asyncio.shield(server.stop())
