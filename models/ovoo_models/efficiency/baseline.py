"""Energy baseline: what the power should be for what the machine does, and the CUSUM of what it is above that."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.errors import ArtifactError, ConfigError

from ovoo_models._select import energy_kernels
from ovoo_models.base import NORMAL, UNKNOWN, Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["CusumSavings", "EnergyBaseline", "feature_count"]

_PRIOR = 1e3


def feature_count(drivers: int, degree: int) -> int:
    """Features of a baseline: 1, drivers, and for degree 2 their products."""
    return 1 + drivers if degree == 1 else 1 + drivers + drivers * (drivers + 1) // 2


class EnergyBaseline:
    """Frozen baseline power = w' phi(drivers), its CUSUM, and an adaptive twin that shows the drift.

    Inputs: power, then one or more drivers. Score = max(0, score + h (residual / sigma - `slack`)), h in minutes;
    a finding quotes the kWh above the baseline since the score left zero. Parameters: `degree` 1 or 2; `slack` and
    `limit` in sigma and sigma-minutes (the trained limit holds where it is greater); `clip` in sigma; `forget` of the
    adaptive twin (0 switches it off); `margin`, by which drivers may leave their training range, as a share of it;
    `guard`: positions of inputs, such as the weather, of which training holds only the middle 90 % of their range;
    `learn_rows` of `learn_many`; gate and delays.
    """

    model = "energy_baseline"
    trace_width = 4
    learned: tuple[str, ...] = ("centre", "inverse", "low", "high", "weights", "adaptive", "covariance", "fit")

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, self.model)
        if len(place.inputs) < 2:
            raise ConfigError(
                "power and a driver are needed", code="baseline.power_and_driver_needed",
                offender=f"{self.model}.inputs", value=place.inputs,
            )  # fmt: skip
        self.place = place
        self.gate = Gate(known, place, settle_s=600.0)
        d = len(place.inputs) - 1
        self.degree = int(known.number("degree", self._default_degree(d), 1, 2))
        self.slack = known.number("slack", 1.0, 0.0)
        self.margin = known.number("margin", 0.0, 0.0)
        self.guarded = known.positions("guard", len(place.inputs))
        if 0 in self.guarded:
            raise ConfigError(
                "the power is no driver", code="baseline.power_no_driver", offender=f"{self.model}.guard",
                value=self.guarded, remedy="1 or more",
            )  # fmt: skip
        self._least = known.number("limit", 60.0, 0.0)
        self._bound = known.number("clip", 4.0, 0.5)
        self._forget = known.number("forget", self._default_forget, 0.0, 1.0)
        self._learn_rows = int(known.number("learn_rows", 2000, 50))
        self.watch = _watch(known)
        self._own_params(known)
        known.finish()
        m = feature_count(d, self.degree)
        self._drivers = array("i", place.inputs[1:])
        self._centre, self._inverse = array("d", bytes(8 * d)), array("d", [1.0] * d)
        self._low, self._high = array("d", [-math.inf] * d), array("d", [math.inf] * d)
        self._weights, self._adaptive = array("d", bytes(8 * m)), array("d", bytes(8 * m))
        self._covariance = array("d", bytes(8 * m * m))
        # sigma of a row, CUSUM limit, sigma of an hourly mean, rows learned, sum and squares of residuals
        self._fit = array("d", [math.nan, math.nan, math.nan, 0.0, 0.0, 0.0])
        self._sums, self._last = array("d", bytes(32)), array("q", [-1])
        self._phi, self._gain = array("d", bytes(8 * m)), array("d", bytes(8 * m))
        self._reset_covariance()
        self._arrays = self._stored()

    _default_forget = 0.9995

    def _default_degree(self, drivers: int) -> float:
        return 2.0

    def _own_params(self, known: Params) -> None:
        """Read what a model built on this one adds."""

    def _stored(self) -> ArrayStore:
        return ArrayStore(
            self.model, centre=self._centre, inverse=self._inverse, low=self._low, high=self._high,
            weights=self._weights, adaptive=self._adaptive, covariance=self._covariance, fit=self._fit,
            sums=self._sums, last=self._last, running=self.gate.running,
        )  # fmt: skip

    @property
    def ready(self) -> bool:
        """Whether a baseline has been fitted, learned or loaded."""
        return self._fit[0] > 0.0 and self._fit[1] > 0.0

    @property
    def limit(self) -> float:
        """CUSUM limit in sigma-minutes; NaN before `ready`."""
        return self._fit[1]

    @property
    def weights(self) -> list[float]:
        """The frozen weights over the features."""
        return list(self._weights)

    @property
    def finding_sigma(self) -> float:
        """What the band of a finding is made from: for a baseline, sigma of an hour's mean in kW."""
        return self.hour_sigma_kw

    @property
    def hour_sigma_kw(self) -> float:
        """Standard deviation of an hour's mean residual in kW; NaN where it is not known."""
        return self._fit[2]

    def frame(
        self, centre: Sequence[float], scale: Sequence[float], low: Sequence[float], high: Sequence[float]
    ) -> None:
        """Take the drivers' centres, scales (> 0) and the range in which the baseline holds, both bounds inclusive."""
        d = len(self._drivers)
        if {len(centre), len(scale), len(low), len(high)} != {d} or not all(s > 0 for s in scale):
            raise ArtifactError(
                "frame does not fit the drivers", code="baseline.frame_does_not_fit_drivers", offender=self.model,
                value=len(centre),
            )  # fmt: skip
        self._centre[:], self._inverse[:] = array("d", centre), array("d", [1.0 / s for s in scale])
        self._low[:], self._high[:] = array("d", low), array("d", high)

    def fit(self, weights: Sequence[float], sigma: float, limit: float, hour_sigma_kw: float) -> None:
        """Take weights over the features, sigma (kW, > 0) of a row, the CUSUM limit and sigma of an hourly mean."""
        if len(weights) != len(self._weights) or not all(math.isfinite(w) for w in weights):
            raise ArtifactError(
                "weights do not fit the features", code="baseline.weights_do_not_fit_features", offender=self.model,
                value=len(weights),
            )  # fmt: skip
        if not (0 < sigma < math.inf and 0 < limit < math.inf):
            raise ArtifactError(
                "sigma and limit must be positive", code="baseline.sigma_and_limit_must_be_positive",
                offender=self.model, value=(sigma, limit),
            )  # fmt: skip
        self._weights[:] = self._adaptive[:] = array("d", weights)
        self._fit[0], self._fit[1], self._fit[2] = sigma, max(limit, self._least), hour_sigma_kw
        self._reset_covariance()
        self.restart()

    def restart(self) -> None:
        """Forget the running sums, keep the baseline."""
        self._sums[:] = array("d", bytes(32))
        self._last[0] = -1

    def features(self, rows: FrameBlock) -> tuple[array[float], array[int]]:
        """Features of each row and one code a row: 3 where it can be used (running, complete, in range)."""
        n, m = len(rows), len(self._weights)
        out, ok = array("d", bytes(8 * n * m)), array("B", bytes(n))
        energy_kernels.feature_rows(
            rows.values, rows.width, n, self._drivers, self._centre, self._inverse, self._low, self._high,
            self.degree, m, out, ok,
        )  # fmt: skip
        mask, power = self.gate.mask(rows), self.place.inputs[0]
        for i in range(n):
            if mask[i] != NORMAL or math.isnan(rows.values[i * rows.width + power]):
                ok[i] = UNKNOWN
        return out, ok

    def learn_many(self, rows: FrameBlock) -> None:
        """Recursive least squares without forgetting; after `learn_rows` sigma from as many rows, then frozen."""
        if self.ready:
            return
        if self._fit[3] == 0.0:
            self._first_frame(rows)
        values, ok = self.features(rows)
        m, power = len(self._weights), self.place.inputs[0]
        used = [i for i in range(len(rows)) if ok[i] == NORMAL]
        phi = array("d", [x for i in used for x in values[i * m : i * m + m]])
        target = array("d", [rows.values[i * rows.width + power] for i in used])
        out = array("d", bytes(8 * len(used)))
        energy_kernels.rls_rows(
            phi, target, m, len(used), 1.0, math.inf, 0.0, math.inf, _PRIOR, self._covariance, self._weights,
            self._gain, out,
        )  # fmt: skip
        self._note([x - y for x, y in zip(target, out, strict=True)], [rows.time_ns[i] for i in used])

    def _first_frame(self, rows: FrameBlock) -> None:
        for k, column in enumerate(self._drivers):
            seen = [rows.values[i * rows.width + column] for i in range(len(rows))]
            seen = [x for x in seen if math.isfinite(x)] or [0.0]
            self._centre[k] = math.fsum(seen) / len(seen)
            self._inverse[k] = 1.0 / (max(seen) - min(seen) or abs(self._centre[k]) or 1.0)

    def _note(self, residuals: Sequence[float], time_ns: Sequence[int]) -> None:
        fit = self._fit
        for residual in residuals:
            fit[3] += 1.0
            if fit[3] > self._learn_rows:
                fit[4] += residual
                fit[5] += residual * residual
        if fit[3] >= 2 * self._learn_rows:
            rows = fit[3] - self._learn_rows
            sigma = math.sqrt(max(fit[5] / rows - (fit[4] / rows) ** 2, 1e-18))
            self.fit(self._weights[:], sigma, self._least or 1.0, math.nan)

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; trace holds expected kW, adaptive expected kW, kWh of this run, kWh saved in all."""
        out.resize(len(rows), self.trace_width)
        if not self.ready:
            blank = array("d", [math.nan] * len(rows))
            out.score[: len(rows)] = out.measure[: len(rows)] = out.limits[: len(rows)] = blank
            out.state[: len(rows)] = array("B", [UNKNOWN] * len(rows))
            return
        m = len(self._weights)
        energy_kernels.baseline_rows(
            rows.time_ns, rows.values, rows.width, len(rows), self.gate.mask(rows), self.place.inputs[0],
            self._drivers, self._centre, self._inverse, self._low, self._high, self.degree, self._weights,
            self._fit[0], 60_000_000_000, 900_000_000_000, self.slack, self._fit[1], self._bound, self._forget,
            10.0 * m * _PRIOR, 1e-3, _PRIOR, self._covariance, self._adaptive, self._phi, self._gain, self._sums,
            self._last, out.score, out.limits, out.measure, out.state, out.trace,
        )  # fmt: skip

    def cusum(self, out: ScoreBlock) -> array[float]:
        """The CUSUM of each row just scored, NaN where it was not."""
        return out.score[: out.rows]

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """The power: it is what exceeds the baseline; sigma and change are from what the drivers ask for."""
        column = self.place.inputs[0]
        excess = rows.values[row * rows.width + column] - out.trace[row * self.trace_width]
        return (Contribution(column, 1.0, excess / self._fit[0], excess),)

    def state(self) -> dict[str, str]:
        """Baseline, adaptive twin and sums."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)

    def _reset_covariance(self) -> None:
        m = len(self._weights)
        self._covariance[:] = array("d", [_PRIOR if i % (m + 1) == 0 else 0.0 for i in range(m * m)])


class CusumSavings(EnergyBaseline):
    """The same baseline read as savings: score is the kWh saved in all since the baseline was frozen; never alarms."""

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; score and measure are kWh saved (negative: used more), the limit is infinite."""
        super().score_many(rows, out)
        for i in range(len(rows)):
            if out.state[i] == NORMAL:
                out.score[i] = out.measure[i] = out.trace[4 * i + 3]
                out.limits[i] = math.inf


def _watch(params: Params) -> Watch:
    return Watch(
        on_delay_s=params.number("on_delay_s", 0.0, 0.0),
        off_delay_s=params.number("off_delay_s", 600.0, 0.0),
        merge_s=params.number("merge_s", 21_600.0, 0.0),
        release=params.number("release", 0.5, 0.0, 1.0),
        quantity="last",
    )
