"""Row loops of the sensor checks in plain Python: the same steps and digits as _sensor_kernels.pyx.

Common arguments are those of _kernels_py. `at` and `ring`, `run`, `level` are the state that goes on from block to
block.
"""

from __future__ import annotations

from array import array

from ovoo_models._lanes_py import dot8

__all__ = ["drift_rows", "mask_rows", "noise_rows", "scale_column", "spike_rows", "unit_rows", "watch_rows"]

NAN = float("nan")
NEVER = -1
UNKNOWN, NORMAL, PENDING, ALARM = 0, 3, 4, 5
HUGE = 1e6


def spike_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    column: int,
    limit: float,
    longest: int,
    gap_ns: int,
    ring: array[float],
    at: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    held: array[int],
) -> None:
    """Distance from the median of the last five accepted values; a jump that returns within `longest` rows is a spike.

    While away, the rows are held back (`held` = 5) and score 0; the row of the return scores the greatest distance. A
    jump that stays longer is a step of the process: it scores nothing and becomes the new level.
    ring = [five values, greatest distance]; at = [values known, place of the oldest, rows away, last time].
    """
    for i in range(n):
        x = values[i * width + column]
        score[i] = measure[i] = NAN
        limits[i] = limit
        state[i] = gate[i]
        held[i] = NORMAL
        if gate[i] != NORMAL:
            at[0] = at[2] = 0
            continue
        if x != x:
            state[i] = UNKNOWN
            continue
        if at[3] != NEVER and (time_ns[i] - at[3] > gap_ns or time_ns[i] < at[3]):
            at[0] = at[2] = 0
        at[3] = time_ns[i]
        if at[0] < 5:
            ring[at[0]] = x
            at[0] += 1
            at[1] = 0
            state[i] = UNKNOWN
            continue
        away = x - sorted(ring[:5])[2]
        score[i] = abs(away)
        measure[i] = away
        if score[i] >= limit:
            at[2] += 1
            if at[2] > longest:
                ring[:5] = array("d", [x] * 5)
                at[2] = 0
            else:
                held[i] = ALARM
                if at[2] == 1 or score[i] > abs(ring[5]):
                    ring[5] = away
            score[i] = 0.0
        else:
            if at[2] > 0:
                measure[i] = ring[5]
                score[i] = abs(ring[5])
                at[2] = 0
            ring[at[1]] = x
            at[1] = (at[1] + 1) % 5


def noise_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    column: int,
    usual: float,
    up: float,
    down: float,
    weight: float,
    bound: float,
    warm: int,
    step_ns: int,
    gap_ns: int,
    run: array[float],
    at: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
) -> None:
    """Exponentially weighted mean square of the differences over `step_ns`, as a ratio to `usual`.

    score = the greater of ratio / up and down / ratio. One square counts at most `bound` times the usual one, so that
    a single jump is no noise. The first `warm` differences after a stop or a gap are not scored.
    run = [last value, ratio]; at = [its time, differences].
    """
    for i in range(n):
        x = values[i * width + column]
        score[i] = measure[i] = NAN
        limits[i] = 1.0
        state[i] = gate[i]
        if gate[i] != NORMAL:
            at[0], at[1] = NEVER, 0
            continue
        if x != x:
            state[i] = UNKNOWN
            continue
        gap = time_ns[i] - at[0]
        if at[0] == NEVER or gap > gap_ns or gap < 0:
            run[0], at[0] = x, time_ns[i]
        elif gap >= step_ns:
            square = (x - run[0]) * (x - run[0]) / usual
            square = bound if square > bound else square
            run[0], at[0] = x, time_ns[i]
            if at[1] == 0:
                run[1] = 1.0
            run[1] = run[1] + weight * (square - run[1])
            at[1] += 1
        if at[1] < warm:
            state[i] = UNKNOWN
            continue
        ratio = run[1]
        measure[i] = ratio
        score[i] = ratio / up
        low = down / ratio if ratio * HUGE > down else HUGE
        if low > score[i]:
            score[i] = low


def unit_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    column: int,
    low: float,
    high: float,
    near: float,
    far: float,
    scale: array[float],
    offset: array[float],
    gap_ns: int,
    level: array[float],
    at: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
) -> None:
    """Score 1 while the value, outside [low, high], is the last good one times `scale` plus `offset`, else 0.

    It must jump there from a good value by `far` or more, in one step and within `gap_ns`; the value turned back must
    lie inside the
    range and within `near` of the last one. level = [last good value, turned back where it slipped];
    at = [0 good, 1 slipped, 2 lost; the conversion; last time]. measure = the factor.
    """
    for i in range(n):
        x = values[i * width + column]
        score[i] = measure[i] = NAN
        limits[i] = 1.0
        state[i] = gate[i]
        if gate[i] != NORMAL:
            at[0] = 2
            continue
        if x != x:
            state[i] = UNKNOWN
            continue
        if at[0] == 0 and (time_ns[i] - at[2] > gap_ns or time_ns[i] < at[2]):
            at[0] = 2
        at[2] = time_ns[i]
        score[i] = 0.0
        if low <= x <= high:
            at[0], level[0] = 0, x
            continue
        off = x - level[0] if x >= level[0] else level[0] - x
        if at[0] == 2 or (at[0] == 0 and off < far):
            at[0] = 2
            continue
        best, least = -1, near
        for k in range(len(scale)):
            if at[0] == 1 and k != at[1]:
                continue
            back = (x - offset[k]) / scale[k]
            off = back - level[0] if back >= level[0] else level[0] - back
            if low <= back <= high and off <= least:
                best, least = k, off
        if best < 0:
            at[0] = 2
            continue
        at[0], at[1] = 1, best
        level[0] = (x - offset[best]) / scale[best]
        score[i] = 1.0
        measure[i] = scale[best]


