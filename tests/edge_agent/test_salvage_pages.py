"""Any pages of a spool and its log may be destroyed: rows on the others come back, and none that was never there."""

from __future__ import annotations

import pathlib
import random
import shutil
import sqlite3
import struct
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.wire import FLAG_BACKFILL
from ovoo_edge.spool import Spool
from ovoo_edge.spool_rows import Group, RowMeta, SpoolRow

from tests.edge_agent.support import HOUR, SECOND, T0, bulk_at, group_of, make_catalogue, open_spool, samples_at

PAGE = 4096
SINKS = ("a", "b")
CATALOGUE = make_catalogue()
GONE = 60
"""Rows up to this one were acknowledged by both sinks and deleted."""


@dataclass(frozen=True)
class Place:
    """Page-sized piece of a file: the database's page, or the content of a frame of the log."""

    file: str
    offset: int


@dataclass(frozen=True)
class Victim:
    """A spool as a power cut leaves it.

    Attributes:
        rows: what was committed, by number, also what was deleted since.
        places: every page of the file and of the log.
        needs: places that a row needs, for the rows that are still in the file.
    """

    folder: pathlib.Path
    rows: Mapping[int, SpoolRow]
    places: tuple[Place, ...]
    needs: Mapping[int, frozenset[Place]]


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        work, kept = folder / "work", folder / "kept"
        work.mkdir()
        kept.mkdir()
        with open_spool(work, sinks=SINKS, seed=1) as spool:
            rows = _fill(spool)
            for suffix in ("", "-wal"):
                shutil.copy(work / f"spool.db{suffix}", kept)
        places = _live_places(kept)
        needs = {seq: _needs(row.payload, kept, places) for seq, row in rows.items() if seq > GONE}
        everything = tuple(_all_places(kept))
        yield Victim(kept, rows, everything, needs)


