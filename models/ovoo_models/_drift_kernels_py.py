"""Twin baselines, power states and their periods in plain Python: the digits of _drift.h and the .pyx.

plan (48 doubles a model): 8 frozen weights, 7 centres, 7 inverse scales, 7 lows, 7 highs, sigma, 3 rises, 3 falls,
features in use. state (56): upper triangle of the covariance by rows (36), 8 adaptive weights, CUSUM up and down,
mean and variance of the residual, mean twin gap, rows, gap kWh and hours in all, kWh and hours of this run, 2 spare.
clock (4): time of the last row, power state, wanted state, since when. Power is kW, times are nanoseconds, -1 never.
"""

from __future__ import annotations

from array import array

from ovoo_models._lanes_py import clip, dot8
from ovoo_models._rls_py import rls_step

__all__ = [
    "CLOCK",
    "FEATURES",
    "OUT",
    "PLAN",
    "STATE",
    "drift_rows",
    "fill_histogram",
    "period_rows",
    "power_state_rows",
]

PLAN, STATE, CLOCK, OUT, FEATURES = 48, 56, 4, 8, 8
NAN = float("nan")
_SCORED, _UP, _DOWN = 1, 16, 32
_REACH = 32.0
_NO_STATE, _AT_LOAD = 255, 3
_OFF, _NORMAL = 1, 3
_CENTRE, _INVERSE, _LOW, _HIGH, _SIGMA, _RISE, _LIVE = 8, 15, 22, 29, 36, 37, 43
_WEIGHTS, _U, _D, _MEAN, _VARIANCE, _GAP, _ROWS, _GAP_KWH, _HOURS, _RUN_KWH, _RUN_HOURS = 36, *range(44, 54)


def _power_state(
    bounds: array[float], power: float, running: int, now: int, dwell_ns: int, gap_ns: int, clock: array[int]
) -> int:
    if power != power:
        return _NO_STATE
    was = clock[1]
    wanted = sum(power >= bounds[k + 3 if was > k else k] for k in range(3))
    if running >= 0:
        wanted = max(wanted, 1) if running else 0
    fresh = clock[0] == -1 or now < clock[0] or now - clock[0] > gap_ns
    clock[0] = now
    if fresh or wanted == was:
        clock[1] = clock[2] = wanted
        clock[3] = now
        return wanted
    if wanted != clock[2]:
        clock[2], clock[3] = wanted, now
    if now - clock[3] >= dwell_ns:
        clock[1] = wanted
    return clock[1]


def power_state_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    power: int,
    running: int,
    bounds: array[float],
    dwell_ns: int,
    gap_ns: int,
    clock: array[int],
    mode: array[int],
) -> None:
    """State of each row: 0 off, 1 idle, 2 no load, 3 load, 255 where the power is NaN.

    bounds: three rises, then three falls (each fall <= its rise), all rising; equal bounds leave a state out. A change
    counts once it has lasted `dwell_ns`, at once after a gap. running: column of a 0/1 signal, -1: none.
    """
    if len(time_ns) < n or len(values) < n * width or len(mode) < n:
        raise ValueError("rows or output are shorter than n")
    if len(bounds) < 6 or len(clock) < 4 or not 0 <= power < width or running >= width:
        raise ValueError("bounds need 6 cells, clock 4, and the columns must be in the row")
    for i in range(n):
        runs = -1
        if running >= 0:
            flag = values[i * width + running]
            runs = int(flag >= 0.5) if flag == flag else -1
        mode[i] = _power_state(bounds, values[i * width + power], runs, time_ns[i], dwell_ns, gap_ns, clock)


def _features(plan: array[float], values: array[float], start: int, columns: list[int], degree: int) -> list[float]:
    phi = [1.0]
    for k, column in enumerate(columns):
        x = values[start + column]
        if not plan[_LOW + k] <= x <= plan[_HIGH + k]:
            return []
        phi.append((x - plan[_CENTRE + k]) * plan[_INVERSE + k])
    d = len(columns)
    if degree == 2:
        phi += [phi[j + 1] * phi[k + 1] for j in range(d) for k in range(j, d)]
    return phi + [0.0] * (FEATURES - len(phi))


