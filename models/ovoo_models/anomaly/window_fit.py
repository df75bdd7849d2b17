"""Fits the window model on the stream itself, with the standard library: period, principal shapes, limit."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_models._select import kernels
from ovoo_models.anomaly.learning import quantile

__all__ = ["WindowFit", "dominant_period", "fit_window", "principal"]

_LEAST_PERIOD: Final = 8
_LEAST_CORRELATION: Final = 0.3
_NEAR_BEST: Final = 0.9
_FIT_SHARE: Final = 0.6
_ROUNDS: Final = 100
_SETTLED: Final = 1e-7


@dataclass(frozen=True, slots=True)
class WindowFit:
    """A model: centre and scale of the signal, mean window (w cells), k orthonormal shapes (k w cells), limit."""

    centre: float
    scale: float
    mean: array[float]
    basis: array[float]
    limit: float


def dominant_period(values: Sequence[float], greatest: int) -> int | None:
    """The lag, 8 to `greatest`, at which the autocorrelation has its first outstanding peak; None without one.

    A peak stands out at 0.3 or more and at 0.9 of the best one or more: multiples of a period correlate as well.
    """
    n = len(values)
    centre = math.fsum(values) / max(n, 1)
    z = array("d", [x - centre for x in values])
    power = kernels.dot(z, z)
    if not power > 0.0:
        return None
    last = min(greatest, n // 3)
    # the lags at both ends of the range are looked past, so that a peak at the edge is a peak
    found = [kernels.dot(z[lag:], z[: n - lag]) / power * n / (n - lag) for lag in range(last + 2)]
    peaks = [lag for lag in range(_LEAST_PERIOD, last + 1) if found[lag - 1] < found[lag] >= found[lag + 1]]
    best = max((found[lag] for lag in peaks), default=0.0)
    if best < _LEAST_CORRELATION:
        return None
    return next(lag for lag in peaks if found[lag] >= _NEAR_BEST * best)


def principal(cov: array[float], w: int, most: int, explained: float) -> array[float]:
    """The leading eigenvectors of a symmetric w x w matrix, row after row, orthonormal, by power iteration.

    As many as hold the share `explained` of the trace, at most `most`; none of a zero matrix.
    """
    rows = [cov[i * w : i * w + w] for i in range(w)]
    total = math.fsum(row[i] for i, row in enumerate(rows))
    found: list[array[float]] = []
    held = 0.0
    while len(found) < min(most, w) and held < explained * total:
        vector, value = _leading(rows, found)
        if not value > 1e-12 * total:
            break
        found.append(vector)
        held += value
    return array("d", [x for vector in found for x in vector])


def _leading(rows: Sequence[array[float]], found: Sequence[array[float]]) -> tuple[array[float], float]:
    """The leading unit eigenvector among those orthogonal to `found`, and its eigenvalue."""
    # what is left of the column of the greatest variance is never orthogonal to all that is left
    left = [
        row[i] - math.fsum(v[i] ** 2 * kernels.dot(v, _times(rows, v)) for v in found) for i, row in enumerate(rows)
    ]
    vector, value = _unit(_without(rows[left.index(max(left))], found))
    for _round in range(_ROUNDS):
        fresh, value = _unit(_without(_times(rows, vector), found))
        moved = math.fsum((a - b) ** 2 for a, b in zip(fresh, vector, strict=True))
        vector = fresh
        if moved < _SETTLED**2:
            break
    return vector, value


def _times(rows: Sequence[array[float]], vector: array[float]) -> array[float]:
    return array("d", [kernels.dot(row, vector) for row in rows])


def _without(vector: array[float], found: Sequence[array[float]]) -> array[float]:
    for each in found:
        pull = kernels.dot(each, vector)
        vector = array("d", [a - pull * b for a, b in zip(vector, each, strict=True)])
    return vector


def _unit(vector: array[float]) -> tuple[array[float], float]:
    length = math.sqrt(kernels.dot(vector, vector))
    return (array("d", [a / length for a in vector]) if length > 0.0 else vector), length


def fit_window(
    segments: Sequence[Sequence[float]], window: int, most: int, explained: float, factor: float, least: float
) -> WindowFit | None:
    """A model from unbroken stretches of steps: shapes from the first 60 %, limit from the rest.

    limit = `factor` x the 99 % quantile of the residuals held out, at least `least`. None where the stretches hold
    too few windows to learn from, or the signal does not move.
    """
    values = [x for segment in segments for x in segment]
    centre = math.fsum(values) / max(len(values), 1)
    scale = math.sqrt(math.fsum((x - centre) ** 2 for x in values) / max(len(values), 1))
    if not scale > 1e-9 * abs(centre):
        return None
    z = [array("d", [(x - centre) / scale for x in segment]) for segment in segments]
    windows = list(_windows(z, window, max(window // 16, 1)))
    cut = round(_FIT_SHARE * len(windows))
    if min(cut, len(windows) - cut) < most:
        return None
    mean, cov = _moments(windows[:cut], window)
    basis = principal(cov, window, most, explained)
    rest = [_residual(each, mean, basis) for each in windows[cut:]]
    return WindowFit(centre, scale, mean, basis, max(factor * quantile(rest, 0.99), least))


def _windows(segments: Sequence[array[float]], window: int, stride: int) -> Iterator[array[float]]:
    for segment in segments:
        for start in range(0, len(segment) - window + 1, stride):
            yield segment[start : start + window]


def _moments(windows: Sequence[array[float]], w: int) -> tuple[array[float], array[float]]:
    n = len(windows)
    flat = array("d", b"".join(each.tobytes() for each in windows))
    total, cross = array("d", bytes(8 * w)), array("d", bytes(8 * w * w))
    kernels.moment_rows(flat, w, n, array("B", b"\x03") * n, total, cross)
    mean = array("d", [t / n for t in total])
    return mean, array("d", [cross[i * w + j] / n - mean[i] * mean[j] for i in range(w) for j in range(w)])


def _residual(window: array[float], mean: array[float], basis: array[float]) -> float:
    w = len(mean)
    off = array("d", [a - b for a, b in zip(window, mean, strict=True)])
    held = (kernels.dot(basis[j : j + w], off) ** 2 for j in range(0, len(basis), w))
    return max(kernels.dot(off, off) - math.fsum(held), 0.0) / w