def _fill(spool: Spool) -> dict[int, SpoolRow]:
    """Rows of 4 to 2,000 samples and findings; the oldest leave, the youngest stand only in the log."""
    rng = random.Random(7)
    spool.add_catalogue(CATALOGUE)
    for index in range(290):
        time_ns = T0 + index * SECOND
        count = 4 * rng.choice((1, 10, 60, 100, 500))
        group = group_of(CATALOGUE, bulk_at(time_ns, count) if count > 400 else samples_at(time_ns, count))
        if index % 10 == 0:
            body = b'{"code":"' + rng.randbytes(12).hex().encode() + b'"}'
            group.append("event", CATALOGUE.id, body, RowMeta(1, time_ns, time_ns, 3))
        group.count(T0 // HOUR, "received", CATALOGUE.id, {0: count})
        spool.commit(group)
        if index == GONE + 40:
            kept = {row.seq: row for row in spool.pending("a", 10_000)}
            for sink in SINKS:
                spool.ack(sink, [(1, GONE)])
        if index == 240:
            spool.ack("a", [(GONE + 1, GONE + 30)])
    return kept | {row.seq: row for row in spool.pending("b", 10_000)}


def _all_places(folder: pathlib.Path) -> Iterator[Place]:
    for offset in range(0, (folder / "spool.db").stat().st_size, PAGE):
        yield Place("spool.db", offset)
    for offset in range(32 + 24, (folder / "spool.db-wal").stat().st_size, 24 + PAGE):
        yield Place("spool.db-wal", offset)


def _live_places(folder: pathlib.Path) -> dict[int, Place]:
    """Where SQLite reads each page: its last frame in the log, else the file."""
    found = {place.offset // PAGE + 1: place for place in _all_places(folder) if place.file == "spool.db"}
    log = (folder / "spool.db-wal").read_bytes()
    for place in _all_places(folder):
        if place.file == "spool.db-wal":
            found[struct.unpack_from(">I", log, place.offset - 24)[0]] = place
    return found


def _needs(payload: bytes, folder: pathlib.Path, live: Mapping[int, Place]) -> frozenset[Place]:
    """The live pages where a stretch of the payload stands; found by looking for its bytes, not by any format."""
    contents = {name: (folder / name).read_bytes() for name in ("spool.db", "spool.db-wal")}
    # batches begin alike: the head is a stretch behind the header, which always lies in the row's own page
    head = payload[64:88] if len(payload) > 200 else payload[-16:]
    found = set()
    for place in live.values():
        content = contents[place.file][place.offset : place.offset + PAGE]
        if head in content or payload[-16:] in content or content[4:28] in payload:
            found.add(place)
    assert found
    return frozenset(found)


def _destroy(folder: pathlib.Path, places: frozenset[Place], seed: int) -> None:
    rng = random.Random(seed)
    for place in sorted(places, key=lambda place: (place.file, place.offset)):
        # whole pages and torn ones
        start = rng.choice((0, 0, rng.randrange(PAGE - 8)))
        with (folder / place.file).open("r+b") as file:
            file.seek(place.offset + start)
            file.write(rng.randbytes(PAGE - start))


def _salvaged(folder: pathlib.Path) -> list[SpoolRow]:
    with open_spool(folder, sinks=SINKS, seed=2, damage="pages were destroyed") as spool:
        return spool.pending("b", 10_000)


def _content(row: SpoolRow) -> tuple[object, ...]:
    return (row.kind, row.catalogue_id, row.rows, row.first_ns, row.last_ns, row.rank, row.payload)


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(0, 2**32))
def test_rows_on_intact_pages_come_back_in_order_and_none_is_invented(
    victim: Victim, data: st.DataObject, seed: int
) -> None:
    share = data.draw(st.sampled_from([0.01, 0.1, 0.5]))
    indices = st.sets(st.integers(0, len(victim.places) - 1), max_size=max(1, int(share * len(victim.places))))
    gone = frozenset(victim.places[index] for index in data.draw(indices))

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copytree(victim.folder, folder, dirs_exist_ok=True)
        _destroy(folder, gone, seed)
        rows = _salvaged(folder)

    ever = {_content(row): seq for seq, row in victim.rows.items()}
    found = [ever[_content(row)] for row in rows]
    assert found == sorted(set(found))
    assert {seq for seq, needs in victim.needs.items() if not needs & gone} <= set(found)
    assert all(row.flags & FLAG_BACKFILL for row in rows)


def test_an_intact_pair_of_files_gives_exactly_what_was_wanted(victim: Victim, tmp_path: pathlib.Path) -> None:
    shutil.copytree(victim.folder, tmp_path, dirs_exist_ok=True)

    rows = _salvaged(tmp_path)

    assert [_content(row) for row in rows] == [_content(victim.rows[seq]) for seq in sorted(victim.needs)]
    with open_spool(tmp_path, sinks=SINKS) as spool:
        assert len(spool.pending("a", 10_000)) == len(rows) - 30
        assert spool.gauges().lost == {}
        assert spool.high_ns == max(row.last_ns for row in rows)
        counted = _received(spool)
    shutil.copytree(victim.folder, tmp_path / "copy")
    with open_spool(tmp_path / "copy", sinks=SINKS) as spool:
        assert counted == _received(spool) > 0


def _received(spool: Spool) -> int:
    hour = T0 // HOUR
    return sum(row.received for row in spool.ledger(hour, hour + 1))


def test_the_damaged_files_stay_as_they_were(victim: Victim, tmp_path: pathlib.Path) -> None:
    shutil.copytree(victim.folder, tmp_path, dirs_exist_ok=True)
    _destroy(tmp_path, frozenset(victim.places[:3]), 1)
    before = {suffix: (tmp_path / f"spool.db{suffix}").read_bytes() for suffix in ("", "-wal")}

    _salvaged(tmp_path)

    (kept,) = tmp_path.glob("spool.db.damaged-*[0-9]")
    assert {suffix: kept.with_name(kept.name + suffix).read_bytes() for suffix in ("", "-wal")} == before


def test_rows_that_stand_only_in_the_log_come_back_without_its_header_and_without_the_file(
    victim: Victim, tmp_path: pathlib.Path
) -> None:
    shutil.copytree(victim.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "spool.db").write_bytes(b"")
    with (tmp_path / "spool.db-wal").open("r+b") as file:
        file.write(random.Random(3).randbytes(32))
    wanted = {seq for seq, needs in victim.needs.items() if all(place.file == "spool.db-wal" for place in needs)}

    found = {_content(row) for row in _salvaged(tmp_path)}

    assert len(wanted) > 10
    assert {_content(victim.rows[seq]) for seq in wanted} <= found


def test_a_transaction_that_was_not_committed_does_not_come_back(victim: Victim, tmp_path: pathlib.Path) -> None:
    shutil.copytree(victim.folder, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "spool.db-wal"
    data = path.read_bytes()
    last = max(place.offset for place in victim.places if place.file == "spool.db-wal")
    path.write_bytes(data[: last - 24])
    reference = tmp_path / "reference"
    shutil.copytree(tmp_path, reference, ignore=shutil.ignore_patterns("reference"))
    connection = sqlite3.connect(reference / "spool.db")
    standing = connection.execute("SELECT count(*) FROM item").fetchone()[0]
    connection.close()

    assert 0 < standing < len(victim.needs)
    assert len(_salvaged(tmp_path)) == standing


def test_a_column_that_contradicts_its_payload_is_not_believed(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, sinks=SINKS, seed=1) as spool:
        spool.add_catalogue(CATALOGUE)
        group = Group()
        for index in range(3):
            group.rows += group_of(CATALOGUE, samples_at(T0 + index * SECOND, 8)).rows
        spool.commit(group)
    connection = sqlite3.connect(tmp_path / "spool.db")
    connection.execute("UPDATE item SET last_ns = last_ns + 1 WHERE seq = 2")
    connection.commit()
    connection.close()

    rows = _salvaged(tmp_path)

    assert [row.first_ns for row in rows] == [T0, T0 + 2 * SECOND]
