"""Baselines, idle running, specific consumption and integration in plain Python: the digits of _energy_kernels.pyx.

Common arguments as in _kernels_py; power is kW, energy kWh, times nanoseconds, -1 stands for never.
"""

from __future__ import annotations

from array import array

from ovoo_models._lanes_py import clip, dot8, fold8, power_n
from ovoo_models._rls_py import rls_step

__all__ = ["baseline_rows", "energy_rows", "feature_rows", "idle_rows", "rls_rows", "sec_rows", "trapezoid"]

NAN = float("nan")
NEVER = -1
NS_PER_H = 3.6e12
UNKNOWN, OFF, NORMAL = 0, 1, 3


def rls_rows(
    rows: array[float],
    target: array[float],
    m: int,
    n: int,
    forget: float,
    trace_max: float,
    excite_min: float,
    bound: float,
    prior: float,
    covariance: array[float],
    weights: array[float],
    gain: array[float],
    out: array[float],
) -> None:
    """Recursive least squares; `out` is the prediction before each update.

    Forgetting only while the row excites the model (phi' P phi >= excite_min) and the trace is at most `trace_max`;
    the innovation is clipped to +-bound sqrt(1 + phi' P phi); see `_rls_py.rls_step`.
    """
    for i in range(n):
        out[i] = dot8(weights, rows, m, 0, i * m)
        rls_step(
            covariance, weights, rows, gain, m, m, i * m, target[i], out[i], bound, forget, trace_max, excite_min, prior
        )  # fmt: skip


def _features(
    values: array[float],
    start: int,
    columns: array[int],
    centre: array[float],
    inverse: array[float],
    low: array[float],
    high: array[float],
    degree: int,
    phi: array[float],
    into: int = 0,
) -> bool:
    d = len(columns)
    phi[into] = 1.0
    for k in range(d):
        x = values[start + columns[k]]
        if not (low[k] <= x <= high[k]):
            return False
        phi[into + k + 1] = (x - centre[k]) * inverse[k]
    if degree == 2:
        m = into + d + 1
        for j in range(d):
            for k in range(j, d):
                phi[m] = phi[into + j + 1] * phi[into + k + 1]
                m += 1
    return True


def feature_rows(
    values: array[float],
    width: int,
    n: int,
    columns: array[int],
    centre: array[float],
    inverse: array[float],
    low: array[float],
    high: array[float],
    degree: int,
    m: int,
    out: array[float],
    ok: array[int],
) -> None:
    """Features [1, u, (degree 2: u_i u_j)] of each row; ok = 3 where every driver is inside [low, high], else 0."""
    d = len(columns)
    if m != (1 + d if degree == 1 else 1 + d + d * (d + 1) // 2):
        raise ValueError("m does not fit drivers and degree")
    for i in range(n):
        inside = _features(values, i * width, columns, centre, inverse, low, high, degree, out, i * m)
        ok[i] = NORMAL if inside else UNKNOWN


def baseline_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    power: int,
    columns: array[int],
    centre: array[float],
    inverse: array[float],
    low: array[float],
    high: array[float],
    degree: int,
    weights: array[float],
    sigma: float,
    step_ns: int,
    reset_ns: int,
    slack: float,
    limit: float,
    bound: float,
    forget: float,
    trace_max: float,
    excite_min: float,
    prior: float,
    covariance: array[float],
    adaptive: array[float],
    phi: array[float],
    gain: array[float],
    sums: array[float],
    last_ns: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    trace: array[float],
) -> None:
    """CUSUM of (power - frozen baseline) / sigma, weighted by time in steps; an adaptive baseline runs beside it.

    score = max(0, score + h (clip(v) - slack)) capped at twice the limit, h = time since the last row / step, <= 1.
    measure = excess kWh since the score left zero. Rows outside the drivers' training range are not scored.
    trace (n x 4): expected kW, adaptive expected kW, excess kWh of this run, saved kWh in all.
    sums = [score, run kWh, run hours, saved kWh].
    """
    m = len(weights)
    for i in range(n):
        score[i] = measure[i] = NAN
        limits[i] = limit
        state[i] = gate[i]
        trace[4 * i] = trace[4 * i + 1] = NAN
        trace[4 * i + 2], trace[4 * i + 3] = sums[1], sums[3]
        if gate[i] != NORMAL:
            last_ns[0] = NEVER
            continue
        x = values[i * width + power]
        if x != x or not _features(values, i * width, columns, centre, inverse, low, high, degree, phi):
            state[i] = UNKNOWN
            last_ns[0] = NEVER
            continue
        gap = time_ns[i] - last_ns[0]
        if last_ns[0] == NEVER or gap <= 0 or gap > reset_ns:
            gap = 0
        last_ns[0] = time_ns[i]
        expected = dot8(weights, phi, m)
        residual = x - expected
        hours = gap / NS_PER_H
        h = min(gap, step_ns) / step_ns
        _cusum(sums, residual, hours, h * (clip(residual / sigma, bound) - slack), limit)
        trace[4 * i], trace[4 * i + 1] = expected, dot8(adaptive, phi, m)
        trace[4 * i + 2], trace[4 * i + 3] = sums[1], sums[3]
        if forget > 0.0:
            rls_step(
                covariance, adaptive, phi, gain, m, m, 0, x, trace[4 * i + 1], bound * sigma, forget, trace_max,
                excite_min, prior,
            )  # fmt: skip
        score[i], measure[i] = sums[0], sums[1]


