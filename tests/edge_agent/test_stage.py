"""Chunks become spool groups: scaled, ranged, deduplicated, thinned, split by class and age, every sample accounted."""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.address import AssetAddress
from ovoo_contract.findings import Finding
from ovoo_contract.quality import BAD_OUT_OF_RANGE, CLOCK_SUSPECT, UNCERTAIN_LAST_USABLE
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL, FLAG_REQUESTED, decode_batch
from ovoo_edge.normalise import Normaliser, SignalRule
from ovoo_edge.pipeline_stage import MAX_ROWS, Scorer, Stage, StageResult
from ovoo_edge.sources.base import Chunk
from ovoo_edge.spool_rows import EVENT_RANK, NewRow
from ovoo_edge.suppressed_memory import SuppressedMemory
from ovoo_edge.verdicts import BEHIND, COPY, KEPT, SUPPRESSED
from ovoo_edge.watermark import Watermark

from tests.edge_agent.support import HOUR, SECOND, T0, make_batch, make_catalogue

CATALOGUE = make_catalogue(4)
PLAIN = [SignalRule()] * 4
LIMITS = (1 << 20, 4 << 20)


def stage_of(
    rules: Sequence[SignalRule] = PLAIN,
    scorer: Scorer | None = None,
    high_ns: int = 0,
    limits: tuple[int, int] = LIMITS,
) -> Stage:
    return Stage(CATALOGUE, rules, scorer, Watermark(4, high_ns, T0), 600.0, limits)


def chunk(batch: SampleBatch, flags: int = 0) -> Chunk:
    return Chunk(batch, None, "src", flags, T0)


def rows_of(result: StageResult) -> list[NewRow]:
    return [row for group in result.groups for row in group.rows]


def batches_of(result: StageResult) -> list[SampleBatch]:
    return [decode_batch(row.payload)[1] for row in rows_of(result) if row.kind == "batch"]


def test_a_copy_of_a_suppressed_sample_counts_as_duplicate_and_is_not_stored() -> None:
    stage = stage_of([SignalRule(keep="on_change", deadband=5.0)] * 4)
    rows = [(0, T0 + step, float(step)) for step in range(4)]
    first = stage.process([chunk(make_batch(rows))], T0)

    again = stage.process([chunk(make_batch([*rows[1:], (0, T0 + 2, 9.0)]))], T0)

    assert (first.suppressed, again.suppressed, again.duplicates) == (3, 0, 3)
    (late,) = batches_of(again)
    assert late.value.tolist() == [9.0]  # another value at the same time is another sample


def test_remembered_suppressed_samples_are_bounded() -> None:
    memory = SuppressedMemory(10)
    for step in range(100):
        memory.note(make_batch([(0, T0 + 4 * step + each, 1.0) for each in range(4)]), bytes([SUPPRESSED]) * 4)
    mark = bytearray([BEHIND]) * 400

    copies = memory.mark(make_batch([(0, T0 + each, 1.0) for each in range(400)]), mark)

    assert 10 <= copies <= 20
    assert mark == bytes([BEHIND]) * (400 - copies) + bytes([COPY]) * copies


def test_chunks_are_joined_sorted_and_encoded_once() -> None:
    late, early = make_batch([(1, T0 + 5, 2.0), (0, T0 + 9, 3.0)]), make_batch([(0, T0 + 1, 1.0)])

    (batch,) = batches_of(stage_of().process([chunk(late), chunk(early)], T0))

    assert list(zip(batch.signal, batch.time_ns, batch.value, strict=True)) == [
        (0, T0 + 1, 1.0),
        (0, T0 + 9, 3.0),
        (1, T0 + 5, 2.0),
    ]


def test_scale_and_range() -> None:
    rules = [SignalRule(0.001, 5.0, low=0, high=10), SignalRule(low=0, high=10), SignalRule(), SignalRule(high=1)]
    batch = make_batch([(0, T0, 1000.0), (0, T0 + 1, 9000.0), (1, T0, -0.1), (1, T0 + 1, 10.0), (2, T0, 1e300)])
    batch.quality[2] = CLOCK_SUSPECT

    result = Normaliser(rules).apply(batch)

    assert list(result.value) == [6.0, 14.0, -0.1, 10.0, 1e300]
    assert list(result.quality) == [0, BAD_OUT_OF_RANGE, BAD_OUT_OF_RANGE | CLOCK_SUSPECT, 0, 0]
    assert list(batch.quality) == [0, 0, CLOCK_SUSPECT, 0, 0]


