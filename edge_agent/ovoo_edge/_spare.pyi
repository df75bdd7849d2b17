from array import array

def mark_spare(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    worded: bytes | bytearray | None,
    step_ns: int,
) -> bytearray: ...
def runs_of(
    signal: array[int], time_ns: array[int], span_ns: int
) -> tuple[array[int], array[int], array[int], array[int]]: ...
