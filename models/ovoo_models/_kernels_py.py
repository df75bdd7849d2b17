"""Row loops of the detectors in plain Python: the same steps and digits as _kernels.pyx.

Common arguments: `values` holds n rows of `width` doubles, NaN = missing; `gate` and `state` hold one code a row:
0 unknown, 1 off, 2 settling, 3 scored and normal, 4 pending, 5 alarm, 6 idle and 7 under load where that is not
the model's regime. A row that is not scored has score NaN.
Every detector writes `score`, `limits` (a score at or above its limit is a violation) and `measure`, the figure a
finding quotes. Times are nanoseconds; -1 stands for never.
"""

from __future__ import annotations

from array import array

from ovoo_models._lanes_py import clip, dot8, dot_all, power_n
from ovoo_models._rows_py import Gate, GateRow

__all__ = [
    "dot",
    "flatline_rows",
    "gate_rows",
    "latch_rows",
    "mewma_rows",
    "moment_rows",
    "range_rows",
    "rate_rows",
    "regime_rows",
]

NAN = float("nan")
NEVER = -1
UNKNOWN, OFF, SETTLING, NORMAL, PENDING, ALARM = range(6)


def dot(a: array[float], b: array[float]) -> float:
    """Inner product in the fixed lane order."""
    if len(a) != len(b):
        raise ValueError("lengths differ")
    return dot8(a, b, len(a))


def gate_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    column: int,
    low: float,
    high: float,
    settle_ns: int,
    gap_ns: int,
    state_ns: array[int],
    out: array[int],
) -> None:
    """Say for each row whether the asset runs (low <= gate <= high) and has settled; column -1 means no gate.

    A gap in the data longer than `gap_ns` starts the settling anew. state_ns = [running since, last row].
    """
    for i in range(n):
        if column < 0:
            out[i] = NORMAL
            continue
        x = values[i * width + column]
        if x != x:
            out[i] = UNKNOWN
            continue
        at = time_ns[i]
        if not (low <= x <= high):
            out[i] = OFF
            state_ns[0] = NEVER
        else:
            if state_ns[0] == NEVER or at < state_ns[0] or at - state_ns[1] > gap_ns:
                state_ns[0] = at
            out[i] = NORMAL if at - state_ns[0] >= settle_ns else SETTLING
        state_ns[1] = at


def regime_rows(time_ns: array[int], values: array[float], width: int, n: int, gate: Gate, out: array[int]) -> None:
    """Say for each row whether the asset is off, has just started or changed its regime, or is settled in one.

    gate: `Gate.parts`. A settled row is NORMAL where its regime is scored, else IDLE or LOAD.
    """
    load = -1 if len(gate) == 6 else gate[6]
    if gate[0] >= width or load >= width:
        raise ValueError("gate column is outside the row")
    if len(gate[5]) < (2 if load < 0 else 3):
        raise ValueError("state of the gate is too short")
    row = GateRow(gate)
    for i in range(n):
        out[i] = row.code(time_ns[i], values[i * width : i * width + width])


def _standardise(
    values: array[float],
    start: int,
    columns: array[int],
    centre: array[float],
    inverse: array[float],
    low: array[float],
    high: array[float],
    bound: float,
    y: array[float],
    absent: array[int],
) -> int:
    missing = 0
    for k, column in enumerate(columns):
        x = values[start + column]
        if x < low[k] or x > high[k]:
            return len(columns) + 1
        if x != x:
            absent[k] = 1
            y[k] = 0.0
            missing += 1
        else:
            absent[k] = 0
            y[k] = clip((x - centre[k]) * inverse[k], bound)
    return missing


def _fill_absent(precision: array[float], d: int, y: array[float], absent: array[int]) -> None:
    for _sweep in range(8):
        for k in range(d):
            if absent[k]:
                p = precision[k * d + k]
                y[k] = y[k] - dot8(precision, y, d, k * d) / p


def _quadratic(precision_rows: list[list[float]], z: list[float], work: array[float]) -> float:
    products = [dot_all(row, z) for row in precision_rows]
    work[len(z) : 2 * len(z)] = array("d", products)
    return dot_all(products, z)


