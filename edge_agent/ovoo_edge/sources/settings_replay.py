"""Settings of the replay driver."""

from __future__ import annotations

import pathlib
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ovoo_edge.sources.settings_mqtt import TimeForm
from ovoo_edge.sources.settings_table import TableReader, defaults_of

__all__ = ["ReplaySettings"]

_FORMS: tuple[TimeForm, ...] = ("s", "ms", "us", "ns", "iso")


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """A recorded file to play into the gateway.

    Attributes:
        name: unique name of the source.
        path: `*.ovb` (catalogue and wire batches) or `*.csv` (a column per signal).
        speed: 0 = as fast as the pipeline takes it, else a factor of real time, up to 1e6.
        time_column: CSV column of the time.
        time_form: unit of a number there, or "iso" for text.
        timezone: zone of ISO texts without one.
        delimiter: CSV delimiter, one character; "" = found by looking at the first line.
        rows_per_chunk: rows of the file handed over together, 1 to 1,000,000.
    """

    driver: ClassVar[str] = "replay"

    name: str
    path: pathlib.Path
    speed: float = 0.0
    time_column: str = "time"
    time_form: TimeForm = "iso"
    timezone: str = "UTC"
    delimiter: str = ""
    rows_per_chunk: int = 5000

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str) -> Self:
        """Settings of a `driver = "replay"` table; raises ConfigErrors."""
        reader = TableReader(table, where)
        default = defaults_of(cls)
        settings = cls(
            name=reader.source_name(),
            path=pathlib.Path(reader.text("path")),
            speed=reader.number("speed", default["speed"], low=0, high=1e6),
            time_column=reader.text("time_column", default["time_column"]),
            time_form=reader.choice("time_form", default["time_form"], _FORMS),
            timezone=reader.text("timezone", default["timezone"]),
            delimiter=reader.text("delimiter", default["delimiter"], empty=True),
            rows_per_chunk=reader.integer("rows_per_chunk", default["rows_per_chunk"], low=1, high=1_000_000),
        )
        if settings.path.suffix not in (".ovb", ".csv"):
            reader.fault("path", "is neither .ovb nor .csv", str(settings.path), "give a recorded file")
        if len(settings.delimiter) > 1:
            reader.fault("delimiter", "is not one character", settings.delimiter, "such as ';'")
        try:
            zoneinfo.ZoneInfo(settings.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            reader.fault("timezone", "is not a known zone", settings.timezone, "such as Asia/Shanghai")
        reader.finish()
        return settings
