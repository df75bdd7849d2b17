# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Column kernels of the pipeline, compiled: conditioning, marks, counts. `_process_py.py` is the twin.

(A) Every function checks lengths and signals before it reads through a pointer, because bounds are not checked inside.
(B) Loops run without the GIL over stdlib arrays; no libm is called, so the twin gives the same bits.
"""

from cpython cimport array
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memcpy

import array

__all__ = [
    "check_rows",
    "count_cells",
    "greatest_signal",
    "hours_of",
    "keys_of",
    "mark_before",
    "mark_behind",
    "merge_cells",
    "newest_own",
    "normalise_rows",
    "pick_rows",
    "steps_of",
    "time_span",
]

cdef array.array _U32 = array.array("I")
cdef array.array _I64 = array.array("q")
cdef array.array _F64 = array.array("d")

cdef int64_t NEVER = <int64_t>0x8000000000000000ULL
cdef int64_t HOUR_NS = 3600000000000LL
cdef uint32_t GOOD_END = 0x40000000U
cdef uint32_t FLAGS = 0x30003000U
cdef uint32_t OUT_OF_RANGE = 0x803C0000U
cdef uint32_t CLAMPED_LOW = 0x40940500U
cdef uint32_t CLAMPED_HIGH = 0x40940600U
cdef uint32_t STUCK = 0x40900700U
cdef uint32_t TOO_FAST = 0x40930000U


def normalise_rows(
    const uint32_t[::1] signal not None,
    const double[::1] value not None,
    const uint32_t[::1] quality not None,
    const double[::1] factor not None,
    const double[::1] offset not None,
    const double[::1] low not None,
    const double[::1] high not None,
    const unsigned char[::1] clamp not None,
):
    cdef Py_ssize_t count = signal.shape[0], row
    cdef uint32_t size = <uint32_t>factor.shape[0], index
    cdef double item
    cdef bint unknown = False
    if not (value.shape[0] == quality.shape[0] == count):
        raise ValueError("columns differ in length")
    if not (offset.shape[0] == low.shape[0] == high.shape[0] == clamp.shape[0] == size):
        raise ValueError("rules differ in length")
    cdef array.array values = array.clone(_F64, count, False)
    cdef array.array qualities = array.clone(_U32, count, False)
    cdef double* out = values.data.as_doubles
    cdef uint32_t* marked = qualities.data.as_uints
    if count:
        memcpy(marked, &quality[0], count * sizeof(uint32_t))
    with nogil:
        for row in range(count):
            index = signal[row]
            if index >= size:
                unknown = True
                break
            item = value[row] * factor[index] + offset[index]
            out[row] = item
            if (item < low[index] or item > high[index]) and quality[row] < GOOD_END:
                if not clamp[index]:
                    marked[row] = OUT_OF_RANGE | (quality[row] & FLAGS)
                elif item < low[index]:
                    out[row] = low[index]
                    marked[row] = CLAMPED_LOW | (quality[row] & FLAGS)
                else:
                    out[row] = high[index]
                    marked[row] = CLAMPED_HIGH | (quality[row] & FLAGS)
    if unknown:
        raise IndexError(f"signal {signal[row]}")
    return values, qualities


def check_rows(
    const uint32_t[::1] signal not None,
    const long long[::1] time_ns not None,
    const double[::1] value not None,
    const uint32_t[::1] quality not None,
    const double[::1] max_rate not None,
    const long long[::1] stuck_ns not None,
    long long[::1] last_ns not None,
    double[::1] last_value not None,
    long long[::1] since_ns not None,
):
    cdef Py_ssize_t count = signal.shape[0], row, flagged = 0
    cdef Py_ssize_t size = max_rate.shape[0]
    cdef uint32_t index
    cdef double item, step
    if not (time_ns.shape[0] == value.shape[0] == quality.shape[0] == count):
        raise ValueError("columns differ in length")
    if not (stuck_ns.shape[0] == last_ns.shape[0] == last_value.shape[0] == since_ns.shape[0] == size):
        raise ValueError("rules differ in length")
    cdef array.array qualities = array.clone(_U32, count, False)
    cdef uint32_t* marked = qualities.data.as_uints
    if count:
        memcpy(marked, &quality[0], count * sizeof(uint32_t))
    with nogil:
        for row in range(count):
            index = signal[row]
            item = value[row]
            if index >= size or quality[row] >= GOOD_END or item - item != 0.0 or time_ns[row] <= last_ns[index]:
                continue
            if last_ns[index] == NEVER or item != last_value[index]:
                step = item - last_value[index]
                if step < 0:
                    step = -step
                if last_ns[index] != NEVER and step > max_rate[index] * (<double>(time_ns[row] - last_ns[index]) * 1e-9):
                    marked[row] = TOO_FAST | (quality[row] & FLAGS)
                    flagged += 1
                since_ns[index] = time_ns[row]
            elif stuck_ns[index] > 0 and time_ns[row] - since_ns[index] >= stuck_ns[index]:
                marked[row] = STUCK | (quality[row] & FLAGS)
                flagged += 1
            last_ns[index] = time_ns[row]
            last_value[index] = item
    return qualities, flagged


def mark_behind(
    const uint32_t[::1] signal not None,
    const long long[::1] time_ns not None,
    long long[::1] newest_ns not None,
    unsigned char[::1] mark not None,
    unsigned char code,
):
    cdef Py_ssize_t count = signal.shape[0], row, found = 0
    cdef Py_ssize_t size = newest_ns.shape[0]
    cdef bint unknown = False
    if not (time_ns.shape[0] == mark.shape[0] == count):
        raise ValueError("columns differ in length")
    with nogil:
        for row in range(count):
            if signal[row] >= size:
                unknown = True
                break
            if time_ns[row] <= newest_ns[signal[row]]:
                mark[row] = code
                found += 1
            else:
                newest_ns[signal[row]] = time_ns[row]
    if unknown:
        raise IndexError(f"signal {signal[row]}")
    return found


def mark_before(
    const long long[::1] time_ns not None,
    long long limit_ns,
    unsigned char[::1] mark not None,
    unsigned char from_code,
    unsigned char to_code,
):
    cdef Py_ssize_t row, found = 0
    if time_ns.shape[0] != mark.shape[0]:
        raise ValueError("columns differ in length")
    with nogil:
        for row in range(mark.shape[0]):
            if time_ns[row] < limit_ns and mark[row] == from_code:
                mark[row] = to_code
                found += 1
    return found


def pick_rows(const unsigned char[::1] mark not None, unsigned int codes):
    cdef Py_ssize_t count = mark.shape[0], row, found = 0
    cdef array.array rows = array.clone(_U32, count, False)
    cdef uint32_t* out = rows.data.as_uints
    with nogil:
        for row in range(count):
            out[found] = <uint32_t>row
            found += (codes >> mark[row]) & 1
    array.resize(rows, found)
    return rows


def greatest_signal(const uint32_t[::1] signal not None):
    cdef Py_ssize_t row
    cdef int64_t greatest = -1
    with nogil:
        for row in range(signal.shape[0]):
            greatest = signal[row] if signal[row] > greatest else greatest
    return greatest


def time_span(const long long[::1] time_ns not None):
    cdef Py_ssize_t row
    cdef int64_t first, last
    if not time_ns.shape[0]:
        raise ValueError("no rows, no span")
    first = last = time_ns[0]
    with nogil:
        for row in range(1, time_ns.shape[0]):
            first = time_ns[row] if time_ns[row] < first else first
            last = time_ns[row] if time_ns[row] > last else last
    return first, last


def newest_own(const long long[::1] time_ns not None, const uint32_t[::1] quality not None, uint32_t doubtful):
    cdef Py_ssize_t row
    cdef int64_t newest = 0
    cdef bint found = False
    if time_ns.shape[0] != quality.shape[0]:
        raise ValueError("columns differ in length")
    with nogil:
        for row in range(quality.shape[0]):
            if not quality[row] & doubtful and (not found or time_ns[row] > newest):
                newest = time_ns[row]
                found = True
    return newest if found else None


def hours_of(const long long[::1] time_ns not None):
    cdef Py_ssize_t count = time_ns.shape[0], row
    cdef int64_t start = 0, hour
    found = set()
    for row in range(count):
        if row and 0 <= time_ns[row] - start < HOUR_NS:
            continue
        hour = _hour(time_ns[row])
        start = hour * HOUR_NS
        found.add(hour)
    return array.array("q", sorted(found))


def count_cells(
    const uint32_t[::1] signal not None,
    const long long[::1] time_ns not None,
    const unsigned char[::1] mark,
    unsigned int codes,
    const uint32_t[::1] weights,
    int64_t hour,
    uint32_t width,
    uint32_t kind,
):
    cdef Py_ssize_t count = signal.shape[0], row, cells = 0
    cdef int64_t start = hour * HOUR_NS
    cdef int64_t current = -1
    cdef bint all_rows = mark is None, weighted = weights is not None
    cdef uint32_t share = 1
    if time_ns.shape[0] != count or not (all_rows or mark.shape[0] == count):
        raise ValueError("columns differ in length")
    if weighted and weights.shape[0] != count:
        raise ValueError("columns differ in length")
    cdef array.array keys = array.clone(_U32, count, False)
    cdef array.array numbers = array.clone(_U32, count, False)
    cdef uint32_t* key = keys.data.as_uints
    cdef uint32_t* number = numbers.data.as_uints
    cdef bint backwards = False
    with nogil:
        for row in range(count):
            if not all_rows and not ((codes >> mark[row]) & 1):
                continue
            if time_ns[row] < start or time_ns[row] - start >= HOUR_NS:
                continue
            if weighted:
                share = weights[row]
            if signal[row] == current:
                number[cells - 1] += share
                continue
            if signal[row] < current:
                backwards = True
                break
            current = signal[row]
            key[cells] = signal[row] * width + kind
            number[cells] = share
            cells += 1
    if backwards:
        raise ValueError("rows are not in signal order")
    array.resize(keys, cells)
    array.resize(numbers, cells)
    return keys, numbers


def merge_cells(
    const uint32_t[::1] keys not None,
    const uint32_t[::1] numbers not None,
    const uint32_t[::1] more_keys not None,
    const uint32_t[::1] more_numbers not None,
    bint subtract,
):
    cdef Py_ssize_t one = 0, two = 0, first = keys.shape[0], second = more_keys.shape[0], cells = 0
    cdef uint32_t key, number
    if numbers.shape[0] != first or more_numbers.shape[0] != second:
        raise ValueError("columns differ in length")
    cdef array.array merged = array.clone(_U32, first + second, False)
    cdef array.array sums = array.clone(_U32, first + second, False)
    cdef uint32_t* out = merged.data.as_uints
    cdef uint32_t* total = sums.data.as_uints
    with nogil:
        while one < first or two < second:
            number = 0
            if one < first and (two == second or keys[one] <= more_keys[two]):
                key = keys[one]
            else:
                key = more_keys[two]
            if one < first and keys[one] == key:
                number = numbers[one]
                one += 1
            if two < second and more_keys[two] == key:
                number = number - more_numbers[two] if subtract else number + more_numbers[two]
                two += 1
            if number:
                out[cells] = key
                total[cells] = number
                cells += 1
    array.resize(merged, cells)
    array.resize(sums, cells)
    return merged, sums


def steps_of(const uint32_t[::1] keys not None):
    cdef Py_ssize_t row
    cdef array.array steps = array.clone(_U32, keys.shape[0], False)
    cdef uint32_t* out = steps.data.as_uints
    cdef uint32_t before = 0
    with nogil:
        for row in range(keys.shape[0]):
            out[row] = keys[row] - before
            before = keys[row]
    return steps


def keys_of(const uint32_t[::1] steps not None):
    cdef Py_ssize_t row
    cdef array.array keys = array.clone(_U32, steps.shape[0], False)
    cdef uint32_t* out = keys.data.as_uints
    cdef uint32_t key = 0
    with nogil:
        for row in range(steps.shape[0]):
            key += steps[row]
            out[row] = key
    return keys


cdef inline int64_t _hour(int64_t time_ns) noexcept nogil:
    """Floor division, also before 1970."""
    cdef int64_t hour = time_ns // HOUR_NS
    return hour - 1 if hour * HOUR_NS > time_ns else hour
