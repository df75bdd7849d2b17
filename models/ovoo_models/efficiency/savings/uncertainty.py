"""How well a baseline fits, and how far its saving is known: the usual formula and a block bootstrap beside it."""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.errors import EvidenceError

from ovoo_models._select import savings_kernels
from ovoo_models.efficiency.savings.numerics import NORMAL_90, NORMAL_LEVELS, student_t, zeros

__all__ = [
    "Bootstrap",
    "Fitness",
    "Path",
    "bootstrap",
    "error_correlation",
    "fitness",
    "formula_uncertainty",
    "gaps_of",
]

_RHO_MAX, _RHO_MIN = 0.995, -0.5
_BLOCK_MIN = 7


@dataclass(frozen=True, slots=True)
class Fitness:
    """Fit of a baseline over its own rows.

    cv_rmse = sqrt(sum e^2 / (n - p)) / mean, nmbe = sum e / ((n - p) mean), e = actual - fitted (ASHRAE Guideline 14);
    rho: lag-1 correlation of e over neighbours; n_effective = n (1 - rho) / (1 + rho).
    """

    rows: int
    terms: int
    mean: float
    cv_rmse: float
    nmbe: float
    r2: float
    rho: float
    n_effective: float


def gaps_of(time_ns: Sequence[int], step_ns: int) -> array[int]:
    """Steps since the row before, at least 1; the first is 1."""
    found = [max(round_half(b - a, step_ns), 1) for a, b in itertools.pairwise(time_ns)]
    return array("i", [1, *(min(gap, 10_000) for gap in found)])


def round_half(span: int, step: int) -> int:
    """Whole steps in a span, halves up."""
    return (2 * span + step) // (2 * step)


def fitness(actual: Sequence[float], fitted: Sequence[float], gaps: Sequence[int], terms: int) -> Fitness:
    """How `fitted` describes `actual`; EvidenceError where there are no degrees of freedom or the mean is nought."""
    n = len(actual)
    mean = math.fsum(actual) / n if n else 0.0
    if n - terms < 1 or mean == 0.0:
        raise EvidenceError(
            "fit cannot be judged", code="savings.fit_cannot_be_judged", offender="baseline", value=(n, terms, mean),
            remedy="more rows, a mean above nought",
        )  # fmt: skip
    e = [a - b for a, b in zip(actual, fitted, strict=True)]
    rss = math.fsum(x * x for x in e)
    tss = math.fsum((a - mean) * (a - mean) for a in actual)
    rho = lag1(e, gaps)
    return Fitness(
        n, terms, mean, math.sqrt(rss / (n - terms)) / mean, math.fsum(e) / ((n - terms) * mean),
        1.0 - rss / tss if tss > 0.0 else math.nan, rho, n * (1.0 - rho) / (1.0 + rho),
    )  # fmt: skip


def lag1(residuals: Sequence[float], gaps: Sequence[int]) -> float:
    """Lag-1 correlation over pairs of neighbours, scaled to all rows; 0 where there is nothing to correlate."""
    n, below = len(residuals), math.fsum(x * x for x in residuals)
    pairs = [i for i in range(1, n) if gaps[i] == 1]
    if not pairs or below <= 0.0:
        return 0.0
    rho = math.fsum(residuals[i] * residuals[i - 1] for i in pairs) / below * n / len(pairs)
    return min(max(rho, -0.999), 0.999)


def formula_uncertainty(fit: Fitness, reported: int, share: float, coverage: float = 0.9) -> float:
    """FSU = t 1.26 CV sqrt((n / n') (1 + 2 / n') / m) / F; inf where the saved share F is nought.

    t: two-sided quantile at n - p degrees of freedom; m: intervals reported; F: saving / adjusted baseline, taken
    without its sign. Form of ASHRAE Guideline 14 for daily and hourly data.
    """
    if reported < 1:
        raise EvidenceError(
            "no reported interval", code="savings.no_reported_interval", offender="reporting", value=reported
        )
    t = student_t(fit.rows - fit.terms, coverage)
    spread = fit.rows / fit.n_effective * (1.0 + 2.0 / fit.n_effective) / reported
    return t * 1.26 * fit.cv_rmse * math.sqrt(spread) / abs(share) if share else math.inf


