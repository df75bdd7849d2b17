"""What already stands where a group wants to write: never more rows than the group has, however long its span."""

from __future__ import annotations

# ruff: noqa: S608  # a schema name cannot be a parameter; database_name() checks it letter by letter
from typing import Any

import duckdb
import numpy.typing as npt

from ovoo_cloud.stores.base import IntArray, UIntArray
from ovoo_cloud.stores.collisions import MAX_SHIFT_NS, Resolution, Rows, join, resolve
from ovoo_cloud.stores.embedded_tenant import Tenant, plain

__all__ = ["resolve_against"]

_AT = "s.series = w.series AND s.time_ns = w.time_ns"
_NEAR = f"s.series = w.series AND s.time_ns BETWEEN w.time_ns AND w.time_ns + {MAX_SHIFT_NS}"


def resolve_against(connection: duckdb.DuckDBPyConnection, tenant: Tenant, group: Rows) -> Resolution:
    """Applies the same-time rule against the store.

    A row can only collide where its time is not beyond the newest of its signal. Of those, rows that stand at the
    very same time are fetched first; only for rows that would move, what stands in the next 999 ns as well.
    """
    doubtful = group.time_ns <= tenant.newest.time_ns[group.series]
    if not doubtful.any():
        return resolve(group, Rows.empty())
    existing = _stored(connection, tenant, group.series[doubtful], group.time_ns[doubtful], _AT)
    resolution = resolve(group, existing)
    moving = resolution.fate >= 2
    if not moving.any():
        return resolution
    near = _stored(connection, tenant, group.series[moving], group.time_ns[moving], _NEAR)
    return resolve(group, join([existing, near]))


def _stored(
    connection: duckdb.DuckDBPyConnection, tenant: Tenant, series: UIntArray, times: IntArray, condition: str
) -> Rows:
    wanted: dict[str, npt.NDArray[Any]] = {"series": series, "time_ns": times}
    bounds = [int(times.min()), int(times.max()) + MAX_SHIFT_NS]
    connection.register("wanted", wanted)
    columns = connection.execute(_query(tenant, "samples", "s.value, s.quality", condition), bounds).fetchnumpy()
    texts = connection.execute(_query(tenant, "texts", "s.text", condition), bounds).fetchall()
    connection.unregister("wanted")
    rows = Rows(*plain(columns), text={})
    if texts:
        by_key = {(number, time_ns): text for number, time_ns, text in texts}
        keys = zip(rows.series.tolist(), rows.time_ns.tolist(), strict=True)
        rows.text = {row: by_key[key] for row, key in enumerate(keys) if key in by_key}
    return rows


def _query(tenant: Tenant, table: str, columns: str, condition: str) -> str:
    return (
        f"SELECT s.series, s.time_ns, {columns} FROM {tenant.schema}.{table} s "
        f"WHERE s.time_ns BETWEEN ? AND ? AND EXISTS (SELECT 1 FROM wanted w WHERE {condition})"
    )
