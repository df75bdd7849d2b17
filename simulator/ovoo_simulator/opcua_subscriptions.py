"""Subscriptions that survive a client's death: what asyncua's server leaves out and a gateway's restart needs.

asyncua 2.1 answers TransferSubscriptions but keeps looking for publish requests at the dead connection, and forgets a
notification as soon as it was republished once, acknowledged or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua.server.subscription_service import SubscriptionService

from ovoo_simulator.ua_api import ServiceError, ua

__all__ = ["DurableSubscriptions", "install_durable_subscriptions"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DurableSubscriptions(SubscriptionService):
    """Transfer and Republish as OPC UA part 4, 5.13.7 and 5.13.6 ask, and a look at what clients still owe."""

    def __init__(self, aspace: Any, iserver: Any) -> None:
        super().__init__(aspace, iserver)
        self.progress = asyncio.Event()
        """Set whenever a client asks for results or acknowledges them."""

    def publish(self, acks: Iterable[Any]) -> Any:
        """As asyncua does, and wakes whoever waits for progress."""
        result = super().publish(acks)
        self.progress.set()
        return result

    def outstanding(self) -> bool:
        """Whether a client's subscription holds results that are unsent or unacknowledged."""
        return any(sub._triggered_datachanges or sub._not_acknowledged_results for sub in self._external())

    def oldest_outstanding_ns(self) -> int:
        """Source time (UTC, whole microseconds) of the oldest value that no client has acknowledged; 0 without one."""
        times = [
            item.Value.SourceTimestamp
            for sub in self._external()
            for items in (*sub._triggered_datachanges.values(), *map(_items, sub._not_acknowledged_results.values()))
            for item in items
            if item.Value.SourceTimestamp is not None
        ]
        return (min(times) - _EPOCH) // timedelta(microseconds=1) * 1000 if times else 0

    def full(self) -> bool:
        """Whether the queue of a monitored item would overflow with one value more."""
        return any(
            len(queue) >= sub.monitored_item_srv._monitored_items[item].queue_size
            for sub in self._external()
            for item, queue in sub._triggered_datachanges.items()
            if item in sub.monitored_item_srv._monitored_items
        )

    def _external(self) -> list[Any]:
        return [sub for sub in self.subscriptions.values() if sub.pub_request_callback is not None]

    async def transfer_subscriptions(self, params: Any, session_id: Any, callback: Callable[..., Any]) -> list[Any]:
        """Rebinds results and publish requests to the new connection."""
        results: list[Any] = await super().transfer_subscriptions(params, session_id, callback)
        processor = callback.__self__  # type: ignore[attr-defined]  # a bound method of the connection's processor
        for subscription_id in params.SubscriptionIds:
            subscription = self.subscriptions.get(int(subscription_id))
            if subscription is not None:
                subscription.pub_request_callback = processor.get_publish_request
        return results

    def republish(self, params: Any) -> Any:
        """The message again; it stays until it is acknowledged. Faults name what is missing."""
        subscription = self.subscriptions.get(params.SubscriptionId)
        if subscription is None:
            raise ServiceError(ua.StatusCodes.BadSubscriptionIdInvalid)
        result = subscription._not_acknowledged_results.get(params.RetransmitSequenceNumber)
        if result is None:
            raise ServiceError(ua.StatusCodes.BadMessageNotAvailable)
        return result.NotificationMessage


def _items(result: Any) -> list[Any]:
    """The value changes of a publish result."""
    parts = result.NotificationMessage.NotificationData
    return [item for part in parts for item in getattr(part, "MonitoredItems", ())]


def install_durable_subscriptions(server: Any) -> DurableSubscriptions:
    """Puts the service in place of asyncua's own, before any client connects."""
    service = DurableSubscriptions(server.aspace, server)
    server.subscription_service = service
    server.isession.subscription_service = service
    return service
