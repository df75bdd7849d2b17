# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Evaluation of derived signals, compiled. `_formula_py.py` is the twin with the same results.

(A) The program, its inputs and its stack depth are checked before the loop; bounds are not checked inside.
(B) Whole powers are repeated multiplications and the only libm call is sqrt: the same bits as the twin.
"""

from cpython cimport array
from libc.math cimport sqrt
from libc.stdint cimport int64_t, uint32_t

import array

__all__ = ["evaluate"]

cdef array.array _U32 = array.array("I")
cdef array.array _I64 = array.array("q")
cdef array.array _F64 = array.array("d")

cdef enum:
    CONSTANT = 0
    INPUT = 1
    ADD = 2
    SUBTRACT = 3
    MULTIPLY = 4
    DIVIDE = 5
    NEGATE = 6
    POWER = 7
    LESS = 8
    LESS_EQUAL = 9
    GREATER = 10
    GREATER_EQUAL = 11
    EQUAL = 12
    NOT_EQUAL = 13
    MINIMUM = 14
    MAXIMUM = 15
    ABSOLUTE = 16
    ROOT = 17
    CLAMP = 18
    CHOOSE = 19
    OPERATIONS = 20
    DEPTH = 64
    MOST_INPUTS = 32
    VALUE = 0
    DELTA = 1
    RATE = 2
cdef int64_t NEVER = <int64_t>0x8000000000000000ULL
cdef uint32_t FLAGS = 0x30003000U
cdef uint32_t KEPT_FLAGS = 0x20003000U
cdef uint32_t BAD = 0x80000000U
cdef uint32_t OUT_OF_RANGE = 0x803C0000U
cdef double NAN = float("nan")
cdef unsigned char[20] TAKES
cdef int _operation
for _operation, _takes in enumerate((0, 0, 2, 2, 2, 2, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 3, 3)):
    TAKES[_operation] = _takes


cdef struct Inputs:
    Py_ssize_t count
    const unsigned char* kind
    double* register
    uint32_t* quality
    double* before
    int64_t* seen_ns
    unsigned char* ready


def evaluate(
    const uint32_t[::1] code not None,
    const double[::1] constants not None,
    const uint32_t[::1] inputs not None,
    const unsigned char[::1] kinds not None,
    state not None,
    const uint32_t[::1] signal not None,
    const long long[::1] time_ns not None,
    const double[::1] value not None,
    const uint32_t[::1] quality not None,
):
    cdef Py_ssize_t count = signal.shape[0], known = inputs.shape[0], row, most = 0, made = 0
    cdef Py_ssize_t[32] cursor
    cdef Py_ssize_t[32] stop
    cdef Inputs held
    cdef int64_t now = 0
    cdef double result
    if not (time_ns.shape[0] == value.shape[0] == quality.shape[0] == count):
        raise ValueError("columns differ in length")
    if not 0 < known <= MOST_INPUTS or kinds.shape[0] != known:
        raise ValueError("1 to 32 inputs, each with its kind")
    _check(code, constants.shape[0], known)
    cdef double[::1] register = state.register, before = state.before
    cdef unsigned int[::1] qualities = state.quality
    cdef long long[::1] seen = state.seen_ns, newest = state.newest_ns
    cdef unsigned char[::1] ready = state.ready
    if not (register.shape[0] == before.shape[0] == qualities.shape[0] == seen.shape[0] == ready.shape[0] == known):
        raise ValueError("state columns differ in length")
    if newest.shape[0] != 1:
        raise ValueError("one newest time")
    held.count, held.kind, held.register, held.quality = known, &kinds[0], &register[0], &qualities[0]
    held.before, held.seen_ns, held.ready = &before[0], <int64_t*>&seen[0], &ready[0]
    for row in range(known):
        cursor[row] = _first(signal, inputs[row])
        stop[row] = _first(signal, <int64_t>inputs[row] + 1)
        most += stop[row] - cursor[row]
    cdef array.array times = array.clone(_I64, most, False)
    cdef array.array values = array.clone(_F64, most, False)
    cdef array.array codes = array.clone(_U32, most, False)
    if not most:
        return times, values, codes
    with nogil:
        while _next(&cursor[0], &stop[0], known, &time_ns[0], &now):
            for row in range(known):
                if cursor[row] < stop[row] and time_ns[cursor[row]] == now:
                    _take(&held, row, now, value[cursor[row]], quality[cursor[row]])
                    cursor[row] += 1
            if now <= newest[0]:
                continue
            newest[0] = now
            if not _all_ready(&held):
                continue
            result = _run(&code[0], code.shape[0], &constants[0] if constants.shape[0] else NULL, held.register)
            codes.data.as_uints[made] = _worst(&held, result)
            values.data.as_doubles[made] = result if result - result == 0.0 else NAN
            times.data.as_longlongs[made] = now
            made += 1
    for column in (times, values, codes):
        array.resize(column, made)
    return times, values, codes


cdef int _check(const uint32_t[::1] code, Py_ssize_t constants, Py_ssize_t inputs) except -1:
    """Operations are known, arguments exist, the stack neither runs empty nor over, one result is left."""
    cdef Py_ssize_t position, depth = 0
    cdef uint32_t operation, argument
    for position in range(code.shape[0]):
        operation, argument = code[position] >> 24, code[position] & 0xFFFFFF
        if operation >= OPERATIONS or depth < TAKES[operation]:
            raise ValueError("not a program")
        if (operation == CONSTANT and argument >= constants) or (operation == INPUT and argument >= inputs):
            raise ValueError("not a program")
        depth += 1 - TAKES[operation]
        if depth > DEPTH:
            raise ValueError("not a program")
    if depth != 1:
        raise ValueError("not a program")
    return 0


cdef Py_ssize_t _first(const uint32_t[::1] signal, int64_t wanted) noexcept:
    cdef Py_ssize_t low = 0, high = signal.shape[0], middle
    while low < high:
        middle = (low + high) // 2
        if signal[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline bint _next(
    const Py_ssize_t* cursor, const Py_ssize_t* stop, Py_ssize_t count, const long long* time_ns, int64_t* now
) noexcept nogil:
    """Finds the earliest time that any input still has."""
    cdef Py_ssize_t row
    cdef bint found = False
    for row in range(count):
        if cursor[row] < stop[row] and (not found or time_ns[cursor[row]] < now[0]):
            now[0] = time_ns[cursor[row]]
            found = True
    return found


cdef inline void _take(Inputs* held, Py_ssize_t row, int64_t now, double item, uint32_t quality) noexcept nogil:
    cdef double step
    if now <= held.seen_ns[row]:
        return
    held.quality[row] = quality
    if held.kind[row] == VALUE:
        held.register[row] = item
        held.ready[row] = 2
    elif item - item != 0.0:
        held.register[row] = NAN
        held.ready[row] = 0
    else:
        if held.ready[row]:
            step = item - held.before[row]
            held.register[row] = step if held.kind[row] == DELTA else step / (<double>(now - held.seen_ns[row]) * 1e-9)
            held.ready[row] = 2
        else:
            held.ready[row] = 1
        held.before[row] = item
    held.seen_ns[row] = now


cdef inline bint _all_ready(const Inputs* held) noexcept nogil:
    cdef Py_ssize_t row
    for row in range(held.count):
        if held.ready[row] != 2:
            return False
    return True


cdef inline uint32_t _worst(const Inputs* held, double result) noexcept nogil:
    cdef Py_ssize_t row
    cdef uint32_t worst = 0, flags = 0
    for row in range(held.count):
        if held.quality[row] & ~FLAGS > worst:
            worst = held.quality[row] & ~FLAGS
        flags |= held.quality[row] & KEPT_FLAGS
    if worst < BAD and result - result != 0.0:
        worst = OUT_OF_RANGE
    return worst | flags


cdef inline double _run(
    const uint32_t* code, Py_ssize_t length, const double* constants, const double* registers
) noexcept nogil:
    cdef double[64] stack
    cdef Py_ssize_t position, top = -1
    cdef uint32_t operation, argument
    for position in range(length):
        operation, argument = code[position] >> 24, code[position] & 0xFFFFFF
        if operation == CONSTANT:
            top += 1
            stack[top] = constants[argument]
        elif operation == INPUT:
            top += 1
            stack[top] = registers[argument]
        elif TAKES[operation] == 1:
            stack[top] = _unary(operation, argument, stack[top])
        elif TAKES[operation] == 2:
            top -= 1
            stack[top] = _binary(operation, stack[top], stack[top + 1])
        else:
            top -= 2
            stack[top] = _ternary(operation, stack[top], stack[top + 1], stack[top + 2])
    return stack[0]


cdef inline double _unary(uint32_t operation, uint32_t argument, double item) noexcept nogil:
    cdef double result = 1.0
    cdef uint32_t step
    if operation == NEGATE:
        return -item
    if operation == ABSOLUTE:
        return -item if item < 0 else item
    if operation == ROOT:
        return sqrt(item) if item >= 0 else NAN
    for step in range(argument):
        result = result * item
    return result


cdef inline double _binary(uint32_t operation, double one, double two) noexcept nogil:
    if operation == ADD:
        return one + two
    if operation == SUBTRACT:
        return one - two
    if operation == MULTIPLY:
        return one * two
    if operation == DIVIDE:
        return one / two if two != 0 else NAN
    if one != one or two != two:
        return NAN
    if operation == LESS:
        return 1.0 if one < two else 0.0
    if operation == LESS_EQUAL:
        return 1.0 if one <= two else 0.0
    if operation == GREATER:
        return 1.0 if one > two else 0.0
    if operation == GREATER_EQUAL:
        return 1.0 if one >= two else 0.0
    if operation == EQUAL:
        return 1.0 if one == two else 0.0
    if operation == NOT_EQUAL:
        return 1.0 if one != two else 0.0
    if operation == MINIMUM:
        return two if two < one else one
    return two if two > one else one


cdef inline double _ternary(uint32_t operation, double one, double two, double three) noexcept nogil:
    if one != one:
        return NAN
    if operation == CHOOSE:
        return two if one != 0 else three
    if two != two or three != three:
        return NAN
    if one < two:
        return two
    return three if one > three else one
