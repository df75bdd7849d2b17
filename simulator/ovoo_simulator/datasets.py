"""Public data sets as columns: SKAB, Tennessee Eastman, steel-plant energy, and any CSV with a time column.

Times in these files have no zone; they are read as local time at `utc_offset_h`. Label columns are kept apart, text
columns (weekday names, load classes) are left out.
"""

from __future__ import annotations

import csv
import io
import pathlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from ovoo_contract.errors import PayloadError

from ovoo_simulator.arrays import FloatArray, IntArray
from ovoo_simulator.times import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

__all__ = ["DataSet", "DataSetKind", "detect_kind", "read_dataset", "slug"]

DataSetKind = Literal["skab", "tep", "steel", "csv"]
_LABELS = ("anomaly", "changepoint")
_TEP_COLUMNS = tuple([f"xmeas{n}" for n in range(1, 42)] + [f"xmv{n}" for n in range(1, 12)])
_TEP_STEP_NS = 3 * MINUTE_NS
_TEP_START_NS = 1_767_196_800_000_000_000
_SKAB_UNITS = {"current": "A", "pressure": "bar", "temperature": "degC", "thermocouple": "degC", "voltage": "V"}
_STEEL_UNITS = {
    "usage_kwh": "kWh",
    "lagging_current_reactive_power_kvarh": "kvarh",
    "leading_current_reactive_power_kvarh": "kvarh",
    "co2_tco2": "tCO2",
    "lagging_current_power_factor": "%",
    "leading_current_power_factor": "%",
    "nsm": "s",
}


@dataclass(frozen=True, slots=True)
class DataSet:
    """A file as columns.

    Attributes:
        names: signal names as address levels.
        units: of the signals.
        time_ns: (n,) UTC, strictly rising.
        value: (signals, n); NaN where the field is empty.
        labels: label columns by name, same length.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    time_ns: IntArray
    value: FloatArray
    labels: Mapping[str, FloatArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time_ns)


def slug(name: str) -> str:
    """The name as a level of an address: lower case, everything else than letters and digits as `_`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:63] or "signal"


def detect_kind(path: pathlib.Path) -> DataSetKind:
    """The kind of a file by its name and first line."""
    first = _text(path).partition("\n")[0]
    if path.suffix == ".dat":
        return "tep"
    if first.startswith("datetime;"):
        return "skab"
    if first.startswith("date,Usage_kWh"):
        return "steel"
    return "csv"


def read_dataset(path: pathlib.Path, kind: DataSetKind | None = None, *, utc_offset_h: float = 8.0) -> DataSet:
    """Reads a file.

    Raises:
        PayloadError: naming file, line and what is wrong.
    """
    readers: Mapping[str, Callable[[pathlib.Path, int], DataSet]] = {
        "skab": _read_skab,
        "tep": _read_tep,
        "steel": _read_steel,
        "csv": _read_csv,
    }
    data = readers[kind or detect_kind(path)](path, round(utc_offset_h * HOUR_NS))
    backwards = np.flatnonzero(np.diff(data.time_ns) <= 0)
    if len(backwards):
        raise PayloadError(
            "time does not rise",
            offender=f"{path.name} data row {int(backwards[0]) + 2}",
            value=int(data.time_ns[backwards[0] + 1]),
            remedy="sort the file or drop double rows",
        )
    return data


def _text(path: pathlib.Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PayloadError(
            "cannot be read", offender=str(path), value=str(error), remedy="a UTF-8 text file"
        ) from error


def _rows(path: pathlib.Path, delimiter: str) -> tuple[list[str], list[list[str]]]:
    lines = [row for row in csv.reader(io.StringIO(_text(path)), delimiter=delimiter) if row]
    if len(lines) < 2:
        raise PayloadError("holds no data", offender=str(path), remedy="a header and at least one row")
    header, body = lines[0], lines[1:]
    for number, row in enumerate(body, start=2):
        if len(row) != len(header):
            raise PayloadError("wrong number of fields", offender=f"{path.name}:{number}", value=len(row))
    return header, body


def _number(path: pathlib.Path, line: int, text: str) -> float:
    if not text.strip():
        return float("nan")
    try:
        return float(text)
    except ValueError as error:
        raise PayloadError("not a number", offender=f"{path.name}:{line}", value=text) from error


def _column(path: pathlib.Path, body: Sequence[Sequence[str]], place: int) -> FloatArray:
    return np.array([_number(path, line, row[place]) for line, row in enumerate(body, start=2)])


def _local_ns(path: pathlib.Path, line: int, text: str, form: str, offset_ns: int) -> int:
    try:
        moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)
    except ValueError as error:
        raise PayloadError(
            "not a time", offender=f"{path.name}:{line}", value=text, remedy=form or "ISO 8601"
        ) from error
    if moment.tzinfo is not None:
        return round(moment.timestamp() * 1_000_000) * 1000
    since = moment - datetime(1970, 1, 1)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000 - offset_ns


