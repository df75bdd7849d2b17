"""Least squares, knee search and block bootstrap of savings in plain Python: the digits of _savings_kernels.pyx.

Matrices are flat, row after row. Sums run in the order of the rows, so that both forms and every platform agree.
"""

from __future__ import annotations

import math
from array import array

from ovoo_models._lanes_py import power_n

__all__ = [
    "bootstrap_errors",
    "knee_search",
    "lag1_expectation",
    "least_squares",
    "orthonormal",
    "shape_fit",
    "within_groups",
]

INF = float("inf")
_MASK = (1 << 64) - 1
_SINGULAR = 1e-10
KINDS, CELLS = 6, 5


def _cholesky(a: array[float], p: int) -> int:
    """Lower factor of the unit-diagonal matrix `a` in place; the column that the ones before it explain, or -1."""
    for j in range(p):
        for k in range(j + 1):
            total = a[j * p + k]
            for m in range(k):
                total -= a[j * p + m] * a[k * p + m]
            if j != k:
                a[j * p + k] = total / a[k * p + k]
            elif not total > _SINGULAR:
                return j
            else:
                a[j * p + j] = math.sqrt(total)
    return -1


def _forward(a: array[float], p: int, b: array[float], start: int = 0) -> None:
    for j in range(p):
        total = b[start + j]
        for m in range(j):
            total -= a[j * p + m] * b[start + m]
        b[start + j] = total / a[j * p + j]


def _backward(a: array[float], p: int, b: array[float]) -> None:
    for j in range(p - 1, -1, -1):
        total = b[j]
        for m in range(j + 1, p):
            total -= a[m * p + j] * b[m]
        b[j] = total / a[j * p + j]


def _gram(design: array[float], p: int, w: array[float], n: int, gram: array[float], scale: array[float]) -> int:
    """Weighted normal matrix scaled to a unit diagonal, and the scales; the column that is nought, or -1."""
    for i in range(n):
        for j in range(p):
            v = w[i] * design[i * p + j]
            for k in range(j + 1):
                gram[j * p + k] += v * design[i * p + k]
    for j in range(p):
        if not gram[j * p + j] > 0.0:
            return j
        scale[j] = 1.0 / math.sqrt(gram[j * p + j])
    for j in range(p):
        for k in range(j + 1):
            gram[j * p + k] = gram[j * p + k] * scale[j] * scale[k]
    return -1


def least_squares(
    design: array[float],
    p: int,
    y: array[float],
    w: array[float],
    n: int,
    coef: array[float],
    inverse: array[float],
    fitted: array[float],
) -> int:
    """Weighted least squares with one step of refinement; -1, or the first column that others explain.

    design n x p; w >= 0; coef p; inverse p x p = (X' W X)^-1; fitted n = X coef.
    """
    gram, scale = array("d", bytes(8 * p * p)), array("d", bytes(8 * p))
    bad = _gram(design, p, w, n, gram, scale)
    if bad < 0:
        bad = _cholesky(gram, p)
    if bad >= 0:
        return bad
    right = array("d", bytes(8 * p))
    for j in range(p):
        coef[j] = 0.0
    for i in range(n):
        fitted[i] = 0.0
    for _turn in range(2):
        for j in range(p):
            right[j] = 0.0
        for i in range(n):
            v = w[i] * (y[i] - fitted[i])
            for j in range(p):
                right[j] += v * design[i * p + j]
        for j in range(p):
            right[j] *= scale[j]
        _forward(gram, p, right)
        _backward(gram, p, right)
        for j in range(p):
            coef[j] += right[j] * scale[j]
        for i in range(n):
            total = 0.0
            for j in range(p):
                total += design[i * p + j] * coef[j]
            fitted[i] = total
    for k in range(p):
        for j in range(p):
            right[j] = 1.0 if j == k else 0.0
        _forward(gram, p, right)
        _backward(gram, p, right)
        for j in range(p):
            inverse[j * p + k] = right[j] * scale[j] * scale[k]
    return -1


def within_groups(columns: array[float], width: int, w: array[float], group: array[int], groups: int, n: int) -> None:
    """Takes the weighted mean of its group off every cell of `columns` (n x width), in place."""
    weight = array("d", bytes(8 * groups))
    sums = array("d", bytes(8 * groups * width))
    for i in range(n):
        g = group[i]
        weight[g] += w[i]
        for j in range(width):
            sums[g * width + j] += w[i] * columns[i * width + j]
    for g in range(groups):
        for j in range(width):
            sums[g * width + j] = sums[g * width + j] / weight[g] if weight[g] > 0.0 else 0.0
    for i in range(n):
        for j in range(width):
            columns[i * width + j] -= sums[group[i] * width + j]


