# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Row loops of the detectors and the alarm latch. Twin: _kernels_py; the pages of its functions hold for these too."""

from ovoo_models._lanes cimport clip, dot8, power_n
from ovoo_models._latch cimport latch_step
from ovoo_models._products cimport ovoo_fill_absent, ovoo_quadratic
from ovoo_models._rows cimport ovoo_gate, ovoo_gate_row, read_gate

cdef double NAN = float("nan")
cdef long long NEVER = -1
cdef unsigned char UNKNOWN = 0, OFF = 1, SETTLING = 2, NORMAL = 3


def dot(const double[::1] a, const double[::1] b):
    if a.shape[0] != b.shape[0]:
        raise ValueError("lengths differ")
    if a.shape[0] == 0:
        return 0.0
    return dot8(&a[0], &b[0], a.shape[0])


def gate_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
              Py_ssize_t column, double low, double high, long long settle_ns, long long gap_ns,
              long long[::1] state_ns, unsigned char[::1] out):
    cdef Py_ssize_t i
    cdef double x
    if time_ns.shape[0] < n or values.shape[0] < n * width or out.shape[0] < n or state_ns.shape[0] < 2:
        raise ValueError("columns are shorter than n")
    if column >= width:
        raise ValueError("gate column is outside the row")
    with nogil:
        for i in range(n):
            if column < 0:
                out[i] = NORMAL
                continue
            x = values[i * width + column]
            if x != x:
                out[i] = UNKNOWN
                continue
            if not (low <= x <= high):
                out[i] = OFF
                state_ns[0] = NEVER
            else:
                if state_ns[0] == NEVER or time_ns[i] < state_ns[0] or time_ns[i] - state_ns[1] > gap_ns:
                    state_ns[0] = time_ns[i]
                out[i] = NORMAL if time_ns[i] - state_ns[0] >= settle_ns else SETTLING
            state_ns[1] = time_ns[i]


def regime_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n, gate,
                unsigned char[::1] out):
    cdef ovoo_gate g
    cdef long long[::1] state_ns = read_gate(&g, gate, width)
    cdef Py_ssize_t i
    if time_ns.shape[0] < n or values.shape[0] < n * width or out.shape[0] < n:
        raise ValueError("columns are shorter than n")
    with nogil:
        for i in range(n):
            out[i] = ovoo_gate_row(&g, time_ns[i], &values[i * width])


cdef Py_ssize_t _standardise(const double* row, const int* columns, Py_ssize_t d, const double* centre,
                             const double* inverse, const double* low, const double* high, double bound, double* y,
                             unsigned char* absent) noexcept nogil:
    cdef Py_ssize_t k, missing = 0
    cdef double x
    for k in range(d):
        x = row[columns[k]]
        if x < low[k] or x > high[k]:
            return d + 1
        if x != x:
            absent[k] = 1
            y[k] = 0.0
            missing += 1
        else:
            absent[k] = 0
            y[k] = clip((x - centre[k]) * inverse[k], bound)
    return missing


