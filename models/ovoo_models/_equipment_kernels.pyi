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
