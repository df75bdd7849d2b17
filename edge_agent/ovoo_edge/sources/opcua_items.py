"""Subscriptions and monitored items: created in batches within the server's limits, bad nodes apart from good ones."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ovoo_contract.errors import NodeMissing

from ovoo_edge.sources.base import SignalMap, SourceProblem
from ovoo_edge.sources.opcua_link import UaLink, UaRefused, status_name
from ovoo_edge.sources.opcua_paced import PacedLink
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.ua_api import ua

__all__ = [
    "ItemFactory",
    "Subscription",
    "create_subscription",
    "delete_subscription",
    "parse_node_id",
    "read_namespaces",
    "resume_subscription",
]

_MAX_NOTIFICATIONS = 10_000
_FILTER_FAULTS = (
    ua.StatusCodes.BadFilterNotAllowed,
    ua.StatusCodes.BadMonitoredItemFilterUnsupported,
    ua.StatusCodes.BadMonitoredItemFilterInvalid,
)
_REMEDIES = {
    "BadNodeIdUnknown": "check the node id, or browse the server: the node may have been renamed or removed",
    "BadNodeIdInvalid": "correct the node id in the signal list",
    "BadUserAccessDenied": "give this user the right to read the node",
    "BadNotReadable": "choose a variable that can be read",
    "BadAttributeIdInvalid": "choose a variable: this node has no value",
    "BadTooManyMonitoredItems": "the server is full: subscribe to fewer signals or raise its limit",
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription at the server and the silence after which it counts as dead.

    A server may give the same id again after its restart; `created_ns` tells the two apart in our records, and
    `server_start` tells whether the server still means the same one by it.

    Attributes:
        server_start: the server's own start time as ISO text; "" where it does not say.
    """

    id: int
    interval_ms: float
    keep_alive_count: int
    created_ns: int = 0
    server_start: str = ""

    @property
    def stale_s(self) -> float:
        """Longest time without any answer: 1.4 keep-alive periods, at least one second."""
        return max(1.0, 1.4 * self.keep_alive_count * self.interval_ms / 1000)


async def create_subscription(link: UaLink, settings: OpcUaSettings) -> Subscription:
    """A new subscription with explicit keep-alive and lifetime counts."""
    interval_ms = settings.publishing_interval_ms
    keep_alive = max(1, math.ceil(settings.keep_alive_s * 1000 / interval_ms))
    request = ua.CreateSubscriptionRequest()
    request.Parameters.RequestedPublishingInterval = interval_ms
    request.Parameters.RequestedMaxKeepAliveCount = keep_alive
    request.Parameters.RequestedLifetimeCount = max(3 * keep_alive, math.ceil(settings.lifetime_s * 1000 / interval_ms))
    request.Parameters.MaxNotificationsPerPublish = _MAX_NOTIFICATIONS
    request.Parameters.PublishingEnabled = True
    response = await link.call(request, ua.CreateSubscriptionResponse)
    revised = response.Parameters
    return Subscription(
        int(revised.SubscriptionId),
        float(revised.RevisedPublishingInterval) or interval_ms,
        int(revised.RevisedMaxKeepAliveCount) or keep_alive,
        server_start=await _read_start(link),
    )


async def delete_subscription(link: UaLink, subscription: Subscription) -> None:
    """Ends a subscription that is not wanted any more; one that is gone already is fine."""
    request = ua.DeleteSubscriptionsRequest()
    request.Parameters.SubscriptionIds = [subscription.id]
    with contextlib.suppress(UaRefused):
        await link.call(request, ua.DeleteSubscriptionsResponse)


async def resume_subscription(link: UaLink, subscription: Subscription) -> tuple[int, ...] | None:
    """Moves an older session's subscription into this one.

    Returns:
        The messages the server still holds, or None when the subscription is gone or cannot be moved. After a restart
        of the server the id may be another subscription's, whose messages must not be taken for known ones.
    """
    if subscription.server_start and await _read_start(link) != subscription.server_start:
        return None
    request = ua.TransferSubscriptionsRequest()
    request.Parameters.SubscriptionIds = [subscription.id]
    request.Parameters.SendInitialValues = False
    try:
        response = await link.call(request, ua.TransferSubscriptionsResponse)
    except UaRefused:
        return None
    result = response.Parameters.Results[0]
    if not result.StatusCode.is_good():
        return None
    return tuple(int(number) for number in result.AvailableSequenceNumbers)


