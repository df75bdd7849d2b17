# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Rows of an isolation forest. Twin: _isolation_kernels_py; the pages there hold for these too."""

from cpython.buffer cimport PyBuffer_Release
from libc.stdlib cimport calloc, free

from ovoo_models._rows cimport open_row, ovoo_gate, read_gate

cdef extern from "_isolation.h" nogil:
    enum:
        OVOO_MOST_ISOLATION_INPUTS

    ctypedef struct ovoo_isolation_node:
        float cut
        unsigned short input
        unsigned short left

    ctypedef struct ovoo_isolation:
        Py_ssize_t trees, depth, inputs, max_missing, first
        const int* columns
        const ovoo_isolation_node* nodes
        const ovoo_isolation_node* wide
        const int* start
        const int* samples
        const double* length
        double inverse
        const double* limit
        long long* marks
        long long period_ns

    int ovoo_isolation_shift(Py_ssize_t inputs)
    void ovoo_isolation_rows(const ovoo_isolation* f, const double* values, Py_ssize_t width, Py_ssize_t n,
                             const unsigned char* gate, double* score, double* limits, double* measure,
                             unsigned char* state)
    double ovoo_isolation_single(const ovoo_isolation* f, const ovoo_gate* gate, long long time_ns, const double* row)
    double ovoo_isolation_row(const ovoo_isolation* f, const double* row, Py_ssize_t max_missing)


cdef class IsolationRows:
    cdef ovoo_isolation forest
    cdef ovoo_isolation_node* nodes
    cdef ovoo_isolation_node* wide
    cdef ovoo_gate gate
    cdef Py_ssize_t width
    cdef const int[::1] columns, start, samples
    cdef const double[::1] length, limit
    cdef long long[::1] marks, gate_state

    def __cinit__(self):
        self.nodes = NULL
        self.wide = NULL

    def __init__(self, const int[::1] columns, Py_ssize_t width, Py_ssize_t max_missing, const float[::1] cut,
                 const unsigned short[::1] pick, const unsigned short[::1] left, const int[::1] start,
                 const int[::1] samples, const double[::1] length, Py_ssize_t depth, double mean_length,
                 const double[::1] limit, long long[::1] marks, long long period_ns, gate):
        cdef Py_ssize_t n = cut.shape[0]
        if not 1 <= columns.shape[0] <= OVOO_MOST_ISOLATION_INPUTS or n == 0 or start.shape[0] == 0 or depth < 0:
            raise ValueError("1 to 512 inputs and trees are needed")
        if min(pick.shape[0], left.shape[0], samples.shape[0], length.shape[0]) < n or not mean_length > 0:
            raise ValueError("node arrays differ in length, or the mean path length is not positive")
        if limit.shape[0] < 1 or marks.shape[0] < 1:
            raise ValueError("limit and marks need a cell each")
        self.columns, self.width, self.start, self.samples = columns, width, start, samples
        self.length, self.limit, self.marks = length, limit, marks
        self._pack(cut, pick, left, n)
        self._check(n)
        self._forest(depth, mean_length, max_missing, period_ns)
        self.gate_state = read_gate(&self.gate, gate, self.width)

    cdef _pack(self, const float[::1] cut, const unsigned short[::1] pick, const unsigned short[::1] left,
               Py_ssize_t n):
        cdef Py_ssize_t k
        cdef int shift = ovoo_isolation_shift(self.columns.shape[0])
        self.nodes = <ovoo_isolation_node*>calloc(n, sizeof(ovoo_isolation_node))
        self.wide = <ovoo_isolation_node*>calloc(n, sizeof(ovoo_isolation_node))
        if self.nodes == NULL or self.wide == NULL:
            raise MemoryError
        for k in range(n):
            self.nodes[k].cut, self.nodes[k].input, self.nodes[k].left = cut[k], pick[k], left[k]
            self.wide[k] = self.nodes[k]
            self.wide[k].input = <unsigned short>(pick[k] << shift)

    cdef _check(self, Py_ssize_t n):
        # every turn must stay inside its tree, every input inside the row: the loops do not look
        cdef Py_ssize_t t, k, stop
        for k in range(self.columns.shape[0]):
            if self.columns[k] < 0 or self.columns[k] >= self.width:
                raise ValueError("input column is outside the row")
        for t in range(self.start.shape[0]):
            stop = self.start[t + 1] if t + 1 < self.start.shape[0] else n
            if self.start[t] < 0 or self.start[t] >= stop or stop > n:
                raise ValueError("trees do not follow each other")
            for k in range(self.start[t], stop):
                if self.nodes[k].input >= self.columns.shape[0]:
                    raise ValueError("a cut is on an input that is not there")
                if self.nodes[k].left != k - self.start[t] and self.nodes[k].left + 1 >= stop - self.start[t]:
                    raise ValueError("a node leads out of its tree")
                if self.nodes[k].left == k - self.start[t] and self.nodes[k].cut <= 3.4028234663852886e38:
                    raise ValueError("a leaf needs an infinite cut")

    cdef _forest(self, Py_ssize_t depth, double mean_length, Py_ssize_t max_missing, long long period_ns):
        cdef ovoo_isolation* f = &self.forest
        cdef Py_ssize_t k
        f.trees, f.depth, f.inputs, f.max_missing = self.start.shape[0], depth, self.columns.shape[0], max_missing
        f.first = self.columns[0]
        for k in range(f.inputs):
            if self.columns[k] != self.columns[0] + k:
                f.first = -1
        f.columns, f.nodes, f.wide, f.start, f.samples = \
            &self.columns[0], self.nodes, self.wide, &self.start[0], &self.samples[0]
        f.length, f.limit, f.marks, f.period_ns = &self.length[0], &self.limit[0], &self.marks[0], period_ns
        f.inverse = 1.0 / (f.trees * mean_length)

    def __dealloc__(self):
        free(self.nodes)
        free(self.wide)

    def score_rows(self, const double[::1] values, Py_ssize_t n, const unsigned char[::1] gate, double[::1] score,
                   double[::1] limits, double[::1] measure, unsigned char[::1] state):
        if values.shape[0] < n * self.width or gate.shape[0] < n:
            raise ValueError("columns are shorter than n")
        if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n:
            raise ValueError("output is shorter than n")
        if n > 0:
            with nogil:
                ovoo_isolation_rows(&self.forest, &values[0], self.width, n, &gate[0], &score[0], &limits[0],
                                    &measure[0], &state[0])

    def peek(self, row):
        cdef Py_buffer view
        cdef const double* cells = open_row(row, &view, self.width)
        cdef double score = ovoo_isolation_row(&self.forest, cells, self.forest.inputs)
        PyBuffer_Release(&view)
        return score

    cdef long long _next(self):
        cdef long long last = self.marks[0]
        return self.forest.period_ns if last == -1 else last + self.forest.period_ns

    def score(self, row):
        return self._single(row, self._next())

    def score_learn(self, row):
        return self._single(row, self._next())

    def score_at(self, row, long long time_ns):
        return self._single(row, time_ns)

    cdef double _single(self, object row, long long time_ns) except? -1.0:
        cdef Py_buffer view
        cdef const double* cells = open_row(row, &view, self.width)
        cdef double score = ovoo_isolation_single(&self.forest, &self.gate, time_ns, cells)
        PyBuffer_Release(&view)
        return score
