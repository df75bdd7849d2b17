# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Rows of a half-space forest. Twin: _half_space_kernels_py; the pages there hold for these too."""

from cpython.buffer cimport PyBuffer_Release
from libc.math cimport ceil
from libc.stdlib cimport calloc, free, malloc

from ovoo_models._rows cimport open_row, ovoo_gate, read_gate

cdef extern from "_half_space_rows.h" nogil:
    enum:
        OVOO_MOST_TREES
        OVOO_FOREST_ROWS

    ctypedef struct ovoo_forest:
        Py_ssize_t trees, height, size, inputs, max_missing, first
        const int* inputs_at
        const double* cut
        const int* column
        const double* level_cut
        const int* level_column
        int* count
        int* reference
        int* mass
        int* table
        long long* marks
        int* work
        double* down_cut
        int* down_place
        int* leaf_of
        double* cells
        long long period_ns, window
        int least
        double greatest
        const double* limit

    void ovoo_forest_roll_up(const ovoo_forest* f)
    void ovoo_forest_lay_down(const ovoo_forest* f, const int* place_of)
    void ovoo_forest_rows(const ovoo_forest* f, const double* values, Py_ssize_t width, Py_ssize_t n,
                          const unsigned char* gate, int learns, double* score, double* limits, double* measure,
                          unsigned char* state)
    double ovoo_forest_single(const ovoo_forest* f, const ovoo_gate* gate, long long time_ns, const double* row, int learns)
    double ovoo_forest_peek(const ovoo_forest* f, const double* row)


