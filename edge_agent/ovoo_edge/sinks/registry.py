"""Sink drivers by name, as import strings: a driver that no configuration names is never imported."""

from __future__ import annotations

import importlib
import pathlib
from collections.abc import Mapping
from typing import Any, cast

from ovoo_contract.errors import ConfigError, ConfigErrors

from ovoo_edge.sinks.base import Sink, SinkContext
from ovoo_edge.sinks.settings import InfluxSinkSettings, MqttSinkSettings, SinkSettings

__all__ = ["DRIVERS", "create_sink", "driver_names", "read_sink_settings"]

DRIVERS: Mapping[str, str] = {
    "mqtt": "ovoo_edge.sinks.mqtt:MqttSink",
    "influx": "ovoo_edge.sinks.influx:InfluxSink",
}

_SETTINGS: Mapping[str, type[MqttSinkSettings] | type[InfluxSinkSettings]] = {
    "mqtt": MqttSinkSettings,
    "influx": InfluxSinkSettings,
}


def driver_names() -> tuple[str, ...]:
    """The drivers a configuration may name, sorted."""
    return tuple(sorted(DRIVERS))


def read_sink_settings(table: Mapping[str, Any], where: str, folder: pathlib.Path) -> SinkSettings:
    """The settings of one `[[sink]]` table, chosen by its key `driver`.

    Args:
        table: the parsed TOML table.
        where: key path for messages, such as `sink[0]`.
        folder: relative file names are taken from here.

    Raises:
        ConfigErrors: every fault of the table, with its key path.
    """
    driver = table.get("driver")
    if not isinstance(driver, str) or driver not in _SETTINGS:
        known = ", ".join(driver_names())
        raise ConfigErrors(
            [ConfigError("unknown driver", offender=f"{where}.driver", value=driver, remedy=f"one of {known}")]
        )
    return _SETTINGS[driver].from_table(table, where, folder)


def create_sink(settings: SinkSettings, context: SinkContext) -> Sink:
    """The driver instance for `settings`; imports the driver now."""
    module, _, name = DRIVERS[settings.driver].partition(":")
    factory = getattr(importlib.import_module(module), name)
    return cast(Sink, factory(settings, context))
