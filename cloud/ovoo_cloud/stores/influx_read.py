"""Queries on InfluxDB; every one has both time bounds."""

# ruff: noqa: S608  # InfluxQL has no parameters for names; every part is an address checked letter by letter

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from ovoo_contract.address import Address
from ovoo_contract.errors import AddressError

from ovoo_cloud.stores.base import (
    STREAM_CHUNK,
    Columns,
    FloatArray,
    IntArray,
    Latest,
    Windows,
    concat_columns,
    empty_windows,
)
from ovoo_cloud.stores.collisions import MAX_SHIFT_NS, Rows, join
from ovoo_cloud.stores.influx_http import InfluxHttp, Series
from ovoo_cloud.stores.influx_names import Place, measured, time_range

__all__ = ["counts", "latest", "newest_times", "pieces", "samples", "stored_rows", "windows"]

_ALWAYS: Final = time_range(946_684_800_000_000_000, 4_102_444_800_000_000_000)
_STATEMENTS: Final = 100
_SCREEN_FROM: Final = 32
_SCREEN_SPAN: Final = 4


def samples(http: InfluxHttp, database: str, place: Place, start_ns: int, end_ns: int, limit: int) -> Columns:
    """At most `limit` samples in time order."""
    query = _select(place, start_ns, end_ns) + f" ORDER BY time ASC LIMIT {limit}"
    found = [_columns(series, place) for series in http.query(database, query)]
    return concat_columns(found)


def pieces(http: InfluxHttp, database: str, place: Place, start_ns: int, end_ns: int) -> Iterator[Columns]:
    """All samples in time order, in pieces."""
    for series in http.stream(database, _select(place, start_ns, end_ns) + " ORDER BY time ASC"):
        piece = _columns(series, place)
        for start in range(0, len(piece), STREAM_CHUNK):
            yield piece if len(piece) <= STREAM_CHUNK else _slice(piece, start, start + STREAM_CHUNK)


def latest(http: InfluxHttp, database: str, places: Mapping[Address, Place]) -> Iterator[tuple[Address, Latest]]:
    """The newest sample of each signal; several statements go in one request."""
    addresses = list(places)
    for start in range(0, len(addresses), _STATEMENTS):
        part = addresses[start : start + _STATEMENTS]
        query = "; ".join(
            f'SELECT {places[item].columns} FROM "{places[item].measurement}" WHERE {places[item].where} '
            f"AND {_ALWAYS} ORDER BY time DESC LIMIT 1"
            for item in part
        )
        for series in http.query(database, query):
            address = part[series.statement]
            columns = _columns(series, places[address])
            if len(columns):
                newest = Latest(
                    address,
                    int(columns.time_ns[0]),
                    float(columns.value[0]),
                    int(columns.quality[0]),
                    columns.text.get(0),
                )
                yield address, newest


