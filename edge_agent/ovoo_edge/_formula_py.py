"""Evaluation of derived signals in plain Python: the twin of `_formula.pyx`, with the same results.

A program is a list of u32: operation in the top byte, argument below. It works on a stack; the registers hold the last
known value of every input. NaN means unknown: whatever is computed or compared with it is unknown too.
"""

from __future__ import annotations

import bisect
import enum
import math
from array import array
from typing import Final, Protocol

from ovoo_contract.quality import BAD, BAD_OUT_OF_RANGE, FLAGS, SHIFTED

__all__ = ["MOST_DEPTH", "MOST_INPUTS", "TAKES", "FormulaState", "InputKind", "Operation", "evaluate"]

MOST_DEPTH: Final = 64
MOST_INPUTS: Final = 32


class Operation(enum.IntEnum):
    """What one step of a program does with the top of the stack."""

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


TAKES: Final = (0, 0, 2, 2, 2, 2, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 3, 3)
"""Values each operation takes from the stack; it puts one back."""


class InputKind(enum.IntEnum):
    """What a register holds of its signal."""

    VALUE = 0
    DELTA = 1
    RATE = 2


class FormulaState(Protocol):
    """Registers of one formula; see `derived.FormulaRegisters`."""

    register: array[float]
    quality: array[int]
    before: array[float]
    seen_ns: array[int]
    ready: bytearray
    newest_ns: array[int]


def evaluate(
    code: array[int],
    constants: array[float],
    inputs: array[int],
    kinds: bytes,
    state: FormulaState,
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
) -> tuple[array[int], array[float], array[int]]:
    """(time_ns, value, quality): one row for every new time at which an input has a sample, once all are known.

    The batch is sorted by signal and time. A sample not newer than the last of its input is left alone; one not newer
    than the last result only updates its register. The quality is the worst of the inputs; a result that is no finite
    number is absent and at least `BAD_OUT_OF_RANGE`.

    Raises:
        ValueError: what is given is not a program of `formula.compile_formula`.
    """
    _check(code, len(constants), len(inputs), len(kinds))
    spans = [(bisect.bisect_left(signal, wanted), bisect.bisect_right(signal, wanted)) for wanted in inputs]
    rows = sorted((time_ns[row], which, row) for which, (low, high) in enumerate(spans) for row in range(low, high))
    times, values, codes = array("q"), array("d"), array("I")
    position = 0
    while position < len(rows):
        now = rows[position][0]
        while position < len(rows) and rows[position][0] == now:
            _, which, row = rows[position]
            _take(state, kinds[which], which, now, value[row], quality[row])
            position += 1
        if now <= state.newest_ns[0]:
            continue
        state.newest_ns[0] = now
        if all(mark == 2 for mark in state.ready):
            result = _run(code, constants, state.register)
            times.append(now)
            values.append(result if math.isfinite(result) else math.nan)
            codes.append(_worst(state.quality, result))
    return times, values, codes


def _check(code: array[int], constants: int, inputs: int, kinds: int) -> None:
    if not 0 < inputs <= MOST_INPUTS or kinds != inputs:
        raise ValueError("1 to 32 inputs, each with its kind")
    depth = 0
    for word in code:
        operation, argument = word >> 24, word & 0xFFFFFF
        if operation >= len(TAKES) or depth < TAKES[operation]:
            raise ValueError("not a program")
        limit = {Operation.CONSTANT: constants, Operation.INPUT: inputs}.get(Operation(operation))
        depth += 1 - TAKES[operation]
        if (limit is not None and argument >= limit) or depth > MOST_DEPTH:
            raise ValueError("not a program")
    if depth != 1:
        raise ValueError("not a program")


def _take(state: FormulaState, kind: int, which: int, now: int, item: float, quality: int) -> None:
    if now <= state.seen_ns[which]:
        return
    state.quality[which] = quality
    if kind == InputKind.VALUE:
        state.register[which], state.ready[which] = item, 2
    elif item - item != 0.0:
        state.register[which], state.ready[which] = math.nan, 0
    else:
        if state.ready[which]:
            step = item - state.before[which]
            run = float(now - state.seen_ns[which]) * 1e-9
            state.register[which] = step if kind == InputKind.DELTA else step / run
            state.ready[which] = 2
        else:
            state.ready[which] = 1
        state.before[which] = item
    state.seen_ns[which] = now


def _worst(qualities: array[int], result: float) -> int:
    worst, flags = 0, 0
    for quality in qualities:
        worst = max(worst, quality & ~FLAGS)
        flags |= quality & FLAGS & ~SHIFTED
    if worst < BAD and not math.isfinite(result):
        worst = BAD_OUT_OF_RANGE
    return worst | flags


def _run(code: array[int], constants: array[float], registers: array[float]) -> float:
    stack: list[float] = []
    for word in code:
        operation, argument = word >> 24, word & 0xFFFFFF
        takes = TAKES[operation]
        if operation == Operation.CONSTANT:
            stack.append(constants[argument])
        elif operation == Operation.INPUT:
            stack.append(registers[argument])
        elif takes == 1:
            stack.append(_unary(operation, argument, stack.pop()))
        elif takes == 2:
            two, one = stack.pop(), stack.pop()
            stack.append(_binary(operation, one, two))
        else:
            three, two, one = stack.pop(), stack.pop(), stack.pop()
            stack.append(_ternary(operation, one, two, three))
    return stack[0]


def _unary(operation: int, argument: int, item: float) -> float:
    if operation == Operation.NEGATE:
        return -item
    if operation == Operation.ABSOLUTE:
        return -item if item < 0 else item
    if operation == Operation.ROOT:
        return math.sqrt(item) if item >= 0 else math.nan
    result = 1.0
    for _ in range(argument):
        result = result * item
    return result


def _binary(operation: int, one: float, two: float) -> float:
    if operation == Operation.ADD:
        return one + two
    if operation == Operation.SUBTRACT:
        return one - two
    if operation == Operation.MULTIPLY:
        return one * two
    if operation == Operation.DIVIDE:
        return one / two if two != 0 else math.nan
    if one != one or two != two:
        return math.nan
    if operation == Operation.MINIMUM:
        return two if two < one else one
    if operation == Operation.MAXIMUM:
        return two if two > one else one
    return float(_compare(operation, one, two))


def _compare(operation: int, one: float, two: float) -> bool:
    if operation == Operation.LESS:
        return one < two
    if operation == Operation.LESS_EQUAL:
        return one <= two
    if operation == Operation.GREATER:
        return one > two
    if operation == Operation.GREATER_EQUAL:
        return one >= two
    return one == two if operation == Operation.EQUAL else one != two


def _ternary(operation: int, one: float, two: float, three: float) -> float:
    if one != one:
        return math.nan
    if operation == Operation.CHOOSE:
        return two if one != 0 else three
    if two != two or three != three:
        return math.nan
    if one < two:
        return two
    return three if one > three else one
