"""Reads one window of a server's history: HistoryRead raw, page by page, whatever the server makes of it.

Servers repeat continuation points, never end them, cut answers off without one, send pages unsorted or twice. Every
row is taken once, reading goes on as long as pages bring something new, and what cannot be read is named.
"""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from ovoo_contract.quality import TIME_FROM_RECEIVE
from ovoo_contract.samples import SampleBatch

from ovoo_edge.sources.backfill_plan import Span, Window
from ovoo_edge.sources.decode import HandleTable, ServiceFault
from ovoo_edge.sources.history_wire import HistoryPage, decode_history_response, to_batch
from ovoo_edge.sources.load_budget import Kind, LoadBudget
from ovoo_edge.sources.opcua_link import status_name
from ovoo_edge.sources.opcua_paced import TOO_LARGE
from ovoo_edge.sources.ua_api import ua

__all__ = ["ENDLESS", "NO_HISTORY", "HistoryReader", "SeenRows", "describe"]

ENDLESS = "endless continuation points"
NO_HISTORY = frozenset(
    int(getattr(ua.StatusCodes, name))
    for name in (
        "BadHistoryOperationUnsupported",
        "BadHistoryOperationInvalid",
        "BadServiceUnsupported",
        "BadNotSupported",
        "BadNotImplemented",
        "BadNotReadable",
        "BadUserAccessDenied",
        "BadAttributeIdInvalid",
        "BadNodeIdUnknown",
        "BadNodeIdInvalid",
    )
)
"""Statuses after which asking again is of no use."""

_BY_TIME = frozenset(
    int(getattr(ua.StatusCodes, name)) for name in ("BadContinuationPointInvalid", "BadNoContinuationPoints")
)
_NO_DATA = frozenset(int(getattr(ua.StatusCodes, name)) for name in ("GoodNoData", "BadNoData"))
_STATUS = 0xFFFF_0000
_VALUES_PER_CALL = 10_000
_MOST_IDLE_PAGES = 3
_MOST_PAGES = 10_000
_MOST_SEEN = 200_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SeenRows = dict[int, set[int]]
"""Per signal the fingerprints of rows handed over already."""


class HistoryLink(Protocol):
    """A link, as far as this module needs it."""

    budget: LoadBudget

    async def call_sized(self, request: Any, kind: Kind, items: int) -> bytes:
        """Sends a request of `items` items and returns the response body."""


@dataclass(slots=True, eq=False)
class _Node:
    """One signal of the window and how far its reading is."""

    span: Span
    handle: int
    node_id: Any
    start_ns: int
    continuation: bytes = b""
    newest_ns: int = 0
    idle_pages: int = 0
    pages: int = 0
    done: bool = False


