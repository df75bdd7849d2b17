"""Tells gateways what they are to run: one retained message each, again after every connection to the broker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ovoo_contract import topics
from ovoo_contract.gateway_config import DesiredConfig

from ovoo_cloud.catalogue import desired
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.ingest.intake import Outgoing
from ovoo_cloud.ingest.messages import Clock

__all__ = ["PERIOD_S", "ConfigDesk"]

PERIOD_S: Final = 2.0
"""How soon an opinion is on its way."""


class ConfigDesk:
    """Keeps the configurations of all gateways in step with what people say, and knows which are told."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._connection = -1
        self._told: dict[str, int] = {}

    def tell(self, connection: int, publish: Callable[[list[Outgoing]], int]) -> None:
        """Publishes what is new on this connection: a broker may have lost what it kept, so all of it at first.

        Args:
            connection: number of the connection to the broker.
            publish: sends the messages in order and gives how many went out.

        Raises:
            StoreUnavailable: the database does not answer; try again.
        """
        due = self._due(connection)
        messages = [Outgoing(topics.config_desired(gateway), config.to_json(), retain=True) for gateway, config in due]
        count = publish(messages) if messages else 0
        self._told.update({gateway: config.version for gateway, config in due[:count]})

    def _due(self, connection: int) -> list[tuple[str, DesiredConfig]]:
        if connection != self._connection:
            self._connection, self._told = connection, {}
        with self._database.read() as session:
            changed = bool(desired.changes(session))
        if changed:
            with self._database.write() as session:
                desired.follow(session, self._clock())
        with self._database.read() as session:
            wanted = desired.published(session)
        return [(gateway, config) for gateway, config in wanted if self._told.get(gateway) != config.version]
