# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Twin baselines, power states and what they use by period. Twin: _drift_kernels_py, whose pages hold for these too."""

cdef extern from "_drift.h" nogil:
    ctypedef struct ovoo_rls:
        double forget, trace_max, excite_min, prior

    ctypedef struct ovoo_drift:
        ovoo_rls rls
        double bound, slack, limit, weight, gap_weight
        long long step_ns, reset_ns, dwell_ns
        int degree

    int ovoo_power_state(const double* rise, const double* fall, double power, int running, long long now,
                         long long dwell_ns, long long gap_ns, long long* clock)
    void ovoo_drift_rows(const ovoo_drift* rule, Py_ssize_t models, const double* plan, double* state,
                         long long* clock, const int* columns, const long long* time_ns, const double* values,
                         Py_ssize_t width, Py_ssize_t n, const unsigned char* gate, double* out,
                         unsigned char* bits, unsigned char* mode)

cdef double NS_PER_H = 3.6e12
cdef long long NEVER = -1
PLAN, STATE, CLOCK, OUT, FEATURES = 48, 56, 4, 8, 8


cdef ovoo_drift _rule_of(const double[::1] rule, const long long[::1] times, int degree):
    cdef ovoo_drift made
    if rule.shape[0] < 9 or times.shape[0] < 3 or times[0] <= 0 or degree not in (1, 2):
        raise ValueError("rule needs 9 cells, times 3 with a positive step, degree 1 or 2")
    made.rls.forget, made.rls.trace_max, made.rls.excite_min, made.rls.prior = rule[0], rule[1], rule[2], rule[3]
    made.bound, made.slack, made.limit, made.weight, made.gap_weight = rule[4], rule[5], rule[6], rule[7], rule[8]
    made.step_ns, made.reset_ns, made.dwell_ns, made.degree = times[0], times[1], times[2], degree
    return made


cdef _check_columns(const int[::1] columns, const double[::1] plan, Py_ssize_t models, Py_ssize_t width, int degree):
    cdef Py_ssize_t each, k, d
    for each in range(models):
        d = 0
        while d < 7 and columns[8 * each + d + 1] >= 0:
            d += 1
        if columns[8 * each] < 0:
            raise ValueError("a power column is needed")
        if degree == 2 and d > 2:
            raise ValueError("degree 2 holds at most two drivers")
        for k in range(d + 1):
            if columns[8 * each + k] >= width:
                raise ValueError("a column is outside the row")
        if not (plan[48 * each + 36] > 0.0 and 1.0 <= plan[48 * each + 43] <= 8.0):
            raise ValueError("sigma must be positive and the features 1 to 8")


def drift_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
               const unsigned char[::1] gate, Py_ssize_t models, const int[::1] columns, int degree,
               const double[::1] rule, const long long[::1] times, const double[::1] plan, double[::1] state,
               long long[::1] clock, double[::1] out, unsigned char[::1] bits, unsigned char[::1] mode):
    cdef ovoo_drift made = _rule_of(rule, times, degree)
    if time_ns.shape[0] < n or values.shape[0] < n * width or gate.shape[0] < models * n or columns.shape[0] < 8 * models:
        raise ValueError("rows, gate or columns are shorter than n")
    if plan.shape[0] < 48 * models or state.shape[0] < 56 * models or clock.shape[0] < 4 * models:
        raise ValueError("plan, state or clock are shorter than the models")
    if out.shape[0] < 8 * models * n or bits.shape[0] < models * n or mode.shape[0] < models * n:
        raise ValueError("output is shorter than models x n")
    _check_columns(columns, plan, models, width, degree)
    if n == 0 or models == 0:
        return
    with nogil:
        ovoo_drift_rows(&made, models, &plan[0], &state[0], &clock[0], &columns[0], &time_ns[0], &values[0], width, n,
                        &gate[0], &out[0], &bits[0], &mode[0])


