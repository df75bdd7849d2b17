"""Queries on the embedded store; each function runs on a cursor of its own."""

# ruff: noqa: S608  # a schema name cannot be a parameter; database_name() checks it letter by letter

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import duckdb
import numpy as np
import numpy.typing as npt
from ovoo_contract.quality import UNCERTAIN

from ovoo_cloud.stores.base import STREAM_CHUNK, Columns, IntArray, Windows, empty_windows
from ovoo_cloud.stores.embedded_tenant import plain

__all__ = ["fill_counts", "pieces", "samples", "windows"]

_USABLE: Final = f"quality < {UNCERTAIN} AND value IS NOT NULL"


def samples(
    cursor: duckdb.DuckDBPyConnection, schema: str, series: int, start_ns: int, end_ns: int, limit: int
) -> Columns:
    """At most `limit` samples of one series in time order."""
    columns = cursor.execute(
        f"SELECT series, time_ns, value, quality FROM {schema}.samples "
        "WHERE series = ? AND time_ns >= ? AND time_ns < ? ORDER BY time_ns LIMIT ?",
        [series, start_ns, end_ns, limit],
    ).fetchnumpy()
    _, times, values, qualities = plain(columns)
    if not len(times):
        return Columns.empty()
    text = _texts(cursor, schema, series, int(times[0]), int(times[-1]), times)
    return Columns(times, values, qualities, text)


def pieces(
    cursor: duckdb.DuckDBPyConnection, schema: str, series: int, start_ns: int, end_ns: int
) -> Iterator[Columns]:
    """All samples of one series in pieces, each a query of its own: the reader may be slow."""
    while True:
        piece = samples(cursor, schema, series, start_ns, end_ns, STREAM_CHUNK)
        if len(piece):
            yield piece
        if len(piece) < STREAM_CHUNK:
            return
        start_ns = int(piece.time_ns[-1]) + 1


def windows(cursor: duckdb.DuckDBPyConnection, schema: str, series: int, borders: IntArray) -> Windows:
    """Aggregates of one series between neighbouring borders."""
    result = empty_windows(borders)
    cursor.register("borders", {"low": borders[:-1], "high": borders[1:], "place": np.arange(len(borders) - 1)})
    try:
        found = cursor.execute(
            "WITH placed AS (SELECT b.place, s.time_ns, s.value, s.quality FROM borders b JOIN "
            f"(SELECT time_ns, value, quality FROM {schema}.samples "
            "WHERE series = ? AND time_ns >= ? AND time_ns < ?) s "
            "ON s.time_ns >= b.low AND s.time_ns < b.high) "
            f"SELECT place, count(*) AS rows, count(*) FILTER (WHERE quality < {UNCERTAIN}) AS good, "
            f"min(value) FILTER (WHERE {_USABLE}) AS low, max(value) FILTER (WHERE {_USABLE}) AS high, "
            f"avg(value) FILTER (WHERE {_USABLE}) AS mean, arg_max(value, time_ns) FILTER (WHERE {_USABLE}) AS newest "
            "FROM placed GROUP BY place",
            [series, int(borders[0]), int(borders[-1])],
        ).fetchnumpy()
    finally:
        cursor.unregister("borders")
    place = np.asarray(found["place"], np.int64)
    result.count[place] = found["rows"]
    result.good[place] = found["good"]
    for name, column in (("min", "low"), ("max", "high"), ("mean", "mean"), ("last", "newest")):
        getattr(result, name)[place] = _filled(found[column])
    return result


def fill_counts(
    cursor: duckdb.DuckDBPyConnection,
    schema: str,
    rows_of: Mapping[int, int],
    borders: IntArray,
    step_ns: int,
    out: tuple[IntArray, IntArray],
) -> None:
    """Adds rows and good rows of every series in `rows_of` (series -> row of `out`) per step."""
    if not rows_of:
        return
    cursor.register("wanted", {"series": np.array(list(rows_of), np.uint32)})
    start, end = int(borders[0]), int(borders[-1])
    try:
        found = cursor.execute(
            "SELECT series, CAST((time_ns - ?) // ? AS BIGINT) AS place, count(*) AS rows, "
            f"count(*) FILTER (WHERE quality < {UNCERTAIN}) AS good FROM {schema}.samples SEMI JOIN wanted "
            "USING (series) WHERE time_ns >= ? AND time_ns < ? GROUP BY ALL",
            [start, step_ns, start, end],
        ).fetchnumpy()
    finally:
        cursor.unregister("wanted")
    rows = np.array([rows_of[int(series)] for series in found["series"]], np.int64)
    place = np.asarray(found["place"], np.int64)
    out[0][rows, place] = found["rows"]
    out[1][rows, place] = found["good"]


def _texts(
    cursor: duckdb.DuckDBPyConnection, schema: str, series: int, first_ns: int, last_ns: int, times: IntArray
) -> dict[int, str]:
    found = cursor.execute(
        f"SELECT time_ns, text FROM {schema}.texts WHERE series = ? AND time_ns BETWEEN ? AND ?",
        [series, first_ns, last_ns],
    ).fetchall()
    return {int(np.searchsorted(times, time_ns)): text for time_ns, text in found}


def _filled(column: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    if isinstance(column, np.ma.MaskedArray):
        return np.asarray(column.filled(np.nan), np.float64)
    return np.asarray(column, np.float64)
