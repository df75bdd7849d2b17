from array import array

from ovoo_models._rows_py import Gate, Row

class IsolationRows:
    def __init__(
        self,
        columns: array[int],
        width: int,
        max_missing: int,
        cut: array[float],
        pick: array[int],
        left: array[int],
        start: array[int],
        samples: array[int],
        length: array[float],
        depth: int,
        mean_length: float,
        limit: array[float],
        marks: array[int],
        period_ns: int,
        gate: Gate,
    ) -> None: ...
    def score_rows(
        self,
        values: array[float],
        n: int,
        gate: array[int],
        score: array[float],
        limits: array[float],
        measure: array[float],
        state: array[int],
    ) -> None: ...
    def peek(self, row: Row) -> float: ...
    def score(self, row: Row) -> float: ...
    def score_learn(self, row: Row) -> float: ...
    def score_at(self, row: Row, time_ns: int) -> float: ...
