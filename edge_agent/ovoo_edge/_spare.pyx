# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""What a full spool keeps of a signal, and runs of samples, compiled. `_spare_py.py` is the twin.

Every function checks lengths before it reads through a pointer, because bounds are not checked inside.
"""

from cpython cimport array
from libc.stdint cimport int64_t, uint32_t

import array

__all__ = ["mark_spare", "runs_of"]

cdef array.array _U32 = array.array("I")
cdef array.array _I64 = array.array("q")

cdef enum:
    SPARE = 1
cdef uint32_t GOOD_END = 0x40000000U


def mark_spare(
    const uint32_t[::1] signal not None,
    const long long[::1] time_ns not None,
    const double[::1] value not None,
    const uint32_t[::1] quality not None,
    const unsigned char[::1] worded,
    long long step_ns,
):
    cdef Py_ssize_t count = signal.shape[0], row = 0, stop
    cdef bint texts = worded is not None
    if not (time_ns.shape[0] == value.shape[0] == quality.shape[0] == count):
        raise ValueError("columns differ in length")
    if texts and worded.shape[0] != count:
        raise ValueError("columns differ in length")
    if step_ns <= 0:
        raise ValueError("step_ns must be positive")
    mark = bytearray(b"\x01") * count
    if not count:
        return mark
    cdef unsigned char[::1] marks = mark
    with nogil:
        while row < count:
            stop = _end(signal, time_ns, row, count, step_ns)
            _keep(&marks[0], value, quality, row, stop)
            row = stop
        if texts:
            for row in range(count):
                if worded[row]:
                    marks[row] = 0
    return mark


def runs_of(const uint32_t[::1] signal not None, const long long[::1] time_ns not None, long long span_ns):
    cdef Py_ssize_t count = signal.shape[0], row = 0, stop, found = 0
    if time_ns.shape[0] != count:
        raise ValueError("columns differ in length")
    if span_ns <= 0:
        raise ValueError("span_ns must be positive")
    cdef array.array signals = array.clone(_U32, count, False), numbers = array.clone(_U32, count, False)
    cdef array.array first = array.clone(_I64, count, False), last = array.clone(_I64, count, False)
    cdef uint32_t* s = signals.data.as_uints
    cdef uint32_t* n = numbers.data.as_uints
    cdef int64_t* low = <int64_t*>first.data.as_longlongs
    cdef int64_t* high = <int64_t*>last.data.as_longlongs
    with nogil:
        while row < count:
            stop = _end(signal, time_ns, row, count, span_ns)
            s[found], n[found] = signal[row], <uint32_t>(stop - row)
            low[found], high[found] = time_ns[row], time_ns[stop - 1]
            found += 1
            row = stop
    for column in (signals, numbers, first, last):
        array.resize(column, found)
    return signals, numbers, first, last


cdef inline int64_t _floor(int64_t time_ns, int64_t span_ns) noexcept nogil:
    cdef int64_t whole = time_ns // span_ns
    return whole - 1 if whole * span_ns > time_ns else whole


cdef inline Py_ssize_t _end(
    const uint32_t[::1] signal, const long long[::1] time_ns, Py_ssize_t row, Py_ssize_t count, int64_t span_ns
) noexcept nogil:
    cdef uint32_t index = signal[row]
    cdef int64_t span = _floor(time_ns[row], span_ns)
    row += 1
    while row < count and signal[row] == index and _floor(time_ns[row], span_ns) == span:
        row += 1
    return row


cdef inline void _keep(
    unsigned char* mark, const double[::1] value, const uint32_t[::1] quality, Py_ssize_t row, Py_ssize_t stop
) noexcept nogil:
    cdef Py_ssize_t at, low = -1, high = -1
    for at in range(row, stop):
        if at == row or at == stop - 1 or quality[at] != quality[at - 1]:
            mark[at] = 0
        if quality[at] >= GOOD_END or value[at] - value[at] != 0.0:
            continue
        if low < 0 or value[at] < value[low]:
            low = at
        if high < 0 or value[at] > value[high]:
            high = at
    if low >= 0:
        mark[low] = mark[high] = 0