def _unpack(state: array[float]) -> array[float]:
    full, at = array("d", bytes(512)), 0
    for j in range(FEATURES):
        for k in range(j, FEATURES):
            full[j * FEATURES + k] = full[k * FEATURES + j] = state[at]
            at += 1
    return full


def _sums(
    rule: array[float], state: array[float], sigma: float, residual: float, gap: float, h: float, hours: float
) -> int:
    bound, slack, limit, weight, gap_weight = rule[4:9]
    residual = clip(residual, _REACH * bound * sigma)
    v = clip(residual / sigma, bound)
    up, down = state[_U] + h * (v - slack), state[_D] + h * (-v - slack)
    state[_U] = up = min(up, 2.0 * limit) if up > 0.0 else 0.0
    state[_D] = down = min(down, 2.0 * limit) if down > 0.0 else 0.0
    a, d = weight * h, residual - state[_MEAN]
    state[_MEAN] += a * d
    state[_VARIANCE] = (1.0 - a) * (state[_VARIANCE] + a * d * d)
    state[_GAP] += gap_weight * h * (gap - state[_GAP])
    state[_ROWS] += 1.0
    state[_GAP_KWH] += gap * hours
    state[_HOURS] += hours
    runs = up > 0.0 or down > 0.0
    state[_RUN_KWH] = state[_RUN_KWH] + residual * hours if runs else 0.0
    state[_RUN_HOURS] = state[_RUN_HOURS] + hours if runs else 0.0
    return (_UP if up >= limit else 0) | (_DOWN if down >= limit else 0)


class _Model:
    """One model's cells, its covariance unpacked while a block runs."""

    def __init__(
        self,
        rule: array[float],
        times: array[int],
        degree: int,
        plan: array[float],
        state: array[float],
        clock: array[int],
        columns: array[int],
    ) -> None:
        self.rule, self.times, self.degree = rule, times, degree
        self.plan, self.state, self.clock = plan, state, clock
        self.bounds = plan[_RISE : _RISE + 6]
        self.power = columns[0]
        drivers = list(columns[1:])
        self.drivers = drivers[: drivers.index(-1)] if -1 in drivers else drivers
        self.p, self.w = _unpack(state), state[_WEIGHTS : _WEIGHTS + FEATURES]
        self.gain = array("d", bytes(64))

    def row(self, now: int, values: array[float], start: int, gate: int, out: array[float], at: int) -> tuple[int, int]:
        plan, state, clock = self.plan, self.state, self.clock
        step_ns, reset_ns, dwell_ns = self.times[:3]
        power = values[start + self.power]
        since = 0 if clock[0] == -1 else now - clock[0]
        mode = _power_state(self.bounds, power, 0 if gate == _OFF else -1, now, dwell_ns, reset_ns, clock)
        phi: list[float] = []
        if gate == _NORMAL and mode == _AT_LOAD and clock[2] == _AT_LOAD:
            phi = _features(plan, values, start, self.drivers, self.degree)
        if not phi:
            self._put(NAN, NAN, out, at)
            return 0, mode
        if since < 0 or since > reset_ns:
            since = 0
        row = array("d", phi)
        expected, adaptive = dot8(plan, row, FEATURES), dot8(self.w, row, FEATURES)
        bits = _SCORED | _sums(
            self.rule, state, plan[_SIGMA], power - expected, adaptive - expected, min(since, step_ns) / step_ns,
            since / 3.6e12,
        )  # fmt: skip
        self._put(expected, adaptive, out, at)
        forget, trace_max, excite_min, prior, bound = self.rule[:5]
        bits |= rls_step(
            self.p, self.w, row, self.gain, FEATURES, int(plan[_LIVE]), 0, power, adaptive, bound * plan[_SIGMA],
            forget, trace_max, excite_min, prior,
        )  # fmt: skip
        return bits, mode

    def _put(self, expected: float, adaptive: float, out: array[float], at: int) -> None:
        state = self.state
        kept = [expected, adaptive, state[_U], state[_D], state[_MEAN], state[_GAP], state[_GAP_KWH], state[_RUN_KWH]]
        out[at : at + OUT] = array("d", kept)

    def close(self) -> None:
        packed = [self.p[j * FEATURES + k] for j in range(FEATURES) for k in range(j, FEATURES)]
        self.state[:_WEIGHTS] = array("d", packed)
        self.state[_WEIGHTS : _WEIGHTS + FEATURES] = self.w


