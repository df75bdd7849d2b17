"""Cells of a Parquet file, through DuckDB where it is installed."""

from __future__ import annotations

import importlib
from pathlib import Path

from ovoo_contract.errors import ConfigError

__all__ = ["parquet_cells"]


def parquet_cells(path: Path) -> list[tuple[int, list[str]]]:
    """(row, cells) with the column names as row 1; times as ISO text, null as nothing."""
    try:
        duckdb = importlib.import_module("duckdb")
    except ImportError as error:
        raise ConfigError(
            "Parquet needs duckdb", code="readings.parquet_needs_duckdb", offender=str(path),
            remedy="install duckdb, or export CSV",
        ) from error  # fmt: skip
    with duckdb.connect() as connection:
        # without a zone of its own a stamp with zone would be shown in that of the machine
        connection.execute("SET TimeZone = 'UTC'")
        try:
            found = connection.execute("SELECT COLUMNS(*)::VARCHAR FROM read_parquet(?)", [str(path)])
        except duckdb.Error as error:
            raise ConfigError(
                "not a Parquet file", code="readings.not_parquet_file", offender=str(path), value=str(error)[:80]
            ) from error
        names = [str(each[0]) for each in found.description]
        rows = [["" if cell is None else str(cell) for cell in row] for row in found.fetchall()]
    return [(place, row) for place, row in enumerate([names, *rows], start=1)]
