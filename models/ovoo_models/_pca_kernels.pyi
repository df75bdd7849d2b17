from array import array

from ovoo_models._rows_py import Gate, Row

class PcaRows:
    def __init__(
        self,
        columns: array[int],
        width: int,
        centre: array[float],
        inverse: array[float],
        home: array[float],
        home_scale: array[float],
        loadings: array[float],
        variance: array[float],
        sharpness: array[float],
        home_variance: array[float],
        weight: array[float],
        count: array[int],
        running: array[float],
        marks: array[int],
        decay: float,
        step_frames: int,
        period_ns: int,
        reset_ns: int,
        max_missing: int,
        bound: float,
        adapt: float,
        follow: float,
        reach: float,
        gate: Gate,
    ) -> None: ...
    def score_rows(
        self,
        time_ns: array[int],
        values: array[float],
        n: int,
        gate: array[int],
        score: array[float],
        limits: array[float],
        measure: array[float],
        state: array[int],
        trace: array[float],
    ) -> None: ...
    def score(self, row: Row) -> float: ...
    def score_learn(self, row: Row) -> float: ...
    def score_at(self, row: Row, time_ns: int) -> float: ...
