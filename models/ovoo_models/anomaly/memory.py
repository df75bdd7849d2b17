"""A signal's own memory: what its last value foretells of the next is taken out before signals are judged together."""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import ArtifactError, NotReady

from ovoo_models._select import kernels, memory_kernels
from ovoo_models.anomaly.learning import inverse
from ovoo_models.base import NORMAL, FrameBlock
from ovoo_models.state import ArrayStore

__all__ = ["MemoryFit", "MemoryLearner", "SignalMemory", "chi_square_99", "fit_memory"]

_LAG: Final = 10
_LASTING: Final = 0.2
"""A correlation over `_LAG` rows above this is memory, not chance: four standard errors for 400 independent rows."""
_MOST: Final = 0.975
"""A slow signal keeps at least a ninth of the evidence of its level, so that slow wear of it is still seen."""
_LEAST: Final = -0.9
_LEAST_ROWS: Final = 100
_RIDGE: Final = 1e-6
_CONSTANT: Final = 1e-9


@dataclass(frozen=True, slots=True)
class MemoryFit:
    """What normal rows say, d cells each, `covariance` d x d of the residuals, row-major.

    keep: share of a signal's deviation that is still there a row later, -0.9..0.975. residual_scale: standard
    deviation of what is new in a row, in standard deviations of the signal.
    """

    rows: int
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    keep: tuple[float, ...]
    residual_scale: tuple[float, ...]
    covariance: tuple[float, ...]

    def precision(self, variance: float) -> array[float]:
        """Inverse of the covariance of a weighted mean of residuals; variance: sum of the squared weights."""
        return inverse(array("d", [x * variance for x in self.covariance]), len(self.keep))


class SignalMemory:
    """First-order autoregression of each of d signals, fitted at one period, and the last value of each.

    A slow signal is then judged by how it moves and a quick one by where it stands, on one scale: for both, the
    residual of a normal row has variance 1, and a lasting shift by s standard deviations moves its mean by
    s x sqrt((1 - keep)/(1 + keep)).
    """

    def __init__(self, d: int, period_ns: int, reset_ns: int, bound: float) -> None:
        self._d, self._bound = d, bound
        self._period_ns, self._reset_ns = period_ns, reset_ns
        self.keep, self.inverse = array("d", bytes(8 * d)), array("d", [1.0] * d)
        self.prior, self.prior_ns = array("d", bytes(8 * d)), array("q", [-1] * d)
        self._period = array("q", [period_ns])
        self._residual, self._use = array("d"), array("B")

    def take(self, fit: MemoryFit) -> None:
        """Take a fit; the last values are forgotten."""
        self.keep[:] = array("d", fit.keep)
        self.inverse[:] = array("d", [1.0 / s for s in fit.residual_scale])
        self.restart()

    def arrays(self) -> dict[str, array[float] | array[int]]:
        """State by name."""
        return {
            "keep": self.keep, "keep_inverse": self.inverse, "memory_period": self._period,
            "prior": self.prior, "prior_ns": self.prior_ns,
        }  # fmt: skip

    def refuse_other_period(self, state: Mapping[str, str], offender: str) -> None:
        """ArtifactError where `state` was learned at another period: memory is counted in rows."""
        mine = ArrayStore(offender, memory_period=self._period).state()
        if state.get("memory_period") != mine["memory_period"]:
            raise ArtifactError(
                "memory was learned at another frame period", offender=f"{offender}.memory_period",
                value=state.get("memory_period"), remedy=f"train with a period of {self._period_ns / 1e9:g} s",
            )  # fmt: skip

    def restart(self) -> None:
        """Forget the last values."""
        self.prior[:], self.prior_ns[:] = array("d", bytes(8 * self._d)), array("q", [-1] * self._d)

    def residuals(
        self,
        rows: FrameBlock,
        mask: array[int],
        columns: array[int],
        centre: array[float],
        scale_inverse: array[float],
        low: array[float],
        high: array[float],
    ) -> tuple[array[float], array[int]]:
        """Residuals, d a row, and the gate codes of the rows; both valid until the next call."""
        n, d = len(rows), self._d
        if len(self._use) < n:
            self._residual.extend(array("d", bytes(8 * (n * d - len(self._residual)))))
            self._use.extend(array("B", bytes(n - len(self._use))))
        memory_kernels.residual_rows(
            rows.time_ns, rows.values, rows.width, n, mask, columns, centre, scale_inverse, low, high, self._bound,
            self.keep, self.inverse, self._period_ns, self._reset_ns, self.prior, self.prior_ns,
            self._residual, self._use,
        )  # fmt: skip
        return self._residual, self._use