def knee_search(
    x: array[float],
    base: array[float],
    p: int,
    y: array[float],
    w: array[float],
    n: int,
    knees: array[float],
    least: int,
    left_sign: int,
    right_sign: int,
    out: array[float],
) -> int:
    """Least sum of squares of each model kind over all knees, from prefix sums; -1, or a base column to leave out.

    x ascending (n), base n x p with the constant first, knees ascending. Kinds, one row of `out` (6 x 5) each: base
    only, straight line, left hinge (k - x)+, right hinge (x - k)+, both at one knee, both at two knees; cells: sum of
    squares (inf: none is admissible), place of the left and right knee, left and right slope. A knee needs `least`
    rows on each side; a sign of +1 or -1 admits only slopes of that sign, 0 any. On a tie the first in order stands.
    """
    count = len(knees)
    gram, scale = array("d", bytes(8 * p * p)), array("d", bytes(8 * p))
    for i in range(KINDS * CELLS):
        out[i] = INF if i % CELLS == 0 else 0.0
    bad = _gram(base, p, w, n, gram, scale)
    if bad < 0:
        bad = _cholesky(gram, p)
    if bad >= 0:
        return bad
    # prefix sums at each knee: w b_j, w x b_j (p each), then w xx, w y, w xy, rows
    stride = 2 * p + 4
    at = array("d", bytes(8 * stride * (count + 1)))
    run = array("d", bytes(8 * stride))
    yy, k = 0.0, 0
    for i in range(n):
        while k < count and x[i] > knees[k]:
            at[k * stride : (k + 1) * stride] = run
            k += 1
        for j in range(p):
            v = w[i] * base[i * p + j]
            run[j] += v
            run[p + j] += v * x[i]
        run[2 * p] += w[i] * x[i] * x[i]
        v = w[i] * y[i]
        run[2 * p + 1] += v
        run[2 * p + 2] += v * x[i]
        run[2 * p + 3] += 1.0
        yy += v * y[i]
    while k <= count:
        at[k * stride : (k + 1) * stride] = run
        k += 1
    u = array("d", bytes(8 * p))
    for j in range(p):
        total = 0.0
        for i in range(n):
            total += w[i] * y[i] * base[i * p + j]
        u[j] = total * scale[j]
    _forward(gram, p, u)
    rss = yy
    for j in range(p):
        rss -= u[j] * u[j]
    out[0] = rss
    # hinges cleared of the base: projections, squares, products with y, rows; lefts then rights, then the line
    hinge = array("d", bytes(8 * p * (2 * count + 1)))
    dd = array("d", bytes(8 * (2 * count + 1)))
    ee = array("d", bytes(8 * (2 * count + 1)))
    last = count * stride
    for k in range(2 * count + 1):
        side = 0 if k < count else (1 if k < 2 * count else 2)
        c = knees[k] if side == 0 else (knees[k - count] if side == 1 else 0.0)
        f = (k if side == 0 else k - count) * stride
        for j in range(p):
            if side == 0:
                v = c * at[f + j] - at[f + p + j]
            elif side == 1:
                v = (at[last + p + j] - at[f + p + j]) - c * (at[last + j] - at[f + j])
            else:
                v = at[last + p + j]
            hinge[k * p + j] = v * scale[j]
        if side == 0:
            s0, s1, s2 = at[f], at[f + p], at[f + 2 * p]
            sy, sxy, rows = at[f + 2 * p + 1], at[f + 2 * p + 2], at[f + 2 * p + 3]
            square, product = c * c * s0 - 2.0 * c * s1 + s2, c * sy - sxy
        elif side == 1:
            s0, s1, s2 = at[last] - at[f], at[last + p] - at[f + p], at[last + 2 * p] - at[f + 2 * p]
            sy, sxy = at[last + 2 * p + 1] - at[f + 2 * p + 1], at[last + 2 * p + 2] - at[f + 2 * p + 2]
            rows = at[last + 2 * p + 3] - at[f + 2 * p + 3]
            square, product = c * c * s0 - 2.0 * c * s1 + s2, sxy - c * sy
        else:
            square, product, rows = at[last + 2 * p], at[last + 2 * p + 2], at[last + 2 * p + 3]
        _forward(gram, p, hinge, k * p)
        whole = square
        for j in range(p):
            square -= hinge[k * p + j] * hinge[k * p + j]
            product -= hinge[k * p + j] * u[j]
        dd[k] = square if rows >= least and square > _SINGULAR * whole else 0.0
        ee[k] = product
    signs = (left_sign, right_sign, 0)
    for k in range(2 * count + 1):
        if dd[k] <= 0.0:
            continue
        side = 0 if k < count else (1 if k < 2 * count else 2)
        slope = ee[k] / dd[k]
        kind = 2 + side if side < 2 else 1
        if slope * signs[side] < 0.0 or not rss - slope * ee[k] < out[kind * CELLS]:
            continue
        out[kind * CELLS] = rss - slope * ee[k]
        out[kind * CELLS + 1 + side % 2] = k - side * count if side < 2 else 0.0
        out[kind * CELLS + 3 + side % 2] = slope
    for a in range(count):
        if dd[a] <= 0.0:
            continue
        for b in range(a, count):
            r = count + b
            if dd[r] <= 0.0:
                continue
            cross = 0.0
            for j in range(p):
                cross -= hinge[a * p + j] * hinge[r * p + j]
            det = dd[a] * dd[r] - cross * cross
            if not det > _SINGULAR * dd[a] * dd[r]:
                continue
            left = (ee[a] * dd[r] - ee[r] * cross) / det
            right = (ee[r] * dd[a] - ee[a] * cross) / det
            found = rss - (left * ee[a] + right * ee[r])
            kind = 4 if a == b else 5
            if left * left_sign < 0.0 or right * right_sign < 0.0 or not found < out[kind * CELLS]:
                continue
            out[kind * CELLS] = found
            out[kind * CELLS + 1], out[kind * CELLS + 2] = a, b
            out[kind * CELLS + 3], out[kind * CELLS + 4] = left, right
    return -1


