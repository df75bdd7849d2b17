"""Drivers by name, as import strings: a driver that no configuration names is never imported."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ovoo_contract.errors import ConfigError, ConfigErrors

from ovoo_edge.sources.base import SignalMap, Source, SourceContext
from ovoo_edge.sources.settings import MqttSettings, OpcUaSettings, ReplaySettings, SourceSettings

__all__ = ["DRIVERS", "create_source", "driver_names", "read_settings"]

DRIVERS: Mapping[str, str] = {
    "opcua": "ovoo_edge.sources.opcua:OpcUaSource",
    "mqtt": "ovoo_edge.sources.mqtt:MqttSource",
    "replay": "ovoo_edge.sources.replay:ReplaySource",
}

_SETTINGS: Mapping[str, type[SourceSettings]] = {
    "opcua": OpcUaSettings,
    "mqtt": MqttSettings,
    "replay": ReplaySettings,
}


def driver_names() -> tuple[str, ...]:
    """The drivers a configuration may name, sorted."""
    return tuple(sorted(DRIVERS))


def read_settings(table: Mapping[str, Any], where: str) -> SourceSettings:
    """The settings of one `[[source]]` table, chosen by its key `driver`.

    Args:
        table: the parsed TOML table.
        where: key path for messages, such as `source[0]`.

    Raises:
        ConfigErrors: every fault of the table, with its key path.
    """
    driver = table.get("driver")
    if not isinstance(driver, str) or driver not in _SETTINGS:
        known = ", ".join(driver_names())
        raise ConfigErrors(
            [ConfigError("unknown driver", offender=f"{where}.driver", value=driver, remedy=f"one of {known}")]
        )
    return _SETTINGS[driver].from_table(table, where)


def create_source(settings: SourceSettings, signals: Sequence[SignalMap], context: SourceContext) -> Source:
    """The driver instance for `settings`; imports the driver now."""
    module, _, name = DRIVERS[settings.driver].partition(":")
    factory = getattr(importlib.import_module(module), name)
    return cast(Source, factory(settings, signals, context))