class MemoryLearner:
    """Keeps rows of normal work until there are `rows` of them, fits once and hands the fit over."""

    def __init__(self, columns: array[int], rows: int, period_ns: int, bound: float, shrinkage: float) -> None:
        self._columns, self._rows = columns, rows
        self._period_ns, self._bound, self._shrinkage = period_ns, bound, shrinkage
        self._kept = FrameBlock.empty(len(columns))
        self._done = False

    def feed(self, rows: FrameBlock, mask: array[int], take: Callable[[MemoryFit], None]) -> None:
        """Learn from rows in turn; does nothing once it has fitted."""
        if self._done:
            return
        _append_normal(self._kept, rows, mask, self._columns)
        if len(self._kept) >= self._rows:
            take(fit_memory(self._kept, self._period_ns, self._bound, self._shrinkage))
            self._kept, self._done = FrameBlock.empty(len(self._columns)), True

    def finish(self, take: Callable[[MemoryFit], None]) -> int:
        """Fit from what there is, as training does with a whole history; gives the rows used.

        Raises:
            NotReady: fewer than 100 rows of normal work.
        """
        fit = fit_memory(self._kept, self._period_ns, self._bound, self._shrinkage)
        take(fit)
        self._kept, self._done = FrameBlock.empty(len(self._columns)), True
        return fit.rows


def chi_square_99(d: int) -> float:
    """The 99 % quantile of chi-square with d degrees of freedom, to 1 % (Wilson and Hilferty 1931)."""
    spread = 2.0 / (9.0 * d)
    root = 1.0 - spread + 2.3263478740408408 * math.sqrt(spread)
    return d * root * root * root


def fit_memory(rows: FrameBlock, period_ns: int, bound: float, shrinkage: float) -> MemoryFit:
    """Fit from whole rows of normal work, every column an input.

    keep is the correlation over ten rows, its tenth root, where that is above 0.2: noise on top of a slow signal
    lowers every correlation alike, and the one of neighbouring rows would take a slow signal for a quick one. Else
    it is that of neighbouring rows. shrinkage: 0..1 of the covariance towards equal variances, negative: as Ledoit
    and Wolf (2004) estimate it.

    Raises:
        NotReady: fewer than 100 rows, or rows that are not mostly `period_ns` apart: memory is counted in rows.
    """
    n, d = len(rows), rows.width
    if n < _LEAST_ROWS:
        raise NotReady("too few rows of normal running", offender="memory", value=n, remedy=f"{_LEAST_ROWS} or more")
    _refuse_other_spacing(rows.time_ns, period_ns)
    columns = [rows.values[k::d] for k in range(d)]
    centre = [math.fsum(column) / n for column in columns]
    spread = [
        math.sqrt(math.fsum((x - m) * (x - m) for x in column) / n) for column, m in zip(columns, centre, strict=True)
    ]
    scale = [max(s, abs(m) * 1e-4, 1e-9) for s, m in zip(spread, centre, strict=True)]
    keep = [
        _keep([(x - m) / s for x in column], rows.time_ns, period_ns)
        for column, m, s in zip(columns, centre, scale, strict=True)
    ]
    residual, residual_scale = _standard_residuals(rows, period_ns, bound, centre, scale, keep)
    covariance = _shrunk_covariance(residual, d, n, shrinkage)
    return MemoryFit(n, tuple(centre), tuple(scale), tuple(keep), tuple(residual_scale), tuple(covariance))


