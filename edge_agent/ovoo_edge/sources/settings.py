"""What a `[[source]]` table may hold: one frozen dataclass a driver, each with `from_table(table, where)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self

from ovoo_edge.sources.settings_mqtt import MqttSettings, MqttTls
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.settings_replay import ReplaySettings

__all__ = ["MqttSettings", "MqttTls", "OpcUaSettings", "ReplaySettings", "SourceSettings"]


class SourceSettings(Protocol):
    """What every driver's settings have."""

    @property
    def name(self) -> str:
        """Unique name of the source."""

    @property
    def driver(self) -> str:
        """Name of the driver in the registry."""

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str) -> Self:
        """Settings of a TOML table; raises ConfigErrors."""
