"""Novelty: what leaves the range seen on any scale; kernel, twin and a slow reading agree."""

from __future__ import annotations

import itertools
import math
import random
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError
from ovoo_models import _novelty_kernels_py
from ovoo_models._select import COMPILED, novelty_kernels
from ovoo_models.anomaly.novelty import Novelty
from ovoo_models.base import NORMAL, UNKNOWN, FrameBlock, Place, ScoreBlock

from tests.models.conftest import SECOND, START, doubles, odd_rows
from tests.models.test_kernels import canonical, gates, zeros

STEP_S = 60
SCALES = (4, 16, 64, 256)


def rows_of(values: Sequence[float], step_s: int = STEP_S) -> FrameBlock:
    times = array("q", [START + i * step_s * SECOND for i in range(len(values))])
    return FrameBlock(times, array("d", values), 1)


def make(period_s: int = STEP_S, **params: Any) -> Novelty:
    return Novelty(params, Place((0,), -1, 1, period_s * SECOND))


def run(values: Sequence[float], detector: Novelty | None = None, step_s: int = STEP_S) -> ScoreBlock:
    out = ScoreBlock()
    (detector or make()).score_many(rows_of(values, step_s), out)
    return out


def alarm_rows(values: Sequence[float], **params: Any) -> list[int]:
    out = run(values, make(**params))
    return [i for i in range(len(values)) if out.score[i] >= out.limits[i]]


def noise(n: int, seed: int = 1) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(50.0, 2.0) for _ in range(n)]


class Figure:
    """The range of one figure as it is told: what was seen before the present excursion, and the excursion."""

    def __init__(self, memory: int) -> None:
        self.memory, self.seen = memory, 0
        self.low = self.high = math.nan
        self.excursion: list[float] = []

    def take(self, v: float, absorb: bool, fade: float, narrow: float, confidence: float) -> float:
        if self.seen == 0:
            self.low = self.high = v
        self.seen += 1
        up = bool(self.excursion) and self.excursion[0] > self.high
        ended = self.excursion and (absorb or (v <= self.high if up else v >= self.low))
        if ended:
            self.low, self.high = min(self.low, *self.excursion), max(self.high, *self.excursion)
            self.excursion = []
        if absorb or self.seen < 2 * self.memory:
            self.low, self.high = min(self.low, v), max(self.high, v)
            return 0.0
        if self.low <= v <= self.high:
            self.high, self.low = self.high + fade * (v - self.high), self.low + fade * (v - self.low)
            return 0.0
        self.excursion.append(v)
        distance = max(v - self.high, self.low - v)
        return distance / max(self.high - self.low, narrow) * self.seen / (self.seen + confidence * self.memory)


def slow_scores(values: Sequence[float], limit: float = 0.25, warm: int = 240, memory: int = 20_000) -> list[float]:
    """The rule of the docs page for rows that come step by step."""
    figures = [Figure(m) for m in (1, *SCALES, *SCALES, *SCALES[1:])]
    means, spreads, quiet, scores = [0.0] * 4, [0.0] * 4, 0.0, []
    for count, x in enumerate(values, start=1):
        for k, steps in enumerate(SCALES):
            share = max(1 / steps, 1 / count)
            off = x - means[k] if count > 1 else 0.0
            means[k] = means[k] + share * off if count > 1 else x
            spreads[k] += share * (abs(off) - spreads[k])
        shown = [x, *means, *spreads, *(means[k] - means[k + 1] for k in range(3))]
        absorb = count <= warm or quiet > 0
        size = 0.0 if count == 1 else max(abs(figures[0].low), abs(figures[0].high))
        found = [
            each.take(v, absorb, max(1 / memory, 1 / (2.5 * count)), 1e-9 * size + 1e-12, 8.0)
            for each, v in zip(figures, shown, strict=True)
            if count >= each.memory
        ]
        quiet = max(quiet, 0.0) - 1 if quiet > 0 else 0.0
        scores.append(math.nan if count <= warm else min(max(found), 1e6))
        if scores[-1] >= limit:
            quiet = 0.05 * min(count, memory)
    return scores


SIGNALS: dict[str, Callable[[random.Random, int], float]] = {
    "noise": lambda rng, i: rng.gauss(0, 1),
    "step": lambda rng, i: rng.gauss(0, 1) + (6 if i > 900 else 0),
    "cycle": lambda rng, i: 10 * math.sin(i / 30) + rng.gauss(0, 0.3) + (3 if 1000 < i < 1100 else 0),
    "bursts": lambda rng, i: rng.paretovariate(1.5),
    "ramp": lambda rng, i: rng.gauss(0, 1) + max(i - 700, 0) / 50,
}


