"""A TCP proxy that breaks connections on command: cut, refuse, stall, half-open, delay.

It runs in a thread of its own, so that both plain and asyncio tests can use it; every method may be called from any
thread and has taken effect when it returns.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any

__all__ = ["FaultProxy"]

_BLOCK = 65_536
_SLOW_BLOCK = 1_460  # a slow link is felt packet by packet


class FaultProxy:
    """Forwards 127.0.0.1:`port` to 127.0.0.1:`upstream_port` while nothing is broken.

    Args:
        upstream_port: where the real server listens; it may be down.
        delay_s: added to every block in both directions.
        rate_bytes_s: bytes a second in each direction of each connection; 0 = as fast as it goes.
    """

    def __init__(self, upstream_port: int, *, delay_s: float = 0.0, rate_bytes_s: float = 0.0) -> None:
        self.upstream_port = upstream_port
        self.delay_s = delay_s
        self.rate_bytes_s = rate_bytes_s
        self.port = 0
        self.accepted = 0
        self.bytes_up = 0
        self.bytes_down = 0
        self._refusing = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._flowing: asyncio.Event | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._orphans: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Aborts every connection with a reset; new ones pass."""
        self._call(self._abort_all)

    def refuse(self, refusing: bool = True) -> None:
        """Cuts everything and closes new connections at once, until called with False."""
        self._refusing = refusing
        if refusing:
            self.cut()

    def stall(self) -> None:
        """Keeps connections open and moves no byte, until `resume`; new connections are accepted and stall too."""
        self._call(self._event().clear)

    def resume(self) -> None:
        """Ends a stall: what was held back flows on."""
        self._call(self._event().set)

    def half_open(self) -> None:
        """The server's side is gone, the client's side stays open and silent; new connections pass."""
        self._call(self._orphan_all)

    def _event(self) -> asyncio.Event:
        if self._flowing is None:
            raise RuntimeError("the proxy is not running")
        return self._flowing

    def _call(self, function: Callable[[], None]) -> None:
        async def run() -> None:
            function()

        self._run(run())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _open(self) -> None:
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._abort_all()
        for writer in self._orphans:
            writer.transport.abort()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _abort_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def _orphan_all(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._refusing:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        try:
            await self._forward(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
        except asyncio.CancelledError:
            self._orphans.add(writer)  # kept open and never read again
        finally:
            self._writers.discard(writer)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        self._writers.add(upstream_writer)
        try:
            up = asyncio.create_task(self._pump(reader, upstream_writer, up=True))
            down = asyncio.create_task(self._pump(upstream_reader, writer, up=False))
            try:
                await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (up, down):
                    task.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
            writer.transport.abort()
        finally:
            self._writers.discard(upstream_writer)
            upstream_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        while block := await reader.read(_SLOW_BLOCK if self.rate_bytes_s else _BLOCK):
            await self._event().wait()
            pause_s = self.delay_s + (len(block) / self.rate_bytes_s if self.rate_bytes_s else 0.0)
            if pause_s:
                await asyncio.sleep(pause_s)
            writer.write(block)
            await writer.drain()
            if up:
                self.bytes_up += len(block)
            else:
                self.bytes_down += len(block)
