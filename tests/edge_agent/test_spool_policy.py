"""What gives way when the budget is used up: by class, in order, and every sample that went is listed."""

from __future__ import annotations

import itertools
import math
import pathlib
from array import array
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import SpoolFull
from ovoo_contract.quality import BAD, UNCERTAIN
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL, decode_batch
from ovoo_edge import _spare_py
from ovoo_edge._select import COMPILED, spare_kernels
from ovoo_edge.spool import Spool
from ovoo_edge.spool_policy import Measure, SpoolPolicy
from ovoo_edge.spool_rows import EVENT_RANK, Group, RowMeta, SpoolRow

from tests.edge_agent.support import SECOND, T0, bulk_at, group_of, make_batch, make_catalogue, open_spool

CATALOGUE = make_catalogue()
MINUTE = 60 * SECOND
ROW = 2000


def pour(spool: Spool, count: int, rank: int = 0, start: int = 0) -> int:
    """Rows of 2,000 samples that cannot be packed, eight minutes each; gives the number of samples."""
    for index in range(start, start + count):
        spool.commit(group_of(CATALOGUE, bulk_at(T0 + index * 600 * SECOND, ROW), rank=rank))
    return count * ROW


def kept(spool: Spool, sink: str = "cloud") -> list[SpoolRow]:
    return spool.pending(sink, 1 << 20)


def lost(spool: Spool, sink: str = "cloud") -> dict[str, int]:
    return dict(spool.gauges().lost.get(sink, {}))


def test_drop_newest_keeps_what_is_there_and_lists_what_comes(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, budget_mib=4, policy="drop_newest") as spool:
        spool.add_catalogue(CATALOGUE)
        poured = pour(spool, 200)
        rows = kept(spool)

        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert lost(spool) == {"spool_full_newest": poured - sum(row.rows for row in rows)}
        assert min(row.from_ns for row in spool.lost(0, 1 << 40)) == max(row.last_ns for row in rows) + 101 * SECOND


def test_a_later_class_takes_the_newest_rows_of_one_that_drops_newest(tmp_path: pathlib.Path) -> None:
    policy = SpoolPolicy(("drop_newest", "drop_oldest", "drop_oldest"))
    with open_spool(tmp_path, budget_mib=4, policy=policy) as spool:
        spool.add_catalogue(CATALOGUE)
        poured = pour(spool, 200)
        before = [row.seq for row in kept(spool)]
        poured += pour(spool, 10, rank=2, start=200)
        rows = kept(spool)

    general = [row.seq for row in rows if row.rank == 0]
    assert general == before[: len(general)]
    assert len(general) < len(before)
    assert sum(row.rank == 2 for row in rows) == 10


@pytest.mark.parametrize("measure", ["drop_oldest", "drop_newest", "thin"])
def test_a_row_that_comes_in_costs_no_class_later_than_its_own(tmp_path: pathlib.Path, measure: Measure) -> None:
    with open_spool(tmp_path, budget_mib=4, policy=SpoolPolicy((measure, "drop_oldest", "drop_oldest"))) as spool:
        spool.add_catalogue(CATALOGUE)
        pour(spool, 120, rank=2)
        core = [row.seq for row in kept(spool)]
        already = lost(spool).get("spool_full", 0)
        poured = pour(spool, 30, start=120)

        rows = kept(spool)
        assert [row.seq for row in rows if row.rank == 2] == core
        general = sum(row.rows for row in rows if row.rank == 0)
        assert sum(lost(spool).values()) - already == poured - general


def test_the_order_is_the_configurations(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, budget_mib=4, policy=SpoolPolicy(order=(2, 0, 1))) as spool:
        spool.add_catalogue(CATALOGUE)
        for start in range(0, 60, 3):
            for rank in range(3):
                pour(spool, 1, rank=rank, start=start + rank)
        assert Counter(row.rank for row in kept(spool)) == {0: 20, 1: 20, 2: 20}
        pour(spool, 110, rank=1, start=100)
        ranks = Counter(row.rank for row in kept(spool))

    assert 0 < ranks[2] < 20
    assert (ranks[0], ranks[1]) == (20, 130)


def test_a_class_that_blocks_lets_sources_wait_and_keeps_findings(tmp_path: pathlib.Path) -> None:
    policy = SpoolPolicy(("drop_oldest", "drop_oldest", "block"))
    with open_spool(tmp_path, budget_mib=4, policy=policy) as spool:
        spool.add_catalogue(CATALOGUE)
        finding = Group()
        finding.append("event", CATALOGUE.id, b'{"code": "x"}', RowMeta(1, T0, T0, EVENT_RANK))
        spool.commit(finding)
        pour(spool, 20)
        with pytest.raises(SpoolFull, match=r"spool\.budget_mib"):
            pour(spool, 200, rank=2, start=20)
        rows = kept(spool)

        assert Counter(row.rank for row in rows)[0] == 0
        assert rows[0].kind == "event"
        assert lost(spool) == {"spool_full": 20 * ROW}
        assert spool.last_seq == len(rows) + 20


