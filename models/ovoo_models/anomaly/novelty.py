"""Novelty of one signal: how far beyond everything seen, on several time scales at once."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_models._select import novelty_kernels
from ovoo_models.base import Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["Novelty"]

_SCALES: Final = (4, 16, 64, 256)
"""Steps of memory of the smoothed means; a factor of four apart, so that a change of any length fits one of them."""


class Novelty:
    """Score = distance beyond the range seen, in units of that range, greatest over 12 figures of one signal.

    The figures: the value; its mean and its mean absolute deviation, exponentially smoothed over 4, 16, 64 and 256
    steps; the differences of neighbouring means. An excursion beyond a range is measured against the range before it
    began, however slowly it grows, and joins the range when it ends or has raised an alarm. Scores lie in [0, 1e6];
    each shrinks by n / (n + `confidence` x memory) while few steps n are behind its range.

    Parameters: `limit`; `step_s`, the length of a step (rows closer together weigh less, a row is at most one step);
    `warm_up_steps` that are learned without scores; `memory_steps`, after which a range has forgotten 63 % of an
    extreme that never came back (in a young stream after 2.5 times its age, if that is sooner); `quiet_share`, the
    share of the steps seen (at most of `memory_steps`) that pass in silence after an alarm while all that happens
    joins the ranges; `confidence`; gate and delays as everywhere.
    """

    trace_width = 1
    learned = ("counts", "levels", "ranges")

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        if len(place.inputs) != 1:
            raise ConfigError("exactly one input is needed", offender="novelty.inputs", value=len(place.inputs))
        known = Params(params, "novelty")
        self.place = place
        self.gate = Gate(known, place)
        self.limit = known.number("limit", 0.25, 1e-3, 1e3)
        step_s = known.number("step_s", 60.0, 1e-3)
        frames = max(round(step_s * 1e9 / place.period_ns), 1)
        memory = known.number("memory_steps", 20_000.0, 100.0, 1e9)
        self._confidence = known.number("confidence", 8.0, 0.0, 1e3)
        self._warm = frames * known.number("warm_up_steps", 240.0, 1.0, 1e6)
        self._quiet_share = known.number("quiet_share", 0.05, 0.0, 1.0)
        self.watch = Watch(
            on_delay_s=known.number("on_delay_s", 0.0, 0.0),
            off_delay_s=known.number("off_delay_s", 600.0, 0.0),
            merge_s=known.number("merge_s", 21_600.0, 0.0),
        )
        for name in ("severity", "advice"):
            known.text(name, "")
        known.finish()
        scales = len(_SCALES)
        self._step_frames, self._memory = frames, frames * memory
        self._keep = array("d", [(1.0 - 1.0 / steps) ** (1.0 / frames) for steps in (*_SCALES, memory)])
        spans = (1, *_SCALES, *_SCALES, *_SCALES[1:])
        self._spans = array("d", [float(frames * steps) for steps in spans])
        self._counts, self._last = array("d", bytes(16)), array("q", [-1])
        self._levels, self._ranges = array("d", bytes(16 * scales)), array("d", bytes(40 * len(spans)))
        self._arrays = ArrayStore(
            "novelty", counts=self._counts, last=self._last, levels=self._levels, ranges=self._ranges,
            running=self.gate.running,
        )  # fmt: skip

    @property
    def ready(self) -> bool:
        """Whether the warm-up is over."""
        return self._counts[0] > self._warm

    def learn_many(self, rows: FrameBlock) -> None:
        """Take normal work into the ranges without scoring it."""
        self._run(rows, ScoreBlock(), math.inf)

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; measure is the signal, trace the figure that scores highest: see `figure_of`."""
        self._run(rows, out, self._warm)

    def _run(self, rows: FrameBlock, out: ScoreBlock, warm_frames: float) -> None:
        out.resize(len(rows), self.trace_width)
        novelty_kernels.novelty_rows(
            rows.time_ns, rows.values, rows.width, len(rows), self.gate.mask(rows), self.place.inputs[0],
            self.place.period_ns, self._step_frames, self._keep, self._spans, self._confidence, warm_frames,
            self._quiet_share, self._memory, self.limit, self._counts, self._last, self._levels, self._ranges,
            out.score, out.limits, out.measure, out.state, out.trace,
        )  # fmt: skip

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Nothing to share out: there is one signal."""
        return ()

    @staticmethod
    def figure_of(code: float) -> tuple[str, int, int] | None:
        """What a cell of the trace names: value, mean, spread or difference; its steps; 1 above, -1 below its range."""
        if code == 0.0:
            return None
        k = abs(int(code)) - 1
        side, scales = (1 if code > 0 else -1), len(_SCALES)
        if k == 0:
            return "value", 1, side
        name = ("mean", "spread", "difference")[(k - 1) // scales]
        return name, _SCALES[(k - 1) % scales + (name == "difference")], side

    def state(self) -> dict[str, str]:
        """What was seen and what runs."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)
