from array import array

def power_rows(
    values: array[float], width: int, n: int, columns: array[int], d: int, factor: float, power: array[float]
) -> None: ...
def demand_rows(
    time_ns: array[int],
    power: array[float],
    n: int,
    months: array[int],
    step: int,
    slots: int,
    sliding: int,
    gap: int,
    target: float,
    energy: array[float],
    known: array[int],
    values: array[float],
    times: array[int],
    ahead: array[float],
) -> int: ...
def demand_ahead(
    step: int,
    slots: int,
    sliding: int,
    target: float,
    energy: array[float],
    known: array[int],
    values: array[float],
    times: array[int],
) -> tuple[float, float, int, float]: ...
def demand_scores(
    gate: array[int],
    ahead: array[float],
    n: int,
    target: float,
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
) -> None: ...