def drift_rows(
    trace: array[float],
    n: int,
    precision: array[float],
    inverse: array[float],
    reach: array[float],
    rest: float,
    columns: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    blamed: array[int],
) -> None:
    """How much of T2 vanishes were one signal what the others say, over its own limit `reach`; the greatest counts.

    Takes T2 in `score` and the smoothed inputs in `trace`. Where more than `rest` of T2 is left without that signal,
    the others do not agree among themselves, and where the next signal explains more than half as much it is not clear
    which one walks: the score, 1 at most, shrinks by rest / left. measure = the signal's
    distance from
    what the others say, in its unit; `blamed` its column. Source: Dunia et al., AIChE Journal 42 (1996), 2797-2812.
    """
    d = len(columns)
    for i in range(n):
        limits[i] = 1.0
        measure[i] = NAN
        blamed[i] = -1
        if state[i] != NORMAL:
            score[i] = NAN
            continue
        t2, best, most, second, away = score[i], 0, -1.0, 0.0, 0.0
        for k in range(d):
            pull = dot8(precision, trace, d, k * d, i * d)
            gain = pull * pull / precision[k * d + k]
            if gain > most:
                second = most if most > second else second
                best, most, away = k, gain, pull / precision[k * d + k]
            elif gain > second:
                second = gain
        left = t2 - most
        score[i] = most / reach[best]
        if left > rest:
            score[i] = (score[i] if score[i] < 1.0 else 1.0) * (rest / left)
        if 2.0 * second > most:
            score[i] = (score[i] if score[i] < 1.0 else 1.0) * (most / (2.0 * second))
        measure[i] = away / inverse[best]
        blamed[i] = columns[best]


def mask_rows(
    values: array[float], width: int, n: int, state: array[int], blamed: array[int], carry: array[int]
) -> int:
    """Make the blamed signal missing where `state` is alarm, on through rows that were not scored; count the cells.

    carry = [column hidden at the end of the last block, -1 none].
    """
    if any(column >= width for column in blamed[:n]):
        raise ValueError("column is outside the row")
    hidden = 0
    for i in range(n):
        if state[i] == ALARM and blamed[i] >= 0:
            carry[0] = blamed[i]
        elif state[i] in (NORMAL, PENDING):
            carry[0] = -1
        if carry[0] >= 0:
            values[i * width + carry[0]] = NAN
            hidden += 1
    return hidden


def scale_column(column: array[float], n: int, factor: float) -> None:
    """Multiply the first n cells."""
    if len(column) < n:
        raise ValueError("column is shorter than n")
    for i in range(n):
        column[i] = column[i] * factor


def watch_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    columns: array[int],
    low: array[float],
    high: array[float],
    mean: array[float],
    inverse: array[float],
    most_outside: float,
    most_shift: float,
    span_ns: int,
    least_rows: int,
    sums: array[float],
    last: array[float],
    counts: array[int],
    at: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    trace: array[float],
) -> None:
    """Each whole span of `span_ns` gives each input a figure that stands for the next span; the score is the greatest.

    figure = the greater of |mean of the span - mean| x inverse / most_shift and the share of values outside
    [low, high] / most_outside. Spans with fewer than `least_rows` values of an input leave its figure as it was. A row
    without any value has no score.
    `last` holds the figures; counts = [values, values outside], d each; at = [the open span, 1 once there are figures].
    """
    d = len(columns)
    for i in range(n):
        span = _quotient(time_ns[i], span_ns)
        if span != at[0]:
            for k in range(d):
                if counts[k] >= least_rows:
                    shift = abs((sums[k] / counts[k] - mean[k]) * inverse[k]) / most_shift
                    share = counts[d + k] / counts[k] / most_outside
                    last[k] = shift if shift > share else share
                    at[1] = 1
                sums[k] = 0.0
                counts[k] = counts[d + k] = 0
            at[0] = span
        limits[i] = 1.0
        state[i] = gate[i]
        score[i] = measure[i] = NAN
        if gate[i] == NORMAL:
            present = 0
            for k, column in enumerate(columns):
                x = values[i * width + column]
                if x == x:
                    present += 1
                    if x < low[k] or x > high[k]:
                        counts[d + k] += 1
                    shift = (x - mean[k]) * inverse[k]
                    if shift > 100.0:
                        x = mean[k] + 100.0 / inverse[k]
                    elif shift < -100.0:
                        x = mean[k] - 100.0 / inverse[k]
                    sums[k] = sums[k] + x
                    counts[k] += 1
            if at[1] and present:
                score[i] = max(0.0, *last[:d]) if d else 0.0
                measure[i] = score[i]
            else:
                state[i] = UNKNOWN
        trace[i * d : i * d + d] = last[:d]


def _quotient(a: int, b: int) -> int:
    """Division that cuts towards zero, as in C."""
    return a // b if a >= 0 else -(-a // b)
