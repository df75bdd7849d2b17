"""Products of readings and factors of small matrices in plain Python: the digits of _balance_kernels.pyx.

Matrices are row-major columns of doubles.
"""

from __future__ import annotations

import math
from array import array

from ovoo_models._lanes_py import dot8

__all__ = ["balance_rows", "cholesky", "gram_rows", "inverse_of", "row_products"]

NAN = float("nan")
NEVER = -1
UNKNOWN, NORMAL = 0, 3


def gram_rows(values: array[float], width: int, n: int, products: array[float]) -> int:
    """Add the products of every two readings of a row, with a last reading of 1, to `products` ((width + 1)^2 cells).

    Rows with a NaN or an infinite reading are left out; the number of the others is given.
    """
    side, used = width + 1, 0
    for i in range(n):
        row = values[i * width : (i + 1) * width]
        if not all(math.isfinite(x) for x in row):
            continue
        used += 1
        for j, x in enumerate(row):
            at = j * side
            for k in range(j + 1):
                products[at + k] = products[at + k] + x * row[k]
            products[width * side + j] = products[width * side + j] + x
        products[width * side + width] = products[width * side + width] + 1.0
    for j in range(side):
        for k in range(j):
            products[k * side + j] = products[j * side + k]
    return used


def cholesky(a: array[float], n: int) -> int:
    """The lower factor of a symmetric matrix in its place; -1, or the row at which it is not positive definite."""
    for i in range(n):
        for j in range(i):
            x = a[i * n + j] - dot8(a, a, j, i * n, j * n)
            a[i * n + j] = x / a[j * n + j]
        x = a[i * n + i] - dot8(a, a, i, i * n, i * n)
        if not x > 0.0:
            return i
        a[i * n + i] = math.sqrt(x)
        for j in range(i + 1, n):
            a[i * n + j] = 0.0
    return -1


def inverse_of(factor: array[float], n: int, work: array[float], out: array[float]) -> None:
    """The inverse of the matrix whose lower factor is given; `work` takes the inverse of the factor, a column a row."""
    for j in range(n):
        for i in range(j):
            work[j * n + i] = 0.0
        work[j * n + j] = 1.0 / factor[j * n + j]
        for i in range(j + 1, n):
            work[j * n + i] = -dot8(factor, work, i - j, i * n + j, j * n + j) / factor[i * n + i]
    for j in range(n):
        for k in range(j, n):
            out[j * n + k] = dot8(work, work, n - k, j * n + k, k * n + k)
            out[k * n + j] = out[j * n + k]


def row_products(a: array[float], b: array[float], rows_a: int, rows_b: int, width: int, out: array[float]) -> None:
    """out = A B': the inner product of every row of `a` with every row of `b`."""
    for i in range(rows_a):
        for j in range(rows_b):
            out[i * rows_b + j] = dot8(a, b, width, i * width, j * width)


def balance_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    columns: array[int],
    signs: array[float],
    d: int,
    share: float,
    floor: float,
    loss: float,
    coverage: float,
    lag: float,
    block_ns: int,
    least_rows: int,
    sums: array[float],
    held: array[float],
    at: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    trace: array[float],
) -> None:
    """Imbalance of the means of `d` inputs over blocks of time, against what their class and their delay explain.

    share, floor: standard uncertainty as a share of a mean, and in its unit; loss: share of what enters that is lost;
    lag: delay / block, at most 1. A row scores the block before its own. sums: 5 d cells, held: d + 3, at: block, its
    rows, block scored, whether the range of the block before is known; -1 stands for never.
    """
    for i in range(n):
        limits[i], score[i], measure[i] = 1.0, NAN, NAN
        here = i * (d + 1)
        for j in range(d + 1):
            trace[here + j] = NAN
        block = time_ns[i] // block_ns
        if block != at[0]:
            if at[0] != NEVER:
                _close_block(signs, d, share, floor, loss, coverage, lag, least_rows, sums, held, at)
            if at[0] == NEVER or block != at[0] + 1 or at[1] == 0:
                at[3] = 0
            at[0], at[1] = block, 0
            for j in range(d):
                sums[j] = 0.0
        state[i] = gate[i]
        if gate[i] != NORMAL:
            continue
        state[i] = UNKNOWN
        row = [values[i * width + columns[j]] for j in range(d)]
        if any(x != x for x in row):
            continue
        for j, x in enumerate(row):
            sums[j] = sums[j] + x
            if at[1] == 0 or x < sums[d + j]:
                sums[d + j] = x
            if at[1] == 0 or x > sums[2 * d + j]:
                sums[2 * d + j] = x
        at[1] += 1
        if at[2] != NEVER and at[2] == block - 1:
            state[i], score[i], measure[i] = NORMAL, held[d + 1], held[d + 2]
            trace[here : here + d + 1] = held[: d + 1]


def _close_block(
    signs: array[float],
    d: int,
    share: float,
    floor: float,
    loss: float,
    coverage: float,
    lag: float,
    least_rows: int,
    sums: array[float],
    held: array[float],
    at: array[int],
) -> None:
    """held: each input's part of the variance, their root, score, imbalance; sums 3 d on: the range of the block."""
    variance = imbalance = late = entering = 0.0
    at[2] = NEVER
    if at[1] == 0:
        return
    for j in range(d):
        low, high = sums[d + j], sums[2 * d + j]
        if at[3] == 1 and sums[3 * d + j] < low:
            low = sums[3 * d + j]
        if at[3] == 1 and sums[4 * d + j] > high:
            high = sums[4 * d + j]
        late = late + (high - low) * lag
        mean = sums[j] / float(at[1])
        own = share * mean * (share * mean) + floor * floor
        held[j] = own
        variance = variance + own
        imbalance = imbalance + signs[j] * mean
        if signs[j] > 0.0:
            entering = entering + mean
        sums[3 * d + j], sums[4 * d + j] = sums[d + j], sums[2 * d + j]
    at[3] = 1
    if at[1] < least_rows:
        return
    imbalance = imbalance - loss * entering
    held[d] = math.sqrt(variance)
    for j in range(d):
        held[j] = held[j] / variance if variance > 0.0 else 0.0
    own = coverage * held[d] + late
    scored = abs(imbalance) / own if own > 0.0 else 0.0
    held[d + 1], held[d + 2] = scored, imbalance
    if scored - scored == 0.0 and imbalance - imbalance == 0.0:
        at[2] = at[0]
