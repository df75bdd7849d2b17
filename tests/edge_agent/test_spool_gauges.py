"""What the health page says of the spool is what would happen: backlog, age, hours left, whatever is acknowledged."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_edge.health import sink_figures
from ovoo_edge.metrics import render_metrics
from ovoo_edge.spool import Spool
from ovoo_edge.spool_rows import Group, RowMeta
from ovoo_edge.spool_schema import stored_bytes
from prometheus_client.parser import text_string_to_metric_families

from tests.edge_agent.support import SECOND, T0, Clock, bulk_at, group_of, make_catalogue, open_spool
from tests.edge_agent.test_status_words import changed, words

CATALOGUE = make_catalogue()
SINKS = ("cloud", "historian")


def raw_row(size: int, index: int) -> Group:
    group = Group()
    group.append("batch", CATALOGUE.id, bytes(size), RowMeta(1, T0 + index, T0 + index))
    return group


def commit_each_second(spool: Spool, clock: Clock, size: int, count: int) -> None:
    for index in range(count):
        clock.tick(1)
        spool.commit(raw_row(size, index))


@pytest.mark.parametrize("size", [200, 1500, 3000, 5000, 9000, 30_000])
def test_the_buffer_lasts_as_long_as_it_said(tmp_path: pathlib.Path, size: int) -> None:
    clock = Clock()
    with open_spool(tmp_path, budget_mib=4, clock=clock) as spool:
        spool.add_catalogue(CATALOGUE)
        count = max(40, 600_000 // stored_bytes(size))
        assert spool.gauges().buffer_h is None
        commit_each_second(spool, clock, size, count)
        said_s = (spool.gauges().buffer_h or 0.0) * 3600
        began_ns = clock.now_ns
        while not spool.gauges().lost:
            commit_each_second(spool, clock, size, 1)
        lasted_s = (clock.now_ns - began_ns) / SECOND

    assert said_s == pytest.approx(lasted_s, rel=0.15)


def test_room_that_acknowledgements_give_back_lengthens_the_buffer_only_when_every_sink_has_the_rows(
    tmp_path: pathlib.Path,
) -> None:
    clock = Clock()
    with open_spool(tmp_path, budget_mib=4, clock=clock, sinks=SINKS) as spool:
        spool.add_catalogue(CATALOGUE)
        commit_each_second(spool, clock, 5000, 200)
        before = spool.gauges().buffer_h or 0.0
        spool.ack("cloud", [(1, 150)])
        spool.flush()
        assert spool.gauges().buffer_h == before
        spool.ack("historian", [(51, 200)])
        spool.flush()
        after = spool.gauges().buffer_h or 0.0

        assert (after - before) * 3600 == pytest.approx(100, rel=0.05)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SINKS), st.integers(1, 30), st.integers(0, 9)), max_size=12), st.booleans())
def test_backlog_and_its_age_follow_partial_acknowledgements(
    tmp_path_factory: pytest.TempPathFactory, acks: list[tuple[str, int, int]], flushed: bool
) -> None:
    clock = Clock()
    with open_spool(tmp_path_factory.mktemp("spool"), sinks=SINKS, clock=clock) as spool:
        spool.add_catalogue(CATALOGUE)
        stored_ns: dict[int, int] = {}
        for index in range(30):
            clock.tick(7)
            (seq,) = spool.commit(raw_row(100 + index, index))
            stored_ns[seq] = clock.now_ns
        missing = {sink: set(stored_ns) for sink in SINKS}
        for sink, low, more in acks:
            spool.ack(sink, [(low, low + more)])
            missing[sink] -= set(range(low, low + more + 1))
            if flushed:
                spool.flush()
        gauges = spool.gauges()

    for sink, seqs in missing.items():
        assert gauges.backlog_rows[sink] == len(seqs)
        assert gauges.backlog_bytes[sink] == sum(99 + seq for seq in seqs)
        assert gauges.backlog_since_ns[sink] == (stored_ns[min(seqs)] if seqs else 0)


def test_the_age_of_the_backlog_survives_that_rows_before_it_were_dropped(tmp_path: pathlib.Path) -> None:
    clock = Clock()
    with open_spool(tmp_path, budget_mib=4, clock=clock, sinks=SINKS) as spool:
        spool.add_catalogue(CATALOGUE)
        for index in range(300):
            clock.tick(1)
            spool.commit(group_of(CATALOGUE, bulk_at(T0 + index * 600 * SECOND, 2000), rank=index % 2))
        spool.ack("historian", [(1, 250)])
        gauges = spool.gauges()
        for sink in SINKS:
            oldest = spool.pending(sink, 1)[0]
            assert gauges.backlog_since_ns[sink] == oldest.stored_ns
        assert spool.pending("cloud", 1)[0].seq < 250 < spool.pending("historian", 1)[0].seq
        assert gauges.lost["cloud"]["spool_full"] > 0


def test_both_gauges_stand_in_status_metrics_and_the_state_message() -> None:
    snapshot = changed("spool/buffer_h", 12.5)
    snapshot["pipeline"]["at_risk_s"] = 3.5

    assert "lasts 12.5 h" in words(snapshot, "en")
    assert "12.5 小时" in words(snapshot, "zh")
    assert "3.5 s" in words(snapshot, "en")
    assert "3.5 秒" in words(snapshot, "zh")
    text = render_metrics(snapshot).decode()
    values = {item.name: item.value for family in text_string_to_metric_families(text) for item in family.samples}
    assert values["ovoo_edge_at_risk_seconds"] == 3.5
    assert values["ovoo_edge_spool_buffer_hours"] == 12.5
    figures = sink_figures(snapshot)
    assert (figures["at_risk_s"], figures["buffer_h"]) == (3.5, 12.5)