@dataclass(frozen=True, slots=True)
class Path:
    """Residuals of baseline and reporting period in order of time, and by which weight each error enters the saving.

    `influence` (baseline rows): d saving / d error through the coefficients; a reported error enters with -1. `gaps`
    covers both periods. `basis`: orthonormal columns of the baseline's design, `columns` of them. `charged`: degrees of
    freedom that fit and choice of the model have used up.
    """

    baseline: Sequence[float]
    influence: Sequence[float]
    reporting: Sequence[float]
    gaps: array[int]
    basis: array[float]
    columns: int
    charged: float


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Interval of the saving at `coverage` in the unit of energy, and what it was drawn with.

    `rho`: lag-1 correlation of the errors, cleared of the fit's own bias; `block`: innovations drawn at a stretch.
    """

    low: float
    high: float
    sigma: float
    rho: float
    block: int
    draws: int
    seed: int
    coverage: float


def error_correlation(path: Path) -> float:
    """Lag-1 correlation of the errors of which the residuals show too little: the one whose expectation is theirs.

    A fit takes slow swings out of its residuals, so their correlation is biased down; `lag1_expectation` says what
    any rho would show, and halving finds the one that shows what was seen.
    """
    n = len(path.baseline)
    seen = lag1(path.baseline, path.gaps)
    low, high = _RHO_MIN, _RHO_MAX

    def shown(rho: float) -> float:
        return savings_kernels.lag1_expectation(path.basis, path.columns, path.gaps, n, rho)

    if seen <= shown(low):
        return low
    if seen >= shown(high):
        return high
    for _turn in range(14):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if shown(middle) < seen else (low, middle)
    return 0.5 * (low + high)


def bootstrap(path: Path, saving: float, draws: int = 1600, seed: int = 1, coverage: float = 0.9) -> Bootstrap:
    """The interval of `saving` from block-drawn, recoloured residuals of both periods.

    Errors are taken as AR(1) with whatever dependence the innovations still have: those of each period are drawn in
    blocks from its own residuals and recoloured (post-blackened bootstrap, Davison and Hinkley 1997, 8.2.2). The
    baseline's errors act through the coefficients (knees included), the reported ones directly, on one path of time.
    The correlation itself is drawn from its sampling distribution, at 16 levels.

    Raises:
        EvidenceError: fewer than 10 rows in a period, or draws, seed or coverage out of range.
    """
    n, m = len(path.baseline), len(path.reporting)
    if n < 10 or m < 10:
        raise EvidenceError(
            "too few rows to draw from", code="savings.too_few_rows_to_draw_from", offender="bootstrap", value=(n, m),
            remedy="10 in each period",
        )  # fmt: skip
    if draws < 100 or seed < 0 or not 0.5 <= coverage < 1.0:
        raise EvidenceError(
            "out of range", code="savings.out_of_range", offender="bootstrap", value=(draws, seed, coverage)
        )
    rho = error_correlation(path)
    first = _innovations(path.baseline, path.gaps[:n], rho)
    second = _innovations(path.reporting, path.gaps[n:], rho)
    block = _block_length(first)
    _widen(first, n, n - path.charged, block)
    _widen(second, m, m - 1.0, block)
    spread = _correlation_sigma(path, rho)
    levels = array("d", [min(max(rho + z * spread, _RHO_MIN), _RHO_MAX) for z in NORMAL_LEVELS])
    weights = array("d", [*path.influence, *([-1.0] * m)])
    out = zeros(draws)
    savings_kernels.bootstrap_errors(weights, path.gaps, first, second, n, levels, block, seed, out)
    ordered = sorted(out)
    tail = 0.5 * (1.0 - coverage)
    mean = math.fsum(out) / draws
    sigma = math.sqrt(math.fsum((x - mean) * (x - mean) for x in out) / (draws - 1))
    return Bootstrap(
        saving - _quantile(ordered, 1.0 - tail), saving - _quantile(ordered, tail), sigma, rho, block, draws, seed,
        coverage,
    )  # fmt: skip


def _correlation_sigma(path: Path, rho: float) -> float:
    """sqrt((1 - rho^2) / n) of what the residuals show, over the slope by which they show the errors' correlation."""
    n = len(path.baseline)
    low, high = max(rho - 0.01, _RHO_MIN), min(rho + 0.01, 0.999)
    shown = [savings_kernels.lag1_expectation(path.basis, path.columns, path.gaps, n, r) for r in (low, high)]
    slope = min(max((shown[1] - shown[0]) / (high - low), 0.25), 1.0)
    return math.sqrt((1.0 - rho * rho) / n) / slope


def _innovations(residuals: Sequence[float], gaps: Sequence[int], rho: float) -> array[float]:
    """What of each residual the one before it does not explain, at one step, about nought."""
    found = []
    for i in range(1, len(residuals)):
        step = 1.0
        for _k in range(min(gaps[i], 64)):
            step *= rho
        spread = math.sqrt((1.0 - step * step) / (1.0 - rho * rho))
        found.append((residuals[i] - step * residuals[i - 1]) / spread)
    mean = math.fsum(found) / len(found)
    return array("d", [x - mean for x in found])


def _widen(innovations: array[float], rows: int, freedom: float, block: int) -> None:
    """Makes up for what a pool of innovations is short of, in place.

    The fit took degrees of freedom; a block drawn from values that sum to nought spreads too little, by
    (n - block) / (n - 1); and a spread known from few rows asks for Student's t instead of the normal quantile.
    """
    n = len(innovations)
    freedom = max(freedom, 5.0)
    pool = (n - 1.0) / (n - block) if n > block else n - 1.0
    scale = math.sqrt(rows / freedom * pool) * student_t(freedom) / NORMAL_90
    for i in range(n):
        innovations[i] *= scale


def _block_length(innovations: Sequence[float]) -> int:
    """Carlstein's (1986) length for the correlation r left: (2 r / (1 - r^2))^(2/3) n^(1/3); 7 at least."""
    n = len(innovations)
    r = min(abs(lag1(innovations, [1] * n)), 0.9)
    wanted = (2.0 * r / (1.0 - r * r)) ** 2 * n
    block = _BLOCK_MIN
    while block**3 < wanted and block < n // 4:
        block += 1
    return max(1, min(block, n // 4))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Value below which `share` of the ordered values lie, between neighbours in proportion."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])