@dataclass(slots=True)
class HistoryReader:
    """Reads windows over one connection.

    Args:
        link: the connection.
        handles: meaning of client handles; those of the live path.
        handle_of: client handle by catalogue index.
        node_of: node id by catalogue index.
        history_values: values of a node that the server returns at most in one answer, 0 = not said.
        wall_ns: UTC now.
    """

    link: HistoryLink
    handles: HandleTable
    handle_of: Mapping[int, int]
    node_of: Callable[[int], Any]
    history_values: int
    wall_ns: Callable[[], int]
    failures: dict[Span, int | str] = field(default_factory=dict)
    undated: int = 0

    async def read(self, window: Window, seen: SeenRows) -> AsyncIterator[SampleBatch]:
        """Batches of rows inside the window and inside their spans, in the order of the answers.

        Args:
            window: what to read; afterwards `failures` holds a status code or a reason for each span not read whole.
            seen: rows handed over already; grows.

        Raises:
            ServiceFault: the server refuses the whole service.
            ConnectFailed: it does not answer.
            WireFault: it answers rubbish.
        """
        self.failures.clear()
        pending = [
            _Node(span, self.handle_of[span.signal], self.node_of(span.signal), window.start_ns)
            for span in window.spans
        ]
        while pending:
            part = self._next_part(pending)
            asked = self._values_per_node(len(part))
            pages = await self._request(part, asked, window)
            batch = self._take(part, pages, asked, window, seen)
            if len(batch):
                yield batch
            await self._release([node for node in part if node.done and node.continuation])
            chosen = set(map(id, part))
            pending = [node for node in part if not node.done] + [node for node in pending if id(node) not in chosen]

    def _next_part(self, pending: Sequence[_Node]) -> list[_Node]:
        """Nodes that can share a request: the time bounds of a call are one."""
        most = self.link.budget.batch("history")
        return [node for node in pending if node.start_ns == pending[0].start_ns][:most]

    def _values_per_node(self, nodes: int) -> int:
        most = max(2, _VALUES_PER_CALL // nodes)
        return min(most, self.history_values) if self.history_values else most

    async def _request(self, part: list[_Node], asked: int, window: Window) -> list[HistoryPage]:
        while True:
            request = _history_request(part, asked, window)
            try:
                pages = decode_history_response(await self.link.call_sized(request, "history", len(part)))
            except ServiceFault as fault:
                if fault.status not in TOO_LARGE or len(part) == 1:
                    raise
                self.link.budget.lower("history", len(part))
                del part[self.link.budget.batch("history") :]
                continue
            if len(pages) != len(part):
                raise ServiceFault(int(ua.StatusCodes.BadUnexpectedError))
            return pages

    def _take(
        self, part: Sequence[_Node], pages: Sequence[HistoryPage], asked: int, window: Window, seen: SeenRows
    ) -> SampleBatch:
        owners = [node for node, page in zip(part, pages, strict=True) for _ in page.values]
        values = [(node.handle, value) for node, page in zip(part, pages, strict=True) for value in page.values]
        batch = to_batch(values, self.handles, self.wall_ns())
        bits = array("Q", batch.value.tobytes())  # a NaN equals no other, its bits do
        fresh: dict[int, int] = {}
        kept: list[int] = []
        for row, node in enumerate(owners):
            time_ns = batch.time_ns[row]
            if batch.quality[row] & TIME_FROM_RECEIVE:
                self.undated += 1
                continue
            known = seen.setdefault(node.span.signal, set())
            mark = hash((time_ns, bits[row], batch.quality[row], batch.text.get(row)))
            if mark in known:
                continue
            known.add(mark)
            fresh[id(node)] = fresh.get(id(node), 0) + 1
            node.newest_ns = max(node.newest_ns, time_ns)
            if _inside(time_ns, node.span, window) and batch.quality[row] & _STATUS not in _NO_DATA:
                kept.append(row)
        if sum(map(len, seen.values())) > _MOST_SEEN:
            seen.clear()
        for node, page in zip(part, pages, strict=True):
            self._advance(node, page, asked, fresh.get(id(node), 0))
        return batch.take(kept)

    def _advance(self, node: _Node, page: HistoryPage, asked: int, fresh: int) -> None:
        """Decides whether and how the node is read on."""
        node.pages += 1
        node.idle_pages = 0 if fresh else node.idle_pages + 1
        code = page.status & _STATUS
        previous, node.continuation = node.continuation, page.continuation
        if code in _BY_TIME and node.newest_ns > node.start_ns:
            self._read_on_by_time(node)
        elif code & 0x8000_0000 and code not in _NO_DATA:
            self.failures[node.span] = page.status
            node.done = True
        elif page.continuation:
            stuck = node.idle_pages >= _MOST_IDLE_PAGES or (not fresh and page.continuation == previous)
            if stuck or node.pages >= _MOST_PAGES:
                self.failures[node.span] = ENDLESS
                node.done = True
        elif len(page.values) >= asked and fresh:
            # cut off without a continuation point
            self._read_on_by_time(node)
        else:
            node.done = True

    def _read_on_by_time(self, node: _Node) -> None:
        node.continuation = b""
        if node.newest_ns <= node.start_ns:
            self.failures[node.span] = "more values at one time than an answer holds"
            node.done = True
        node.start_ns = max(node.start_ns, node.newest_ns)

    async def _release(self, nodes: Sequence[_Node]) -> None:
        """Gives continuation points back that will not be used: servers have few of them."""
        done = 0
        while done < len(nodes):
            part = nodes[done : done + self.link.budget.batch("history")]
            done += len(part)
            await self.link.call_sized(_history_request(part, 0, None), "history", len(part))


def describe(failure: int | str) -> str:
    """A failure in words."""
    return failure if isinstance(failure, str) else status_name(failure)


def _inside(time_ns: int, span: Span, window: Window) -> bool:
    return max(span.start_ns, window.start_ns) < time_ns < min(span.end_ns, window.end_ns)


def _history_request(part: Sequence[_Node], asked: int, window: Window | None) -> Any:
    """A request for raw values, or with no window one that releases the nodes' continuation points."""
    details = ua.ReadRawModifiedDetails()
    details.IsReadModified = False
    details.ReturnBounds = False
    details.NumValuesPerNode = asked
    if window is not None:
        details.StartTime = _date_time(part[0].start_ns)
        details.EndTime = _date_time(window.end_ns + 1000)
    request = ua.HistoryReadRequest()
    request.Parameters.HistoryReadDetails = details
    request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
    request.Parameters.ReleaseContinuationPoints = window is None
    for node in part:
        item = ua.HistoryReadValueId()
        item.NodeId = node.node_id
        item.ContinuationPoint = node.continuation or None
        request.Parameters.NodesToRead.append(item)
    return request


def _date_time(time_ns: int) -> datetime:
    """The library's time, cut to whole microseconds; bounds are widened by the caller and rows filtered exactly."""
    return _EPOCH + timedelta(microseconds=time_ns // 1000)
