"""Whatever order commits, acknowledgements, crashes and reopenings come in: each row reaches each sink exactly once."""

from __future__ import annotations

import pathlib
import tempfile

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from ovoo_contract.wire import decode_batch
from ovoo_edge.spool import Spool

from tests.edge_agent.support import SECOND, T0, group_of, make_catalogue, open_spool, samples_at

CATALOGUE = make_catalogue()
SINKS = ("cloud", "historian")


class SpoolMachine(RuleBasedStateMachine):
    """Two sinks whose servers remember (epoch, seq), as a cloud does."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._path = pathlib.Path(self._folder.name)
        self._spool = self._open()
        self._committed: dict[int, int] = {}
        self._stored: dict[str, dict[int, int]] = {sink: {} for sink in SINKS}
        self._clock = 0

    sent = Bundle("sent")

    @rule(rows=st.integers(1, 4))
    def commit(self, rows: int) -> None:
        batches = [samples_at(T0 + (self._clock + index) * SECOND, 3, seed=self._clock) for index in range(rows)]
        self._clock += rows
        seqs = self._spool.commit(group_of(CATALOGUE, *batches))
        for seq, batch in zip(seqs, batches, strict=True):
            assert seq not in self._committed
            self._committed[seq] = min(batch.time_ns)

    @rule(target=sent, sink=st.sampled_from(SINKS), limit=st.integers(1, 5), newest=st.booleans())
    def send(self, sink: str, limit: int, newest: bool) -> tuple[str, list[int]]:
        """The server stores rows it does not know; the acknowledgement is on its way or lost."""
        rows = self._spool.pending(sink, limit, newest_first=newest)
        for row in rows:
            first_ns = min(decode_batch(row.payload)[1].time_ns)
            assert self._stored[sink].setdefault(row.seq, first_ns) == first_ns == self._committed[row.seq]
        return sink, [row.seq for row in rows]

    @rule(ack=consumes(sent))
    def acknowledge(self, ack: tuple[str, list[int]]) -> None:
        self._spool.ack(ack[0], [(seq, seq) for seq in ack[1]])

    @rule()
    def flush(self) -> None:
        self._spool.flush()

    @rule()
    def crash(self) -> None:
        self._spool._connection.close()
        self._spool = self._open()

    @rule()
    def restart(self) -> None:
        self._spool.close()
        self._spool = self._open()

    @invariant()
    def nothing_is_missing(self) -> None:
        for sink in SINKS:
            waiting = {row.seq for row in self._spool.pending(sink, 10_000)}
            assert waiting | set(self._stored[sink]) == set(self._committed)
            assert self._spool.gauges().backlog_rows[sink] == len(waiting)

    def teardown(self) -> None:
        for sink in SINKS:
            for row in self._spool.pending(sink, 10_000):
                self._stored[sink][row.seq] = min(decode_batch(row.payload)[1].time_ns)
            assert self._stored[sink] == self._committed
        self._spool.close()
        self._folder.cleanup()

    def _open(self) -> Spool:
        spool = open_spool(self._path, sinks=SINKS)
        spool.add_catalogue(CATALOGUE)
        return spool


SpoolMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestSpoolMachine = SpoolMachine.TestCase
