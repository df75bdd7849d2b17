"""Efficiency drift: a frozen and an adaptive baseline side by side; what lies between them is what the machine lost."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_models._select import drift_kernels
from ovoo_models.base import IDLE, NORMAL, OFF, UNKNOWN, FrameBlock, Place, ScoreBlock
from ovoo_models.efficiency.baseline import EnergyBaseline, feature_count
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.power_state import LOAD, PowerStates
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["Drift", "DriftFactors", "EnergyDrift"]

_PRIOR: Final = 1e3
_FEATURES: Final = 8
_STEP_NS: Final = 60_000_000_000
_RESET_NS: Final = 900_000_000_000
_HOUR_NS: Final = 3_600_000_000_000
_SIGNIFICANT: Final = 1.645
_LEAST_HOURS: Final = 6
"""Hourly means below which their scatter is not known and a row's own is taken, as if an hour's rows were one."""
_STATES: Final = (OFF, IDLE, IDLE, UNKNOWN)
# cells of the kernel's state, see _drift_kernels_py
_WEIGHTS, _VARIANCE, _MEAN, _GAP, _GAP_KWH, _HOURS = 36, 47, 46, 48, 50, 51


@dataclass(frozen=True, slots=True)
class DriftFactors:
    """What a kWh stands for, from packs or the case: yuan, kgCO2, kgce; None where it is not known."""

    yuan_per_kwh: Estimate | None = None
    kg_co2_per_kwh: Estimate | None = None
    kgce_per_kwh: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """Twin gap now and since the baseline was frozen, at load; positive: more power for the same work."""

    now_kw: Estimate
    energy_kwh: Estimate
    hours: float

    def in_terms_of(self, factors: DriftFactors) -> dict[str, Estimate]:
        """The energy as `yuan`, `kg_co2` and `kgce`, each where its factor is given; the factors' own doubt counts."""
        units = {"yuan": factors.yuan_per_kwh, "kg_co2": factors.kg_co2_per_kwh, "kgce": factors.kgce_per_kwh}
        kwh = self.energy_kwh
        return {
            name: Estimate(
                kwh.value * factor.value,
                math.hypot(kwh.sigma * factor.value, kwh.value * factor.sigma),
                {"yuan": "CNY", "kg_co2": "kg", "kgce": "kgce"}[name],
            )
            for name, factor in units.items()
            if factor is not None
        }


