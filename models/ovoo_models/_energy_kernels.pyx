# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Baselines, idle running, specific consumption, integration. Twin: _energy_kernels_py, whose pages hold for these too."""

from ovoo_models._lanes cimport clip, dot8, fold8, power_n

cdef extern from "_rls.h" nogil:
    ctypedef struct ovoo_rls:
        double forget, trace_max, excite_min, prior

    int ovoo_rls_step(const ovoo_rls* rule, double* p, double* w, const double* phi, double* gain, Py_ssize_t m,
                      Py_ssize_t live, double y, double predicted, double bound)

cdef double NAN = float("nan")
cdef long long NEVER = -1
cdef double NS_PER_H = 3.6e12
cdef unsigned char UNKNOWN = 0, OFF = 1, NORMAL = 3


def rls_rows(const double[::1] rows, const double[::1] target, Py_ssize_t m, Py_ssize_t n, double forget,
             double trace_max, double excite_min, double bound, double prior,
             double[::1] covariance, double[::1] weights, double[::1] gain, double[::1] out):
    cdef Py_ssize_t i
    cdef ovoo_rls rule = ovoo_rls(forget, trace_max, excite_min, prior)
    if rows.shape[0] < n * m or target.shape[0] < n or out.shape[0] < n or m == 0:
        raise ValueError("rows, target or output are shorter than n")
    if covariance.shape[0] < m * m or weights.shape[0] < m or gain.shape[0] < m:
        raise ValueError("state is shorter than m")
    with nogil:
        for i in range(n):
            out[i] = dot8(&weights[0], &rows[i * m], m)
            ovoo_rls_step(&rule, &covariance[0], &weights[0], &rows[i * m], &gain[0], m, m, target[i], out[i], bound)


cdef bint _features(const double* row, const int* columns, Py_ssize_t d, const double* centre, const double* inverse,
                    const double* low, const double* high, int degree, double* phi) noexcept nogil:
    cdef Py_ssize_t j, k, m = d + 1
    cdef double x
    phi[0] = 1.0
    for k in range(d):
        x = row[columns[k]]
        if not (low[k] <= x <= high[k]):
            return False
        phi[k + 1] = (x - centre[k]) * inverse[k]
    if degree == 2:
        for j in range(d):
            for k in range(j, d):
                phi[m] = phi[j + 1] * phi[k + 1]
                m += 1
    return True


def feature_rows(const double[::1] values, Py_ssize_t width, Py_ssize_t n, const int[::1] columns,
                 const double[::1] centre, const double[::1] inverse, const double[::1] low, const double[::1] high,
                 int degree, Py_ssize_t m, double[::1] out, unsigned char[::1] ok):
    cdef Py_ssize_t i, k, d = columns.shape[0]
    _check_model(values, width, n, columns, centre, inverse, low, high, degree, m)
    if out.shape[0] < n * m or ok.shape[0] < n:
        raise ValueError("output is shorter than n")
    with nogil:
        for i in range(n):
            ok[i] = NORMAL if _features(&values[i * width], &columns[0], d, &centre[0], &inverse[0], &low[0],
                                        &high[0], degree, &out[i * m]) else UNKNOWN