def mewma_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
               const unsigned char[::1] gate, const int[::1] columns, double[::1] centre, const double[::1] inverse,
               const double[::1] low, const double[::1] high, const double[::1] precision, double decay, long long step_frames, long long period_ns,
               long long reset_ns, Py_ssize_t max_missing, double bound, double limit, double adapt,
               double[::1] z, long long[::1] last_ns, double[::1] work, unsigned char[::1] absent,
               double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state,
               double[::1] trace):
    cdef Py_ssize_t i, k, d = columns.shape[0], missing
    cdef long long frames, gap
    cdef double w, t2, step
    cdef const double* row
    if min(centre.shape[0], inverse.shape[0], low.shape[0], high.shape[0]) < d or precision.shape[0] < d * d:
        raise ValueError("model arrays are shorter than the inputs")
    if min(z.shape[0], absent.shape[0]) < d:
        raise ValueError("state is shorter than the inputs")
    if work.shape[0] < 2 * d or last_ns.shape[0] < 1 or period_ns <= 0 or d == 0:
        raise ValueError("work needs two cells an input; the period must be positive")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n or trace.shape[0] < n * d:
        raise ValueError("output is shorter than n")
    if time_ns.shape[0] < n or values.shape[0] < n * width or gate.shape[0] < n:
        raise ValueError("columns are shorter than n")
    for k in range(d):
        if columns[k] < 0 or columns[k] >= width:
            raise ValueError("input column is outside the row")
    with nogil:
        for i in range(n):
            score[i] = NAN
            measure[i] = NAN
            limits[i] = limit
            state[i] = gate[i]
            row = &values[i * width]
            if gate[i] == NORMAL:
                missing = _standardise(row, &columns[0], d, &centre[0], &inverse[0], &low[0], &high[0], bound,
                                       &work[0], &absent[0])
                if missing > max_missing:
                    state[i] = UNKNOWN
                else:
                    if missing:
                        ovoo_fill_absent(&precision[0], d, &work[0], &absent[0])
                    gap = time_ns[i] - last_ns[0]
                    frames = gap / period_ns if gap > 0 else step_frames
                    if last_ns[0] == NEVER or gap > reset_ns or gap < 0:
                        for k in range(d):
                            z[k] = 0.0
                    if frames > step_frames:
                        frames = step_frames
                    w = 1.0 - power_n(decay, frames)
                    for k in range(d):
                        z[k] = z[k] + w * (work[k] - z[k])
                    last_ns[0] = time_ns[i]
                    t2 = ovoo_quadratic(&precision[0], &z[0], &work[d], d)
                    score[i] = t2
                    measure[i] = t2 / limit
                    if adapt > 0.0 and t2 < 0.5 * limit:
                        for k in range(d):
                            if not absent[k]:
                                step = clip((row[columns[k]] - centre[k]) * inverse[k], bound) / inverse[k]
                                centre[k] = centre[k] + adapt * frames * step
            for k in range(d):
                trace[i * d + k] = z[k]


def moment_rows(const double[::1] rows, Py_ssize_t d, Py_ssize_t n, const unsigned char[::1] use,
                double[::1] total, double[::1] cross):
    cdef Py_ssize_t i, j, k, count = 0
    cdef bint whole
    if rows.shape[0] < n * d or use.shape[0] < n or total.shape[0] < d or cross.shape[0] < d * d:
        raise ValueError("arrays are shorter than their sizes")
    with nogil:
        for i in range(n):
            whole = use[i] == NORMAL
            for k in range(d):
                if rows[i * d + k] != rows[i * d + k]:
                    whole = False
            if not whole:
                continue
            count += 1
            for j in range(d):
                total[j] += rows[i * d + j]
                for k in range(d):
                    cross[j * d + k] += rows[i * d + j] * rows[i * d + k]
    return count


def range_rows(const double[::1] values, Py_ssize_t width, Py_ssize_t n, const unsigned char[::1] gate,
               Py_ssize_t column, double low, double high, double inverse_hysteresis,
               double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state):
    cdef Py_ssize_t i
    cdef double x, above, below
    if values.shape[0] < n * width or gate.shape[0] < n or column < 0 or column >= width:
        raise ValueError("columns are shorter than n, or the column is outside the row")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n:
        raise ValueError("output is shorter than n")
    with nogil:
        for i in range(n):
            x = values[i * width + column]
            score[i] = NAN
            limits[i] = 1.0
            measure[i] = x
            state[i] = gate[i]
            if gate[i] != NORMAL:
                continue
            if x != x:
                state[i] = UNKNOWN
                continue
            above = (x - high) * inverse_hysteresis + 1.0
            below = (low - x) * inverse_hysteresis + 1.0
            score[i] = above if above > below else below


