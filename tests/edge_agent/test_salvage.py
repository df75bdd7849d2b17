"""A damaged spool is set aside, what is readable moves over, and the agent starts."""

from __future__ import annotations

import pathlib
import random
import sqlite3

import pytest
from ovoo_contract.errors import SpoolDamaged
from ovoo_contract.wire import FLAG_BACKFILL, decode_batch
from ovoo_edge.row_writer import Output, RowWriter
from ovoo_edge.spool import Spool

from tests.edge_agent.support import (
    HOUR,
    SECOND,
    T0,
    bulk_at,
    group_of,
    make_batch,
    make_catalogue,
    open_spool,
    samples_at,
)

CATALOGUE = make_catalogue()
ROWS = 200


def prepare(folder: pathlib.Path) -> int:
    with open_spool(folder, sinks=("a", "b"), seed=1) as spool:
        spool.add_catalogue(CATALOGUE)
        for index in range(ROWS):
            spool.commit(group_of(CATALOGUE, samples_at(T0 + index * SECOND, 400)))
        spool.ack("a", [(1, 50)])
        return spool.epoch


def opened(folder: pathlib.Path) -> Spool:
    """As the gateway does: a row that cannot be read is found when it is wanted, and the file is replaced then."""
    spool = open_spool(folder, sinks=("a", "b"), seed=2)
    try:
        for sink in ("a", "b"):
            spool.pending(sink, 10_000)
    except SpoolDamaged as damage:
        spool.abandon()
        return open_spool(folder, sinks=("a", "b"), seed=2, damage=str(damage))
    return spool


def first_times(folder: pathlib.Path, sink: str) -> list[int]:
    with opened(folder) as spool:
        rows = spool.pending(sink, 10_000)
        return [(min(decode_batch(row.payload)[1].time_ns) - T0) // SECOND for row in rows]


def overwrite(path: pathlib.Path, start: int, length: int, seed: int = 3) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(random.Random(seed).randbytes(length))


def test_torn_pages_cost_only_their_rows(tmp_path: pathlib.Path) -> None:
    epoch = prepare(tmp_path)
    size = (tmp_path / "spool.db").stat().st_size
    _break_a_leaf(tmp_path / "spool.db")

    with opened(tmp_path) as spool:
        steps = {(min(decode_batch(row.payload)[1].time_ns) - T0) // SECOND for row in spool.pending("b", 10_000)}
        gauges = spool.gauges()

    assert size > 100_000
    assert gauges.epoch != epoch
    assert ROWS * 0.7 < len(steps) < ROWS
    assert "unreadable" in gauges.salvaged[0]
    assert gauges.lost["b"]["spool_damaged"] >= 1
    assert len(list(tmp_path.glob("spool.db.damaged-*"))) >= 1


def test_what_a_sink_had_stays_had_and_rows_are_marked_backfill(tmp_path: pathlib.Path) -> None:
    prepare(tmp_path)
    _break_a_leaf(tmp_path / "spool.db")

    assert min(first_times(tmp_path, "a")) >= 50
    with open_spool(tmp_path, sinks=("a", "b")) as spool:
        rows = spool.pending("b", 10_000)
        assert all(row.flags & FLAG_BACKFILL for row in rows)
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))


def test_without_its_first_page_a_file_gives_every_row_back(tmp_path: pathlib.Path) -> None:
    prepare(tmp_path)
    overwrite(tmp_path / "spool.db", 0, 4096)

    assert first_times(tmp_path, "b") == list(range(ROWS))
    assert first_times(tmp_path, "a") == list(range(50, ROWS))
    with open_spool(tmp_path, sinks=("a", "b")) as spool:
        assert spool.gauges().lost == {}
        assert spool.catalogue(CATALOGUE.id) == CATALOGUE


def test_figures_of_a_minute_come_back_although_their_row_reaches_beyond_its_samples(tmp_path: pathlib.Path) -> None:
    minute = 60 * SECOND
    with open_spool(tmp_path, sinks=("a", "b")) as spool:
        spool.add_catalogue(CATALOGUE)
        for index in range(20):
            output = Output()
            batch = make_batch([(signal, T0 + index * minute, float(index)) for signal in range(4)])
            RowWriter(CATALOGUE, [0] * 4, (1 << 16, 1 << 20), minute - 1).append(batch, 0, T0, output)
            spool.commit(*output.groups)
    overwrite(tmp_path / "spool.db", 0, 4096)

    with opened(tmp_path) as spool:
        rows = spool.pending("b", 100)
        assert [row.first_ns for row in rows] == [T0 + index * minute for index in range(20)]
        assert all(row.last_ns == row.first_ns + minute - 1 for row in rows)
        assert spool.gauges().lost == {}


