# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Least squares, knee search and block bootstrap of savings. Twin: _savings_kernels_py, whose pages hold for these too."""

from libc.math cimport INFINITY, sqrt
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from ovoo_models._lanes cimport power_n

cdef enum:
    KINDS = 6
    CELLS = 5

cdef double SINGULAR = 1e-10


cdef double* _doubles(Py_ssize_t count) except NULL:
    cdef double* memory = <double*>calloc(count if count > 0 else 1, sizeof(double))
    if memory == NULL:
        raise MemoryError()
    return memory


cdef Py_ssize_t _cholesky(double* a, Py_ssize_t p) noexcept nogil:
    cdef Py_ssize_t j, k, m
    cdef double total
    for j in range(p):
        for k in range(j + 1):
            total = a[j * p + k]
            for m in range(k):
                total -= a[j * p + m] * a[k * p + m]
            if j != k:
                a[j * p + k] = total / a[k * p + k]
            elif not total > SINGULAR:
                return j
            else:
                a[j * p + j] = sqrt(total)
    return -1


cdef void _forward(const double* a, Py_ssize_t p, double* b) noexcept nogil:
    cdef Py_ssize_t j, m
    cdef double total
    for j in range(p):
        total = b[j]
        for m in range(j):
            total -= a[j * p + m] * b[m]
        b[j] = total / a[j * p + j]


cdef void _backward(const double* a, Py_ssize_t p, double* b) noexcept nogil:
    cdef Py_ssize_t j, m
    cdef double total
    for j in range(p - 1, -1, -1):
        total = b[j]
        for m in range(j + 1, p):
            total -= a[m * p + j] * b[m]
        b[j] = total / a[j * p + j]


cdef Py_ssize_t _gram(const double* design, Py_ssize_t p, const double* w, Py_ssize_t n, double* gram,
                      double* scale) noexcept nogil:
    cdef Py_ssize_t i, j, k
    cdef double v
    for i in range(n):
        for j in range(p):
            v = w[i] * design[i * p + j]
            for k in range(j + 1):
                gram[j * p + k] += v * design[i * p + k]
    for j in range(p):
        if not gram[j * p + j] > 0.0:
            return j
        scale[j] = 1.0 / sqrt(gram[j * p + j])
    for j in range(p):
        for k in range(j + 1):
            gram[j * p + k] = gram[j * p + k] * scale[j] * scale[k]
    return -1


cdef Py_ssize_t _solve(const double* design, Py_ssize_t p, const double* y, const double* w, Py_ssize_t n,
                       double* coef, double* inverse, double* fitted, double* gram, double* scale,
                       double* right) noexcept nogil:
    cdef Py_ssize_t i, j, k, turn, bad = _gram(design, p, w, n, gram, scale)
    cdef double v, total
    if bad < 0:
        bad = _cholesky(gram, p)
    if bad >= 0:
        return bad
    for j in range(p):
        coef[j] = 0.0
    for i in range(n):
        fitted[i] = 0.0
    for turn in range(2):
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


def least_squares(const double[::1] design, Py_ssize_t p, const double[::1] y, const double[::1] w, Py_ssize_t n,
                  double[::1] coef, double[::1] inverse, double[::1] fitted):
    cdef Py_ssize_t bad
    cdef double* work
    if p <= 0 or n <= 0 or design.shape[0] < n * p or min(y.shape[0], w.shape[0], fitted.shape[0]) < n:
        raise ValueError("design, y, weights or output are shorter than n, or there is no column")
    if coef.shape[0] < p or inverse.shape[0] < p * p:
        raise ValueError("coefficients or inverse are shorter than the columns")
    work = _doubles(p * p + 2 * p)
    with nogil:
        bad = _solve(&design[0], p, &y[0], &w[0], n, &coef[0], &inverse[0], &fitted[0], work, work + p * p,
                     work + p * p + p)
    free(work)
    return bad


def within_groups(double[::1] columns, Py_ssize_t width, const double[::1] w, const int[::1] group, Py_ssize_t groups,
                  Py_ssize_t n):
    cdef Py_ssize_t i, j, g
    cdef double* weight
    cdef double* sums
    if columns.shape[0] < n * width or min(w.shape[0], group.shape[0]) < n or groups <= 0:
        raise ValueError("columns, weights or groups are shorter than n")
    for i in range(n):
        if group[i] < 0 or group[i] >= groups:
            raise ValueError("a group is outside its range")
    weight = _doubles(groups * (width + 1))
    sums = weight + groups
    with nogil:
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
    free(weight)


