# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""One-minute figures, compiled. `_minutes_py.py` is the twin with the same results.

(A) Every function checks lengths and signals before it reads through a pointer, because bounds are not checked inside.
(B) Sums are compensated (Neumaier), one value after the other in time order, as in the twin: the same bits.
(C) Rows of one signal stand together mostly: its open minute is in registers for their run, loaded and stored once.
"""

from cpython cimport array
from libc.math cimport fabs  # one instruction, no call
from libc.stdint cimport int64_t, uint32_t

from ovoo_edge._batch_rows cimport Rows

import array

__all__ = ["add_rows", "close_minutes", "oldest_entry"]

cdef array.array _U32 = array.array("I")
cdef array.array _I64 = array.array("q")
cdef array.array _F64 = array.array("d")

cdef enum:
    KEPT = 0
    AGGREGATED = 5
    AGGREGATE_1M = 4
    FIGURES = 6
cdef int64_t NEVER = <int64_t>0x8000000000000000ULL
cdef int64_t MINUTE_NS = 60000000000LL
cdef uint32_t GOOD_END = 0x40000000U


cdef struct State:
    Py_ssize_t size
    const unsigned char* policy
    const uint32_t* base
    int64_t* minute_ns
    int64_t* closed_ns
    int64_t* since_ns
    uint32_t* count
    uint32_t* good
    double* low
    double* high
    double* total
    double* rest
    double* last
    int64_t* entry


cdef struct Minute:
    int64_t start_ns
    uint32_t count
    uint32_t good
    double low
    double high
    double total
    double rest
    double last


cdef struct Closed:
    Py_ssize_t rows
    uint32_t* signal
    int64_t* time_ns
    double* value
    Py_ssize_t minutes
    uint32_t* source
    int64_t* until_ns
    uint32_t* numbers


cdef class _Views:
    """Keeps the buffers of a state alive while pointers into them are in use."""

    cdef State state
    cdef const unsigned char[::1] policy
    cdef const unsigned int[::1] base
    cdef long long[::1] minute_ns, closed_ns, since_ns, entry
    cdef unsigned int[::1] count, good
    cdef double[::1] low, high, total, rest, last

    def __cinit__(self, state):
        self.policy, self.base, self.count, self.good = state.policy, state.base, state.count, state.good
        self.minute_ns, self.closed_ns, self.since_ns = state.minute_ns, state.closed_ns, state.since_ns
        self.low, self.high, self.total, self.rest, self.last = state.low, state.high, state.total, state.rest, state.last
        self.entry = state.entry
        self.state.size = self.policy.shape[0]
        self._check()
        if not self.state.size:
            return
        self.state.policy, self.state.base = &self.policy[0], &self.base[0]
        self.state.minute_ns, self.state.closed_ns = <int64_t*>&self.minute_ns[0], <int64_t*>&self.closed_ns[0]
        self.state.since_ns, self.state.count, self.state.good = <int64_t*>&self.since_ns[0], &self.count[0], &self.good[0]
        self.state.low, self.state.high, self.state.last = &self.low[0], &self.high[0], &self.last[0]
        self.state.entry = <int64_t*>&self.entry[0]
        self.state.total, self.state.rest = &self.total[0], &self.rest[0]

    cdef int _check(self) except -1:
        cdef Py_ssize_t size = self.state.size
        if not (
            self.base.shape[0] == self.minute_ns.shape[0] == self.closed_ns.shape[0] == self.since_ns.shape[0] == size
            and self.count.shape[0] == self.good.shape[0] == self.low.shape[0] == self.high.shape[0] == size
            and self.total.shape[0] == self.rest.shape[0] == self.last.shape[0] == size
            and self.entry.shape[0] == size
        ):
            raise ValueError("state columns differ in length")
        return 0


cdef class _Figures:
    """Rows of closed minutes, up to a known number of minutes."""

    cdef Closed closed
    cdef array.array signal, time_ns, value, source, until_ns, numbers

    def __cinit__(self, Py_ssize_t most):
        self.signal, self.time_ns = array.clone(_U32, most * FIGURES, False), array.clone(_I64, most * FIGURES, False)
        self.value = array.clone(_F64, most * FIGURES, False)
        self.source, self.until_ns = array.clone(_U32, most, False), array.clone(_I64, most, False)
        self.numbers = array.clone(_U32, most, False)
        self.closed.numbers = self.numbers.data.as_uints
        self.closed.rows = self.closed.minutes = 0
        self.closed.signal, self.closed.time_ns = self.signal.data.as_uints, <int64_t*>self.time_ns.data.as_longlongs
        self.closed.value, self.closed.source = self.value.data.as_doubles, self.source.data.as_uints
        self.closed.until_ns = <int64_t*>self.until_ns.data.as_longlongs

    cdef tuple columns(self):
        for column in (self.signal, self.time_ns, self.value):
            array.resize(column, self.closed.rows)
        for column in (self.source, self.until_ns, self.numbers):
            array.resize(column, self.closed.minutes)
        return self.signal, self.time_ns, self.value, self.source, self.until_ns, self.numbers


def add_rows(
    const uint32_t[::1] signal not None,
    const long long[::1] time_ns not None,
    const double[::1] value not None,
    const uint32_t[::1] quality not None,
    const unsigned char[::1] worded,
    unsigned char[::1] mark not None,
    state not None,
    long long now_ns,
    long long entry,
):
    cdef Py_ssize_t count = signal.shape[0], row = 0, stop
    cdef _Views views = _Views(state)
    cdef State* s = &views.state
    cdef Rows rows
    cdef bint unknown = False
    if not (time_ns.shape[0] == value.shape[0] == quality.shape[0] == mark.shape[0] == count):
        raise ValueError("columns differ in length")
    if worded is not None and worded.shape[0] != count:
        raise ValueError("columns differ in length")
    cdef _Figures found = _Figures(count)
    if not count:
        return found.columns()
    rows.signal, rows.time_ns, rows.value = &signal[0], <const int64_t*>&time_ns[0], &value[0]
    rows.quality, rows.mark = &quality[0], &mark[0]
    rows.worded = NULL
    if worded is not None:
        rows.worded = &worded[0]
    with nogil:
        while row < count:
            if rows.signal[row] >= s.size:
                unknown = True
                break
            stop = row + 1
            while stop < count and rows.signal[stop] == rows.signal[row]:
                stop += 1
            if s.policy[rows.signal[row]] == AGGREGATE_1M:
                _run(s, &found.closed, &rows, rows.signal[row], row, stop, now_ns, entry)
            row = stop
    if unknown:
        raise IndexError(f"signal {signal[row]}")
    return found.columns()


def close_minutes(state not None, long long now_ns, long long patience_ns):
    cdef _Views views = _Views(state)
    cdef State* s = &views.state
    cdef _Figures found = _Figures(s.size)
    cdef Py_ssize_t index
    with nogil:
        for index in range(s.size):
            if s.minute_ns[index] != NEVER and now_ns - s.since_ns[index] >= patience_ns:
                _close(s, &found.closed, <uint32_t>index)
    return found.columns()


def oldest_entry(state not None):
    cdef _Views views = _Views(state)
    cdef State* s = &views.state
    cdef Py_ssize_t index
    cdef int64_t oldest = 0
    with nogil:
        for index in range(s.size):
            if s.minute_ns[index] != NEVER and (not oldest or s.entry[index] < oldest):
                oldest = s.entry[index]
    return oldest


cdef void _run(
    State* s, Closed* out, Rows* rows, uint32_t index, Py_ssize_t row, Py_ssize_t stop, int64_t now_ns, int64_t entry
) noexcept nogil:
    """Takes the rows of one signal from `row` to before `stop`."""
    cdef Minute m
    cdef int64_t time_ns
    _load(s, index, &m)
    while row < stop:
        time_ns = rows.time_ns[row]
        if rows.mark[row] != KEPT or (rows.worded != NULL and rows.worded[row]):
            row += 1
            continue
        if m.start_ns == NEVER or not 0 <= time_ns - m.start_ns < MINUTE_NS:
            if time_ns < s.closed_ns[index] or time_ns < m.start_ns:
                row += 1
                continue
            _store(s, index, &m)
            _open(s, out, index, time_ns, now_ns, entry)
            _load(s, index, &m)
        _add(&m, rows.value[row], rows.quality[row])
        rows.mark[row] = AGGREGATED
        row += 1
    _store(s, index, &m)


cdef inline void _load(State* s, uint32_t index, Minute* m) noexcept nogil:
    m.start_ns, m.count, m.good = s.minute_ns[index], s.count[index], s.good[index]
    m.low, m.high, m.last = s.low[index], s.high[index], s.last[index]
    m.total, m.rest = s.total[index], s.rest[index]


cdef inline void _store(State* s, uint32_t index, Minute* m) noexcept nogil:
    s.minute_ns[index], s.count[index], s.good[index] = m.start_ns, m.count, m.good
    s.low[index], s.high[index], s.last[index] = m.low, m.high, m.last
    s.total[index], s.rest[index] = m.total, m.rest


cdef inline void _open(
    State* s, Closed* out, uint32_t index, int64_t time_ns, int64_t now_ns, int64_t entry
) noexcept nogil:
    cdef int64_t start = time_ns // MINUTE_NS * MINUTE_NS
    if start > time_ns:
        start -= MINUTE_NS
    if s.minute_ns[index] != NEVER:
        _close(s, out, index)
    s.minute_ns[index], s.since_ns[index], s.entry[index] = start, now_ns, entry
    s.count[index] = s.good[index] = 0
    s.total[index] = s.rest[index] = 0.0


cdef inline void _add(Minute* m, double item, uint32_t quality) noexcept nogil:
    cdef double following, small, large
    m.count += 1
    if quality >= GOOD_END or item - item != 0.0:
        return
    if not m.good:
        m.low = m.high = item
    # one instruction each: a branch would guess wrong at every new extreme
    m.low = item if item < m.low else m.low
    m.high = item if item > m.high else m.high
    m.good += 1
    following = m.total + item
    large, small = (m.total, item) if fabs(m.total) >= fabs(item) else (item, m.total)
    m.rest += (large - following) + small
    m.total, m.last = following, item


cdef inline void _close(State* s, Closed* out, uint32_t index) noexcept nogil:
    cdef double good = <double>s.good[index]
    _put(s, out, index, 0, <double>s.count[index])
    _put(s, out, index, 1, good)
    if s.good[index]:
        _put(s, out, index, 2, s.low[index])
        _put(s, out, index, 3, s.high[index])
        _put(s, out, index, 4, (s.total[index] + s.rest[index]) / good)
        _put(s, out, index, 5, s.last[index])
    s.closed_ns[index] = s.minute_ns[index] + MINUTE_NS
    out.source[out.minutes], out.until_ns[out.minutes] = index, s.closed_ns[index] - 1
    out.numbers[out.minutes] = s.count[index]
    out.minutes += 1
    s.minute_ns[index] = NEVER


cdef inline void _put(State* s, Closed* out, uint32_t index, uint32_t figure, double value) noexcept nogil:
    out.signal[out.rows] = s.base[index] + figure
    out.time_ns[out.rows] = s.minute_ns[index]
    out.value[out.rows] = value
    out.rows += 1
