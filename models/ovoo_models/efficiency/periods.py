"""What a machine used by minute, quarter hour and batch: energy, state minutes, idle kWh, specific consumption."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import ConfigError

from ovoo_models._select import drift_kernels
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.gap_rule import GAP_NS
from ovoo_models.efficiency.power_state import IDLE, NO_LOAD
from ovoo_models.state import ArrayStore

__all__ = ["GAP_NS", "MINUTE_S", "QUARTER_S", "Batch", "BatchMeter", "Period", "PeriodMeter"]

MINUTE_S: Final = 60.0
QUARTER_S: Final = 900.0
_NS_PER_MINUTE: Final = 6e10
_NS_PER_HOUR: Final = 3.6e12


@dataclass(frozen=True, slots=True)
class Period:
    """One closed period.

    Attributes:
        start_ns: UTC, a multiple of the length.
        energy_kwh: of the covered part.
        covered: share of the period that rows cover, 0 to 1.
        state_minutes: minutes off, idle, without load, at load, unknown; their sum is what is covered.
        state_kwh: energy in each of these.
    """

    start_ns: int
    energy_kwh: float
    covered: float
    state_minutes: tuple[float, ...]
    state_kwh: tuple[float, ...]

    @property
    def idle_kwh(self) -> float:
        """Energy without work: idle and no load."""
        return self.state_kwh[IDLE] + self.state_kwh[NO_LOAD]


class PeriodMeter:
    """Integrates one power column by period and state; all lengths share one gap rule, so quarters are their minutes.

    factor: kW per unit of the column. period_s: length, > 0, aligned to 1970-01-01 UTC.
    """

    def __init__(self, column: int, factor: float = 1.0, period_s: float = MINUTE_S) -> None:
        self.period_ns = round(period_s * 1e9)
        if column < 0 or self.period_ns <= 0 or not math.isfinite(factor):
            raise ConfigError(
                "a column, a factor and a positive period are needed",
                code="periods.column_factor_and_positive_period_needed", offender="period_meter",
                value=(column, factor, period_s), remedy="period_s above 0",
            )  # fmt: skip
        self._column, self._factor = column, factor
        self._at, self._sums = array("q", [-1, -1]), array("d", bytes(88))
        self._arrays = ArrayStore("period_meter", at=self._at, sums=self._sums)

    def push(self, rows: FrameBlock, states: array[int]) -> list[Period]:
        """Take rows with a power state each (`PowerStates.states`); return the periods that closed, in order."""
        closed, start, cells = self._integrated(rows, states)
        return [self._period(start[k], cells[10 * k : 10 * k + 10]) for k in range(closed)]

    def push_means(self, rows: FrameBlock) -> list[tuple[int, float]]:
        """Take rows of a column that is no power; return start and mean over time of the periods covered whole."""
        closed, start, cells = self._integrated(rows, array("B", bytes(len(rows))))
        per_hour = _NS_PER_HOUR / self.period_ns
        return [
            (start[k], cells[10 * k] * per_hour) for k in range(closed) if cells[10 * k + 5] >= self.period_ns
        ]  # fmt: skip

    def _integrated(self, rows: FrameBlock, states: array[int]) -> tuple[int, array[int], array[float]]:
        n = len(rows)
        room = n * (GAP_NS // self.period_ns + 2)
        start, cells = array("q", bytes(8 * room)), array("d", bytes(80 * room))
        closed = drift_kernels.period_rows(
            rows.time_ns, rows.values, rows.width, n, self._column, self._factor, states, GAP_NS, self.period_ns,
            self._at, self._sums, start, cells,
        )  # fmt: skip
        return closed, start, cells

    def _period(self, start_ns: int, cells: array[float]) -> Period:
        kwh, spans = tuple(cells[:5]), cells[5:]
        minutes = tuple(span / _NS_PER_MINUTE for span in spans)
        return Period(start_ns, math.fsum(kwh), math.fsum(spans) / self.period_ns, minutes, kwh)

    def state(self) -> dict[str, str]:
        """The open period."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch: its number, span, energy, product, and the share of its time that rows cover.

    `specific` is kWh for a unit of product; NaN where nothing was made or less than 95 % is covered.
    """

    number: float
    start_ns: int
    end_ns: int
    energy_kwh: float
    product: float
    covered: float
    specific: Estimate


class BatchMeter:
    """Energy and product between changes of a batch column (a counter, a recipe or a state).

    Args:
        power: column in kW times `factor`.
        batch: column whose value tells batches apart; a missing value changes nothing.
        product: column of a rising product counter; a fall is a reset, counted from zero.
        unit: of the product.
        power_error, product_error: relative standard uncertainties of the meters, >= 0.
    """

    def __init__(
        self, power: int, batch: int, product: int, unit: str, *, factor: float = 1.0, power_error: float = 0.0,
        product_error: float = 0.0,
    ) -> None:  # fmt: skip
        if min(power, batch, product) < 0 or min(power_error, product_error) < 0:
            raise ConfigError(
                "columns and errors must not be negative", code="periods.columns_and_errors_must_not_be",
                offender="batch_meter",
            )  # fmt: skip
        self._columns, self._unit, self._factor = (power, batch, product), unit, factor
        self._error = math.hypot(power_error, product_error)
        # last row, start of the batch, covered; last power, batch, counter, energy, its lost digits, product
        self._at, self._sums = array("q", [-1, -1, 0]), array("d", [math.nan, math.nan, math.nan, 0.0, 0.0, 0.0])
        self._arrays = ArrayStore("batch_meter", at=self._at, sums=self._sums)

    def push(self, rows: FrameBlock) -> list[Batch]:
        """Take rows; return the batches that ended. The first one is whole only if the stream began with it."""
        done: list[Batch] = []
        power, batch, product = self._columns
        for i, now in enumerate(rows.time_ns):
            start = i * rows.width
            number = rows.values[start + batch]
            self._step(now, rows.values[start + power] * self._factor, rows.values[start + product])
            if number == number and number != self._sums[1]:
                if self._sums[1] == self._sums[1]:
                    done.append(self._ended(now))
                self._sums[1], self._sums[3], self._sums[4], self._sums[5] = number, 0.0, 0.0, 0.0
                self._at[1], self._at[2] = now, 0
        return done

    def _step(self, now: int, power_kw: float, counter: float) -> None:
        sums, at = self._sums, self._at
        if counter == counter:
            if sums[2] == sums[2]:
                sums[5] += counter - sums[2] if counter >= sums[2] else counter
            sums[2] = counter
        gap = now - at[0]
        if at[0] != -1 and 0 < gap <= GAP_NS and power_kw == power_kw and sums[0] == sums[0]:
            amount = 0.5 * (sums[0] + power_kw) * (gap / 3.6e12) - sums[4]
            after = sums[3] + amount
            sums[4] = (after - sums[3]) - amount
            sums[3] = after
            at[2] += gap
        at[0], sums[0] = now, power_kw

    def _ended(self, now: int) -> Batch:
        sums, start = self._sums, self._at[1]
        covered = self._at[2] / (now - start) if now > start else 0.0
        known = sums[5] > 0 and covered >= 0.95
        value = sums[3] / sums[5] if known else math.nan
        # what is not covered may have drawn as much as the rest
        doubt = abs(value) * math.hypot(self._error, 1.0 - covered)
        return Batch(
            sums[1], start, now, sums[3], sums[5], covered, Estimate(value, doubt, f"kWh/{self._unit}")
        )  # fmt: skip

    def state(self) -> dict[str, str]:
        """The open batch."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)
