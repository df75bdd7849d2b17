"""Change points on rows of their own length: the history may be coarser or finer than the frames that are judged."""

from __future__ import annotations

import itertools
import math
import random
from array import array
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ArtifactError, NotReady
from ovoo_models.anomaly.change_point import ChangePoint
from ovoo_models.anomaly.row_means import RowMeans
from ovoo_models.base import NORMAL, OFF, FrameBlock, Place, ScoreBlock

from tests.models.conftest import SECOND, START

MINUTE = 60 * SECOND
MIDNIGHT = START // (86_400 * SECOND) * 86_400 * SECOND


def frames(step_s: int, minutes: int, seed: int = 1, shift_from: int = 10**9, first: int = 0) -> FrameBlock:
    """Two signals that wander by the minute, with the noise of an instrument; from a minute on the first is higher."""
    rng, wander = random.Random(seed), random.Random(seed + 1000)
    times, values, level = array("q"), array("d"), 0.0
    for minute in range(first, first + minutes):
        level = 0.8 * level + wander.gauss(0, 1.0)
        for second in range(0, 60, step_s):
            times.append(MIDNIGHT + minute * MINUTE + second * SECOND)
            shift = 12.0 if minute >= shift_from else 0.0
            values.extend((50.0 + level + shift + rng.gauss(0, 0.2), 20.0 - level + rng.gauss(0, 0.2)))
    return FrameBlock(times, values, 2)


def detector_of(step_s: int = 5, **params: Any) -> ChangePoint:
    return ChangePoint({"row_s": 60, **params}, Place((0, 1), -1, 2, step_s * SECOND))


def changes(detector: ChangePoint, rows: FrameBlock) -> list[int]:
    """Minutes in which a change is told anew."""
    out = ScoreBlock()
    detector.score_many(rows, out)
    over = [i for i in range(len(rows)) if out.score[i] >= out.limits[i]]
    minutes = sorted({(rows.time_ns[i] - MIDNIGHT) // MINUTE for i in over})
    return [minute for place, minute in enumerate(minutes) if not place or minute > minutes[place - 1] + 1]


@pytest.mark.parametrize(("history_s", "frame_s"), [(60, 5), (5, 5), (10, 5), (60, 60), (5, 60), (60, 10)])
def test_a_change_is_told_once_whatever_the_step_of_history_and_frames(history_s: int, frame_s: int) -> None:
    detector = detector_of(frame_s)
    assert detector.learn_history(frames(history_s, 1000)) >= 999

    told = changes(detector, frames(frame_s, 400, seed=2, shift_from=300))

    assert len(told) == 1
    assert 300 <= told[0] <= 305


def test_without_rows_of_its_own_a_history_by_the_minute_is_refused_for_quicker_frames() -> None:
    with pytest.raises(NotReady, match="frame period"):
        detector_of(row_s=0).learn_history(frames(60, 1000))


def test_a_history_coarser_than_the_rows_is_refused_with_what_helps() -> None:
    fine = frames(60, 3000)
    coarse = FrameBlock.empty(2)
    for i in range(0, len(fine), 10):
        coarse.time_ns.append(fine.time_ns[i])
        coarse.values.extend(fine.values[2 * i : 2 * i + 2])
    with pytest.raises(NotReady, match="learn from rows every 60 s"):
        detector_of().learn_history(coarse)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 300), max_size=12))
def test_scores_are_the_same_however_the_stream_is_cut(cuts: list[int]) -> None:
    history, rows = frames(60, 300), frames(5, 40, seed=2, shift_from=20)
    whole, parted = detector_of(), detector_of()
    expected, out = ScoreBlock(), ScoreBlock()
    for each in (whole, parted):
        each.learn_history(history)
    whole.score_many(rows, expected)

    found, start = array("d"), 0
    for stop in [*itertools.takewhile(lambda end: end < len(rows), itertools.accumulate(cuts)), len(rows)]:
        parted.score_many(rows.rows(start, stop), out)
        found.extend(out.score[: stop - start])
        start = stop

    assert found.tobytes() == expected.score[: len(rows)].tobytes()


def test_state_in_the_middle_of_a_row_goes_on_bit_for_bit() -> None:
    history, rows = frames(60, 300), frames(5, 40, seed=2)
    first, second = detector_of(), detector_of()
    first.learn_history(history)
    one, other = ScoreBlock(), ScoreBlock()
    first.score_many(rows.rows(0, 101), one)

    second.load(first.state())
    first.score_many(rows.rows(101, len(rows)), one)
    second.score_many(rows.rows(101, len(rows)), other)

    n = len(rows) - 101
    assert one.score[:n].tobytes() == other.score[:n].tobytes()
    assert first.state() == second.state()


def test_a_model_learned_on_other_rows_is_refused() -> None:
    learned = detector_of()
    learned.learn_history(frames(60, 300))
    with pytest.raises(ArtifactError, match="another frame period"):
        detector_of(row_s=120).load(learned.state())


def means_of(times_s: list[int], values: list[float], codes: list[int] | None = None) -> tuple[list[float], list[int]]:
    rows = FrameBlock(array("q", [MIDNIGHT + t * SECOND for t in times_s]), array("d", values), 1)
    found, mask = RowMeans(array("i", [0]), MINUTE).take(rows, array("B", codes or [NORMAL] * len(values)))
    return list(found.values), list(mask)


def test_a_row_is_the_mean_of_its_frames_and_ends_with_the_first_frame_beyond_it() -> None:
    assert means_of([0, 20, 40], [1.0, 2.0, 3.0]) == ([], [])
    assert means_of([0, 20, 40, 60], [1.0, 2.0, 3.0, 9.0]) == ([2.0], [NORMAL])


def test_what_is_missing_does_not_count_and_a_row_without_values_is_missing() -> None:
    values, _ = means_of([0, 20, 40, 60, 120], [1.0, math.nan, 3.0, math.inf, 0.0])
    assert values[0] == 2.0
    assert math.isnan(values[1])


def test_a_row_is_normal_work_only_where_all_its_frames_are() -> None:
    _, codes = means_of([0, 20, 40, 60, 120], [1.0] * 5, [NORMAL, OFF, NORMAL, NORMAL, NORMAL])
    assert codes == [OFF, NORMAL]


def test_time_that_goes_back_drops_the_row_under_way() -> None:
    values, _ = means_of([60, 80, 0, 20, 60], [7.0, 7.0, 1.0, 2.0, 0.0])
    assert values == [1.5]
