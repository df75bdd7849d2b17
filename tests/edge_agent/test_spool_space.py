"""The budget is never passed, a full disk is survived, and every loss is listed."""

from __future__ import annotations

import os
import pathlib
import sqlite3
import subprocess
from collections.abc import Iterator

import pytest
from ovoo_contract.errors import SpoolFull
from ovoo_contract.wire import decode_batch
from ovoo_edge.spool import Spool
from ovoo_edge.spool_space import BALLAST_BYTES

from tests.edge_agent.support import SECOND, T0, bulk_at, group_of, make_catalogue, open_spool

CATALOGUE = make_catalogue()
BUDGET_MIB = 4


def on_disk(folder: pathlib.Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("spool.db*"))


def pour(spool: Spool, groups: int, rank: int = 0, start: int = 0) -> int:
    """Commits 2,000-sample rows; returns the number of samples."""
    for index in range(start, start + groups):
        spool.commit(group_of(CATALOGUE, bulk_at(T0 + index * 600 * SECOND, 2000), rank=rank))
    return groups * 2000


def test_files_stay_within_the_budget_and_losses_are_listed(tmp_path: pathlib.Path) -> None:
    biggest = 0
    with open_spool(tmp_path, budget_mib=BUDGET_MIB, sinks=("cloud", "historian")) as spool:
        spool.add_catalogue(CATALOGUE)
        poured = 0
        for index in range(300):
            poured += pour(spool, 1, start=index)
            if index % 3 == 0:
                spool.ack("historian", [(1, spool.last_seq)])
            biggest = max(biggest, on_disk(tmp_path))
        kept = sum(row.rows for row in spool.pending("cloud", 10_000))
        lost = spool.gauges().lost

    assert biggest <= BUDGET_MIB << 20
    assert lost["cloud"] == {"spool_full": poured - kept}
    assert kept > 100_000


def test_loss_lists_name_signal_hour_and_interval(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, budget_mib=BUDGET_MIB) as spool:
        spool.add_catalogue(CATALOGUE)
        pour(spool, 250)
        first = spool.pending("cloud", 1)[0]
        rows = spool.lost(0, 1 << 40)

    assert {row.address for row in rows} == {str(entry.address) for entry in CATALOGUE.entries}
    assert all(row.hour * 3_600 * SECOND <= row.from_ns <= row.to_ns for row in rows)
    assert min(row.from_ns for row in rows) == T0
    assert sum(row.count for row in rows) == (first.seq - 1) * 2000


def test_the_lowest_class_is_freed_first(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, budget_mib=BUDGET_MIB) as spool:
        spool.add_catalogue(CATALOGUE)
        pour(spool, 40, rank=2)
        pour(spool, 300, rank=0, start=40)
        ranks = [row.rank for row in spool.pending("cloud", 10_000)]

    assert ranks.count(2) == 40
    assert 0 < ranks.count(0) < 300


def test_policy_block_refuses_and_goes_on_once_there_is_room(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, budget_mib=BUDGET_MIB, policy="block") as spool:
        spool.add_catalogue(CATALOGUE)
        with pytest.raises(SpoolFull, match=r"no room for another row .*spool\.budget_mib"):
            pour(spool, 500)
        held = len(spool.pending("cloud", 10_000))
        assert spool.gauges().lost == {}

        spool.ack("cloud", [(1, held // 2)])
        spool.flush()

        pour(spool, 5, start=1000)
        assert len(spool.pending("cloud", 10_000)) == held - held // 2 + 5


def test_a_smaller_budget_is_respected_after_a_restart(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, budget_mib=12) as spool:
        spool.add_catalogue(CATALOGUE)
        pour(spool, 320)
    assert on_disk(tmp_path) > BUDGET_MIB << 20

    with open_spool(tmp_path, budget_mib=BUDGET_MIB) as spool:
        pour(spool, 2, start=500)
        assert on_disk(tmp_path) <= BUDGET_MIB << 20
        assert spool.gauges().lost["cloud"]["spool_full"] > 0


def test_a_foreign_reader_cannot_make_the_log_grow_without_bound(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, budget_mib=BUDGET_MIB) as spool:
        spool.add_catalogue(CATALOGUE)
        pour(spool, 5)
        other = sqlite3.connect(tmp_path / "spool.db")
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM item").fetchone()
        try:
            with pytest.raises(SpoolFull, match="the log cannot be shortened"):
                pour(spool, 500, start=10)
            assert on_disk(tmp_path) <= BUDGET_MIB << 20
        finally:
            other.close()

        pour(spool, 5, start=600)


@pytest.fixture
def small_disk(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A 20 MiB tmpfs."""
    mount = tmp_path / "disk"
    mount.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(mount)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"cannot mount a tmpfs here: {done.stderr.decode().strip()}")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


def test_a_full_disk_spends_the_ballast_and_loses_nothing_unlisted(small_disk: pathlib.Path) -> None:
    with open_spool(small_disk, budget_mib=64) as spool:
        spool.add_catalogue(CATALOGUE)
        assert (small_disk / "ballast").stat().st_size == BALLAST_BYTES
        pour(spool, 20)
        stranger = small_disk / "stranger"
        with stranger.open("wb") as file:
            free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
            os.posix_fallocate(file.fileno(), 0, max(free - 200_000, 1))

        poured = 20 * 2000 + pour(spool, 700, start=20)

        gauges = spool.gauges()
        kept = sum(row.rows for row in spool.pending("cloud", 10_000))
        assert not gauges.ballast
        assert kept + gauges.lost.get("cloud", {}).get("spool_full", 0) == poured

        stranger.unlink()
        spool.ack("cloud", [(1, spool.last_seq)])
        spool.maintain()
        spool.maintain()
        decoded = [decode_batch(row.payload)[1] for row in spool.pending("cloud", 10)]
        assert decoded == []


def test_a_full_disk_with_policy_block_holds_back_and_recovers(small_disk: pathlib.Path) -> None:
    with open_spool(small_disk, budget_mib=64, policy="block") as spool:
        spool.add_catalogue(CATALOGUE)
        with pytest.raises(SpoolFull, match="no room for another row"):
            pour(spool, 2000)
        held = spool.last_seq
        assert [row.seq for row in spool.pending("cloud", 10_000)] == list(range(1, held + 1))

        spool.ack("cloud", [(1, held - 3)])
        spool.flush()
        pour(spool, 3, start=3000)

        assert len(spool.pending("cloud", 10_000)) == 6