cdef void _prefixes(const double* x, const double* base, Py_ssize_t p, const double* y, const double* w, Py_ssize_t n,
                    const double* knees, Py_ssize_t count, double* at, double* run, double* yy) noexcept nogil:
    cdef Py_ssize_t i, j, k = 0, stride = 2 * p + 4
    cdef double v
    yy[0] = 0.0
    for i in range(n):
        while k < count and x[i] > knees[k]:
            memcpy(at + k * stride, run, stride * sizeof(double))
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
        yy[0] += v * y[i]
    while k <= count:
        memcpy(at + k * stride, run, stride * sizeof(double))
        k += 1


cdef void _hinge(const double* gram, const double* scale, const double* u, Py_ssize_t p, const double* at,
                 const double* last, double c, int side, double least, double* hinge, double* dd,
                 double* ee) noexcept nogil:
    cdef Py_ssize_t j
    cdef double v, s0, s1, s2, sy, sxy, rows, square, product, whole
    for j in range(p):
        if side == 0:
            v = c * at[j] - at[p + j]
        elif side == 1:
            v = (last[p + j] - at[p + j]) - c * (last[j] - at[j])
        else:
            v = last[p + j]
        hinge[j] = v * scale[j]
    if side == 0:
        s0 = at[0]
        s1 = at[p]
        s2 = at[2 * p]
        sy = at[2 * p + 1]
        sxy = at[2 * p + 2]
        rows = at[2 * p + 3]
        square = c * c * s0 - 2.0 * c * s1 + s2
        product = c * sy - sxy
    elif side == 1:
        s0 = last[0] - at[0]
        s1 = last[p] - at[p]
        s2 = last[2 * p] - at[2 * p]
        sy = last[2 * p + 1] - at[2 * p + 1]
        sxy = last[2 * p + 2] - at[2 * p + 2]
        rows = last[2 * p + 3] - at[2 * p + 3]
        square = c * c * s0 - 2.0 * c * s1 + s2
        product = sxy - c * sy
    else:
        square = last[2 * p]
        product = last[2 * p + 2]
        rows = last[2 * p + 3]
    _forward(gram, p, hinge)
    whole = square
    for j in range(p):
        square -= hinge[j] * hinge[j]
        product -= hinge[j] * u[j]
    dd[0] = square if rows >= least and square > SINGULAR * whole else 0.0
    ee[0] = product


cdef void _singles(Py_ssize_t count, double rss, const double* dd, const double* ee, int left_sign, int right_sign,
                   double* out) noexcept nogil:
    cdef Py_ssize_t k, kind
    cdef int side, sign
    cdef double slope
    for k in range(2 * count + 1):
        if dd[k] <= 0.0:
            continue
        side = 0 if k < count else (1 if k < 2 * count else 2)
        sign = left_sign if side == 0 else (right_sign if side == 1 else 0)
        slope = ee[k] / dd[k]
        kind = 2 + side if side < 2 else 1
        if slope * sign < 0.0 or not rss - slope * ee[k] < out[kind * CELLS]:
            continue
        out[kind * CELLS] = rss - slope * ee[k]
        out[kind * CELLS + 1 + side % 2] = <double>(k - side * count) if side < 2 else 0.0
        out[kind * CELLS + 3 + side % 2] = slope


cdef void _pairs(Py_ssize_t count, Py_ssize_t p, double rss, const double* hinge, const double* dd, const double* ee,
                 int left_sign, int right_sign, double* out) noexcept nogil:
    cdef Py_ssize_t a, b, r, j, kind
    cdef double cross, det, left, right, found
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
            if not det > SINGULAR * dd[a] * dd[r]:
                continue
            left = (ee[a] * dd[r] - ee[r] * cross) / det
            right = (ee[r] * dd[a] - ee[a] * cross) / det
            found = rss - (left * ee[a] + right * ee[r])
            kind = 4 if a == b else 5
            if left * left_sign < 0.0 or right * right_sign < 0.0 or not found < out[kind * CELLS]:
                continue
            out[kind * CELLS] = found
            out[kind * CELLS + 1] = <double>a
            out[kind * CELLS + 2] = <double>b
            out[kind * CELLS + 3] = left
            out[kind * CELLS + 4] = right


