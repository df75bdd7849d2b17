"""A link whose every service call goes through the load budget: paced, split to the size allowed, and timed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ovoo_contract.errors import ConnectFailed, OvooError

from ovoo_edge.sources.load_budget import Kind, LoadBudget
from ovoo_edge.sources.opcua_link import UaLink, UaRefused, translate_errors
from ovoo_edge.sources.opcua_trust import TrustStore
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.ua_api import ua

__all__ = ["TOO_LARGE", "PacedLink"]

T = TypeVar("T")

TOO_LARGE = frozenset(
    int(getattr(ua.StatusCodes, name))
    for name in (
        "BadTooManyOperations",
        "BadEncodingLimitsExceeded",
        "BadRequestTooLarge",
        "BadResponseTooLarge",
        "BadTcpMessageTooLarge",
    )
)


@dataclass(frozen=True, slots=True)
class _Shape:
    """Kind of a request, the field of its parameters that holds the items, and where the response holds results."""

    kind: Kind
    items: str
    results_in_parameters: bool = False

    def results(self, response: Any) -> Any:
        """The object whose `Results` stand for the items."""
        return response.Parameters if self.results_in_parameters else response


_SHAPES: dict[str, _Shape] = {
    "ReadRequest": _Shape("read", "NodesToRead"),
    "BrowseRequest": _Shape("browse", "NodesToBrowse"),
    "BrowseNextRequest": _Shape("browse", "ContinuationPoints", True),
    "CreateMonitoredItemsRequest": _Shape("subscribe", "ItemsToCreate"),
    "DeleteMonitoredItemsRequest": _Shape("subscribe", "MonitoredItemIds"),
}


class PacedLink(UaLink):
    """A UaLink that spends from a budget. PublishRequests wait at the server and are not counted.

    Args:
        settings, trust, now_ns: as for UaLink.
        budget: of the server; shared by all links to it.
    """

    def __init__(self, settings: OpcUaSettings, trust: TrustStore, now_ns: int, budget: LoadBudget) -> None:
        super().__init__(settings, trust, now_ns)
        self.budget = budget

    async def call(self, request: Any, response_type: type[Any]) -> Any:
        """Sends the request in as many parts as the budget demands and joins the results."""
        shape = _SHAPES.get(type(request).__name__)
        if shape is None:
            return await self._timed("other", 1, super().call(request, response_type))
        holder = request.Parameters
        items = list(getattr(holder, shape.items))
        results: list[Any] = []
        response: Any = None
        while response is None or len(results) < len(items):
            part = items[len(results) : len(results) + self.budget.batch(shape.kind)]
            setattr(holder, shape.items, part)
            try:
                response = await self._timed(shape.kind, len(part), super().call(request, response_type))
            except UaRefused as refusal:
                if refusal.status not in TOO_LARGE or len(part) <= 1:
                    raise
                self.budget.lower(shape.kind, len(part))
                continue
            got = list(shape.results(response).Results or ())
            if len(got) != len(part):
                raise ConnectFailed(
                    "unusable answer", offender=self._settings.endpoint, value=f"{len(got)} results for {len(part)}"
                )
            results += got
        shape.results(response).Results = results
        return response

    async def call_raw(self, request: Any) -> bytes:
        """Sends a request once the budget allows it and returns the response body undecoded."""
        return await self.call_sized(request, "other", 1)

    async def call_sized(self, request: Any, kind: Kind, items: int) -> bytes:
        """As `call_raw`, for a request that the caller cut to `budget.batch(kind)` items."""
        if items > self.budget.limits.items.get(kind, 1):
            raise OvooError("more items than the budget allows", offender=kind, value=items)
        return await self._timed(kind, items, super().call_raw(request))

    async def use_locales(self, locales: Sequence[str]) -> None:
        """Asks for names in these languages from now on, the first that the server has."""
        await self.budget.enter()
        with translate_errors(self._settings.endpoint):
            self._client.set_locale(list(locales))
            await self._activate()

    async def _timed(self, kind: Kind, items: int, work: Coroutine[Any, Any, T]) -> T:
        try:
            await self.budget.enter()
        except BaseException:
            work.close()
            raise
        clock = asyncio.get_running_loop().time
        began_s = clock()
        try:
            answer = await work
        except UaRefused:
            raise
        except ConnectFailed:
            self.budget.back_off(kind, items)
            raise
        self.budget.observe(kind, items, clock() - began_s)
        return answer
