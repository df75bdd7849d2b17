"""Spikes of one sensor: a jump that comes back within a few rows."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any

from ovoo_models._select import sensor_kernels
from ovoo_models.anomaly.single import SensorCheck, timed
from ovoo_models.base import NORMAL, FrameBlock, Place, ScoreBlock
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["Spike"]


class Spike(SensorCheck):
    """Score >= limit where a value left the median of the five before it and came back within `longest` rows.

    The limit is `limit_factor` x the greatest distance in training, or `limit` in the signal's unit. While away the
    rows are held back from other models; a jump that stays is a step of the process and no spike. After a stop or a
    gap of `gap_s` five rows are needed again. The measure is the distance, with its sign.
    """

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "spike")
        super().__init__("spike", known, place)
        self._learns = "limit" not in params
        limit = known.number("limit", 1.0, 1e-300)
        self._factor = known.number("limit_factor", 1.5, 1.0)
        self._longest = int(known.number("longest", 3, 1, 1000))
        self._gap_ns = round(known.number("gap_s", 600.0, 1.0) * 1e9)
        self._fit = array("d", [math.nan if self._learns else limit])
        self._ring, self._at = array("d", bytes(48)), array("q", [0, 0, 0, -1])
        self._held = array("B")
        self.watch = timed(known, "on_delay_s", 0.0)
        known.text("severity", "")
        known.finish()
        self._arrays = ArrayStore("spike", fit=self._fit, ring=self._ring, at=self._at, running=self.gate.running)

    @property
    def ready(self) -> bool:
        """Whether there is a limit."""
        return self._fit[0] > 0.0

    def learn_many(self, rows: FrameBlock) -> None:
        """Raise the limit to `limit_factor` x the greatest distance seen; a limit that was given stays."""
        if not self._learns:
            return
        out = ScoreBlock()
        self._score(rows, out, math.inf)
        seen = [out.score[i] for i in range(len(rows)) if out.state[i] == NORMAL and out.score[i] < math.inf]
        most = self._factor * max(seen, default=0.0)
        if most > 0.0:
            self._fit[0] = max(most, self._fit[0]) if self.ready else most

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; measure is the distance of the spike in the signal's unit."""
        self._score(rows, out, self._fit[0] if self.ready else math.inf)
        if not self.ready:
            self.say_nothing(len(rows), out)

    def _score(self, rows: FrameBlock, out: ScoreBlock, limit: float) -> None:
        n = len(rows)
        out.resize(n, 0)
        if len(self._held) < n:
            self._held.extend(array("B", bytes(n - len(self._held))))
        sensor_kernels.spike_rows(
            rows.time_ns, rows.values, rows.width, n, self.gate.mask(rows), self._column, limit, self._longest,
            self._gap_ns, self._ring, self._at, out.score, out.limits, out.measure, out.state, self._held,
        )  # fmt: skip

    def suspects(self, out: ScoreBlock, n: int) -> tuple[array[int], array[int]]:
        """The rows while the value is away."""
        return self._held, self.blamed(n)
