from array import array

def gram_rows(values: array[float], width: int, n: int, products: array[float]) -> int: ...
def cholesky(a: array[float], n: int) -> int: ...
def inverse_of(factor: array[float], n: int, work: array[float], out: array[float]) -> None: ...
def row_products(a: array[float], b: array[float], rows_a: int, rows_b: int, width: int, out: array[float]) -> None: ...
def balance_rows(
    time_ns: array[int],
    values: array[float],
    width: int,
    n: int,
    gate: array[int],
    columns: array[int],
    signs: array[float],
    d: int,
    share: float,
    floor: float,
    loss: float,
    coverage: float,
    lag: float,
    block_ns: int,
    least_rows: int,
    sums: array[float],
    held: array[float],
    at: array[int],
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
    trace: array[float],
) -> None: ...
