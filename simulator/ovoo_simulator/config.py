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

from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import ConfigError

from ovoo_simulator.plants import Plant
from ovoo_simulator.plants.model import METER_TEMPLATE
from ovoo_simulator.serve_opcua import namespace_uri, node_name

__all__ = [
    "CONFIG_FILE",
    "SIGNALS_FILE",
    "GatewayFiles",
    "GatewaySite",
    "TomlValue",
    "gateway_files",
    "mqtt_source",
    "opcua_source",
]

CONFIG_FILE = "agent.toml"
SIGNALS_FILE = "signals.csv"
SOURCE_NAME = "plant"
TomlValue: TypeAlias = str | int | float | bool | Sequence[str] | Mapping[str, str]
_COLUMNS = ("address", "template", "source", "reference", "path", "unit", "period_s", "deadband", "name_zh", "name_en")


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


@dataclass(frozen=True, slots=True)
class GatewaySite:
    """What a gateway's files say about its site.

    Attributes:
        gateway: id of the gateway.
        enterprise: level of all addresses.
        site: level of all addresses.
        entries: the signals.
        templates: `pack/template` by asset path; signals of other assets carry their own unit and names.
    """

    gateway: str
    enterprise: str
    site: str
    entries: tuple[SignalEntry, ...]
    templates: Mapping[str, str]

    @classmethod
    def of_plant(cls, plant: Plant) -> GatewaySite:
        """The site of a simulated plant."""
        model = plant.model
        templates = {machine.path: f"{plant.name}/{machine.model.template}" for machine in plant.machines}
        templates[plant.meter_path] = f"{plant.name}/{METER_TEMPLATE}"
        return cls(model.gateway, model.enterprise, model.site, plant.entries, templates)

    @classmethod
    def of_catalogue(cls, catalogue: Catalogue, gateway: str) -> GatewaySite:
        """The site of a replayed data set."""
        address = catalogue.entries[0].address
        return cls(gateway, address.enterprise, address.site, catalogue.entries, {})


def opcua_source(endpoint: str, extra: Mapping[str, TomlValue] | None = None) -> dict[str, TomlValue]:
    """A `[[source]]` table for the simulated OPC UA server."""
    return {"name": SOURCE_NAME, "driver": "opcua", "endpoint": endpoint, **(extra or {})}


def mqtt_source(
    site: GatewaySite, host: str, port: int, extra: Mapping[str, TomlValue] | None = None
) -> dict[str, TomlValue]:
    """A `[[source]]` table for the simulated MQTT publisher."""
    return {
        "name": SOURCE_NAME,
        "driver": "mqtt",
        "host": host,
        "port": port,
        "client_id": f"{site.gateway}-plant",
        "topics": [f"{site.site}/#"],
        "topic_template": "{site}/{area}/{line}/{asset}",
        "address": {"enterprise": site.enterprise},
        "values_path": "values",
        "time_path": "ts",
        "time_form": "ms",
        **(extra or {}),
    }


def gateway_files(
    site: GatewaySite,
    source: Mapping[str, TomlValue],
    sinks: Sequence[Mapping[str, TomlValue]],
    *,
    tables: Mapping[str, Mapping[str, TomlValue]] | None = None,
    models: Sequence[Mapping[str, TomlValue]] = (),
    state_dir: str = "state",
) -> GatewayFiles:
    """Both files.

    Args:
        site: from `GatewaySite.of_plant` or `.of_catalogue`.
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
        "id": site.gateway,
        "enterprise": site.enterprise,
        "site": site.site,
        "state_dir": state_dir,
        "timezone": "Asia/Shanghai",
        "signals": [SIGNALS_FILE],
    }
    blocks = [_table("[gateway]", gateway)]
    blocks += [_table(f"[{name}]", table) for name, table in (tables or {}).items()]
    blocks.append(_table("[[source]]", source))
    blocks += [_table("[[sink]]", sink) for sink in sinks]
    blocks += [_table("[[model]]", model) for model in models]
    return GatewayFiles("\n".join(blocks), _signals(site, str(source["driver"])))


def _signals(site: GatewaySite, driver: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for entry in site.entries:
        writer.writerow(_cells(entry, site.templates.get(entry.address.asset_path, ""), driver))
    return out.getvalue()


def _cells(entry: SignalEntry, template: str, driver: str) -> list[str]:
    """One line; blank cells take the template's values and are there for the engineer who edits the list."""
    reference = f"nsu={namespace_uri(entry.address.site)};s={node_name(entry)}" if driver == "opcua" else ""
    own = ["", "", "", ""] if template else [entry.unit, f"{entry.period_s:g}", entry.name_zh, entry.name_en]
    unit, period_s, name_zh, name_en = own
    return [str(entry.address), template, SOURCE_NAME, reference, "", unit, period_s, "", name_zh, name_en]


def _table(head: str, table: Mapping[str, TomlValue]) -> str:
    return "\n".join([head, *(f"{key} = {_toml(value)}" for key, value in table.items()), ""])


def _toml(value: TomlValue) -> str:
    """TOML of a value; JSON strings, numbers and arrays of strings are TOML too."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, str | int | float):
        return json.dumps(value, ensure_ascii=False)
    return "[" + ", ".join(json.dumps(each, ensure_ascii=False) for each in value) + "]"