def power_state_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
                     Py_ssize_t power, Py_ssize_t running, const double[::1] bounds, long long dwell_ns,
                     long long gap_ns, long long[::1] clock, unsigned char[::1] mode):
    cdef Py_ssize_t i
    cdef int runs
    cdef double flag
    if time_ns.shape[0] < n or values.shape[0] < n * width or mode.shape[0] < n:
        raise ValueError("rows or output are shorter than n")
    if bounds.shape[0] < 6 or clock.shape[0] < 4 or not (0 <= power < width) or running >= width:
        raise ValueError("bounds need 6 cells, clock 4, and the columns must be in the row")
    with nogil:
        for i in range(n):
            runs = -1
            if running >= 0:
                flag = values[i * width + running]
                if flag == flag:
                    runs = 1 if flag >= 0.5 else 0
            mode[i] = <unsigned char>ovoo_power_state(&bounds[0], &bounds[3], values[i * width + power], runs,
                                                      time_ns[i], dwell_ns, gap_ns, &clock[0])


def fill_histogram(const double[::1] values, Py_ssize_t width, Py_ssize_t n, Py_ssize_t column, double low, double step,
                   double decay, double[::1] counts):
    cdef Py_ssize_t i, k, cells = counts.shape[0], used = 0
    cdef double x, place
    if values.shape[0] < n * width or not (0 <= column < width) or not step > 0.0 or cells < 2:
        raise ValueError("values are shorter than n, or column, step or cells are out of range")
    with nogil:
        if decay < 1.0:
            for k in range(cells):
                counts[k] = counts[k] * decay
        for i in range(n):
            x = values[i * width + column]
            if x != x:
                continue
            place = (x - low) / step
            k = 0 if place < 0.0 else (cells - 1 if place >= <double>cells else <Py_ssize_t>place)
            counts[k] = counts[k] + 1.0
            used += 1
    return used


cdef void _credit(double* sums, double kwh, long long span, int code) noexcept nogil:
    sums[1 + code] = sums[1 + code] + kwh
    sums[6 + code] = sums[6 + code] + <double>span


cdef Py_ssize_t _close(long long start, double* sums, Py_ssize_t closed, long long* out_start, double* out) noexcept nogil:
    cdef int k
    cdef double covered = 0.0
    for k in range(5):
        covered = covered + sums[6 + k]
    if covered > 0.0:
        out_start[closed] = start
        for k in range(10):
            out[10 * closed + k] = sums[1 + k]
        closed += 1
    for k in range(1, 11):
        sums[k] = 0.0
    return closed


def period_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
                Py_ssize_t power, double factor, const unsigned char[::1] mode, long long gap_ns, long long period_ns,
                long long[::1] at, double[::1] sums, long long[::1] out_start, double[::1] out):
    cdef Py_ssize_t i, closed = 0, room
    cdef long long t, last, gap, edge
    cdef double p, before, after
    cdef int code
    if time_ns.shape[0] < n or values.shape[0] < n * width or mode.shape[0] < n or not (0 <= power < width):
        raise ValueError("columns are shorter than n, or the power column is outside the row")
    if period_ns <= 0 or gap_ns <= 0 or at.shape[0] < 2 or sums.shape[0] < 11:
        raise ValueError("a positive period and gap are needed, and a state of 2 and 11 cells")
    room = n * (gap_ns // period_ns + 2)
    if out_start.shape[0] < room or out.shape[0] < 10 * room:
        raise ValueError("output is shorter than n (gap / period + 2)")
    if n == 0:
        return 0
    with nogil:
        for i in range(n):
            p = values[i * width + power] * factor
            if p != p:
                at[0] = NEVER
                continue
            t = time_ns[i]
            code = mode[i] if mode[i] < 4 else 4
            last = at[0]
            gap = t - last
            if last != NEVER and 0 < gap <= gap_ns:
                before = sums[0]
                edge = at[1] + period_ns
                while t >= edge:
                    after = sums[0] + (p - sums[0]) * (<double>(edge - at[0]) / <double>gap)
                    _credit(&sums[0], 0.5 * (before + after) * (<double>(edge - last) / NS_PER_H), edge - last, code)
                    closed = _close(at[1], &sums[0], closed, &out_start[0], &out[0])
                    at[1] = edge
                    last = edge
                    before = after
                    edge += period_ns
                _credit(&sums[0], 0.5 * (before + p) * (<double>(t - last) / NS_PER_H), t - last, code)
            elif at[1] != t - t % period_ns:
                if at[1] != NEVER:
                    closed = _close(at[1], &sums[0], closed, &out_start[0], &out[0])
                at[1] = t - t % period_ns
            at[0] = t
            sums[0] = p
    return closed
