from array import array
from collections.abc import Mapping, Sequence
from typing import TypeVar

_Column = TypeVar("_Column", array[int], array[float])

def is_sorted(signal: array[int], time_ns: array[int]) -> bool: ...
def sort_rows(signal: array[int], time_ns: array[int]) -> array[int]: ...
def take_rows(column: _Column, rows: array[int]) -> _Column: ...
def select_rows(signal: array[int], keep: bytes) -> array[int]: ...
def replace_nan(value: array[float]) -> None: ...
def dedupe_rows(
    signal: array[int], time_ns: array[int], value: array[float], quality: array[int], tag: array[int] | None
) -> tuple[array[int], array[int], bytes, int, int]: ...
def encode_lines(
    heads: Sequence[bytes],
    keys: Sequence[bytes],
    full: bytes,
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    texts: Mapping[int, bytes],
    rows: array[int] | None,
) -> bytes: ...
