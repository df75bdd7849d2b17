"""Browsing a real OPC UA server for a commissioning sheet."""

from __future__ import annotations

import pathlib

import pytest
from ovoo_edge.sources.ua_api import ua

from tests.edge_agent.sources.harness import context
from tests.edge_agent.sources.ua_server import UaTestServer, node

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.server]


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
