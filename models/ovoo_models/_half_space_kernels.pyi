from array import array

from ovoo_models._rows_py import Gate, Row

class HalfSpaceRows:
    def __init__(
        self,
        trees: int,
        height: int,
        inputs_at: array[int],
        width: int,
        max_missing: int,
        cut: array[float],
        column: array[int],
        level_cut: array[float],
        level_column: array[int],
        count: array[int],
        reference: array[int],
        marks: array[int],
        limit: array[float],
        window: int,
        period_ns: int,
        gate: Gate,
    ) -> None: ...
    def refresh(self) -> None: ...
    def score_rows(
        self,
        values: array[float],
        n: int,
        gate: array[int],
        learns: bool,
        score: array[float],
        limits: array[float],
        measure: array[float],
        state: array[int],
    ) -> None: ...
    def peek(self, row: Row) -> float: ...
    def score(self, row: Row) -> float: ...
    def score_learn(self, row: Row) -> float: ...
    def score_at(self, row: Row, time_ns: int) -> float: ...
