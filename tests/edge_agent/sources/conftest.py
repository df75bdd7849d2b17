"""A real OPC UA server for each module of tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.edge_agent.sources.ua_server import UaTestServer


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
