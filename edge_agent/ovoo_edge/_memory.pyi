from array import array

from ovoo_edge._memory_py import MemoryState

def remember_rows(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    mark: bytes | bytearray | None,
    codes: int,
    state: MemoryState,
) -> None: ...
def mark_copies(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    mark: bytearray,
    state: MemoryState,
    from_code: int,
    to_code: int,
) -> int: ...