def mewma_rows(
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
    precision: array[float],
    decay: float,
    step_frames: int,
    period_ns: int,
    reset_ns: int,
    max_missing: int,
    bound: float,
    limit: float,
    adapt: float,
    z: array[float],
    last_ns: array[int],
    work: array[float],
    absent: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    trace: array[float],
) -> None:
    """T2 = z' P z of the exponentially weighted, standardised inputs, z <- z + (1 - decay^k)(y - z).

    k = periods since the last scored row, at most `step_frames`; after more than `reset_ns` z starts from 0, the mean.
    A row with an input outside [low, high] is not scored. y is clipped to +-bound, absent inputs take their mean
    given the others (at most `max_missing`, else not scored).
    `adapt` > 0 lets the mean follow while T2 is below half its limit, never above: a fault is not absorbed.
    `trace` receives z, n x d. measure = T2 / limit. Source: Lowry et al., Technometrics 34 (1992), 46-53.
    """
    d = len(columns)
    precision_rows = [precision[k * d : k * d + d].tolist() for k in range(d)]
    for i in range(n):
        score[i] = measure[i] = NAN
        limits[i] = limit
        state[i] = gate[i]
        if gate[i] == NORMAL:
            missing = _standardise(values, i * width, columns, centre, inverse, low, high, bound, work, absent)
            if missing > max_missing:
                state[i] = UNKNOWN
            else:
                if missing:
                    _fill_absent(precision, d, work, absent)
                gap = time_ns[i] - last_ns[0]
                frames = gap // period_ns if gap > 0 else step_frames
                if last_ns[0] == NEVER or gap > reset_ns or gap < 0:
                    for k in range(d):
                        z[k] = 0.0
                frames = min(frames, step_frames)
                w = 1.0 - power_n(decay, frames)
                z[:d] = array("d", [at + w * (goal - at) for at, goal in zip(z[:d], work[:d], strict=True)])
                last_ns[0] = time_ns[i]
                t2 = _quadratic(precision_rows, z[:d].tolist(), work)
                score[i] = t2
                measure[i] = t2 / limit
                if adapt > 0.0 and t2 < 0.5 * limit:
                    for k in range(d):
                        if not absent[k]:
                            x = values[i * width + columns[k]]
                            step = clip((x - centre[k]) * inverse[k], bound) / inverse[k]
                            centre[k] = centre[k] + adapt * frames * step
        trace[i * d : i * d + d] = z[:d]


def moment_rows(rows: array[float], d: int, n: int, use: array[int], total: array[float], cross: array[float]) -> int:
    """Add each whole row whose `use` is 3 to the sums and cross products; return how many were added."""
    count = 0
    for i in range(n):
        row = rows[i * d : i * d + d]
        if use[i] != NORMAL or any(x != x for x in row):
            continue
        count += 1
        for j in range(d):
            total[j] += row[j]
            for k in range(d):
                cross[j * d + k] += row[j] * row[k]
    return count


def range_rows(
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    column: int,
    low: float,
    high: float,
    inverse_hysteresis: float,
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
) -> None:
    """Score >= 1 outside [low, high] (the bounds themselves violate), < 0 once back inside by the hysteresis."""
    for i in range(n):
        x = values[i * width + column]
        score[i] = NAN
        limits[i] = 1.0
        measure[i] = x
        state[i] = gate[i]
        if gate[i] != NORMAL:
            continue
        if x != x:
            state[i] = UNKNOWN
            continue
        above = (x - high) * inverse_hysteresis + 1.0
        below = (low - x) * inverse_hysteresis + 1.0
        score[i] = above if above > below else below


def flatline_rows(
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    column: int,
    tolerance: float,
    anchor: array[float],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
) -> None:
    """Score 1 while the value stays within +-tolerance of the last value that moved, else 0; the latch times it."""
    for i in range(n):
        x = values[i * width + column]
        score[i] = NAN
        limits[i] = 1.0
        measure[i] = x
        state[i] = gate[i]
        if gate[i] != NORMAL:
            continue
        if x != x:
            state[i] = UNKNOWN
            continue
        moved = x - anchor[0]
        if moved <= tolerance and -moved <= tolerance:
            score[i] = 1.0
        else:
            score[i] = 0.0
            anchor[0] = x