def test_findings_leave_last_of_all(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, budget_mib=4) as spool:
        spool.add_catalogue(CATALOGUE)
        for index in range(900):
            finding = Group()
            payload = b'{"code": "x", "pad": "' + b"p" * 5000 + b'"}'
            finding.append("event", CATALOGUE.id, payload, RowMeta(1, T0 + index, T0 + index, EVENT_RANK))
            spool.commit(finding)
            if index < 20:
                pour(spool, 1, start=index)
        rows = kept(spool)

        assert {row.kind for row in rows} == {"event"}
        told = Counter[bool]()
        for row in spool.lost(0, 1 << 40):
            told[row.address == "event:x"] += row.count
        assert told == {True: 900 - len(rows), False: 20 * ROW}


def second_rows(spool: Spool, count: int, start: int = 0) -> dict[tuple[int, int], float]:
    """Rows as a gateway makes them: one second of 400 signals that wander."""
    written: dict[tuple[int, int], float] = {}
    for first in range(start, start + count, 10):
        batches = []
        for second in range(first, first + 10):
            time_ns = T0 + second * SECOND
            values = [math.sin(second / 9 + signal) * 1e3 + signal / 7 for signal in range(400)]
            columns = array("I", range(400)), array("q", [time_ns] * 400), array("d", values), array("I", bytes(1600))
            batches.append(SampleBatch(*columns))
            written |= {(signal, time_ns): value for signal, value in enumerate(values)}
        spool.commit(group_of(WIDE, *batches))
    return written


WIDE = make_catalogue(400)


def contents(rows: Sequence[SpoolRow]) -> dict[tuple[int, int], float]:
    found: dict[tuple[int, int], float] = {}
    for row in rows:
        _, batch = decode_batch(row.payload)
        assert (len(batch), min(batch.time_ns), max(batch.time_ns)) == (row.rows, row.first_ns, row.last_ns)
        for signal, time_ns, value in zip(batch.signal, batch.time_ns, batch.value, strict=True):
            assert (signal, time_ns) not in found
            found[signal, time_ns] = value
    return found


