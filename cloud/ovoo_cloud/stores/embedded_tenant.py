"""What the embedded store keeps in memory of one enterprise: series numbers, newest samples, stored deliveries."""

# ruff: noqa: S608  # a schema name cannot be a parameter; database_name() checks it letter by letter

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import duckdb
import numpy as np
import numpy.typing as npt
from ovoo_contract.address import Address
from ovoo_contract.delivery import SeqRanges

from ovoo_cloud.stores.base import FloatArray, IntArray, UIntArray
from ovoo_cloud.stores.collisions import Rows
from ovoo_cloud.stores.embedded_files import schema_of
from ovoo_cloud.stores.newest import Newest

__all__ = ["Tenant", "plain"]

DeliveryKey = tuple[str, int]


class Tenant:
    """One enterprise's memory; changed only by the store's writer, after its commit."""

    def __init__(self, enterprise: str, connection: duckdb.DuckDBPyConnection) -> None:
        self.schema = schema_of(enterprise)
        self.series: dict[str, int] = {}
        self.newest = Newest()
        self.deliveries: dict[DeliveryKey, SeqRanges] = {}
        self._maps: dict[str, UIntArray] = {}
        self._load(connection)

    def numbers(self, addresses: Iterable[Address]) -> list[int | None]:
        """The series number of each address, None where nothing was ever stored."""
        return [self.series.get(str(address)) for address in addresses]

    def series_map(self, catalogue_id: str, addresses: Sequence[Address]) -> tuple[UIntArray, list[tuple[int, str]]]:
        """Series number by catalogue index, and the series that are new: (number, address)."""
        known = self._maps.get(catalogue_id)
        if known is not None:
            return known, []
        numbers: list[int] = []
        fresh: list[tuple[int, str]] = []
        following = len(self.series)
        for address in addresses:
            text = str(address)
            number = self.series.get(text)
            if number is None:
                number = following + len(fresh)
                fresh.append((number, text))
            numbers.append(number)
        return np.array(numbers, np.uint32), fresh

    def adopt(self, catalogue_id: str, mapping: UIntArray, fresh: Iterable[tuple[int, str]]) -> None:
        """Remembers a series map whose new series are committed."""
        for number, address in fresh:
            self.series[address] = number
        self.newest.grow(len(self.series))
        self._maps[catalogue_id] = mapping

    def known(self, key: DeliveryKey) -> SeqRanges:
        """The stored spool rows of a gateway and epoch."""
        return self.deliveries.get(key, SeqRanges())

    def compact(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Rewrites the delivery table as merged ranges; part of the caller's transaction."""
        rows = [(*key, first, last) for key, ranges in self.deliveries.items() for first, last in ranges.to_list()]
        connection.execute(f"DELETE FROM {self.schema}.deliveries")
        if rows:
            connection.executemany(f"INSERT INTO {self.schema}.deliveries VALUES (?, ?, ?, ?)", rows)

    def _load(self, connection: duckdb.DuckDBPyConnection) -> None:
        for number, address in connection.execute(f"SELECT id, address FROM {self.schema}.series").fetchall():
            self.series[address] = number
        self.newest.grow(len(self.series))
        for gateway, epoch, first, last in connection.execute(f"SELECT * FROM {self.schema}.deliveries").fetchall():
            key = (gateway, epoch)
            self.deliveries[key] = self.known(key).add(first, last)
        self._load_newest(connection)

    def _load_newest(self, connection: duckdb.DuckDBPyConnection) -> None:
        columns = connection.execute(
            f"SELECT series, time_ns, value, quality FROM {self.schema}.samples SEMI JOIN "
            f"(SELECT series, max(time_ns) AS time_ns FROM {self.schema}.samples GROUP BY series) "
            "USING (series, time_ns)"
        ).fetchnumpy()
        rows = Rows(*plain(columns), text={})
        self.newest.take(rows.take(np.lexsort((rows.time_ns, rows.series)).astype(np.int64)))
        texts = connection.execute(f"SELECT series, time_ns, text FROM {self.schema}.texts").fetchall()
        for series, time_ns, text in texts:
            if self.newest.time_ns[series] == time_ns:
                self.newest.text[series] = text


def plain(columns: Mapping[str, npt.NDArray[np.generic]]) -> tuple[UIntArray, IntArray, FloatArray, UIntArray]:
    """DuckDB's columns as ordinary arrays; an absent value is NaN, a negative zero plain zero (as in InfluxDB)."""
    value = columns["value"]
    if isinstance(value, np.ma.MaskedArray):
        value = value.filled(np.nan)
    return (
        np.asarray(columns["series"], np.uint32),
        np.asarray(columns["time_ns"], np.int64),
        np.asarray(value, np.float64) + 0.0,
        np.asarray(columns["quality"], np.uint32),
    )
