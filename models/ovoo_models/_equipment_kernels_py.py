"""Efficiencies of equipment and their uncertainty in plain Python: the digits of _equipment_kernels.pyx.

A kind is a number; its inputs and their units stand in `efficiency.equipment`. Besides its result each kind has a
ratio that physics holds under 1 (0: none), by which impossible readings are told. Standard uncertainties propagate by
central differences a standard uncertainty wide, sensors independent (GUM, 5.1). Logarithms are series: sqrt is all
of libm that is used.

Codes of a row: 0 computed; 1 + i input i out of its bounds; 100 the ratio is above 1 by more than twice its
uncertainty; 200 an input is missing; 201 not defined, such as a machine that draws no power.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

__all__ = ["KINDS", "equipment_one", "equipment_rows", "loss_rows"]

NAN = float("nan")
GRAVITY = 9.80665
ZERO_C = 273.15
OK, ABOVE_ONE, MISSING, UNDEFINED = 0, 100, 200, 201
UNKNOWN, NORMAL = 0, 3
KINDS = (0, 7, 5, 7, 6, 7, 6, 3, 4, 6, 3, 5, 5)
"""Inputs of each kind; kind 0 is none."""
PUMP, FAN, COMPRESSOR, BOILER, CHILLER, EXCHANGER = 1, 2, 3, 4, 5, 6
MOTOR, BELT, MAIN_FAN, PASTEURISER, DRYER, BOILER_DIRECT = 7, 8, 9, 10, 11, 12


def _over(a: float, b: float) -> float:
    return a / b if b != 0.0 else NAN


def _ln(r: float) -> float:
    """ln r to a share of 3e-7 for 0.01 < r < 100, 1e-9 up to 10: three square roots, then the area tangent."""
    if not r > 0.0:
        return NAN
    q = math.sqrt(math.sqrt(math.sqrt(r)))
    z = (q - 1.0) / (q + 1.0)
    w = z * z
    return 16.0 * z * (1.0 + w * (1.0 / 3.0 + w * (1.0 / 5.0 + w * (1.0 / 7.0 + w / 9.0))))


def _mean_difference(a: float, b: float) -> float:
    """Logarithmic mean of two temperature differences; NaN unless both are above zero."""
    if not (a > 0.0 and b > 0.0):
        return NAN
    middle, apart = 0.5 * (a + b), a - b
    if abs(apart) < 1e-3 * middle:
        return middle - apart * apart / (12.0 * middle)
    return apart / _ln(a / b)


def _compressor(x: Sequence[float]) -> tuple[float, float]:
    flow = _over(x[1] * x[2], x[4]) * _over(x[5] + ZERO_C, x[3] + ZERO_C)
    specific = _over(x[0], flow)
    return specific, _over(x[4] / 60.0 * _ln(_over(x[6], x[4])), specific)


def _chiller(x: Sequence[float]) -> tuple[float, float]:
    cop = _over(x[0] / 3600.0 * x[3] * x[4] * (x[1] - x[2]), x[5])
    return cop, cop * (x[6] - x[2]) / (x[2] + ZERO_C) if x[6] > x[2] else 0.0


def _exchanger(x: Sequence[float]) -> tuple[float, float]:
    duty = x[0] * x[1] * (x[2] - x[3])
    return _over(duty, _mean_difference(x[2] - x[5], x[3] - x[4])), _over(x[2] - x[3], x[2] - x[4])


def _pair(kind: int, x: Sequence[float]) -> tuple[float, float]:
    """Result and ratio."""
    if kind == COMPRESSOR:
        return _compressor(x)
    if kind == CHILLER:
        return _chiller(x)
    if kind == EXCHANGER:
        return _exchanger(x)
    if kind == MOTOR:
        return _over(x[0] * x[2], x[1]), x[2]
    if kind == BELT:
        lifted = x[1] * GRAVITY * x[3] / 3600.0
        return _over(x[0], x[1] * x[2]), _over(lifted, x[0]) if x[3] > 0.0 else 0.0
    if kind == DRYER:
        return _over(x[0] + x[1], _over(x[2] * (x[3] - x[4]), 100.0 - x[4])), 0.0
    if kind == PUMP:
        found = _over(x[0] / 3600.0 * ((x[2] - x[1]) + x[4] * GRAVITY * x[3] * 1e-3), x[5] * x[6])
    elif kind == FAN:
        found = _over(x[0] * x[1] * x[2] * 1e-3, x[3] * x[4])
    elif kind == BOILER:
        found = 1.0 - ((x[1] - x[2]) * (_over(x[3], 21.0 - x[0]) + x[4]) + x[5]) * 0.01
    elif kind == MAIN_FAN:
        speed = _over(x[0], x[2])
        found = _over(x[0] * (x[1] + 0.5 * x[3] * speed * speed) * 1e-3, x[4] * x[5])
    elif kind == PASTEURISER:
        found = _over(x[1] - x[0], x[2] - x[0])
    else:
        found = _over(x[0] * (x[1] - x[2]), x[3] * x[4])
    return found, found


def _bounds(x: Sequence[float], low: Sequence[float], high: Sequence[float], m: int) -> int:
    for i in range(m):
        if x[i] != x[i]:
            return MISSING
    for i in range(m):
        if not low[i] <= x[i] <= high[i]:
            return 1 + i
    return OK


def equipment_one(
    kind: int,
    x: array[float],
    u: array[float],
    low: array[float],
    high: array[float],
    parts: array[float],
) -> tuple[float, float, float, float, int]:
    """Result, its standard uncertainty, ratio, its uncertainty, code; `parts` takes each sensor's part, with sign."""
    m = KINDS[kind]
    code = _bounds(x, low, high, m)
    if code:
        return NAN, NAN, NAN, NAN, code
    value, ratio = _pair(kind, x)
    each = list(x[:m])
    total = ratio_total = 0.0
    for i in range(m):
        if u[i] == 0.0:
            parts[i] = 0.0
            continue
        each[i] = x[i] + u[i]
        above, ratio_above = _pair(kind, each)
        each[i] = x[i] - u[i]
        below, ratio_below = _pair(kind, each)
        each[i] = x[i]
        parts[i] = 0.5 * (above - below)
        total += parts[i] * parts[i]
        half = 0.5 * (ratio_above - ratio_below)
        ratio_total += half * half
    sigma, ratio_sigma = math.sqrt(total), math.sqrt(ratio_total)
    if not (abs(value) < 1e300 and sigma < 1e300 and abs(ratio) < 1e300 and ratio_sigma < 1e300):
        return NAN, NAN, NAN, NAN, UNDEFINED
    return value, sigma, ratio, ratio_sigma, ABOVE_ONE if ratio - 2.0 * ratio_sigma > 1.0 else OK