def test_rows_that_were_freed_are_neither_brought_back_nor_lost_twice(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, budget_mib=4, sinks=("a", "b")) as spool:
        spool.add_catalogue(CATALOGUE)
        for index in range(300):
            spool.commit(group_of(CATALOGUE, bulk_at(T0 + index * 600 * SECOND, 2000), rank=index % 2))
        spool.ack("a", [(1, 40)])
        spool.flush()
        before = spool.gauges().lost
        waiting = {sink: {row.first_ns for row in spool.pending(sink, 1000)} for sink in ("a", "b")}
    overwrite(tmp_path / "spool.db", 0, 4096)

    with open_spool(tmp_path, budget_mib=8, sinks=("a", "b")) as spool:
        assert {sink: {row.first_ns for row in spool.pending(sink, 1000)} for sink in ("a", "b")} == waiting
        assert spool.gauges().lost == before
    assert before["b"]["spool_full"] > 100_000


def test_quarantine_losses_and_counts_come_along(tmp_path: pathlib.Path) -> None:
    prepare(tmp_path)
    with open_spool(tmp_path, sinks=("a", "b")) as spool:
        assert spool.quarantine("b", 60, "wire", "nonsense")
        before = spool.gauges()
        (entry,) = spool.quarantined()
        listed = spool.lost(0, T0 // HOUR + 2)
    overwrite(tmp_path / "spool.db", 0, 4096)

    with open_spool(tmp_path, sinks=("a", "b"), seed=2) as spool:
        assert spool.quarantined() == [entry]
        assert spool.lost(0, T0 // HOUR + 2) == listed
        assert spool.gauges().lost == before.lost != {}


def test_losses_of_signals_whose_names_are_destroyed_are_kept_without_a_name(tmp_path: pathlib.Path) -> None:
    prepare(tmp_path)
    with open_spool(tmp_path, sinks=("a", "b")) as spool:
        spool.quarantine("b", 60, "wire", "nonsense")
        before = spool.gauges().lost
    overwrite(tmp_path / "spool.db", (_root_page(tmp_path / "spool.db", "signal") - 1) * 4096, 4096)

    with open_spool(tmp_path, sinks=("a", "b"), seed=2, damage="names are gone") as spool:
        assert spool.gauges().lost == before
        assert {row.address for row in spool.lost(0, T0 // HOUR + 2)} == {"*"}


@pytest.mark.parametrize("damage", ["everything", "empty", "text"])
def test_a_hopeless_file_is_kept_aside_and_the_loss_is_recorded(tmp_path: pathlib.Path, damage: str) -> None:
    prepare(tmp_path)
    path = tmp_path / "spool.db"
    (tmp_path / "spool.db-wal").unlink(missing_ok=True)
    if damage == "everything":
        overwrite(path, 0, path.stat().st_size)
    elif damage == "text":
        path.write_text("not a database at all" * 1000)
    else:
        path.write_bytes(b"")

    with open_spool(tmp_path, sinks=("a", "b"), seed=2) as spool:
        spool.add_catalogue(CATALOGUE)
        assert spool.commit(group_of(CATALOGUE, samples_at(T0, 4))) == (1,)
        lost = spool.gauges().lost

    if damage == "empty":
        assert lost == {}
    else:
        assert lost["a"]["spool_damaged"] >= 1
        assert list(tmp_path.glob("spool.db.damaged-*"))


def test_damage_found_while_running_is_reported_as_such(tmp_path: pathlib.Path) -> None:
    prepare(tmp_path)
    with open_spool(tmp_path, sinks=("a", "b")) as spool:
        spool.pending("b", 1)
    _break_a_leaf(tmp_path / "spool.db")
    first = first_times(tmp_path, "b")

    assert first_times(tmp_path, "b") == first


def _root_page(path: pathlib.Path, table: str) -> int:
    connection = sqlite3.connect(path)
    page: int = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.close()
    return page


def _break_a_leaf(path: pathlib.Path) -> None:
    """Destroys a leaf page in the middle of the row table."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    pages = (
        [
            row[0]
            for row in connection.execute(
                "SELECT pageno FROM dbstat WHERE name = 'item' AND pagetype = 'leaf' ORDER BY pageno"
            )
        ]
        if _has_dbstat(connection)
        else []
    )
    connection.close()
    middle = pages[len(pages) // 2] if pages else path.stat().st_size // 4096 // 2
    overwrite(path, (middle - 1) * 4096, 4096)


def _has_dbstat(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1 FROM dbstat LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        return False
    return True
