"""Names and types in the time-series stores (InfluxDB and DuckDB alike)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from ovoo_contract.address import check_segment

__all__ = [
    "ENERGY",
    "GATEWAY",
    "MEASUREMENTS",
    "ROLE_FIELDS",
    "SCORE",
    "TELEMETRY",
    "TELEMETRY_1M",
    "FieldType",
    "Measurement",
    "MeasurementName",
    "database_name",
]

FieldType = Literal["float", "int", "text"]
MeasurementName = Literal["telemetry", "telemetry_1m", "score", "energy", "gateway"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement: its tag keys in order, and its fields with their types (never changed once released)."""

    name: MeasurementName
    tags: tuple[str, ...]
    fields: Mapping[str, FieldType]


def _fields(**types: FieldType) -> Mapping[str, FieldType]:
    return MappingProxyType(dict(types))


_SIGNAL_TAGS: Final = ("site", "asset", "signal")

TELEMETRY: Final = Measurement("telemetry", _SIGNAL_TAGS, _fields(value="float", quality="int", text="text"))
TELEMETRY_1M: Final = Measurement(
    "telemetry_1m",
    _SIGNAL_TAGS,
    _fields(count="int", good="int", min="float", max="float", mean="float", last="float"),
)
SCORE: Final = Measurement("score", ("site", "asset", "model"), _fields(score="float", limit="float", state="float"))
ENERGY: Final = Measurement(
    "energy",
    ("site", "asset"),
    _fields(energy_kwh="float", power_kw="float", state="float", cost="float", carbon="float"),
)
GATEWAY: Final = Measurement(
    "gateway",
    ("gateway",),
    _fields(backlog="float", at_risk_s="float", buffer_h="float", cpu="float", rss_mb="float", offset_ms="float"),
)
MEASUREMENTS: Final[Mapping[str, Measurement]] = MappingProxyType(
    {item.name: item for item in (TELEMETRY, TELEMETRY_1M, SCORE, ENERGY, GATEWAY)}
)
ROLE_FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "telemetry": ("value",),
        "telemetry_1m": tuple(TELEMETRY_1M.fields),
        "score": tuple(SCORE.fields),
        "energy": tuple(ENERGY.fields),
        "gateway": tuple(GATEWAY.fields),
    }
)
"""Which fields a catalogue entry of each measurement may write; in a batch all of them are floats."""


def database_name(enterprise: str) -> str:
    """The database or bucket of one enterprise: `ovoo_<enterprise>`."""
    return f"ovoo_{check_segment(enterprise, 'enterprise')}"
