# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Deadband and swinging door, compiled. `_thin_py.py` is the twin with the same results and explains the method.

(A) Every function checks lengths and signals before it reads through a pointer, because bounds are not checked inside.
(B) Only + - * / on doubles, in the twin's order, without contraction: the same bits.
(C) Rows stand signal by signal: a run of one signal is treated with its state in registers, loaded and stored once.
"""

from cpython cimport array
from libc.math cimport fabs  # one instruction, no call
from libc.stdint cimport int64_t, uint32_t

from ovoo_edge._batch_rows cimport Rows

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
    OUTSIDE = -1

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


cdef struct Door:
    double band
    double kept_value
    double low
    double high
    double held_value
    int64_t refresh_ns
    int64_t kept_ns
    int64_t held_ns
    int64_t since_ns
    uint32_t kept_quality
    uint32_t held_quality
    unsigned char phase


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
    cdef Py_ssize_t count = signal.shape[0], row = 0, stop
    cdef _Views views = _Views(state)
    cdef Rows rows
    cdef bint unknown = False
    if not (time_ns.shape[0] == value.shape[0] == quality.shape[0] == mark.shape[0] == count):
        raise ValueError("columns differ in length")
    if worded is not None and worded.shape[0] != count:
        raise ValueError("columns differ in length")
    cdef _Columns found = _Columns(min(count, views.state.size))
    if not count:
        return found.columns()
    rows.signal, rows.time_ns, rows.value = &signal[0], <const int64_t*>&time_ns[0], &value[0]
    rows.quality, rows.mark = &quality[0], &mark[0]
    rows.worded = NULL
    if worded is not None:
        rows.worded = &worded[0]
    cdef State* s = &views.state
    cdef int64_t current = -1
    with nogil:
        while row < count:
            if rows.signal[row] >= s.size or rows.signal[row] < current:
                unknown = True
                break
            current = rows.signal[row]
            stop = row + 1
            while stop < count and rows.signal[stop] == current:
                stop += 1
            _run(s, &found.rows, &rows, <uint32_t>current, row, stop, now_ns)
            row = stop
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


cdef inline void _load(State* s, uint32_t index, Door* d) noexcept nogil:
    d.band, d.refresh_ns, d.phase, d.since_ns = s.band[index], s.refresh_ns[index], s.phase[index], s.since_ns[index]
    d.kept_ns, d.kept_value, d.kept_quality = s.kept_ns[index], s.kept_value[index], s.kept_quality[index]
    d.held_ns, d.held_value, d.held_quality = s.held_ns[index], s.held_value[index], s.held_quality[index]
    d.low, d.high = s.low[index], s.high[index]


cdef inline void _store(State* s, uint32_t index, Door* d) noexcept nogil:
    s.phase[index], s.since_ns[index], s.low[index], s.high[index] = d.phase, d.since_ns, d.low, d.high
    s.kept_ns[index], s.kept_value[index], s.kept_quality[index] = d.kept_ns, d.kept_value, d.kept_quality
    s.held_ns[index], s.held_value[index], s.held_quality[index] = d.held_ns, d.held_value, d.held_quality


cdef inline void _run(
    State* s, Released* out, Rows* rows, uint32_t index, Py_ssize_t row, Py_ssize_t stop, int64_t now_ns
) noexcept nogil:
    """Treats the rows of one signal from `row` to before `stop`."""
    if s.policy[index] == ON_CHANGE:
        _deadband_run(s, rows, index, row, stop)
    elif s.policy[index] == SWINGING_DOOR:
        _door_run(s, out, rows, index, row, stop, now_ns)
    elif s.policy[index] == EVENTS:
        while row < stop:
            if rows.mark[row] == KEPT:
                rows.mark[row] = SUPPRESSED
            row += 1


cdef inline void _deadband_run(State* s, Rows* rows, uint32_t index, Py_ssize_t row, Py_ssize_t stop) noexcept nogil:
    cdef double value, band = s.band[index], kept_value = s.kept_value[index]
    cdef int64_t time_ns, kept_ns = s.kept_ns[index], refresh_ns = s.refresh_ns[index]
    cdef uint32_t quality, kept_quality = s.kept_quality[index]
    cdef unsigned char phase = s.phase[index]
    cdef bint text = False, same, kept = False
    while row < stop:
        if rows.mark[row] == KEPT:
            value, time_ns, quality = rows.value[row], rows.time_ns[row], rows.quality[row]
            if rows.worded != NULL:
                text = rows.worded[row]
            same = fabs(value - kept_value) <= band or value == kept_value
            if value != value:
                same = kept_value != kept_value
            if phase == OPEN and same and not text and quality == kept_quality and time_ns - kept_ns < refresh_ns:
                rows.mark[row] = SUPPRESSED
            else:
                kept_ns, kept_value, kept_quality = time_ns, value, quality
                phase = FRESH if text else OPEN
                kept = True
        row += 1
    if kept:
        s.kept_ns[index], s.kept_value[index] = kept_ns, kept_value
        s.kept_quality[index], s.phase[index] = kept_quality, phase


cdef void _door_run(
    State* s, Released* out, Rows* rows, uint32_t index, Py_ssize_t row, Py_ssize_t stop, int64_t now_ns
) noexcept nogil:
    cdef Door d
    cdef Py_ssize_t held_row = OUTSIDE
    cdef bint text = False
    _load(s, index, &d)
    while row < stop:
        if rows.mark[row] == KEPT:
            if rows.worded != NULL:
                text = rows.worded[row]
            held_row = _door(
                s, out, rows.mark, &d, held_row, row, index, rows.time_ns[row], rows.value[row], rows.quality[row],
                text, now_ns
            )
        row += 1
    _store(s, index, &d)


cdef inline void _keep(Door* d, int64_t time_ns, double value, uint32_t quality) noexcept nogil:
    d.kept_ns, d.kept_value, d.kept_quality = time_ns, value, quality
    d.low, d.high, d.phase = -INFINITE, INFINITE, OPEN


cdef inline void _settle(
    State* s, Released* out, unsigned char* marks, Door* d, Py_ssize_t held_row, uint32_t index, unsigned char fate
) noexcept nogil:
    """Decides the held sample: it stands in this batch, or came with an earlier one and is still in the columns."""
    if d.phase != HOLDING:
        return
    if held_row >= 0:
        marks[held_row] = fate
    else:
        _push(s, out, index, fate)


cdef inline Py_ssize_t _door(
    State* s, Released* out, unsigned char* marks, Door* d, Py_ssize_t held_row, Py_ssize_t row, uint32_t index,
    int64_t time_ns, double value, uint32_t quality, bint text, int64_t now_ns
) noexcept nogil:
    """Treats one row; gives the row that is held now, OUTSIDE for none in this batch."""
    cdef int64_t last_ns = d.held_ns if d.phase == HOLDING else d.kept_ns
    cdef double rise = 0.0, run = 1.0, slope
    cdef bint absent = value != value
    cdef bint joins = (
        d.phase != FRESH and not text and quality == d.kept_quality and time_ns > last_ns
        and time_ns - last_ns <= d.refresh_ns and absent == (d.kept_value != d.kept_value)
    )
    if joins and not absent:
        run = <double>(time_ns - d.kept_ns)
        rise = value - d.kept_value
        slope = rise / run
        if rise - rise != 0.0:
            joins = False
        elif not d.low <= slope <= d.high:
            if d.phase != HOLDING:
                joins = False
            else:
                _settle(s, out, marks, d, held_row, index, KEPT)
                _keep(d, d.held_ns, d.held_value, d.held_quality)
                d.since_ns = now_ns
                run = <double>(time_ns - d.kept_ns)
                rise = value - d.kept_value
                joins = rise - rise == 0.0
    if not joins:
        _settle(s, out, marks, d, held_row, index, KEPT)
        _keep(d, time_ns, value, quality)
        if text:
            d.phase = FRESH
        return OUTSIDE
    _settle(s, out, marks, d, held_row, index, SUPPRESSED)
    if time_ns - d.kept_ns >= d.refresh_ns:
        _keep(d, time_ns, value, quality)
        return OUTSIDE
    if not absent:
        slope = (rise + d.band) / run
        d.high = slope if slope < d.high else d.high
        slope = (rise - d.band) / run
        d.low = slope if slope > d.low else d.low
    if d.phase != HOLDING:
        d.since_ns = now_ns
    d.phase = HOLDING
    d.held_ns, d.held_value, d.held_quality = time_ns, value, quality
    marks[row] = HELD
    return row
