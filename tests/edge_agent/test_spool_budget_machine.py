"""Whatever is committed, acknowledged, dropped, thinned or reopened: files stay within the budget, samples balance."""

from __future__ import annotations

import contextlib
import pathlib
import sqlite3
import tempfile
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from ovoo_contract.errors import SpoolFull
from ovoo_contract.wire import decode_batch
from ovoo_edge.spool import Spool
from ovoo_edge.spool_policy import MEASURES, SpoolPolicy
from ovoo_edge.spool_rows import EVENT_RANK, Group, RowMeta

from tests.edge_agent.support import SECOND, T0, bulk_at, group_of, make_catalogue, open_spool

CATALOGUE = make_catalogue()
SINKS = ("cloud", "historian")
POLICIES = st.builds(SpoolPolicy, st.tuples(*[st.sampled_from(MEASURES)] * 3), st.permutations([0, 1, 2]).map(tuple))


class BudgetMachine(RuleBasedStateMachine):
    """What a sink was given counts as stored; the rest of what was committed must be waiting or listed as lost."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._path = pathlib.Path(self._folder.name)
        self._budget_mib = 4
        self._policy = SpoolPolicy()
        self._spool = self._open()
        self._committed = 0
        self._stored: Counter[str] = Counter()
        self._known: dict[str, set[tuple[int, int]]] = {sink: set() for sink in SINKS}
        self._step = 0
        self._reader: sqlite3.Connection | None = None

    @initialize(policy=POLICIES)
    def begin(self, policy: SpoolPolicy) -> None:
        self._policy = policy
        self._reopen()

    @rule(rank=st.integers(0, 2), commits=st.integers(10, 50))
    def fill(self, rank: int, commits: int) -> None:
        for _ in range(commits):
            self.commit(rank, 1, 40)
            self.commit(rank, 4, 5)

    @rule(rank=st.integers(0, 2), rows=st.integers(1, 9), size=st.integers(1, 40))
    def commit(self, rank: int, rows: int, size: int) -> None:
        group = Group()
        for _ in range(rows):
            batch = bulk_at(T0 + self._step * 1200 * SECOND, size * 100)
            group.rows += group_of(CATALOGUE, batch, rank=rank).rows
            self._step += 1
        self._try_commit([group], rows * size * 100)

    @rule(count=st.integers(2, 5), rank=st.integers(0, 2))
    def commit_in_parts(self, count: int, rank: int) -> None:
        groups = []
        for _ in range(count):
            groups.append(group_of(CATALOGUE, bulk_at(T0 + self._step * 1200 * SECOND, 4000), rank=rank))
            self._step += 1
        self._try_commit(groups, count * 4000)

    @rule(pad=st.integers(1, 60_000))
    def commit_finding(self, pad: int) -> None:
        group = Group()
        payload = b'{"code": "x", "pad": "' + b"p" * pad + b'"}'
        group.append("event", CATALOGUE.id, payload, RowMeta(1, T0, T0, EVENT_RANK))
        self._try_commit([group], 1)

    @rule(sink=st.sampled_from(SINKS), limit=st.integers(1, 60), newest=st.booleans())
    def deliver(self, sink: str, limit: int, newest: bool) -> None:
        rows = self._spool.pending(sink, limit, newest_first=newest)
        for row in rows:
            self._stored[sink] += self._fresh(sink, row.kind, row.payload)
        self._spool.ack(sink, [(row.seq, row.seq) for row in rows])

    @rule()
    def maintain(self) -> None:
        self._spool.maintain()

    @rule(budget_mib=st.integers(4, 9), policy=POLICIES)
    def restart_with_other_settings(self, budget_mib: int, policy: SpoolPolicy) -> None:
        if "block" in policy.measures and budget_mib < self._budget_mib:
            budget_mib = self._budget_mib  # what blocks cannot be made smaller
        self._budget_mib, self._policy = budget_mib, policy
        self._reopen()

    @rule()
    def crash(self) -> None:
        self._stop_reading()
        self._spool.flush()
        self._spool._connection.close()
        self._spool = self._open()

    @rule()
    def somebody_reads(self) -> None:
        self._stop_reading()
        self._reader = sqlite3.connect(self._path / "spool.db")
        self._reader.execute("BEGIN")
        self._reader.execute("SELECT count(*) FROM item").fetchone()

    @rule()
    def nobody_reads(self) -> None:
        self._stop_reading()

    @invariant()
    def the_budget_holds(self) -> None:
        assert self._on_disk() <= self._budget_mib << 20

    @invariant()
    def nothing_is_unaccounted(self) -> None:
        gauges = self._spool.gauges()
        for sink in SINKS:
            waiting = self._spool.pending(sink, 1 << 20)
            lost = sum(gauges.lost.get(sink, {}).values())
            assert self._stored[sink] + sum(row.rows for row in waiting) + lost == self._committed
            assert gauges.backlog_rows[sink] == len(waiting)
            assert gauges.backlog_bytes[sink] == sum(len(row.payload) for row in waiting)

    def teardown(self) -> None:
        self._stop_reading()
        self._spool.close()
        self._folder.cleanup()

    def _try_commit(self, groups: list[Group], samples: int) -> None:
        before = self._spool.last_seq
        try:
            seqs = self._spool.commit(*groups)
        except SpoolFull:
            assert "block" in self._policy.measures or self._reader is not None or self._lists_fill()
            return
        assert list(seqs) == sorted(set(seqs))
        assert not seqs or seqs[0] > before
        self._committed += samples
        assert self._on_disk() <= self._budget_mib << 20

    def _lists_fill(self) -> bool:
        """Whether the lists of what was lost, which never give way, take half of the budget: then sources wait."""
        with contextlib.closing(sqlite3.connect(self._path / "spool.db")) as reader:
            pages, free, size = (
                reader.execute(f"PRAGMA {each}").fetchone()[0] for each in ("page_count", "freelist_count", "page_size")
            )
            (rows,) = reader.execute("SELECT coalesce(sum(size), 0) FROM item").fetchone()
        return bool((pages - free) * size - rows > self._budget_mib << 19)

    def _fresh(self, sink: str, kind: str, payload: bytes) -> int:
        if kind != "batch":
            return 1
        _, batch = decode_batch(payload)
        keys = set(zip(batch.signal, batch.time_ns, strict=True))
        assert not keys & self._known[sink], "a sample that the sink has came again"
        self._known[sink] |= keys
        return len(keys)

    def _on_disk(self) -> int:
        return sum(path.stat().st_size for path in self._path.glob("spool.db*"))

    def _stop_reading(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _reopen(self) -> None:
        self._stop_reading()
        self._spool.close()
        self._spool = self._open()

    def _open(self) -> Spool:
        spool = open_spool(self._path, sinks=SINKS, budget_mib=self._budget_mib, policy=self._policy)
        spool.add_catalogue(CATALOGUE)
        return spool


BudgetMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=40, deadline=None)
TestBudgetMachine = BudgetMachine.TestCase


def test_dropping_rows_beside_a_foreign_reader_stays_within_the_budget() -> None:
    """Found by the machine above: what is dropped makes the log longer, which a reader keeps from being shortened."""
    machine = BudgetMachine()
    try:
        machine.begin(policy=SpoolPolicy(("drop_oldest", "thin", "drop_oldest"), (2, 1, 0)))
        machine.crash()
        machine.crash()
        machine.fill(commits=36, rank=0)
        machine.commit_in_parts(count=2, rank=0)
        machine.crash()
        machine.commit(rank=0, rows=2, size=8)
        machine.fill(commits=39, rank=1)
        machine.crash()
        machine.crash()
        machine.commit_in_parts(count=2, rank=2)
        machine.maintain()
        machine.commit(rank=2, rows=6, size=21)
        machine.crash()
        machine.somebody_reads()
        machine.crash()
        machine.somebody_reads()
        machine.commit_in_parts(count=5, rank=0)
        assert machine._on_disk() <= 4 << 20
    finally:
        machine.teardown()