def flatline_rows(const double[::1] values, Py_ssize_t width, Py_ssize_t n, const unsigned char[::1] gate,
                  Py_ssize_t column, double tolerance, double[::1] anchor,
                  double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state):
    cdef Py_ssize_t i
    cdef double x, moved
    if values.shape[0] < n * width or gate.shape[0] < n or column < 0 or column >= width or anchor.shape[0] < 1:
        raise ValueError("columns are shorter than n, or the column is outside the row")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n:
        raise ValueError("output is shorter than n")
    with nogil:
        for i in range(n):
            x = values[i * width + column]
            score[i] = NAN
            limits[i] = 1.0
            measure[i] = x
            state[i] = gate[i]
            if gate[i] != NORMAL:
                continue
            if x != x:
                state[i] = UNKNOWN
                continue
            moved = x - anchor[0]
            if moved <= tolerance and -moved <= tolerance:
                score[i] = 1.0
            else:
                score[i] = 0.0
                anchor[0] = x


def rate_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
              const unsigned char[::1] gate, Py_ssize_t column, double max_per_s, long long over_ns, long long gap_ns,
              double[::1] anchor, long long[::1] anchor_ns,
              double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state):
    cdef Py_ssize_t i
    cdef double x, moved
    cdef long long gap
    if time_ns.shape[0] < n or values.shape[0] < n * width or gate.shape[0] < n or column < 0 or column >= width:
        raise ValueError("columns are shorter than n, or the column is outside the row")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n:
        raise ValueError("output is shorter than n")
    if anchor.shape[0] < 2 or anchor_ns.shape[0] < 1:
        raise ValueError("state is too short")
    with nogil:
        for i in range(n):
            x = values[i * width + column]
            score[i] = NAN
            limits[i] = 1.0
            measure[i] = NAN
            state[i] = gate[i]
            if gate[i] != NORMAL:
                anchor_ns[0] = NEVER
                continue
            if x != x:
                state[i] = UNKNOWN
                continue
            gap = time_ns[i] - anchor_ns[0]
            if anchor_ns[0] == NEVER or gap > gap_ns or gap < 0:
                anchor[0] = x
                anchor[1] = 0.0
                anchor_ns[0] = time_ns[i]
            elif gap >= over_ns and gap > 0:
                moved = x - anchor[0]
                if moved < 0.0:
                    moved = -moved
                anchor[1] = moved / (<double>gap / 1e9)
                anchor[0] = x
                anchor_ns[0] = time_ns[i]
            measure[i] = anchor[1]
            score[i] = anchor[1] / max_per_s


def latch_rows(const long long[::1] time_ns, const double[::1] score, const double[::1] limits,
               const double[::1] measure, unsigned char[::1] state, Py_ssize_t n, double release,
               long long on_ns, long long off_ns, long long merge_ns, long long update_ns, long long gap_ns,
               long long[::1] at, double[::1] peak, long long[::1] event_row, long long[::1] event_kind,
               long long[::1] event_ns, double[::1] event_value):
    cdef Py_ssize_t i, events = 0
    cdef long long kind
    if min(time_ns.shape[0], score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n:
        raise ValueError("columns are shorter than n")
    if min(event_row.shape[0], event_kind.shape[0]) < n or event_ns.shape[0] < 2 * n or event_value.shape[0] < 3 * n:
        raise ValueError("event arrays are too short")
    if at.shape[0] < 8 or peak.shape[0] < 3:
        raise ValueError("state is too short")
    with nogil:
        for i in range(n):
            kind = latch_step(time_ns[i], score[i], limits[i], measure[i], &state[i], release, on_ns, off_ns, merge_ns,
                              update_ns, gap_ns, &at[0], &peak[0])
            if kind:
                event_row[events] = i
                event_kind[events] = kind
                event_ns[2 * events] = at[2]
                event_ns[2 * events + 1] = at[4] if kind == 4 else at[3]
                event_value[3 * events] = peak[0]
                event_value[3 * events + 1] = peak[1]
                event_value[3 * events + 2] = peak[2]
                events += 1
    return events
