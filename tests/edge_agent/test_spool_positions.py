"""Positions of sources, and commits of several transactions: all of it or nothing of it, whatever dies when."""

from __future__ import annotations

import pathlib
import sqlite3

import pytest
from ovoo_contract.errors import SpoolError
from ovoo_edge.spool import Spool
from ovoo_edge.spool_rows import Group
from ovoo_edge.spool_schema import FORMAT

from tests.edge_agent.support import HOUR, SECOND, T0, group_of, make_catalogue, open_spool, samples_at

CATALOGUE = make_catalogue()


def opened(folder: pathlib.Path, damage: str = "") -> Spool:
    spool = open_spool(folder, damage=damage)
    spool.add_catalogue(CATALOGUE)
    return spool


def groups(count: int, position: bytes = b"p", step: int = 0) -> list[Group]:
    made = [group_of(CATALOGUE, samples_at(T0 + (step + index) * SECOND, 8)) for index in range(count)]
    made[0].count(T0 // HOUR, "suppressed", CATALOGUE.id, {0: 5})
    made[-1].lost["larger_than_a_row"] = {("a/b", T0 // HOUR): [2, T0, T0]}
    made[-1].positions["plant"] = position
    return made


def kept(spool: Spool) -> tuple[int, int, dict[str, bytes], int]:
    """Rows, suppressed samples, positions and losses."""
    suppressed = sum(row.suppressed for row in spool.ledger(0, 1 << 40))
    lost = sum(row.count for row in spool.lost(0, 1 << 40))
    return len(spool.pending("cloud", 1000)), suppressed, spool.positions(), lost


@pytest.mark.parametrize("count", [1, 3])
def test_everything_of_a_commit_survives_together(tmp_path: pathlib.Path, count: int) -> None:
    spool = opened(tmp_path)
    assert spool.commit(*groups(count)) == tuple(range(1, count + 1))
    spool._connection.close()  # a kill

    with opened(tmp_path) as again:
        assert kept(again) == (count, 5, {"plant": b"p"}, 2)


@pytest.mark.parametrize("written", [1, 2])
def test_death_between_the_transactions_leaves_nothing_and_gives_the_numbers_again(
    tmp_path: pathlib.Path, written: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened(tmp_path)
    spool.commit(*groups(1, b"before"))
    _die_after(spool, written, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        spool.commit(*groups(3, step=10))
    spool._connection.close()

    with opened(tmp_path) as again:
        assert kept(again) == (1, 5, {"plant": b"before"}, 2)
        assert again.commit(*groups(3, b"after", step=10)) == (2, 3, 4)
        assert kept(again) == (4, 10, {"plant": b"after"}, 4)


def test_a_part_that_fails_is_taken_back_before_the_next_try(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as spool:
        with monkeypatch.context() as patch:
            _die_after(spool, 2, patch)
            with pytest.raises(KeyboardInterrupt):
                spool.commit(*groups(3))
        assert kept(spool) == (0, 0, {}, 0)

        assert spool.commit(*groups(3)) == (1, 2, 3)
        assert kept(spool) == (3, 5, {"plant": b"p"}, 2)
        assert spool.gauges().backlog_rows == {"cloud": 3}


def test_a_file_of_version_1_is_given_the_table(tmp_path: pathlib.Path) -> None:
    opened(tmp_path).close()
    with sqlite3.connect(tmp_path / "spool.db") as old:
        old.execute("DROP TABLE position")
        old.execute("UPDATE meta SET value = '1' WHERE key = 'format'")
    old.close()

    with opened(tmp_path) as spool:
        assert spool.positions() == {}
        spool.commit(*groups(1))
    with opened(tmp_path) as spool:
        assert spool.positions() == {"plant": b"p"}


def test_a_file_of_a_later_version_is_refused(tmp_path: pathlib.Path) -> None:
    opened(tmp_path).close()
    with sqlite3.connect(tmp_path / "spool.db") as later:
        later.execute("UPDATE meta SET value = ? WHERE key = 'format'", (str(FORMAT + 1),))
    later.close()

    before = (tmp_path / "spool.db").read_bytes()

    with pytest.raises(SpoolError, match="another version"):
        opened(tmp_path)
    assert (tmp_path / "spool.db").read_bytes() == before
    assert not list(tmp_path.glob("*.damaged-*"))


def test_salvage_takes_positions_along_and_leaves_an_unfinished_commit(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened(tmp_path)
    spool.commit(*groups(1, b"before"))
    _die_after(spool, 2, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        spool.commit(*groups(3, step=10))
    spool._connection.close()

    with opened(tmp_path, damage="told so") as again:
        assert len(again.pending("cloud", 100)) == 1
        assert again.positions() == {"plant": b"before"}


def _die_after(spool: Spool, written: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends once so many parts of the next commit stand."""
    original, parts = spool._writer._room_for, 0

    def room_for(group: Group, extra_bytes: int = 0) -> Group:
        nonlocal parts
        if parts == written:
            raise KeyboardInterrupt
        parts += 1
        return original(group, extra_bytes)

    monkeypatch.setattr(spool._writer, "_room_for", room_for)