cdef Py_ssize_t _search(const double* x, const double* base, Py_ssize_t p, const double* y, const double* w,
                        Py_ssize_t n, const double* knees, Py_ssize_t count, Py_ssize_t least, int left_sign,
                        int right_sign, double* out, double* work) noexcept nogil:
    cdef Py_ssize_t i, j, k, bad, stride = 2 * p + 4
    cdef double* gram = work
    cdef double* scale = gram + p * p
    cdef double* u = scale + p
    cdef double* run = u + p
    cdef double* at = run + stride
    cdef double* hinge = at + stride * (count + 1)
    cdef double* dd = hinge + p * (2 * count + 1)
    cdef double* ee = dd + 2 * count + 1
    cdef double yy, rss, total, c
    cdef int side
    for i in range(KINDS * CELLS):
        out[i] = INFINITY if i % CELLS == 0 else 0.0
    bad = _gram(base, p, w, n, gram, scale)
    if bad < 0:
        bad = _cholesky(gram, p)
    if bad >= 0:
        return bad
    _prefixes(x, base, p, y, w, n, knees, count, at, run, &yy)
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
    for k in range(2 * count + 1):
        side = 0 if k < count else (1 if k < 2 * count else 2)
        c = knees[k] if side == 0 else (knees[k - count] if side == 1 else 0.0)
        i = k if side == 0 else k - count
        _hinge(gram, scale, u, p, at + i * stride, at + count * stride, c, side, <double>least, hinge + k * p, dd + k,
               ee + k)
    _singles(count, rss, dd, ee, left_sign, right_sign, out)
    _pairs(count, p, rss, hinge, dd, ee, left_sign, right_sign, out)
    return -1


def knee_search(const double[::1] x, const double[::1] base, Py_ssize_t p, const double[::1] y, const double[::1] w,
                Py_ssize_t n, const double[::1] knees, Py_ssize_t least, int left_sign, int right_sign,
                double[::1] out):
    cdef Py_ssize_t bad, count = knees.shape[0]
    cdef double* work
    cdef double none = 0.0
    cdef const double* first = &none
    if p <= 0 or n <= 0 or base.shape[0] < n * p or min(x.shape[0], y.shape[0], w.shape[0]) < n:
        raise ValueError("x, base, y or weights are shorter than n, or there is no column")
    if out.shape[0] < KINDS * CELLS:
        raise ValueError("output needs 30 cells")
    if count > 0:
        first = &knees[0]
    work = _doubles(p * p + 2 * p + (2 * p + 4) * (count + 2) + (p + 2) * (2 * count + 1))
    with nogil:
        bad = _search(&x[0], &base[0], p, &y[0], &w[0], n, first, count, least, left_sign, right_sign, &out[0], work)
    free(work)
    return bad


cdef void _shape_row(int kind, double x, double left, double right, const double* slopes, double* row) noexcept nogil:
    cdef double below = 0.0, above = 0.0, first, last
    if (kind == 2 or kind >= 4) and x < left:
        below = left - x
    if kind >= 3 and x > right:
        above = x - right
    if kind == 1:
        row[0] = x
    if kind < 2:
        return
    row[0] = above if kind == 3 else below
    if kind >= 4:
        row[1] = above
    if slopes == NULL:
        return
    first = slopes[0] if below > 0.0 else 0.0
    last = -slopes[1 if kind >= 4 else 0] if above > 0.0 else 0.0
    if kind == 5:
        row[2] = first
        row[3] = last
    else:
        row[2 if kind == 4 else 1] = first + last


