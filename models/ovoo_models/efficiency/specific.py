"""Specific energy consumption: energy for a unit of output, over a sliding mean."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any

from ovoo_contract.errors import ConfigError

from ovoo_models._select import energy_kernels
from ovoo_models.base import Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.portable import exponential
from ovoo_models.state import ArrayStore

__all__ = ["SpecificConsumption"]


class SpecificConsumption:
    """Score = mean power / mean output, both exponential with time constant `over_s`; kW per unit of output.

    It shows; it raises a finding only where the pack gives a `limit` (a norm line). Not scored until it has run for
    `over_s` and while the mean output is not above `output_min`.
    """

    trace_width = 0
    learned = ()

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "sec")
        if len(place.inputs) != 2:
            raise ConfigError(
                "power and output are needed", code="specific.power_and_output_needed", offender="sec.inputs",
                value=len(place.inputs),
            )  # fmt: skip
        self.place = place
        self._power, self._output = place.inputs
        self.gate = Gate(known, place)
        over_s = known.number("over_s", 900.0, 1.0)
        self._decay = exponential(-place.period_ns / (over_s * 1e9))
        self._step_frames = max(round(300e9 / place.period_ns), 1)
        self._ready_frames = round(over_s * 1e9 / place.period_ns)
        self._output_min = known.number("output_min", 0.0, 0.0)
        self._limit = known.number("limit", math.inf)
        self.watch = Watch(
            on_delay_s=known.number("on_delay_s", 1800.0, 0.0),
            off_delay_s=known.number("off_delay_s", 600.0, 0.0),
            merge_s=known.number("merge_s", 21_600.0, 0.0),
            release=known.number("release", 0.98, 0.0, 1.0),
        )
        known.finish()
        self._means, self._last = array("d", bytes(16)), array("q", [-1, 0])
        self._arrays = ArrayStore("sec", means=self._means, last=self._last, running=self.gate.running)

    @property
    def ready(self) -> bool:
        """Always; single rows may still be unknown."""
        return True

    def learn_many(self, rows: FrameBlock) -> None:
        """Nothing to learn."""

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; measure is the specific consumption."""
        out.resize(len(rows), 0)
        energy_kernels.sec_rows(
            rows.time_ns, rows.values, rows.width, len(rows), self.gate.mask(rows), self._power, self._output,
            self._output_min, self._decay, self._step_frames, self.place.period_ns, 3_600_000_000_000,
            self._ready_frames, self._limit, self._means, self._last, out.score, out.limits, out.measure, out.state,
        )  # fmt: skip

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Nothing to share out."""
        return ()

    def state(self) -> dict[str, str]:
        """The running means."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)
