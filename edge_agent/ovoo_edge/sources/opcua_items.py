"""Subscriptions and monitored items: created in batches within the server's limits, bad nodes apart from good ones."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ovoo_contract.errors import NodeMissing

from ovoo_edge.sources.base import SignalMap, SourceProblem
from ovoo_edge.sources.opcua_link import UaLink, UaRefused, status_name
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
        """Longest time without any answer: one and a half keep-alive periods, at least one second."""
        return max(1.0, 1.5 * self.keep_alive_count * self.interval_ms / 1000)


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


async def _read_items_per_call(link: UaLink, most: int) -> int:
    limit = ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall
    values = await _read(link, [limit])
    value = values[0]
    return min(most, int(value)) if isinstance(value, int) and value > 0 else most


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


class ItemFactory:
    """Creates the monitored items of one subscription.

    Args:
        link: the connection.
        settings: sampling, queue and trigger.
        signals: all signals; a signal's client handle is its position here.
        namespaces: of this connection.
    """

    def __init__(
        self, link: UaLink, settings: OpcUaSettings, signals: Sequence[SignalMap], namespaces: Sequence[str]
    ) -> None:
        self._link = link
        self._settings = settings
        self._signals = signals
        self._namespaces = namespaces
        self.problems: dict[int, SourceProblem] = {}
        self.short_queues = 0

    async def create(self, subscription: Subscription, handles: Sequence[int]) -> None:
        """Creates items for the given handles; those that fail are listed in `problems`, by handle."""
        batch = await _read_items_per_call(self._link, self._settings.max_items_per_call)
        nodes: list[tuple[int, Any]] = []
        for handle in handles:
            try:
                nodes.append((handle, parse_node_id(self._signals[handle].reference, self._namespaces)))
            except NodeMissing as error:
                self.problems[handle] = SourceProblem(error.offender, error.message, error.remedy)
        for start in range(0, len(nodes), batch):
            await self._create_batch(subscription, nodes[start : start + batch])

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
            if result.RevisedQueueSize and result.RevisedSamplingInterval > 0:
                # a server may sample faster than asked, but samples come no faster than the signal changes
                step_ms = max(result.RevisedSamplingInterval, self._signals[handle].period_s * 500)
                kept_s = result.RevisedQueueSize * step_ms / 1000
                self.short_queues += kept_s < self._settings.queue_s * 0.5
            return
        status = status_name(result.StatusCode.value)
        remedy = _REMEDIES.get(status, "see the server's log")
        self.problems[handle] = SourceProblem(self._signals[handle].reference, status, remedy)
