"""The options that name a history, and the reading of it and of what people said of its findings."""

from __future__ import annotations

import argparse
from pathlib import Path

from ovoo_models.csv_history import Columns, read_csv
from ovoo_models.feedback import Adjustments

__all__ = ["add_history", "read_feedback", "read_history"]


def add_history(parser: argparse.ArgumentParser) -> None:
    """`--csv` or `--parquet`, one of them."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--csv", type=Path, help="column `time` (ISO 8601 or ns), then one column a signal; empty = bad"
    )
    source.add_argument("--parquet", type=Path, help="the same as Parquet, one file or a folder of them (needs duckdb)")


def read_history(options: argparse.Namespace) -> dict[str, Columns]:
    """Signal -> (time_ns, value, quality)."""
    if options.csv:
        return dict(read_csv(options.csv))
    from ovoo_models.train.parquet import read_parquet

    return dict(read_parquet(options.parquet))


def read_feedback(path: Path | None) -> Adjustments | None:
    """What people said of findings; None without a file."""
    return None if path is None else Adjustments.from_json(path.read_bytes(), str(path))
