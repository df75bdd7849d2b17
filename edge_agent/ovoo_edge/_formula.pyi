from array import array

from ovoo_edge._formula_py import FormulaState

def evaluate(
    code: array[int],
    constants: array[float],
    inputs: array[int],
    kinds: bytes,
    state: FormulaState,
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
) -> tuple[array[int], array[float], array[int]]: ...
