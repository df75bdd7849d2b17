"""The load generator as a process of its own: a real asyncua server behind the replay proxy.

It prints one JSON line when a client monitors all nodes, starts when a line comes in on stdin, feeds for the given
time, waits until everything is acknowledged, and prints its audit as a second JSON line. With `--at-once` it feeds like
an ordinary server: an item has values as soon as it was created.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import pathlib
import sys
import time
from collections.abc import Callable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from asyncua import ua
from asyncua.server.server import Server

from benchmarks.replay_proxy import LoadFeed, ReplayProxy

NAMESPACE = "urn:ovoo:load"
_FOLDER = 100


def main() -> None:
    """Reads the options and serves."""
    parser = argparse.ArgumentParser(prog="benchmarks/load_server.py", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="where the proxy listens")
    parser.add_argument("--upstream-port", type=int, required=True, help="where the real server listens")
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--rate", type=float, required=True, help="values a second over all nodes")
    parser.add_argument("--items", type=int, default=1000, help="values a message")
    parser.add_argument("--open-limit", type=int, default=64, help="unacknowledged messages kept for republishing")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--at-once", action="store_true", help="feed from the first items on")
    asyncio.run(_serve(parser.parse_args()))


async def _serve(options: argparse.Namespace) -> None:
    gc.disable()  # asyncua makes a million objects at start; collecting in between takes most of the time
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{options.upstream_port}/load")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(NAMESPACE)
    for number in range(options.nodes):
        if number % _FOLDER == 0:  # asyncua looks through all children of a parent for every new one
            folder = await server.nodes.objects.add_object(index, f"load{number // _FOLDER}")
        nodeid = ua.NodeId(ua.String(node_name(number)), ua.Int16(index))
        await folder.add_variable(nodeid, ua.QualifiedName(f"s{number}", index), 0.0)
    gc.freeze()
    gc.enable()
    feed = LoadFeed(options.rate, options.items)
    async with server, ReplayProxy(options.port, options.upstream_port, feed, options.open_limit):
        if options.at_once:
            await _until(lambda: feed.ready)
            feed.start()
        await _until(lambda: len(feed.names) >= options.nodes)
        print(json.dumps({"event": "subscribed"}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await _feed(feed, options)


async def _feed(feed: LoadFeed, options: argparse.Namespace) -> None:
    before, began = time.process_time(), time.monotonic()
    if not options.at_once:
        feed.start()
    await asyncio.sleep(options.seconds)
    feed.stop()
    seconds, cpu_s = time.monotonic() - began, time.process_time() - before
    acknowledged = True
    try:
        async with asyncio.timeout(120):
            await _until(lambda: feed.audit.acknowledged >= feed.audit.messages)
    except TimeoutError:
        acknowledged = False
    until_acknowledged_s = time.monotonic() - began
    audit = {
        "sent": dict(zip(feed.names, feed.audit.sent.tolist(), strict=True)),
        "messages": feed.audit.messages,
        "all_acknowledged": acknowledged,
        "stalled_s": feed.audit.stalled_s,
        "seconds": seconds,
        "until_acknowledged_s": until_acknowledged_s,
        "cpu": cpu_s / seconds,
    }
    print(json.dumps(audit), flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.05)


def node_name(number: int) -> str:
    """The identifier of a node."""
    return f"s{number:05d}"


if __name__ == "__main__":
    main()
