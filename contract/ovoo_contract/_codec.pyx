# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Wire columns, compiled; byte for byte what `_codec_py.py` writes and reads (docs/reference/wire.md).

(A) Encoding writes into one buffer that is large enough for the worst case, so no room is checked inside.
(B) Decoding never reads behind `end` and never writes more than `rows` items, whatever the bytes say; each failure
    is a number in `Reader.failed`, turned into ValueError at the top.
(C) Differences wrap modulo 2**64 in both directions. Rounding is `(x + 1.5 * 2**52) - 1.5 * 2**52`, half to even.
"""

from cpython cimport array
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

import array

cdef extern from *:
    """
    static const double OVOO_SCALES[16] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
        1e14, 1e15};
    static const long long OVOO_UNITS[10] = {1LL, 10LL, 100LL, 1000LL, 10000LL, 100000LL, 1000000LL, 10000000LL,
        100000000LL, 1000000000LL};
    """
    const double OVOO_SCALES[16]
    const long long OVOO_UNITS[10]

cdef array.array _U32 = array.array("I")
cdef array.array _I32 = array.array("i")
cdef array.array _I64 = array.array("q")
cdef array.array _F64 = array.array("d")

cdef enum:
    TIME_EXPONENT = 9
    EXACT_EXPONENT = 12
    NEAR_EXPONENT = 9
    NEAR_STEPS = 63
    ABSENT = 0
    DECIMAL = 1
    NEAR_DECIMAL = 2
    SINGLE_DECIMAL = 3
    XOR = 4
    PARTIAL = 8
    WORST_ROW = 64  # run 10 + 5, units 1 + 1, time 10, presence 5, value 10 + 1, quality 5 + 5, rounded up

cdef enum Failure:
    FINE = 0
    CUT_OFF
    TOO_LONG
    RUNS
    SIGNAL
    UNIT
    TIME
    DESCRIPTOR
    PRESENCE
    QUALITY
    DELTA

cdef dict _MESSAGES = {
    CUT_OFF: "number cut off",
    TOO_LONG: "number longer than 64 bits",
    RUNS: "runs do not add up to the rows",
    SIGNAL: "signal index beyond 32 bits",
    UNIT: "unknown time unit",
    TIME: "time beyond 64 bits",
    DESCRIPTOR: "unknown value descriptor",
    PRESENCE: "presence does not add up to the rows",
    QUALITY: "qualities do not add up to the rows",
    DELTA: "time difference beyond 32 bits",
}

cdef double MAGIC = 6755399441055744.0
cdef double EXACT_LIMIT = 2251799813685248.0
cdef double NEAR_LIMIT = 1099511627776.0
cdef uint64_t MOST_STEP = 1ULL << 56  # eight of them do not overflow
cdef uint64_t NAN_BITS = 0x7FF8000000000000ULL
cdef int64_t LAST = 0x7FFFFFFFFFFFFFFFLL

ctypedef unsigned char Byte

cdef struct Run:
    uint32_t signal
    uint32_t start
    uint32_t stop
    uint32_t present

cdef struct Reader:
    const Byte* at
    const Byte* end
    Failure failed


def encode_columns(
    const uint32_t[::1] signal not None,
    const long long[::1] time_ns not None,
    const double[::1] value not None,
    const uint32_t[::1] quality not None,
):
    cdef Py_ssize_t rows = signal.shape[0], count
    if not (time_ns.shape[0] == value.shape[0] == quality.shape[0] == rows):
        raise ValueError("columns differ in length")
    if not rows:
        return b"\0"
    cdef Run* runs = <Run*>PyMem_Malloc(rows * sizeof(Run))
    cdef double* present = <double*>PyMem_Malloc(rows * sizeof(double))
    cdef Byte* out = <Byte*>PyMem_Malloc(rows * <size_t>WORST_ROW + 16)
    cdef Byte* p
    try:
        if runs == NULL or present == NULL or out == NULL:
            raise MemoryError
        with nogil:
            count = _find_runs(&signal[0], rows, runs)
            p = _put_runs(out, runs, count)
            p = _put_times(p, runs, count, <const int64_t*>&time_ns[0])
            p = _put_values(p, runs, count, &value[0], present)
            p = _put_qualities(p, &quality[0], rows)
        return PyBytes_FromStringAndSize(<char*>out, p - out)
    finally:
        PyMem_Free(runs)
        PyMem_Free(present)
        PyMem_Free(out)


def decode_columns(bytes data not None, Py_ssize_t offset, Py_ssize_t rows):
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    if offset < 0 or rows < 0 or offset > size or rows > size - offset:
        raise ValueError("fewer bytes than rows")
    cdef Reader reader
    cdef const Byte* start = <const Byte*>PyBytes_AS_STRING(data)
    reader.at, reader.end, reader.failed = start + offset, start + size, FINE
    cdef array.array signal = array.clone(_U32, rows, False)
    cdef array.array time_ns = array.clone(_I64, rows, False)
    cdef array.array value = array.clone(_F64, rows, False)
    cdef array.array quality = array.clone(_U32, rows, False)
    cdef Run* runs = <Run*>PyMem_Malloc((rows + 1) * sizeof(Run))
    cdef double* present = <double*>PyMem_Malloc((rows + 1) * sizeof(double))
    cdef Py_ssize_t count
    try:
        if runs == NULL or present == NULL:
            raise MemoryError
        with nogil:
            count = _get_runs(&reader, runs, rows)
            _spread_signals(runs, count, signal.data.as_uints)
            _get_times(&reader, runs, count, <int64_t*>time_ns.data.as_longlongs)
            _get_values(&reader, runs, count, value.data.as_doubles, present)
            _get_qualities(&reader, quality.data.as_uints, rows)
    finally:
        PyMem_Free(runs)
        PyMem_Free(present)
    if reader.failed:
        raise ValueError(_MESSAGES[reader.failed])
    return signal, time_ns, value, quality, reader.at - start


def encode_deltas(const int32_t[::1] values not None):
    cdef Py_ssize_t rows = values.shape[0], row
    cdef Byte* out = <Byte*>PyMem_Malloc(rows * 5 + 1)
    cdef Byte* p = out
    cdef int64_t previous = 0
    if out == NULL:
        raise MemoryError
    try:
        with nogil:
            for row in range(rows):
                p = _put(p, _zigzag(<uint64_t>(values[row] - previous)))
                previous = values[row]
        return PyBytes_FromStringAndSize(<char*>out, p - out)
    finally:
        PyMem_Free(out)


def decode_deltas(bytes data not None, Py_ssize_t offset, Py_ssize_t rows):
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data), row
    if offset < 0 or rows < 0 or offset > size or rows > size - offset:
        raise ValueError("fewer bytes than rows")
    cdef Reader reader
    cdef const Byte* start = <const Byte*>PyBytes_AS_STRING(data)
    cdef array.array values = array.clone(_I32, rows, False)
    cdef int* out = values.data.as_ints
    cdef uint64_t current = 0
    reader.at, reader.end, reader.failed = start + offset, start + size, FINE
    with nogil:
        for row in range(rows):
            current += _unzigzag(_get(&reader))
            if not -2147483648 <= <int64_t>current <= 2147483647:
                reader.failed = DELTA
            if reader.failed:
                break
            out[row] = <int>current
    if reader.failed:
        raise ValueError(_MESSAGES[reader.failed])
    return values, reader.at - start


cdef inline Byte* _put(Byte* p, uint64_t number) noexcept nogil:
    while number > 0x7F:
        p[0] = <Byte>(number & 0x7F | 0x80)
        number >>= 7
        p += 1
    p[0] = <Byte>number
    return p + 1


cdef inline uint64_t _get(Reader* reader) noexcept nogil:
    cdef uint64_t number = 0
    cdef int shift = 0
    cdef Byte byte
    if reader.end - reader.at >= 2:
        # nearly every number has one or two bytes
        number = reader.at[0]
        if number < 0x80:
            reader.at += 1
            return number
        if reader.at[1] < 0x80:
            number = number & 0x7F | <uint64_t>reader.at[1] << 7
            reader.at += 2
            return number
        number = 0
    while reader.at < reader.end:
        byte = reader.at[0]
        reader.at += 1
        if shift == 63 and byte > 1:
            reader.failed = TOO_LONG
            return 0
        number |= <uint64_t>(byte & 0x7F) << shift
        if byte < 0x80:
            return number
        shift += 7
    reader.failed = CUT_OFF
    return 0


cdef inline uint64_t _zigzag(uint64_t number) noexcept nogil:
    return (number << 1) ^ (0 - (number >> 63))


cdef inline uint64_t _unzigzag(uint64_t number) noexcept nogil:
    return (number >> 1) ^ (0 - (number & 1))


cdef inline uint64_t _bits(double item) noexcept nogil:
    cdef uint64_t bits
    memcpy(&bits, &item, 8)
    return bits


cdef inline double _double(uint64_t bits) noexcept nogil:
    """The double of these bits; any NaN becomes the canonical one."""
    cdef double item
    memcpy(&item, &bits, 8)
    if item != item:
        memcpy(&item, &NAN_BITS, 8)
    return item


cdef inline double _whole(double scaled) noexcept nogil:
    return (scaled + MAGIC) - MAGIC


cdef inline double _size(double item) noexcept nogil:
    return -item if item < 0 else item


cdef Py_ssize_t _find_runs(const uint32_t* signal, Py_ssize_t rows, Run* runs) noexcept nogil:
    cdef Py_ssize_t row, count = 0
    runs[0].signal, runs[0].start = signal[0], 0
    for row in range(1, rows):
        if signal[row] != signal[row - 1]:
            runs[count].stop = <uint32_t>row
            count += 1
            runs[count].signal, runs[count].start = signal[row], <uint32_t>row
    runs[count].stop = <uint32_t>rows
    return count + 1


cdef Byte* _put_runs(Byte* p, const Run* runs, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t index
    cdef uint64_t previous = 0
    p = _put(p, count)
    for index in range(count):
        p = _put(p, _zigzag(<uint64_t>runs[index].signal - previous))
        p = _put(p, runs[index].stop - runs[index].start)
        previous = runs[index].signal
    return p


cdef Py_ssize_t _get_runs(Reader* reader, Run* runs, Py_ssize_t rows) noexcept nogil:
    cdef uint64_t count = _get(reader), signal = 0, start = 0, length, index
    if count > <uint64_t>rows:
        reader.failed = RUNS
    if reader.failed:
        return 0
    for index in range(count):
        signal += _unzigzag(_get(reader))
        length = _get(reader)
        if signal > 0xFFFFFFFFULL:
            reader.failed = SIGNAL
        if length == 0 or length > <uint64_t>rows - start:
            reader.failed = RUNS
        if reader.failed:
            return 0
        runs[index].signal, runs[index].start = <uint32_t>signal, <uint32_t>start
        start += length
        runs[index].stop = <uint32_t>start
    if start != <uint64_t>rows:
        reader.failed = RUNS
        return 0
    return <Py_ssize_t>count


cdef void _spread_signals(const Run* runs, Py_ssize_t count, uint32_t* signal) noexcept nogil:
    cdef Py_ssize_t index
    cdef uint32_t row
    for index in range(count):
        for row in range(runs[index].start, runs[index].stop):
            signal[row] = runs[index].signal


cdef Byte* _put_times(Byte* p, const Run* runs, Py_ssize_t count, const int64_t* time_ns) noexcept nogil:
    cdef uint64_t first[10]
    cdef uint64_t step[10]
    cdef uint64_t previous, current, delta
    cdef int64_t unit
    cdef Byte* exponents = p
    cdef Py_ssize_t index
    cdef uint32_t row
    cdef int exponent
    memset(first, 0, sizeof(first))
    memset(step, 0, sizeof(step))
    p += count
    for index in range(count):
        exponent = _time_exponent(time_ns, runs[index].start, runs[index].stop)
        exponents[index] = <Byte>exponent
        unit = OVOO_UNITS[exponent]
        previous = <uint64_t>(time_ns[runs[index].start] // unit)
        p = _put(p, _zigzag(previous - first[exponent]))
        first[exponent], delta = previous, step[exponent]
        for row in range(runs[index].start + 1, runs[index].stop):
            current = <uint64_t>(time_ns[row] // unit)
            p = _put(p, _zigzag(current - previous - delta))
            delta = current - previous
            previous = current
        step[exponent] = delta
    return p


cdef int _time_exponent(const int64_t* time_ns, uint32_t start, uint32_t stop) noexcept nogil:
    cdef int exponent = TIME_EXPONENT
    cdef uint32_t row
    for row in range(start, stop):
        while time_ns[row] % OVOO_UNITS[exponent]:
            exponent -= 1
        if not exponent:
            break
    return exponent


cdef void _get_times(Reader* reader, const Run* runs, Py_ssize_t count, int64_t* time_ns) noexcept nogil:
    cdef uint64_t first[10]
    cdef uint64_t step[10]
    cdef uint64_t previous, delta
    cdef int64_t limit, lowest
    cdef const Byte* exponents = reader.at
    cdef Py_ssize_t index
    cdef uint32_t row
    cdef int exponent
    memset(first, 0, sizeof(first))
    memset(step, 0, sizeof(step))
    if reader.failed or not _skip(reader, count):
        return
    for index in range(count):
        exponent = exponents[index]
        if exponent > TIME_EXPONENT:
            reader.failed = UNIT
            return
        limit = LAST // OVOO_UNITS[exponent]
        lowest = -limit - (exponent == 0)
        previous, delta = first[exponent], step[exponent]
        row = runs[index].start
        while row < runs[index].stop:
            if row == runs[index].start:
                previous += _unzigzag(_get(reader))
                first[exponent] = previous
            elif runs[index].stop - row >= 8 and _is_even(reader, previous, delta, limit):
                # most signals come at equal distances: eight at a time
                for _ in range(8):
                    previous += delta
                    time_ns[row] = <int64_t>previous * OVOO_UNITS[exponent]
                    row += 1
                reader.at += 8
                continue
            else:
                delta += _unzigzag(_get(reader))
                previous += delta
            if not lowest <= <int64_t>previous <= limit:
                reader.failed = TIME
            if reader.failed:
                return
            time_ns[row] = <int64_t>previous * OVOO_UNITS[exponent]
            row += 1
        step[exponent] = delta


cdef inline bint _is_even(const Reader* reader, uint64_t previous, uint64_t delta, int64_t limit) noexcept nogil:
    """Whether eight more times at the present distance follow, none beyond the limit."""
    cdef uint64_t zeros
    if reader.end - reader.at < 8:
        return False
    memcpy(&zeros, reader.at, 8)
    if zeros or delta >= MOST_STEP:
        return False
    return <uint64_t>limit - previous >= 8 * delta


cdef inline bint _skip(Reader* reader, Py_ssize_t count) noexcept nogil:
    if reader.end - reader.at < count:
        reader.failed = CUT_OFF
        return False
    reader.at += count
    return True


include "_codec_values.pxi"


cdef Byte* _put_qualities(Byte* p, const uint32_t* quality, Py_ssize_t rows) noexcept nogil:
    cdef Py_ssize_t row, start = 0
    for row in range(1, rows + 1):
        if row == rows or quality[row] != quality[start]:
            p = _put(p, quality[start])
            p = _put(p, row - start)
            start = row
    return p


cdef void _get_qualities(Reader* reader, uint32_t* quality, Py_ssize_t rows) noexcept nogil:
    cdef uint64_t code, length, row = 0, stop
    if reader.failed:
        return
    while row < <uint64_t>rows:
        code = _get(reader)
        length = _get(reader)
        if code > 0xFFFFFFFFULL or length == 0 or length > <uint64_t>rows - row:
            reader.failed = QUALITY
        if reader.failed:
            return
        stop = row + length
        while row < stop:
            quality[row] = <uint32_t>code
            row += 1