cdef Py_ssize_t _shape(const double* x, const double* base, Py_ssize_t p, const double* y, const double* w,
                       Py_ssize_t n, int kind, double left, double right, double* coef, double* inverse,
                       double* steps, double* work) noexcept nogil:
    cdef Py_ssize_t i, j, k, bad, wide, m = p + (0 if kind == 0 else (1 if kind < 4 else 2))
    cdef double* design
    cdef double* fitted
    cdef double* small
    cdef double* moved
    cdef double* scratch
    wide = m + (0 if kind < 2 else (2 if kind == 5 else 1))
    design = work
    fitted = design + n * wide
    small = fitted + n
    moved = small + m * m
    scratch = moved + wide
    for i in range(n):
        memcpy(design + i * m, base + i * p, p * sizeof(double))
        _shape_row(kind, x[i], left, right, NULL, design + i * m + p)
    bad = _solve(design, m, y, w, n, coef, small, fitted, scratch, scratch + m * m, scratch + m * m + m)
    if bad >= 0:
        return bad
    steps[0] = 0.0
    steps[1] = 0.0
    steps[2] = 0.0
    for i in range(n):
        steps[2] += w[i] * (y[i] - fitted[i]) * (y[i] - fitted[i])
    if wide == m:
        memcpy(inverse, small, m * m * sizeof(double))
        return -1
    for i in range(n):
        memcpy(design + i * wide, base + i * p, p * sizeof(double))
        _shape_row(kind, x[i], left, right, coef + p, design + i * wide + p)
    for j in range(wide * wide + 2 * wide):
        scratch[j] = 0.0
    if _solve(design, wide, y, w, n, moved, inverse, fitted, scratch, scratch + wide * wide,
              scratch + wide * wide + wide) >= 0:
        for j in range(wide):
            for k in range(wide):
                inverse[j * wide + k] = small[j * m + k] if j < m and k < m else 0.0
        return -1
    steps[0] = 0.0 if kind == 3 else moved[m]
    steps[1] = 0.0 if kind == 2 or kind == 4 else moved[wide - 1]
    return -1


def shape_fit(const double[::1] x, const double[::1] base, Py_ssize_t p, const double[::1] y, const double[::1] w,
              Py_ssize_t n, int kind, double left, double right, double[::1] coef, double[::1] inverse,
              double[::1] steps):
    cdef Py_ssize_t bad, wide = p + 4
    cdef double* work
    if p <= 0 or n <= 0 or base.shape[0] < n * p or min(x.shape[0], y.shape[0], w.shape[0]) < n:
        raise ValueError("x, base, y or weights are shorter than n, or there is no column")
    if kind < 0 or kind > 5 or coef.shape[0] < p + 2 or inverse.shape[0] < wide * wide or steps.shape[0] < 3:
        raise ValueError("kind is 0 to 5, coefficients need p + 2 cells, the inverse (p + 4)^2, steps 3")
    work = _doubles(n * (wide + 1) + 2 * wide * wide + 3 * wide)
    with nogil:
        bad = _shape(&x[0], &base[0], p, &y[0], &w[0], n, kind, left, right, &coef[0], &inverse[0], &steps[0], work)
    free(work)
    return bad


cdef Py_ssize_t _orthonormal(const double* design, Py_ssize_t p, Py_ssize_t n, double* columns) noexcept nogil:
    cdef Py_ssize_t i, j, k, turn, kept = 0
    cdef double whole, left, dot, scale
    cdef double* column
    for j in range(p):
        column = columns + kept * n
        whole = 0.0
        for i in range(n):
            column[i] = design[i * p + j]
            whole += column[i] * column[i]
        left = whole
        for turn in range(2):
            for k in range(kept):
                dot = 0.0
                for i in range(n):
                    dot += columns[k * n + i] * column[i]
                for i in range(n):
                    column[i] -= dot * columns[k * n + i]
            left = 0.0
            for i in range(n):
                left += column[i] * column[i]
        if not left > 1e-12 * whole:
            continue
        scale = 1.0 / sqrt(left)
        for i in range(n):
            column[i] *= scale
        kept += 1
    return kept


def orthonormal(const double[::1] design, Py_ssize_t p, Py_ssize_t n, double[::1] out):
    cdef Py_ssize_t i, j, kept
    cdef double* columns
    if p <= 0 or n <= 0 or design.shape[0] < n * p or out.shape[0] < n * p:
        raise ValueError("design or output are shorter than n x p, or there is no column")
    columns = _doubles(n * p)
    with nogil:
        kept = _orthonormal(&design[0], p, n, columns)
        for i in range(n):
            for j in range(kept):
                out[i * kept + j] = columns[j * n + i]
    free(columns)
    return kept


