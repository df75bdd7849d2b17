from __future__ import annotations

import pathlib

import numpy as np
import pytest
from ovoo_contract.errors import ConfigError
from ovoo_simulator.journal import RECORD, JournalLedger, read_journal

NAMES = ("e/s/a/l/x/one", "e/s/a/l/x/two")


def test_a_journal_holds_what_the_ledger_counts(tmp_path: pathlib.Path) -> None:
    ledger = JournalLedger(NAMES, tmp_path / "truth.bin")
    ledger.add([0, 1], [5, 6], [1.5, np.nan], [0, 0x80310000])
    ledger.add([1], [7], [-0.0], [0])

    addresses, records = read_journal(tmp_path / "truth.bin")

    assert addresses == NAMES
    assert [tuple(row)[:3] for row in records.tolist()] == [(0, 0, 5), (1, 0x80310000, 6), (1, 0, 7)]
    assert records["value"][0] == 1.5
    assert np.isnan(records["value"][1])
    assert np.signbit(records["value"][2])
    assert ledger.count == len(records) == 3


def test_a_record_that_was_cut_off_is_left_out(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "truth.bin"
    JournalLedger(NAMES, path).add([0, 1], [5, 6], [1.0, 2.0], [0, 0])
    path.write_bytes(path.read_bytes()[: -RECORD.itemsize // 2])

    assert read_journal(path)[1]["time_ns"].tolist() == [5]


def test_a_journal_is_never_written_over(tmp_path: pathlib.Path) -> None:
    JournalLedger(NAMES, tmp_path / "truth.bin")

    with pytest.raises(ConfigError, match=r"truth\.bin"):
        JournalLedger(NAMES, tmp_path / "truth.bin")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\n", b"7\n"])
def test_another_file_is_no_journal(tmp_path: pathlib.Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)

    with pytest.raises(ConfigError, match="not a journal"):
        read_journal(tmp_path / "other")
