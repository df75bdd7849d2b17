# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Signals without their own memory, limits that remember a peak, change points. Twin: _memory_kernels_py."""

from libc.math cimport sqrt

from ovoo_models._lanes cimport clip, power_n
from ovoo_models._products cimport ovoo_fill_absent, ovoo_quadratic

cdef double NAN = float("nan")
cdef long long NEVER = -1
cdef unsigned char UNKNOWN = 0, SETTLING = 2, NORMAL = 3


cdef inline double _residual(double y, double prior, double keep, double inverse, long long frames) noexcept nogil:
    cdef double p
    if frames == 1:
        return (y - keep * prior) * inverse
    if frames == 0:
        return y * inverse * sqrt(1.0 - keep * keep)
    p = power_n(keep, frames)
    return (y - p * prior) * inverse * sqrt((1.0 - keep * keep) / (1.0 - p * p))


def residual_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
                  const unsigned char[::1] gate, const int[::1] columns, const double[::1] centre,
                  const double[::1] inverse, const double[::1] low, const double[::1] high, double bound,
                  const double[::1] keep, const double[::1] keep_inverse, long long period_ns, long long reset_ns,
                  double[::1] prior, long long[::1] prior_ns, double[::1] residual, unsigned char[::1] use):
    cdef Py_ssize_t i, k, d = columns.shape[0]
    cdef long long gap, frames, known_gap = 0, known_frames = 1
    cdef double x, y
    cdef const double* row
    if min(centre.shape[0], inverse.shape[0], low.shape[0], high.shape[0], keep.shape[0], keep_inverse.shape[0]) < d:
        raise ValueError("model arrays are shorter than the inputs")
    if prior.shape[0] < d or prior_ns.shape[0] < d or period_ns <= 0 or d == 0:
        raise ValueError("state is shorter than the inputs; the period must be positive")
    if time_ns.shape[0] < n or values.shape[0] < n * width or gate.shape[0] < n:
        raise ValueError("columns are shorter than n")
    if residual.shape[0] < n * d or use.shape[0] < n:
        raise ValueError("output is shorter than n")
    for k in range(d):
        if columns[k] < 0 or columns[k] >= width:
            raise ValueError("input column is outside the row")
    with nogil:
        for i in range(n):
            use[i] = gate[i]
            row = &values[i * width]
            for k in range(d):
                residual[i * d + k] = NAN
                if row[columns[k]] < low[k] or row[columns[k]] > high[k]:
                    if use[i] == NORMAL:
                        use[i] = UNKNOWN
            if use[i] != NORMAL:
                continue
            for k in range(d):
                x = row[columns[k]]
                if x != x:
                    continue
                y = clip((x - centre[k]) * inverse[k], bound)
                gap = time_ns[i] - prior_ns[k]
                if prior_ns[k] == NEVER or gap <= 0 or gap > reset_ns:
                    frames = 0
                else:
                    if gap != known_gap:
                        # signals mostly came together: one division a gap, not one a signal
                        known_gap = gap
                        known_frames = (gap + period_ns / 2) / period_ns
                        if known_frames < 1:
                            known_frames = 1
                    frames = known_frames
                residual[i * d + k] = clip(_residual(y, prior[k], keep[k], keep_inverse[k], frames), bound)
                prior[k] = y
                prior_ns[k] = time_ns[i]


def peak_limit_rows(const long long[::1] time_ns, const double[::1] score, double[::1] limits,
                    const unsigned char[::1] state, Py_ssize_t n, double share, double decay, long long period_ns,
                    long long reset_ns, double[::1] peak, long long[::1] peak_ns):
    cdef Py_ssize_t i
    cdef long long gap, frames
    cdef double least
    if min(time_ns.shape[0], score.shape[0], limits.shape[0], state.shape[0]) < n:
        raise ValueError("columns are shorter than n")
    if peak.shape[0] < 1 or peak_ns.shape[0] < 1 or period_ns <= 0:
        raise ValueError("state is too short; the period must be positive")
    with nogil:
        for i in range(n):
            if state[i] != NORMAL:
                continue
            gap = time_ns[i] - peak_ns[0]
            if peak_ns[0] == NEVER or gap < 0 or gap > reset_ns:
                peak[0] = 0.0
            else:
                frames = gap / period_ns
                peak[0] = peak[0] * power_n(decay, frames if frames > 1 else 1)
            peak_ns[0] = time_ns[i]
            if score[i] > peak[0]:
                peak[0] = score[i]
            least = share * peak[0]
            if least > limits[i]:
                limits[i] = least