def windows(http: InfluxHttp, database: str, place: Place, borders: IntArray, step_ns: int | None) -> Windows:
    """Aggregates between neighbouring borders: one grouped query for a step, two statements a window for edges."""
    result = empty_windows(borders)
    if step_ns is not None:
        _fill_steps(http, database, place, borders, step_ns, result)
        return result
    for start in range(0, len(borders) - 1, _STATEMENTS // 2):
        numbers = range(start, min(start + _STATEMENTS // 2, len(borders) - 1))
        query = "; ".join(
            statement
            for number in numbers
            for statement in _aggregates(place, int(borders[number]), int(borders[number + 1]), "")
        )
        for series in http.query(database, query):
            _fill(result, np.array([start + series.statement // 2]), series, series.statement % 2)
    return result


def counts(http: InfluxHttp, database: str, place: Place, borders: IntArray, step_ns: int) -> tuple[IntArray, IntArray]:
    """Stored and good rows per step."""
    result = windows(http, database, place, borders, step_ns)
    return result.count, result.good


def stored_rows(http: InfluxHttp, database: str, wanted: Mapping[int, tuple[Place, IntArray]]) -> Rows:
    """The rows that stand at or within 999 ns after the wanted times, sorted by (number, time).

    Args:
        wanted: per number where the signal is and its rising times.
    """
    numbers = sorted(_occupied(http, database, wanted))
    found: dict[int, list[Columns]] = {}
    for start in range(0, len(numbers), _STATEMENTS):
        part = numbers[start : start + _STATEMENTS]
        query = "; ".join(_span(*wanted[number]) + " ORDER BY time ASC" for number in part)
        for series in http.stream(database, query):
            number = part[series.statement]
            place, times = wanted[number]
            # filtered piece by piece: the span may hold far more than the group itself
            found.setdefault(number, []).append(_near(_columns(series, place), times))
    rows = [_numbered(number, concat_columns(pieces)) for number, pieces in sorted(found.items())]
    return join(rows) if rows else Rows.empty()


def _occupied(http: InfluxHttp, database: str, wanted: Mapping[int, tuple[Place, IntArray]]) -> set[int]:
    """The numbers that may have rows near their times; of many measured signals one count tells which have any.

    A backlog that comes after newer data has nothing stored around it, and a statement for each of its thousands of
    signals would take the store a hundred times longer than writing them.
    """
    telemetry = {place.where: number for number, (place, _) in wanted.items() if place.full}
    spans = [(int(times[0]), int(times[-1]) + MAX_SHIFT_NS + 1) for place, times in wanted.values() if place.full]
    if len(telemetry) < _SCREEN_FROM:
        return set(wanted)
    low, high = min(start for start, _ in spans), max(end for _, end in spans)
    if high - low > _SCREEN_SPAN * max(end - start for start, end in spans):
        return set(wanted)  # far apart: what lies between would be counted for nothing
    query = f'SELECT count("quality") FROM "telemetry" WHERE {time_range(low, high)} GROUP BY "site", "asset", "signal"'
    met = (
        measured(series.tags["site"], series.tags["asset"], series.tags["signal"])
        for series in http.stream(database, query)
    )
    return (wanted.keys() - telemetry.values()) | {telemetry[where] for where in met if where in telemetry}


def _span(place: Place, times: IntArray) -> str:
    return _select(place, int(times[0]), int(times[-1]) + MAX_SHIFT_NS + 1)


def _near(columns: Columns, times: IntArray) -> Columns:
    at = np.searchsorted(times, columns.time_ns, side="right") - 1
    keep = np.flatnonzero((at >= 0) & (columns.time_ns - times[at] <= MAX_SHIFT_NS))
    text = {new: columns.text[old] for new, old in enumerate(keep.tolist()) if old in columns.text}
    return Columns(columns.time_ns[keep], columns.value[keep], columns.quality[keep], text)


def _numbered(number: int, columns: Columns) -> Rows:
    series = np.full(len(columns), number, np.uint32)
    return Rows(series, columns.time_ns, columns.value, columns.quality, columns.text)


def newest_times(http: InfluxHttp, enterprise: str, database: str) -> Iterator[tuple[Address, int]]:
    """The newest time of every measured signal; derived figures never collide with themselves."""
    query = f'SELECT last("quality") FROM "telemetry" WHERE {_ALWAYS} GROUP BY "site", "asset", "signal"'
    for series in http.query(database, query):
        path = f"{enterprise}/{series.tags['site']}/{series.tags['asset']}/{series.tags['signal']}"
        try:
            address = Address.parse(path)
        except AddressError:
            continue  # written by somebody else into our database
        yield address, int(series.column("time")[0])


def _select(place: Place, start_ns: int, end_ns: int) -> str:
    return f'SELECT {place.columns} FROM "{place.measurement}" WHERE {place.where} AND {time_range(start_ns, end_ns)}'


def _aggregates(place: Place, start_ns: int, end_ns: int, group: str) -> tuple[str, str]:
    head, bound = f'FROM "{place.measurement}" WHERE {place.where}', time_range(start_ns, end_ns)
    value = f'"{place.field}"'
    chosen = f'count("{place.counted}"), min({value}), max({value}), mean({value}), last({value})'
    return (
        f'SELECT count("{place.counted}") {head} AND {bound}{group}',
        f"SELECT {chosen} {head} {place.good} AND {bound}{group}",
    )


def _fill_steps(
    http: InfluxHttp, database: str, place: Place, borders: IntArray, step_ns: int, result: Windows
) -> None:
    start, end = int(borders[0]), int(borders[-1])
    group = f" GROUP BY time({step_ns}ns, {start % step_ns}ns) fill(none)"
    for series in http.stream(database, "; ".join(_aggregates(place, start, end, group))):
        times = np.array(series.column("time"), np.int64)
        _fill(result, (times - start) // step_ns, series, series.statement)


def _fill(result: Windows, at: IntArray, series: Series, kind: int) -> None:
    if kind == 0:
        result.count[at] = _whole(series.column("count"))
        return
    result.good[at] = _whole(series.column("count"))
    for name in ("min", "max", "mean", "last"):
        getattr(result, name)[at] = np.array(series.column(name), np.float64)


def _whole(column: Sequence[Any]) -> IntArray:
    return np.array([value or 0 for value in column], np.int64)


def _columns(series: Series, place: Place) -> Columns:
    times = np.array(series.column("time"), np.int64)
    if not place.full:
        values = _values(series, place.field)
        keep = ~np.isnan(values)  # a point of the measurement without this field
        return Columns(times[keep], values[keep], np.zeros(int(keep.sum()), np.uint32))
    text = {row: words for row, words in enumerate(series.column("text")) if words is not None}
    quality = np.array([value or 0 for value in series.column("quality")], np.uint32)
    return Columns(times, _values(series, "value"), quality, text)


def _values(series: Series, name: str) -> FloatArray:
    values: FloatArray = np.array(series.column(name), np.float64)
    return values + 0.0  # JSON loses the sign of zero: both stores give plain zero


def _slice(piece: Columns, start: int, end: int) -> Columns:
    text = {row - start: words for row, words in piece.text.items() if start <= row < end}
    return Columns(piece.time_ns[start:end], piece.value[start:end], piece.quality[start:end], text)
