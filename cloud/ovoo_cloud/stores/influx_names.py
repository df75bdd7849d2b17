"""Where a signal stands in InfluxDB: measurement, field and tags as InfluxQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ovoo_contract.address import Address
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.quality import UNCERTAIN

__all__ = ["Place", "measured", "place_of", "time_range"]

_GOOD: Final = f'AND "quality" < {UNCERTAIN}'


@dataclass(frozen=True, slots=True)
class Place:
    """A signal's measurement, field and tag condition; telemetry also has quality and text."""

    measurement: str
    field: str
    where: str

    @property
    def full(self) -> bool:
        """True for telemetry."""
        return self.measurement == "telemetry"

    @property
    def columns(self) -> str:
        """What a row query selects: value, quality, text, or the one field."""
        return '"value", "quality", "text"' if self.full else f'"{self.field}"'

    @property
    def counted(self) -> str:
        """The field that every row has."""
        return "quality" if self.full else self.field

    @property
    def good(self) -> str:
        """The condition for good rows; derived figures are written only where they are good."""
        return _GOOD if self.full else ""


def measured(site: str, asset: str, signal: str) -> str:
    """The tag condition of a measured signal."""
    return f"\"site\" = '{site}' AND \"asset\" = '{asset}' AND \"signal\" = '{signal}'"


def place_of(address: Address, entry: SignalEntry | None) -> Place:
    """Measured telemetry unless the catalogue says otherwise."""
    site, asset = f"\"site\" = '{address.site}'", f"\"asset\" = '{address.asset_path}'"
    if entry is None or entry.measurement == "telemetry":
        return Place("telemetry", "value", measured(address.site, address.asset_path, address.signal))
    if entry.measurement == "telemetry_1m":
        return Place("telemetry_1m", entry.field, f"{site} AND {asset} AND \"signal\" = '{_quoted(entry.model)}'")
    if entry.measurement == "score":
        return Place("score", entry.field, f"{site} AND {asset} AND \"model\" = '{_quoted(entry.model)}'")
    if entry.measurement == "gateway":
        return Place("gateway", entry.field, f"\"gateway\" = '{address.asset}'")
    return Place(entry.measurement, entry.field, f"{site} AND {asset}")


def time_range(start_ns: int, end_ns: int) -> str:
    """The half-open bound."""
    return f"time >= {start_ns} AND time < {end_ns}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
