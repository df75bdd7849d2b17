"""A real OPC UA server in a process of its own that keeps its history in SQLite, to be killed and started again.

Every node counts on, with a source time of its own; a value is in the history file before any client can see it, so
the file is the truth that a collector is measured against. Run as a script it serves; the class starts and tells it.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import pathlib
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.servers.process import ServerUnavailable, free_port

__all__ = ["UaHistoryProcess", "reference"]

ua: Any = importlib.import_module("asyncua.ua")  # its classes are untyped
NAMESPACE = "urn:ovoo:history"
_FOLDER = 100

_FIRST = 1000


def reference(number: int) -> str:
    """Node id of a node, as a signal list has it."""
    return f"nsu={NAMESPACE};i={_FIRST + number}"


class UaHistoryProcess:
    """The server as a child process.

    Args:
        history: the file; it outlives kills.
        nodes: variables.
        step_ms: pause between two values of every node, 0 = values never change.
        historised: how many of the nodes let their history be read.
    """

    def __init__(self, history: pathlib.Path, nodes: int, step_ms: float, *, historised: int | None = None) -> None:
        self.port = free_port()
        self.endpoint = f"opc.tcp://127.0.0.1:{self.port}/history"
        self._history = history
        options = ["--port", self.port, "--history", history, "--nodes", nodes, "--step-ms", step_ms]
        options += ["--historised", nodes if historised is None else historised]
        self._command = [sys.executable, __file__, *map(str, options)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts it and waits until it serves."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Starts it; `wait_ready` must follow."""
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def wait_ready(self) -> None:
        """Waits until it serves."""
        self._answer()

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def tell(self, word: str) -> None:
        """`drop` deletes every subscription, `mute` keeps them without ever publishing, `pause` and `resume` values.

        After `pause` the running step is through: history and nodes hold the same values.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        self._answer()

    def kept(self, number: int) -> list[tuple[int, float]]:
        """(time in ns, value) of a node's history, oldest first."""
        with sqlite3.connect(f"file:{self._history}?mode=ro", uri=True) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            table = next(name for name in tables if name.endswith(f"_{_FIRST + number}"))
            rows = connection.execute(f'SELECT SourceTimestamp, Value FROM "{table}" ORDER BY SourceTimestamp')
            return [(_ns(str(moment)), float(value)) for moment, value in rows]

    def _answer(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise ServerUnavailable("the history server ended")


def _ns(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1000


async def _serve(options: argparse.Namespace) -> None:
    server = importlib.import_module("asyncua").Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{options.port}/history")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    storage = importlib.import_module("asyncua.server.history_sql").HistorySQLite(str(options.history))
    await storage.init()
    server.iserver.history_manager.set_storage(storage)
    index = await server.register_namespace(NAMESPACE)
    nodes = []
    for number in range(options.nodes):
        if number % _FOLDER == 0:  # the library looks through all children of a parent for every new one
            folder = await server.nodes.objects.add_object(index, f"line{number // _FOLDER}")
        node_id = ua.NodeId(_FIRST + number, index)
        node = await folder.add_variable(node_id, ua.QualifiedName(f"n{number:05d}", index), 0.0)
        nodes.append(node)
        if number < options.historised:
            await storage.new_historized_node(node.nodeid, None)
            for attribute in (ua.AttributeIds.AccessLevel, ua.AttributeIds.UserAccessLevel):
                await node.set_attr_bit(attribute, ua.AccessLevel.HistoryRead)
    generator = _Generator(server, storage, nodes, options)
    if options.step_ms:
        await generator.step()
    async with server:
        print(json.dumps({"event": "ready"}), flush=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(generator.run())
            tasks.create_task(_obey(server, generator))


class _Generator:
    """Counts every node on; starts where the wall clock puts it, so that values never repeat after a restart."""

    def __init__(self, server: Any, storage: Any, nodes: list[Any], options: argparse.Namespace) -> None:
        self._server = server
        self._storage = storage
        self._nodes = nodes
        self._options = options
        self._value = float(datetime.now(UTC).timestamp() // 1 % 1_000_000 * 1000)
        self._last = datetime.now(UTC)
        self.paused = False
        self._stepping = asyncio.Lock()

    async def pause(self) -> None:
        """Ends after the running step; no other follows."""
        self.paused = True
        async with self._stepping:
            return

    async def run(self) -> None:
        """Steps for ever."""
        while self._options.step_ms:
            await asyncio.sleep(self._options.step_ms / 1000)
            async with self._stepping:
                if not self.paused:
                    await self.step()

    async def step(self) -> None:
        """The next value of every node: first into the history, then to the clients."""
        self._value += 1
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        for number, node in enumerate(self._nodes):
            data = ua.DataValue(
                ua.Variant(self._value, ua.VariantType.Double),
                SourceTimestamp=self._last,
                ServerTimestamp=self._last,
                StatusCode=ua.StatusCode(0),
            )
            if number < self._options.historised:
                await self._storage.save_node_value(node.nodeid, data)
            await self._server.write_attribute_value(node.nodeid, data)


async def _obey(server: Any, generator: _Generator) -> None:
    service = server.iserver.subscription_service
    while line := await asyncio.to_thread(sys.stdin.readline):
        word = line.strip()
        if word == "drop":
            await service.delete_subscriptions(list(service.subscriptions))
        elif word == "mute":
            for subscription in service.subscriptions.values():
                subscription._task.cancel()
        elif word == "pause":
            await generator.pause()
        else:
            generator.paused = False
        print(json.dumps({"done": word}), flush=True)
    raise SystemExit(0)


def main() -> None:
    """Reads the options and serves until stdin ends or a kill."""
    parser = argparse.ArgumentParser(prog="ua_history.py", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--history", type=pathlib.Path, required=True)
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--step-ms", type=float, required=True)
    parser.add_argument("--historised", type=int, required=True)
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
