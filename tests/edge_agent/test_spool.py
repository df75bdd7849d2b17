"""The spool keeps what it took, in order, until every sink has it."""

from __future__ import annotations

import pathlib
import sqlite3
from collections.abc import Iterator

import pytest
from ovoo_contract.errors import CatalogueError, ConfigError, SpoolError
from ovoo_contract.wire import decode_batch
from ovoo_edge.spool import Spool
from ovoo_edge.spool_rows import EVENT_RANK, Group, RowMeta

from tests.edge_agent.support import (
    HOUR,
    SECOND,
    T0,
    Clock,
    group_of,
    make_batch,
    make_catalogue,
    open_spool,
    payload_of,
    samples_at,
)

CATALOGUE = make_catalogue()


@pytest.fixture
def spool(tmp_path: pathlib.Path) -> Iterator[Spool]:
    with open_spool(tmp_path, sinks=("cloud", "historian")) as opened:
        opened.add_catalogue(CATALOGUE)
        yield opened


def fill(spool: Spool, rows: int) -> list[int]:
    return [
        seq for index in range(rows) for seq in spool.commit(group_of(CATALOGUE, samples_at(T0 + index * SECOND, 8)))
    ]


def test_numbers_start_at_one_and_grow_by_one(spool: Spool) -> None:
    assert fill(spool, 5) == [1, 2, 3, 4, 5]
    assert spool.last_seq == 5


def test_rows_come_back_bit_for_bit(spool: Spool) -> None:
    batch = samples_at(T0, 100)
    spool.commit(group_of(CATALOGUE, batch))

    (row,) = spool.pending("cloud", 10)

    assert decode_batch(row.payload)[1].columns_equal(batch)
    assert (row.kind, row.catalogue_id, row.rows) == ("batch", CATALOGUE.id, 100)
    assert (row.first_ns, row.last_ns) == (min(batch.time_ns), max(batch.time_ns))


def test_pending_is_bounded_ordered_and_skips_what_is_acknowledged(spool: Spool) -> None:
    fill(spool, 20)
    spool.ack("cloud", [(1, 3), (5, 5), (18, 20)])

    assert [row.seq for row in spool.pending("cloud", 4)] == [4, 6, 7, 8]
    assert [row.seq for row in spool.pending("cloud", 3, newest_first=True)] == [17, 16, 15]
    assert [row.seq for row in spool.pending("cloud", 9, after=6, before=10)] == [7, 8, 9]
    assert [row.seq for row in spool.pending("historian", 2)] == [1, 2]


