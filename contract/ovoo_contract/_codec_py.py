"""Wire columns in plain Python: the twin of `_codec.pyx`, byte for byte (docs/reference/wire.md)."""

from __future__ import annotations

import math
import struct
from array import array
from typing import Final, NamedTuple

from ovoo_contract._varint_py import get, put, put_signed, signed, unzigzag, zigzag

__all__ = ["decode_columns", "decode_deltas", "encode_columns", "encode_deltas"]

_MASK: Final = 0xFFFFFFFFFFFFFFFF
_SIGN: Final = 1 << 63
_NAN_BITS: Final = 0x7FF8000000000000
_MAGIC: Final = 6755399441055744.0  # 1.5 * 2**52: adding and subtracting it rounds half to even below 2**51
_POWERS: Final = tuple(10**k for k in range(16))
_SCALES: Final = tuple(float(10**k) for k in range(16))
_TIME_EXPONENT: Final = 9
_EXACT_EXPONENT: Final = 12
_NEAR_EXPONENT: Final = 9
_EXACT_LIMIT: Final = float(2**51)
_NEAR_LIMIT: Final = float(2**40)
_NEAR_STEPS: Final = 63
ABSENT: Final = 0
DECIMAL: Final = 1
NEAR_DECIMAL: Final = 2
SINGLE_DECIMAL: Final = 3
XOR: Final = 4
_PARTIAL: Final = 8

_PACK_DOUBLE = struct.Struct("<d")
_PACK_BITS = struct.Struct("<Q")
_PACK_SINGLE = struct.Struct("<f")


class _Run(NamedTuple):
    signal: int
    start: int
    stop: int


def encode_columns(signal: array[int], time_ns: array[int], value: array[float], quality: array[int]) -> bytes:
    """The four columns as wire bytes; every NaN in `value` counts as absent.

    Raises:
        ValueError: if the columns differ in length.
    """
    if not len(signal) == len(time_ns) == len(value) == len(quality):
        raise ValueError("columns differ in length")
    out = bytearray()
    runs = _signal_runs(signal)
    put(out, len(runs))
    previous = 0
    for run in runs:
        put(out, zigzag(run.signal - previous))
        put(out, run.stop - run.start)
        previous = run.signal
    _encode_times(out, runs, time_ns)
    _encode_values(out, runs, value)
    _encode_qualities(out, quality)
    return bytes(out)


def decode_columns(data: bytes, offset: int, rows: int) -> tuple[array[int], array[int], array[float], array[int], int]:
    """Signal, time, value and quality of `rows` rows starting at `offset`, and the offset after them.

    Raises:
        ValueError: if the bytes are not such columns.
    """
    if offset < 0 or rows < 0 or offset > len(data) or rows > len(data) - offset:
        raise ValueError("fewer bytes than rows")
    runs, offset = _decode_runs(data, offset, rows)
    signal = array("I")
    for run in runs:
        signal.extend(array("I", [run.signal]) * (run.stop - run.start))
    time_ns, offset = _decode_times(data, offset, runs)
    value, offset = _decode_values(data, offset, runs)
    quality, offset = _decode_qualities(data, offset, rows)
    return signal, time_ns, value, quality, offset


def encode_deltas(values: array[int]) -> bytes:
    """Signed 32-bit numbers as zigzag varints of their differences."""
    out = bytearray()
    previous = 0
    for item in values:
        put(out, zigzag(item - previous))
        previous = item
    return bytes(out)


def decode_deltas(data: bytes, offset: int, rows: int) -> tuple[array[int], int]:
    """What `encode_deltas` wrote, and the offset after it; ValueError if the bytes are not that."""
    if offset < 0 or rows < 0 or offset > len(data) or rows > len(data) - offset:
        raise ValueError("fewer bytes than rows")
    values = array("i")
    current = 0
    for _ in range(rows):
        step, offset = get(data, offset)
        current = signed(current + unzigzag(step))
        if not -(2**31) <= current < 2**31:
            raise ValueError("time difference beyond 32 bits")
        values.append(current)
    return values, offset


def _signal_runs(signal: array[int]) -> list[_Run]:
    runs: list[_Run] = []
    start = 0
    for row in range(1, len(signal) + 1):
        if row == len(signal) or signal[row] != signal[start]:
            runs.append(_Run(signal[start], start, row))
            start = row
    return runs


