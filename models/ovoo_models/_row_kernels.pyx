# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What a single row passes besides its detectors: hold and latch. Twin: _row_kernels_py; its pages hold here too."""

from cpython.buffer cimport PyBuffer_Release

from ovoo_models._latch cimport latch_step
from ovoo_models._rows cimport open_row

cdef double NAN = float("nan")


cdef class HoldRow:
    cdef const long long[::1] hold_ns
    cdef double[::1] held_value, out
    cdef long long[::1] held_time

    def __init__(self, const long long[::1] hold_ns, double[::1] held_value, long long[::1] held_time,
                 double[::1] out):
        if min(held_value.shape[0], held_time.shape[0], out.shape[0]) < hold_ns.shape[0]:
            raise ValueError("held columns are shorter than the row")
        self.hold_ns, self.held_value, self.held_time, self.out = hold_ns, held_value, held_time, out

    def take(self, row, long long time_ns):
        cdef Py_buffer view
        cdef Py_ssize_t k
        cdef const double* cells = open_row(row, &view, self.hold_ns.shape[0])
        for k in range(self.hold_ns.shape[0]):
            if cells[k] == cells[k]:
                self.held_value[k] = cells[k]
                self.held_time[k] = time_ns
            if self.held_time[k] >= 0 and 0 <= time_ns - self.held_time[k] <= self.hold_ns[k]:
                self.out[k] = self.held_value[k]
            else:
                self.out[k] = NAN
        PyBuffer_Release(&view)


cdef class LatchRow:
    cdef double release
    cdef long long on_ns, off_ns, merge_ns, update_ns, gap_ns
    cdef long long[::1] at
    cdef double[::1] peak

    def __init__(self, double release, long long on_ns, long long off_ns, long long merge_ns, long long update_ns,
                 long long gap_ns, long long[::1] at, double[::1] peak):
        if at.shape[0] < 8 or peak.shape[0] < 3:
            raise ValueError("state is too short")
        self.release, self.on_ns, self.off_ns, self.merge_ns = release, on_ns, off_ns, merge_ns
        self.update_ns, self.gap_ns, self.at, self.peak = update_ns, gap_ns, at, peak

    def step(self, long long time_ns, double score, double limit):
        cdef unsigned char state = 3 if score == score else 0
        return latch_step(time_ns, score, limit, score / limit, &state, self.release, self.on_ns, self.off_ns,
                          self.merge_ns, self.update_ns, self.gap_ns, &self.at[0], &self.peak[0])
