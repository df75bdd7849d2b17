# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Twin baselines and power states. Twin: _drift_kernels_py, whose pages hold for these too."""

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