def _decode_runs(data: bytes, offset: int, rows: int) -> tuple[list[_Run], int]:
    count, offset = get(data, offset)
    if count > rows:
        raise ValueError("more runs than rows")
    runs: list[_Run] = []
    signal = start = 0
    for _ in range(count):
        step, offset = get(data, offset)
        signal = signed(signal + unzigzag(step))
        length, offset = get(data, offset)
        if not 0 <= signal <= 0xFFFFFFFF:
            raise ValueError("signal index beyond 32 bits")
        if not 0 < length <= rows - start:
            raise ValueError("runs do not add up to the rows")
        runs.append(_Run(signal, start, start + length))
        start += length
    if start != rows:
        raise ValueError("runs do not add up to the rows")
    return runs, offset


def _encode_times(out: bytearray, runs: list[_Run], time_ns: array[int]) -> None:
    exponents = [_time_exponent(time_ns, run) for run in runs]
    out.extend(exponents)
    first = [0] * (_TIME_EXPONENT + 1)
    step = [0] * (_TIME_EXPONENT + 1)
    for run, exponent in zip(runs, exponents, strict=True):
        unit = _POWERS[exponent]
        previous, delta = first[exponent], 0
        for row in range(run.start, run.stop):
            current = time_ns[row] // unit
            if row == run.start:
                put_signed(out, current - previous)
                first[exponent], delta = current, step[exponent]
            else:
                change = current - previous
                bend = change - delta
                if -64 <= bend < 64:  # one byte, nearly always
                    out.append(bend << 1 ^ bend >> 7)
                else:
                    put_signed(out, bend)
                delta = change if -_SIGN <= change < _SIGN else signed(change)
            previous = current
        step[exponent] = delta


def _time_exponent(time_ns: array[int], run: _Run) -> int:
    exponent = _TIME_EXPONENT
    unit = _POWERS[exponent]
    for moment in time_ns[run.start : run.stop]:
        while moment % unit:
            exponent -= 1
            unit = _POWERS[exponent]
        if not exponent:
            break
    return exponent


def _decode_times(data: bytes, offset: int, runs: list[_Run]) -> tuple[array[int], int]:
    exponents = data[offset : offset + len(runs)]
    offset += len(runs)
    if len(exponents) < len(runs):
        raise ValueError("time units cut off")
    times = array("q")
    first = [0] * (_TIME_EXPONENT + 1)
    step = [0] * (_TIME_EXPONENT + 1)
    for run, exponent in zip(runs, exponents, strict=True):
        if exponent > _TIME_EXPONENT:
            raise ValueError("unknown time unit")
        unit = _POWERS[exponent]
        limit = (2**63 - 1) // unit
        previous, delta = first[exponent], 0
        least = -limit - (unit == 1)
        for row in range(run.start, run.stop):
            coded = data[offset] if offset < len(data) else 0x80
            if coded < 0x80:  # one byte, nearly always
                offset += 1
            else:
                coded, offset = get(data, offset)
            if row == run.start:
                previous = signed(previous + unzigzag(coded))
                first[exponent], delta = previous, step[exponent]
            else:
                if coded:
                    delta = signed(delta + (coded >> 1 ^ -(coded & 1)))
                previous += delta
            if not least <= previous <= limit:
                previous = signed(previous)
                if not least <= previous <= limit:
                    raise ValueError("time beyond 64 bits")
            times.append(previous * unit)
        step[exponent] = delta
    return times, offset


def _encode_values(out: bytearray, runs: list[_Run], value: array[float]) -> None:
    descriptors = bytearray()
    presence, body = bytearray(), bytearray()
    for run in runs:
        part = value[run.start : run.stop]
        present = [item for item in part if item == item]
        descriptor = _encode_present(body, present)
        if present and len(present) < len(part):
            descriptor |= _PARTIAL
            _encode_presence(presence, part)
        descriptors.append(descriptor)
    out += descriptors
    out += presence
    out += body


def _encode_presence(out: bytearray, part: array[float]) -> None:
    expected, length = True, 0
    for item in part:
        if (item == item) is not expected:
            put(out, length)
            expected, length = not expected, 0
        length += 1
    put(out, length)