def test_thinning_keeps_the_ends_and_extremes_of_every_minute(tmp_path: pathlib.Path) -> None:
    with open_spool(tmp_path, budget_mib=4, policy="thin", sinks=("cloud", "historian")) as spool:
        spool.add_catalogue(WIDE)
        first = second_rows(spool, 120)
        spool.ack("historian", [(1, 120)])
        written = first | second_rows(spool, 1700, 120)
        rows = kept(spool)
        found = contents(rows)
        thinned = [row for row in rows if row.flags & FLAG_BACKFILL]
        gauges = spool.gauges()
        told = spool.lost(0, 1 << 40)
        theirs = contents(kept(spool, "historian"))

    assert all(written[key] == value for key, value in found.items())
    causes = gauges.lost["cloud"]
    assert causes["spool_full_thinned"] > 400_000
    assert len(found) + sum(causes.values()) == len(written)
    assert len(theirs) + sum(gauges.lost["historian"].values()) == len(written) - len(first)
    assert not {key for key in theirs if key in first}
    assert sum(row.count for row in told if row.sink == "cloud") == sum(causes.values())
    assert thinned
    assert len({row.seq for row in rows}) == len(rows)
    spans = {(signal, time_ns // MINUTE) for signal, time_ns in contents(thinned)}
    for signal, minute in sorted(spans)[:: len(spans) // 40]:
        whole = {at: value for (index, at), value in written.items() if index == signal and at // MINUTE == minute}
        stay = {at for index, at in found if index == signal and at // MINUTE == minute}
        assert {min(whole), max(whole), min(whole, key=whole.__getitem__), max(whole, key=whole.__getitem__)} <= stay
        assert len(stay) <= 4


def test_thinned_rows_are_not_gone_through_again_after_a_restart(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_spool(tmp_path, budget_mib=4, policy="thin") as spool:
        spool.add_catalogue(WIDE)
        written = second_rows(spool, 1500)
    read: list[int] = []
    original = spare_kernels.mark_spare

    def counting(signal: array[int], *others: object) -> bytearray:
        read.append(len(signal))
        return original(signal, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(spare_kernels, "mark_spare", counting)
    with open_spool(tmp_path, budget_mib=4, policy="thin") as spool:
        spool.add_catalogue(WIDE)
        thinned = sum(row.rows for row in kept(spool) if row.flags & FLAG_BACKFILL)
        written |= second_rows(spool, 1500, 1500)
        rows = kept(spool)
        assert len(contents(rows)) + sum(lost(spool).values()) == len(written)

    assert thinned > 10_000
    assert sum(read) <= 3000 * 400 - 1500 * 400 + 1_000 * 400


def test_what_cannot_be_thinned_leaves_oldest_first(tmp_path: pathlib.Path) -> None:
    """One sample of a signal in a minute is its first, last, least and greatest."""
    with open_spool(tmp_path, budget_mib=4, policy="thin") as spool:
        spool.add_catalogue(CATALOGUE)
        poured = 0
        for index in range(200):
            rows = [
                (signal, T0 + (index * 500 + step) * MINUTE, float(step)) for signal in range(4) for step in range(500)
            ]
            batch = make_batch(rows)
            batch.value = bulk_at(index, 2000).value
            spool.commit(group_of(CATALOGUE, batch))
            poured += 2000
        rows_left = kept(spool)

        assert lost(spool) == {"spool_full": poured - sum(row.rows for row in rows_left)}
        assert [row.seq for row in rows_left] == list(range(201 - len(rows_left), 201))


def test_an_unfinished_commit_is_never_thinned_into(tmp_path: pathlib.Path) -> None:
    """The rows of a commit of several transactions stay the last ones: a crash must find all of them."""
    spool = open_spool(tmp_path, budget_mib=4, policy="thin")
    spool.add_catalogue(WIDE)
    spool.add_catalogue(CATALOGUE)
    second_rows(spool, 1000)
    groups = [group_of(CATALOGUE, bulk_at(T0 + index * MINUTE, ROW), rank=2) for index in range(20)]
    seqs = spool.commit(*groups)
    assert seqs == tuple(range(seqs[0], seqs[0] + 20))
    spool._connection.close()

    with open_spool(tmp_path, budget_mib=4, policy="thin") as spool:
        assert [row.seq for row in kept(spool) if row.rank == 2] == list(seqs)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 40 * SECOND),
        st.one_of(st.floats(-5, 5), st.sampled_from([math.nan, math.inf, 1.0, 1.0])),
        st.sampled_from([0, 0, 0, UNCERTAIN, BAD]),
    ),
    max_size=60,
)


def batch_of(rows: Sequence[tuple[int, int, float, int]]) -> SampleBatch:
    batch = make_batch([(signal, T0 + time_ns, value) for signal, time_ns, value, _ in rows])
    batch.quality = array("I", [quality for *_, quality in rows])
    return batch.sorted()


@settings(max_examples=200, deadline=None)
@given(ROWS, st.integers(1, 20 * SECOND))
def test_what_is_spare_is_neither_end_nor_extreme_nor_change(
    rows: list[tuple[int, int, float, int]], step_ns: int
) -> None:
    batch = batch_of(rows)
    mark = spare_kernels.mark_spare(batch.signal, batch.time_ns, batch.value, batch.quality, None, step_ns)

    groups: dict[tuple[int, int], list[int]] = {}
    for row in range(len(batch)):
        groups.setdefault((batch.signal[row], batch.time_ns[row] // step_ns), []).append(row)
    for members in groups.values():
        stay = {members[0], members[-1]}
        stay |= {b for a, b in itertools.pairwise(members) if batch.quality[a] != batch.quality[b]}
        good = [row for row in members if batch.quality[row] < UNCERTAIN and math.isfinite(batch.value[row])]
        if good:
            stay |= {min(good, key=batch.value.__getitem__), max(good, key=batch.value.__getitem__)}
        assert {row for row in members if not mark[row]} == stay


@settings(max_examples=200, deadline=None)
@given(ROWS, st.integers(1, 20 * SECOND))
def test_thinning_twice_changes_nothing(rows: list[tuple[int, int, float, int]], step_ns: int) -> None:
    batch = batch_of(rows)
    for _ in range(2):
        mark = spare_kernels.mark_spare(batch.signal, batch.time_ns, batch.value, batch.quality, None, step_ns)
        before, batch = len(batch), batch.take([row for row, spare in enumerate(mark) if not spare])
    assert len(batch) == before


@pytest.mark.skipif(not COMPILED, reason="the kernels were not built")
@settings(max_examples=300, deadline=None)
@given(ROWS, st.integers(1, 20 * SECOND), st.booleans())
def test_kernel_and_twin_agree(rows: list[tuple[int, int, float, int]], step_ns: int, worded: bool) -> None:
    batch = batch_of(rows)
    words = bytearray(row % 3 == 1 for row in range(len(batch))) if worded else None
    columns = batch.signal, batch.time_ns, batch.value, batch.quality, words
    assert spare_kernels.mark_spare(*columns, step_ns) == _spare_py.mark_spare(*columns, step_ns)
    assert spare_kernels.runs_of(*columns[:2], step_ns) == _spare_py.runs_of(*columns[:2], step_ns)


@pytest.mark.parametrize("module", [spare_kernels, _spare_py])
def test_columns_that_do_not_fit_are_refused(module: object) -> None:
    batch = make_batch([(0, T0, 1.0), (0, T0 + 1, 2.0)])
    good = batch.signal, batch.time_ns, batch.value, batch.quality
    for columns, worded, step_ns in [
        ((batch.signal, batch.time_ns, batch.value, batch.quality[:1]), None, 1),
        (good, bytearray(1), 1),
        (good, None, 0),
    ]:
        with pytest.raises(ValueError, match=r"differ in length|must be positive"):
            module.mark_spare(*columns, worded, step_ns)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="must be positive"):
        module.runs_of(batch.signal, batch.time_ns, 0)  # type: ignore[attr-defined]
