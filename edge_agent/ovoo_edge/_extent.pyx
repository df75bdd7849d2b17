# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Least and greatest of columns, compiled. `_extent_py.py` is the twin with the same results.

(A) Every function checks lengths and signals before it reads or writes through them, because bounds are not checked.
(B) Loops run without the GIL over stdlib arrays and mapped files; nothing is rounded.
"""

from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport calloc, free

__all__ = ["bounds_of", "greatest_of", "lift_marks", "newest_of"]


def greatest_of(const uint32_t[::1] numbers not None):
    cdef uint32_t greatest = 0
    cdef Py_ssize_t row
    with nogil:
        for row in range(numbers.shape[0]):
            greatest = max(greatest, numbers[row])
    return greatest


def bounds_of(const long long[::1] time_ns not None):
    cdef Py_ssize_t row
    cdef int64_t least, greatest
    if not time_ns.shape[0]:
        raise ValueError("no rows")
    with nogil:
        least = greatest = time_ns[0]
        for row in range(1, time_ns.shape[0]):
            least = min(least, <int64_t>time_ns[row])
            greatest = max(greatest, <int64_t>time_ns[row])
    return least, greatest


def newest_of(const long long[::1] time_ns not None, const uint32_t[::1] quality not None, uint32_t without):
    cdef Py_ssize_t count = time_ns.shape[0], row
    cdef int64_t greatest = 0
    cdef bint found = False
    if quality.shape[0] != count:
        raise ValueError("columns differ in length")
    with nogil:
        for row in range(count):
            if not quality[row] & without and (not found or time_ns[row] > greatest):
                greatest = time_ns[row]
                found = True
    return greatest if found else None


def lift_marks(const uint32_t[::1] signal not None, const long long[::1] time_ns not None, long long[::1] marks not None):
    cdef Py_ssize_t count = signal.shape[0], size = marks.shape[0], row
    cdef uint32_t slot, greatest = 0
    cdef unsigned char* met
    if time_ns.shape[0] != count:
        raise ValueError("columns differ in length")
    if not count:
        return
    with nogil:
        for row in range(count):
            greatest = max(greatest, signal[row])
    if greatest >= size:
        raise IndexError(f"signal {greatest}")
    met = <unsigned char*>calloc(size, 1)
    if met == NULL:
        raise MemoryError
    with nogil:
        for row in range(count - 1, -1, -1):
            slot = signal[row]
            if not met[slot]:
                met[slot] = 1
                marks[slot] = max(<int64_t>marks[slot], <int64_t>time_ns[row])
    free(met)
