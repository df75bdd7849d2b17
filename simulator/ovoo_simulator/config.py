"""The gateway's side of a simulated plant: `agent.toml` and `signals.csv` that `ovoo-edge check` accepts."""

from __future__ import annotations

import csv
import io
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import ConfigError

from ovoo_simulator.plants import Plant
from ovoo_simulator.serve_opcua import namespace_uri, node_name

__all__ = ["CONFIG_FILE", "SIGNALS_FILE", "GatewayFiles", "TomlValue", "gateway_files", "mqtt_source", "opcua_source"]

CONFIG_FILE = "agent.toml"
SIGNALS_FILE = "signals.csv"
SOURCE_NAME = "plant"
TomlValue: TypeAlias = str | int | float | bool | Sequence[str] | Mapping[str, str]
_COLUMNS = ("address", "template", "source", "reference", "path", "period_s", "deadband", "name_zh", "name_en")
# blank cells take the template's values; the columns are there for the engineer who edits the list
_BLANK = ("path", "period_s", "deadband", "name_zh", "name_en")


@dataclass(frozen=True, slots=True)
class GatewayFiles:
    """Text of the two files."""

    config: str
    signals: str

    def write(self, folder: pathlib.Path) -> None:
        """Writes both into `folder`, made if absent."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in ((CONFIG_FILE, self.config), (SIGNALS_FILE, self.signals)):
            part = folder / (name + ".part")
            part.write_text(text, encoding="utf-8")
            os.replace(part, folder / name)


def opcua_source(endpoint: str, extra: Mapping[str, TomlValue] | None = None) -> dict[str, TomlValue]:
    """A `[[source]]` table for the simulated OPC UA server."""
    return {"name": SOURCE_NAME, "driver": "opcua", "endpoint": endpoint, **(extra or {})}


def mqtt_source(
    plant: Plant, host: str, port: int, extra: Mapping[str, TomlValue] | None = None
) -> dict[str, TomlValue]:
    """A `[[source]]` table for the simulated MQTT publisher."""
    return {
        "name": SOURCE_NAME,
        "driver": "mqtt",
        "host": host,
        "port": port,
        "client_id": f"{plant.model.gateway}-plant",
        "topics": [f"{plant.model.site}/#"],
        "topic_template": "{site}/{area}/{line}/{asset}",
        "address": {"enterprise": plant.model.enterprise},
        "values_path": "values",
        "time_path": "ts",
        "time_form": "ms",
        **(extra or {}),
    }


def gateway_files(
    plant: Plant,
    source: Mapping[str, TomlValue],
    sinks: Sequence[Mapping[str, TomlValue]],
    *,
    tables: Mapping[str, Mapping[str, TomlValue]] | None = None,
    models: Sequence[Mapping[str, TomlValue]] = (),
    state_dir: str = "state",
) -> GatewayFiles:
    """Both files.

    Args:
        source: from `opcua_source` or `mqtt_source`.
        sinks: `[[sink]]` tables, at least one.
        tables: `[spool]` and `[health]` tables, where the defaults do not fit.
        models: `[[model]]` tables.
        state_dir: folder of the spool, relative to the file.
    """
    if not sinks:
        raise ConfigError(
            "a gateway without a sink keeps everything", offender="sinks", remedy="name a cloud or InfluxDB"
        )
    gateway: dict[str, TomlValue] = {
        "id": plant.model.gateway,
        "enterprise": plant.model.enterprise,
        "site": plant.model.site,
        "state_dir": state_dir,
        "timezone": "Asia/Shanghai",
        "signals": [SIGNALS_FILE],
    }
    blocks = [_table("[gateway]", gateway)]
    blocks += [_table(f"[{name}]", table) for name, table in (tables or {}).items()]
    blocks.append(_table("[[source]]", source))
    blocks += [_table("[[sink]]", sink) for sink in sinks]
    blocks += [_table("[[model]]", model) for model in models]
    return GatewayFiles("\n".join(blocks), _signals(plant, str(source["driver"])))


def _signals(plant: Plant, driver: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    templates = {machine.path: machine.model.template for machine in plant.machines}
    templates[plant.meter_path] = "site_meter"
    for entry in plant.entries:
        template = f"{plant.name}/{templates[entry.address.asset_path]}"
        writer.writerow([_cell(entry, column, template, driver) for column in _COLUMNS])
    return out.getvalue()


def _cell(entry: SignalEntry, column: str, template: str, driver: str) -> str:
    if column in _BLANK:
        return ""
    if column == "reference":
        uri = namespace_uri(entry.address.site)
        return f"nsu={uri};s={node_name(entry)}" if driver == "opcua" else ""
    cells = {"address": str(entry.address), "template": template, "source": SOURCE_NAME}
    return cells[column]


def _table(head: str, table: Mapping[str, TomlValue]) -> str:
    return "\n".join([head, *(f"{key} = {_toml(value)}" for key, value in table.items()), ""])


def _toml(value: TomlValue) -> str:
    """TOML of a value; JSON strings, numbers and arrays of strings are TOML too."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, str | int | float):
        return json.dumps(value, ensure_ascii=False)
    return "[" + ", ".join(json.dumps(each, ensure_ascii=False) for each in value) + "]"
