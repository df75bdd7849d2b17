"""One step of recursive least squares with forgetting: the digits of _rls.h, whose page holds for this too."""

from __future__ import annotations

import math
from array import array

from ovoo_models._lanes_py import clip, dot8, fold8

__all__ = ["BOUNDED", "CLIPPED", "EXCITED", "RESTARTED", "UPDATED", "rls_step"]

UPDATED, EXCITED, CLIPPED, BOUNDED, RESTARTED = 2, 4, 8, 64, 128


def _gain(p: array[float], phi: array[float], gain: array[float], m: int, start: int) -> float:
    x = phi[start : start + m]
    sums = []
    for k in range(m):
        acc = [p[j * m + k] * x[j] for j in range(min(m, 4))] + [0.0] * (4 - m)
        for j in range(4, m):
            acc[j & 3] += p[j * m + k] * x[j]
        sums.append((acc[0] + acc[2]) + (acc[1] + acc[3]))
    gain[:m] = array("d", sums)
    return dot8(phi, gain, m, start)


def _trace(p: array[float], m: int) -> float:
    acc = [p[j * m + j] for j in range(min(m, 8))] + [0.0] * (8 - m)
    for j in range(8, m):
        acc[j & 7] += p[j * m + j]
    return fold8(acc)


def rls_step(
    p: array[float],
    w: array[float],
    phi: array[float],
    gain: array[float],
    m: int,
    live: int,
    start: int,
    y: float,
    predicted: float,
    bound: float,
    forget: float,
    trace_max: float,
    excite_min: float,
    prior: float,
) -> int:
    """Move the weights towards y; phi[start:start+m] is the row, `predicted` what the weights say. Returns bits.

    Forgets only while phi' P phi >= excite_min and the trace is at most `trace_max`; under `excite_min` the covariance
    stays and the weights alone move. The innovation is clipped to +-bound sqrt(1 + phi' P phi).
    """
    bits = UPDATED
    s = _gain(p, phi, gain, m, start)
    if not 0.0 <= s <= 1e300:
        bits |= RESTARTED
        p[: m * m] = array("d", [prior if i % (m + 1) == 0 and i < live * m else 0.0 for i in range(m * m)])
        s = _gain(p, phi, gain, m, start)
    trace = _trace(p, m)
    bits |= EXCITED if s >= excite_min else 0
    bits |= BOUNDED if trace > trace_max else 0
    lam = forget if bits & EXCITED and not bits & BOUNDED else 1.0
    error = y - predicted
    if error * error > bound * bound * (1.0 + s):
        error = clip(error, bound * math.sqrt(1.0 + s))
        bits |= CLIPPED
    scale, inverse = 1.0 / (lam + s), 1.0 / lam
    step = error * scale
    for k in range(m):
        w[k] = w[k] + gain[k] * step
    if bits & (EXCITED | BOUNDED):
        _shrink(p, gain, m, scale, inverse)
    return bits


def _shrink(p: array[float], gain: array[float], m: int, scale: float, inverse: float) -> None:
    for j in range(m):
        g, row = gain[j], j * m
        for k in range(m):
            p[row + k] = (p[row + k] - g * gain[k] * scale) * inverse