def _read_skab(path: pathlib.Path, offset_ns: int) -> DataSet:
    header, body = _rows(path, ";")
    times = [_local_ns(path, line, row[0], "%Y-%m-%d %H:%M:%S", offset_ns) for line, row in enumerate(body, start=2)]
    chosen = [place for place, name in enumerate(header) if place and name not in _LABELS]
    names = tuple(slug(header[place]) for place in chosen)
    return DataSet(
        names,
        tuple(_SKAB_UNITS.get(name, "1") for name in names),
        np.array(times, dtype=np.int64),
        np.vstack([_column(path, body, place) for place in chosen]),
        {name: _column(path, body, header.index(name)) for name in _LABELS if name in header},
    )


def _read_tep(path: pathlib.Path, offset_ns: int) -> DataSet:
    """52 columns, a row every three minutes; `d00.dat` is stored transposed. No times: they start on 1 January 2026."""
    rows = [line.split() for line in _text(path).splitlines() if line.strip()]
    width = len(rows[0]) if rows else 0
    if any(len(row) != width for row in rows):
        raise PayloadError("rows differ in length", offender=str(path))
    table = np.array([[_number(path, line, each) for each in row] for line, row in enumerate(rows, start=1)])
    if table.ndim == 2 and table.shape[1] != len(_TEP_COLUMNS) and table.shape[0] == len(_TEP_COLUMNS):
        table = table.T
    if table.ndim != 2 or table.shape[1] != len(_TEP_COLUMNS):
        raise PayloadError("not 52 columns", offender=str(path), value=table.shape)
    start = _TEP_START_NS + 8 * HOUR_NS - offset_ns
    times = start + _TEP_STEP_NS * np.arange(len(table), dtype=np.int64)
    units = ("1",) * len(_TEP_COLUMNS)
    return DataSet(_TEP_COLUMNS, units, times, np.ascontiguousarray(table.T))


def _read_steel(path: pathlib.Path, offset_ns: int) -> DataSet:
    """Quarter hours; the midnight row carries the date of the day that ends, so it gets a day more."""
    header, body = _rows(path, ",")
    times = []
    for line, row in enumerate(body, start=2):
        stamp = _local_ns(path, line, row[0], "%d-%m-%Y %H:%M", offset_ns)
        times.append(stamp + DAY_NS if row[0].endswith(" 00:00") else stamp)
    places = {slug(name): place for place, name in enumerate(header)}
    names = tuple(name for name in _STEEL_UNITS if name in places)
    return DataSet(
        names,
        tuple(_STEEL_UNITS[name] for name in names),
        np.array(times, dtype=np.int64),
        np.vstack([_column(path, body, places[name]) for name in names]),
    )


def _read_csv(path: pathlib.Path, offset_ns: int) -> DataSet:
    """First column: ISO 8601 or seconds since 1970; every other column whose first field is a number is a signal."""
    delimiter = max(",;\t", key=_text(path).partition("\n")[0].count)
    header, body = _rows(path, delimiter)
    times = [_any_time(path, line, row[0], offset_ns) for line, row in enumerate(body, start=2)]
    chosen = [place for place in range(1, len(header)) if _numeric(body[0][place]) and header[place] not in _LABELS]
    if not chosen:
        raise PayloadError("no column holds numbers", offender=str(path))
    return DataSet(
        tuple(slug(header[place]) for place in chosen),
        ("1",) * len(chosen),
        np.array(times, dtype=np.int64),
        np.vstack([_column(path, body, place) for place in chosen]),
        {name: _column(path, body, header.index(name)) for name in _LABELS if name in header},
    )


def _numeric(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True


def _any_time(path: pathlib.Path, line: int, text: str, offset_ns: int) -> int:
    if _numeric(text) and text:
        return round(float(text) * SECOND_NS)
    return _local_ns(path, line, text, "", offset_ns)
