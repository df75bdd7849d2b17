"""Writing to the embedded store: samples and delivery rows in one transaction."""

# ruff: noqa: S608  # a schema name cannot be a parameter; database_name() checks it letter by letter

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
from ovoo_contract.delivery import SeqRanges

from ovoo_cloud.stores.base import Delivery, UIntArray, WriteOutcome
from ovoo_cloud.stores.collisions import Rows, join
from ovoo_cloud.stores.embedded_lookup import resolve_against
from ovoo_cloud.stores.embedded_tenant import Tenant

__all__ = ["write_group"]

_Columns = dict[str, npt.NDArray[Any]]
"""Columns of several types by name."""


@dataclass(slots=True)
class _Fresh:
    """What a group will add to the tenant's memory once it is committed."""

    maps: list[tuple[str, UIntArray, list[tuple[int, str]]]]
    deliveries: dict[tuple[str, int], SeqRanges]
    rows: Rows


def write_group(
    connection: duckdb.DuckDBPyConnection, tenant: Tenant, deliveries: Sequence[Delivery]
) -> list[WriteOutcome]:
    """Stores deliveries of one enterprise in one transaction; the tenant's memory changes only after the commit."""
    connection.execute("BEGIN")
    try:
        outcomes, fresh = _write(connection, tenant, deliveries)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    for catalogue_id, mapping, added in fresh.maps:
        tenant.adopt(catalogue_id, mapping, added)
    tenant.deliveries.update(fresh.deliveries)
    tenant.newest.take(fresh.rows)
    return outcomes


def _write(
    connection: duckdb.DuckDBPyConnection, tenant: Tenant, deliveries: Sequence[Delivery]
) -> tuple[list[WriteOutcome], _Fresh]:
    fresh = _Fresh([], {}, Rows.empty())
    outcomes: list[WriteOutcome] = [WriteOutcome(known=True)] * len(deliveries)
    parts, owners = [], []
    for position, delivery in enumerate(deliveries):
        key = (delivery.gateway, delivery.header.epoch)
        stored = fresh.deliveries.get(key, tenant.known(key))
        if not SeqRanges([(delivery.first, delivery.last)]).difference(stored):
            continue
        fresh.deliveries[key] = stored.add(delivery.first, delivery.last)
        parts.append(_rows(connection, tenant, fresh, delivery))
        owners.append(position)
    if not parts:
        return outcomes, fresh
    group = join(parts)
    resolution = resolve_against(connection, tenant, group)
    _insert(connection, tenant, resolution.rows)
    _insert_deliveries(connection, tenant, [deliveries[position] for position in owners])
    fresh.rows = resolution.rows
    borders = np.cumsum([0] + [len(part) for part in parts])
    for index, position in enumerate(owners):
        outcomes[position] = _outcome(resolution.fate[borders[index] : borders[index + 1]])
    return outcomes, fresh


def _outcome(fate: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> WriteOutcome:
    kept, duplicates, shifted, refused = (int(number) for number in np.bincount(fate, minlength=4)[:4])
    detail = "no free nanosecond within +999" if refused else ""
    return WriteOutcome(kept + shifted, duplicates, shifted, refused=refused, detail=detail)


def _rows(connection: duckdb.DuckDBPyConnection, tenant: Tenant, fresh: _Fresh, delivery: Delivery) -> Rows:
    catalogue = delivery.catalogue
    pending = next((mapping for catalogue_id, mapping, _ in fresh.maps if catalogue_id == catalogue.id), None)
    mapping = _adopt_in_transaction(connection, tenant, fresh, delivery) if pending is None else pending
    batch = delivery.batch
    return Rows(
        mapping[np.frombuffer(batch.signal, np.uint32)],
        np.frombuffer(batch.time_ns, np.int64),
        np.frombuffer(batch.value, np.float64) + 0.0,  # no negative zero: InfluxDB cannot give it back
        np.frombuffer(batch.quality, np.uint32),
        dict(batch.text),
    )


def _adopt_in_transaction(
    connection: duckdb.DuckDBPyConnection, tenant: Tenant, fresh: _Fresh, delivery: Delivery
) -> UIntArray:
    """The series map of a catalogue; inserts its new series. Two new catalogues of one group may share addresses."""
    addresses = [entry.address for entry in delivery.catalogue.entries]
    mapping, added = tenant.series_map(delivery.catalogue.id, addresses)
    if added and fresh.maps:
        pending = {text: number for _, _, earlier in fresh.maps for number, text in earlier}
        following = len(tenant.series) + len(pending)
        numbers: dict[int, int] = {}
        renumbered: list[tuple[int, str]] = []
        for number, text in added:
            numbers[number] = pending.get(text, following + len(renumbered))
            if text not in pending:
                renumbered.append((numbers[number], text))
        base = len(tenant.series)
        mapping = np.array([numbers.get(int(n), int(n)) if n >= base else int(n) for n in mapping], np.uint32)
        added = renumbered
    if added:
        columns = {"id": np.array([n for n, _ in added], np.uint32), "address": np.array([t for _, t in added], object)}
        _insert_columns(connection, f"{tenant.schema}.series", columns)
    tenant.newest.grow(len(tenant.series) + sum(len(earlier) for _, _, earlier in fresh.maps) + len(added))
    fresh.maps.append((delivery.catalogue.id, mapping, added))
    return mapping


def _insert(connection: duckdb.DuckDBPyConnection, tenant: Tenant, rows: Rows) -> None:
    if not len(rows):
        return
    columns: _Columns = {"series": rows.series, "time_ns": rows.time_ns, "value": rows.value, "quality": rows.quality}
    _insert_columns(connection, f"{tenant.schema}.samples", columns)
    if rows.text:
        at = np.fromiter(rows.text, np.int64, len(rows.text))
        texts = np.array(list(rows.text.values()), object)
        _insert_columns(
            connection,
            f"{tenant.schema}.texts",
            {"series": rows.series[at], "time_ns": rows.time_ns[at], "text": texts},
        )


def _insert_deliveries(connection: duckdb.DuckDBPyConnection, tenant: Tenant, deliveries: Sequence[Delivery]) -> None:
    columns = {
        "gateway": np.array([item.gateway for item in deliveries], object),
        "epoch": np.array([item.header.epoch for item in deliveries], np.uint64),
        "first": np.array([item.first for item in deliveries], np.uint64),
        "last": np.array([item.last for item in deliveries], np.uint64),
    }
    _insert_columns(connection, f"{tenant.schema}.deliveries", columns)


def _insert_columns(connection: duckdb.DuckDBPyConnection, table: str, columns: _Columns) -> None:
    # not in a `finally`: in a failed transaction unregistering fails too, and the rollback takes the view with it
    connection.register("new_rows", columns)
    connection.execute(f"INSERT INTO {table} SELECT {', '.join(columns)} FROM new_rows")
    connection.unregister("new_rows")