def equipment_rows(
    kind: int,
    values: array[float],
    width: int,
    n: int,
    columns: array[int],
    constants: array[float],
    absolute: array[float],
    relative: array[float],
    low: array[float],
    high: array[float],
    out: array[float],
    sigma: array[float],
    code: array[int],
    parts: array[float],
) -> None:
    """Result, uncertainty and code of n rows of `width`; input k is column columns[k], constants[k] where that is -1.

    The standard uncertainty of input k is absolute[k] + relative[k] |value|. out and sigma are NaN where code is not 0.
    """
    m = KINDS[kind]
    x, u = array("d", bytes(8 * m)), array("d", bytes(8 * m))
    row = array("d", bytes(8 * m))
    for i in range(n):
        for k in range(m):
            x[k] = constants[k] if columns[k] < 0 else values[i * width + columns[k]]
            u[k] = absolute[k] + relative[k] * abs(x[k])
            row[k] = NAN
        out[i], sigma[i], _ratio, _ratio_sigma, code[i] = equipment_one(kind, x, u, low, high, row)
        if code[i]:
            out[i] = sigma[i] = NAN
        parts[i * m : i * m + m] = row


def loss_rows(
    time_ns: array[int],
    n: int,
    gate: array[int],
    result: array[float],
    sigma: array[float],
    code: array[int],
    decay: float,
    gap_ns: int,
    warm: int,
    better: float,
    fit: array[float],
    limit: float,
    run: array[float],
    at: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    trace: array[float],
) -> None:
    """Loss of the smoothed result against fit[0] in standard uncertainties, for rows that `equipment_rows` computed.

    fit: reference and its own standard uncertainty. run: smoothed result, rows in it; a gap over gap_ns starts it
    anew, and it is scored from `warm` rows on. better: 1 where more is better, else -1. measure: loss in percent of the
    reference; trace: smoothed result and the uncertainty of the loss.
    """
    for i in range(n):
        score[i] = limits[i] = measure[i] = trace[2 * i] = trace[2 * i + 1] = NAN
        state[i] = gate[i]
        if gate[i] != NORMAL:
            continue
        state[i] = UNKNOWN
        if code[i] != OK:
            continue
        if not 0 <= time_ns[i] - at[0] <= gap_ns or run[1] == 0.0:
            run[0] = result[i]
            run[1] = 0.0
        at[0] = time_ns[i]
        run[0] = decay * run[0] + (1.0 - decay) * result[i]
        run[1] = run[1] + 1.0
        spread = math.sqrt(sigma[i] * sigma[i] + fit[1] * fit[1])
        if run[1] < warm or not spread > 0.0:
            continue
        found = (fit[0] - run[0]) * better / spread
        if not abs(found) < 1e300:
            continue
        score[i] = found
        limits[i] = limit
        measure[i] = 100.0 * (found * spread) / abs(fit[0])
        trace[2 * i] = run[0]
        trace[2 * i + 1] = spread
        state[i] = NORMAL
