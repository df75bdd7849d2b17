"""Idle running: the machine draws power and nothing comes out."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any

from ovoo_contract.errors import ConfigError

from ovoo_models._select import energy_kernels
from ovoo_models.base import NORMAL, UNKNOWN, Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["IdleRunning"]


class IdleRunning:
    """Inputs: power, and output or a load or running signal. Idle = power >= `power_min` and output <= `output_max`.

    Opens after `after_s` of idling; a finding quotes the kWh of the spell. What is not given is learned: `output_max`
    as a twentieth of the greatest output, `after_s` as one and a half times the longest normal spell, at least 900 s.
    `mode`, valid until the next call, tells off (0), idle (1) and load (2), 255 unknown.
    """

    trace_width = 0
    learned = ("fit",)

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "idle")
        if len(place.inputs) != 2:
            raise ConfigError(
                "power and output are needed", code="idle.power_and_output_needed", offender="idle.inputs",
                value=len(place.inputs),
            )  # fmt: skip
        self.place = place
        self._power, self._output = place.inputs
        self.gate = Gate(known, place)
        self._power_min = known.number("power_min", 0.0)
        self._given = ("output_max" in params, "after_s" in params)
        # output_max, after_s, greatest output seen
        self._fit = array(
            "d",
            [known.number("output_max", 0.0) if self._given[0] else math.nan, known.number("after_s", 900.0, 1.0), 0.0],
        )
        self._off_s = known.number("off_delay_s", 60.0, 0.0)
        self._merge_s = known.number("merge_s", 21_600.0, 0.0)
        known.finish()
        self._sums, self._last, self._spell = array("d", bytes(24)), array("q", [-1, -1]), array("q", [-1])
        self.mode = array("B")
        self._arrays = ArrayStore(
            "idle", fit=self._fit, sums=self._sums, last=self._last, spell=self._spell, running=self.gate.running
        )

    @property
    def ready(self) -> bool:
        """Whether it is known what no output means."""
        return not math.isnan(self._fit[0])

    @property
    def watch(self) -> Watch:
        """The time of idling is the on-delay; it may have been learned."""
        return Watch(self._fit[1], self._off_s, self._merge_s, 1.0, "last")

    def learn_many(self, rows: FrameBlock) -> None:
        """Learn `output_max` and `after_s` where they were not given."""
        out = ScoreBlock()
        column, width = self.place.inputs[1], rows.width
        seen = [rows.values[i * width + column] for i in range(len(rows))]
        if not self._given[0]:
            self._fit[2] = max(self._fit[2], *(x for x in seen if math.isfinite(x)), 0.0)
            self._fit[0] = 0.05 * self._fit[2]
        self.score_many(rows, out)
        for i in range(len(rows)):
            if out.state[i] == NORMAL and out.score[i] >= 1.0:
                if self._spell[0] < 0:
                    self._spell[0] = rows.time_ns[i]
                if not self._given[1]:
                    self._fit[1] = max(self._fit[1], 1.5e-9 * (rows.time_ns[i] - self._spell[0]))
            else:
                self._spell[0] = -1

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out` and `mode`; measure is the kWh of the spell."""
        n = len(rows)
        out.resize(n, 0)
        if len(self.mode) < n:
            self.mode.extend(array("B", bytes(n - len(self.mode))))
        energy_kernels.idle_rows(
            rows.time_ns, rows.values, rows.width, n, self.gate.mask(rows), self._power, self._output, self._power_min,
            self._fit[0], 900_000_000_000, self._sums, self._last, out.score, out.limits, out.measure, out.state,
            self.mode,
        )  # fmt: skip
        if not self.ready:
            out.score[:n] = array("d", [math.nan] * n)
            out.state[:n] = array("B", [UNKNOWN] * n)
            self.mode[:n] = array("B", [255] * n)

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """The power: it is drawn for nothing."""
        return (Contribution(self.place.inputs[0], 1.0),)

    def state(self) -> dict[str, str]:
        """What was learned and the present spell."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)
