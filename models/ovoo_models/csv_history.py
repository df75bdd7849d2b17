"""A wide CSV file as columns of samples, with the standard library."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from ovoo_contract.errors import ConfigError
from ovoo_contract.quality import BAD, GOOD
from ovoo_contract.samples import SampleBatch

__all__ = ["Columns", "batch_of", "read_csv", "time_of"]

Columns = tuple["array[int]", "array[float]", "array[int]"]


def time_of(text: str) -> int:
    """Nanoseconds UTC of an ISO 8601 time (without offset: UTC) or of a whole number of nanoseconds."""
    if text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError("not a time", offender="time", value=text, remedy="2026-01-01T00:00:00+08:00") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1e6) * 1000


def read_csv(path: Path) -> dict[str, Columns]:
    """Signal -> (time_ns, value, quality); an empty cell is a bad sample. ConfigError names file and line."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader, [])
        if not header or header[0] != "time":
            raise ConfigError(
                "first column must be time", offender=str(path), value=header[:1], remedy="time,<signal>,…"
            )
        columns = {name: (array("q"), array("d"), array("I")) for name in header[1:]}
        for row in reader:
            if row:
                _add(columns, row, f"{path}:{reader.line_num}")
    return columns


def _add(columns: Mapping[str, Columns], row: list[str], offender: str) -> None:
    if len(row) != len(columns) + 1:
        raise ConfigError("wrong number of cells", offender=offender, value=len(row), remedy=f"{len(columns) + 1}")
    at = time_of(row[0])
    for (name, (time_ns, value, quality)), cell in zip(columns.items(), row[1:], strict=True):
        try:
            number = float(cell) if cell else math.nan
        except ValueError as error:
            raise ConfigError("not a number", offender=f"{offender} {name}", value=cell) from error
        time_ns.append(at)
        value.append(number)
        quality.append(GOOD if math.isfinite(number) else BAD)


def batch_of(columns: Mapping[str, Columns]) -> SampleBatch:
    """One batch; the index of a signal is its place in the mapping."""
    batch = SampleBatch.empty()
    for place, (time_ns, value, quality) in enumerate(columns.values()):
        batch.signal.extend(array("I", [place]) * len(time_ns))
        batch.time_ns.extend(time_ns)
        batch.value.extend(value)
        batch.quality.extend(quality)
    return batch
