"""The publish loop: several PublishRequests wait at the server, acknowledgements travel with the next one."""

from __future__ import annotations

import asyncio
from typing import Any

from ovoo_contract.errors import ConnectFailed

from ovoo_edge.sources.opcua_link import UaLink, translate_errors
from ovoo_edge.sources.opcua_sequence import SequenceLedger
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.ua_api import ua

__all__ = ["PublishLoop"]


class PublishLoop:
    """Keeps requests outstanding and yields response bodies in the order of their arrival.

    Args:
        link: the connection.
        settings: how many requests wait at the server, and the endpoint for messages.
        ledger: hands out what may be acknowledged and takes back what no request carried.
    """

    def __init__(self, link: UaLink, settings: OpcUaSettings, ledger: SequenceLedger) -> None:
        self._link = link
        self._endpoint = settings.endpoint
        self._outstanding = settings.outstanding
        self._ledger = ledger
        self._answers: asyncio.Queue[asyncio.Future[Any]] = asyncio.Queue()
        self._sent: dict[asyncio.Future[Any], list[int]] = {}

    @property
    def outstanding(self) -> int:
        """Requests that wait at the server now."""
        return len(self._sent)

    def fill(self, most: int | None = None) -> None:
        """Sends requests until the wanted number is outstanding, or `most` of them."""
        wanted = self._outstanding if most is None else most
        while len(self._sent) < wanted:
            self._send()

    def lower(self) -> None:
        """Keeps one request less: the server said that it holds too many."""
        self._outstanding = max(1, self._outstanding - 1)

    async def next_body(self, patience_s: float) -> bytes:
        """The next response body; `fill` again once it was dealt with.

        Raises:
            ConnectFailed: nothing came within `patience_s`, or the connection is gone.
        """
        try:
            async with asyncio.timeout(patience_s):
                future = await self._answers.get()
        except TimeoutError as error:
            raise ConnectFailed(
                "the server went silent", offender=self._endpoint, value=f"{patience_s:.1f} s", remedy="reconnecting"
            ) from error
        return self._body_of(future)

    def ready_body(self) -> bytes | None:
        """The next response body if one is there already; raises as `next_body` does where the connection is gone."""
        return None if self._answers.empty() else self._body_of(self._answers.get_nowait())

    def _body_of(self, future: asyncio.Future[Any]) -> bytes:
        acks = self._sent.pop(future)
        with translate_errors(self._endpoint):
            try:
                buffer = future.result()
            except BaseException:
                self._ledger.return_acks(acks)
                raise
        return bytes(buffer.read(len(buffer)))

    def abandon(self) -> None:
        """The connection is gone: what the open requests would have acknowledged is acknowledged again later."""
        for future, acks in self._sent.items():
            future.remove_done_callback(self._answers.put_nowait)
            if not future.done():
                future.cancel()
            elif not future.cancelled():
                future.exception()  # marks it as seen: the loss itself was reported already
            self._ledger.return_acks(acks)
        self._sent.clear()

    def _send(self) -> None:
        request = ua.PublishRequest()
        acks = self._ledger.take_acks()
        for number in acks:
            item = ua.SubscriptionAcknowledgement()
            item.SubscriptionId = self._ledger.subscription_id
            item.SequenceNumber = number
            request.Parameters.SubscriptionAcknowledgements.append(item)
        try:
            future = self._link.send(request)
        except BaseException:
            self._ledger.return_acks(acks)
            raise
        self._sent[future] = acks
        future.add_done_callback(self._answers.put_nowait)
