# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Deadband and swinging door, compiled. `_thin_py.py` is the twin with the same results and explains the method.

(A) Every function checks lengths and signals before it reads through a pointer, because bounds are not checked inside.
(B) Only + - * / on doubles, in the twin's order, without contraction: the same bits.
"""

from cpython cimport array
from libc.stdint cimport int64_t, uint32_t

import array

__all__ = ["held_columns", "release_held", "thin_rows"]

cdef array.array _U32 = array.array("I")
cdef array.array _I64 = array.array("q")
cdef array.array _F64 = array.array("d")

cdef enum:
    KEPT = 0
    SUPPRESSED = 2
    HELD = 3
    ON_CHANGE = 1
    EVENTS = 2
    SWINGING_DOOR = 3
    FRESH = 0
    OPEN = 1
    HOLDING = 2

cdef double INFINITE = float("inf")


cdef struct State:
    Py_ssize_t size
    const unsigned char* policy
    const double* band
    const int64_t* refresh_ns
    unsigned char* phase
    int64_t* kept_ns
    double* kept_value
    uint32_t* kept_quality
    double* low
    double* high
    int64_t* held_ns
    double* held_value
    uint32_t* held_quality
    int64_t* since_ns


cdef struct Released:
    Py_ssize_t count
    uint32_t* signal
    int64_t* time_ns
    double* value
    uint32_t* quality
    unsigned char* fate


cdef class _Views:
    """Keeps the buffers of a state alive while pointers into them are in use."""

    cdef State state
    cdef const unsigned char[::1] policy
    cdef unsigned char[::1] phase
    cdef const double[::1] band
    cdef const long long[::1] refresh_ns
    cdef long long[::1] kept_ns, held_ns, since_ns
    cdef double[::1] kept_value, held_value, low, high
    cdef unsigned int[::1] kept_quality, held_quality

    def __cinit__(self, state):
        self.policy, self.band, self.refresh_ns = state.policy, state.band, state.refresh_ns
        self.phase, self.low, self.high, self.since_ns = state.phase, state.low, state.high, state.since_ns
        self.kept_ns, self.kept_value, self.kept_quality = state.kept_ns, state.kept_value, state.kept_quality
        self.held_ns, self.held_value, self.held_quality = state.held_ns, state.held_value, state.held_quality
        self.state.size = self.policy.shape[0]
        self._check()
        if not self.state.size:
            return
        self.state.policy, self.state.band = &self.policy[0], &self.band[0]
        self.state.refresh_ns, self.state.phase = <const int64_t*>&self.refresh_ns[0], &self.phase[0]
        self.state.kept_ns, self.state.kept_value = <int64_t*>&self.kept_ns[0], &self.kept_value[0]
        self.state.kept_quality, self.state.held_quality = &self.kept_quality[0], &self.held_quality[0]
        self.state.held_ns, self.state.held_value = <int64_t*>&self.held_ns[0], &self.held_value[0]
        self.state.low, self.state.high = &self.low[0], &self.high[0]
        self.state.since_ns = <int64_t*>&self.since_ns[0]

    cdef int _check(self) except -1:
        cdef Py_ssize_t size = self.state.size
        if not (
            self.band.shape[0] == self.refresh_ns.shape[0] == self.phase.shape[0] == self.kept_ns.shape[0] == size
            and self.kept_value.shape[0] == self.kept_quality.shape[0] == self.low.shape[0] == self.high.shape[0] == size
            and self.held_ns.shape[0] == self.held_value.shape[0] == self.held_quality.shape[0] == size
            and self.since_ns.shape[0] == size
        ):
            raise ValueError("state columns differ in length")
        return 0


cdef class _Columns:
    """Columns that grow up to a known number of rows."""

    cdef Released rows
    cdef array.array signal, time_ns, value, quality
    cdef object fate

    def __cinit__(self, Py_ssize_t most):
        self.signal, self.time_ns = array.clone(_U32, most, False), array.clone(_I64, most, False)
        self.value, self.quality = array.clone(_F64, most, False), array.clone(_U32, most, False)
        self.fate = bytearray(most)
        self.rows.count = 0
        self.rows.signal, self.rows.time_ns = self.signal.data.as_uints, <int64_t*>self.time_ns.data.as_longlongs
        self.rows.value, self.rows.quality = self.value.data.as_doubles, self.quality.data.as_uints
        cdef unsigned char[::1] view = self.fate
        self.rows.fate = &view[0] if most else NULL

    cdef tuple columns(self):
        for column in (self.signal, self.time_ns, self.value, self.quality):
            array.resize(column, self.rows.count)
        return self.signal, self.time_ns, self.value, self.quality, bytes(self.fate[: self.rows.count])


def thin_rows(
    const uint32_t[::1] signal not None,
    const long long[::1] time_ns not None,
    const double[::1] value not None,
    const uint32_t[::1] quality not None,
    const unsigned char[::1] worded,
    unsigned char[::1] mark not None,
    state not None,
    long long now_ns,
):
    cdef Py_ssize_t count = signal.shape[0], row
    cdef _Views views = _Views(state)
    cdef uint32_t index
    cdef bint unknown = False, text = False, texts = worded is not None
    if not (time_ns.shape[0] == value.shape[0] == quality.shape[0] == mark.shape[0] == count):
        raise ValueError("columns differ in length")
    if texts and worded.shape[0] != count:
        raise ValueError("columns differ in length")
    cdef _Columns found = _Columns(min(count, views.state.size))
    cdef State* s = &views.state
    cdef Released* out = &found.rows
    cdef Py_ssize_t held_row = -1
    cdef int64_t current = -1
    cdef unsigned char* marks = &mark[0] if count else NULL
    with nogil:
        for row in range(count):
            index = signal[row]
            if index >= s.size or index < current:
                unknown = True
                break
            if index != current:
                current, held_row = index, -1
            if marks[row] != KEPT:
                continue
            text = texts and worded[row]
            if s.policy[index] == ON_CHANGE:
                _deadband(s, index, time_ns[row], value[row], quality[row], text, marks + row)
            elif s.policy[index] == EVENTS:
                marks[row] = SUPPRESSED
            elif s.policy[index] == SWINGING_DOOR:
                held_row = _door(s, out, marks, held_row, row, index, time_ns[row], value[row], quality[row], text, now_ns)
    if unknown:
        raise IndexError(f"signal {signal[row]} is unknown or out of order")
    return found.columns()


def release_held(state not None, long long now_ns):
    cdef _Views views = _Views(state)
    cdef State* s = &views.state
    cdef _Columns found = _Columns(s.size)
    cdef Py_ssize_t index
    with nogil:
        for index in range(s.size):
            if s.phase[index] == HOLDING and now_ns - s.since_ns[index] >= s.refresh_ns[index]:
                _push(s, &found.rows, <uint32_t>index, KEPT)
                _archive(s, <uint32_t>index, s.held_ns[index], s.held_value[index], s.held_quality[index])
    return found.columns()


def held_columns(state not None):
    cdef _Views views = _Views(state)
    cdef State* s = &views.state
    cdef _Columns found = _Columns(s.size)
    cdef Py_ssize_t index
    with nogil:
        for index in range(s.size):
            if s.phase[index] == HOLDING:
                _push(s, &found.rows, <uint32_t>index, HELD)
    return found.columns()


cdef inline void _push(State* s, Released* out, uint32_t index, unsigned char fate) noexcept nogil:
    cdef Py_ssize_t at = out.count
    out.signal[at], out.time_ns[at] = index, s.held_ns[index]
    out.value[at], out.quality[at], out.fate[at] = s.held_value[index], s.held_quality[index], fate
    out.count = at + 1


cdef inline void _archive(State* s, uint32_t index, int64_t time_ns, double value, uint32_t quality) noexcept nogil:
    s.kept_ns[index], s.kept_value[index], s.kept_quality[index] = time_ns, value, quality
    s.low[index], s.high[index], s.phase[index] = -INFINITE, INFINITE, OPEN


cdef inline void _settle(
    State* s, Released* out, unsigned char* marks, Py_ssize_t held_row, uint32_t index, unsigned char fate
) noexcept nogil:
    """Decides the held sample: it stands in this batch, or came with an earlier one."""
    if s.phase[index] != HOLDING:
        return
    if held_row >= 0:
        marks[held_row] = fate
    else:
        _push(s, out, index, fate)


cdef inline void _deadband(
    State* s, uint32_t index, int64_t time_ns, double value, uint32_t quality, bint text, unsigned char* mark
) noexcept nogil:
    cdef double step = value - s.kept_value[index]
    cdef bint same = -s.band[index] <= step <= s.band[index] or value == s.kept_value[index]
    if value != value:
        same = s.kept_value[index] != s.kept_value[index]
    if (
        s.phase[index] == OPEN and same and not text and quality == s.kept_quality[index]
        and time_ns - s.kept_ns[index] < s.refresh_ns[index]
    ):
        mark[0] = SUPPRESSED
        return
    s.kept_ns[index], s.kept_value[index], s.kept_quality[index] = time_ns, value, quality
    s.phase[index] = FRESH if text else OPEN


cdef inline Py_ssize_t _door(
    State* s, Released* out, unsigned char* marks, Py_ssize_t held_row, Py_ssize_t row, uint32_t index,
    int64_t time_ns, double value, uint32_t quality, bint text, int64_t now_ns
) noexcept nogil:
    """Treats one row; gives the row that is held now, -1 for none in this batch."""
    cdef int64_t last_ns = s.held_ns[index] if s.phase[index] == HOLDING else s.kept_ns[index]
    cdef double rise = 0.0, run = 1.0, slope
    cdef bint absent = value != value
    cdef bint joins = (
        s.phase[index] != FRESH and not text and quality == s.kept_quality[index] and time_ns > last_ns
        and time_ns - last_ns <= s.refresh_ns[index] and absent == (s.kept_value[index] != s.kept_value[index])
    )
    if joins and not absent:
        run = <double>(time_ns - s.kept_ns[index])
        rise = value - s.kept_value[index]
        slope = rise / run
        if rise - rise != 0.0:
            joins = False
        elif not s.low[index] <= slope <= s.high[index]:
            if s.phase[index] != HOLDING:
                joins = False
            else:
                _settle(s, out, marks, held_row, index, KEPT)
                _archive(s, index, s.held_ns[index], s.held_value[index], s.held_quality[index])
                s.since_ns[index] = now_ns
                run = <double>(time_ns - s.kept_ns[index])
                rise = value - s.kept_value[index]
                joins = rise - rise == 0.0
    if not joins:
        _settle(s, out, marks, held_row, index, KEPT)
        _archive(s, index, time_ns, value, quality)
        if text:
            s.phase[index] = FRESH
        return -1
    _settle(s, out, marks, held_row, index, SUPPRESSED)
    if time_ns - s.kept_ns[index] >= s.refresh_ns[index]:
        _archive(s, index, time_ns, value, quality)
        return -1
    if not absent:
        slope = (rise + s.band[index]) / run
        if slope < s.high[index]:
            s.high[index] = slope
        slope = (rise - s.band[index]) / run
        if slope > s.low[index]:
            s.low[index] = slope
    if s.phase[index] != HOLDING:
        s.since_ns[index] = now_ns
    s.phase[index] = HOLDING
    s.held_ns[index], s.held_value[index], s.held_quality[index] = time_ns, value, quality
    marks[row] = HELD
    return row
