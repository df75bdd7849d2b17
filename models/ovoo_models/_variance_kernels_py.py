"""Row loop of the variance detector in plain Python: the same steps and digits as _variance_kernels.pyx."""

from __future__ import annotations

from array import array

from ovoo_models._lanes_py import clip, power_n

__all__ = ["variance_rows"]

NAN = float("nan")
NEVER = -1
UNKNOWN, NORMAL = 0, 3


def _residual(row: array[float], columns: array[int], weights: array[float]) -> float:
    residual = row[columns[0]] - weights[0]
    for k in range(1, len(columns)):
        residual = residual - weights[k] * row[columns[k]]
    return residual


def variance_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    columns: array[int],
    weights: array[float],
    inverse_sigma: float,
    mean_decay: float,
    ratio_decay: float,
    step_frames: int,
    period_ns: int,
    reset_ns: int,
    clip2: float,
    slack: float,
    ceiling: float,
    limit: float,
    running: array[float],
    last_ns: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    trace: array[float],
) -> None:
    """CUSUM of v = ((r - mean of r) / sigma)^2 over its usual value: S <- max(0, S + w (min(v, clip2) - slack)).

    r = first input - weights[0] - sum of weights[k] x input k. Its mean runs with mean_decay a period, so that a
    lasting shift passes and a swing does not. w = periods since the last row over step_frames, at most 1; the first
    row, a row more than reset_ns after the last one or before it starts mean and S anew and is scored 0.
    score = S, held under ceiling; measure = average of v (ratio_decay a period), the variance as a multiple of normal;
    trace = the deviation (r - mean) / sigma, within +-100. A row in which an input is missing or infinite is not scored
    and S waits.
    After n steps v is taken times n / (n + 1), for the mean of n is uncertain itself; its weight is 1 / n at first.
    running = [mean, S, average of v, n]. Source: Page, Biometrika 41 (1954); Hawkins and Olwell (1998), chapter 4.
    """
    for i in range(n):
        score[i] = measure[i] = NAN
        limits[i] = limit
        state[i] = gate[i]
        trace[i] = 0.0
        if gate[i] != NORMAL:
            continue
        residual = _residual(values[i * width : i * width + width], columns, weights)
        if residual - residual != 0.0:
            state[i] = UNKNOWN
            continue
        gap = time_ns[i] - last_ns[0]
        if last_ns[0] == NEVER or gap < 0 or gap > reset_ns:
            running[0], running[1], running[2], running[3] = residual, 0.0, 1.0, 0.0
            frames = 0
        else:
            frames = min(gap // period_ns, step_frames)
        last_ns[0] = time_ns[i]
        deviation = clip((residual - running[0]) * inverse_sigma, 100.0)
        square = deviation * deviation * (running[3] / (running[3] + 1.0))
        if square > clip2:
            square = clip2
        share = frames / step_frames
        running[3] = 1.0 if running[3] == 0.0 else running[3] + share
        weight = 1.0 - power_n(mean_decay, frames)
        if share > weight * running[3]:
            weight = share / running[3]
        running[0] = running[0] + weight * (deviation / inverse_sigma)
        total = running[1] + share * (square - slack)
        running[1] = 0.0 if total < 0.0 else ceiling if total > ceiling else total
        running[2] = running[2] + (1.0 - power_n(ratio_decay, frames)) * (square - running[2])
        score[i] = running[1]
        measure[i] = running[2]
        trace[i] = deviation
