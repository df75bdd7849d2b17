# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Products of readings, factors of small matrices. Twin: _balance_kernels_py, whose pages hold for these too."""

from libc.math cimport sqrt

from ovoo_models._lanes cimport dot8

cdef double NAN = float("nan")
cdef long long NEVER = -1
cdef unsigned char UNKNOWN = 0, NORMAL = 3


def gram_rows(const double[::1] values, Py_ssize_t width, Py_ssize_t n, double[::1] products):
    cdef Py_ssize_t i, j, k, used = 0, side = width + 1
    cdef double x
    cdef bint whole
    if width < 1 or values.shape[0] < n * width or products.shape[0] < side * side:
        raise ValueError("values or products are too short")
    with nogil:
        for i in range(n):
            whole = True
            for j in range(width):
                if not (values[i * width + j] - values[i * width + j] == 0.0):
                    whole = False
                    break
            if not whole:
                continue
            used += 1
            for j in range(width):
                x = values[i * width + j]
                for k in range(j + 1):
                    products[j * side + k] = products[j * side + k] + x * values[i * width + k]
                products[width * side + j] = products[width * side + j] + x
            products[width * side + width] = products[width * side + width] + 1.0
        for j in range(side):
            for k in range(j):
                products[k * side + j] = products[j * side + k]
    return used


def cholesky(double[::1] a, Py_ssize_t n):
    cdef Py_ssize_t i, j, failed = -1
    cdef double x
    if n < 1 or a.shape[0] < n * n:
        raise ValueError("the matrix is shorter than n rows")
    with nogil:
        for i in range(n):
            for j in range(i):
                x = a[i * n + j] - dot8(&a[i * n], &a[j * n], j)
                a[i * n + j] = x / a[j * n + j]
            x = a[i * n + i] - dot8(&a[i * n], &a[i * n], i)
            if not (x > 0.0):
                failed = i
                break
            a[i * n + i] = sqrt(x)
            for j in range(i + 1, n):
                a[i * n + j] = 0.0
    return failed


def inverse_of(const double[::1] factor, Py_ssize_t n, double[::1] work, double[::1] out):
    cdef Py_ssize_t i, j, k
    if n < 1 or min(factor.shape[0], work.shape[0], out.shape[0]) < n * n:
        raise ValueError("a matrix is shorter than n rows")
    with nogil:
        for j in range(n):
            for i in range(j):
                work[j * n + i] = 0.0
            work[j * n + j] = 1.0 / factor[j * n + j]
            for i in range(j + 1, n):
                work[j * n + i] = -dot8(&factor[i * n + j], &work[j * n + j], i - j) / factor[i * n + i]
        for j in range(n):
            for k in range(j, n):
                out[j * n + k] = dot8(&work[j * n + k], &work[k * n + k], n - k)
                out[k * n + j] = out[j * n + k]


def row_products(const double[::1] a, const double[::1] b, Py_ssize_t rows_a, Py_ssize_t rows_b, Py_ssize_t width,
                 double[::1] out):
    cdef Py_ssize_t i, j
    if width < 1 or rows_a < 1 or rows_b < 1:
        raise ValueError("a matrix is empty")
    if a.shape[0] < rows_a * width or b.shape[0] < rows_b * width or out.shape[0] < rows_a * rows_b:
        raise ValueError("a matrix is shorter than its rows")
    with nogil:
        for i in range(rows_a):
            for j in range(rows_b):
                out[i * rows_b + j] = dot8(&a[i * width], &b[j * width], width)


