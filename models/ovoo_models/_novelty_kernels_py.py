"""Row loop of the multi-scale range in plain Python: the same steps and digits as _novelty_kernels.pyx."""

from __future__ import annotations

from array import array

from ovoo_models._lanes_py import power_n

__all__ = ["novelty_rows"]

NAN = float("nan")
GREATEST, CAP, RELATIVE, ABSOLUTE, START, AGES = 1e150, 1e6, 1e-9, 1e-12, 2.0, 2.5
NEVER = -1
UNKNOWN, NORMAL = 0, 3


def novelty_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    column: int,
    period_ns: int,
    step_frames: int,
    keep: array[float],
    spans: array[float],
    confidence: float,
    warm_frames: float,
    quiet_share: float,
    memory_frames: float,
    limit: float,
    counts: array[float],
    last_ns: array[int],
    levels: array[float],
    ranges: array[float],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    trace: array[float],
) -> None:
    """How far a row is beyond everything seen, in units of what was seen, on S scales at once.

    keep: what one frame leaves of each smoothed mean (S cells) and of the ranges (last cell). spans: frames of memory
    of each of the 3 S figures: value; S means; S mean absolute deviations; S - 1 differences of neighbouring means.
    counts: frames seen, frames still quiet. levels: means, then deviations. ranges: low, high, peak and side of the
    excursion under way (1 above, -1 below, 0 none), frames seen; a figure. trace: +-(figure + 1) that scores highest.
    Rows up to `warm_frames` are not scored. A row is at most `step_frames` frames, at least one.
    """
    scales = len(keep) - 1
    for i in range(n):
        score[i] = measure[i] = NAN
        limits[i] = limit
        state[i] = gate[i]
        trace[i] = 0.0
        if gate[i] != NORMAL:
            continue
        x = values[i * width + column]
        if not (-GREATEST <= x <= GREATEST):
            state[i] = UNKNOWN
            continue
        gap = time_ns[i] - last_ns[0]
        frames = gap // period_ns if last_ns[0] != NEVER and gap > 0 else step_frames
        frames = min(max(frames, 1), step_frames)
        last_ns[0] = time_ns[i]
        absorb = counts[0] + frames <= warm_frames or counts[1] > 0.0
        _smooth(x, frames, scales, keep, counts, levels)
        found, code = _novelty(x, frames, scales, keep, spans, confidence, absorb, counts[0], levels, ranges)
        counts[1] = counts[1] - frames if counts[1] > 0.0 else 0.0
        if counts[0] <= warm_frames:
            state[i] = UNKNOWN
            continue
        score[i], measure[i], trace[i] = found, x, code
        if found >= limit:
            counts[1] = quiet_share * min(counts[0], memory_frames)


def _smooth(x: float, frames: int, scales: int, keep: array[float], counts: array[float], levels: array[float]) -> None:
    counts[0] = counts[0] + frames
    if counts[0] == frames:
        levels[:] = array("d", [x] * scales + [0.0] * scales)
        return
    least = frames / counts[0]
    for k in range(scales):
        weight = max(1.0 - power_n(keep[k], frames), least)
        off = x - levels[k]
        levels[k] = levels[k] + weight * off
        levels[scales + k] = levels[scales + k] + weight * (abs(off) - levels[scales + k])


def _novelty(
    x: float,
    frames: int,
    scales: int,
    keep: array[float],
    spans: array[float],
    confidence: float,
    absorb: bool,
    seen: float,
    levels: array[float],
    ranges: array[float],
) -> tuple[float, float]:
    best, code = 0.0, 0.0
    # while a stream is young its extremes are those of its start, and fade faster
    fade = max(1.0 - power_n(keep[scales], frames), frames / (AGES * seen))
    narrow = RELATIVE * max(abs(ranges[0]), abs(ranges[1])) + ABSOLUTE
    gaps = [levels[k] - levels[k + 1] for k in range(scales - 1)]
    for k, v in enumerate([x, *levels, *gaps]):
        if seen < spans[k]:
            continue
        r = ranges[5 * k : 5 * k + 5]
        e = _excess(r, v, frames, spans[k], confidence, absorb, fade, narrow)
        ranges[5 * k : 5 * k + 5] = r
        if e > best:
            best, code = e, (k + 1) * r[3]
    return min(best, CAP), code


def _excess(
    r: array[float],
    v: float,
    frames: int,
    span: float,
    confidence: float,
    absorb: bool,
    fade: float,
    narrow: float,
) -> float:
    if r[4] == 0.0:
        r[0] = r[1] = v
    r[4] = r[4] + frames
    if r[3] != 0.0 and (absorb or (v <= r[1] if r[3] > 0.0 else v >= r[0])):
        r[1 if r[3] > 0.0 else 0] = r[2]
        r[3] = 0.0
    if absorb or r[4] < START * span:
        r[0], r[1] = min(r[0], v), max(r[1], v)
        return 0.0
    if r[0] <= v <= r[1]:
        r[1] = r[1] - fade * (r[1] - v)
        r[0] = r[0] + fade * (v - r[0])
        return 0.0
    if r[3] == 0.0:
        r[3] = 1.0 if v > r[1] else -1.0
        r[2] = v
    beyond = v - r[1] if r[3] > 0.0 else r[0] - v
    if (v > r[2]) == (r[3] > 0.0):
        r[2] = v
    return beyond / max(r[1] - r[0], narrow) * (r[4] / (r[4] + confidence * span))