async def read_namespaces(link: UaLink) -> tuple[str, ...]:
    """The server's namespace URIs; their order may change with every restart of the server."""
    values = await _read(link, [ua.ObjectIds.Server_NamespaceArray])
    return tuple(str(uri) for uri in values[0] or ())


async def _read_start(link: UaLink) -> str:
    value = (await _read(link, [ua.ObjectIds.Server_ServerStatus_StartTime]))[0]
    return value.isoformat() if isinstance(value, datetime) else ""


async def _read(link: UaLink, identifiers: Sequence[int]) -> list[Any]:
    request = ua.ReadRequest()
    for identifier in identifiers:
        item = ua.ReadValueId()
        item.NodeId = ua.NodeId(identifier)
        item.AttributeId = ua.AttributeIds.Value
        request.Parameters.NodesToRead.append(item)
    response = await link.call(request, ua.ReadResponse)
    return [result.Value.Value if result.Value is not None else None for result in response.Results]


def parse_node_id(text: str, namespaces: Sequence[str]) -> Any:
    """The node id of `nsu=<uri>;s=<name>`, or of `ns=<number>;...` as it stands.

    In the URI, `%3B` stands for a semicolon and `%25` for a percent sign (OPC UA Part 6, 5.3.1.10).

    Raises:
        NodeMissing: the text is no node id, or the server does not know the namespace.
    """
    rest = text
    if text.startswith("nsu="):
        uri, separator, rest = text[4:].partition(";")
        uri = uri.replace("%3B", ";").replace("%25", "%")
        if not separator or uri not in namespaces:
            raise NodeMissing(
                "the server has no such namespace",
                offender=text,
                value=uri,
                remedy=f"it knows {', '.join(namespaces[1:]) or 'none'}",
            )
        rest = f"ns={namespaces.index(uri)};{rest}"
    try:
        return ua.NodeId.from_string(rest)
    except (ua.UaError, ValueError) as error:
        raise NodeMissing(
            "is not a node id", offender=text, remedy="write nsu=<uri>;s=<name> or ns=<n>;i=<number>"
        ) from error


def _place(signal: SignalMap, namespaces: Sequence[str]) -> int:
    """Index of the namespace that a reference names by its URI, -1 where it names none or the server lacks it."""
    if not signal.reference.startswith("nsu="):
        return -1
    uri = signal.reference[4:].partition(";")[0].replace("%3B", ";").replace("%25", "%")
    return namespaces.index(uri) if uri in namespaces else -1