cdef _check_model(const double[::1] values, Py_ssize_t width, Py_ssize_t n, const int[::1] columns,
                  const double[::1] centre, const double[::1] inverse, const double[::1] low,
                  const double[::1] high, int degree, Py_ssize_t m):
    cdef Py_ssize_t k, d = columns.shape[0]
    if d == 0 or min(centre.shape[0], inverse.shape[0], low.shape[0], high.shape[0]) < d or values.shape[0] < n * width:
        raise ValueError("model arrays are shorter than the drivers")
    if m != (1 + d if degree == 1 else 1 + d + d * (d + 1) // 2):
        raise ValueError("m does not fit drivers and degree")
    for k in range(d):
        if columns[k] < 0 or columns[k] >= width:
            raise ValueError("driver column is outside the row")


def baseline_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
                  const unsigned char[::1] gate, Py_ssize_t power, const int[::1] columns, const double[::1] centre,
                  const double[::1] inverse, const double[::1] low, const double[::1] high, int degree,
                  const double[::1] weights, double sigma, long long step_ns, long long reset_ns, double slack,
                  double limit, double bound, double forget, double trace_max, double excite_min, double prior,
                  double[::1] covariance, double[::1] adaptive, double[::1] phi, double[::1] gain,
                  double[::1] sums, long long[::1] last_ns,
                  double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state,
                  double[::1] trace):
    cdef Py_ssize_t i, d = columns.shape[0], m = weights.shape[0]
    cdef double x, expected, residual, hours, h
    cdef long long gap
    cdef ovoo_rls rule = ovoo_rls(forget, trace_max, excite_min, prior)
    _check_model(values, width, n, columns, centre, inverse, low, high, degree, m)
    if min(covariance.shape[0], m * m) < m * m or min(adaptive.shape[0], phi.shape[0], gain.shape[0]) < m:
        raise ValueError("state is shorter than the features")
    if sums.shape[0] < 4 or last_ns.shape[0] < 1 or power < 0 or power >= width or sigma <= 0.0 or step_ns <= 0:
        raise ValueError("state is too short, or power, sigma or step are out of range")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n or trace.shape[0] < 4 * n:
        raise ValueError("output is shorter than n")
    if time_ns.shape[0] < n or gate.shape[0] < n:
        raise ValueError("columns are shorter than n")
    with nogil:
        for i in range(n):
            score[i] = NAN
            measure[i] = NAN
            limits[i] = limit
            state[i] = gate[i]
            trace[4 * i] = NAN
            trace[4 * i + 1] = NAN
            trace[4 * i + 2] = sums[1]
            trace[4 * i + 3] = sums[3]
            if gate[i] != NORMAL:
                last_ns[0] = NEVER
                continue
            x = values[i * width + power]
            if x != x or not _features(&values[i * width], &columns[0], d, &centre[0], &inverse[0], &low[0], &high[0],
                                       degree, &phi[0]):
                state[i] = UNKNOWN
                last_ns[0] = NEVER
                continue
            gap = time_ns[i] - last_ns[0]
            if last_ns[0] == NEVER or gap <= 0 or gap > reset_ns:
                gap = 0
            last_ns[0] = time_ns[i]
            hours = <double>gap / NS_PER_H
            h = <double>(gap if gap < step_ns else step_ns) / <double>step_ns
            expected = dot8(&weights[0], &phi[0], m)
            residual = x - expected
            sums[0] = sums[0] + h * (clip(residual / sigma, bound) - slack)
            if sums[0] <= 0.0:
                sums[0] = 0.0
                sums[1] = 0.0
                sums[2] = 0.0
            else:
                sums[1] = sums[1] + residual * hours
                sums[2] = sums[2] + hours
            if sums[0] > 2.0 * limit:
                sums[0] = 2.0 * limit
            sums[3] = sums[3] - residual * hours
            trace[4 * i] = expected
            trace[4 * i + 1] = dot8(&adaptive[0], &phi[0], m)
            trace[4 * i + 2] = sums[1]
            trace[4 * i + 3] = sums[3]
            if forget > 0.0:
                ovoo_rls_step(&rule, &covariance[0], &adaptive[0], &phi[0], &gain[0], m, m, x, trace[4 * i + 1],
                              bound * sigma)
            score[i] = sums[0]
            measure[i] = sums[1]