def _shape_row(kind: int, x: float, left: float, right: float, slopes: array[float] | None) -> list[float]:
    below = left - x if kind in (2, 4, 5) and x < left else 0.0
    above = x - right if kind in (3, 4, 5) and x > right else 0.0
    if kind < 2:
        return [x] * kind
    row = [below] if kind == 2 else [above] if kind == 3 else [below, above]
    if slopes is not None:
        moves = [slopes[0] if below > 0.0 else 0.0, -slopes[len(row) - 1] if above > 0.0 else 0.0]
        row += moves if kind == 5 else [moves[0] + moves[1]]
    return row


def shape_fit(
    x: array[float],
    base: array[float],
    p: int,
    y: array[float],
    w: array[float],
    n: int,
    kind: int,
    left: float,
    right: float,
    coef: array[float],
    inverse: array[float],
    steps: array[float],
) -> int:
    """Least squares of one shape at given knees, and of its linearisation in the knees; -1, or a column to leave out.

    kind 0 to 5 as in knee_search; coef: base, then slopes; inverse: of the linearised normal matrix, (p + slopes +
    knees)^2, with rows of nought for knees that nothing moves; steps: by which the linearisation moves the left and
    right knee, then the sum of squares.
    """
    slopes = (0, 1, 1, 1, 2, 2)[kind]
    m = p + slopes
    fitted = array("d", bytes(8 * n))
    design = array("d")
    for i in range(n):
        design.extend(base[i * p : i * p + p])
        design.extend(_shape_row(kind, x[i], left, right, None))
    small = array("d", bytes(8 * m * m))
    bad = least_squares(design, m, y, w, n, coef, small, fitted)
    if bad >= 0:
        return bad
    steps[0] = steps[1] = steps[2] = 0.0
    for i in range(n):
        steps[2] += w[i] * (y[i] - fitted[i]) * (y[i] - fitted[i])
    wide = m + (0, 0, 1, 1, 1, 2)[kind]
    if wide == m:
        inverse[: m * m] = small
        return -1
    design = array("d")
    for i in range(n):
        design.extend(base[i * p : i * p + p])
        design.extend(_shape_row(kind, x[i], left, right, coef[p:]))
    moved = array("d", bytes(8 * wide))
    if least_squares(design, wide, y, w, n, moved, inverse, fitted) >= 0:
        for j in range(wide):
            for k in range(wide):
                inverse[j * wide + k] = small[j * m + k] if j < m and k < m else 0.0
        return -1
    steps[0] = 0.0 if kind == 3 else moved[m]
    steps[1] = 0.0 if kind in (2, 4) else moved[wide - 1]
    return -1


def orthonormal(design: array[float], p: int, n: int, out: array[float]) -> int:
    """Orthonormal columns that span the n x p design, in the first n x kept cells of `out`; gives `kept`.

    Gram-Schmidt, each column cleared twice; one of which less than 1e-6 is left is explained by those before it.
    """
    columns: list[array[float]] = []
    for j in range(p):
        column = array("d", [design[i * p + j] for i in range(n)])
        whole = 0.0
        for v in column:
            whole += v * v
        left = whole
        for _turn in range(2):
            for other in columns:
                dot = 0.0
                for a, b in zip(other, column, strict=True):
                    dot += a * b
                for i in range(n):
                    column[i] -= dot * other[i]
            left = 0.0
            for v in column:
                left += v * v
        if not left > 1e-12 * whole:
            continue
        scale = 1.0 / math.sqrt(left)
        for i in range(n):
            column[i] *= scale
        columns.append(column)
    for i in range(n):
        for j, column in enumerate(columns):
            out[i * len(columns) + j] = column[i]
    return len(columns)


