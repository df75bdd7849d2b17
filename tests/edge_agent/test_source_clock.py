"""Clocks of sources: off by 17 hours, drifting, jumping, and right behind a slow line."""

from __future__ import annotations

import random
import time
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.quality import CLOCK_SUSPECT, TIME_FROM_RECEIVE, TIME_FROM_SERVER
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL, decode_batch
from ovoo_edge import source_clock
from ovoo_edge.pipeline_stage import Stage
from ovoo_edge.signal_list import rules_of
from ovoo_edge.source_clock import ClockedIntake, ClockEstimate, SourceClock
from ovoo_edge.sources.base import Chunk
from ovoo_edge.watermark import Watermark

from tests.edge_agent.support import SECOND, T0, make_batch, make_catalogue

HOUR_S = 3600.0


def listened(
    seconds: int,
    offset_s: list[float] | float,
    delay_s: tuple[float, float] = (0.01, 0.05),
    every_s: float = 1.0,
    seed: int = 1,
) -> SourceClock:
    """A clock heard for a while; `offset_s` per second of that while, or all the time."""
    rng, clock = random.Random(seed), SourceClock()
    heard: list[tuple[int, int]] = []
    step = 0.0
    while step < seconds:
        offset = offset_s if isinstance(offset_s, float) else offset_s[int(step)]
        made_ns = T0 + round(step * SECOND)
        received_ns = made_ns + round(rng.uniform(*delay_s) * SECOND)
        heard.append((received_ns, made_ns + round(offset * SECOND)))
        step += every_s
    for received_ns, told_ns in sorted(heard):
        clock.hear(told_ns, received_ns)
    return clock


def close(estimate: ClockEstimate, offset_s: float, within_s: float) -> bool:
    return estimate.offset_ms is not None and abs(estimate.offset_ms / 1e3 - offset_s) <= within_s


@pytest.mark.parametrize("offset_s", [17 * HOUR_S, -17 * HOUR_S, 8 * HOUR_S, -8 * HOUR_S, 5.0, -300.0])
def test_a_clock_that_is_off_is_found_within_half_a_minute(offset_s: float) -> None:
    estimate = listened(30, offset_s).estimate

    assert estimate.suspect
    assert close(estimate, offset_s, 0.06)


@pytest.mark.parametrize("delay_s", [(0.0, 0.01), (0.5, 3.0), (20.0, 20.1), (5.0, 60.0), (110.0, 111.0)])
def test_a_right_clock_behind_a_slow_line_is_not_accused(delay_s: tuple[float, float]) -> None:
    estimate = listened(300, 0.0, delay_s).estimate

    assert not estimate.suspect
    assert estimate.offset_ms is not None
    assert estimate.uncertainty_ms is not None
    # the truth, 0, is within what is told
    assert estimate.offset_ms <= 0 <= estimate.offset_ms + estimate.uncertainty_ms + 1e-6


def test_a_backlog_that_is_being_sent_is_no_clock_fault() -> None:
    clock = SourceClock()
    for step in range(600):
        # hours old, twenty times as fast as it was made
        clock.hear(T0 - round((10 * HOUR_S - step * 20) * SECOND), T0 + step * SECOND)

    assert not clock.estimate.suspect


def test_values_that_no_longer_change_are_no_clock_fault() -> None:
    clock = SourceClock()
    for step in range(600):
        clock.hear(T0 - 12 * 3600 * SECOND, T0 + step * SECOND)

    assert clock.estimate == ClockEstimate()


def test_a_drift_is_followed_and_accused_once_it_matters() -> None:
    drift = [step * 0.02 for step in range(400)]  # 2 %: a quartz would take a century
    accused = [listened(seconds, drift).estimate.suspect for seconds in (60, 100, 200, 399)]

    assert accused == [False, False, True, True]
    assert close(listened(399, drift).estimate, drift[-1], 1.0)


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
def test_a_jump_is_followed_within_a_minute_and_forgiven_when_it_is_mended(jump_s: float) -> None:
    jumped = listened(120, [0.0] * 60 + [jump_s] * 60).estimate
    mended = listened(180, [0.0] * 60 + [jump_s] * 60 + [0.0] * 60).estimate

    assert jumped.suspect
    assert close(jumped, jump_s, 0.1)
    assert not mended.suspect
    assert close(mended, 0.0, 0.1)


def test_one_wild_sample_accuses_nobody() -> None:
    clock = SourceClock()
    for step in range(120):
        wild = 20 * 3600 if step == 60 else 0
        clock.hear(T0 + (step + wild) * SECOND, T0 + step * SECOND + 10_000_000)

    assert not clock.estimate.suspect


