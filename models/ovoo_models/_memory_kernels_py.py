"""Signals without their own memory, limits that remember a peak, change points: the digits of _memory_kernels.pyx.

`gate`, `use` and `state` hold one code a row: 0 unknown, 1 off, 2 settling, 3 scored and normal. Times are
nanoseconds; -1 stands for never. Rows are d inputs wide, NaN = missing.
"""

from __future__ import annotations

import math
from array import array

from ovoo_models._lanes_py import clip, dot8, dot_all, power_n
from ovoo_models._rows_py import Gate, GateRow, Row, row_doubles

__all__ = ["ChangePointRow", "change_point_rows", "peak_limit_rows", "residual_rows"]

NAN = float("nan")
NEVER = -1
UNKNOWN, SETTLING, NORMAL = 0, 2, 3


def _residual(y: float, prior: float, keep: float, inverse: float, frames: int) -> float:
    if frames == 1:
        return (y - keep * prior) * inverse
    if frames == 0:
        return y * inverse * math.sqrt(1.0 - keep * keep)
    p = power_n(keep, frames)
    return (y - p * prior) * inverse * math.sqrt((1.0 - keep * keep) / (1.0 - p * p))


def residual_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    columns: array[int],
    centre: array[float],
    inverse: array[float],
    low: array[float],
    high: array[float],
    bound: float,
    keep: array[float],
    keep_inverse: array[float],
    period_ns: int,
    reset_ns: int,
    prior: array[float],
    prior_ns: array[int],
    residual: array[float],
    use: array[int],
) -> None:
    """Write r = (y - keep^m prior) x keep_inverse x scale(m), n x d: what a signal's own last value does not foretell.

    y = (x - centre) x inverse, clipped to +-bound, m = periods since the signal's last value; |keep| < 1.
    scale(m) = sqrt((1 - keep^2)/(1 - keep^2m)) keeps the variance of r at 1 over gaps; after none, more than
    `reset_ns` or a step back in time the value is taken as it is (m without end). A row with an input outside
    [low, high] gets `use` 0 and no residuals; one that the gate shuts keeps the gate's code.
    """
    d = len(columns)
    for i in range(n):
        row = [values[i * width + column] for column in columns]
        residual[i * d : i * d + d] = array("d", [NAN]) * d
        use[i] = gate[i]
        outside = any(x < a or x > b for x, a, b in zip(row, low, high, strict=False))
        if outside and use[i] == NORMAL:
            use[i] = UNKNOWN
        if use[i] != NORMAL:
            continue
        for k, x in enumerate(row):
            if x != x:
                continue
            y = clip((x - centre[k]) * inverse[k], bound)
            gap = time_ns[i] - prior_ns[k]
            frames = max((gap + period_ns // 2) // period_ns, 1)
            if prior_ns[k] == NEVER or gap <= 0 or gap > reset_ns:
                frames = 0
            residual[i * d + k] = clip(_residual(y, prior[k], keep[k], keep_inverse[k], frames), bound)
            prior[k], prior_ns[k] = y, time_ns[i]


def peak_limit_rows(
    time_ns: array[int],
    score: array[float],
    limits: array[float],
    state: array[int],
    n: int,
    share: float,
    decay: float,
    period_ns: int,
    reset_ns: int,
    peak: array[float],
    peak_ns: array[int],
) -> None:
    """Raise `limits` to `share` of the greatest score so far, which fades by `decay` a period.

    So a great fault has ended when the score has fallen to a small share of what it was, though it left the plant
    a little beside its old normal point. A gap above `reset_ns` or a step back in time forgets the peak.
    """
    for i in range(n):
        if state[i] != NORMAL:
            continue
        gap = time_ns[i] - peak_ns[0]
        if peak_ns[0] == NEVER or gap < 0 or gap > reset_ns:
            peak[0] = 0.0
        else:
            peak[0] = peak[0] * power_n(decay, max(gap // period_ns, 1))
        peak_ns[0] = time_ns[i]
        if score[i] > peak[0]:
            peak[0] = score[i]
        least = share * peak[0]
        if least > limits[i]:
            limits[i] = least


def _fill_absent(precision: array[float], d: int, y: array[float], absent: array[int]) -> None:
    for _sweep in range(8):
        for k in range(d):
            if absent[k]:
                y[k] = y[k] - dot8(precision, y, d, k * d) / precision[k * d + k]


def _take_row(
    residual: array[float], i: int, d: int, precision: array[float], max_missing: int, work: array[float],
    absent: array[int],
) -> bool:  # fmt: skip
    """Bring row i into `work`, absent inputs as their mean given the others; False where too many are absent."""
    row = residual[i * d : i * d + d]
    absent[:d] = array("B", [x != x for x in row])
    missing = sum(absent[:d])
    work[:d] = array("d", [0.0 if x != x else x for x in row])
    if missing > max_missing:
        return False
    if missing:
        _fill_absent(precision, d, work, absent)
    return True


def _weights(quick: float, late: float, frames: int, at_ns: array[int]) -> tuple[float, float]:
    """Weights of a row in both means, at least those of a plain mean since the means started anew."""
    if at_ns[2] == NEVER or frames == 0:
        return quick, late
    at_ns[2] += frames
    share = frames / at_ns[2]
    if share <= late:
        at_ns[2] = NEVER
    return max(quick, share), max(late, share)


def change_point_rows(
    time_ns: array[int],
    residual: array[float],
    d: int,
    n: int,
    use: array[int],
    precision: array[float],
    fast_decay: float,
    slow_decay: float,
    step_frames: int,
    period_ns: int,
    reset_ns: int,
    mute_ns: int,
    max_missing: int,
    limit: float,
    fast: array[float],
    slow: array[float],
    at_ns: array[int],
    work: array[float],
    absent: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    trace: array[float],
) -> None:
    """T2 = c' P c of c = fast - slow, two exponentially weighted means of the residuals.

    At T2 >= limit both start anew as plain means of the rows to come, until their own weights are the greater ones:
    c is 0 then and grows with what changes from there on. Rows are settling for `mute_ns` after that.
    at_ns = [last row used, mute since, periods since the means started anew]. `trace` receives c, n x d;
    measure = T2 / limit. A gap above `reset_ns` or a step back in time puts both means to 0, the normal point.
    """
    lines = [precision[k * d : k * d + d].tolist() for k in range(d)]
    for i in range(n):
        score[i] = measure[i] = NAN
        limits[i] = limit
        state[i] = use[i]
        trace[i * d : i * d + d] = array("d", [a - b for a, b in zip(fast[:d], slow[:d], strict=True)])
        if use[i] != NORMAL:
            continue
        if not _take_row(residual, i, d, precision, max_missing, work, absent):
            state[i] = UNKNOWN
            continue
        gap = time_ns[i] - at_ns[0]
        frames = min(gap // period_ns if gap > 0 else step_frames, step_frames)
        if at_ns[0] == NEVER or gap > reset_ns or gap < 0:
            fast[:d] = slow[:d] = array("d", bytes(8 * d))
            at_ns[1] = at_ns[2] = NEVER
        at_ns[0] = time_ns[i]
        quick, late = _weights(1.0 - power_n(fast_decay, frames), 1.0 - power_n(slow_decay, frames), frames, at_ns)
        fast[:d] = array("d", [at + quick * (goal - at) for at, goal in zip(fast[:d], work[:d], strict=True)])
        slow[:d] = array("d", [at + late * (goal - at) for at, goal in zip(slow[:d], work[:d], strict=True)])
        change = [a - b for a, b in zip(fast[:d], slow[:d], strict=True)]
        products = [dot_all(line, change) for line in lines]
        work[d : 3 * d] = array("d", [*change, *products])
        trace[i * d : i * d + d] = array("d", change)
        if at_ns[1] != NEVER and time_ns[i] - at_ns[1] < mute_ns:
            state[i] = SETTLING
            continue
        at_ns[1] = NEVER
        score[i] = dot_all(products, change)
        measure[i] = score[i] / limit
        if score[i] >= limit:
            at_ns[1], at_ns[2] = time_ns[i], 0


class ChangePointRow:
    """`residual_rows` and `change_point_rows` of one row a call, on arrays that are written in place.

    limit: one cell; residual: room for a row. A row comes a period after the last one used unless it has its own time.
    """

    def __init__(
        self,
        columns: array[int],
        width: int,
        centre: array[float],
        inverse: array[float],
        low: array[float],
        high: array[float],
        bound: float,
        keep: array[float],
        keep_inverse: array[float],
        period_ns: int,
        reset_ns: int,
        prior: array[float],
        prior_ns: array[int],
        precision: array[float],
        fast_decay: float,
        slow_decay: float,
        step_frames: int,
        mute_ns: int,
        max_missing: int,
        limit: array[float],
        fast: array[float],
        slow: array[float],
        at_ns: array[int],
        work: array[float],
        absent: array[int],
        residual: array[float],
        gate: Gate,
    ) -> None:
        self._width, self._inputs, self._period_ns = width, len(columns), period_ns
        self._gate, self._limit, self._at_ns, self._residual = GateRow(gate), limit, at_ns, residual
        self._time, self._code, self._use = array("q", [0]), array("B", [0]), array("B", [0])
        self._memory = (
            self._code, columns, centre, inverse, low, high, bound, keep, keep_inverse, period_ns, reset_ns, prior,
            prior_ns, residual, self._use,
        )  # fmt: skip
        self._change = (
            self._use, precision, fast_decay, slow_decay, step_frames, period_ns, reset_ns, mute_ns, max_missing,
        )  # fmt: skip
        self._state = (fast, slow, at_ns, work, absent)
        self._out = (array("d", [NAN]), array("d", [NAN]), array("d", [NAN]), array("B", [0]))
        self._trace = array("d", bytes(8 * len(columns)))

    def score_rows(
        self,
        time_ns: array[int],
        values: array[float],
        n: int,
        gate: array[int],
        score: array[float],
        limits: array[float],
        measure: array[float],
        state: array[int],
        trace: array[float],
    ) -> None:
        """Score n rows; `trace` receives fast - slow, inputs a row."""
        residual, use = array("d", bytes(8 * n * self._inputs)), array("B", bytes(n))
        residual_rows(time_ns, values, self._width, n, gate, *self._memory[1:-2], residual, use)
        change_point_rows(
            time_ns, residual, self._inputs, n, use, *self._change[1:], self._limit[0], *self._state, score, limits,
            measure, state, trace,
        )  # fmt: skip

    def score(self, row: Row) -> float:
        """T2 of the next row; NaN where it is not scored."""
        return self.score_at(row, max(self._at_ns[0], 0) + self._period_ns)

    def score_learn(self, row: Row) -> float:
        """As `score`: scoring never learns."""
        return self.score(row)

    def score_at(self, row: Row, time_ns: int) -> float:
        """T2 of this row at its time."""
        cells = array("d", row_doubles(row, self._width)[: self._width])
        self._time[0], self._code[0] = time_ns, self._gate.code(time_ns, cells)
        residual_rows(self._time, cells, self._width, 1, *self._memory)
        change_point_rows(
            self._time, self._residual, self._inputs, 1, *self._change, self._limit[0], *self._state, *self._out,
            self._trace,
        )  # fmt: skip
        return self._out[0][0]
