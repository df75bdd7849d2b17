"""Files that earlier versions of the agent wrote, as they wrote them: taken over whole, or refused untouched."""

from __future__ import annotations

import gzip
import pathlib
import sqlite3

import pytest
from ovoo_contract.errors import SpoolError
from ovoo_contract.wire import decode_batch
from ovoo_edge.spool import Spool
from ovoo_edge.spool_rows import Group
from ovoo_edge.spool_schema import FORMAT

from tests.edge_agent.support import HOUR, SECOND, T0, group_of, make_catalogue, open_spool, samples_at

DATA = pathlib.Path(__file__).parent / "data"
"""`spool-format-N.db.gz`: twelve commits of four samples by an agent of the time of format N, some acknowledged."""
CATALOGUE = make_catalogue()
SINKS = ("cloud", "historian")


def unpacked(folder: pathlib.Path, version: int) -> pathlib.Path:
    path = folder / "spool.db"
    path.write_bytes(gzip.decompress((DATA / f"spool-format-{version}.db.gz").read_bytes()))
    return path


def opened(folder: pathlib.Path, damage: str = "") -> Spool:
    return open_spool(folder, sinks=SINKS, damage=damage)


def waiting(spool: Spool, sink: str) -> list[int]:
    """Seconds after the hour of the rows that a sink lacks; a row's values tell the same."""
    found = []
    for row in spool.pending(sink, 100):
        _, batch = decode_batch(row.payload)
        second = (batch.time_ns[0] - T0) // SECOND
        assert list(batch.value) == [second + signal / 10 for signal in range(4)]
        assert row.rank == second % 3
        found.append(second)
    return found


def check(spool: Spool) -> None:
    """What the file holds, whoever wrote it."""
    assert waiting(spool, "cloud") == [5, 6, 8, 9, 10, 11]
    assert waiting(spool, "historian") == [3, 4, 7, 8, 9, 10, 11]
    assert spool.catalogue(CATALOGUE.id) == CATALOGUE
    counts = {row.signal: (row.received, row.suppressed) for row in spool.ledger(0, T0 // HOUR + 1)}
    assert counts == {0: (12, 24), 1: (12, 0), 2: (12, 0), 3: (12, 0)}
    assert spool.gauges().lost == {"cloud": {"rejected:wire": 4}}
    (entry,) = spool.quarantined()
    assert (entry.sink, entry.code, entry.detail, entry.rows) == ("cloud", "wire", "nonsense", 4)


@pytest.mark.parametrize("version", range(1, FORMAT + 1))
def test_an_older_file_is_taken_over_whole_and_goes_on(tmp_path: pathlib.Path, version: int) -> None:
    path = unpacked(tmp_path, version)
    with opened(tmp_path) as spool:
        assert (spool.epoch, spool.last_seq) == (77, 12)
        check(spool)
        assert spool.positions() == ({} if version == 1 else {"plant": b"here"})
        group = group_of(CATALOGUE, samples_at(T0 + 100 * SECOND, 4))
        group.count(T0 // HOUR, "backfilled", CATALOGUE.id, {1: 4})
        group.positions["plant"] = b"further"
        group.held.clear()
        assert spool.commit(group) == (13,)
        spool.fold()

    with opened(tmp_path) as spool:
        assert spool.positions() == {"plant": b"further"}
        assert [row.seq for row in spool.pending("cloud", 100)][-1] == 13
        assert spool.release_held() == 0
        assert {row.signal: row.backfilled for row in spool.ledger(0, T0 // HOUR + 1)}[1] == 4
    assert not list(tmp_path.glob("*.damaged-*"))
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() == (str(FORMAT),)
    connection.close()


@pytest.mark.parametrize("version", range(1, FORMAT + 1))
def test_a_damaged_older_file_is_salvaged(tmp_path: pathlib.Path, version: int) -> None:
    path = unpacked(tmp_path, version)
    with path.open("r+b") as file:
        file.write(b"\xff" * 4096)

    with opened(tmp_path) as spool:
        check(spool)
        assert spool.epoch != 77
        assert spool.commit(Group(positions={"plant": b"new"})) == ()


def test_a_newer_file_is_refused_and_stays_as_it_is(tmp_path: pathlib.Path) -> None:
    path = unpacked(tmp_path, FORMAT)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (str(FORMAT + 1),))
    connection.execute("CREATE TABLE of_tomorrow (a)")
    connection.commit()
    connection.close()
    before = path.read_bytes()

    with pytest.raises(SpoolError, match=rf"another version .*'{FORMAT + 1}'.* writes version {FORMAT}"):
        opened(tmp_path)

    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.damaged-*"))