def test_absent_values_and_bad_quality_are_left_alone() -> None:
    batch = make_batch([(0, T0, math.nan), (0, T0 + 1, 99.0)])
    batch.quality[1] = UNCERTAIN_LAST_USABLE

    result = Normaliser([SignalRule(low=0, high=10)]).apply(batch)

    assert list(result.quality) == [0, UNCERTAIN_LAST_USABLE]


@given(st.lists(st.floats(allow_nan=True), max_size=20), st.floats(0.1, 10), st.floats(-5, 5))
def test_normalising_equals_the_formula(values: list[float], factor: float, offset: float) -> None:
    batch = make_batch([(0, T0 + index, value) for index, value in enumerate(values)])

    result = Normaliser([SignalRule(factor, offset, low=-10, high=10)]).apply(batch)

    for value, scaled, quality in zip(values, result.value, result.quality, strict=True):
        expected = value * factor + offset
        assert scaled == expected or (math.isnan(scaled) and math.isnan(expected))
        assert (quality == BAD_OUT_OF_RANGE) == (expected < -10 or expected > 10)


def test_events_only_signals_are_scored_but_not_stored() -> None:
    seen: list[SampleBatch] = []

    def scorer(batch: SampleBatch) -> tuple[SampleBatch, list[Finding]]:
        seen.append(batch)
        return SampleBatch.empty(), []

    result = stage_of([SignalRule(keep="events"), *PLAIN[1:]], scorer).process(
        [chunk(make_batch([(0, T0, 1.0), (1, T0, 2.0)]))], T0
    )

    assert list(seen[0].signal) == [0, 1]
    assert [list(batch.signal) for batch in batches_of(result)] == [[1]]
    assert result.suppressed == 1


def test_every_sample_is_accounted_per_signal_and_hour() -> None:
    rules = [SignalRule(), SignalRule(keep="on_change"), *PLAIN[2:]]
    rows = [
        (0, T0, 1.0),
        (0, T0, 1.0),
        (0, T0 + HOUR, 3.0),
        (1, T0, 7.0),
        (1, T0 + SECOND, 7.0),
        (2, T0, 1.0),
        (2, T0, 2.0),
    ]

    result = stage_of(rules).process([chunk(make_batch(rows))], T0 + HOUR)

    hour = T0 // HOUR
    counts: dict[tuple[int, str], dict[int, int]] = {}
    for (at, _), cells in result.groups[-1].counts.items():
        for signal, counter, number in cells.each():
            counts.setdefault((at - hour, counter), {})[signal] = number
    assert counts == {
        (0, "received"): {0: 2, 1: 2, 2: 2},
        (1, "received"): {0: 1},
        (0, "duplicate"): {0: 1},
        (0, "shifted"): {2: 1},
        (0, "suppressed"): {1: 1},
    }
    assert (result.received, result.duplicates, result.shifted, result.suppressed) == (7, 1, 1, 1)
    assert sum(len(batch) for batch in batches_of(result)) == 5


def test_too_many_values_for_one_instant_are_listed_as_lost() -> None:
    rows = [(0, T0, float(index)) for index in range(1003)]

    result = stage_of().process([chunk(make_batch(rows))], T0)

    (cells,) = result.lost["same_time_overflow"].values()
    assert cells[0] == 3
    assert sum(len(batch) for batch in batches_of(result)) == 1000


def test_classes_travel_in_rows_of_their_own() -> None:
    rules = [SignalRule(rank=2), SignalRule(), SignalRule(rank=2), SignalRule(rank=1)]
    rows = [(signal, T0, float(signal)) for signal in range(4)]

    found = rows_of(stage_of(rules).process([chunk(make_batch(rows))], T0))

    assert [(row.meta.rank, list(decode_batch(row.payload)[1].signal)) for row in found] == [
        (0, [1]),
        (1, [3]),
        (2, [0, 2]),
    ]


def test_repetitions_and_old_samples_are_marked_backfill() -> None:
    stage = stage_of(high_ns=T0 - 10 * SECOND)
    rows = [(0, T0 - 20 * SECOND, 1.0), (0, T0, 2.0), (1, T0 - 400 * SECOND, 3.0), (2, T0 - 5 * SECOND, 4.0)]

    first = rows_of(stage.process([chunk(make_batch(rows))], T0))
    second = rows_of(stage.process([chunk(make_batch([(0, T0, 2.0), (0, T0 + 1, 2.5)]))], T0))

    assert [(row.meta.flags, list(decode_batch(row.payload)[1].value)) for row in first] == [
        (0, [2.0, 4.0]),
        (FLAG_BACKFILL, [1.0, 3.0]),
    ]
    assert [(row.meta.flags, row.meta.rows) for row in second] == [(0, 1), (FLAG_BACKFILL, 1)]