def _encode_present(out: bytearray, present: list[float]) -> int:
    if not present:
        return ABSENT
    exponent = _exact_exponent(present)
    if exponent >= 0:
        _put_scaled(out, [_scaled(item, exponent) for item in present])
        return DECIMAL | exponent << 4
    exponent = _single_exponent(present)
    if exponent >= 0:
        _put_scaled(out, [_scaled(item, exponent) for item in present])
        return SINGLE_DECIMAL | exponent << 4
    exponent = _near_exponent(present)
    if exponent >= 0:
        whole = [_scaled(item, exponent) for item in present]
        _put_scaled(out, whole)
        for item, number in zip(present, whole, strict=True):
            put(out, zigzag(_bits(item) - _bits(number / _SCALES[exponent])))
        return NEAR_DECIMAL | exponent << 4
    _encode_xor(out, present)
    return XOR


def _scaled(item: float, exponent: int) -> int:
    return int(item * _SCALES[exponent] + _MAGIC - _MAGIC)


def _put_scaled(out: bytearray, numbers: list[int]) -> None:
    previous = 0
    for number in numbers:
        change = number - previous
        if -64 <= change < 64:  # one byte, mostly
            out.append(change << 1 ^ change >> 7)
        else:
            put_signed(out, change)
        previous = number


def _exact_exponent(present: list[float]) -> int:
    """The smallest decimal exponent that gives back every value, or -1."""
    exponent, top = 0, 0.0
    scale = _SCALES[0]
    for item in present:
        scaled = item * scale
        # the check of _is_exact, but for zeros, whose sign it tells apart
        if not (item and -_EXACT_LIMIT < scaled < _EXACT_LIMIT and (scaled + _MAGIC - _MAGIC) / scale == item):
            while not _is_exact(item, exponent):
                exponent += 1
                if exponent > _EXACT_EXPONENT or not abs(item) * _SCALES[exponent] < _EXACT_LIMIT:
                    return -1
            scale = _SCALES[exponent]
        top = max(top, abs(item))
    # a value checked under a smaller exponent still holds under a larger one while it stays in range
    return exponent if top * _SCALES[exponent] < _EXACT_LIMIT else -1


def _is_exact(item: float, exponent: int) -> bool:
    scaled = item * _SCALES[exponent]
    if not abs(scaled) < _EXACT_LIMIT:
        return False
    back = (scaled + _MAGIC - _MAGIC) / _SCALES[exponent]
    return back == item and (item != 0 or math.copysign(1.0, item) > 0)


def _single_exponent(present: list[float]) -> int:
    """Like `_exact_exponent` for doubles that were widened from single precision."""
    for item in present:
        if _single(item) != item:
            return -1
    exponent = 0
    for item in present:
        while not _is_single(item, exponent):
            exponent += 1
            if exponent > _NEAR_EXPONENT:
                return -1
    return exponent if all(_is_single(item, exponent) for item in present) else -1


def _is_single(item: float, exponent: int) -> bool:
    scaled = item * _SCALES[exponent]
    if not abs(scaled) < _NEAR_LIMIT:
        return False
    back = _single((scaled + _MAGIC - _MAGIC) / _SCALES[exponent])
    return back == item and (item != 0 or math.copysign(1.0, item) > 0)


def _single(item: float) -> float:
    try:
        result: float = _PACK_SINGLE.unpack(_PACK_SINGLE.pack(item))[0]
    except OverflowError:
        return math.copysign(math.inf, item)
    return result


def _near_exponent(present: list[float]) -> int:
    """The smallest decimal exponent that comes within 63 representable steps of every value, or -1."""
    exponent = 0
    for item in present:
        while not _is_near(item, exponent):
            exponent += 1
            if exponent > _NEAR_EXPONENT:
                return -1
    return exponent if all(_is_near(item, exponent) for item in present) else -1


def _is_near(item: float, exponent: int) -> bool:
    scaled = item * _SCALES[exponent]
    if not abs(scaled) < _NEAR_LIMIT:
        return False
    steps = signed(_bits(item) - _bits((scaled + _MAGIC - _MAGIC) / _SCALES[exponent]))
    return -_NEAR_STEPS <= steps <= _NEAR_STEPS


def _bits(item: float) -> int:
    bits: int = _PACK_BITS.unpack(_PACK_DOUBLE.pack(item))[0]
    return bits


def _double(bits: int) -> float:
    result: float = _PACK_DOUBLE.unpack(_PACK_BITS.pack(bits & _MASK))[0]
    return result if result == result else math.nan


