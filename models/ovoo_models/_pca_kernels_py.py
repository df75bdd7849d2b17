"""Twin of _pca_kernels: the same steps and digits in plain Python."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from ovoo_models._lanes_py import clip, dot_all, fold8, power_n
from ovoo_models._rows_py import NORMAL, UNKNOWN, Gate, GateRow, Row, row_doubles

__all__ = ["PcaRows"]

NAN = math.nan
NEVER = -1
_Score = tuple[float, float, float]
_UNSCORED: _Score = (NAN, NAN, NAN)


class PcaRows:
    """T2 and SPE of the exponentially weighted, standardised inputs in the space of their principal components.

    y = (x - centre) * inverse, clipped to +-bound; absent inputs take what the components say of the others (at most
    `max_missing`, else the row is not scored); z <- z + (1 - decay^k)(y - z), k = periods since the last scored row, at
    most `step_frames`, z = 0 after more than `reset_ns`; t = P z; T2 = sum t^2 / variance, SPE = z'z - t't;
    score = weight[0] T2 + weight[1] SPE, so that its limit is 1.
    While the score is below 0.5: `adapt` > 0 lets centre and scale follow, within `reach` trained scales and a factor
    of two; `follow` > 0 turns the loadings by Sanger's rule, a row by at most `follow`, made orthonormal again every 32
    rows. The arrays of inputs and components are padded with zeros to a multiple of eight and written in place.
    marks = [last scored row, turns since orthonormal, last row]. Sources: Jackson and Mudholkar, Technometrics
    21 (1979), 341-349; Sanger, Neural Networks 2 (1989), 459-473.
    """

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
    ) -> None:
        self._columns, self._width = columns, width
        self._centre, self._inverse, self._home, self._home_scale = centre, inverse, home, home_scale
        self._loadings, self._variance, self._sharpness = loadings, variance, sharpness
        self._home_variance, self._weight, self._count = home_variance, weight, count
        self._running, self._marks = running, marks
        self._decay, self._step_frames, self._period_ns, self._reset_ns = decay, step_frames, period_ns, reset_ns
        self._max_missing, self._bound = max_missing, bound
        self._adapt, self._follow, self._reach = adapt, follow, reach
        self._gate = GateRow(gate)
        self._lanes = (len(columns) + 7) // 8 * 8

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
    ) -> None:
        """Score n rows; `trace` receives z, T2 and SPE, inputs + 2 doubles a row; measure = score, limit 1."""
        d = len(self._columns)
        for i in range(n):
            found = _UNSCORED
            state[i] = gate[i]
            if gate[i] == NORMAL:
                found = self._row(time_ns[i], values[i * self._width : (i + 1) * self._width], learns=True)
                if found[0] != found[0]:
                    state[i] = UNKNOWN
            score[i] = measure[i] = found[0]
            limits[i] = 1.0
            trace[i * (d + 2) : (i + 1) * (d + 2)] = array("d", [*self._running[:d], found[1], found[2]])
            self._marks[2] = time_ns[i]

    def score(self, row: Row) -> float:
        """Score of the next row, a period after the last, without adaptation; NaN where it is not scored."""
        return self._single(row, self._next(), learns=False)

    def score_learn(self, row: Row) -> float:
        """As `score`, with the adaptation of `score_rows`."""
        return self._single(row, self._next(), learns=True)

    def score_at(self, row: Row, time_ns: int) -> float:
        """As `score_rows` on this row at its time."""
        return self._single(row, time_ns, learns=True)

    def _next(self) -> int:
        return self._period_ns if self._marks[2] == NEVER else self._marks[2] + self._period_ns

    def _single(self, row: Row, time_ns: int, learns: bool) -> float:
        cells = row_doubles(row, self._width)
        self._marks[2] = time_ns
        return self._row(time_ns, cells, learns)[0] if self._gate.code(time_ns, cells) == NORMAL else NAN

    def _row(self, time_ns: int, row: Sequence[float], learns: bool) -> _Score:
        absent = [False] * len(self._columns)
        y = [
            clip((row[c] - centre) * inverse, self._bound)
            for c, centre, inverse in zip(self._columns, self._centre, self._inverse, strict=False)
        ]
        missing = sum(x != x for x in y)
        if missing > self._max_missing:
            return _UNSCORED
        if missing:
            absent = [x != x for x in y]
            y = self._fill(y, absent)
        frames = self._smooth(time_ns, y)
        z = self._running.tolist()
        t = self._project(z)
        energy = dot_all(z, z)
        found = self._measure(z, t, energy)
        if learns and found[0] < 0.5:
            if self._adapt > 0.0:
                self._shift(y, absent, self._adapt * frames)
            if self._follow > 0.0:
                self._turn(z, energy, t, self._follow * frames)
        return found

    def _line(self, c: int) -> list[float]:
        return self._loadings[c * self._lanes : (c + 1) * self._lanes].tolist()

    def _project(self, z: list[float]) -> list[float]:
        return [dot_all(self._line(c), z) for c in range(self._count[0])]

    def _fill(self, y: list[float], absent: list[bool]) -> list[float]:
        padded = [0.0 if gone else x for x, gone in zip(y, absent, strict=True)] + [0.0] * (self._lanes - len(y))
        lines = [self._line(c) for c in range(self._count[0])]
        for _sweep in range(8):
            t = [dot_all(line, padded) for line in lines]
            for k, gone in enumerate(absent):
                if gone:
                    acc = [0.0] * 8
                    for c, line in enumerate(lines):
                        acc[c & 7] += line[k] * t[c]
                    padded[k] = clip(fold8(acc), self._bound)
        return padded[: len(y)]

    def _smooth(self, time_ns: int, y: list[float]) -> int:
        z, marks = self._running, self._marks
        gap = time_ns - marks[0]
        frames = gap // self._period_ns if gap > 0 else self._step_frames
        if marks[0] == NEVER or gap > self._reset_ns or gap < 0:
            z[:] = array("d", bytes(8 * len(z)))
        frames = min(frames, self._step_frames)
        w = 1.0 - power_n(self._decay, frames)
        z[: len(y)] = array("d", [at + w * (goal - at) for at, goal in zip(z, y, strict=False)])
        marks[0] = time_ns
        return frames

    def _measure(self, z: list[float], t: list[float], energy: float) -> _Score:
        t2 = dot_all([x * s for x, s in zip(t, self._sharpness, strict=False)], t)
        spe = energy - dot_all(t, t)
        spe = spe if spe > 0.0 else 0.0
        return self._weight[0] * t2 + self._weight[1] * spe, t2, spe

    def _shift(self, y: list[float], absent: list[bool], weight: float) -> None:
        for k, gone in enumerate(absent):
            if gone:
                continue
            scale = 1.0 / self._inverse[k]
            trained = self._home_scale[k]
            centre = self._centre[k] + weight * (y[k] * scale)
            self._centre[k] = self._home[k] + clip(centre - self._home[k], self._reach * trained)
            square = y[k] * y[k]
            scale *= 1.0 + 0.5 * weight * (min(square, 9.0) - 1.0)
            self._inverse[k] = 1.0 / max(min(scale, 2.0 * trained), 0.5 * trained)

    def _turn(self, z: list[float], energy: float, t: list[float], weight: float) -> None:
        step = weight / (1.0 + energy)
        rest = z[:]
        for c, along in enumerate(t):
            line = self._line(c)
            rest = [r - along * p for r, p in zip(rest, line, strict=True)]
            gain = step * along
            self._put(c, [p + gain * r for p, r in zip(line, rest, strict=True)])
            trained = self._home_variance[c]
            seen = self._variance[c] + weight * (along * along - self._variance[c])
            self._variance[c] = max(min(seen, 2.0 * trained), 0.5 * trained)
            self._sharpness[c] = 1.0 / self._variance[c]
        self._marks[1] += 1
        if self._marks[1] >= 32:
            self._marks[1] = 0
            self._orthonormalise()

    def _put(self, c: int, line: list[float]) -> None:
        self._loadings[c * self._lanes : (c + 1) * self._lanes] = array("d", line)

    def _orthonormalise(self) -> None:
        for c in range(self._count[0]):
            line = self._line(c)
            for b in range(c):
                other = self._line(b)
                along = dot_all(line, other)
                line = [p - along * q for p, q in zip(line, other, strict=True)]
            length = 1.0 / math.sqrt(dot_all(line, line))
            self._put(c, [p * length for p in line])
