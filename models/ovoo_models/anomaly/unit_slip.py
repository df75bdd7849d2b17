"""A transmitter that suddenly speaks another unit: kPa for MPa, degrees Fahrenheit for Celsius."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any, Final

from ovoo_models._select import sensor_kernels
from ovoo_models.anomaly.single import SensorCheck, timed
from ovoo_models.base import NORMAL, FrameBlock, Place, ScoreBlock
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["UnitSlip"]

_PSI_PER_KPA: Final = 0.14503773773
_DECADES: Final = tuple((scale, 0.0) for scale in (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001))
_CONVERSIONS: Final = {
    "decade": _DECADES,
    "flow": (*_DECADES, (60.0, 0.0), (3600.0, 0.0), (1 / 60.0, 0.0), (1 / 3600.0, 0.0)),
    "pressure": (*_DECADES, (_PSI_PER_KPA, 0.0), (1 / _PSI_PER_KPA, 0.0), (1000 * _PSI_PER_KPA, 0.0)),
    "temperature": ((1.8, 32.0), (1 / 1.8, -32.0 / 1.8), (1.0, 273.15), (1.0, -273.15), *_DECADES),
}


class UnitSlip(SensorCheck):
    """Score 1 while the value is what it was in another unit: outside the trained range, and inside it turned back.

    `kind` (decade, flow, pressure, temperature) says which conversions are tried. The value must jump there in one
    row, by half the width of the trained range at least, and turned back lie within `near` x the width of the trained
    range of the last good value. What lies inside
    the range in both units cannot be told apart. The measure is the factor (1.8 for degF instead of degC).
    """

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "unit_slip")
        super().__init__("unit_slip", known, place)
        kind = known.text("kind", "decade", *_CONVERSIONS)
        self._scale = array("d", [scale for scale, _ in _CONVERSIONS[kind]])
        self._offset = array("d", [offset for _, offset in _CONVERSIONS[kind]])
        self._near = known.number("near", 0.25, 0.0, 1.0)
        self._gap_ns = round(known.number("gap_s", 600.0, 1.0) * 1e9)
        self._fit = array("d", [math.nan, math.nan])
        self._level, self._at = array("d", [0.0]), array("q", [2, 0, 0])
        self.watch = timed(known, "on_delay_s", 120.0, off_s=120.0)
        known.text("severity", "")
        known.finish()
        self._arrays = ArrayStore("unit_slip", fit=self._fit, level=self._level, at=self._at, running=self.gate.running)

    @property
    def ready(self) -> bool:
        """Whether the range is known."""
        return self._fit[0] <= self._fit[1]

    def learn_many(self, rows: FrameBlock) -> None:
        """Widen the range seen."""
        mask = self.gate.mask(rows)
        used = [rows.values[i * rows.width + self._column] for i in range(len(rows)) if mask[i] == NORMAL]
        used = [x for x in used if math.isfinite(x)]
        if not used:
            return
        low, high = min(used), max(used)
        if self.ready:
            low, high = min(low, self._fit[0]), max(high, self._fit[1])
        self._fit[0], self._fit[1] = low, high

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; measure is the factor while the score is 1."""
        n = len(rows)
        out.resize(n, 0)
        low, high = self._fit if self.ready else (0.0, 0.0)
        margin = max(0.1 * (high - low), 0.01 * max(abs(low), abs(high)))
        near = max(self._near * (high - low), margin)
        sensor_kernels.unit_rows(
            rows.time_ns, rows.values, rows.width, n, self.gate.mask(rows), self._column, low - margin, high + margin,
            near, max(0.5 * (high - low), margin), self._scale, self._offset, self._gap_ns, self._level, self._at,
            out.score, out.limits, out.measure, out.state,
        )  # fmt: skip
        if not self.ready:
            self.say_nothing(n, out)