def rate_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    column: int,
    max_per_s: float,
    over_ns: int,
    gap_ns: int,
    anchor: array[float],
    anchor_ns: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
) -> None:
    """Score = |change| / time / max_per_s over at least `over_ns`; starts anew after a stop or a gap."""
    for i in range(n):
        x = values[i * width + column]
        score[i] = measure[i] = NAN
        limits[i] = 1.0
        state[i] = gate[i]
        if gate[i] != NORMAL:
            anchor_ns[0] = NEVER
            continue
        if x != x:
            state[i] = UNKNOWN
            continue
        gap = time_ns[i] - anchor_ns[0]
        if anchor_ns[0] == NEVER or gap > gap_ns or gap < 0:
            anchor[0] = x
            anchor[1] = 0.0
            anchor_ns[0] = time_ns[i]
        elif gap >= over_ns and gap > 0:
            moved = x - anchor[0]
            if moved < 0.0:
                moved = -moved
            anchor[1] = moved / (gap / 1e9)
            anchor[0] = x
            anchor_ns[0] = time_ns[i]
        measure[i] = anchor[1]
        score[i] = anchor[1] / max_per_s


def _latch_step(
    at: array[int],
    peak: array[float],
    t: int,
    score: float,
    limit: float,
    measure: float,
    release: float,
    on_ns: int,
    off_ns: int,
    merge_ns: int,
    update_ns: int,
) -> int:
    high, low = score >= limit, score < limit * release
    kind = 0
    if at[0] == 0 and high:
        at[0], at[1] = 1, t
        peak[0], peak[1] = score / limit, measure
    if at[0] != 0 and high:
        at[3] = t
        peak[2] = measure
        if score / limit > peak[0]:
            peak[0], peak[1] = score / limit, measure
    if at[0] == 1:
        if not high:
            at[0] = 0
        elif t - at[1] >= on_ns:
            at[0], at[6], kind = 2, t, 1
            if at[5] != NEVER and at[1] - at[5] <= merge_ns:
                kind = 3
            else:
                at[2] = at[1]
    elif at[0] == 2 and low:
        at[0], at[4] = 3, t
    if at[0] == 3:
        if not low:
            at[0] = 2
        elif t - at[4] >= off_ns:
            at[0], at[5], kind = 0, at[4], 4
    if kind == 0 and at[0] >= 2 and t - at[6] >= update_ns:
        at[6], kind = t, 2
    return kind


def latch_one(
    at: array[int],
    peak: array[float],
    t: int,
    state: int,
    score: float,
    limit: float,
    measure: float,
    release: float,
    on_ns: int,
    off_ns: int,
    merge_ns: int,
    update_ns: int,
    gap_ns: int,
) -> tuple[int, int]:
    """The event of one row (0: none) and its state, now pending or in alarm where it is."""
    if at[7] != NEVER and (t - at[7] > gap_ns or t < at[7]):
        if at[0] == 1:
            at[0] = 0
        if at[0] == 3:
            at[4] = t
    at[7] = t
    if state != NORMAL:
        if at[0] == 1:
            at[0] = 0
        return 0, state
    kind = _latch_step(at, peak, t, score, limit, measure, release, on_ns, off_ns, merge_ns, update_ns)
    return kind, ALARM if at[0] >= 2 else PENDING if at[0] == 1 else state


def latch_rows(
    time_ns: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    n: int,
    release: float,
    on_ns: int,
    off_ns: int,
    merge_ns: int,
    update_ns: int,
    gap_ns: int,
    at: array[int],
    peak: array[float],
    event_row: array[int],
    event_kind: array[int],
    event_ns: array[int],
    event_value: array[float],
) -> int:
    """Turn violations into alarms with delays and hysteresis; write pending and alarm into `state`; return the events.

    Kinds: 1 opened, 2 still there, 3 opened again within `merge_ns` (keeps its start), 4 closed. An event carries
    start and end, and peak score / limit, the measure at the peak and the measure at the last violating row.
    Rows that are not scored neither open nor close; a stop or a gap forgets what was pending.
    """
    events = 0
    for i in range(n):
        kind, state[i] = latch_one(
            at, peak, time_ns[i], state[i], score[i], limits[i], measure[i], release, on_ns, off_ns, merge_ns,
            update_ns, gap_ns,
        )  # fmt: skip
        if kind:
            event_row[events], event_kind[events] = i, kind
            event_ns[2 * events], event_ns[2 * events + 1] = at[2], at[4] if kind == 4 else at[3]
            event_value[3 * events : 3 * events + 3] = peak[0:3]
            events += 1
    return events