def change_point_rows(const long long[::1] time_ns, const double[::1] residual, Py_ssize_t d, Py_ssize_t n,
                      const unsigned char[::1] use, const double[::1] precision, double fast_decay,
                      double slow_decay, long long step_frames, long long period_ns, long long reset_ns,
                      long long mute_ns, Py_ssize_t max_missing, double limit, double[::1] fast, double[::1] slow,
                      long long[::1] at_ns, double[::1] work, unsigned char[::1] absent,
                      double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state,
                      double[::1] trace):
    # at_ns: last row used, mute since, periods since both means started anew
    cdef Py_ssize_t i, k, missing
    cdef long long gap, frames
    cdef double x, quick, late, share, t2
    if precision.shape[0] < d * d or min(fast.shape[0], slow.shape[0], absent.shape[0]) < d or work.shape[0] < 3 * d:
        raise ValueError("model or state is shorter than the inputs; work needs three cells an input")
    if at_ns.shape[0] < 3 or period_ns <= 0 or step_frames <= 0 or d <= 0:
        raise ValueError("state is too short; period and step must be positive")
    if time_ns.shape[0] < n or residual.shape[0] < n * d or use.shape[0] < n:
        raise ValueError("columns are shorter than n")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n or trace.shape[0] < n * d:
        raise ValueError("output is shorter than n")
    with nogil:
        for i in range(n):
            score[i] = NAN
            measure[i] = NAN
            limits[i] = limit
            state[i] = use[i]
            for k in range(d):
                trace[i * d + k] = fast[k] - slow[k]
            if use[i] != NORMAL:
                continue
            missing = 0
            for k in range(d):
                x = residual[i * d + k]
                absent[k] = x != x
                missing += absent[k]
                work[k] = 0.0 if absent[k] else x
            if missing > max_missing:
                state[i] = UNKNOWN
                continue
            if missing:
                ovoo_fill_absent(&precision[0], d, &work[0], &absent[0])
            gap = time_ns[i] - at_ns[0]
            frames = gap / period_ns if gap > 0 else step_frames
            if at_ns[0] == NEVER or gap > reset_ns or gap < 0:
                for k in range(d):
                    fast[k] = 0.0
                    slow[k] = 0.0
                at_ns[1] = NEVER
                at_ns[2] = NEVER
            if frames > step_frames:
                frames = step_frames
            at_ns[0] = time_ns[i]
            quick = 1.0 - power_n(fast_decay, frames)
            late = 1.0 - power_n(slow_decay, frames)
            if at_ns[2] != NEVER and frames > 0:
                at_ns[2] = at_ns[2] + frames
                share = <double>frames / <double>at_ns[2]
                if share > quick:
                    quick = share
                if share > late:
                    late = share
                else:
                    at_ns[2] = NEVER
            for k in range(d):
                fast[k] = fast[k] + quick * (work[k] - fast[k])
                slow[k] = slow[k] + late * (work[k] - slow[k])
                work[d + k] = fast[k] - slow[k]
                trace[i * d + k] = work[d + k]
            t2 = ovoo_quadratic(&precision[0], &work[d], &work[2 * d], d)
            if at_ns[1] != NEVER and time_ns[i] - at_ns[1] < mute_ns:
                state[i] = SETTLING
                continue
            at_ns[1] = NEVER
            score[i] = t2
            measure[i] = t2 / limit
            if t2 >= limit:
                at_ns[1] = time_ns[i]
                at_ns[2] = 0