def lag1_expectation(q: array[float], p: int, gaps: array[int], n: int, rho: float) -> float:
    """What the lag-1 correlation of residuals is expected to be where that of the errors is `rho`.

    q n x p spans the regressors, its columns orthonormal; gaps are steps since the row before (first: any). Errors are
    AR(1); e = M u: E[sum e_i e_(i-1)] / E[sum e_i^2] over neighbours, traces of M Omega M, less 2 rho / n (Marriott
    and Pope 1954).
    """
    z = array("d", bytes(8 * n * p))
    run = array("d", bytes(8 * p))
    power = array("d", [power_n(rho, gap) for gap in gaps[:n]])
    for i in range(n):
        for j in range(p):
            if i > 0:
                run[j] = power[i] * (run[j] + q[(i - 1) * p + j])
            z[i * p + j] = q[i * p + j] + run[j]
    for j in range(p):
        run[j] = 0.0
    for i in range(n - 2, -1, -1):
        for j in range(p):
            run[j] = power[i + 1] * (run[j] + q[(i + 1) * p + j])
            z[i * p + j] += run[j]
    s = array("d", bytes(8 * p * p))
    for i in range(n):
        for j in range(p):
            v = q[i * p + j]
            for k in range(p):
                s[j * p + k] += v * z[i * p + k]
    below = float(n)
    for j in range(p):
        below -= s[j * p + j]
    above, pairs = 0.0, 0
    for i in range(1, n):
        if gaps[i] != 1:
            continue
        pairs += 1
        total = rho
        for j in range(p):
            v = 0.0
            for k in range(p):
                v += s[j * p + k] * q[(i - 1) * p + k]
            total += q[i * p + j] * (v - z[(i - 1) * p + j]) - z[i * p + j] * q[(i - 1) * p + j]
        above += total
    if pairs == 0 or not below > 0.0:
        return rho
    return above / below * n / pairs - 2.0 * rho / n


def _splitmix(state: int) -> tuple[int, int]:
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return state, z ^ (z >> 31)


def bootstrap_errors(
    weights: array[float],
    gaps: array[int],
    first: array[float],
    second: array[float],
    split: int,
    rhos: array[float],
    block: int,
    seed: int,
    out: array[float],
) -> None:
    """Errors of a saving: sums of weights times an AR(1) path whose innovations are drawn in blocks; one a cell of out.

    weights n: by which the error of each row enters; gaps n: steps since the row before. Rows before `split` draw from
    the innovations `first`, the others from `second` (standardised to one step; blocks run on at the end of a pool
    from its start). Draw r takes rhos[r % len(rhos)]. Random numbers: xoshiro256++, seeded by splitmix64.
    """
    n, levels = len(weights), len(rhos)
    chain = array("d", bytes(8 * n * levels))
    for g in range(levels):
        rho = rhos[g]
        variance = 1.0 - rho * rho
        carry = 0.0
        for i in range(n - 1, -1, -1):
            chain[g * n + i] = weights[i] + carry
            step = power_n(rho, gaps[i])
            carry = step * chain[g * n + i]
            spread = 1.0 / variance if i == 0 else (1.0 - step * step) / variance
            chain[g * n + i] = chain[g * n + i] * math.sqrt(spread)
    s = [0, 0, 0, 0]
    state = seed & _MASK
    for j in range(4):
        state, s[j] = _splitmix(state)
    s0, s1, s2, s3 = s
    for r in range(len(out)):
        total, i, row = 0.0, 0, (r % levels) * n
        while i < n:
            pool, stop = (first, split) if i < split else (second, n)
            size = len(pool)
            draw = (s0 + s3) & _MASK
            draw = (((draw << 23) | (draw >> 41)) + s0) & _MASK
            t = (s1 << 17) & _MASK
            s2 ^= s0
            s3 ^= s1
            s1 ^= s2
            s0 ^= s3
            s2 ^= t
            s3 = ((s3 << 45) | (s3 >> 19)) & _MASK
            k = ((draw >> 32) * size) >> 32
            stop = min(stop, i + block)
            while i < stop:
                total += chain[row + i] * pool[k]
                i += 1
                k += 1
                if k == size:
                    k = 0
        out[r] = total
