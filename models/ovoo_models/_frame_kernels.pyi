from array import array

def clean_rows(values: array[float]) -> int: ...
def ramp_rows(out: array[int], start: int, step: int) -> None: ...
def select_rows(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    table: array[int],
    floor_ns: int,
    out_column: array[int],
    out_time: array[int],
    out_value: array[float],
) -> tuple[int, int, int, int]: ...
def scatter_rows(
    column: array[int],
    time_ns: array[int],
    value: array[float],
    n: int,
    base_frame: int,
    frames: int,
    period_ns: int,
    width: int,
    stride: int,
    grid_value: array[float],
    grid_time: array[int],
) -> tuple[int, int]: ...
def emit_frames(
    grid_value: array[float],
    grid_time: array[int],
    frames: int,
    width: int,
    stride: int,
    base_frame: int,
    period_ns: int,
    hold_ns: array[int],
    held_value: array[float],
    held_time: array[int],
    out_time: array[int],
    out_value: array[float],
) -> int: ...
def change_rows(
    time_ns: array[int],
    value: array[float],
    n: int,
    every_ns: int,
    last_time: array[int],
    last_value: array[float],
    out_time: array[int],
    out_value: array[float],
) -> int: ...
def widen_codes(code: array[int], n: int, out: array[float]) -> None: ...