class ItemFactory:
    """Creates the monitored items of one subscription.

    Args:
        link: the connection.
        settings: sampling, queue and trigger.
        signals: all signals; a signal's client handle is its position here.
        namespaces: of this connection.
    """

    def __init__(
        self, link: PacedLink, settings: OpcUaSettings, signals: Sequence[SignalMap], namespaces: Sequence[str]
    ) -> None:
        self._link = link
        self._settings = settings
        self._signals = signals
        self._namespaces = namespaces
        self.problems: dict[int, SourceProblem] = {}
        self.short_queues = 0
        self._item_ids: dict[int, int] = {}
        self._handle_of = {signal.index: handle for handle, signal in enumerate(signals)}

    def node_of(self, signal: int) -> Any:
        """Node id of a signal, by catalogue index; raises NodeMissing."""
        return self.node(self._handle_of[signal])

    def node(self, handle: int) -> Any:
        """Node id of a client handle; raises NodeMissing."""
        return parse_node_id(self._signals[handle].reference, self._namespaces)

    def handles_of(self, signals: Iterable[int]) -> list[int]:
        """Handles of those catalogue indexes that are monitored without a problem."""
        handles = (self._handle_of.get(signal) for signal in signals)
        return [handle for handle in handles if handle is not None and handle not in self.problems]

    def rename(self, namespaces: Sequence[str]) -> list[int]:
        """Takes over another order of namespaces; gives the handles whose node id is another one now."""
        old, self._namespaces = self._namespaces, tuple(namespaces)
        if self._namespaces == tuple(old):
            return []
        return [
            handle for handle, signal in enumerate(self._signals) if _place(signal, old) != _place(signal, namespaces)
        ]

    async def delete(self, subscription: Subscription, handles: Sequence[int]) -> bool:
        """Ends the items of these handles; False when an item exists whose id is not known."""
        live = [handle for handle in handles if handle not in self.problems]
        if any(handle not in self._item_ids for handle in live):
            return False
        if live:
            request = ua.DeleteMonitoredItemsRequest()
            request.Parameters.SubscriptionId = subscription.id
            request.Parameters.MonitoredItemIds = [self._item_ids.pop(handle) for handle in live]
            with contextlib.suppress(UaRefused):  # some servers fail to delete the item of a node that is gone
                await self._link.call(request, ua.DeleteMonitoredItemsResponse)
        return True

    async def create(self, subscription: Subscription, handles: Sequence[int]) -> None:
        """Creates items for the given handles; those that fail are listed in `problems`, by handle."""
        done = 0
        while done < len(handles):  # call by call, so that the first ones speak while the others are prepared
            part = handles[done : done + self._link.budget.batch("subscribe")]
            await self._create_some(subscription, part)
            done += len(part)

    async def _create_some(self, subscription: Subscription, handles: Sequence[int]) -> None:
        nodes: list[tuple[int, Any]] = []
        for handle in handles:
            try:
                nodes.append((handle, parse_node_id(self._signals[handle].reference, self._namespaces)))
            except NodeMissing as error:
                self.problems[handle] = SourceProblem(error.offender, error.message, error.remedy)
        if nodes:
            await self._create_batch(subscription, nodes)

    async def _create_batch(self, subscription: Subscription, nodes: list[tuple[int, Any]]) -> None:
        unfiltered: list[tuple[int, Any]] = []
        results = await self._request(subscription, nodes, filtered=True)
        for item, result in zip(nodes, results, strict=True):
            if result.StatusCode.value in _FILTER_FAULTS:
                unfiltered.append(item)
            else:
                self._note(item[0], result)
        if unfiltered:
            for item, result in zip(
                unfiltered, await self._request(subscription, unfiltered, filtered=False), strict=True
            ):
                self._note(item[0], result)

    async def _request(self, subscription: Subscription, nodes: list[tuple[int, Any]], *, filtered: bool) -> list[Any]:
        request = ua.CreateMonitoredItemsRequest()
        request.Parameters.SubscriptionId = subscription.id
        request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
        request.Parameters.ItemsToCreate = [self._item(subscription, handle, node, filtered) for handle, node in nodes]
        response = await self._link.call(request, ua.CreateMonitoredItemsResponse)
        return list(response.Results)

    def _item(self, subscription: Subscription, handle: int, node: Any, filtered: bool) -> Any:
        signal = self._signals[handle]
        sampling_ms = self._settings.sampling_interval_ms
        if sampling_ms < 0:
            sampling_ms = signal.period_s * 500
        item = ua.MonitoredItemCreateRequest()
        item.ItemToMonitor.NodeId = node
        item.ItemToMonitor.AttributeId = ua.AttributeIds.Value
        item.MonitoringMode = ua.MonitoringMode.Reporting
        wanted = item.RequestedParameters
        wanted.ClientHandle = handle
        wanted.SamplingInterval = sampling_ms
        wanted.QueueSize = self._queue_size(signal, sampling_ms)
        wanted.DiscardOldest = True
        if filtered:
            wanted.Filter = ua.DataChangeFilter(Trigger=ua.DataChangeTrigger[self._settings.trigger])
        return item

    def _queue_size(self, signal: SignalMap, sampling_ms: float) -> int:
        step_s = sampling_ms / 1000 if sampling_ms > 0 else signal.period_s / 2
        return max(10, math.ceil(self._settings.queue_s / max(step_s, 0.001)))

    def _note(self, handle: int, result: Any) -> None:
        if result.StatusCode.is_good():
            self.problems.pop(handle, None)
            self._item_ids[handle] = int(result.MonitoredItemId)
            if result.RevisedQueueSize and result.RevisedSamplingInterval > 0:
                # a server may sample faster than asked, but samples come no faster than the signal changes
                step_ms = max(result.RevisedSamplingInterval, self._signals[handle].period_s * 500)
                kept_s = result.RevisedQueueSize * step_ms / 1000
                self.short_queues += kept_s < self._settings.queue_s * 0.5
            return
        status = status_name(result.StatusCode.value)
        remedy = _REMEDIES.get(status, "see the server's log")
        self.problems[handle] = SourceProblem(self._signals[handle].reference, status, remedy)
