# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The memory of samples that were kept back, compiled. `_memory_py.py` is the twin with the same results.

(A) Lengths and the size of the tables are checked first, because bounds are not checked inside.
(B) At most half of a table is ever filled, so a probe always ends at a free slot.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

__all__ = ["mark_copies", "remember_rows"]

cdef uint64_t NAN_BITS = 0x7FF8000000000000ULL
cdef uint64_t FIRST = 0x9E3779B97F4A7C15ULL
cdef uint64_t SECOND = 0xC2B2AE3D27D4EB4FULL
cdef uint64_t THIRD = 0x165667B19E3779F9ULL


cdef struct Table:
    uint64_t mask
    uint32_t* signal
    int64_t* time_ns
    uint64_t* bits
    uint32_t* quality
    unsigned char* used


cdef class _Views:
    """Keeps the buffers of a state alive while pointers into them are in use."""

    cdef Table[2] tables
    cdef unsigned int[::1] signal, quality
    cdef long long[::1] time_ns
    cdef unsigned long long[::1] bits
    cdef unsigned char[::1] used
    cdef long long[::1] position

    def __cinit__(self, state):
        cdef Py_ssize_t slots, half
        self.signal, self.quality, self.time_ns = state.signal, state.quality, state.time_ns
        self.bits, self.used, self.position = state.bits, state.used, state.position
        slots = self.signal.shape[0] // 2
        if slots < 2 or slots & (slots - 1) or self.signal.shape[0] != 2 * slots:
            raise ValueError("two tables of a power of two are needed")
        if not (
            self.quality.shape[0] == self.time_ns.shape[0] == self.bits.shape[0] == self.used.shape[0] == 2 * slots
        ):
            raise ValueError("state columns differ in length")
        if self.position.shape[0] != 3 or not 0 < self.position[2] <= slots // 2 or self.position[0] not in (0, 1):
            raise ValueError("not the position of this memory")
        for half in range(2):
            self.tables[half].mask = slots - 1
            self.tables[half].signal, self.tables[half].quality = &self.signal[half * slots], &self.quality[half * slots]
            self.tables[half].time_ns = <int64_t*>&self.time_ns[half * slots]
            self.tables[half].bits = <uint64_t*>&self.bits[half * slots]
            self.tables[half].used = &self.used[half * slots]


def remember_rows(
    const uint32_t[::1] signal not None,
    const long long[::1] time_ns not None,
    const double[::1] value not None,
    const uint32_t[::1] quality not None,
    const unsigned char[::1] mark,
    unsigned int codes,
    state not None,
):
    cdef Py_ssize_t count = signal.shape[0], row
    cdef _Views views = _Views(state)
    cdef bint all_rows = mark is None
    cdef Table* table
    cdef uint64_t slot, bits
    if not (time_ns.shape[0] == value.shape[0] == quality.shape[0] == count):
        raise ValueError("columns differ in length")
    if not all_rows and mark.shape[0] != count:
        raise ValueError("columns differ in length")
    with nogil:
        table = &views.tables[views.position[0]]
        for row in range(count):
            if not all_rows and not ((codes >> mark[row]) & 1):
                continue
            bits = _bits(value[row])
            if views.position[1] == views.position[2]:
                views.position[0], views.position[1] = 1 - views.position[0], 0
                table = &views.tables[views.position[0]]
                memset(table.used, 0, table.mask + 1)
            slot = _slot(table, signal[row], time_ns[row], bits, quality[row])
            if table.used[slot]:
                continue
            table.used[slot], table.signal[slot], table.time_ns[slot] = 1, signal[row], time_ns[row]
            table.bits[slot], table.quality[slot] = bits, quality[row]
            views.position[1] += 1


def mark_copies(
    const uint32_t[::1] signal not None,
    const long long[::1] time_ns not None,
    const double[::1] value not None,
    const uint32_t[::1] quality not None,
    unsigned char[::1] mark not None,
    state not None,
    unsigned char from_code,
    unsigned char to_code,
):
    cdef Py_ssize_t count = signal.shape[0], row, found = 0
    cdef _Views views = _Views(state)
    cdef Table* table
    cdef uint64_t bits
    cdef int half
    if not (time_ns.shape[0] == value.shape[0] == quality.shape[0] == mark.shape[0] == count):
        raise ValueError("columns differ in length")
    with nogil:
        for row in range(count):
            if mark[row] != from_code:
                continue
            bits = _bits(value[row])
            for half in range(2):
                table = &views.tables[half]
                if table.used[_slot(table, signal[row], time_ns[row], bits, quality[row])]:
                    mark[row] = to_code
                    found += 1
                    break
    return found


cdef inline uint64_t _bits(double value) noexcept nogil:
    cdef uint64_t bits
    if value != value:
        return NAN_BITS
    memcpy(&bits, &value, 8)
    return bits


cdef inline uint64_t _slot(
    const Table* table, uint32_t signal, int64_t time_ns, uint64_t bits, uint32_t quality
) noexcept nogil:
    """The slot of a sample, or the free one where it belongs."""
    cdef uint64_t hashed = (<uint64_t>time_ns * FIRST) ^ (bits * SECOND) ^ ((<uint64_t>signal << 32 | quality) * THIRD)
    cdef uint64_t slot
    hashed = (hashed ^ (hashed >> 31)) * FIRST
    slot = (hashed >> 29) & table.mask
    while table.used[slot]:
        if (
            table.time_ns[slot] == time_ns and table.signal[slot] == signal and table.bits[slot] == bits
            and table.quality[slot] == quality
        ):
            break
        slot = (slot + 1) & table.mask
    return slot
