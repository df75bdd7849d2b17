"""Ideal rates as a CSV table: every asset with or without one, filled in elsewhere and read in again."""

from __future__ import annotations

import csv
import io
import pathlib
from collections.abc import Iterable
from typing import Final

from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.readings.table import decode_text, separator_of

from ovoo_cloud.catalogue.ideal_rates import GivenRate
from ovoo_cloud.catalogue.tables import AssetRecord

__all__ = ["COLUMNS", "read_sheet", "write_sheet"]

COLUMNS: Final = ("asset", "ideal_rate_per_hour", "product_unit")
MOST_ROWS: Final = 20_000


def write_sheet(assets: Iterable[AssetRecord]) -> bytes:
    """One row an asset; UTF-8 with the mark by which spreadsheets know it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows((row.path, row.ideal_rate_per_hour or "", row.product_unit or "") for row in assets)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def read_sheet(raw: bytes, name: str) -> list[GivenRate]:
    """The rows of a table with these columns in any order; each knows its line. UTF-8 or GBK, any usual separator.

    Raises:
        ConfigError: not such a table, or more rows than `MOST_ROWS`.
    """
    words = decode_text(raw, pathlib.Path(name))[0].lstrip("\ufeff")
    reader = csv.reader(io.StringIO(words, newline=""), delimiter=separator_of(words))
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise ConfigError(
            "not a table", offender=name, value=str(error), remedy="save it as CSV UTF-8", code="ideal_rate.not_table"
        ) from error
    header = [cell.lower() for cell in rows[0][1]] if rows else []
    if sorted(header) != sorted(COLUMNS):
        columns = ",".join(COLUMNS)
        raise ConfigError(
            "not these columns", offender=name, value=",".join(header), remedy=columns, code="ideal_rate.not_columns",
            slots={"columns": columns},
        )  # fmt: skip
    if len(rows) - 1 > MOST_ROWS:
        raise ConfigError(
            "too many rows", offender=name, value=len(rows) - 1, remedy=f"at most {MOST_ROWS} at once",
            code="ideal_rate.too_many", slots={"most": MOST_ROWS},
        )  # fmt: skip
    return [_given(header, line, cells) for line, cells in rows[1:]]


def _given(header: list[str], line: int, cells: list[str]) -> GivenRate:
    if len(cells) != len(header):
        raise ConfigError(
            "not as many cells as columns", offender=f"line {line}", value=len(cells), remedy="3 cells",
            code="ideal_rate.not_cells", slots={"line": line},
        )  # fmt: skip
    told = dict(zip(header, cells, strict=True))
    return GivenRate(told["asset"], told["ideal_rate_per_hour"], told["product_unit"], f"line {line}")
