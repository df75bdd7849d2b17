"""Frames from batches: newest value, hold, lateness, and no dependence on how the stream is cut."""

from __future__ import annotations

import itertools
import json
import math
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ArtifactError, ConfigError
from ovoo_contract.samples import SampleBatch
from ovoo_models.frames import FrameBuilder

from tests.models.conftest import SECOND, START

PERIOD = 5 * SECOND
Row = tuple[int, int, float, int]


def batch(*rows: Row) -> SampleBatch:
    """Rows (signal, seconds since START, value, quality)."""
    result = SampleBatch.empty()
    for signal, at_s, value, quality in rows:
        result.signal.append(signal)
        result.time_ns.append(START + at_s * SECOND)
        result.value.append(value)
        result.quality.append(quality)
    return result


def builder(grace_s: int = 0, hold_s: int = 30) -> FrameBuilder:
    return FrameBuilder([4, 7], PERIOD, hold_s * SECOND, grace_s * SECOND)


def test_a_frame_holds_the_newest_value_of_each_signal() -> None:
    frames = builder().push(batch((4, 1, 1.0, 0), (4, 4, 2.0, 0), (7, 0, 9.0, 0), (7, 6, 8.0, 0), (5, 3, 5.0, 0)))

    assert list(frames.time_ns) == [START]
    assert list(frames.values) == [2.0, 9.0]


def test_values_are_held_until_they_are_too_old() -> None:
    frames = builder(hold_s=10).push(batch((7, 0, 9.0, 0), *((4, at, float(at), 0) for at in range(0, 35, 5))))

    held = [frames.values[2 * i + 1] for i in range(len(frames))]
    assert held[:3] == [9.0, 9.0, 9.0]
    assert all(math.isnan(x) for x in held[3:])


@pytest.mark.parametrize("quality", [0x40000000, 0x80310000])
def test_a_sample_that_is_not_good_ends_the_hold(quality: int) -> None:
    frames = builder().push(
        batch((7, 0, 9.0, 0), (7, 5, 9.0, quality), (4, 0, 1.0, 0), (4, 5, 1.0, 0), (4, 11, 1.0, 0))
    )

    assert frames.values[1] == 9.0
    assert math.isnan(frames.values[3])


def test_flag_bits_of_a_good_sample_do_not_make_it_bad() -> None:
    frames = builder().push(batch((7, 0, 9.0, 1 << 28), (4, 6, 1.0, 0)))

    assert frames.values[1] == 9.0


def test_a_period_without_samples_gives_no_row_however_long() -> None:
    frames = builder().push(batch((4, 0, 1.0, 0), (4, 40_000_000, 2.0, 0), (4, 40_000_010, 2.0, 0)))

    assert list(frames.time_ns) == [START, START + 40_000_000 * SECOND]


def test_late_rows_are_counted_and_left_out() -> None:
    frames = builder()
    frames.push(batch((4, 0, 1.0, 0), (4, 10, 1.0, 0)))

    again = frames.push(batch((7, 3, 9.0, 0), (4, 20, 2.0, 0)))

    assert frames.late == 1
    assert math.isnan(again.values[1])


def test_a_clock_that_was_set_back_starts_anew() -> None:
    frames = builder()
    frames.push(batch((4, 90_000, 1.0, 0), (4, 90_010, 1.0, 0)))

    for at in range(0, 20_020, 10):
        done = frames.push(batch(*((4, at + k, 1.0, 0) for k in range(10))))

    assert len(done) > 0


def test_flush_closes_the_open_period() -> None:
    frames = builder()
    assert len(frames.push(batch((4, 1, 1.0, 0)))) == 0

    assert len(frames.flush(START + 5 * SECOND)) == 1


def test_state_continues_bit_for_bit_and_foreign_state_is_refused() -> None:
    first, second = builder(2), builder(2)
    first.push(batch((4, 0, 0.1, 0), (7, 1, 0.2, 0), (7, 6, 0.3, 0)))
    second.load(json.loads(json.dumps(first.state())))

    more = batch((4, 9, 0.5, 0), (7, 20, 0.6, 0))
    assert first.push(more) == second.push(more)
    with pytest.raises(ArtifactError):
        FrameBuilder([1], PERIOD, 0).load(first.state())


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ConfigError):
        FrameBuilder([], PERIOD, 0)
    with pytest.raises(ConfigError):
        builder().map_signals([1])


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([4, 5, 7]), st.integers(0, 400), st.floats(-9, 9), st.sampled_from([0, 0, 0, 0x80310000])
        ),
        min_size=1,
        max_size=80,
    ),
    cuts=st.lists(st.integers(0, 80), max_size=6),
    shift=st.integers(0, 3),
)
def test_random_cuts_give_the_same_frames(rows: list[Row], cuts: list[int], shift: int) -> None:
    unique = {(signal, at): (signal, at, value, quality) for signal, at, value, quality in rows}
    stream = sorted(unique.values(), key=lambda row: (row[1] + (row[0] % 3) * shift, row[0]))
    outcomes = []
    for places in ([], sorted(cuts)):
        frames = FrameBuilder([4, 7], PERIOD, 30 * SECOND, 6 * SECOND)
        times, values = array("q"), array("d")
        edges = [0, *(min(place, len(stream)) for place in places), len(stream)]
        for start, stop in itertools.pairwise(edges):
            part = frames.push(batch(*sorted(stream[start:stop], key=lambda row: row[:2])))
            times.extend(part.time_ns)
            values.extend(part.values)
        rest = frames.flush(START + 10_000 * SECOND)
        outcomes.append((times + rest.time_ns, (values + rest.values).tobytes(), frames.late))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][2] == 0


def test_infinities_and_values_beyond_1e30_end_the_hold_like_bad_samples() -> None:
    frames = builder().push(
        batch((4, 1, 1.0, 0), (4, 6, math.inf, 0), (7, 6, 2.0, 0), (4, 11, -1e31, 0), (4, 16, 1e30, 0), (4, 21, 0.0, 0))
    )

    assert [str(x) for x in frames.values[::2]] == ["1.0", "nan", "nan", "1e+30"]