class EnergyDrift(EnergyBaseline):
    """Frozen and adaptive baseline of power at load. Inputs: power, then up to 7 drivers (degree 1) or 2 (degree 2).

    Score = the lesser of max(CUSUM up, CUSUM down) / limit and |mean residual| / its 90 % half-band, so that a finding
    lasts and stands out; limit 1. measure: the twin gap in kW. Only rows in the load state, learned by `PowerStates`,
    are scored and learned from. Parameters besides those of the baseline: `forget` (0.998) of the adaptive twin,
    `mean_h` (12): hours over which gap and residual are averaged; `states` (1): 0 takes every running row for load;
    `dwell_s` (10) of a power state.
    trace (8 a row): frozen and adaptive expectation, CUSUM up, down, mean residual, mean gap, gap kWh, excess kWh.
    """

    model = "energy_drift"
    trace_width = 8
    learned = ("centre", "inverse", "low", "high", "weights", "fit", "twin", "levels", "scale")
    _default_forget = 0.998

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        super().__init__(params, place)
        if len(self._weights) > _FEATURES:
            raise ConfigError(
                "too many features", code="drift.too_many_features", offender=f"{self.model}.inputs",
                value=len(self._weights),
                remedy="eight at most: fewer drivers, or degree 1",
            )  # fmt: skip
        if not 0.0 < self._forget < 1.0:
            raise ConfigError(
                "a twin that adapts is needed", code="drift.twin_that_adapts_needed", offender=f"{self.model}.forget",
                value=self._forget, remedy="0.99 to 0.9999",
            )  # fmt: skip

    def _default_degree(self, drivers: int) -> float:
        return 2.0 if feature_count(drivers, 2) <= _FEATURES else 1.0

    def _own_params(self, known: Params) -> None:
        self._mean_h = known.number("mean_h", 12.0, 0.1)
        self.uses_states = known.number("states", 1.0, 0.0, 1.0) >= 0.5
        self._dwell_s = known.number("dwell_s", 10.0, 0.0)

    def _stored(self) -> ArrayStore:
        self._states = PowerStates(self.place.inputs[0], dwell_s=self._dwell_s)
        self._twin, self._clock = array("d", bytes(8 * drift_kernels.STATE)), array("q", [-1, 0, 0, 0])
        self._columns = array("i", [*self.place.inputs, *[-1] * _FEATURES][:_FEATURES])
        # besides those of the baseline: bias in kW, hour at work, its sum and rows, hours, mean and squares of the
        # hours' means, most rows in an hour
        self._fit.extend([0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
        self._bits, self._mode = array("B"), array("B")
        return ArrayStore(
            self.model, centre=self._centre, inverse=self._inverse, low=self._low, high=self._high,
            weights=self._weights, fit=self._fit, twin=self._twin, clock=self._clock, levels=self._states.counts,
            scale=self._states.scale, running=self.gate.running, covariance=self._covariance,
        )  # fmt: skip

    @property
    def states(self) -> PowerStates:
        """The power states, learned with the baseline."""
        return self._states

    @property
    def finding_sigma(self) -> float:
        """Standard uncertainty of the mean gap in kW once the twin has its memory."""
        return self._sigma_of(self._memory_h())

    def fit(self, weights: Sequence[float], sigma: float, limit: float, hour_sigma_kw: float) -> None:
        """As the baseline; both twins start from these weights, sums from zero."""
        super().fit(weights, sigma, limit, hour_sigma_kw)
        at, certainty = 0, _FEATURES * (1.0 - self._forget)
        self._twin[:] = array("d", bytes(8 * len(self._twin)))
        for j in range(len(self._weights)):
            self._twin[at] = certainty
            at += _FEATURES - j
        self._twin[_WEIGHTS : _WEIGHTS + len(self._weights)] = self._weights
        self._twin[_VARIANCE] = sigma * sigma
        self._clock[:] = array("q", [-1, 0, 0, 0])

    def take_bias(self, bias_kw: float) -> None:
        """Take how far the frozen baseline was off, on average, in rows that it had not seen; it widens every band."""
        self._fit[6] = abs(bias_kw)

    def features(self, rows: FrameBlock) -> tuple[array[float], array[int]]:
        """As the baseline, and not usable outside the load state."""
        out, ok = super().features(rows)
        if self.uses_states:
            column, least = self.place.inputs[0], self._states.bounds[-1]
            for i, code in enumerate(self._states.codes(rows)):
                # a row that already shows another state is no load, though the change does not count yet
                if code != LOAD or rows.values[i * rows.width + column] < least:
                    ok[i] = UNKNOWN
        return out, ok

    def learn_many(self, rows: FrameBlock) -> None:
        """Learn the power states from `learn_rows` rows, then the baseline from rows at load."""
        if self.ready:
            return
        self._states.learn_many(rows)
        if not self.uses_states or (self._states.ready and self._states.rows >= self._learn_rows):
            super().learn_many(rows)

    def _note(self, residuals: Sequence[float], time_ns: Sequence[int]) -> None:
        """Besides the noise of rows the scatter of hourly means and their bias, both in rows not yet learned from."""
        fit = self._fit
        for residual, at in zip(residuals, time_ns, strict=True):
            if self.ready:
                break
            if fit[3] >= self._learn_rows:
                self._note_hour(residual, float(at // _HOUR_NS))
            super()._note([residual], [at])
        if self.ready:
            self._take_scatter()

    def _take_scatter(self) -> None:
        fit = self._fit
        rows = fit[3] - self._learn_rows
        enough = fit[10] >= _LEAST_HOURS
        fit[2] = math.sqrt(fit[12] / (fit[10] - 1.0)) if enough else fit[0]
        self.take_bias(fit[4] / rows)

    def _note_hour(self, residual: float, hour: float) -> None:
        fit = self._fit
        if hour != fit[7]:
            fit[13] = max(fit[13], fit[9])
            if fit[9] > 0.5 * fit[13]:
                fit[10] += 1.0
                step = fit[8] / fit[9] - fit[11]
                fit[11] += step / fit[10]
                fit[12] += step * (fit[8] / fit[9] - fit[11])
            fit[7], fit[8], fit[9] = hour, 0.0, 0.0
        fit[8] += residual
        fit[9] += 1.0

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`."""
        n = len(rows)
        out.resize(n, self.trace_width)
        gate = self.gate.mask(rows)
        if not self.ready:
            blank = array("d", [math.nan] * n)
            out.score[:n] = out.measure[:n] = out.limits[:n] = blank
            out.state[:n] = array("B", [UNKNOWN] * n)
            return
        for column in (self._bits, self._mode):
            column.extend(array("B", bytes(max(n - len(column), 0))))
        drift_kernels.drift_rows(
            rows.time_ns, rows.values, rows.width, n, gate, 1, self._columns, self.degree, self._rule(),
            array("q", [_STEP_NS, _RESET_NS, round(self._dwell_s * 1e9)]), self._plan(), self._twin, self._clock,
            out.trace, self._bits, self._mode,
        )  # fmt: skip
        self._judge(gate, out)

    def _judge(self, gate: array[int], out: ScoreBlock) -> None:
        limit, band = self._fit[1], _SIGNIFICANT * self._sigma_of(self._mean_h)
        for i in range(out.rows):
            out.limits[i] = 1.0
            if not self._bits[i]:
                out.score[i] = out.measure[i] = math.nan
                mode = self._mode[i]
                out.state[i] = gate[i] if gate[i] != NORMAL else _STATES[mode] if mode < len(_STATES) else UNKNOWN
                continue
            _frozen, _adaptive, up, down, mean, gap = out.trace[8 * i : 8 * i + 6]
            cusum = up if mean > 0 else down
            out.score[i] = min(cusum / limit, abs(mean) / band if band > 0.0 else math.inf)
            out.measure[i] = gap
            out.state[i] = NORMAL

    def power_codes(self, n: int) -> array[int]:
        """The power state of each of the n rows just scored, as `PowerStates.codes`."""
        return self._mode[:n]

    def cusum(self, out: ScoreBlock) -> array[float]:
        """The greater of the CUSUM pair of each row just scored, NaN where it was not."""
        pairs = zip(out.state, out.trace[2 : 8 * out.rows : 8], out.trace[3 : 8 * out.rows : 8], strict=False)
        return array("d", [max(up, down) if state == NORMAL else math.nan for state, up, down in pairs])

    def drift(self) -> Drift:
        """The drift as of the last row scored; NaN before there is a baseline."""
        if not self.ready:
            return Drift(Estimate(math.nan, math.nan, "kW"), Estimate(math.nan, math.nan, "kWh"), 0.0)
        gap, lag, hours = self._twin[_GAP], abs(self._twin[_MEAN] - self._twin[_GAP]), self._twin[_HOURS]
        now = math.hypot(self._sigma_of(min(self._memory_h(), max(hours, 1.0))), lag)
        late = min(self._memory_h(), hours) * max(abs(gap), lag)
        energy = math.hypot(self._fit[2] * math.sqrt(hours), self._fit[6] * hours, late)
        return Drift(Estimate(gap, now, "kW"), Estimate(self._twin[_GAP_KWH], energy, "kWh"), hours)

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        super().load(state)
        self._states.refresh()

    def _memory_h(self) -> float:
        """Hours of load over which the quoted gap is a mean: the twin's memory and the averaging after it."""
        return self._mean_h + self.place.period_ns / _HOUR_NS / (1.0 - self._forget)

    def _sigma_of(self, hours: float) -> float:
        """Standard uncertainty in kW of a mean over hours of load: independent hours, and the lasting bias."""
        return math.hypot(self._fit[2] / math.sqrt(max(hours, 1.0)), self._fit[6])

    def _rule(self) -> array[float]:
        weight = _STEP_NS / (self._mean_h * _HOUR_NS)
        trace_max, excite_min = 10.0 * _FEATURES * _PRIOR, 1.25 * (1.0 - self._forget)
        return array(
            "d",
            [self._forget, trace_max, excite_min, _PRIOR, self._bound, self.slack, self._fit[1], weight, weight],
        )

    def _plan(self) -> array[float]:
        d, m = len(self._drivers), len(self._weights)
        bounds = self._states.bounds if self.uses_states else array("d", [-math.inf] * 6)
        rest = [0.0] * (_FEATURES - 1 - d)
        parts = [*self._weights, *[0.0] * (_FEATURES - m)]
        for column in (self._centre, self._inverse, self._low, self._high):
            parts += [*column, *rest]
        return array("d", [*parts, self._fit[0], *bounds, m, *[0.0] * (drift_kernels.PLAN - 44)])