@pytest.mark.parametrize("kind", SIGNALS)
def test_scores_equal_the_slow_reading_of_the_rule(kind: str) -> None:
    rng = random.Random(kind)
    values = [SIGNALS[kind](rng, i) for i in range(1600)]

    found = run(values)
    for i, expected in enumerate(slow_scores(values)):
        assert found.score[i] == pytest.approx(expected, rel=1e-6, abs=1e-9, nan_ok=True), i


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("frames", [1, 12])
def test_kernel_equals_its_twin(seed: int, frames: int) -> None:
    n, rows = 600, odd_rows(600, 2, seed)
    keep = doubles(*[(1 - 1 / m) ** (1 / frames) for m in (*SCALES, 1000)])
    spans = doubles(*[float(frames * m) for m in (1, *SCALES, *SCALES, *SCALES[1:])])
    outcomes = []
    for module in (novelty_kernels, _novelty_kernels_py):
        state = (zeros(2), array("q", [-1]), zeros(8), zeros(60))
        out = (zeros(n), zeros(n), zeros(n), zeros(n, "B"), zeros(n))
        module.novelty_rows(
            rows.time_ns, rows.values, 2, n, gates(n, seed), 1, 5 * SECOND, frames, keep, spans, 4.0, 40.0 * frames,
            0.05, 1000.0 * frames, 0.25, *state, *out,
        )  # fmt: skip
        outcomes.append([canonical(each) for each in (*state, *out)])
    assert outcomes[0] == outcomes[1]


def test_nothing_is_scored_in_the_warm_up_and_everything_after_it() -> None:
    out = run(noise(300))

    assert list(out.state[:240]) == [UNKNOWN] * 240
    assert list(out.state[240:300]) == [NORMAL] * 60
    detector = make()
    detector.learn_many(rows_of(noise(240)))
    assert not detector.ready
    detector.learn_many(rows_of(noise(1)))
    assert detector.ready


def test_a_value_never_seen_is_an_alarm_once_and_then_known() -> None:
    values = noise(3000)
    spread = max(values[:1000]) - min(values[:1000])
    for at in (1000, 1400):
        values[at] = 50.0 + 3 * spread

    assert alarm_rows(values, warm_up_steps=900) == [1000]


def test_a_step_that_stays_within_the_values_seen_is_found_by_its_mean() -> None:
    values = noise(3000)
    rng = random.Random(3)
    values[1500:] = [rng.gauss(54.0, 0.6) for _ in range(1500)]
    out = run(values, make(warm_up_steps=1400))
    first = next(i for i in range(3000) if out.score[i] >= 0.25)

    assert 1500 <= first < 1520
    assert max(values[1500 : first + 1]) < max(values[:1500])
    named = Novelty.figure_of(out.trace[first])
    assert named is not None
    assert named[0] in ("mean", "difference")
    assert named[2] == 1


def test_a_signal_that_stops_scattering_is_found_by_its_spread() -> None:
    values = [*noise(2000), *([50.0] * 300)]
    out = run(values, make(warm_up_steps=1900))
    first = next(i for i in range(2300) if out.score[i] >= 0.25)

    assert 2000 <= first < 2300
    named = Novelty.figure_of(out.trace[first])
    assert named is not None
    assert (named[0], named[2]) == ("spread", -1)


def test_slow_growth_is_measured_against_the_range_before_it_began() -> None:
    values = [*noise(2000), *(50.0 + 0.02 * i for i in range(2000))]

    assert [i for i in alarm_rows(values) if i >= 2000][:1] != []


def test_one_spike_while_it_learns_does_not_blind_it() -> None:
    values = noise(3000)
    values[100] = 150.0
    values[2000:] = [x + 8.0 for x in values[2000:]]

    assert any(2000 <= i < 2100 for i in alarm_rows(values))


def test_an_alarm_is_followed_by_silence_in_which_all_is_learned() -> None:
    values = noise(4000)
    for i in range(2000, 4000):
        values[i] += 40.0 + 0.5 * (i - 2000)
    found = [i for i in alarm_rows(values) if i >= 2000]

    assert found[0] == 2000
    assert all(b - a > 0.05 * a for a, b in itertools.pairwise(found))


@pytest.mark.parametrize(("memory_steps", "forgotten"), [(500.0, True), (1e6, False)])
def test_an_extreme_is_forgotten_after_its_memory(memory_steps: float, forgotten: bool) -> None:
    detector = make(memory_steps=memory_steps)
    detector.learn_many(rows_of(noise(4000)))
    values = noise(3000, seed=2)
    values[0], values[2500] = 200.0, 90.0
    detector.learn_many(rows_of(values[:1]))
    out = run(values[1:], detector)

    assert (out.score[2499] >= out.limits[2499]) == forgotten


