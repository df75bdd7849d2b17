from array import array

KINDS: tuple[int, ...]

def equipment_one(
    kind: int,
    x: array[float],
    u: array[float],
    low: array[float],
    high: array[float],
    parts: array[float],
) -> tuple[float, float, float, float, int]: ...
def equipment_rows(
    kind: int,
    values: array[float],
    width: int,
    n: int,
    columns: array[int],
    constants: array[float],
    absolute: array[float],
    relative: array[float],
    low: array[float],
    high: array[float],
    out: array[float],
    sigma: array[float],
    code: array[int],
    parts: array[float],
) -> None: ...
def loss_rows(
    time_ns: array[int],
    n: int,
    gate: array[int],
    result: array[float],
    sigma: array[float],
    code: array[int],
    decay: float,
    gap_ns: int,
    warm: int,
    better: float,
    fit: array[float],
    limit: float,
    run: array[float],
    at: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    trace: array[float],
) -> None: ...
