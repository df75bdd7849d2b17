"""Counts are exact, also across folding and a process that dies."""

from __future__ import annotations

import pathlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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
