# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Rows of the recursive principal component model. Twin: _pca_kernels_py; the pages there hold for these too."""

from cpython.buffer cimport PyBuffer_Release
from libc.stdlib cimport calloc, free

from ovoo_models._rows cimport open_row, ovoo_gate, read_gate

cdef extern from "_pca_rows.h" nogil:
    ctypedef struct ovoo_pca:
        Py_ssize_t inputs, lanes, components, component_lanes, component_room, max_missing, first
        const int* columns
        double* centre
        double* inverse
        double* loadings
        double* variance
        double* sharpness
        double* running
        double* work
        const double* home
        const double* home_scale
        const double* home_variance
        const double* weight
        unsigned char* absent
        long long* marks
        double decay, bound, adapt, follow, reach
        long long step_frames, period_ns, reset_ns

    double* ovoo_doubles(size_t count)
    void ovoo_pca_rows(const ovoo_pca* m, const long long* time_ns, const double* values, Py_ssize_t width,
                       Py_ssize_t n, const unsigned char* gate, double* score, double* limits, double* measure,
                       unsigned char* state, double* trace)
    double ovoo_pca_single(const ovoo_pca* m, const ovoo_gate* gate, long long time_ns, const double* row, int learns)


cdef class PcaRows:
    cdef ovoo_pca model
    cdef ovoo_gate gate
    cdef Py_ssize_t width
    cdef const int[::1] columns
    cdef double[::1] centre, inverse, loadings, variance, sharpness, running
    cdef const double[::1] home, home_scale, home_variance, weight
    cdef const int[::1] count
    cdef long long[::1] marks, gate_state

    def __cinit__(self):
        self.model.work = NULL
        self.model.absent = NULL

    def __init__(self, const int[::1] columns, Py_ssize_t width, double[::1] centre, double[::1] inverse,
                 const double[::1] home, const double[::1] home_scale, double[::1] loadings, double[::1] variance,
                 double[::1] sharpness, const double[::1] home_variance, const double[::1] weight,
                 const int[::1] count, double[::1] running, long long[::1] marks, double decay,
                 long long step_frames, long long period_ns, long long reset_ns, Py_ssize_t max_missing, double bound,
                 double adapt, double follow, double reach, gate):
        cdef Py_ssize_t k, d = columns.shape[0], lanes = (columns.shape[0] + 7) // 8 * 8
        if d == 0 or period_ns <= 0 or count.shape[0] < 1 or weight.shape[0] < 2 or marks.shape[0] < 3:
            raise ValueError("inputs, a positive period and the small arrays are needed")
        if min(centre.shape[0], inverse.shape[0], home.shape[0], home_scale.shape[0], running.shape[0]) < lanes:
            raise ValueError("model arrays are shorter than the inputs rounded up to eight")
        if variance.shape[0] % 8 or min(sharpness.shape[0], home_variance.shape[0]) < variance.shape[0]:
            raise ValueError("variances must be a multiple of eight")
        for k in range(d):
            if columns[k] < 0 or columns[k] >= width:
                raise ValueError("input column is outside the row")
        self.columns, self.centre, self.inverse, self.loadings = columns, centre, inverse, loadings
        self.variance, self.sharpness, self.running = variance, sharpness, running
        self.home, self.home_scale, self.home_variance, self.weight = home, home_scale, home_variance, weight
        self.count, self.marks, self.width = count, marks, width
        self._scalars(decay, step_frames, period_ns, reset_ns, max_missing, bound, adapt, follow, reach)
        self.gate_state = read_gate(&self.gate, gate, self.width)
        self._point(d, lanes)

    cdef _scalars(self, double decay, long long step_frames, long long period_ns, long long reset_ns,
                  Py_ssize_t max_missing, double bound, double adapt, double follow, double reach):
        cdef ovoo_pca* m = &self.model
        m.decay, m.step_frames, m.period_ns, m.reset_ns = decay, step_frames, period_ns, reset_ns
        m.max_missing, m.bound, m.adapt, m.follow, m.reach = max_missing, bound, adapt, follow, reach

    cdef _point(self, Py_ssize_t d, Py_ssize_t lanes):
        cdef ovoo_pca* m = &self.model
        cdef Py_ssize_t k
        m.inputs, m.lanes, m.first = d, lanes, self.columns[0]
        for k in range(d):
            if self.columns[k] != self.columns[0] + k:
                m.first = -1
        m.columns, m.centre, m.inverse = &self.columns[0], &self.centre[0], &self.inverse[0]
        m.loadings, m.variance, m.sharpness = &self.loadings[0], &self.variance[0], &self.sharpness[0]
        m.running, m.home, m.home_scale = &self.running[0], &self.home[0], &self.home_scale[0]
        m.home_variance, m.weight, m.marks = &self.home_variance[0], &self.weight[0], &self.marks[0]
        m.component_room = self.variance.shape[0]
        m.work = ovoo_doubles(13 * lanes + 10 * self.variance.shape[0] + self.variance.shape[0] * lanes)
        m.absent = <unsigned char*>calloc(lanes, 1)
        if m.work == NULL or m.absent == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.model.work)
        free(self.model.absent)

    cdef int _ready(self) except -1:
        cdef Py_ssize_t k = self.count[0]
        if k < 1 or k > self.variance.shape[0] or self.loadings.shape[0] < k * self.model.lanes:
            raise ValueError("more components than there is room for")
        self.model.components = k
        self.model.component_lanes = (k + 7) // 8 * 8
        return 0

    def score_rows(self, const long long[::1] time_ns, const double[::1] values, Py_ssize_t n,
                   const unsigned char[::1] gate, double[::1] score, double[::1] limits, double[::1] measure,
                   unsigned char[::1] state, double[::1] trace):
        if time_ns.shape[0] < n or values.shape[0] < n * self.width or gate.shape[0] < n:
            raise ValueError("columns are shorter than n")
        if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n \
                or trace.shape[0] < n * (self.model.inputs + 2):
            raise ValueError("output is shorter than n")
        self._ready()
        if n > 0:
            with nogil:
                ovoo_pca_rows(&self.model, &time_ns[0], &values[0], self.width, n, &gate[0], &score[0], &limits[0],
                              &measure[0], &state[0], &trace[0])

    cdef long long _next(self):
        cdef long long last = self.marks[2]
        return self.model.period_ns if last == -1 else last + self.model.period_ns

    def score(self, row):
        return self._single(row, self._next(), 0)

    def score_learn(self, row):
        return self._single(row, self._next(), 1)

    def score_at(self, row, long long time_ns):
        return self._single(row, time_ns, 1)

    cdef double _single(self, object row, long long time_ns, int learns) except? -1.0:
        cdef Py_buffer view
        cdef const double* cells = open_row(row, &view, self.width)
        self._ready()
        cdef double score = ovoo_pca_single(&self.model, &self.gate, time_ns, cells, learns)
        PyBuffer_Release(&view)
        return score
