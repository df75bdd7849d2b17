"""Keeps the monitored items in step with the server's address space after a download to the PLC."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Sequence

from ovoo_contract.samples import SampleBatch

from ovoo_edge.sources.opcua_items import ItemFactory, Subscription, read_namespaces
from ovoo_edge.sources.opcua_paced import PacedLink
from ovoo_edge.sources.ua_api import ua

__all__ = ["NodeKeeper", "gone_signals"]

_CALLS_A_LOOK = 4
_GONE_CODES = frozenset((int(ua.StatusCodes.BadNodeIdUnknown), int(ua.StatusCodes.BadNodeIdInvalid)))
_GONE_BYTES = tuple(code.to_bytes(4, "little") for code in _GONE_CODES)


def gone_signals(batch: SampleBatch) -> set[int]:
    """Catalogue indexes whose node the server calls unknown in this batch."""
    qualities = batch.quality.tobytes()
    if not any(mark[2:] in qualities for mark in _GONE_BYTES):  # a search in bytes, not a look at every sample
        return set()
    rows = zip(batch.signal, batch.quality, strict=True)
    return {signal for signal, quality in rows if quality & 0xFFFF_0000 in _GONE_CODES}


class NodeKeeper:
    """Creates anew what is missing, has vanished or stands under another namespace index; the rest goes on untouched.

    A server may drop a node without a word. So signals that brought nothing since the last look are asked for, a few
    calls' worth each time, in turn.

    Args:
        factory: of this connection.
        marks: newest time per catalogue index, to tell who is silent.
        pause_s: between two looks at the server.
        on_moved: called with the handles whose data broke off, before their items are created anew.
    """

    def __init__(
        self, factory: ItemFactory, marks: array[int], pause_s: float, on_moved: Callable[[Sequence[int]], None]
    ) -> None:
        self._factory = factory
        self._marks = marks
        self._before = array("q", marks)
        self._turn = 0
        self._pause_s = pause_s
        self._on_moved = on_moved
        self._vanished: set[int] = set()
        self._wake = asyncio.Event()
        self.moved = 0

    def vanished(self, handles: Sequence[int]) -> None:
        """Notes that the server lost these nodes; they are tried again at once and then every `pause_s`."""
        self._vanished.update(handles)
        self._wake.set()

    async def wait(self) -> None:
        """Returns when it is time for a look."""
        try:
            async with asyncio.timeout(self._pause_s):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def look(self, link: PacedLink, subscription: Subscription) -> bool:
        """Compares and mends once; False when items of an older run, whose ids are not known, must be replaced."""
        moved = self._factory.rename(await read_namespaces(link))
        vanished, self._vanished = self._vanished | await self._absent(link), set()
        again = sorted({*moved, *vanished})
        if again:
            self.moved += len(again)
            self._on_moved(again)
            if not await self._factory.delete(subscription, again):
                return False
        wanted = sorted({*again, *self._factory.problems})
        if wanted:
            await self._factory.create(subscription, wanted)
        return True

    async def _absent(self, link: PacedLink) -> set[int]:
        """Handles of silent signals, out of the next in turn, whose node the server does not know any more."""
        silent = self._factory.handles_of(
            index for index, (old, new) in enumerate(zip(self._before, self._marks, strict=True)) if old == new
        )
        self._before = array("q", self._marks)
        most = _CALLS_A_LOOK * link.budget.batch("read")
        first = self._turn % len(silent) if silent else 0
        asked = (silent[first:] + silent[:first])[:most]
        self._turn = first + len(asked)
        if not asked:
            return set()
        request = ua.ReadRequest()
        for handle in asked:
            item = ua.ReadValueId()
            item.NodeId = self._factory.node(handle)
            item.AttributeId = ua.AttributeIds.NodeClass
            request.Parameters.NodesToRead.append(item)
        response = await link.call(request, ua.ReadResponse)
        results = zip(asked, response.Results, strict=True)
        return {handle for handle, result in results if result.StatusCode.value & 0xFFFF_0000 in _GONE_CODES}
