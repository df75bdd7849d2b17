"""Window: shapes that normal windows are not made of; kernel, twin and numpy agree."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from ovoo_contract.errors import ArtifactError, ConfigError, NotReady
from ovoo_models import _window_kernels_py
from ovoo_models._select import COMPILED, window_kernels
from ovoo_models.anomaly.single import RangeCheck
from ovoo_models.anomaly.window import Window
from ovoo_models.anomaly.window_fit import WindowFit, dominant_period, fit_window, principal
from ovoo_models.base import NORMAL, UNKNOWN, FrameBlock, Place, ScoreBlock

from tests.models.conftest import SECOND, START, doubles, odd_rows
from tests.models.test_kernels import canonical, gates, zeros

PERIOD = 48
STEP_S = 60


def rows_of(values: Sequence[float], step_s: int = STEP_S, start: int = 0) -> FrameBlock:
    times = array("q", [START + (start + i) * step_s * SECOND for i in range(len(values))])
    return FrameBlock(times, array("d", values), 1)


def make(period_s: int = STEP_S, **params: Any) -> Window:
    return Window({"learn_steps": 1500, **params}, Place((0,), -1, 1, period_s * SECOND))


def cycle(place: int) -> float:
    """A batch of 48 steps: heats up quickly, holds, cools down slowly."""
    x = place % PERIOD
    return 20.0 + (60.0 * x / 8 if x < 8 else 60.0 if x < 20 else 60.0 * (PERIOD - x) / 28)


def cycles(n: int, seed: int = 1) -> list[float]:
    rng = random.Random(seed)
    return [cycle(i) + rng.gauss(0, 1.0) for i in range(n)]


def turned(values: list[float], start: int) -> list[float]:
    """The same values; one cycle runs the other way round: heats slowly, cools quickly."""
    return [*values[:start], *reversed(values[start : start + PERIOD]), *values[start + PERIOD :]]


def learned(values: Sequence[float], **params: Any) -> Window:
    detector = make(**params)
    detector.learn_many(rows_of(values))
    assert detector.ready
    return detector


def alarm_rows(detector: Window, values: Sequence[float]) -> list[int]:
    out = ScoreBlock()
    detector.score_many(rows_of(values), out)
    return [i for i in range(len(values)) if out.score[i] >= out.limits[i]]


def test_a_turned_cycle_is_found_though_every_value_is_within_range() -> None:
    detector = learned(cycles(1500))
    bounds = RangeCheck({}, Place((0,), -1, 1, STEP_S * SECOND))
    bounds.learn_many(rows_of(cycles(1500)))
    start = 20 * PERIOD
    tested = turned(cycles(2000, seed=2), start)
    out = ScoreBlock()
    bounds.score_many(rows_of(tested), out)

    assert detector.window_steps == PERIOD
    assert not any(out.score[i] >= 1 for i in range(2000))
    found = alarm_rows(detector, tested)
    assert found
    assert start < found[0] < start + PERIOD
    assert found[-1] < start + 2 * PERIOD


def test_normal_cycles_and_noise_alone_are_quiet() -> None:
    rng = random.Random(7)
    noise = [rng.gauss(5.0, 2.0) for _ in range(12_000)]

    assert alarm_rows(learned(cycles(1500)), cycles(6000, seed=3)) == []
    assert alarm_rows(learned(noise[:2000]), noise[2000:]) == []


def test_the_odd_part_of_the_window_is_named() -> None:
    detector = learned(cycles(1500))
    at = 20 * PERIOD + 10
    values = cycles(1200, seed=2)
    values[at : at + 6] = [20.0] * 6
    out = ScoreBlock()
    rows = rows_of(values)
    detector.score_many(rows, out)
    found = [i for i in range(1200) if out.score[i] >= out.limits[i]]

    start_ns, end_ns = detector.part(rows, out, found[0])
    assert start_ns <= rows.time_ns[at] < end_ns
    row = found[-1]
    start_ns, end_ns = detector.part(rows, out, row)
    assert start_ns <= rows.time_ns[at + 5]
    assert end_ns > rows.time_ns[at]


def numpy_scores(x: NDArray[np.float64], model: WindowFit) -> NDArray[np.float64]:
    w = len(model.mean)
    z = np.clip((x - model.centre) / model.scale, -10, 10)
    windows = np.lib.stride_tricks.sliding_window_view(z, w) - np.array(model.mean)
    shapes = np.array(model.basis).reshape(-1, w)
    rest = windows - windows @ shapes.T @ shapes
    scores: NDArray[np.float64] = (rest**2).mean(axis=1)
    return scores


def test_scores_are_the_mean_square_of_what_numpy_cannot_rebuild() -> None:
    model = fit_window([cycles(1500)], PERIOD, 6, 0.95, 3.0, 0.02)
    assert model is not None
    detector = make()
    detector.fit(model)
    values = turned(cycles(400, seed=4), 100)
    out = ScoreBlock()
    detector.score_many(rows_of(values), out)

    assert list(out.state[: PERIOD - 1]) == [UNKNOWN] * (PERIOD - 1)
    expected = numpy_scores(np.array(values), model)
    np.testing.assert_allclose(np.array(out.score[PERIOD - 1 : 400]), expected, rtol=1e-9, atol=1e-12)


def test_principal_shapes_are_the_leading_eigenvectors() -> None:
    rng = np.random.default_rng(3)
    w = 24
    root = rng.normal(size=(w, w)) * 0.8 ** np.arange(w)
    cov = root @ root.T
    values, vectors = np.linalg.eigh(cov)
    share = values[::-1].cumsum() / values.sum()

    basis = np.array(principal(array("d", cov.ravel()), w, 5, 1.0)).reshape(-1, w)
    np.testing.assert_allclose(basis @ basis.T, np.eye(5), atol=1e-6)
    np.testing.assert_allclose(np.abs((basis * vectors[:, ::-1].T[:5]).sum(axis=1)), 1.0, atol=1e-5)
    fewest = int(np.argmax(share >= 0.8)) + 1
    assert len(principal(array("d", cov.ravel()), w, w, 0.8)) == fewest * w
    assert len(principal(zeros(w * w), w, 5, 0.9)) == 0


def test_two_equal_directions_are_both_found() -> None:
    # a sine at all phases: two eigenvalues of one size
    windows = np.array([[math.sin((i + j) * 2 * math.pi / 24) for j in range(24)] for i in range(24)])
    cov = windows.T @ windows / 24
    basis = np.array(principal(array("d", cov.ravel()), 24, 4, 0.999)).reshape(-1, 24)

    assert len(basis) == 2
    np.testing.assert_allclose(windows - windows @ basis.T @ basis, 0.0, atol=1e-6)


@pytest.mark.parametrize("period", [9, 24, 48, 100])
def test_the_dominant_period_is_found_and_not_its_multiples(period: int) -> None:
    rng = random.Random(period)
    values = [math.sin(2 * math.pi * i / period) + rng.gauss(0, 0.3) for i in range(1500)]

    found = dominant_period(values, 256)
    assert found is not None
    assert abs(found - period) <= 1


def test_noise_and_constants_have_no_period() -> None:
    rng = random.Random(1)
    assert dominant_period([rng.gauss(0, 1) for _ in range(1500)], 256) is None
    assert dominant_period([3.0] * 1500, 256) is None
    assert dominant_period([], 256) is None


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("frames", [1, 12])
def test_kernels_equal_their_twins(seed: int, frames: int) -> None:
    n, w, k, rng = 500, 19, 3, random.Random(seed)
    rows = odd_rows(n, 2, seed)
    gate = gates(n, seed)
    mean = array("d", [rng.gauss(0, 1) for _ in range(w)])
    basis = array("d", [rng.gauss(0, 0.2) for _ in range(k * w)])
    outcomes = []
    for module in (window_kernels, _window_kernels_py):
        steps = (zeros(3), array("q", [-1]), zeros(n), zeros(n, "q"))
        module.step_rows(rows.time_ns, rows.values, 2, n, gate, 1, 5 * SECOND, frames, 40, *steps)
        state = (zeros(2 * w), array("q", [0, 0]), doubles(math.nan, 0.0), zeros(w + k))
        out = (zeros(n), zeros(n), zeros(n), zeros(n, "B"), zeros(n))
        module.window_rows(steps[2], steps[3], n, gate, rows.values, 2, 1, 50.0, 0.05, 10.0, mean, basis, 0.9,
                           *state, *out)  # fmt: skip
        outcomes.append([canonical(each) for each in (*steps, *state, *out)])
    assert outcomes[0] == outcomes[1]


def test_steps_are_means_of_their_rows_and_gaps_are_counted() -> None:
    times = array("q", [START + s * SECOND for s in (0, 5, 10, 15, 60, 55, 56, 300)])
    mean, steps = zeros(8), zeros(8, "q")
    window_kernels.step_rows(
        times, doubles(1, 2, 4, 6, 7, 8, 9, 3), 1, 8, array("B", [3]) * 8, 0, 5 * SECOND, 2, 4, zeros(3),
        array("q", [-1]), mean, steps,
    )  # fmt: skip
    assert list(steps) == [-1, 0, 1, 0, 5, -1, 0, -1]
    assert [mean[i] for i in (0, 2, 4, 5, 7)] == [1.0, 3.0, 6.5, 8.0, 3.0]


def test_short_gaps_are_bridged_and_long_ones_start_the_window_anew() -> None:
    detector = learned(cycles(1500), fill_steps=4)
    rows = rows_of(cycles(300, seed=2))
    for at in (100, 101, *range(200, 206)):
        rows.values[at] = math.nan
    out = ScoreBlock()
    detector.score_many(rows, out)

    assert [i for i in range(PERIOD - 1, 300) if out.state[i] == UNKNOWN] == [100, 101, *range(200, 206 + PERIOD - 1)]


def test_several_rows_a_step_hold_the_last_score() -> None:
    slow, fast = learned(cycles(1500)), make(period_s=20, step_s=60)
    fast.load(slow.state())
    values = turned(cycles(300, seed=2), 100)
    out, fine = ScoreBlock(), ScoreBlock()
    slow.score_many(rows_of(values), out)
    fast.score_many(rows_of([x for x in values for _ in range(3)], step_s=20), fine)

    # the first row of a stream is a step of its own, so that later steps end one row into the next value
    inner = [fine.score[3 * i + 1] for i in range(100, 200)]
    assert max(inner) > slow._limit[0]
    assert all(fine.score[3 * i] in (fine.score[3 * i - 1], fine.score[3 * i + 1]) for i in range(100, 200))


def test_no_rows_one_row_constants_and_time_going_back() -> None:
    detector = make()
    detector.fit(MODEL)
    out = ScoreBlock()
    detector.score_many(FrameBlock.empty(1), out)
    assert out.rows == 0
    detector.score_many(rows_of([5.0]), out)
    assert out.state[0] == UNKNOWN
    detector.score_many(rows_of([20.0] * 200, start=1), out)
    scores = [out.score[i] for i in range(PERIOD, 200)]
    assert max(scores) == pytest.approx(min(scores))
    # a time that goes back starts the window anew, wherever the stream goes on from
    detector.score_many(rows_of(cycles(200), start=50), out)
    assert list(out.state[:200]) == [UNKNOWN] * (PERIOD - 1) + [NORMAL] * (201 - PERIOD)


@pytest.mark.skipif(not COMPILED, reason="the twins rely on the callers")
def test_wrong_sizes_are_refused_by_the_compiled_kernels() -> None:
    gate, out = zeros(2, "B"), (zeros(2), zeros(2), zeros(2), zeros(2, "B"), zeros(2))
    with pytest.raises(ValueError, match="column"):
        window_kernels.step_rows(zeros(2, "q"), zeros(2), 1, 2, gate, 1, 1, 1, 4, zeros(3), zeros(1, "q"), zeros(2),
                                 zeros(2, "q"))  # fmt: skip
    with pytest.raises(ValueError, match="does not fit its window"):
        window_kernels.window_rows(zeros(2), zeros(2, "q"), 2, gate, zeros(2), 1, 0, 0.0, 1.0, 9.0, zeros(8), zeros(9),
                                   1.0, zeros(16), zeros(2, "q"), zeros(2), zeros(9), *out)  # fmt: skip
    with pytest.raises(ValueError, match="ring position"):
        window_kernels.window_rows(zeros(2), zeros(2, "q"), 2, gate, zeros(2), 1, 0, 0.0, 1.0, 9.0, zeros(8), zeros(8),
                                   1.0, zeros(16), array("q", [8, 0]), zeros(2), zeros(9), *out)  # fmt: skip


def test_a_signal_that_does_not_move_or_is_too_short_is_not_learned() -> None:
    assert fit_window([[3.0] * 2000], 64, 8, 0.95, 3.0, 0.02) is None
    assert fit_window([cycles(70)], 64, 8, 0.95, 3.0, 0.02) is None
    assert fit_window([], 64, 8, 0.95, 3.0, 0.02) is None
    detector = make()
    detector.learn_many(rows_of([3.0] * 1500))
    assert not detector.ready
    detector.learn_many(rows_of(cycles(1500), start=1500))
    assert detector.ready


COURSE = 54


def cleanings(count: int, seed: int = 1, odd: int = -1) -> FrameBlock:
    """Flow and temperature of cleanings of 54 minutes, twice a day; one of them may heat far too slowly."""
    rng = random.Random(seed)
    times, values = array("q"), array("d")
    for number in range(count):
        for place in range(720):
            runs = place < COURSE
            minutes = 24.0 if number == odd else 3.0
            warm = 20.0 + 55.0 * (1.0 - math.exp(-place / minutes)) if runs else 20.0
            times.append(START + (number * 720 + place) * STEP_S * SECOND)
            values.extend((30.0 if runs else 0.0, warm + rng.gauss(0, 0.3)))
    return FrameBlock(times, values, 2)


def gated(**params: Any) -> Window:
    place = Place((1,), 0, 2, STEP_S * SECOND)
    return Window({"gate": "flow", "gate_above": 1.0, **params}, place)


def test_courses_shorter_than_a_plain_window_and_fewer_than_asked_for_are_learned_from_a_history() -> None:
    detector, out = gated(), ScoreBlock()
    assert detector.learn_history(cleanings(28)) == COURSE // 2

    odd = cleanings(4, seed=2, odd=2)
    detector.score_many(odd, out)

    alarms = {i // 720 for i in range(len(odd)) if out.score[i] >= out.limits[i]}
    assert alarms == {2}


def test_on_the_stream_short_courses_are_learned_once_there_are_enough() -> None:
    detector = gated(learn_steps=1000)
    detector.learn_many(cleanings(18))
    assert not detector.ready
    detector.learn_many(cleanings(28))
    assert detector.window_steps == COURSE // 2


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_history_with_too_few_courses_is_said_to_be_too_short(count: int) -> None:
    with pytest.raises(NotReady, match="too few windows"):
        gated().learn_history(cleanings(count))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.floats(), st.just(20.0)), max_size=120))
def test_scores_are_finite_and_not_negative_whatever_comes(odd: list[float]) -> None:
    detector = make()
    detector.fit(MODEL)
    out = ScoreBlock()
    detector.score_many(rows_of([*cycles(60), *odd, *cycles(60)]), out)

    for i in range(120 + len(odd)):
        assert (out.state[i] == NORMAL) == (0.0 <= out.score[i] <= 400.0)


def _model() -> WindowFit:
    found = fit_window([cycles(1500)], PERIOD, 6, 0.95, 3.0, 0.02)
    assert found is not None
    return found


MODEL = _model()


def test_models_and_parameters_that_do_not_fit_are_refused() -> None:
    detector = make()
    with pytest.raises(ArtifactError, match=r"window\.fit"):
        detector.fit(WindowFit(0.0, 1.0, doubles(1, 2), doubles(1, 2), 1.0))
    with pytest.raises(ArtifactError, match="not finite"):
        detector.fit(WindowFit(0.0, 0.0, zeros(8), zeros(8), 1.0))
    with pytest.raises(ConfigError, match=r"window\.window_steps"):
        make(window_steps=3)
    with pytest.raises(ConfigError, match=r"window\.inputs"):
        Window({}, Place((0, 1), -1, 2, SECOND))
    detector.fit(MODEL)
    kept = detector.state()
    for name, text in (
        ("basis", "d:AAAA"),
        ("at", "q:" + "f" * 22 + "=="),
        ("mean", kept["limit"]),
    ):
        with pytest.raises(ArtifactError):
            detector.load({**kept, name: text})
        assert detector.state() == kept


def test_state_of_another_window_length_is_taken_whole() -> None:
    detector, other = make(), learned(cycles(1500))
    detector.fit(fit_window([cycles(1500)], 64, 6, 0.95, 3.0, 0.02) or MODEL)
    detector.load(other.state())

    assert detector.window_steps == PERIOD
    assert alarm_rows(detector, turned(cycles(300, seed=2), 100)) == alarm_rows(other, turned(cycles(300, seed=2), 100))