def test_a_gateway_whose_own_clock_is_set_back_starts_anew() -> None:
    clock = SourceClock()
    for step in range(60):
        clock.hear(T0 + step * SECOND, T0 + step * SECOND + 1)
    clock.hear(T0 + 61 * SECOND, T0 - 3600 * SECOND)

    suspect_at_once = clock.estimate.suspect
    for step in range(62, 100):
        clock.hear(T0 + step * SECOND, T0 + (step - 3661) * SECOND)

    assert (suspect_at_once, clock.estimate.suspect) == (False, True)
    assert close(clock.estimate, 3661.0, 1.1)


@given(
    offset_s=st.floats(-80_000, 80_000),
    slowest_s=st.floats(0.0, 60.0),
    seed=st.integers(0, 2**32),
)
def test_a_clock_within_its_tolerance_is_never_accused_and_the_truth_is_within_the_bounds(
    offset_s: float, slowest_s: float, seed: int
) -> None:
    estimate = listened(90, offset_s, (0.0, slowest_s), seed=seed).estimate

    if estimate.offset_ms is not None and estimate.uncertainty_ms is not None:
        assert estimate.offset_ms <= offset_s * 1e3 + 1e-3
    if abs(offset_s) < 2.0:
        assert not estimate.suspect


async def through_intake(offset_s: float, quality: int = 0, flags: int = 0, source: str = "plc") -> list[Chunk]:
    intake = ClockedIntake(10**9, time.monotonic, ["plc"])
    chunks = []
    for step in range(40):
        receive_ns = T0 + step * SECOND
        batch = make_batch([(0, receive_ns + round(offset_s * SECOND), 1.0), (1, receive_ns, 2.0)], quality)
        batch.quality[1] |= TIME_FROM_RECEIVE
        await intake.put(Chunk(batch, lambda: None, source, flags, receive_ns))
        chunks.append(await intake.get())
    return chunks


async def test_samples_of_a_wrong_clock_are_marked_and_keep_their_time() -> None:
    chunks = await through_intake(17 * HOUR_S, quality=0x80310000)
    first, last = chunks[0], chunks[-1]

    assert first.clock_offset_ns == 0
    assert last.clock_offset_ns == round(17 * HOUR_S) * SECOND
    assert list(first.batch.quality) == [0x80310000, 0x80310000 | TIME_FROM_RECEIVE]
    # only the time that the wrong clock gave is in doubt
    assert list(last.batch.quality) == [0x80310000 | CLOCK_SUSPECT, 0x80310000 | TIME_FROM_RECEIVE]
    assert last.batch.time_ns[0] == T0 + 39 * SECOND + round(17 * HOUR_S) * SECOND


async def test_history_server_times_and_other_sources_say_nothing_about_the_clock() -> None:
    for chunks in (
        await through_intake(17 * HOUR_S, flags=FLAG_BACKFILL),
        await through_intake(17 * HOUR_S, quality=TIME_FROM_SERVER),
        await through_intake(17 * HOUR_S, source="recording"),
        await through_intake(0.0),
    ):
        assert not any(code & CLOCK_SUSPECT for chunk in chunks for code in chunk.batch.quality)


@given(st.lists(st.integers(0, 2**32 - 1), max_size=40))
def test_marking_whole_columns_equals_marking_row_by_row(qualities: list[int]) -> None:
    batch = make_batch([(0, T0, 1.0)] * len(qualities))
    batch.quality[:] = array("I", qualities)
    doubtful = TIME_FROM_SERVER | TIME_FROM_RECEIVE
    expected = [code if code & doubtful else code | CLOCK_SUSPECT for code in qualities]

    assert list(source_clock._flagged(batch).quality) == expected


def test_rows_of_a_wrong_clock_travel_apart_with_the_offset_in_their_header() -> None:
    catalogue = make_catalogue(2)
    rules = rules_of([], [], catalogue.entries)
    stage = Stage(catalogue, rules, None, Watermark(2, 0, T0), 600, (1 << 20, 1 << 23))
    wrong: SampleBatch = make_batch([(0, T0 + SECOND, 1.0)])
    right: SampleBatch = make_batch([(1, T0, 1.0)])

    result = stage.process(
        [Chunk(wrong, None, "a", receive_ns=T0, clock_offset_ns=SECOND), Chunk(right, None, "b", receive_ns=T0)], T0
    )

    headers = [decode_batch(row.payload) for group in result.groups for row in group.rows]
    assert {(header.clock_offset_ns, tuple(batch.signal)) for header, batch in headers} == {(SECOND, (0,)), (0, (1,))}
