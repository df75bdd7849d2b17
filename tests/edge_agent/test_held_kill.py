"""Held samples survive whatever happens: stored, suppressed and held add up to what was received."""

from __future__ import annotations

import pathlib
import random
import subprocess
import sys
import time

import pytest
from ovoo_edge.pipeline_stage import Stage
from ovoo_edge.sources.base import Chunk
from ovoo_edge.watermark import Watermark

from tests.edge_agent.held_support import (
    CATALOGUE,
    KEEPS,
    RULES,
    check_accounts,
    open_policies,
    source_batch,
    stored_rows,
)
from tests.edge_agent.support import SECOND, T0
from tests.edge_agent.test_thinning import check_bound

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_nothing_is_lost_or_doubled_by_kills_at_any_moment(tmp_path: pathlib.Path) -> None:
    rng = random.Random(20_260)
    step = 0
    for _ in range(8):
        command = [sys.executable, "-m", "tests.edge_agent.stage_victim", str(tmp_path), str(step)]
        victim = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert victim.stdout is not None
        victim.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.25))
        victim.kill()
        victim.communicate()
        with open_policies(tmp_path) as spool:
            spool.release_held()
            received = check_accounts(spool)
            assert spool.release_held() == 0
        # a commit whose message was not read counts too: the source goes on where the spool is
        assert len({received[signal] for signal in range(len(KEEPS))}) == 1
        assert received[0] >= step
        step = received[0]

    assert step > 100
    with open_policies(tmp_path) as spool:
        rows = stored_rows(spool)
    batch = source_batch(0, step)
    for signal in (2, 5):
        own = batch.select_signals(bytes(index == signal for index in range(len(KEEPS))))
        kept = sorted((time_ns, value, 0) for index, time_ns, value in rows if index == signal)
        gone = sorted(set(own.time_ns) - {row[0] for row in kept})
        assert len(kept) < len(own)
        check_bound(own, kept, gone, 0.5)


def test_every_sample_of_a_minute_is_in_its_figures_or_stored(tmp_path: pathlib.Path) -> None:
    with open_policies(tmp_path) as spool:
        stage = Stage(CATALOGUE, RULES, None, Watermark(len(CATALOGUE), 0, T0 * 2), 30.0, (1 << 20, 4 << 20))
        for start in range(0, 700, 7):
            batch = source_batch(start, 7)
            spool.commit(*stage.process([Chunk(batch, None, "src", 0, T0)], batch.time_ns[-1]).groups)
        held = dict(spool._held.live()[0])[CATALOGUE.id]
        entries = spool._connection.execute("SELECT kind, count(*) FROM held GROUP BY kind").fetchall()
        released = spool.release_held()
        rows = stored_rows(spool)
        check_accounts(spool)

    # the last 40 seconds are an open minute
    assert [at for signal, at in zip(held.signal, held.time_ns, strict=True) if signal == 3] == [
        T0 + at * SECOND for at in range(660, 700)
    ]
    assert released == len(held) == 40 + 2
    assert dict(entries)[1] <= 10
    counted = sum(value for signal, _, value in rows if signal == len(KEEPS))
    assert counted + sum(signal == 3 for signal, *_ in rows) == 700


def test_the_journal_of_doors_is_rewritten_and_stays_small(tmp_path: pathlib.Path) -> None:
    with open_policies(tmp_path) as spool:
        stage = Stage(CATALOGUE, RULES, None, Watermark(len(CATALOGUE), 0, T0 * 2), 30.0, (1 << 20, 4 << 20))
        most = 0
        for start in range(0, 6000, 20):
            batch = source_batch(start, 20)
            spool.commit(*stage.process([Chunk(batch, None, "src", 0, T0)], batch.time_ns[-1]).groups)
            most = max(most, spool._connection.execute("SELECT sum(length(body)) FROM held").fetchone()[0] or 0)
        spool.release_held()
        check_accounts(spool)

    assert most < 120_000


def test_an_unreadable_entry_is_listed_as_lost(tmp_path: pathlib.Path) -> None:
    with open_policies(tmp_path) as spool:
        spool._connection.execute("INSERT INTO held VALUES (0, 1, ?, ?)", (CATALOGUE.id, b"\x05\x00\x00\x00junk"))
        assert spool.release_held() == 0
        assert [row.cause for row in spool.lost(0, 1 << 40)] == ["held_damaged"]
        assert spool.release_held() == 0


@pytest.mark.parametrize("clean", [True, False], ids=["stopped", "killed"])
def test_held_samples_of_an_older_catalogue_are_released_under_it(tmp_path: pathlib.Path, clean: bool) -> None:
    spool = open_policies(tmp_path)
    stage = Stage(CATALOGUE, RULES, None, Watermark(len(CATALOGUE), 0, T0 * 2), 30.0, (1 << 20, 4 << 20))
    batch = source_batch(0, 3)
    spool.commit(*stage.process([Chunk(batch, None, "src", 0, T0)], batch.time_ns[-1]).groups)
    if clean:
        spool.release_held()
    spool.close()

    with open_policies(tmp_path) as spool:
        assert spool.release_held() == (0 if clean else 5)
        assert {row.catalogue_id for row in spool.pending("cloud", 100)} == {CATALOGUE.id}
        assert {row.rank for row in spool.pending("cloud", 100)} == {0, 2}
        check_accounts(spool)
