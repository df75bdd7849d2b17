"""After a download to the PLC the source finds its nodes again by itself; good ones go on meanwhile."""

from __future__ import annotations

import pathlib
from array import array
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from ovoo_contract.samples import SampleBatch
from ovoo_edge.sources.opcua_model import gone_signals
from ovoo_edge.sources.ua_api import ua

from tests.edge_agent.sources.harness import running, until
from tests.edge_agent.sources.opcua_setup import signal_maps, table
from tests.edge_agent.sources.ua_server import URI, UaTestServer

pytestmark = pytest.mark.server
running_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def plant() -> AsyncIterator[UaTestServer]:
    server = await UaTestServer(("a", "b", "c"), before=("urn:before",)).start()
    yield server
    await server.stop()


async def remove(plant: UaTestServer, name: str, *, told: bool) -> None:
    """Takes a node away, as a server that says so to its subscribers or as one that does not."""
    if told:
        await plant.write(name, None, StatusCode=ua.StatusCode(ua.StatusCodes.BadNodeIdUnknown))
    node = plant._nodes[name]
    # the library would call its subscribers and forget to wait for them
    plant.server.iserver.aspace._nodes[node.nodeid].attributes[ua.AttributeIds.Value].datachange_callbacks.clear()
    await plant.server.delete_nodes([node])


@running_loop
@pytest.mark.parametrize("told", [True, False], ids=["told", "silently"])
async def test_a_node_that_vanishes_and_returns_is_monitored_again_while_others_go_on(
    plant: UaTestServer, tmp_path: pathlib.Path, told: bool
) -> None:
    async with running(table(plant.endpoint), signal_maps("a", "b"), tmp_path) as (source, collector):
        await until(lambda: len(collector.rows()) == 2, "first values")
        await remove(plant, "b", told=told)
        await until(lambda: bool(source.health().problems), "missing node is named")
        assert source.health().problems[0].status == "BadNodeIdUnknown"
        await plant.write("a", 5.0)
        await until(lambda: 5.0 in collector.values(0), "the other one goes on")

        await plant.add("b")
        await until(lambda: not source.health().problems, "found again")
        await plant.write("b", 7.0)
        await until(lambda: 7.0 in collector.values(1), "its values")
        assert source.health().counters["connects"] == 1
        assert source.health().counters["subscriptions"] == 1


@running_loop
async def test_another_order_of_namespaces_in_a_running_session_is_followed(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: len(collector.rows()) == 1, "first value")
        node = plant.server.get_node(ua.NodeId(ua.ObjectIds.Server_NamespaceArray))
        uris = await node.read_value()
        await node.write_value([*(uri for uri in uris if uri != URI), "urn:new", URI])
        plant.namespace = (await node.read_value()).index(URI)
        await plant.add("a")

        await until(lambda: source.health().counters.get("moved_nodes", 0) == 1, "noticed")
        await plant.write("a", 9.0)
        await until(lambda: 9.0 in collector.values(0), "value under the new index")
        assert source.health().counters["connects"] == 1


@running_loop
async def test_items_of_an_older_run_are_replaced_by_a_new_subscription(
    plant: UaTestServer, tmp_path: pathlib.Path
) -> None:
    async with running(table(plant.endpoint), signal_maps("a", "b"), tmp_path) as (_, collector):
        await until(lambda: len(collector.rows()) == 2, "first values")

    async with running(table(plant.endpoint), signal_maps("a", "b"), tmp_path) as (source, collector):
        await until(lambda: source.health().counters.get("resumed_subscriptions", 0) == 1, "resumed")
        await until(lambda: source.health().state == "running", "connected")
        await remove(plant, "b", told=True)
        await until(lambda: source.health().counters.get("subscriptions", 0) == 1, "a new subscription")
        await plant.write("a", 3.0)
        await until(lambda: 3.0 in collector.values(0), "value")
        counters = source.health().counters

    assert (counters["resumed_subscriptions"], counters["subscriptions"]) == (1, 1)


def test_only_signals_whose_node_is_unknown_count_as_gone() -> None:
    quality = array("I", [0, 0x80340000, 0x80330000 | 0x1000, 0x00003480, 0x803F0000])
    batch = SampleBatch(array("I", range(5)), array("q", range(5)), array("d", [0.0] * 5), quality)

    assert gone_signals(batch) == {1, 2}