def idle_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
              const unsigned char[::1] gate, Py_ssize_t power, Py_ssize_t output, double power_min, double output_max, long long gap_ns,
              double[::1] sums, long long[::1] last_ns,
              double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state,
              unsigned char[::1] mode):
    cdef Py_ssize_t i
    cdef double p, o, hours
    cdef long long gap
    if time_ns.shape[0] < n or values.shape[0] < n * width or not (0 <= power < width) or not (0 <= output < width):
        raise ValueError("columns are shorter than n, or a column is outside the row")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n or mode.shape[0] < n:
        raise ValueError("output is shorter than n")
    if sums.shape[0] < 3 or last_ns.shape[0] < 2 or gate.shape[0] < n:
        raise ValueError("state or gate is too short")
    with nogil:
        for i in range(n):
            p = values[i * width + power]
            o = values[i * width + output]
            limits[i] = 1.0
            if p != p or o != o or gate[i] == UNKNOWN:
                score[i] = NAN
                measure[i] = NAN
                state[i] = UNKNOWN
                mode[i] = 255
                last_ns[0] = NEVER
                continue
            state[i] = NORMAL
            mode[i] = 0 if gate[i] == OFF or p < power_min else (1 if o <= output_max else 2)
            if mode[i] == 1:
                gap = time_ns[i] - last_ns[0]
                if last_ns[1] == NEVER or time_ns[i] - last_ns[1] > gap_ns:
                    sums[0] = 0.0
                if last_ns[0] != NEVER and 0 < gap <= gap_ns:
                    hours = <double>gap / NS_PER_H
                    sums[0] = sums[0] + 0.5 * (p + sums[2]) * hours
                    sums[1] = sums[1] + hours
                last_ns[0] = time_ns[i]
                last_ns[1] = time_ns[i]
                sums[2] = p
                score[i] = 1.0
            else:
                last_ns[0] = NEVER
                score[i] = 0.0
            measure[i] = sums[0]


def sec_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
             const unsigned char[::1] gate, Py_ssize_t power, Py_ssize_t output, double output_min, double decay,
             long long step_frames, long long period_ns, long long reset_ns, long long ready_frames, double limit,
             double[::1] means, long long[::1] last_ns,
             double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state):
    cdef Py_ssize_t i
    cdef double p, o, w
    cdef long long gap, frames
    if time_ns.shape[0] < n or values.shape[0] < n * width or gate.shape[0] < n:
        raise ValueError("columns are shorter than n")
    if not (0 <= power < width) or not (0 <= output < width) or period_ns <= 0:
        raise ValueError("a column is outside the row, or the period is not positive")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n:
        raise ValueError("output is shorter than n")
    if means.shape[0] < 2 or last_ns.shape[0] < 2:
        raise ValueError("state is too short")
    with nogil:
        for i in range(n):
            score[i] = NAN
            measure[i] = NAN
            limits[i] = limit
            state[i] = gate[i]
            if gate[i] != NORMAL:
                continue
            p = values[i * width + power]
            o = values[i * width + output]
            if p != p or o != o:
                state[i] = UNKNOWN
                continue
            gap = time_ns[i] - last_ns[0]
            if last_ns[0] == NEVER or gap > reset_ns or gap < 0:
                means[0] = p
                means[1] = o
                last_ns[1] = 0
            else:
                frames = gap / period_ns
                if frames > step_frames:
                    frames = step_frames
                w = 1.0 - power_n(decay, frames)
                means[0] = means[0] + w * (p - means[0])
                means[1] = means[1] + w * (o - means[1])
                last_ns[1] = last_ns[1] + frames
            last_ns[0] = time_ns[i]
            if last_ns[1] < ready_frames or means[1] <= output_min:
                state[i] = UNKNOWN
            else:
                score[i] = means[0] / means[1]
                measure[i] = score[i]


cdef void _credit(long long[::1] at, double[::1] sums, double kwh, long long span, int mode) noexcept nogil:
    sums[1] = sums[1] + kwh
    at[2] += span
    if 0 <= mode <= 2:
        at[3 + mode] += span