cdef double _expected(const double* q, Py_ssize_t p, const int* gaps, Py_ssize_t n, double rho, double* z, double* s,
                      double* run, double* power) noexcept nogil:
    cdef Py_ssize_t i, j, k, pairs = 0
    cdef double v, total, below = <double>n, above = 0.0
    for i in range(n):
        power[i] = power_n(rho, gaps[i])
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
    for i in range(n):
        for j in range(p):
            v = q[i * p + j]
            for k in range(p):
                s[j * p + k] += v * z[i * p + k]
    for j in range(p):
        below -= s[j * p + j]
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
    return above / below * <double>n / <double>pairs - 2.0 * rho / <double>n


def lag1_expectation(const double[::1] q, Py_ssize_t p, const int[::1] gaps, Py_ssize_t n, double rho):
    cdef double* work
    cdef double found
    if p <= 0 or n <= 0 or q.shape[0] < n * p or gaps.shape[0] < n:
        raise ValueError("q or gaps are shorter than n, or there is no column")
    work = _doubles(n * p + p * p + p + n)
    with nogil:
        found = _expected(&q[0], p, &gaps[0], n, rho, work, work + n * p, work + n * p + p * p,
                          work + n * p + p * p + p)
    free(work)
    return found


cdef void _chain(const double* weights, const int* gaps, Py_ssize_t n, double rho, double* chain) noexcept nogil:
    cdef Py_ssize_t i
    cdef double step, spread, carry = 0.0, variance = 1.0 - rho * rho
    for i in range(n - 1, -1, -1):
        chain[i] = weights[i] + carry
        step = power_n(rho, gaps[i])
        carry = step * chain[i]
        spread = 1.0 / variance if i == 0 else (1.0 - step * step) / variance
        chain[i] = chain[i] * sqrt(spread)


cdef unsigned long long _splitmix(unsigned long long* state) noexcept nogil:
    state[0] += 0x9E3779B97F4A7C15ULL
    cdef unsigned long long z = state[0]
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL
    return z ^ (z >> 31)


cdef inline unsigned long long _next(unsigned long long* s) noexcept nogil:
    cdef unsigned long long draw = s[0] + s[3], t = s[1] << 17
    draw = ((draw << 23) | (draw >> 41)) + s[0]
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= t
    s[3] = (s[3] << 45) | (s[3] >> 19)
    return draw


cdef double _draw(const double* chain, Py_ssize_t n, const double* first, Py_ssize_t first_size, const double* second,
                  Py_ssize_t second_size, Py_ssize_t split, Py_ssize_t block, unsigned long long* s) noexcept nogil:
    cdef Py_ssize_t i = 0, k, stop, size
    cdef double total = 0.0
    cdef const double* pool
    while i < n:
        pool, size, stop = (first, first_size, split) if i < split else (second, second_size, n)
        k = <Py_ssize_t>(((_next(s) >> 32) * <unsigned long long>size) >> 32)
        if i + block < stop:
            stop = i + block
        while i < stop:
            total += chain[i] * pool[k]
            i += 1
            k += 1
            if k == size:
                k = 0
    return total


def bootstrap_errors(const double[::1] weights, const int[::1] gaps, const double[::1] first, const double[::1] second,
                     Py_ssize_t split, const double[::1] rhos, Py_ssize_t block, unsigned long long seed,
                     double[::1] out):
    cdef Py_ssize_t n = weights.shape[0], levels = rhos.shape[0], count = out.shape[0], g, r
    cdef double* chain
    cdef unsigned long long[4] s
    if n == 0 or gaps.shape[0] < n or not (0 < split < n) or block <= 0 or levels == 0:
        raise ValueError("weights, gaps, split, block or correlations are out of range")
    if first.shape[0] == 0 or second.shape[0] == 0:
        raise ValueError("both periods need innovations")
    chain = _doubles(n * levels)
    with nogil:
        for g in range(levels):
            _chain(&weights[0], &gaps[0], n, rhos[g], chain + g * n)
        for g in range(4):
            s[g] = _splitmix(&seed)
        for r in range(count):
            out[r] = _draw(chain + (r % levels) * n, n, &first[0], first.shape[0], &second[0], second.shape[0], split,
                           block, s)
    free(chain)