def drift_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    models: int,
    columns: array[int],
    degree: int,
    rule: array[float],
    times: array[int],
    plan: array[float],
    state: array[float],
    clock: array[int],
    out: array[float],
    bits: array[int],
    mode: array[int],
) -> None:
    """Run `models` models over n rows; a model is scored and learns at load (state 3, and no row of another
    state that does not count yet) where its gate is 3 (normal).

    gate (models x n). columns (models x 8): power, then up to 7 drivers, -1 ends them. rule: forget, trace_max,
    excite_min, prior, bound, slack, limit, weight, gap_weight; times: step, reset, dwell. A row weighs
    h = time since the last row / step, at most 1, and 0 after a gap longer than `reset`. CUSUM pair
    = max(0, c + h (+-clip(residual / sigma, bound) - slack)), at most twice the limit.
    out (models x n x 8): frozen and adaptive expectation (kW, NaN where not scored), CUSUM up, down, mean residual,
    mean gap, gap kWh in all, excess kWh of this run. bits: 1 scored, 2 updated, 4 excited, 8 clipped, 16 up, 32 down,
    64 trace at its bound, 128 covariance restarted.
    """
    _check(time_ns, values, width, n, gate, models, columns, degree, rule, times, plan, state, clock, out, bits, mode)
    for each in range(models):
        cells = state[STATE * each : STATE * (each + 1)]
        marks = clock[CLOCK * each : CLOCK * (each + 1)]
        model = _Model(
            rule, times, degree, plan[PLAN * each : PLAN * (each + 1)], cells, marks,
            columns[FEATURES * each : FEATURES * (each + 1)],
        )  # fmt: skip
        for i in range(n):
            at = each * n + i
            bits[at], mode[at] = model.row(time_ns[i], values, i * width, gate[at], out, at * OUT)
        model.close()
        state[STATE * each : STATE * (each + 1)] = cells
        clock[CLOCK * each : CLOCK * (each + 1)] = marks


def _check(
    time_ns: array[int], values: array[float], width: int, n: int, gate: array[int], models: int, columns: array[int],
    degree: int, rule: array[float], times: array[int], plan: array[float], state: array[float], clock: array[int],
    out: array[float], bits: array[int], mode: array[int],
) -> None:  # fmt: skip
    if len(rule) < 9 or len(times) < 3 or times[0] <= 0 or degree not in (1, 2):
        raise ValueError("rule needs 9 cells, times 3 with a positive step, degree 1 or 2")
    if len(time_ns) < n or len(values) < n * width or len(gate) < models * n or len(columns) < 8 * models:
        raise ValueError("rows, gate or columns are shorter than n")
    if len(plan) < PLAN * models or len(state) < STATE * models or len(clock) < CLOCK * models:
        raise ValueError("plan, state or clock are shorter than the models")
    if len(out) < OUT * models * n or len(bits) < models * n or len(mode) < models * n:
        raise ValueError("output is shorter than models x n")
    for each in range(models):
        own = list(columns[FEATURES * each : FEATURES * (each + 1)])
        drivers = own[1 : own.index(-1)] if -1 in own[1:] and own[0] >= 0 else own[1:]
        if own[0] < 0:
            raise ValueError("a power column is needed")
        if degree == 2 and len(drivers) > 2:
            raise ValueError("degree 2 holds at most two drivers")
        if max(own[0], *drivers, 0) >= width:
            raise ValueError("a column is outside the row")
        if not (plan[PLAN * each + _SIGMA] > 0.0 and 1.0 <= plan[PLAN * each + _LIVE] <= 8.0):
            raise ValueError("sigma must be positive and the features 1 to 8")