cdef Py_ssize_t _close(long long[::1] at, double[::1] sums, Py_ssize_t rows, long long[::1] out_time,
                       double[::1] out_kwh, double[::1] out_kw, double[::1] out_mode,
                       long long[::1] out_covered) noexcept nogil:
    cdef int best = 0, j
    if at[2] > 0:
        for j in range(1, 3):
            if at[3 + j] > at[3 + best]:
                best = j
        out_time[rows] = at[1]
        out_kwh[rows] = sums[1]
        out_kw[rows] = sums[1] / (<double>at[2] / NS_PER_H)
        out_mode[rows] = <double>best if at[3 + best] > 0 else NAN
        out_covered[rows] = at[2]
        rows += 1
    sums[1] = 0.0
    for j in range(2, 6):
        at[j] = 0
    return rows


def energy_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
                Py_ssize_t power, double factor, const unsigned char[::1] mode, long long gap_ns, long long bucket_ns,
                long long[::1] at, double[::1] sums, long long[::1] out_time, double[::1] out_kwh,
                double[::1] out_kw, double[::1] out_mode, long long[::1] out_covered):
    cdef Py_ssize_t i, rows = 0
    cdef long long t, start, edge, gap
    cdef double p, middle
    if time_ns.shape[0] < n or values.shape[0] < n * width or mode.shape[0] < n or not (0 <= power < width):
        raise ValueError("columns are shorter than n, or the power column is outside the row")
    if bucket_ns <= 0 or gap_ns <= 0 or gap_ns > bucket_ns or at.shape[0] < 6 or sums.shape[0] < 2:
        raise ValueError("0 < gap <= bucket is needed, and a state of 6 and 2 cells")
    if min(out_time.shape[0], out_kwh.shape[0], out_kw.shape[0], out_mode.shape[0], out_covered.shape[0]) < n:
        raise ValueError("output is shorter than n")
    with nogil:
        for i in range(n):
            p = values[i * width + power] * factor
            if p != p:
                at[0] = NEVER
                continue
            t = time_ns[i]
            start = t - t % bucket_ns
            gap = t - at[0]
            if at[0] != NEVER and 0 < gap <= gap_ns:
                edge = at[1] + bucket_ns
                if t >= edge and at[1] != NEVER:
                    middle = sums[0] + (p - sums[0]) * (<double>(edge - at[0]) / <double>gap)
                    _credit(at, sums, 0.5 * (sums[0] + middle) * (<double>(edge - at[0]) / NS_PER_H), edge - at[0], mode[i])
                    rows = _close(at, sums, rows, out_time, out_kwh, out_kw, out_mode, out_covered)
                    at[1] = start
                    _credit(at, sums, 0.5 * (middle + p) * (<double>(t - edge) / NS_PER_H), t - edge, mode[i])
                else:
                    _credit(at, sums, 0.5 * (sums[0] + p) * (<double>gap / NS_PER_H), gap, mode[i])
            elif at[1] != start:
                if at[1] != NEVER:
                    rows = _close(at, sums, rows, out_time, out_kwh, out_kw, out_mode, out_covered)
                at[1] = start
            at[0] = t
            sums[0] = p
    return rows


def trapezoid(const long long[::1] time_ns, const double[::1] value, long long gap_ns):
    cdef Py_ssize_t i, n = time_ns.shape[0], used = 0
    cdef double acc[8]
    cdef long long gap, covered = 0, missing = 0
    if value.shape[0] != n:
        raise ValueError("lengths differ")
    for i in range(8):
        acc[i] = 0.0
    with nogil:
        for i in range(1, n):
            gap = time_ns[i] - time_ns[i - 1]
            if 0 < gap <= gap_ns and value[i] == value[i] and value[i - 1] == value[i - 1]:
                acc[used & 7] += 0.5 * (value[i] + value[i - 1]) * (<double>gap / NS_PER_H)
                used += 1
                covered += gap
            elif gap > 0:
                missing += gap
    return fold8(acc), covered, missing