def balance_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
                 const unsigned char[::1] gate, const int[::1] columns, const double[::1] signs, Py_ssize_t d,
                 double share, double floor, double loss, double coverage, double lag, long long block_ns,
                 long long least_rows, double[::1] sums, double[::1] held, long long[::1] at,
                 double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state,
                 double[::1] trace):
    cdef Py_ssize_t i, j, k
    cdef long long block
    cdef double x
    cdef bint whole
    if time_ns.shape[0] < n or values.shape[0] < n * width or gate.shape[0] < n:
        raise ValueError("columns are shorter than n")
    if d < 2 or columns.shape[0] < d or signs.shape[0] < d or block_ns <= 0:
        raise ValueError("two inputs and a block above 0 are needed")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n or trace.shape[0] < n * (d + 1):
        raise ValueError("output is shorter than n")
    if sums.shape[0] < 5 * d or held.shape[0] < d + 3 or at.shape[0] < 4:
        raise ValueError("state is too short")
    for j in range(d):
        if not (0 <= columns[j] < width):
            raise ValueError("a column is outside the row")
    with nogil:
        for i in range(n):
            limits[i] = 1.0
            score[i] = NAN
            measure[i] = NAN
            for j in range(d + 1):
                trace[i * (d + 1) + j] = NAN
            block = time_ns[i] // block_ns
            if block != at[0]:
                if at[0] != NEVER:
                    _close_block(&signs[0], d, share, floor, loss, coverage, lag, least_rows, &sums[0], &held[0], &at[0])
                if at[0] == NEVER or block != at[0] + 1 or at[1] == 0:
                    at[3] = 0
                at[0] = block
                at[1] = 0
                for j in range(d):
                    sums[j] = 0.0
            if gate[i] != NORMAL:
                state[i] = gate[i]
                continue
            whole = True
            for j in range(d):
                x = values[i * width + columns[j]]
                if x != x:
                    whole = False
                    break
            if not whole:
                state[i] = UNKNOWN
                continue
            for j in range(d):
                x = values[i * width + columns[j]]
                sums[j] = sums[j] + x
                if at[1] == 0 or x < sums[d + j]:
                    sums[d + j] = x
                if at[1] == 0 or x > sums[2 * d + j]:
                    sums[2 * d + j] = x
            at[1] += 1
            state[i] = UNKNOWN
            if at[2] != NEVER and at[2] == block - 1:
                state[i] = NORMAL
                score[i] = held[d + 1]
                measure[i] = held[d + 2]
                for j in range(d + 1):
                    trace[i * (d + 1) + j] = held[j]


cdef void _close_block(const double* signs, Py_ssize_t d, double share, double floor, double loss, double coverage,
                       double lag, long long least_rows, double* sums, double* held, long long* at) noexcept nogil:
    # held: each input's part of the variance, their root, score, imbalance; sums 3 d on: the range of the last block
    cdef Py_ssize_t j
    cdef double mean, variance = 0.0, imbalance = 0.0, late = 0.0, low, high, own, scored, entering = 0.0
    at[2] = NEVER
    if at[1] == 0:
        return
    for j in range(d):
        low = sums[d + j]
        high = sums[2 * d + j]
        if at[3] == 1 and sums[3 * d + j] < low:
            low = sums[3 * d + j]
        if at[3] == 1 and sums[4 * d + j] > high:
            high = sums[4 * d + j]
        late = late + (high - low) * lag
        mean = sums[j] / <double>at[1]
        own = share * mean * (share * mean) + floor * floor
        held[j] = own
        variance = variance + own
        imbalance = imbalance + signs[j] * mean
        if signs[j] > 0.0:
            entering = entering + mean
        sums[3 * d + j] = sums[d + j]
        sums[4 * d + j] = sums[2 * d + j]
    at[3] = 1
    if at[1] < least_rows:
        return
    imbalance = imbalance - loss * entering
    held[d] = sqrt(variance)
    for j in range(d):
        held[j] = held[j] / variance if variance > 0.0 else 0.0
    own = coverage * held[d] + late
    scored = 0.0
    if own > 0.0:
        scored = (imbalance if imbalance >= 0.0 else -imbalance) / own
    held[d + 1] = scored
    held[d + 2] = imbalance
    if scored - scored == 0.0 and imbalance - imbalance == 0.0:
        at[2] = at[0]
