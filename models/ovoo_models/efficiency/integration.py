"""Power to energy: trapezoids into equal intervals, gaps left out and told."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from ovoo_models._select import energy_kernels
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.gap_rule import GAP_NS
from ovoo_models.state import ArrayStore

__all__ = ["EnergyIntervals", "EnergyMeter"]


@dataclass(frozen=True, slots=True)
class EnergyIntervals:
    """Closed intervals: start, kWh, mean kW, machine state (0 off, 1 idle, 2 load, NaN unknown), covered share 0..1."""

    start_ns: array[int]
    energy_kwh: array[float]
    power_kw: array[float]
    state: array[float]
    covered: array[float]


class EnergyMeter:
    """Integrates one power column; steps over `gap_rule.GAP_NS` are gaps: never bridged, missing from `covered`.

    factor: kW per unit of the column. interval_s: length of an interval, aligned to the UTC day, >= 900.
    """

    def __init__(self, column: int, factor: float = 1.0, interval_s: float = 900.0) -> None:
        self.column = column
        self.interval_ns = round(interval_s * 1e9)
        self._factor = factor
        self._at, self._sums = array("q", [-1, -1, 0, 0, 0, 0]), array("d", bytes(16))
        self._arrays = ArrayStore("energy_meter", at=self._at, sums=self._sums)

    def push(self, rows: FrameBlock, mode: array[int]) -> EnergyIntervals:
        """Take rows with one machine state a row; return the intervals that closed."""
        n = len(rows)
        start, covered = array("q", bytes(8 * n)), array("q", bytes(8 * n))
        kwh, kw, state = (array("d", bytes(8 * n)) for _ in range(3))
        closed = energy_kernels.energy_rows(
            rows.time_ns, rows.values, rows.width, n, self.column, self._factor, mode, min(GAP_NS, self.interval_ns),
            self.interval_ns, self._at, self._sums, start, kwh, kw, state, covered,
        )  # fmt: skip
        share = array("d", [covered[i] / self.interval_ns for i in range(closed)])
        return EnergyIntervals(start[:closed], kwh[:closed], kw[:closed], state[:closed], share)

    def state(self) -> dict[str, str]:
        """The open interval."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)
