from array import array

def mark_neighbours(n: int, m: int, tail: array[int], head: array[int], words: int, bits: array[int]) -> None: ...
def minimum_degree(
    n: int, words: int, bits: array[int], degree: array[int], order: array[int], place: array[int]
) -> int: ...
def factor_pattern(
    n: int,
    words: int,
    bits: array[int],
    order: array[int],
    place: array[int],
    column_start: array[int],
    row_start: array[int],
    row_column: array[int],
) -> None: ...
def solve_network(
    n: int,
    m: int,
    tail: array[int],
    head: array[int],
    resistance: array[float],
    source: array[float],
    inflow: array[float],
    fans: int,
    fan_edge: array[int],
    fan_start: array[int],
    knots: array[float],
    terms: array[float],
    ends: array[float],
    edge_start: array[int],
    edge_of: array[int],
    column_start: array[int],
    row_start: array[int],
    row_column: array[int],
    rounds: int,
    started: int,
    flow_limit: float,
    pressure_limit: float,
    flow: array[float],
    pressure: array[float],
    work: array[float],
    places: array[int],
    residuals: array[float],
) -> int: ...
