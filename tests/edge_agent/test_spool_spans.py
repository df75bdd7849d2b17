"""Losses are listed as the intervals in which they happened, not as one span of an hour."""

from __future__ import annotations

import pathlib
import sqlite3
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_edge.spool import Spool
from ovoo_edge.spool_losses import lost_rows, record
from ovoo_edge.spool_rows import Group, LostRow
from ovoo_edge.spool_schema import create_tables
from ovoo_edge.spool_spans import MOST_SPANS

from tests.edge_agent.support import HOUR, SECOND, T0, group_of, make_batch, make_catalogue, open_spool

CATALOGUE = make_catalogue()
HOUR_NUMBER = T0 // HOUR
Loss = tuple[int, int, int]  # samples, first and last second


@pytest.fixture
def spool(tmp_path: pathlib.Path) -> Iterator[Spool]:
    with open_spool(tmp_path, sinks=("cloud",)) as opened:
        opened.add_catalogue(CATALOGUE)
        yield opened


def lose(spool: Spool, *seconds: int) -> None:
    """One row with a sample of signal 0 in each of the seconds, refused by the sink."""
    batch = make_batch([(0, T0 + second * SECOND, 1.0) for second in seconds])
    (number,) = spool.commit(group_of(CATALOGUE, batch))
    spool.quarantine("cloud", number, "bad", "")


def listed(spool: Spool) -> list[Loss]:
    return [told(row) for row in spool.lost(HOUR_NUMBER, HOUR_NUMBER + 1)]


def told(row: LostRow) -> Loss:
    return row.count, (row.from_ns - T0) // SECOND, (row.to_ns - T0) // SECOND


def test_two_losses_of_one_hour_are_two_intervals(spool: Spool) -> None:
    lose(spool, 10, 11, 12)
    lose(spool, 900, 901)

    assert listed(spool) == [(3, 10, 12), (2, 900, 901)]
    assert spool.gauges().lost == {"cloud": {"rejected:bad": 5}}


def test_losses_without_room_for_a_sample_between_them_are_one_interval(spool: Spool) -> None:
    lose(spool, 10)
    lose(spool, 11)
    lose(spool, 12, 13)
    lose(spool, 600, 660, 720)  # a signal that comes once a minute
    lose(spool, 780, 840)

    assert listed(spool) == [(4, 10, 13), (5, 600, 840)]


def test_another_cause_is_another_interval(spool: Spool) -> None:
    lose(spool, 10, 11)
    cell = {(str(CATALOGUE.entries[0].address), HOUR_NUMBER): [1, T0 + 12 * SECOND, T0 + 12 * SECOND]}
    spool.commit(Group(lost={"too_late": cell}))

    assert sorted((row.cause, row.count) for row in spool.lost(HOUR_NUMBER, HOUR_NUMBER + 1)) == [
        ("rejected:bad", 2),
        ("too_late", 1),
    ]


def test_more_intervals_than_are_kept_leave_a_counted_rest(spool: Spool) -> None:
    for number in range(MOST_SPANS + 3):
        lose(spool, 100 * number, 100 * number + 1)

    rows = listed(spool)
    assert rows[:-1] == [(2, 100 * number, 100 * number + 1) for number in range(MOST_SPANS)]
    assert rows[-1] == (6, 0, 100 * (MOST_SPANS + 2) + 1)


def test_a_file_of_an_earlier_agent_tells_its_sums_and_lists_what_comes_from_now_on(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, sinks=("cloud",)) as spool:
        spool.add_catalogue(CATALOGUE)
        lose(spool, 10, 11)
    with sqlite3.connect(tmp_path / "spool.db") as connection:
        connection.execute("DROP TABLE lost_span")
        assert [told(row) for row in lost_rows(connection, HOUR_NUMBER, HOUR_NUMBER + 1)] == [(2, 10, 11)]
    connection.close()

    with open_spool(tmp_path, sinks=("cloud",)) as spool:
        lose(spool, 500)

        assert listed(spool) == [(1, 500, 500), (2, 10, 500)]


losses = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 20)), min_size=1, max_size=40)


@given(losses)
def test_intervals_hold_every_loss_and_add_up_to_the_sum(events: Sequence[tuple[int, int]]) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_tables(connection, 1)
    for second, length in events:
        first_ns = T0 + second * SECOND
        record(connection, "why", ["a", "b"], {("x", HOUR_NUMBER): [length + 1, first_ns, first_ns + length * SECOND]})

    rows = [row for row in lost_rows(connection, HOUR_NUMBER, HOUR_NUMBER + 1) if row.sink == "a"]
    connection.close()

    assert sum(row.count for row in rows) == sum(length + 1 for _, length in events)
    assert len(rows) <= MOST_SPANS + 1
    for second, length in events:
        first_ns, last_ns = T0 + second * SECOND, T0 + (second + length) * SECOND
        assert any(row.from_ns <= first_ns and last_ns <= row.to_ns for row in rows)
    if len(rows) < MOST_SPANS:
        seconds = {second + step for second, length in events for step in range(length + 1)}
        inside = {second for row in rows for second in range(told(row)[1], told(row)[2] + 1)}
        assert all(second in seconds or second - 1 in seconds for second in inside), "no room for a sample in between"