def _refuse_other_spacing(time_ns: array[int], period_ns: int) -> None:
    gaps = sorted(b - a for a, b in itertools.pairwise(time_ns))
    usual = gaps[len(gaps) // 2]
    if not period_ns <= 2 * usual <= 3 * period_ns:
        raise NotReady(
            "rows are not one frame period apart", offender="memory.period", value=f"{usual / 1e9:g} s",
            remedy=f"learn from rows every {period_ns / 1e9:g} s, or give the model set the period of the history",
        )  # fmt: skip


def _keep(y: list[float], time_ns: array[int], period_ns: int) -> float:
    power = math.fsum(v * v for v in y) / len(y)
    if power < _CONSTANT:
        return 0.0
    far = _correlation(y, time_ns, _LAG, period_ns) / power
    keep = far ** (1.0 / _LAG) if far > _LASTING else _correlation(y, time_ns, 1, period_ns) / power
    return min(max(keep, _LEAST), _MOST)


def _correlation(y: list[float], time_ns: array[int], lag: int, period_ns: int) -> float:
    """Mean product of values `lag` periods apart; pairs across a gap are left out."""
    apart = lag * period_ns + period_ns // 2
    pairs = [y[i + lag] * y[i] for i in range(len(y) - lag) if 0 < time_ns[i + lag] - time_ns[i] <= apart]
    return math.fsum(pairs) / len(pairs) if pairs else 0.0


def _standard_residuals(
    rows: FrameBlock, period_ns: int, bound: float, centre: list[float], scale: list[float], keep: list[float]
) -> tuple[array[float], list[float]]:
    n, d = len(rows), rows.width
    memory = SignalMemory(d, period_ns, 15 * period_ns, bound)
    memory.keep[:] = array("d", keep)
    inf = array("d", [math.inf] * d)
    raw, _use = memory.residuals(
        rows, array("B", [NORMAL]) * n, array("i", range(d)), array("d", centre), array("d", [1 / s for s in scale]),
        array("d", [-math.inf] * d), inf,
    )  # fmt: skip
    spread = [math.sqrt(math.fsum(x * x for x in raw[k : n * d : d]) / n) for k in range(d)]
    spread = [s if s > _CONSTANT else 1.0 for s in spread]
    return array("d", [min(max(raw[i] / spread[i % d], -bound), bound) for i in range(n * d)]), spread


def _shrunk_covariance(residual: array[float], d: int, n: int, shrinkage: float) -> list[float]:
    mean = [math.fsum(residual[k::d]) / n for k in range(d)]
    centred = array("d", [residual[i] - mean[i % d] for i in range(n * d)])
    total, cross = array("d", bytes(8 * d)), array("d", bytes(8 * d * d))
    kernels.moment_rows(centred, d, n, array("B", [NORMAL]) * n, total, cross)
    covariance = [x / n for x in cross]
    target = math.fsum(covariance[:: d + 1]) / d
    share = _ledoit_wolf(centred, covariance, target, d, n) if shrinkage < 0 else shrinkage
    shrunk = [(1.0 - share) * x for x in covariance]
    for k in range(0, d * d, d + 1):
        # a signal that never moved has no residual; in units of its scale floor 1 is as good as known
        shrunk[k] += share * target + _RIDGE * target + (1.0 if covariance[k] < _CONSTANT else 0.0)
    return shrunk


def _ledoit_wolf(centred: array[float], covariance: list[float], target: float, d: int, n: int) -> float:
    """Share of shrinkage: variance of the covariance's cells over their distance from the target, at most 1."""
    norms = [math.fsum(x * x for x in centred[i * d : i * d + d]) for i in range(n)]
    square = math.fsum(x * x for x in covariance)
    distance = square - d * target * target
    doubt = (math.fsum(x * x for x in norms) / n - square) / n
    return min(max(doubt / distance, 0.0), 1.0) if distance > 0 else 0.0


def _append_normal(kept: FrameBlock, rows: FrameBlock, mask: array[int], columns: array[int]) -> None:
    for i in range(len(rows)):
        if mask[i] == NORMAL:
            row = [rows.values[i * rows.width + column] for column in columns]
            if all(map(math.isfinite, row)):
                kept.time_ns.append(rows.time_ns[i])
                kept.values.extend(row)