cdef class HalfSpaceRows:
    cdef ovoo_forest forest
    cdef ovoo_gate gate
    cdef Py_ssize_t width
    cdef const int[::1] inputs_at, column, level_column
    cdef const double[::1] cut, level_cut, limit
    cdef int[::1] count, reference
    cdef long long[::1] marks, gate_state

    def __cinit__(self):
        self.forest.mass = NULL
        self.forest.table = NULL
        self.forest.work = NULL
        self.forest.down_cut = NULL
        self.forest.down_place = NULL
        self.forest.leaf_of = NULL
        self.forest.cells = NULL

    def __init__(self, Py_ssize_t trees, Py_ssize_t height, const int[::1] inputs_at, Py_ssize_t width,
                 Py_ssize_t max_missing, const double[::1] cut, const int[::1] column, const double[::1] level_cut,
                 const int[::1] level_column, int[::1] count, int[::1] reference, long long[::1] marks,
                 const double[::1] limit, long long window, long long period_ns, gate):
        cdef Py_ssize_t size = 1 << height
        if not (1 <= trees <= OVOO_MOST_TREES and 1 <= height <= 15 and window >= 1 and inputs_at.shape[0] >= 1):
            raise ValueError("1 to 256 trees of height 1 to 15, inputs and a window are needed")
        if trees * window * (2 * size - 1) >= 1 << 31:
            raise ValueError("trees x window x nodes must stay below 2^31")
        if min(cut.shape[0], column.shape[0], count.shape[0], reference.shape[0]) < trees * size \
                or marks.shape[0] < 3 or limit.shape[0] < 1:
            raise ValueError("forest arrays are shorter than trees x leaves")
        if level_cut.shape[0] and min(level_cut.shape[0], level_column.shape[0]) < trees * height:
            raise ValueError("level arrays are shorter than trees x height")
        self.inputs_at, self.width, self.cut, self.column = inputs_at, width, cut, column
        self.level_cut, self.level_column, self.count, self.reference = level_cut, level_column, count, reference
        self.marks, self.limit = marks, limit
        self._forest(trees, height, size, max_missing, window, period_ns)
        self.gate_state = read_gate(&self.gate, gate, self.width)
        self.refresh()

    cdef _forest(self, Py_ssize_t trees, Py_ssize_t height, Py_ssize_t size, Py_ssize_t max_missing,
                 long long window, long long period_ns):
        cdef ovoo_forest* f = &self.forest
        cdef Py_ssize_t k
        f.trees, f.height, f.size, f.inputs, f.max_missing = trees, height, size, self.inputs_at.shape[0], max_missing
        f.first = self.inputs_at[0]
        for k in range(f.inputs):
            if self.inputs_at[k] != self.inputs_at[0] + k:
                f.first = -1
        f.window, f.period_ns, f.least = window, period_ns, <int>ceil(0.1 * window)
        f.greatest = <double>(trees * window * (2 * size - 1))
        f.inputs_at, f.cut, f.column = &self.inputs_at[0], &self.cut[0], &self.column[0]
        f.level_cut = &self.level_cut[0] if self.level_cut.shape[0] else NULL
        f.level_column = &self.level_column[0] if self.level_cut.shape[0] else NULL
        f.count, f.reference, f.marks, f.limit = &self.count[0], &self.reference[0], &self.marks[0], &self.limit[0]
        f.mass = <int*>calloc(trees * 2 * size, sizeof(int))
        f.table = <int*>calloc(trees * size, sizeof(int))
        f.work = <int*>calloc(4 * size, sizeof(int))
        f.down_cut = <double*>calloc(trees * size, sizeof(double))
        f.down_place = <int*>calloc(trees * size, sizeof(int))
        f.leaf_of = <int*>calloc(size, sizeof(int))
        f.cells = <double*>calloc(f.inputs * OVOO_FOREST_ROWS, sizeof(double))
        if f.mass == NULL or f.table == NULL or f.work == NULL or f.down_cut == NULL or f.down_place == NULL \
                or f.leaf_of == NULL or f.cells == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.forest.mass)
        free(self.forest.table)
        free(self.forest.work)
        free(self.forest.down_cut)
        free(self.forest.down_place)
        free(self.forest.leaf_of)
        free(self.forest.cells)

    def refresh(self):
        cdef Py_ssize_t k
        for k in range(self.inputs_at.shape[0]):
            if self.inputs_at[k] < 0 or self.inputs_at[k] >= self.width:
                raise ValueError("input column is outside the row")
        for k in range(self.forest.trees * self.forest.size):
            if self.column[k] < 0 or self.column[k] >= self.width:
                raise ValueError("input column is outside the row")
        if self.level_cut.shape[0]:
            for k in range(self.forest.trees * self.forest.height):
                if self.level_column[k] < 0 or self.level_column[k] >= self.width:
                    raise ValueError("input column is outside the row")
        ovoo_forest_roll_up(&self.forest)
        self._lay_down()

    cdef _lay_down(self):
        cdef int* place_of = <int*>malloc(self.width * sizeof(int))
        cdef Py_ssize_t k
        cdef bint fits = True
        if place_of == NULL:
            raise MemoryError
        for k in range(self.width):
            place_of[k] = -1
        for k in range(self.inputs_at.shape[0]):
            place_of[self.inputs_at[k]] = <int>k
        for k in range(self.forest.trees * self.forest.size):
            fits = fits and place_of[self.column[k]] >= 0
        if fits:
            ovoo_forest_lay_down(&self.forest, place_of)
        free(place_of)
        if not fits:
            raise ValueError("cut is on a column that is no input")

    def score_rows(self, const double[::1] values, Py_ssize_t n, const unsigned char[::1] gate, bint learns,
                   double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state):
        if values.shape[0] < n * self.width or gate.shape[0] < n:
            raise ValueError("columns are shorter than n")
        if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n:
            raise ValueError("output is shorter than n")
        if n > 0:
            with nogil:
                ovoo_forest_rows(&self.forest, &values[0], self.width, n, &gate[0], learns, &score[0], &limits[0],
                                 &measure[0], &state[0])

    def peek(self, row):
        cdef Py_buffer view
        cdef const double* cells = open_row(row, &view, self.width)
        cdef double score = ovoo_forest_peek(&self.forest, cells)
        PyBuffer_Release(&view)
        return score

    cdef long long _next(self):
        cdef long long last = self.marks[2]
        return self.forest.period_ns if last == -1 else last + self.forest.period_ns

    def score(self, row):
        return self._single(row, self._next(), 0)

    def score_learn(self, row):
        return self._single(row, self._next(), 1)

    def score_at(self, row, long long time_ns):
        return self._single(row, time_ns, 1)

    cdef double _single(self, object row, long long time_ns, int learns) except? -1.0:
        cdef Py_buffer view
        cdef const double* cells = open_row(row, &view, self.width)
        cdef double score = ovoo_forest_single(&self.forest, &self.gate, time_ns, cells, learns)
        PyBuffer_Release(&view)
        return score