def _cusum(sums: array[float], residual: float, hours: float, step: float, limit: float) -> None:
    sums[0] = sums[0] + step
    if sums[0] <= 0.0:
        sums[0] = sums[1] = sums[2] = 0.0
    else:
        sums[1] = sums[1] + residual * hours
        sums[2] = sums[2] + hours
    if sums[0] > 2.0 * limit:
        sums[0] = 2.0 * limit
    sums[3] = sums[3] - residual * hours


def idle_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    power: int,
    output: int,
    power_min: float,
    output_max: float,
    gap_ns: int,
    sums: array[float],
    last_ns: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    mode: array[int],
) -> None:
    """Score 1 while it runs (gate) and draws power (>= power_min) and nothing comes out (<= output_max), else 0.

    mode: 0 off, 1 idle, 2 load, 255 unknown. measure = kWh of this idle spell; spells closer than `gap_ns` are one.
    sums = [kWh of this spell, idle hours in all, last power]; last_ns = [last idle row if unbroken, last idle row].
    """
    for i in range(n):
        p, o = values[i * width + power], values[i * width + output]
        limits[i] = 1.0
        if p != p or o != o or gate[i] == UNKNOWN:
            score[i] = measure[i] = NAN
            state[i], mode[i] = UNKNOWN, 255
            last_ns[0] = NEVER
            continue
        state[i] = NORMAL
        mode[i] = 0 if gate[i] == OFF or p < power_min else (1 if o <= output_max else 2)
        if mode[i] == 1:
            gap = time_ns[i] - last_ns[0]
            if last_ns[1] == NEVER or time_ns[i] - last_ns[1] > gap_ns:
                sums[0] = 0.0
            if last_ns[0] != NEVER and 0 < gap <= gap_ns:
                hours = gap / NS_PER_H
                sums[0] = sums[0] + 0.5 * (p + sums[2]) * hours
                sums[1] = sums[1] + hours
            last_ns[0] = last_ns[1] = time_ns[i]
            sums[2] = p
            score[i] = 1.0
        else:
            last_ns[0] = NEVER
            score[i] = 0.0
        measure[i] = sums[0]


