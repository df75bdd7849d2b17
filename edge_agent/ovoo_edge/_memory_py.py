"""The memory of samples that were kept back, in plain Python: the twin of `_memory.pyx`, with the same results.

Two hash tables with open addressing. The younger one takes samples until it holds as many as must be remembered; then
the older one is emptied and becomes the younger.
"""

from __future__ import annotations

import struct
from array import array
from typing import Final, Protocol

__all__ = ["MemoryState", "mark_copies", "remember_rows"]

_NAN_BITS: Final = 0x7FF8000000000000
_FIRST: Final = 0x9E3779B97F4A7C15
_SECOND: Final = 0xC2B2AE3D27D4EB4F
_THIRD: Final = 0x165667B19E3779F9
_U64: Final = 0xFFFFFFFFFFFFFFFF

_Key = tuple[int, int, int, int]


class MemoryState(Protocol):
    """Both tables one after the other, each of a power of two slots; see `suppressed_memory`.

    `position` is [the younger table, samples in it, samples at which it is full: at most half of its slots].
    """

    signal: array[int]
    time_ns: array[int]
    bits: array[int]
    quality: array[int]
    used: bytearray
    position: array[int]


def remember_rows(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    mark: bytes | bytearray | None,
    codes: int,
    state: MemoryState,
) -> None:
    """Remembers rows whose mark is a set bit of `codes`, None = all."""
    slots = len(state.used) // 2
    for row, key in enumerate(_keys(signal, time_ns, value, quality)):
        if mark is not None and not codes >> mark[row] & 1:
            continue
        if state.position[1] == state.position[2]:
            state.position[0], state.position[1] = 1 - state.position[0], 0
            start = state.position[0] * slots
            state.used[start : start + slots] = bytes(slots)
        slot = _slot(state, state.position[0], key)
        if not state.used[slot]:
            state.used[slot] = 1
            state.signal[slot], state.time_ns[slot], state.bits[slot], state.quality[slot] = key
            state.position[1] += 1


def mark_copies(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    mark: bytearray,
    state: MemoryState,
    from_code: int,
    to_code: int,
) -> int:
    """Marks rows with `from_code` that are remembered; gives their number."""
    found = 0
    for row, key in enumerate(_keys(signal, time_ns, value, quality)):
        if mark[row] == from_code and any(state.used[_slot(state, half, key)] for half in range(2)):
            mark[row] = to_code
            found += 1
    return found


def _keys(signal: array[int], time_ns: array[int], value: array[float], quality: array[int]) -> list[_Key]:
    bits = [
        _NAN_BITS if item != item else int(plain)
        for item, plain in zip(value, struct.unpack(f"={len(value)}Q", value.tobytes()), strict=True)
    ]
    return list(zip(signal, time_ns, bits, quality, strict=True))


def _slot(state: MemoryState, half: int, key: _Key) -> int:
    """The slot of a sample, or the free one where it belongs."""
    signal, time_ns, bits, quality = key
    slots = len(state.used) // 2
    hashed = (time_ns * _FIRST ^ bits * _SECOND ^ (signal << 32 | quality) * _THIRD) & _U64
    hashed = (hashed ^ hashed >> 31) * _FIRST & _U64
    slot = hashed >> 29 & slots - 1
    start = half * slots
    while state.used[start + slot]:
        at = start + slot
        if (state.signal[at], state.time_ns[at], state.bits[at], state.quality[at]) == key:
            break
        slot = slot + 1 & slots - 1
    return start + slot
