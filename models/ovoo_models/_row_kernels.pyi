from array import array

from ovoo_models._rows_py import Row

class HoldRow:
    def __init__(
        self, hold_ns: array[int], held_value: array[float], held_time: array[int], out: array[float]
    ) -> None: ...
    def take(self, row: Row, time_ns: int) -> None: ...

class LatchRow:
    def __init__(
        self,
        release: float,
        on_ns: int,
        off_ns: int,
        merge_ns: int,
        update_ns: int,
        gap_ns: int,
        at: array[int],
        peak: array[float],
    ) -> None: ...
    def step(self, time_ns: int, score: float, limit: float) -> int: ...
