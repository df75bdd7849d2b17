from array import array

def least_squares(
    design: array[float],
    p: int,
    y: array[float],
    w: array[float],
    n: int,
    coef: array[float],
    inverse: array[float],
    fitted: array[float],
) -> int: ...
def within_groups(
    columns: array[float], width: int, w: array[float], group: array[int], groups: int, n: int
) -> None: ...
def knee_search(
    x: array[float],
    base: array[float],
    p: int,
    y: array[float],
    w: array[float],
    n: int,
    knees: array[float],
    least: int,
    left_sign: int,
    right_sign: int,
    out: array[float],
) -> int: ...
def shape_fit(
    x: array[float],
    base: array[float],
    p: int,
    y: array[float],
    w: array[float],
    n: int,
    kind: int,
    left: float,
    right: float,
    coef: array[float],
    inverse: array[float],
    steps: array[float],
) -> int: ...
def orthonormal(design: array[float], p: int, n: int, out: array[float]) -> int: ...
def lag1_expectation(q: array[float], p: int, gaps: array[int], n: int, rho: float) -> float: ...
def bootstrap_errors(
    weights: array[float],
    gaps: array[int],
    first: array[float],
    second: array[float],
    split: int,
    rhos: array[float],
    block: int,
    seed: int,
    out: array[float],
) -> None: ...
