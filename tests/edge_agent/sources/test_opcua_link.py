"""Opening a connection to an OPC UA server, apart from everything that comes after."""

from __future__ import annotations

import asyncio
import pathlib
import time

import pytest
from ovoo_contract.errors import ConnectFailed
from ovoo_edge.sources.opcua_link import UaLink
from ovoo_edge.sources.opcua_trust import TrustStore
from ovoo_edge.sources.settings_opcua import OpcUaSettings

from tests.servers.fault_proxy import FaultProxy


async def test_a_server_that_hangs_up_at_once_is_noticed_at_once(tmp_path: pathlib.Path) -> None:
    """asyncua waits its whole time limit for an answer to a Hello that it could not send; the harness met this."""
    with FaultProxy(1) as proxy:
        proxy.refuse()
        settings = OpcUaSettings("plc", f"opc.tcp://127.0.0.1:{proxy.port}", request_timeout_s=120)
        for _ in range(3):
            link = UaLink(settings, TrustStore(tmp_path, "plc"), time.time_ns())
            async with asyncio.timeout(60):
                with pytest.raises(ConnectFailed, match="no connection"):
                    await link.open(None)
            link.drop()