def test_after_a_crash_only_what_may_repeat_is_marked() -> None:
    mark = bytearray(2)
    behind = Watermark(1, T0 + 86_400 * SECOND, T0).mark(
        make_batch([(0, T0 - SECOND, 1.0), (0, T0 + SECOND, 2.0)]), mark
    )
    assert (behind, list(mark)) == (1, [BEHIND, KEPT])


def test_old_samples_in_order_are_thinned_like_live_ones() -> None:
    rows = [(0, T0 - HOUR + index * SECOND, 7.0) for index in range(10)]

    result = stage_of([SignalRule(keep="on_change"), *PLAIN[1:]]).process([chunk(make_batch(rows))], T0)

    assert [(row.meta.rows, row.meta.flags) for row in rows_of(result)] == [(1, FLAG_BACKFILL)]
    assert result.suppressed == 9


def test_flags_of_a_source_are_kept_apart() -> None:
    result = stage_of().process(
        [chunk(make_batch([(0, T0, 1.0)])), chunk(make_batch([(1, T0, 2.0)]), FLAG_REQUESTED)], T0
    )
    assert [row.meta.flags for row in rows_of(result)] == [0, FLAG_REQUESTED]


def test_scores_and_findings_are_spooled_with_the_samples() -> None:
    finding = Finding("leak", "warning", AssetAddress("ent", "site", "area", "line", "asset"), T0, T0 + 5)

    def scorer(batch: SampleBatch) -> tuple[SampleBatch, list[Finding]]:
        return make_batch([(3, time_ns, 0.5) for time_ns in batch.time_ns]), [finding]

    result = stage_of(scorer=scorer).process([chunk(make_batch([(0, T0, 1.0)]))], T0)

    event, batch = rows_of(result)
    assert (event.kind, event.meta.rank, Finding.from_json(event.payload)) == ("event", EVENT_RANK, finding)
    assert list(decode_batch(batch.payload)[1].signal) == [0, 3]
    assert (result.derived, result.findings) == (1, 1)


def test_what_fills_a_gap_is_stored_and_does_not_take_models_back_in_time() -> None:
    seen: list[list[int]] = []

    def scorer(batch: SampleBatch) -> tuple[SampleBatch, list[Finding]]:
        seen.append(list(batch.time_ns))
        return SampleBatch.empty(), []

    stage = stage_of(scorer=scorer)
    stage.process([chunk(make_batch([(0, T0, 1.0), (0, T0 + 5 * SECOND, 2.0)]))], T0)

    filled = make_batch([(0, T0 + SECOND, 1.5), (1, T0 + SECOND, 7.0)])
    result = stage.process([chunk(filled, FLAG_BACKFILL)], T0)

    assert seen == [[T0, T0 + 5 * SECOND], [T0 + SECOND]]
    assert sum(map(len, batches_of(result))) == 2
    assert {row.meta.flags for row in rows_of(result)} == {FLAG_BACKFILL}


def test_long_groups_are_cut_into_rows_and_transactions() -> None:
    count = 3 * MAX_ROWS + 1
    batch = SampleBatch(
        array("I", bytes(4 * count)),
        array("q", range(T0, T0 + count)),
        array("d", range(count)),
        array("I", bytes(4 * count)),
    )

    result = stage_of(limits=(1 << 20, 40_000)).process([chunk(batch)], T0)

    assert [row.meta.rows for row in rows_of(result)] == [MAX_ROWS] * 3 + [1]
    assert all(group.size <= 40_000 for group in result.groups)
    assert SampleBatch.concat(batches_of(result)).columns_equal(batch)


def test_a_text_larger_than_a_row_is_listed_and_its_neighbours_are_kept() -> None:
    batch = make_batch([(0, T0 + index, float(index)) for index in range(8)])
    noise = "".join(chr(0x4E00 + (index * 7919) % 20_000) for index in range(40_000))
    batch.text[3] = noise

    result = stage_of(limits=(20_000, 1 << 20)).process([chunk(batch)], T0)

    assert [int(value) for part in batches_of(result) for value in part.value] == [0, 1, 2, 4, 5, 6, 7]
    assert sum(cell[0] for cell in result.lost["larger_than_a_row"].values()) == 1


def test_side_columns_survive() -> None:
    batch = dataclasses.replace(make_batch([(0, T0, 1.0), (1, T0, 2.0)]), server_delta_us=array("i", [5, -6]))
    (found,) = batches_of(stage_of().process([chunk(batch)], T0))
    assert found.server_delta_us == array("i", [5, -6])
