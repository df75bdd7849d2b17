"""What is still to be read: windows cover spans exactly once, and the file brings everything back."""

from __future__ import annotations

import pathlib
from array import array

from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.samples import SampleBatch
from ovoo_edge.sources.backfill_plan import BackfillPlan, Span, next_window
from ovoo_edge.sources.base import SignalMap, SourceGap
from ovoo_edge.sources.sample_marks import SampleMarks
from ovoo_edge.sources.settings_opcua import BackfillOrder
from ovoo_edge.sources.state_file import StateFile

KEYS = {index: 1000 + index for index in range(8)}
spans = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 60), st.integers(0, 40)).map(
        lambda row: Span(row[0], row[1], row[1] + row[2], 1)
    ),
    max_size=8,
    unique_by=lambda span: span.signal,
)


@given(spans, st.sampled_from(["newest_first", "oldest_first"]), st.integers(1, 4), st.integers(2, 30))
def test_windows_hold_every_moment_of_every_span_exactly_once(
    wanted: list[Span], order: BackfillOrder, most: int, width: int
) -> None:
    plan = BackfillPlan(StateFile("plan.json", pathlib.Path("/nonexistent")), KEYS)
    for span in wanted:
        plan.add(span)
    seen: list[tuple[int, int]] = []
    edges: list[int] = []
    while (window := next_window(plan.closed, order, most, width)) is not None:
        assert len({span.signal for span in window.spans}) == len(window.spans) <= most
        for span in window.spans:
            low, high = max(span.start_ns, window.start_ns), min(span.end_ns, window.end_ns)
            seen += [(span.signal, moment) for moment in range(low + 1, high)]
        edges.append(window.end_ns if order == "newest_first" else window.start_ns)
        plan.finish(window, order)

    expected = [(span.signal, moment) for span in wanted for moment in range(span.start_ns + 1, span.end_ns)]
    assert sorted(seen) == sorted(expected)
    assert edges == sorted(edges, reverse=order == "newest_first")


def test_open_and_closed_spans_survive_a_restart_with_another_signal_order(tmp_path: pathlib.Path) -> None:
    plan = BackfillPlan(StateFile("plan.json", tmp_path), KEYS)
    plan.begin([(0, 100), (1, 200), (2, 300)], 7)
    plan.end([(1, 900)])
    plan.save([SourceGap(1, 2, "why", 3, 7)])

    moved = {index: 1000 + (index + 1) % 3 for index in range(3)}
    again = BackfillPlan(StateFile("plan.json", tmp_path), moved)

    assert again.closed == (Span(0, 200, 900, 7),)
    assert {(span.signal, span.start_ns) for span in again.open.values()} == {(2, 100), (1, 300)}
    assert again.known_gaps == [SourceGap(1, 2, "why", 3, 7)]


def test_a_damaged_plan_file_is_ignored(tmp_path: pathlib.Path) -> None:
    (tmp_path / "plan.json").write_bytes(b'{"version": 1')

    assert BackfillPlan(StateFile("plan.json", tmp_path), KEYS).closed == ()


def test_marks_keep_what_was_committed_even_when_the_list_changes(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "marks"
    first = SampleMarks(path, [SignalMap(0, "x/a", "s=a"), SignalMap(3, "x/b", "s=b")], 10**18)
    batch = SampleBatch(array("I", [0, 3, 0]), array("q", [50, 70, 60]), array("d", [1, 2, 3]), array("I", [0, 0, 0]))
    first.receive(batch)
    assert list(SampleMarks(path, [SignalMap(0, "x/a", "s=a")], 10**18).received) == [0]

    second = SampleMarks(path, [SignalMap(0, "x/a", "s=a"), SignalMap(3, "x/b", "s=b")], 10**18)
    second.commit(batch)
    third = SampleMarks(path, [SignalMap(0, "x/b", "s=b"), SignalMap(1, "x/a", "s=a"), SignalMap(2, "x/c")], 10**18)

    assert list(third.received) == [70, 60, 0]
    assert third.newest_ns == 70


def test_marks_of_a_clock_in_the_future_are_not_believed(tmp_path: pathlib.Path) -> None:
    signals = [SignalMap(0, "x/a", "s=a")]
    ahead = SampleMarks(tmp_path / "marks", signals, 10**18)
    ahead.commit(SampleBatch(array("I", [0]), array("q", [3 * 10**18]), array("d", [1]), array("I", [0])))

    assert list(SampleMarks(tmp_path / "marks", signals, 10**18).received) == [0]


def test_gaps_are_listed_after_a_restart_also_when_nothing_of_them_is_left_to_read(tmp_path: pathlib.Path) -> None:
    settled = SourceGap(1, 2, "why", 3, 7, "the server keeps no history (1 signals)", 4, 9)
    BackfillPlan(StateFile("plan.json", tmp_path), KEYS).save([settled])

    assert BackfillPlan(StateFile("plan.json", tmp_path), KEYS).known_gaps == [settled]


def test_a_gap_found_while_the_disk_refuses_outlives_the_process(tmp_path: pathlib.Path) -> None:
    (tmp_path / "plan.json.new").mkdir()  # the file cannot be written
    gap = SourceGap(1, 2, "why", 3, 7)
    BackfillPlan(StateFile("plan.json", tmp_path, tmp_path / "memory"), KEYS).save([gap])
    BackfillPlan(StateFile("plan.json", tmp_path), KEYS).save([gap])  # without a second place: no failure

    assert BackfillPlan(StateFile("plan.json", tmp_path, tmp_path / "memory"), KEYS).known_gaps == [gap]
    assert BackfillPlan(StateFile("plan.json", tmp_path), KEYS).known_gaps == []
