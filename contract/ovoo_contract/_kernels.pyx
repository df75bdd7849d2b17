# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Row kernels, compiled: order, take, dedupe, line protocol. `_kernels_py.py` is the twin with the same results.

(A) Every function checks lengths and rows before its loop, because bounds are not checked inside.
(B) Loops run without the GIL over C pointers of stdlib arrays; numpy is not needed.
(C) A double is written as its shortest round-trip text. Where at most 2**51 / 10**e holds it exactly for some e <= 9
    that text is the integer with a point (unique, hence what repr gives); else CPython's own formatter is asked.
"""

from cpython cimport array
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, strlen

import array

cdef extern from "Python.h":
    char* PyOS_double_to_string(double value, char code, int precision, int flags, int* kind)
    int Py_DTSF_ADD_DOT_0

cdef extern from *:
    """
    static const double OVOO_SCALES[10] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    static const unsigned long long OVOO_POWERS[10] = {1ULL, 10ULL, 100ULL, 1000ULL, 10000ULL, 100000ULL, 1000000ULL,
        10000000ULL, 100000000ULL, 1000000000ULL};
    """
    const double OVOO_SCALES[10]
    const unsigned long long OVOO_POWERS[10]

ctypedef fused Item:
    uint32_t
    uint64_t

cdef array.array _U32 = array.array("I")
cdef array.array _I64 = array.array("q")

cdef enum:
    FURTHEST = 999
    NUMBER_ROOM = 40
cdef int64_t LAST = 0x7FFFFFFFFFFFFFFFLL
cdef double MAGIC = 6755399441055744.0
cdef double EXACT_LIMIT = 2251799813685248.0
cdef double COUNT_END = 9007199254740992.0


def is_sorted(const uint32_t[::1] signal not None, const long long[::1] time_ns not None):
    cdef Py_ssize_t count = signal.shape[0], row
    cdef bint ordered = True
    if time_ns.shape[0] != count:
        raise ValueError("columns differ in length")
    with nogil:
        for row in range(1, count):
            if signal[row - 1] > signal[row] or (signal[row - 1] == signal[row] and time_ns[row - 1] > time_ns[row]):
                ordered = False
                break
    return ordered


def sort_rows(const uint32_t[::1] signal not None, const long long[::1] time_ns not None):
    cdef Py_ssize_t count = signal.shape[0]
    if time_ns.shape[0] != count:
        raise ValueError("columns differ in length")
    cdef array.array order = array.clone(_U32, count, False)
    if not count:
        return order
    cdef array.array spare = array.clone(_U32, count, False)
    cdef uint32_t greatest = 0
    cdef Py_ssize_t row
    for row in range(count):
        greatest = max(greatest, signal[row])
    cdef uint32_t* starts = NULL
    if greatest < 4 * count + 1024:
        starts = <uint32_t*>PyMem_Malloc((<size_t>greatest + 2) * sizeof(uint32_t))
        if starts == NULL:
            raise MemoryError
    with nogil:
        _order(&signal[0], <const int64_t*>&time_ns[0], count, greatest, starts, order.data.as_uints, spare.data.as_uints)
    PyMem_Free(starts)
    return order


def take_rows(column not None, const uint32_t[::1] rows not None):
    cdef array.array source = column
    cdef Py_ssize_t size = len(source), count = rows.shape[0], row
    for row in range(count):
        if rows[row] >= size:
            raise IndexError("row out of range")
    if source.typecode not in "Iiqd":
        raise TypeError(f"no column of type {column.typecode!r}")
    cdef array.array result = array.clone(source, count, False)
    cdef bint wide = source.typecode in "qd"
    if count:
        with nogil:
            if wide:
                _take[uint64_t](<const uint64_t*>source.data.as_voidptr, &rows[0], count, <uint64_t*>result.data.as_voidptr)
            else:
                _take[uint32_t](<const uint32_t*>source.data.as_voidptr, &rows[0], count, <uint32_t*>result.data.as_voidptr)
    return result


def select_rows(const uint32_t[::1] signal not None, bytes keep not None):
    cdef Py_ssize_t count = signal.shape[0], row, found = 0
    cdef size_t size = len(keep)
    cdef const unsigned char* mask = <const unsigned char*>PyBytes_AS_STRING(keep)
    cdef array.array rows = array.clone(_U32, count, False)
    cdef uint32_t* out = rows.data.as_uints
    with nogil:
        for row in range(count):
            out[found] = <uint32_t>row
            found += signal[row] < size and mask[signal[row]] != 0
    array.resize(rows, found)
    return rows


def replace_nan(double[::1] value not None):
    cdef Py_ssize_t row
    cdef uint64_t canonical = 0x7FF8000000000000ULL
    with nogil:
        for row in range(value.shape[0]):
            if value[row] != value[row]:
                memcpy(&value[row], &canonical, 8)


def dedupe_rows(
    const uint32_t[::1] signal not None,
    const long long[::1] time_ns not None,
    const double[::1] value not None,
    const uint32_t[::1] quality not None,
    tag,
):
    cdef Py_ssize_t count = signal.shape[0]
    if not (time_ns.shape[0] == value.shape[0] == quality.shape[0] == count):
        raise ValueError("columns differ in length")
    cdef const uint32_t[::1] tags = quality if tag is None else tag
    if tags.shape[0] != count:
        raise ValueError("columns differ in length")
    cdef array.array rows = array.clone(_U32, count, False)
    cdef array.array times = array.clone(_I64, count, False)
    moved = bytearray(count)
    cdef unsigned char[::1] moved_view = moved
    cdef Groups groups
    groups.kept = groups.duplicates = groups.overflow = 0
    groups.rows, groups.times = rows.data.as_uints, <int64_t*>times.data.as_longlongs
    if count:
        groups.signal, groups.time_ns = &signal[0], <const int64_t*>&time_ns[0]
        groups.bits, groups.quality, groups.tags = <const uint64_t*>&value[0], &quality[0], &tags[0]
        groups.moved = &moved_view[0]
        with nogil:
            _dedupe(&groups, count)
    array.resize(rows, groups.kept)
    array.resize(times, groups.kept)
    return rows, times, bytes(moved[:groups.kept]), groups.duplicates, groups.overflow


include "_kernels_lines.pxi"


def encode_lines(
    heads,
    keys,
    bytes full not None,
    const uint32_t[::1] signal not None,
    const long long[::1] time_ns not None,
    const double[::1] value not None,
    const uint32_t[::1] quality not None,
    texts,
    rows,
):
    cdef Py_ssize_t size = len(heads), count = signal.shape[0], row
    if not (time_ns.shape[0] == value.shape[0] == quality.shape[0] == count and len(keys) == len(full) == size):
        raise ValueError("columns differ in length")
    cdef const uint32_t[::1] chosen = None if rows is None else rows
    cdef const uint32_t* picked = NULL
    cdef Py_ssize_t wanted = count if rows is None else chosen.shape[0]
    if rows is not None:
        for row in range(wanted):
            if chosen[row] >= count:
                raise IndexError("row out of range")
        if wanted:
            picked = &chosen[0]
    for row in range(count):
        if signal[row] >= size:
            raise IndexError(f"signal {signal[row]}")
    if not wanted:
        return b""
    cdef Lines lines = Lines(heads, keys, texts, count)
    lines.full = <const unsigned char*>PyBytes_AS_STRING(full)
    lines.signal, lines.time_ns = &signal[0], <const int64_t*>&time_ns[0]
    lines.value, lines.quality = &value[0], &quality[0]
    lines.run(picked, wanted)
    return PyBytes_FromStringAndSize(lines.out, lines.used)


cdef void _take(const Item* source, const uint32_t* rows, Py_ssize_t count, Item* result) noexcept nogil:
    cdef Py_ssize_t row
    for row in range(count):
        result[row] = source[rows[row]]


cdef inline bint _after(const uint32_t* signal, const int64_t* time_ns, uint32_t one, uint32_t two) noexcept nogil:
    """True if row `one` belongs after row `two`."""
    return signal[one] > signal[two] or (signal[one] == signal[two] and time_ns[one] > time_ns[two])


cdef void _order(
    const uint32_t* signal,
    const int64_t* time_ns,
    Py_ssize_t count,
    uint32_t greatest,
    uint32_t* starts,
    uint32_t* order,
    uint32_t* spare,
) noexcept nogil:
    cdef Py_ssize_t row, start = 0, stop
    if starts == NULL:
        for row in range(count):
            order[row] = <uint32_t>row
        _merge_sort(signal, time_ns, order, spare, count)
        return
    _count_sort(signal, count, greatest, starts, order)
    while start < count:
        stop = start + 1
        while stop < count and signal[order[stop]] == signal[order[start]]:
            stop += 1
        _merge_sort(signal, time_ns, order + start, spare, stop - start)
        start = stop


cdef void _count_sort(
    const uint32_t* signal, Py_ssize_t count, uint32_t greatest, uint32_t* starts, uint32_t* order
) noexcept nogil:
    cdef Py_ssize_t row
    cdef size_t index
    for index in range(<size_t>greatest + 2):
        starts[index] = 0
    for row in range(count):
        starts[signal[row] + 1] += 1
    for index in range(1, <size_t>greatest + 2):
        starts[index] += starts[index - 1]
    for row in range(count):
        order[starts[signal[row]]] = <uint32_t>row
        starts[signal[row]] += 1


cdef void _merge_sort(
    const uint32_t* signal, const int64_t* time_ns, uint32_t* order, uint32_t* spare, Py_ssize_t count
) noexcept nogil:
    """Stable; one pass where the rows are in order already."""
    cdef Py_ssize_t half = count // 2, left = 0, right, position
    if count < 2:
        return
    for position in range(1, count):
        if _after(signal, time_ns, order[position - 1], order[position]):
            break
    else:
        return
    _merge_sort(signal, time_ns, order, spare, half)
    _merge_sort(signal, time_ns, order + half, spare, count - half)
    memcpy(spare, order, half * sizeof(uint32_t))
    right = half
    for position in range(count):
        if left == half:
            return
        if right == count or not _after(signal, time_ns, spare[left], order[right]):
            order[position] = spare[left]
            left += 1
        else:
            order[position] = order[right]
            right += 1


cdef struct Groups:
    const uint32_t* signal
    const int64_t* time_ns
    const uint64_t* bits
    const uint32_t* quality
    const uint32_t* tags
    uint32_t* rows
    int64_t* times
    unsigned char* moved
    Py_ssize_t kept
    Py_ssize_t duplicates
    Py_ssize_t overflow


cdef inline bint _is_nan(uint64_t bits) noexcept nogil:
    return (bits & 0x7FFFFFFFFFFFFFFFULL) > 0x7FF0000000000000ULL


cdef inline bint _same(const Groups* groups, Py_ssize_t row, Py_ssize_t other) noexcept nogil:
    cdef bint equal = groups.bits[row] == groups.bits[other] or (
        _is_nan(groups.bits[row]) and _is_nan(groups.bits[other])
    )
    return equal and groups.quality[row] == groups.quality[other] and groups.tags[row] == groups.tags[other]


cdef inline void _keep(Groups* groups, Py_ssize_t row, int64_t time_ns, unsigned char moved) noexcept nogil:
    groups.rows[groups.kept] = <uint32_t>row
    groups.times[groups.kept] = time_ns
    groups.moved[groups.kept] = moved
    groups.kept += 1


cdef void _dedupe(Groups* groups, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t start = 0, stop
    cdef int64_t last_moved = -LAST - 1
    while start < count:
        stop = start + 1
        while stop < count and groups.signal[stop] == groups.signal[start] and groups.time_ns[stop] == groups.time_ns[start]:
            stop += 1
        if start and groups.signal[start] != groups.signal[start - 1]:
            last_moved = -LAST - 1
        _keep(groups, start, groups.time_ns[start], 0)
        if stop - start > 1:
            last_moved = _resolve(groups, start, stop, count, last_moved)
        start = stop


cdef int64_t _resolve(
    Groups* groups, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t count, int64_t last_moved
) noexcept nogil:
    """Places the rows after `start` of one signal and time; gives the time of the last one moved."""
    cdef Py_ssize_t first = groups.kept - 1, ahead = stop, row, kept
    cdef int64_t origin = groups.time_ns[start], free_ns
    for row in range(start + 1, stop):
        for kept in range(first, groups.kept):
            if _same(groups, row, groups.rows[kept]):
                groups.duplicates += 1
                break
        else:
            if origin > LAST - FURTHEST or last_moved == LAST:
                groups.overflow += 1
                continue
            free_ns = (last_moved if last_moved > origin else origin) + 1
            while ahead < count and groups.signal[ahead] == groups.signal[start] and groups.time_ns[ahead] <= free_ns:
                free_ns += groups.time_ns[ahead] == free_ns
                ahead += 1
            if free_ns - origin > FURTHEST:
                groups.overflow += 1
                continue
            _keep(groups, row, free_ns, 1)
            last_moved = free_ns
    return last_moved
