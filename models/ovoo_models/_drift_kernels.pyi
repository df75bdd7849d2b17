from array import array

PLAN: int
STATE: int
CLOCK: int
OUT: int
FEATURES: int

def drift_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    models: int,
    columns: array[int],
    degree: int,
    rule: array[float],
    times: array[int],
    plan: array[float],
    state: array[float],
    clock: array[int],
    out: array[float],
    bits: array[int],
    mode: array[int],
) -> None: ...
def power_state_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    power: int,
    running: int,
    bounds: array[float],
    dwell_ns: int,
    gap_ns: int,
    clock: array[int],
    mode: array[int],
) -> None: ...
def fill_histogram(
    values: array[float],
    width: int,
    n: int,
    column: int,
    low: float,
    step: float,
    decay: float,
    counts: array[float],
) -> int: ...
def period_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    power: int,
    factor: float,
    mode: array[int],
    gap_ns: int,
    period_ns: int,
    at: array[int],
    sums: array[float],
    out_start: array[int],
    out: array[float],
) -> int: ...
