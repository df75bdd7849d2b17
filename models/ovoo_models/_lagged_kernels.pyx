# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Row loop of the lagged detector. Twin: _lagged_kernels_py; the pages of its functions hold for these too."""

from libc.math cimport sqrt

from ovoo_models._lanes cimport clip, dot8, fold8
from ovoo_models._products cimport ovoo_add_products

cdef double NAN = float("nan")
cdef long long NEVER = -1
cdef unsigned char UNKNOWN = 0, NORMAL = 3
cdef double WIDE = 1e4


cdef double _mean(const double* a, Py_ssize_t n) noexcept nogil:
    cdef double acc[8]
    cdef Py_ssize_t k, lane
    for lane in range(8):
        acc[lane] = 0.0
    for k in range(0, n - 7, 8):
        for lane in range(8):
            acc[lane] += a[k + lane]
    k = n - n % 8
    for lane in range(n - k):
        acc[lane] += a[k + lane]
    return fold8(acc) / n


cdef Py_ssize_t _standardise(const double* row, const int* columns, Py_ssize_t d, const double* centre,
                             const double* inverse, double bound, double* y, double* present) noexcept nogil:
    cdef Py_ssize_t k, missing = 0
    cdef double x
    for k in range(d):
        x = row[columns[k]]
        if x != x:
            present[k] = 0.0
            y[k] = 0.0
            missing += 1
        else:
            present[k] = 1.0
            y[k] = clip((x - centre[k]) * inverse[k], bound)
    return missing


cdef void _fill_absent(const double* precision, Py_ssize_t d, double* e, const double* present) noexcept nogil:
    # Gauss-Seidel on P_mm e_m = -P_mo e_o: the mean of the absent errors given those present
    cdef Py_ssize_t sweep, k
    for k in range(d):
        if present[k] == 0.0:
            e[k] = 0.0
    for sweep in range(8):
        for k in range(d):
            if present[k] == 0.0:
                e[k] = e[k] - dot8(precision + k * d, e, d) / precision[k * d + k]


cdef void _average(double* averages, Py_ssize_t d, const double* u, const double* present, double fast,
                   double middle, double slow, double clip2, const double* ceiling, double* top) noexcept nogil:
    # top: greatest |shift| fast, slow; greatest square fast, slow
    cdef Py_ssize_t k
    cdef double square, x
    cdef double* shift_fast = averages
    cdef double* shift_slow = averages + d
    cdef double* square_fast = averages + 2 * d
    cdef double* square_slow = averages + 3 * d
    cdef double* wide = averages + 4 * d
    for k in range(d):
        x = clip(u[k], ceiling[4])
        shift_fast[k] = clip(shift_fast[k] + fast * present[k] * (x - shift_fast[k]), ceiling[0])
        shift_slow[k] = clip(shift_slow[k] + middle * present[k] * (x - shift_slow[k]), ceiling[1])
    for k in range(d):
        square = u[k] * u[k]
        square = WIDE if square > WIDE else square
        wide[k] = wide[k] + fast * present[k] * (square - wide[k])
        square = clip2 if square > clip2 else square
        x = square_fast[k] + fast * present[k] * (square - square_fast[k])
        square_fast[k] = ceiling[2] if x > ceiling[2] else x
        x = square_slow[k] + slow * present[k] * (square - square_slow[k])
        square_slow[k] = ceiling[3] if x > ceiling[3] else x
    for k in range(4):
        top[k] = 0.0
    for k in range(d):
        x = shift_fast[k] if shift_fast[k] > 0.0 else -shift_fast[k]
        top[0] = x if x > top[0] else top[0]
        x = shift_slow[k] if shift_slow[k] > 0.0 else -shift_slow[k]
        top[1] = x if x > top[1] else top[1]
        top[2] = square_fast[k] if square_fast[k] > top[2] else top[2]
        top[3] = square_slow[k] if square_slow[k] > top[3] else top[3]


cdef Py_ssize_t _statistics(const double* averages, Py_ssize_t d, double* s) noexcept nogil:
    s[2] = sqrt(s[2])
    s[3] = sqrt(s[3])
    s[4] = sqrt(_mean(averages + 2 * d, d))
    s[5] = sqrt(_mean(averages + 3 * d, d))
    return 6


cdef Py_ssize_t _worst(const double* s, const double* usual, const double* inverse_spread,
                       double* score) noexcept nogil:
    cdef Py_ssize_t k, best = 0
    cdef double x
    score[0] = 0.0
    for k in range(6):
        x = (s[k] - usual[k]) * inverse_spread[k]
        if x > score[0]:
            score[0] = x
            best = k
    return best


cdef void _blame(const double* averages, Py_ssize_t d, Py_ssize_t best, double* blame) noexcept nogil:
    cdef Py_ssize_t k
    cdef double x
    cdef const double* from_ = averages + d * (best if best < 2 else 4)
    for k in range(d):
        if best < 2:
            blame[k] = from_[k] * from_[k]
        else:
            x = from_[k] - 1.0
            blame[k] = x if x > 0.0 else 0.0


