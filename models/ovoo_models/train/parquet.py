"""Wide Parquet files as columns of samples, read through DuckDB where it is installed."""

from __future__ import annotations

import importlib
from array import array
from pathlib import Path

import numpy as np
from ovoo_contract.errors import ConfigError
from ovoo_contract.quality import BAD, GOOD

from ovoo_models.csv_history import Columns

__all__ = ["read_parquet"]


def read_parquet(path: Path) -> dict[str, Columns]:
    """Signal -> (time_ns, value, quality); column `time` is a timestamp or nanoseconds, null or NaN is a bad sample.

    A folder is an archive: all its Parquet files, those of its folders included, as one history; a signal that a file
    does not have is missing there.
    """
    try:
        duckdb = importlib.import_module("duckdb")
    except ImportError as error:
        raise ConfigError("Parquet needs duckdb", offender=str(path), remedy="install duckdb or give --csv") from error
    if not path.exists():
        raise ConfigError("no such file", offender="--parquet", value=str(path))
    files = sorted(str(each) for each in path.rglob("*.parquet")) if path.is_dir() else [str(path)]
    if not files:
        raise ConfigError(
            "no Parquet files", offender="--parquet", value=str(path), remedy="name.parquet in the folder"
        )
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT * FROM read_parquet(?, union_by_name = true) ORDER BY time", [files]
        ).fetchnumpy()
    stamps = np.asarray(found.pop("time"))
    stamps = stamps.astype("datetime64[ns]").astype(np.int64) if stamps.dtype.kind == "M" else stamps.astype(np.int64)
    return {str(name): _column(stamps, column) for name, column in found.items()}


def _column(stamps: np.ndarray[tuple[int, ...], np.dtype[np.int64]], column: object) -> Columns:
    value = np.ma.filled(np.ma.asarray(column).astype(np.float64), np.nan)
    quality = np.where(np.isfinite(value), GOOD, BAD).astype(np.uint32)
    return array("q", stamps.tobytes()), array("d", value.tobytes()), array("I", quality.tobytes())
