# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Signals without their own memory, limits that remember a peak, change points. Twin: _memory_kernels_py."""

from cpython.buffer cimport PyBuffer_Release

from ovoo_models._lanes cimport power_n
from ovoo_models._rows cimport open_row, ovoo_gate, read_gate

cdef extern from "_memory.h" nogil:
    ctypedef struct ovoo_memory:
        Py_ssize_t inputs, first
        const int* columns
        const double* centre
        const double* inverse
        const double* low
        const double* high
        const double* keep
        const double* keep_inverse
        double bound
        long long period_ns, reset_ns
        double* prior
        long long* prior_ns

    ctypedef struct ovoo_change:
        Py_ssize_t inputs, max_missing
        const double* precision
        double fast_decay, slow_decay
        long long step_frames, period_ns, reset_ns, mute_ns
        double* fast
        double* slow
        double* work
        long long* at_ns
        unsigned char* absent

    void ovoo_memory_rows(const ovoo_memory* m, const long long* time_ns, const double* values, Py_ssize_t width,
                          Py_ssize_t n, const unsigned char* gate, double* residual, unsigned char* use)
    void ovoo_change_rows(const ovoo_change* c, const long long* time_ns, const double* residual, Py_ssize_t n,
                          const unsigned char* use, double limit, double* score, double* limits, double* measure,
                          unsigned char* state, double* trace)
    void ovoo_change_both(const ovoo_memory* m, const ovoo_change* c, const long long* time_ns, const double* values,
                          Py_ssize_t width, Py_ssize_t n, const unsigned char* gate, double limit, double* r,
                          double* score, double* limits, double* measure, unsigned char* state, double* trace)
    double ovoo_change_single(const ovoo_memory* m, const ovoo_change* c, const ovoo_gate* gate, long long time_ns,
                              const double* row, double limit, double* r)

cdef long long NEVER = -1
cdef unsigned char NORMAL = 3


cdef int _open_memory(ovoo_memory* m, const int[::1] columns, Py_ssize_t width, const double[::1] centre,
                      const double[::1] inverse, const double[::1] low, const double[::1] high, double bound,
                      const double[::1] keep, const double[::1] keep_inverse, long long period_ns, long long reset_ns,
                      double[::1] prior, long long[::1] prior_ns) except -1:
    # the caller keeps the arrays alive as long as `m`
    cdef Py_ssize_t k, d = columns.shape[0]
    if min(centre.shape[0], inverse.shape[0], low.shape[0], high.shape[0], keep.shape[0], keep_inverse.shape[0]) < d:
        raise ValueError("model arrays are shorter than the inputs")
    if prior.shape[0] < d or prior_ns.shape[0] < d or period_ns <= 0 or d == 0:
        raise ValueError("state is shorter than the inputs; the period must be positive")
    m.inputs, m.first, m.bound, m.period_ns, m.reset_ns = d, columns[0], bound, period_ns, reset_ns
    for k in range(d):
        if columns[k] < 0 or columns[k] >= width:
            raise ValueError("input column is outside the row")
        if columns[k] != columns[0] + k:
            m.first = -1
    m.columns, m.centre, m.inverse, m.low, m.high = &columns[0], &centre[0], &inverse[0], &low[0], &high[0]
    m.keep, m.keep_inverse, m.prior, m.prior_ns = &keep[0], &keep_inverse[0], &prior[0], &prior_ns[0]
    return 0


cdef int _open_change(ovoo_change* c, Py_ssize_t d, const double[::1] precision, double fast_decay, double slow_decay,
                      long long step_frames, long long period_ns, long long reset_ns, long long mute_ns,
                      Py_ssize_t max_missing, double[::1] fast, double[::1] slow, long long[::1] at_ns,
                      double[::1] work, unsigned char[::1] absent) except -1:
    # the caller keeps the arrays alive as long as `c`
    if precision.shape[0] < d * d or min(fast.shape[0], slow.shape[0], absent.shape[0]) < d or work.shape[0] < 3 * d:
        raise ValueError("model or state is shorter than the inputs; work needs three cells an input")
    if at_ns.shape[0] < 3 or period_ns <= 0 or step_frames <= 0 or d <= 0:
        raise ValueError("state is too short; period and step must be positive")
    c.inputs, c.max_missing, c.fast_decay, c.slow_decay = d, max_missing, fast_decay, slow_decay
    c.step_frames, c.period_ns, c.reset_ns, c.mute_ns = step_frames, period_ns, reset_ns, mute_ns
    c.precision, c.fast, c.slow, c.at_ns = &precision[0], &fast[0], &slow[0], &at_ns[0]
    c.work, c.absent = &work[0], &absent[0]
    return 0


