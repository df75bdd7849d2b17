"""SIGKILL at any moment: what was reported durable is there, numbers are not reused, the file opens at once."""

from __future__ import annotations

import pathlib
import random
import subprocess
import sys
import time

from ovoo_contract.wire import decode_batch

from tests.edge_agent.support import SECOND, T0, open_spool

KILLS = 20
ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_twenty_kills_lose_nothing_that_was_committed(tmp_path: pathlib.Path) -> None:
    rng = random.Random(7)
    committed: dict[int, int] = {}
    delivered: set[int] = set()
    for round_number in range(KILLS):
        _run_and_kill(tmp_path, round_number * 1_000_000, rng.uniform(0.0, 0.12), committed, delivered)

        with open_spool(tmp_path, budget_mib=64) as spool:
            waiting = {row.seq: min(decode_batch(row.payload)[1].time_ns) for row in spool.pending("cloud", 1 << 30)}
            assert spool.gauges().lost == {}

        for seq, step in committed.items():
            assert seq in delivered or waiting[seq] == T0 + step * SECOND
        # rows whose commit stood although the process died before saying so
        for seq, first_ns in waiting.items():
            committed.setdefault(seq, (first_ns - T0) // SECOND)
    assert len(committed) > KILLS


def _run_and_kill(
    folder: pathlib.Path, first_step: int, after_s: float, committed: dict[int, int], delivered: set[int]
) -> None:
    command = [sys.executable, "-m", "tests.edge_agent.spool_victim", str(folder), str(first_step)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        time.sleep(after_s)
        process.kill()
        lines += process.stdout.readlines()
    for line in lines:
        if not line.endswith(b"\n"):
            continue
        kind, seq, *step = line.split()
        if kind == b"s":
            delivered.add(int(seq))
        else:
            assert int(seq) not in committed, "a number was used twice"
            committed[int(seq)] = int(step[0])
