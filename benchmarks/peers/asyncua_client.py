"""asyncua's own client as a peer: `asyncua_client.py PORT NODES`; counts values until told to print them."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

from asyncua import ua
from asyncua.client.client import Client


class _Handler:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        """One value, as asyncua's documentation shows it."""
        self.counts[node.nodeid.Identifier] += 1


async def main(port: int, nodes: int) -> None:
    """Subscribes to all nodes of the load server."""
    handler = _Handler()
    async with Client(f"opc.tcp://127.0.0.1:{port}/load", timeout=60) as client:
        index = await client.get_namespace_index("urn:ovoo:load")
        subscription = await client.create_subscription(100, handler)
        targets = [client.get_node(ua.NodeId(ua.String(f"s{number:05d}"), ua.Int16(index))) for number in range(nodes)]
        for at in range(0, nodes, 250):  # larger requests take several chunks, which the proxy does not join
            await subscription.subscribe_data_change(targets[at : at + 250], queuesize=100)
        await asyncio.to_thread(sys.stdin.readline)
        handler.counts.clear()
        began = time.process_time()
        print(json.dumps({"event": "ready"}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps({"received": handler.counts, "cpu_s": time.process_time() - began}), flush=True)
        await subscription.delete()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
