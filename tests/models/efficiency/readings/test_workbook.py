"""A workbook gives the readings that the same table gives as CSV."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ovoo_contract.errors import ConfigError
from ovoo_contract.xlsx import write_xlsx
from ovoo_models.efficiency.readings import read_export


def test_a_workbook_reads_as_its_csv(tmp_path: Path) -> None:
    header: list[str | float | None] = ["时间", "电量(kWh)", "产量(t)"]
    rows: list[list[str | float | None]] = [
        [f"{datetime(2026, 3, 2) + timedelta(hours=n):%Y-%m-%d %H:%M}", 10.25 + n % 7, None if n == 30 else n % 5]
        for n in range(72)
    ]
    book, text = tmp_path / "meter.xlsx", tmp_path / "meter.csv"
    book.write_bytes(write_xlsx("一号表", [["某厂 用电明细"], header, *rows], [18, 12, 12]))
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in [header, *rows]]
    text.write_text("\n".join(["某厂 用电明细,,", *lines]) + "\n", encoding="utf-8")

    found, known = read_export(book), read_export(text)

    assert found.energy_kwh == known.energy_kwh
    assert found.start_ns == known.start_ns
    assert [repr(x) for x in found.drivers["产量(t)"]] == [repr(x) for x in known.drivers["产量(t)"]]
    assert [each.code for each in found.problems] == [each.code for each in known.problems]


def test_a_workbook_without_rows_and_one_of_the_old_form_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "meter.xlsx"
    path.write_bytes(write_xlsx("empty", [], []))
    with pytest.raises(ConfigError, match="not one sheet with rows"):
        read_export(path)
    path.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    with pytest.raises(ConfigError, match="old form"):
        read_export(path)
    path.write_bytes(b"PK\x03\x04" + bytes(600))
    with pytest.raises(ConfigError, match="not a readable workbook"):
        read_export(path)
