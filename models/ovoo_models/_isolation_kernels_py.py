"""Twin of _isolation_kernels: the same steps and digits in plain Python."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from ovoo_models._lanes_py import fold8
from ovoo_models._rows_py import NORMAL, UNKNOWN, Gate, GateRow, Row, row_doubles

__all__ = ["IsolationRows"]

NAN = math.nan
NEVER = -1
_SERIES = (
    1.0, 0.6931471805599453, 0.24022650695910072, 0.05550410866482158, 0.009618129107628477,
    0.0013333558146428443, 0.0001540353039338161, 1.525273380405984e-05, 1.3215486790144307e-06,
    1.0178086009239699e-07, 7.054911620801122e-09, 4.44553827187081e-10, 2.5678435993488202e-11,
    1.3691488853904128e-12,
)  # fmt: skip
_INFINITE_FROM = 3.4028235677973366e38
"""What lies at or beyond this rounds to an infinite float."""


def _single_precision(values: Sequence[float]) -> list[float]:
    kept = [math.copysign(math.inf, x) if abs(x) >= _INFINITE_FROM else x for x in values]
    return array("f", kept).tolist()


def _half_power(y: float) -> float:
    whole = int((y if y < 1000.0 else 1000.0) + 0.5)
    x = whole - y
    result = _SERIES[13]
    for k in range(12, -1, -1):
        result = result * x + _SERIES[k]
    for _step in range(whole):
        result *= 0.5
    return result


class IsolationRows:
    """Scores of an isolation forest: 2^-(mean path length of the row / mean_length), 0 to 1, high for rows apart.

    A row goes to `left` of a node, or to the node after it where its input, in single precision, is > cut; a leaf's
    left is itself and its cut infinite. `length` is what a leaf adds: its depth and the mean path length of the rows
    that were left there. Nodes are numbered within their tree, trees begin at `start`, `depth` steps reach every leaf.
    Absent inputs turn to where more rows of training were; more than `max_missing` are not scored.
    Source: Liu, Ting and Zhou, Isolation forest, ICDM 2008; the figures are those of scikit-learn's `score_samples`,
    with the sign turned.
    """

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
    ) -> None:
        self._columns, self._width, self._max_missing = columns, width, max_missing
        self._cut, self._pick, self._left, self._start = cut, pick, left, start
        self._samples, self._length, self._depth = samples, length, depth
        self._inverse = 1.0 / (len(start) * mean_length)
        self._limit, self._marks, self._period_ns = limit, marks, period_ns
        self._gate = GateRow(gate)

    def score_rows(
        self,
        values: array[float],
        n: int,
        gate: array[int],
        score: array[float],
        limits: array[float],
        measure: array[float],
        state: array[int],
    ) -> None:
        """Score n rows; measure = score / limit."""
        for i in range(n):
            found = NAN
            if gate[i] == NORMAL:
                found = self._row(values[i * self._width : (i + 1) * self._width], self._max_missing)
            score[i], limits[i], measure[i] = found, self._limit[0], found / self._limit[0]
            state[i] = UNKNOWN if gate[i] == NORMAL and found != found else gate[i]

    def peek(self, row: Row) -> float:
        """Score of a row whatever is missing, without gate or time."""
        return self._row(row_doubles(row, self._width), len(self._columns))

    def score(self, row: Row) -> float:
        """Score of the next row, a period after the last; NaN where it is not scored."""
        last = self._marks[0]
        return self.score_at(row, self._period_ns if last == NEVER else last + self._period_ns)

    def score_learn(self, row: Row) -> float:
        """As `score`: a forest does not learn from the stream."""
        return self.score(row)

    def score_at(self, row: Row, time_ns: int) -> float:
        """Score of a row at its time."""
        cells = row_doubles(row, self._width)
        self._marks[0] = time_ns
        return self._row(cells, self._max_missing) if self._gate.code(time_ns, cells) == NORMAL else NAN

    def _row(self, row: Sequence[float], max_missing: int) -> float:
        x = _single_precision([row[k] for k in self._columns])
        if sum(cell != cell for cell in x) > max_missing:
            return NAN
        acc = [0.0] * 8
        for t, start in enumerate(self._start):
            acc[t & 7] += self._length[start + self._leaf(start, x)]
        return _half_power(fold8(acc) * self._inverse)

    def _leaf(self, start: int, x: list[float]) -> int:
        at = 0
        for _step in range(self._depth):
            left = self._left[start + at]
            if left == at:
                break
            cell = x[self._pick[start + at]]
            if cell != cell:
                at = left + (self._samples[start + left] < self._samples[start + left + 1])
            else:
                at = left + (cell > self._cut[start + at])
        return at