def fill_histogram(
    values: array[float],
    width: int,
    n: int,
    column: int,
    low: float,
    step: float,
    decay: float,
    counts: array[float],
) -> int:
    """Multiply the counts by `decay`, then add the rows of a column; what lies outside goes to the end cells.

    Returns how many rows were not NaN.
    """
    cells = len(counts)
    if len(values) < n * width or not 0 <= column < width or not step > 0.0 or cells < 2:
        raise ValueError("values are shorter than n, or column, step or cells are out of range")
    if decay < 1.0:
        counts[:] = array("d", [count * decay for count in counts])
    used = 0
    for i in range(n):
        x = values[i * width + column]
        if x != x:
            continue
        place = (x - low) / step
        counts[0 if place < 0.0 else cells - 1 if place >= cells else int(place)] += 1.0
        used += 1
    return used


def _credit(sums: array[float], kwh: float, span: int, code: int) -> None:
    sums[1 + code] = sums[1 + code] + kwh
    sums[6 + code] = sums[6 + code] + float(span)


def _close(start: int, sums: array[float], closed: int, out_start: array[int], out: array[float]) -> int:
    if sums[6] + sums[7] + sums[8] + sums[9] + sums[10] > 0.0:
        out_start[closed] = start
        out[10 * closed : 10 * closed + 10] = sums[1:11]
        closed += 1
    sums[1:11] = array("d", bytes(80))
    return closed


def period_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    power: int,
    factor: float,
    mode: array[int],
    gap_ns: int,
    period_ns: int,
    at: array[int],
    sums: array[float],
    out_start: array[int],
    out: array[float],
) -> int:
    """Trapezoids of power x factor (kW) into periods and, within them, the later row's state; returns how many closed.

    Steps longer than `gap_ns`, or to a missing power, are bridged by nothing; shorter ones are cut at the edges.
    out (10 a period): kWh in states 0 to 3 and unknown, nanoseconds of each. at = [last row, start of the open period];
    sums = [last power, the 10 cells of the open period].
    """
    if len(time_ns) < n or len(values) < n * width or len(mode) < n or not 0 <= power < width:
        raise ValueError("columns are shorter than n, or the power column is outside the row")
    if period_ns <= 0 or gap_ns <= 0 or len(at) < 2 or len(sums) < 11:
        raise ValueError("a positive period and gap are needed, and a state of 2 and 11 cells")
    room = n * (gap_ns // period_ns + 2)
    if len(out_start) < room or len(out) < 10 * room:
        raise ValueError("output is shorter than n (gap / period + 2)")
    closed = 0
    for i in range(n):
        p = values[i * width + power] * factor
        if p != p:
            at[0] = -1
            continue
        t, code, last = time_ns[i], min(mode[i], 4), at[0]
        gap = t - last
        if last != -1 and 0 < gap <= gap_ns:
            before, edge = sums[0], at[1] + period_ns
            while t >= edge:
                after = sums[0] + (p - sums[0]) * (float(edge - at[0]) / float(gap))
                _credit(sums, 0.5 * (before + after) * (float(edge - last) / 3.6e12), edge - last, code)
                closed = _close(at[1], sums, closed, out_start, out)
                at[1] = last = edge
                before, edge = after, edge + period_ns
            _credit(sums, 0.5 * (before + p) * (float(t - last) / 3.6e12), t - last, code)
        elif at[1] != t - t % period_ns:
            if at[1] != -1:
                closed = _close(at[1], sums, closed, out_start, out)
            at[1] = t - t % period_ns
        at[0] = t
        sums[0] = p
    return closed
