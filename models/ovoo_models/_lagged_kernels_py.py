"""Row loop of the lagged detector in plain Python: the same steps and digits as _lagged_kernels.pyx."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from ovoo_models._lanes_py import clip, dot_all

__all__ = ["lagged_rows"]

NAN = float("nan")
NEVER = -1
UNKNOWN, NORMAL = 0, 3
WIDE = 1e4


def _products(matrix: list[list[float]], x: Sequence[float]) -> list[float]:
    y = [0.0] * len(matrix[0])
    whole = len(x) - len(x) % 4
    for j in range(0, whole, 4):
        x0, x1, x2, x3 = x[j : j + 4]
        lines = zip(y, *matrix[j : j + 4], strict=True)
        y = [at + ((a * x0 + b * x1) + (c * x2 + d * x3)) for at, a, b, c, d in lines]
    for j in range(whole, len(x)):
        x0 = x[j]
        y = [at + a * x0 for at, a in zip(y, matrix[j], strict=True)]
    return y


def _standardise(
    row: array[float],
    columns: array[int],
    centre: array[float],
    inverse: array[float],
    bound: float,
    z: list[float],
    present: list[float],
) -> int:
    missing = 0
    for k, column in enumerate(columns):
        x = row[column]
        if x != x:
            present[k] = 0.0
            z[k] = 0.0
            missing += 1
        else:
            present[k] = 1.0
            z[k] = clip((x - centre[k]) * inverse[k], bound)
    return missing


def _fill_absent(precision: list[list[float]], e: list[float], present: list[float]) -> None:
    for k in range(len(e)):
        if not present[k]:
            e[k] = 0.0
    for _sweep in range(8):
        for k, line in enumerate(precision):
            if not present[k]:
                e[k] = e[k] - dot_all(line, e) / line[k]


def _average(
    averages: array[float],
    u: list[float],
    present: list[float],
    rates: tuple[float, float, float],
    clip2: float,
    ceiling: array[float],
) -> None:
    d = len(u)
    for k, error in enumerate(u):
        bounded = clip(error, ceiling[4])
        wide = min(error * error, WIDE)
        square = min(wide, clip2)
        at = averages[4 * d + k]
        averages[4 * d + k] = at + rates[0] * present[k] * (wide - at)
        for place, rate in ((0, rates[0]), (1, rates[1])):
            at = averages[place * d + k]
            averages[place * d + k] = clip(at + rate * present[k] * (bounded - at), ceiling[place])
        for place, rate in ((2, rates[0]), (3, rates[2])):
            at = averages[place * d + k]
            averages[place * d + k] = min(at + rate * present[k] * (square - at), ceiling[place])


def _statistics(averages: array[float], d: int) -> list[float]:
    found = []
    for place in range(4):
        part = averages[place * d : place * d + d]
        top = 0.0
        for x in part:
            size = x if x > 0.0 or place > 1 else -x
            top = max(top, size)
        found.append(top if place < 2 else math.sqrt(top))
    ones = [1.0] * d
    return found + [math.sqrt(dot_all(averages[k * d : k * d + d], ones) / d) for k in (2, 3)]


def _worst(statistics: list[float], usual: array[float], inverse_spread: array[float]) -> tuple[int, float]:
    best, score = 0, 0.0
    for k in range(6):
        x = (statistics[k] - usual[k]) * inverse_spread[k]
        if x > score:
            best, score = k, x
    return best, score


def _blame(averages: array[float], d: int, best: int) -> list[float]:
    start = d * (best if best < 2 else 4)
    part = averages[start : start + d]
    return [x * x for x in part] if best < 2 else [x - 1.0 if x - 1.0 > 0.0 else 0.0 for x in part]


def lagged_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    columns: array[int],
    lags: int,
    centre: array[float],
    inverse: array[float],
    coefficient: array[float],
    precision: array[float],
    weight: array[float],
    usual: array[float],
    inverse_spread: array[float],
    ceiling: array[float],
    fast: float,
    middle: float,
    slow: float,
    clip2: float,
    bound: float,
    limit: float,
    max_missing: int,
    step_ns: int,
    slack_ns: int,
    reset_ns: int,
    past: array[float],
    averages: array[float],
    blame: array[float],
    held: array[float],
    last: array[int],
    work: array[float],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    trace: array[float],
    statistics: array[float],
) -> None:
    """What each row says beyond its forecast from `lags` rows before it and beyond the other inputs of the row.

    e = y - C' past (C: lags d x d), y standardised and clipped to +-bound; u = weight * (P e) is input k's error given
    all the others, one in size in normal work. Averages of u, of weights `fast` and `middle` a step, and of
    min(u^2, clip2), of weights `fast` and `slow`, make six statistics: greatest |average| (2), root of the greatest and
    of the mean squared average (2 + 2).
    score = the greatest of (statistic - usual) * inverse_spread, at least 0; measure = score / limit.
    A row nearer than step_ns - slack_ns to the last one used repeats its score; one further than 1.5 steps away, or
    after rows that were gated off, starts the lags anew and the next `lags` rows are not scored; one further than
    reset_ns, or back in time, starts the averages too (0 and 1). Absent inputs, at most max_missing, take their mean
    given forecast and the others, and their averages wait.
    past: lags x d, newest first. averages: 5 x d, the last one fast and of u^2 up to 1e4, which tells causes apart
    where the others are clipped. blame: the shares of the row used last (squared average where a shift won, else the
    excess of the fifth average over 1), which `trace` repeats, n x d. held: the score used last. last = [time used,
    lags filled]. work: 4 x d. statistics: n x 6. ceiling: bounds of the four averages and of u itself.
    """
    d = len(columns)
    m = lags * d
    forecast = [coefficient[j * d : j * d + d].tolist() for j in range(m)]
    lines = [precision[k * d : k * d + d].tolist() for k in range(d)]
    z, present = [0.0] * d, [0.0] * d
    for i in range(n):
        score[i] = measure[i] = NAN
        limits[i] = limit
        state[i] = gate[i]
        trace[i * d : i * d + d] = array("d", bytes(8 * d))
        statistics[6 * i : 6 * i + 6] = array("d", [NAN] * 6)
        if gate[i] != NORMAL:
            last[1] = 0
            continue
        gap = time_ns[i] - last[0]
        if last[0] == NEVER or gap < 0 or gap > reset_ns:
            last[1] = 0
            held[0] = NAN
            averages[: 5 * d] = array("d", [0.0] * (2 * d) + [1.0] * (3 * d))
        elif gap < step_ns - slack_ns:
            if held[0] == held[0] and last[1] >= lags:
                score[i] = held[0]
                measure[i] = held[0] / limit
                trace[i * d : i * d + d] = blame[:d]
            else:
                state[i] = UNKNOWN
            continue
        elif gap > step_ns + step_ns // 2:
            last[1] = 0
        row = values[i * width : i * width + width]
        missing = _standardise(row, columns, centre, inverse, bound, z, present)
        if missing > max_missing:
            state[i] = UNKNOWN
            continue
        last[0] = time_ns[i]
        if last[1] < lags:
            last[1] += 1
            held[0] = NAN
            state[i] = UNKNOWN
        else:
            e = [at - x for at, x in zip(z, _products(forecast, past[:m]), strict=True)]
            if missing:
                z = [at if here else -error for at, error, here in zip(z, e, present, strict=True)]
                _fill_absent(lines, e, present)
                z = [at if here else at + error for at, error, here in zip(z, e, present, strict=True)]
            u = [x * w for x, w in zip(_products(lines, e), weight, strict=True)]
            _average(averages, u, present, (fast, middle, slow), clip2, ceiling)
            found = _statistics(averages, d)
            best, value = _worst(found, usual, inverse_spread)
            blame[:d] = array("d", _blame(averages, d, best))
            held[0] = value
            score[i] = value
            measure[i] = value / limit
            statistics[6 * i : 6 * i + 6] = array("d", found)
            trace[i * d : i * d + d] = blame[:d]
        past[d:m] = past[: m - d]
        past[:d] = array("d", z)