def test_pending_stops_at_a_byte_budget_but_gives_at_least_one_row(spool: Spool) -> None:
    fill(spool, 5)
    size = len(spool.pending("cloud", 1)[0].payload)

    assert len(spool.pending("cloud", 5, max_bytes=1)) == 1
    assert len(spool.pending("cloud", 5, max_bytes=size + size // 2)) == 2


def test_a_row_leaves_only_when_every_sink_has_it(spool: Spool, tmp_path: pathlib.Path) -> None:
    fill(spool, 3)
    spool.ack("cloud", [(1, 3)])
    spool.flush()
    assert _rows_on_disk(tmp_path) == 3

    spool.ack("historian", [(2, 3)])
    spool.flush()

    assert _rows_on_disk(tmp_path) == 1
    assert [row.seq for row in spool.pending("historian", 9)] == [1]


def test_acknowledging_twice_or_beyond_the_last_number_changes_nothing(spool: Spool) -> None:
    fill(spool, 3)

    assert spool.ack("cloud", [(1, 99), (2, 1)]) == 3
    assert spool.ack("cloud", [(1, 3)]) == 0
    assert fill(spool, 1) == [4]
    assert [row.seq for row in spool.pending("cloud", 9)] == [4]


def test_numbers_are_never_reused_after_everything_left(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path) as spool:
        spool.add_catalogue(CATALOGUE)
        fill(spool, 3)
        spool.ack("cloud", [(1, 3)])
    with open_spool(tmp_path, seed=5) as spool:
        assert fill(spool, 1) == [4]


def test_epoch_belongs_to_the_file(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, seed=1) as spool:
        epoch = spool.epoch
    with open_spool(tmp_path, seed=2) as spool:
        assert spool.epoch == epoch
    with open_spool(tmp_path / "new", seed=2) as spool:
        assert spool.epoch != epoch


def test_acknowledgements_survive_closing(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, sinks=("a", "b")) as spool:
        spool.add_catalogue(CATALOGUE)
        fill(spool, 6)
        spool.ack("a", [(2, 4)])
    with open_spool(tmp_path, sinks=("a", "b")) as spool:
        assert [row.seq for row in spool.pending("a", 9)] == [1, 5, 6]
        assert [row.seq for row in spool.pending("b", 9)] == [1, 2, 3, 4, 5, 6]


def test_a_new_sink_gets_what_is_still_there(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, sinks=("a",)) as spool:
        spool.add_catalogue(CATALOGUE)
        fill(spool, 6)
        spool.ack("a", [(1, 4)])
    with open_spool(tmp_path, sinks=("a", "b")) as spool:
        assert [row.seq for row in spool.pending("b", 9)] == [5, 6]


def test_rows_that_only_a_removed_sink_needed_leave(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, sinks=("a", "b")) as spool:
        spool.add_catalogue(CATALOGUE)
        fill(spool, 6)
        spool.ack("a", [(1, 4)])
    with open_spool(tmp_path, sinks=("a",)) as spool:
        assert [row.seq for row in spool.pending("a", 9)] == [5, 6]
    assert _rows_on_disk(tmp_path) == 2


def test_catalogues_are_kept_as_long_as_a_row_refers_to_them(tmp_path: pathlib.Path) -> None:
    other = make_catalogue(2)
    with open_spool(tmp_path) as spool:
        spool.add_catalogue(other)
        spool.commit(group_of(other, samples_at(T0, 4, 2)))
        spool.add_catalogue(CATALOGUE)
    with open_spool(tmp_path) as spool:
        spool.fold()
        assert spool.catalogue(other.id) == other
        spool.ack("cloud", [(1, 1)])
        spool.flush()
        spool.fold()
    with open_spool(tmp_path) as spool:
        assert spool.catalogue(CATALOGUE.id) == CATALOGUE
        with pytest.raises(CatalogueError, match="not in the spool"):
            spool.catalogue(other.id)


def test_gauges_follow_what_happens(tmp_path: pathlib.Path) -> None:
    clock = Clock()
    with open_spool(tmp_path, sinks=("a", "b"), clock=clock) as spool:
        spool.add_catalogue(CATALOGUE)
        fill(spool, 4)
        clock.tick(60)
        fill(spool, 4)
        spool.ack("a", [(1, 6)], refused={("ent/site/area/line/asset/s1", 2): 3})
        gauges = spool.gauges()

    assert gauges.backlog_rows == {"a": 2, "b": 8}
    assert gauges.backlog_bytes["b"] > gauges.backlog_bytes["a"] > 0
    assert gauges.backlog_since_ns == {"a": T0 + 60 * SECOND, "b": T0}
    assert gauges.refused == {"a": {2: 3}}
    assert gauges.buffer_h is not None
    assert gauges.buffer_h > 1
    assert gauges.next_seq == 9


def test_a_rejected_row_goes_to_quarantine_and_counts_as_lost_for_that_sink_only(spool: Spool) -> None:
    fill(spool, 2)

    assert spool.quarantine("cloud", 2, "foreign_address", "not yours")
    assert not spool.quarantine("cloud", 2, "foreign_address", "not yours")

    assert [row.seq for row in spool.pending("cloud", 9)] == [1]
    assert [row.seq for row in spool.pending("historian", 9)] == [1, 2]
    (kept,) = spool.quarantined()
    assert (kept.seq, kept.sink, kept.code, kept.detail) == (2, "cloud", "foreign_address", "not yours")
    assert decode_batch(kept.payload)[1].columns_equal(samples_at(T0 + SECOND, 8))
    assert spool.gauges().lost == {"cloud": {"rejected:foreign_address": 8}}
    assert spool.gauges().quarantined == {"cloud": 1, "historian": 0}


def test_lost_samples_are_listed_by_signal_hour_and_interval(spool: Spool) -> None:
    batch = make_batch([(0, T0 + HOUR - 1, 1.0), (0, T0 + HOUR, 2.0), (0, T0 + HOUR + 5, 3.0), (1, T0, 4.0)])
    spool.commit(group_of(CATALOGUE, batch))

    spool.quarantine("cloud", 1, "bad", "")

    hour = T0 // HOUR
    found = [
        (row.address[-2:], row.hour - hour, row.count, row.from_ns - T0, row.to_ns - T0)
        for row in spool.lost(0, hour + 9)
    ]
    assert found == [("s0", 0, 1, HOUR - 1, HOUR - 1), ("s1", 0, 1, 0, 0), ("s0", 1, 2, HOUR, HOUR + 5)]
    assert spool.lost(hour + 1, hour + 2)[0].cause == "rejected:bad"


def test_events_share_the_numbers(spool: Spool) -> None:
    group = group_of(CATALOGUE, samples_at(T0, 4))
    group.append("event", CATALOGUE.id, b'{"code":"leak"}', RowMeta(1, T0, T0, EVENT_RANK))

    assert spool.commit(group) == (1, 2)
    assert [row.kind for row in spool.pending("cloud", 9)] == ["batch", "event"]


def test_a_damaged_row_is_listed_not_delivered(spool: Spool, tmp_path: pathlib.Path) -> None:
    fill(spool, 3)
    with sqlite3.connect(tmp_path / "spool.db") as other:
        other.execute("UPDATE item SET payload = zeroblob(length(payload)) WHERE seq = 2")
    other.close()

    assert [row.seq for row in spool.pending("cloud", 9)] == [1, 3]
    assert spool.gauges().lost == {"cloud": {"row_damaged": 8}, "historian": {"row_damaged": 8}}


def test_a_group_beyond_the_budget_is_refused_whole(spool: Spool) -> None:
    group = Group()
    group.append("batch", CATALOGUE.id, bytes(spool.max_item_bytes + 1), RowMeta(1, T0, T0))

    with pytest.raises(SpoolError, match="more than one transaction"):
        spool.commit(group)
    assert spool.pending("cloud", 1) == []


def test_a_budget_too_small_says_what_is_needed(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match=r"spool\.budget_mib: spool budget too small .*at least 4"):
        open_spool(tmp_path, budget_mib=3)


def test_a_file_of_another_version_is_left_alone(tmp_path: pathlib.Path) -> None:
    open_spool(tmp_path).close()
    with sqlite3.connect(tmp_path / "spool.db") as other:
        other.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    other.close()

    with pytest.raises(SpoolError, match="another version"):
        open_spool(tmp_path)
    assert not list(tmp_path.glob("*damaged*"))


def test_greatest_sample_time_is_remembered(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path) as spool:
        spool.commit(group_of(CATALOGUE, make_batch([(0, T0 + 7, 1.0)])))
        spool.commit(group_of(CATALOGUE, make_batch([(0, T0 + 3, 1.0)])))
    with open_spool(tmp_path) as spool:
        assert spool.high_ns == T0 + 7


def test_payload_helper_makes_legal_batches() -> None:
    batch = samples_at(T0, 10)
    assert decode_batch(payload_of(CATALOGUE, batch))[1].is_sorted()


def _rows_on_disk(folder: pathlib.Path) -> int:
    connection = sqlite3.connect(folder / "spool.db")
    try:
        return int(connection.execute("SELECT count(*) FROM item").fetchone()[0])
    finally:
        connection.close()
