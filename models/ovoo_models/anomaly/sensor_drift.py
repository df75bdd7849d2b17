"""A sensor that walks away from what the other sensors say."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.errors import ArtifactError, ConfigError

from ovoo_models._select import sensor_kernels
from ovoo_models.anomaly.ewma import Mewma
from ovoo_models.base import Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["SensorDrift"]

_DEFAULTS = {"lambda": 0.02, "limit_factor": 8.0, "on_delay_s": 1800.0, "off_delay_s": 1800.0, "max_missing": 0}


class SensorDrift:
    """Score >= 1 where one signal leaves the prediction by the others while those agree among themselves.

    A slow multivariate EWMA (`lambda` 0.02 a minute; its other parameters are those of `mewma`) with a frozen
    baseline. The signal whose correction takes most of T2 away is blamed; its share over its own limit is the score,
    reduced where the rest of T2 is above the rest's limit, as in a fault of the machine that moves several signals.
    A machine fault that moves one signal only looks the same: the sentence says so. At least three inputs.
    """

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        if len(place.inputs) < 3:
            raise ConfigError("needs three inputs or more", offender="sensor_drift.inputs", value=len(place.inputs))
        own = {name: value for name, value in params.items() if name == "severity"}
        Params(own, "sensor_drift").text("severity", "")
        self.inner_params = {**_DEFAULTS, **{name: value for name, value in params.items() if name not in own}}
        self.inner = Mewma(self.inner_params, place)
        self.place = place
        d = len(place.inputs)
        self.trace_width = d
        self._columns = array("i", place.inputs)
        self._reach, self._rest = array("d", [math.nan] * d), array("d", [math.nan])
        self._blamed = array("i")

    @property
    def learned(self) -> tuple[str, ...]:
        """Names of the parts of `state()` that hold what was learned."""
        return (*self.inner.learned, "reach", "rest")

    @property
    def watch(self) -> Watch:
        """That of the inner average."""
        return self.inner.watch

    @property
    def ready(self) -> bool:
        """Whether the inner model is fitted."""
        return self.inner.ready

    def take(self, inner: Mewma) -> None:
        """Take a fitted average over the same inputs."""
        if inner.place != self.place:
            raise ArtifactError("model of another place", offender="sensor_drift", value=inner.place.inputs)
        self.inner = inner

    def set_limits(self, reach: Sequence[float], rest: float) -> None:
        """Limit of T2's share by each signal (infinite where the others say nothing about it) and of the rest; > 0."""
        if len(reach) != len(self._reach) or not all(each > 0 for each in (*reach, rest)):
            raise ArtifactError("one positive limit a signal is needed", offender="sensor_drift.reach", value=[*reach])
        self._reach[:] = array("d", reach)
        self._rest[0] = rest

    def learn_many(self, rows: FrameBlock) -> None:
        """As `mewma` does; every signal's limit is then that of T2, and half of it that of the rest."""
        self.inner.learn_many(rows)
        if self.inner.ready:
            self.set_limits([self.inner.limit] * len(self._reach), 0.5 * self.inner.limit)

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; measure is the blamed signal's distance from what the others say, in its unit."""
        n = len(rows)
        if len(self._blamed) < n:
            self._blamed.extend(array("i", bytes(4 * (n - len(self._blamed)))))
        self.inner.score_many(rows, out)
        if not self.ready:
            self._blamed[:n] = array("i", [-1]) * n
            return
        sensor_kernels.drift_rows(
            out.trace, n, self.inner.precision, self.inner.inverse_scale, self._reach, self._rest[0], self._columns,
            out.score, out.limits, out.measure, out.state, self._blamed,
        )  # fmt: skip

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Shares of T2, the blamed signal first."""
        return self.inner.explain(rows, out, row)

    def suspects(self, out: ScoreBlock, n: int) -> tuple[array[int], array[int]]:
        """States and blamed columns of the rows just scored."""
        return out.state, self._blamed

    def state(self) -> dict[str, str]:
        """Inner model and limits."""
        return {**self.inner.state(), **self._store().state()}

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`; nothing changes where a part does not fit."""
        kept = self._store().state()
        self._store().load({name: text for name, text in state.items() if name in ("reach", "rest")})
        try:
            self.inner.load({name: text for name, text in state.items() if name not in ("reach", "rest")})
        except ArtifactError:
            self._store().load(kept)
            raise

    def _store(self) -> ArrayStore:
        return ArrayStore("sensor_drift", reach=self._reach, rest=self._rest)
