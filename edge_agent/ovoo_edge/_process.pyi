from array import array

def normalise_rows(
    signal: array[int],
    value: array[float],
    quality: array[int],
    factor: array[float],
    offset: array[float],
    low: array[float],
    high: array[float],
    clamp: bytes,
) -> tuple[array[float], array[int]]: ...
def check_rows(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    max_rate: array[float],
    stuck_ns: array[int],
    last_ns: array[int],
    last_value: array[float],
    since_ns: array[int],
) -> tuple[array[int], int]: ...
def mark_behind(signal: array[int], time_ns: array[int], newest_ns: array[int], mark: bytearray, code: int) -> int: ...
def mark_before(time_ns: array[int], limit_ns: int, mark: bytearray, from_code: int, to_code: int) -> int: ...
def pick_rows(mark: bytes | bytearray, codes: int) -> array[int]: ...
def greatest_signal(signal: array[int]) -> int: ...
def time_span(time_ns: array[int]) -> tuple[int, int]: ...
def newest_own(time_ns: array[int], quality: array[int], doubtful: int) -> int | None: ...
def hours_of(time_ns: array[int]) -> array[int]: ...
def count_cells(
    signal: array[int],
    time_ns: array[int],
    mark: bytes | bytearray | None,
    codes: int,
    weights: array[int] | None,
    hour: int,
    width: int,
    kind: int,
) -> tuple[array[int], array[int]]: ...
def merge_cells(
    keys: array[int], numbers: array[int], more_keys: array[int], more_numbers: array[int], subtract: bool
) -> tuple[array[int], array[int]]: ...
def steps_of(keys: array[int]) -> array[int]: ...
def keys_of(steps: array[int]) -> array[int]: ...