def lagged_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
                const unsigned char[::1] gate, const int[::1] columns, Py_ssize_t lags, const double[::1] centre,
                const double[::1] inverse, const double[::1] coefficient, const double[::1] precision,
                const double[::1] weight, const double[::1] usual, const double[::1] inverse_spread,
                const double[::1] ceiling, double fast, double middle, double slow, double clip2, double bound, double limit,
                Py_ssize_t max_missing, long long step_ns, long long slack_ns, long long reset_ns,
                double[::1] past, double[::1] averages, double[::1] blame, double[::1] held,
                long long[::1] last, double[::1] work,
                double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state,
                double[::1] trace, double[::1] statistics):
    cdef Py_ssize_t i, j, k, d = columns.shape[0], m = columns.shape[0] * lags, missing, best
    cdef long long gap
    cdef double value = 0.0
    cdef double* z
    cdef double* e
    cdef double* u
    cdef double* present
    if d == 0 or lags < 1 or min(centre.shape[0], inverse.shape[0], weight.shape[0]) < d:
        raise ValueError("model arrays are shorter than the inputs")
    if coefficient.shape[0] < d * m or precision.shape[0] < d * d:
        raise ValueError("model arrays are shorter than the inputs")
    if min(usual.shape[0], inverse_spread.shape[0]) < 6 or ceiling.shape[0] < 5:
        raise ValueError("six reference values and five ceilings are needed")
    if past.shape[0] < m or averages.shape[0] < 5 * d or blame.shape[0] < d:
        raise ValueError("state is shorter than the inputs")
    if held.shape[0] < 1 or last.shape[0] < 2 or work.shape[0] < 4 * d or step_ns <= 0:
        raise ValueError("state is too short, or the step is not positive")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n:
        raise ValueError("output is shorter than n")
    if trace.shape[0] < n * d or statistics.shape[0] < 6 * n:
        raise ValueError("output is shorter than n")
    if time_ns.shape[0] < n or values.shape[0] < n * width or gate.shape[0] < n:
        raise ValueError("columns are shorter than n")
    for k in range(d):
        if columns[k] < 0 or columns[k] >= width:
            raise ValueError("input column is outside the row")
    z = &work[0]
    e = &work[d]
    u = &work[2 * d]
    present = &work[3 * d]
    with nogil:
        for i in range(n):
            score[i] = NAN
            measure[i] = NAN
            limits[i] = limit
            state[i] = gate[i]
            for k in range(d):
                trace[i * d + k] = 0.0
            for k in range(6):
                statistics[6 * i + k] = NAN
            if gate[i] != NORMAL:
                last[1] = 0
                continue
            gap = time_ns[i] - last[0]
            if last[0] == NEVER or gap < 0 or gap > reset_ns:
                last[1] = 0
                held[0] = NAN
                for k in range(5 * d):
                    averages[k] = 0.0 if k < 2 * d else 1.0
            elif gap < step_ns - slack_ns:
                # between two steps the last score stands
                if held[0] == held[0] and last[1] >= lags:
                    score[i] = held[0]
                    measure[i] = held[0] / limit
                    for k in range(d):
                        trace[i * d + k] = blame[k]
                else:
                    state[i] = UNKNOWN
                continue
            elif gap > step_ns + step_ns / 2:
                last[1] = 0
            missing = _standardise(&values[i * width], &columns[0], d, &centre[0], &inverse[0], bound, z, present)
            if missing > max_missing:
                state[i] = UNKNOWN
                continue
            last[0] = time_ns[i]
            if last[1] < lags:
                last[1] += 1
                held[0] = NAN
                state[i] = UNKNOWN
            else:
                for k in range(d):
                    u[k] = 0.0
                ovoo_add_products(&coefficient[0], m, d, &past[0], u)
                for k in range(d):
                    e[k] = z[k] - u[k]
                    u[k] = 0.0
                if missing:
                    for k in range(d):
                        if present[k] == 0.0:
                            # the error of a zero is minus the forecast
                            z[k] = -e[k]
                    _fill_absent(&precision[0], d, e, present)
                    for k in range(d):
                        if present[k] == 0.0:
                            z[k] = z[k] + e[k]
                ovoo_add_products(&precision[0], d, d, e, u)
                for k in range(d):
                    u[k] = u[k] * weight[k]
                _average(&averages[0], d, u, present, fast, middle, slow, clip2, &ceiling[0], &statistics[6 * i])
                _statistics(&averages[0], d, &statistics[6 * i])
                best = _worst(&statistics[6 * i], &usual[0], &inverse_spread[0], &value)
                _blame(&averages[0], d, best, &blame[0])
                held[0] = value
                score[i] = value
                measure[i] = value / limit
                for k in range(d):
                    trace[i * d + k] = blame[k]
            for j in range(m - 1, d - 1, -1):
                past[j] = past[j - d]
            for k in range(d):
                past[k] = z[k]