def residual_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
                  const unsigned char[::1] gate, const int[::1] columns, const double[::1] centre,
                  const double[::1] inverse, const double[::1] low, const double[::1] high, double bound,
                  const double[::1] keep, const double[::1] keep_inverse, long long period_ns, long long reset_ns,
                  double[::1] prior, long long[::1] prior_ns, double[::1] residual, unsigned char[::1] use):
    cdef ovoo_memory m
    _open_memory(&m, columns, width, centre, inverse, low, high, bound, keep, keep_inverse, period_ns, reset_ns,
                 prior, prior_ns)
    if time_ns.shape[0] < n or values.shape[0] < n * width or gate.shape[0] < n:
        raise ValueError("columns are shorter than n")
    if residual.shape[0] < n * m.inputs or use.shape[0] < n:
        raise ValueError("output is shorter than n")
    if n > 0:
        with nogil:
            ovoo_memory_rows(&m, &time_ns[0], &values[0], width, n, &gate[0], &residual[0], &use[0])


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
    cdef ovoo_change c
    _open_change(&c, d, precision, fast_decay, slow_decay, step_frames, period_ns, reset_ns, mute_ns, max_missing,
                 fast, slow, at_ns, work, absent)
    if time_ns.shape[0] < n or residual.shape[0] < n * d or use.shape[0] < n:
        raise ValueError("columns are shorter than n")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n or trace.shape[0] < n * d:
        raise ValueError("output is shorter than n")
    if n > 0:
        with nogil:
            ovoo_change_rows(&c, &time_ns[0], &residual[0], n, &use[0], limit, &score[0], &limits[0], &measure[0],
                             &state[0], &trace[0])


cdef class ChangePointRow:
    cdef ovoo_memory memory
    cdef ovoo_change change
    cdef ovoo_gate gate
    cdef Py_ssize_t width
    cdef double[::1] residual
    cdef const double[::1] limit
    cdef long long[::1] at_ns, gate_state
    cdef tuple alive

    def __init__(self, columns, Py_ssize_t width, centre, inverse, low, high, double bound, keep, keep_inverse,
                 long long period_ns, long long reset_ns, prior, prior_ns, precision, double fast_decay,
                 double slow_decay, long long step_frames, long long mute_ns, Py_ssize_t max_missing,
                 const double[::1] limit, fast, slow, long long[::1] at_ns, work, absent, double[::1] residual, gate):
        cdef const int[::1] column_view = columns
        _open_memory(&self.memory, column_view, width, centre, inverse, low, high, bound, keep, keep_inverse,
                     period_ns, reset_ns, prior, prior_ns)
        _open_change(&self.change, self.memory.inputs, precision, fast_decay, slow_decay, step_frames, period_ns,
                     reset_ns, mute_ns, max_missing, fast, slow, at_ns, work, absent)
        if residual.shape[0] < self.memory.inputs or limit.shape[0] < 1:
            raise ValueError("limit and a cell an input for residuals are needed")
        # views keep arrays from being resized while their addresses are held
        self.alive = tuple(memoryview(each) for each in (
            columns, centre, inverse, low, high, keep, keep_inverse, prior, prior_ns, precision, fast, slow, work,
            absent,
        ))
        self.residual, self.limit, self.at_ns, self.width = residual, limit, at_ns, width
        self.gate_state = read_gate(&self.gate, gate, width)

    def score_rows(self, const long long[::1] time_ns, const double[::1] values, Py_ssize_t n,
                   const unsigned char[::1] gate, double[::1] score, double[::1] limits, double[::1] measure,
                   unsigned char[::1] state, double[::1] trace):
        if time_ns.shape[0] < n or values.shape[0] < n * self.width or gate.shape[0] < n:
            raise ValueError("columns are shorter than n")
        if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n \
                or trace.shape[0] < n * self.memory.inputs:
            raise ValueError("output is shorter than n")
        if n > 0:
            with nogil:
                ovoo_change_both(&self.memory, &self.change, &time_ns[0], &values[0], self.width, n, &gate[0],
                                 self.limit[0], &self.residual[0], &score[0], &limits[0], &measure[0], &state[0],
                                 &trace[0])

    cdef long long _next(self):
        return (self.at_ns[0] if self.at_ns[0] > 0 else 0) + self.memory.period_ns

    def score(self, row):
        return self._single(row, self._next())

    def score_learn(self, row):
        return self._single(row, self._next())

    def score_at(self, row, long long time_ns):
        return self._single(row, time_ns)

    cdef double _single(self, object row, long long time_ns) except? -1.0:
        cdef Py_buffer view
        cdef const double* cells = open_row(row, &view, self.width)
        cdef double score = ovoo_change_single(&self.memory, &self.change, &self.gate, time_ns, cells, self.limit[0],
                                               &self.residual[0])
        PyBuffer_Release(&view)
        return score
