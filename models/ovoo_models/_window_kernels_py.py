"""Row loops of the window model in plain Python: the same steps and digits as _window_kernels.pyx."""

from __future__ import annotations

from array import array

from ovoo_models._lanes_py import clip, dot8, dot_all

__all__ = ["step_rows", "window_rows"]

NAN = float("nan")
GREATEST = 1e150
NEVER = BREAK = -1
UNKNOWN, NORMAL = 0, 3
PARTS = 8


def step_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    column: int,
    period_ns: int,
    step_frames: int,
    fill_steps: int,
    partial: array[float],
    last_ns: array[int],
    mean: array[float],
    steps: array[int],
) -> None:
    """Means of a signal over steps of `step_frames` frames.

    A row that ends a step gets its mean, and in `steps` how many steps passed since the last one (those between had
    no row), or -1 where the stream broke: at its start, after more than `fill_steps` steps without a row, or when
    time went back. Other rows get NaN and 0. partial: sum, rows and frames of the step under way.
    """
    for i in range(n):
        mean[i] = NAN
        steps[i] = 0
        x = values[i * width + column]
        if gate[i] != NORMAL or not (-GREATEST <= x <= GREATEST):
            continue
        gap = time_ns[i] - last_ns[0]
        frames = (gap + period_ns // 2) // period_ns if gap > 0 else 0
        if last_ns[0] == NEVER or gap < 0 or frames > (fill_steps + 1) * step_frames:
            steps[i] = BREAK
            frames = step_frames
            partial[0] = partial[1] = partial[2] = 0.0
        last_ns[0] = time_ns[i]
        partial[0] = partial[0] + x
        partial[1] = partial[1] + 1.0
        partial[2] = partial[2] + frames
        if partial[2] >= step_frames:
            mean[i] = partial[0] / partial[1]
            if steps[i] != BREAK:
                steps[i] = int(partial[2]) // step_frames
            partial[0] = partial[1] = partial[2] = 0.0


def _push(z: float, w: int, ring: array[float], at: array[int]) -> None:
    ring[at[0]] = ring[at[0] + w] = z
    at[0] = (at[0] + 1) % w
    at[1] = min(at[1] + 1, w)


def _residual(window: array[float], k: int, mean: array[float], basis: array[float], work: array[float]) -> float:
    w = len(mean)
    centred = [a - b for a, b in zip(window, mean, strict=True)]
    work[:w] = array("d", centred)
    total = dot_all(centred, centred)
    for j in range(k):
        a = dot8(basis, work, w, j * w)
        work[w + j] = a
        total = total - a * a
    return total / w if total > 0.0 else 0.0


def _part(w: int, k: int, basis: array[float], work: array[float]) -> float:
    for j in range(k):
        a = work[w + j]
        for p in range(w):
            work[p] = work[p] - a * basis[j * w + p]
    sums = [0.0] * PARTS
    for j in range(w):
        sums[j * PARTS // w] += work[j] * work[j]
    return float(sums.index(max(sums)))


def window_rows(
    step: array[float],
    steps: array[int],
    n: int,
    gate: array[int],
    values: array[float],
    width: int,
    column: int,
    centre: float,
    inverse: float,
    bound: float,
    mean: array[float],
    basis: array[float],
    limit: float,
    ring: array[float],
    at: array[int],
    held: array[float],
    work: array[float],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    trace: array[float],
) -> None:
    """Mean square of what a basis cannot rebuild of the window of the last w steps, in variances of training.

    mean: w cells; basis: k orthonormal rows of w. ring: 2 w cells; at: next place, values in it. Steps without a row
    repeat the last value. held: score and part of the last whole window, which stand until the next step ends.
    trace: the eighth of the window, 0 the oldest, that is rebuilt worst; 0 below the limit. work: w + k cells.
    """
    w = len(mean)
    k = len(basis) // w
    for i in range(n):
        limits[i] = limit
        if steps[i] != 0:
            z = clip((step[i] - centre) * inverse, bound)
            if steps[i] == BREAK:
                at[1] = 0
                held[0], held[1] = NAN, 0.0
            else:
                last = ring[at[0] + w - 1]
                for _again in range(1, steps[i]):
                    _push(last, w, ring, at)
            _push(z, w, ring, at)
            if at[1] == w:
                held[0] = _residual(ring[at[0] : at[0] + w], k, mean, basis, work)
                held[1] = _part(w, k, basis, work) if held[0] >= limit else 0.0
        x = values[i * width + column]
        state[i] = gate[i]
        if gate[i] == NORMAL and (not (-GREATEST <= x <= GREATEST) or held[0] != held[0]):
            state[i] = UNKNOWN
        scored = state[i] == NORMAL
        score[i], measure[i], trace[i] = (held[0], x, held[1]) if scored else (NAN, NAN, NAN)