def test_rows_closer_than_a_step_weigh_less() -> None:
    values = noise(400)
    coarse, fine = make(step_s=60.0), make(period_s=5, step_s=60.0)
    run(values, coarse)
    run([x for x in values for _ in range(12)], fine, step_s=5)
    assert coarse.ready
    assert fine.ready
    for k in range(4):
        assert float(fine._levels[k]) == pytest.approx(coarse._levels[k], abs=0.7)


@pytest.mark.parametrize("value", [0.0, 45.0, 0.1, -1e9, 1e149])
def test_a_constant_is_never_novel(value: float) -> None:
    out = run([value] * 2500)

    assert set(out.score[240:2500]) == {0.0}


def test_scores_stay_within_their_range_when_a_constant_moves() -> None:
    out = run([45.0] * 1000 + [46.0])

    assert out.score[1000] == 1e6


def test_no_rows_one_row_and_rows_out_of_order() -> None:
    detector = make()
    out = run([], detector)
    assert out.rows == 0
    out = run([5.0], detector)
    assert out.state[0] == UNKNOWN
    block = rows_of(noise(600))
    for i in range(0, 600, 7):
        block.time_ns[i] = START - i * SECOND
    detector.score_many(block, out)
    assert all(math.isfinite(out.score[i]) for i in range(300, 600))


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 1e200])
def test_what_is_no_measurement_is_not_scored_and_changes_nothing(odd: float) -> None:
    clean, holed = noise(1000), noise(1000)
    out = run([*clean[:600], *([odd] * 50), *clean[600:]])
    plain = run(holed)

    assert set(out.state[600:650]) == {UNKNOWN}
    assert all(math.isnan(x) for x in out.score[600:650])
    assert list(out.score[650:1050]) == list(plain.score[600:1000])


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(-8, 8), st.floats(-1e3, 1e3), st.lists(st.floats(-1e6, 1e6), max_size=40))
def test_units_do_not_matter(seed: int, power: int, offset: float, odd: list[float]) -> None:
    values = [*noise(400, seed), *odd, *noise(100, seed + 1)]
    scaled = [x * 2.0**power + offset for x in values]

    for a, b in zip(run(values).score[240:], run(scaled).score[240:], strict=True):
        assert (a >= 0.25) == (b >= 0.25) or a == pytest.approx(b, rel=1e-3)


@settings(max_examples=40)
@given(st.lists(st.one_of(st.floats(), st.just(1.0)), max_size=400))
def test_scores_are_in_their_range_whatever_comes(odd: list[float]) -> None:
    out = run([*noise(300), *odd])

    for i in range(300 + len(odd)):
        assert math.isnan(out.score[i]) or 0.0 <= out.score[i] <= 1e6


@pytest.mark.skipif(not COMPILED, reason="the twins rely on the callers")
def test_wrong_sizes_are_refused_by_the_compiled_kernel() -> None:
    def call(column: int, ranges: int) -> None:
        novelty_kernels.novelty_rows(
            zeros(2, "q"), zeros(2), 1, 2, zeros(2, "B"), column, 1, 1, zeros(5), zeros(12), 8.0, 9.0, 0.05, 99.0, 0.3,
            zeros(2), zeros(1, "q"), zeros(8), zeros(ranges), zeros(2), zeros(2), zeros(2), zeros(2, "B"), zeros(2),
        )  # fmt: skip

    with pytest.raises(ValueError, match="column"):
        call(1, 60)
    with pytest.raises(ValueError, match="scales"):
        call(0, 59)


def test_wrong_parameters_are_named() -> None:
    with pytest.raises(ConfigError, match=r"novelty\.limit"):
        make(limit=0)
    with pytest.raises(ConfigError, match=r"novelty\.quiet"):
        make(quiet=0.1)
    with pytest.raises(ConfigError, match=r"novelty\.inputs"):
        Novelty({}, Place((0, 1), -1, 2, SECOND))


def test_the_trace_names_the_figure() -> None:
    assert Novelty.figure_of(0.0) is None
    assert Novelty.figure_of(1.0) == ("value", 1, 1)
    assert Novelty.figure_of(-2.0) == ("mean", 4, -1)
    assert Novelty.figure_of(9.0) == ("spread", 256, 1)
    assert Novelty.figure_of(-12.0) == ("difference", 256, -1)