def sec_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    power: int,
    output: int,
    output_min: float,
    decay: float,
    step_frames: int,
    period_ns: int,
    reset_ns: int,
    ready_frames: int,
    limit: float,
    means: array[float],
    last_ns: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
) -> None:
    """Score = smoothed power / smoothed output; not scored before `ready_frames` of running or at output <= output_min.

    last_ns = [last row, frames since the means were started].
    """
    for i in range(n):
        score[i] = measure[i] = NAN
        limits[i] = limit
        state[i] = gate[i]
        if gate[i] != NORMAL:
            continue
        p, o = values[i * width + power], values[i * width + output]
        if p != p or o != o:
            state[i] = UNKNOWN
            continue
        gap = time_ns[i] - last_ns[0]
        if last_ns[0] == NEVER or gap > reset_ns or gap < 0:
            means[0], means[1], last_ns[1] = p, o, 0
        else:
            frames = min(gap // period_ns, step_frames)
            w = 1.0 - power_n(decay, frames)
            means[0] = means[0] + w * (p - means[0])
            means[1] = means[1] + w * (o - means[1])
            last_ns[1] = last_ns[1] + frames
        last_ns[0] = time_ns[i]
        if last_ns[1] < ready_frames or means[1] <= output_min:
            state[i] = UNKNOWN
        else:
            score[i] = measure[i] = means[0] / means[1]


def _credit(at: array[int], sums: array[float], kwh: float, span: int, mode: int) -> None:
    sums[1] = sums[1] + kwh
    at[2] += span
    if 0 <= mode <= 2:
        at[3 + mode] += span


def _close(
    at: array[int],
    sums: array[float],
    rows: int,
    out_time: array[int],
    out_kwh: array[float],
    out_kw: array[float],
    out_mode: array[float],
    out_covered: array[int],
) -> int:
    if at[2] > 0:
        best = 0
        for j in (1, 2):
            if at[3 + j] > at[3 + best]:
                best = j
        out_time[rows] = at[1]
        out_kwh[rows] = sums[1]
        out_kw[rows] = sums[1] / (at[2] / NS_PER_H)
        out_mode[rows] = float(best) if at[3 + best] > 0 else NAN
        out_covered[rows] = at[2]
        rows += 1
    sums[1] = 0.0
    for j in range(2, 6):
        at[j] = 0
    return rows


def energy_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    power: int,
    factor: float,
    mode: array[int],
    gap_ns: int,
    bucket_ns: int,
    at: array[int],
    sums: array[float],
    out_time: array[int],
    out_kwh: array[float],
    out_kw: array[float],
    out_mode: array[float],
    out_covered: array[int],
) -> int:
    """Integrate power by trapezoids into buckets of `bucket_ns`; return how many buckets were closed.

    A step longer than `gap_ns` is a gap: not integrated and missing from `out_covered`. A step over an edge is split
    there by interpolation. `factor` converts the power to kW. mode: 0 off, 1 idle, 2 load, else unknown; the bucket
    carries the one that held longest. at = [last row, bucket, covered, off, idle, load], sums = [last kW, kWh].
    """
    rows = 0
    outs = (out_time, out_kwh, out_kw, out_mode, out_covered)
    for i in range(n):
        p = values[i * width + power] * factor
        if p != p:
            at[0] = NEVER
            continue
        t = time_ns[i]
        start = t - t % bucket_ns
        gap = t - at[0]
        if at[0] != NEVER and 0 < gap <= gap_ns:
            edge = at[1] + bucket_ns
            if t >= edge and at[1] != NEVER:
                middle = sums[0] + (p - sums[0]) * ((edge - at[0]) / gap)
                kwh = 0.5 * (sums[0] + middle) * ((edge - at[0]) / NS_PER_H)
                _credit(at, sums, kwh, edge - at[0], mode[i])
                rows = _close(at, sums, rows, *outs)
                at[1] = start
                _credit(at, sums, 0.5 * (middle + p) * ((t - edge) / NS_PER_H), t - edge, mode[i])
            else:
                _credit(at, sums, 0.5 * (sums[0] + p) * (gap / NS_PER_H), gap, mode[i])
        elif at[1] != start:
            if at[1] != NEVER:
                rows = _close(at, sums, rows, *outs)
            at[1] = start
        at[0] = t
        sums[0] = p
    return rows


def trapezoid(time_ns: array[int], value: array[float], gap_ns: int) -> tuple[float, int, int]:
    """(kWh, covered ns, missing ns) of a kW column; steps over `gap_ns` or beside a NaN are missing, never bridged."""
    acc = [0.0] * 8
    used = covered = missing = 0
    for i in range(1, len(time_ns)):
        gap = time_ns[i] - time_ns[i - 1]
        if 0 < gap <= gap_ns and value[i] == value[i] and value[i - 1] == value[i - 1]:
            acc[used & 7] += 0.5 * (value[i] + value[i - 1]) * (gap / NS_PER_H)
            used += 1
            covered += gap
        elif gap > 0:
            missing += gap
    return fold8(acc), covered, missing