def _encode_xor(out: bytearray, present: list[float]) -> None:
    previous = 0
    for item in present:
        bits = _bits(item)
        changed, previous = bits ^ previous, bits
        if not changed:
            out.append(0)
            continue
        low = ((changed & -changed).bit_length() - 1) // 8
        count = (changed.bit_length() + 7) // 8 - low
        out.append(low << 4 | count)
        out += (changed >> 8 * low).to_bytes(count, "little")


def _decode_values(data: bytes, offset: int, runs: list[_Run]) -> tuple[array[float], int]:
    descriptors = data[offset : offset + len(runs)]
    offset += len(runs)
    if len(descriptors) < len(runs):
        raise ValueError("value descriptors cut off")
    masks: list[list[tuple[bool, int]]] = []
    for run, descriptor in zip(runs, descriptors, strict=True):
        mask, offset = _decode_presence(data, offset, run.stop - run.start, descriptor)
        masks.append(mask)
    values = array("d")
    for mask, descriptor in zip(masks, descriptors, strict=True):
        count = sum(length for present, length in mask if present)
        numbers, offset = _decode_present(data, offset, count, descriptor)
        start = 0
        for present, length in mask:
            values.extend(numbers[start : start + length] if present else array("d", [math.nan]) * length)
            start += length if present else 0
    return values, offset


def _decode_presence(data: bytes, offset: int, rows: int, descriptor: int) -> tuple[list[tuple[bool, int]], int]:
    mode = descriptor & 7
    if mode > XOR or (mode in (ABSENT, XOR) and descriptor >> 4):
        raise ValueError("unknown value descriptor")
    if not descriptor & _PARTIAL:
        return [(mode != ABSENT, rows)], offset
    if mode == ABSENT:
        raise ValueError("unknown value descriptor")
    mask: list[tuple[bool, int]] = []
    present = True
    while rows:
        length, offset = get(data, offset)
        if length > rows or (not length and mask):
            raise ValueError("presence does not add up to the rows")
        mask.append((present, length))
        rows -= length
        present = not present
    return mask, offset


def _decode_present(data: bytes, offset: int, count: int, descriptor: int) -> tuple[array[float], int]:
    mode, scale = descriptor & 7, _SCALES[descriptor >> 4]
    if mode == XOR:
        return _decode_xor(data, offset, count)
    values = array("d")
    number = 0
    for _ in range(count):
        step = data[offset] if offset < len(data) else 0x80
        if step < 0x80:  # one byte, mostly
            offset += 1
        else:
            step, offset = get(data, offset)
        number += step >> 1 ^ -(step & 1)
        if not -_SIGN <= number < _SIGN:
            number = signed(number)
        item = number / scale
        values.append(_single(item) if mode == SINGLE_DECIMAL else item)
    if mode == NEAR_DECIMAL:
        for row in range(count):
            step, offset = get(data, offset)
            values[row] = _double(_bits(values[row]) + unzigzag(step))
    return values, offset


def _decode_xor(data: bytes, offset: int, count: int) -> tuple[array[float], int]:
    values = array("d")
    bits = 0
    for _ in range(count):
        if offset >= len(data):
            raise ValueError("value cut off")
        low, size = data[offset] >> 4, data[offset] & 15
        offset += 1
        if low + size > 8 or size > len(data) - offset:
            raise ValueError("value cut off")
        bits ^= int.from_bytes(data[offset : offset + size], "little") << 8 * low
        offset += size
        values.append(_double(bits))
    return values, offset


def _encode_qualities(out: bytearray, quality: array[int]) -> None:
    start = 0
    for row in range(1, len(quality) + 1):
        if row == len(quality) or quality[row] != quality[start]:
            put(out, quality[start])
            put(out, row - start)
            start = row


def _decode_qualities(data: bytes, offset: int, rows: int) -> tuple[array[int], int]:
    quality = array("I")
    while len(quality) < rows:
        code, offset = get(data, offset)
        length, offset = get(data, offset)
        if code > 0xFFFFFFFF:
            raise ValueError("quality beyond 32 bits")
        if not 0 < length <= rows - len(quality):
            raise ValueError("qualities do not add up to the rows")
        quality.extend(array("I", [code]) * length)
    return quality, offset
