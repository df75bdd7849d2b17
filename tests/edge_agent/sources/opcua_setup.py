"""What the tests of the OPC UA source against a real server have in common: signals and settings that act quickly."""

from __future__ import annotations

from typing import Any

from ovoo_edge.sources.base import SignalMap

from tests.edge_agent.sources.harness import address
from tests.edge_agent.sources.ua_server import node

__all__ = ["signal_maps", "table"]


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
