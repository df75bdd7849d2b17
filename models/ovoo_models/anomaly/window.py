"""Windows of one signal: does the last stretch have a shape that normal stretches are made of?"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any, Final

from ovoo_contract.errors import ArtifactError, ConfigError, NotReady

from ovoo_models._select import window_kernels
from ovoo_models.anomaly.window_fit import WindowFit, dominant_period, fit_window
from ovoo_models.base import Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore, doubles_from_text

__all__ = ["Window"]

_LEAST_WINDOW: Final = 24
_GREATEST_WINDOW: Final = 512
_PLAIN_WINDOW: Final = 64
_PARTS: Final = 8
_LEAST_WINDOWS: Final = 10


class Window:
    """Score = mean square of what the principal shapes of normal windows cannot rebuild of the last window (Sub-PCA).

    In variances of the signal in training, over the window of steps that ends at the row; >= 0, and a score at the
    limit or above is a shape not known, even where every value is within its range. Model and limit are frozen.

    Parameters: `window_steps` (0: whole dominant periods of the autocorrelation, at least 24 steps, at most 512; 64
    without one); `step_s`, the length of a step; `learn_steps` to learn from; `components` at most, as many as hold
    `explained` of the variance; `limit_factor` x the 99 % quantile of windows held out, at least `least_limit`;
    `clip` in sigma; `fill_steps`, missing steps bridged with the last value, beyond which the window starts anew;
    gate and delays as everywhere.
    """

    trace_width = 1
    learned = ("centre", "mean", "basis", "limit")

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        if len(place.inputs) != 1:
            raise ConfigError("exactly one input is needed", offender="window.inputs", value=len(place.inputs))
        known = Params(params, "window")
        self.place = place
        self.gate = Gate(known, place)
        self._window = int(known.number("window_steps", 0, 0, _GREATEST_WINDOW))
        if 0 < self._window < _PARTS:
            raise ConfigError("too short", offender="window.window_steps", value=self._window, remedy="8 or more")
        step_s = known.number("step_s", 60.0, 1e-3)
        self._step_frames = max(round(step_s * 1e9 / place.period_ns), 1)
        self._learn_steps = int(known.number("learn_steps", 3000, 100, 100_000))
        self._most = int(known.number("components", 8, 1, 32))
        self._explained = known.number("explained", 0.95, 0.0, 1.0)
        self._factor = known.number("limit_factor", 3.0, 1.0)
        self._least = known.number("least_limit", 0.02, 1e-6)
        self._bound = known.number("clip", 10.0, 1.0)
        self._fill = int(known.number("fill_steps", 4, 0, 1000))
        self.watch = Watch(
            on_delay_s=known.number("on_delay_s", 0.0, 0.0),
            off_delay_s=known.number("off_delay_s", 600.0, 0.0),
            merge_s=known.number("merge_s", 21_600.0, 0.0),
            release=known.number("release", 0.7, 0.0, 1.0),
        )
        for name in ("severity", "advice"):
            known.text(name, "")
        known.finish()
        self._segments: list[array[float]] = []
        self._partial, self._last = array("d", bytes(24)), array("q", [-1])
        self._step, self._steps = array("d"), array("q")
        self._centre, self._limit = array("d", [0.0, 1.0]), array("d", [math.nan])
        self._ring, self._at = array("d", bytes(16 * _GREATEST_WINDOW)), array("q", [0, 0])
        self._held = array("d", [math.nan, 0.0])
        self._shape(array("d"), array("d"))

    def _shape(self, mean: array[float], basis: array[float]) -> None:
        self._mean, self._basis = mean, basis
        components = len(basis) // len(mean) if mean else 0
        self._work = array("d", bytes(8 * (len(mean) + components)))

    @property
    def ready(self) -> bool:
        """Whether a model has been fitted, learned or loaded."""
        return self._limit[0] > 0.0

    @property
    def window_steps(self) -> int:
        """Steps in a window; 0 before `ready`."""
        return len(self._mean)

    def fit(self, model: WindowFit) -> None:
        """Take a model; the window starts empty."""
        window, numbers = len(model.mean), (*model.mean, *model.basis, model.centre)
        if not _PARTS <= window <= _GREATEST_WINDOW or len(model.basis) % window:
            raise ArtifactError("shapes do not fit the window", offender="window.fit", value=window)
        if not all(map(math.isfinite, numbers)) or not (0 < model.limit < math.inf and 0 < model.scale < math.inf):
            raise ArtifactError("numbers that are not finite, or limit or scale <= 0", offender="window.fit")
        self._shape(model.mean[:], model.basis[:])
        self._centre[:], self._limit[0] = array("d", [model.centre, 1.0 / model.scale]), model.limit
        self._at[:], self._held[0] = array("q", [0, 0]), math.nan
        self._partial[:], self._last[0] = array("d", bytes(24)), -1

    def learn_many(self, rows: FrameBlock) -> None:
        """Collect `learn_steps` steps of normal work, then fit; does nothing once ready.

        Where they hold too little to learn from, collecting starts anew.
        """
        if self.ready:
            return
        self._collect(rows)
        if sum(map(len, self._segments)) >= self._learn_steps:
            self._fit_collected()

    def learn_history(self, rows: FrameBlock) -> int:
        """Fit on a whole history; gives the steps in a window. Machines that run now and then have fewer steps.

        Raises:
            NotReady: fewer than ten windows of normal running, which are five courses, or a signal that does not move.
        """
        self.learn_many(rows)
        steps = sum(map(len, self._segments))
        if not self.ready and steps >= _LEAST_WINDOWS * self._window_wanted():
            self._fit_collected()
        if not self.ready:
            raise NotReady("too few windows, or no movement", offender="window", value=steps, remedy="a longer history")
        return self.window_steps

    def _window_wanted(self) -> int:
        return self._window or _window_of(max(self._segments, key=len, default=array("d")))

    def _fit_collected(self) -> None:
        window = self._window_wanted()
        found = fit_window(self._segments, window, self._most, self._explained, self._factor, self._least)
        self._segments = []
        if found is not None:
            self.fit(found)

    def _collect(self, rows: FrameBlock) -> None:
        self._to_steps(rows)
        for i in range(len(rows)):
            passed = self._steps[i]
            if passed == 0:
                continue
            if passed < 0 or not self._segments:
                self._segments.append(array("d"))
            segment = self._segments[-1]
            segment.extend(segment[-1:] * (passed - 1))
            segment.append(self._step[i])

    def _to_steps(self, rows: FrameBlock) -> array[int]:
        n = len(rows)
        if len(self._step) < n:
            self._step.extend(array("d", bytes(8 * (n - len(self._step)))))
            self._steps.extend(array("q", bytes(8 * (n - len(self._steps)))))
        mask = self.gate.mask(rows)
        window_kernels.step_rows(
            rows.time_ns, rows.values, rows.width, n, mask, self.place.inputs[0], self.place.period_ns,
            self._step_frames, self._fill, self._partial, self._last, self._step, self._steps,
        )  # fmt: skip
        return mask

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; measure is the signal, trace the eighth of the window (0 the oldest) that is rebuilt worst."""
        n = len(rows)
        out.resize(n, self.trace_width)
        if not self.ready:
            out.score[:n] = out.measure[:n] = out.limits[:n] = out.trace[:n] = array("d", [math.nan]) * n
            out.state[:n] = array("B", bytes(n))
            return
        mask = self._to_steps(rows)
        window_kernels.window_rows(
            self._step, self._steps, n, mask, rows.values, rows.width, self.place.inputs[0], self._centre[0],
            self._centre[1], self._bound, self._mean, self._basis, self._limit[0], self._ring, self._at, self._held,
            self._work, out.score, out.limits, out.measure, out.state, out.trace,
        )  # fmt: skip

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Nothing to share out: there is one signal; `part` says which stretch of it is odd."""
        return ()

    def part(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[int, int]:
        """Start and end [ns) of the eighth of the window that is rebuilt worst, for a row just scored at its limit."""
        step_ns = self._step_frames * self.place.period_ns
        window, place = len(self._mean), int(out.trace[row])
        first, last = (-(-k * window // _PARTS) for k in (place, place + 1))
        end_ns = rows.time_ns[row] + step_ns
        return end_ns - (window - first) * step_ns, end_ns - (window - last) * step_ns

    def state(self) -> dict[str, str]:
        """Model and what runs."""
        return self._store(self._mean, self._basis).state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`; a model of any window within the limits."""
        if {"mean", "basis", "at"} <= set(state):
            mean, basis = (_blank(state[name], name) for name in ("mean", "basis"))
            _check(mean, basis, state["at"])
        else:
            mean, basis = self._mean, self._basis
        self._store(mean, basis).load(state)
        self._shape(mean, basis)

    def _store(self, mean: array[float], basis: array[float]) -> ArrayStore:
        return ArrayStore(
            "window", centre=self._centre, mean=mean, basis=basis, limit=self._limit, ring=self._ring, at=self._at,
            held=self._held, partial=self._partial, last=self._last, running=self.gate.running,
        )  # fmt: skip


def _blank(text: str, name: str) -> array[float]:
    """Zeros, as many as the column of that text holds."""
    return array("d", bytes(8 * len(doubles_from_text(str(text).removeprefix("d:"), f"window.{name}"))))


def _check(mean: array[float], basis: array[float], at: str) -> None:
    place = array("q", [0, 0])
    ArrayStore("window", at=place).load({"at": at})
    window = len(mean)
    fits = _PARTS <= window <= _GREATEST_WINDOW and not len(basis) % window if window else not basis
    if not fits or not 0 <= place[0] < max(window, 1) or not 0 <= place[1] <= window:
        raise ArtifactError("shapes do not fit the window", offender="window.mean", value=(window, len(basis)))


def _window_of(values: array[float]) -> int:
    """Whole periods, a plain length without one; at most half of the longest unbroken stretch.

    A course that the gate ends holds no longer window, and half of one leaves windows to learn from and to judge.
    """
    period = dominant_period(values, _GREATEST_WINDOW)
    wanted = _PLAIN_WINDOW if period is None else min(-(-_LEAST_WINDOW // period) * period, _GREATEST_WINDOW)
    return max(min(wanted, len(values) // 2), _PARTS)
