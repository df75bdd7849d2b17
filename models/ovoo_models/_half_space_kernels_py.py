"""Twin of _half_space_kernels: the same steps and digits in plain Python."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from ovoo_models._rows_py import NORMAL, UNKNOWN, Gate, GateRow, Row, row_doubles

__all__ = ["HalfSpaceRows"]

NAN = math.nan
NEVER = -1


class HalfSpaceRows:
    """A half-space forest that scores by the last full window and counts in the next (Tan, Ting and Liu 2011).

    A tree halves the space `height` times; a row turns right where its cell is >= the cut. The nodes of a level stand
    side by side, level l from place 2^l on; node i of a level has the children i and i + 2^l. A row collects mass x
    2^depth on its way down until a mass is below a tenth of the window;
    score = 1 - sum / (trees x window x nodes a tree), 0 to 1, high where few rows were: river's HalfSpaceTrees.
    Only leaves are counted; the masses of inner nodes and the sums by leaf are made when the window turns.
    A row with absent inputs goes where more rows of the last full window went; with more than `max_missing` it is not
    scored. Rows at or above the limit are not learned.
    level_cut, level_column: cuts and columns by level and tree where all nodes of a level share them, else empty.
    marks = [rows in the window being filled, full windows, last single row].
    """

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
    ) -> None:
        self._trees, self._height, self._size = trees, height, 1 << height
        self._inputs_at, self._width, self._max_missing = inputs_at, width, max_missing
        self._cut, self._column = cut, column
        self._count, self._reference, self._marks, self._limit = count, reference, marks, limit
        self._window, self._period_ns = window, period_ns
        self._least = math.ceil(0.1 * window)
        self._greatest = float(trees * window * (2 * self._size - 1))
        self._gate = GateRow(gate)
        self._mass: list[list[int]] = []
        self._table: list[list[int]] = []
        self.refresh()

    def refresh(self) -> None:
        """Make the masses and tables anew after the arrays were changed from outside; ValueError for a cut on a column
        that is no input."""
        if not set(self._column) <= set(self._inputs_at):
            raise ValueError("cut is on a column that is no input")
        size = self._size
        leaves = [self._reference[t * size : (t + 1) * size].tolist() for t in range(self._trees)]
        rolled = [self._roll_up(each) for each in leaves]
        self._mass = [mass for mass, _table in rolled]
        self._table = [table for _mass, table in rolled]

    def _roll_up(self, leaves: list[int]) -> tuple[list[int], list[int]]:
        size = self._size
        mass = [0] * size + leaves
        collected, is_open = [0] * (2 * size), [False] * (2 * size)
        width = size // 2
        while width:
            for i in range(width):
                mass[width + i] = mass[2 * width + i] + mass[3 * width + i]
            width //= 2
        collected[1], is_open[1] = mass[1], mass[1] >= self._least
        for level in range(self._height):
            width = 1 << level
            for i in range(2 * width):
                node, above = 2 * width + i, width + i % width
                collected[node] = collected[above] + (mass[node] * 2 * width if is_open[above] else 0)
                is_open[node] = is_open[above] and mass[node] >= self._least
        return mass, collected[size:]

    def _leaf(self, t: int, row: Sequence[float]) -> int:
        at = 0
        mass, first = self._mass[t], t * self._size
        for level in range(self._height):
            node = (1 << level) + at
            x = row[self._column[first + node]]
            if x != x:
                below = (2 << level) + at
                right = mass[below] < mass[below + (1 << level)]
            else:
                right = x >= self._cut[first + node]
            at += right << level
        return at

    def _leaves(self, row: Sequence[float]) -> list[int]:
        return [self._leaf(t, row) for t in range(self._trees)]

    def _score(self, leaves: list[int]) -> float:
        if self._marks[1] == 0:
            return NAN
        return 1.0 - sum(table[leaf] for table, leaf in zip(self._table, leaves, strict=True)) / self._greatest

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
    ) -> None:
        """Score n rows and learn from those below the limit; measure = score / limit."""
        for i in range(n):
            found = NAN
            if gate[i] == NORMAL:
                found = self._row(values[i * self._width : (i + 1) * self._width], learns)
            score[i], limits[i], measure[i] = found, self._limit[0], found / self._limit[0]
            state[i] = UNKNOWN if gate[i] == NORMAL and found != found else gate[i]

    def peek(self, row: Row) -> float:
        """Score of a row whatever is missing, without gate, time or learning; NaN before the first full window."""
        return self._score(self._leaves(row_doubles(row, self._width)))

    def score(self, row: Row) -> float:
        """Score of the next row, a period after the last, not learned; NaN where it is not scored."""
        return self._single(row, self._next(), learns=False)

    def score_learn(self, row: Row) -> float:
        """Score of the next row, learned where it is below the limit."""
        return self._single(row, self._next(), learns=True)

    def score_at(self, row: Row, time_ns: int) -> float:
        """Score of a row at its time, learned where it is below the limit."""
        return self._single(row, time_ns, learns=True)

    def _next(self) -> int:
        return self._period_ns if self._marks[2] == NEVER else self._marks[2] + self._period_ns

    def _single(self, row: Row, time_ns: int, learns: bool) -> float:
        cells = row_doubles(row, self._width)
        self._marks[2] = time_ns
        return self._row(cells, learns) if self._gate.code(time_ns, cells) == NORMAL else NAN

    def _row(self, row: Sequence[float], learns: bool) -> float:
        if sum(row[k] != row[k] for k in self._inputs_at) > self._max_missing:
            return NAN
        leaves = self._leaves(row)
        score = self._score(leaves)
        if learns and not score >= self._limit[0]:
            for t, leaf in enumerate(leaves):
                self._count[t * self._size + leaf] += 1
            self._marks[0] += 1
            if self._marks[0] >= self._window:
                self._turn()
        return score

    def _turn(self) -> None:
        self._reference[:] = self._count
        self._count[:] = array("i", bytes(4 * len(self._count)))
        self._marks[0] = 0
        self._marks[1] += 1
        self.refresh()
