"""Counts are exact, also across folding and a process that dies."""

from __future__ import annotations

import pathlib
import sqlite3
import zlib
from array import array

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import SpoolDamaged
from ovoo_edge.cells import unpack as unpack_counts
from ovoo_edge.ledger import COUNTERS, LedgerRow
from ovoo_edge.spool_rows import Group

from tests.edge_agent.support import make_catalogue, open_spool

CATALOGUE = make_catalogue(5)
COUNTS = st.lists(
    st.tuples(
        st.integers(100, 103), st.sampled_from(COUNTERS), st.dictionaries(st.integers(0, 4), st.integers(1, 10**6))
    ),
    max_size=6,
)


def counted(rows: list[LedgerRow]) -> dict[tuple[int, int, str], int]:
    return {(row.hour, row.signal, name): getattr(row, name) for row in rows for name in COUNTERS if getattr(row, name)}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(COUNTS, st.sampled_from(["go on", "fold", "crash"])), max_size=6), st.integers(0, 2**32))
def test_counts_add_up_whatever_happens_between(
    tmp_path: pathlib.Path, steps: list[tuple[list[tuple[int, str, dict[int, int]]], str]], run: int
) -> None:
    folder = tmp_path / str(run)
    expected: dict[tuple[int, int, str], int] = {}
    spool = open_spool(folder)
    before = counted(spool.ledger(0, 200))
    for counts, then in steps:
        group = Group()
        for hour, counter, per_signal in counts:
            group.count(hour, counter, CATALOGUE.id, per_signal)
            for signal, number in per_signal.items():
                expected[hour, signal, counter] = expected.get((hour, signal, counter), 0) + number
        spool.commit(group)
        if then == "fold":
            spool.fold()
        if then == "crash":
            spool._connection.close()
            spool = open_spool(folder)
    try:
        wanted = {key: expected.get(key, 0) + before.get(key, 0) for key in {*expected, *before}}
        assert counted(spool.ledger(0, 200)) == wanted
    finally:
        spool.close()


def _first_form(cells: dict[int, int]) -> bytes:
    """A body as formats 1 and 2 wrote it: four counters a signal and no number of them before it."""
    keys = sorted(cells)
    steps = array("I", [here - before for here, before in zip(keys, [0, *keys], strict=False)])
    return zlib.compress(steps.tobytes() + array("I", [cells[key] for key in keys]).tobytes(), 1)


@pytest.mark.parametrize("damage", ["", "told so"])
def test_counts_of_an_earlier_format_stay_what_they_were(tmp_path: pathlib.Path, damage: str) -> None:
    spool = open_spool(tmp_path)
    spool.add_catalogue(CATALOGUE)
    spool.close()
    with sqlite3.connect(tmp_path / "spool.db") as old:
        # signal 0: 9 received; signal 3: 7 received, 2 suppressed, 1 shifted
        folded = _first_form({0: 9, 12: 7, 13: 2, 15: 1})
        old.execute("INSERT INTO ledger VALUES (100, ?, ?)", (CATALOGUE.id, folded))
        journal = _first_form({12: 1, 14: 4})
        old.execute("INSERT INTO journal (hour, catalogue, body) VALUES (100, ?, ?)", (CATALOGUE.id, journal))
        old.execute("UPDATE meta SET value = '2' WHERE key = 'format'")
    old.close()

    with open_spool(tmp_path, damage=damage) as spool:
        group = Group()
        group.count(100, "backfilled", CATALOGUE.id, {3: 6})
        spool.commit(group)
        spool.fold()
        assert spool.ledger(100, 101) == [
            LedgerRow(0, 100, CATALOGUE.id, 9, 0, 0, 0, 0),
            LedgerRow(3, 100, CATALOGUE.id, 8, 2, 4, 1, 6),
        ]


@pytest.mark.parametrize("body", [b"", b"x", b"\x05", b"\x06" + zlib.compress(b""), b"\x78\x9c", b"\x05\x78\x9c"])
def test_a_damaged_count_is_told_as_damage(body: bytes) -> None:
    with pytest.raises(SpoolDamaged):
        unpack_counts(body)
