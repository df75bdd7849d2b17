"""Values of rows made into kWh of intervals: energies, powers, and registers with resets, rollovers and glitches."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from ovoo_models.efficiency.readings.options import ReadingOptions
from ovoo_models.efficiency.readings.problem import ProblemLog
from ovoo_models.efficiency.readings.timeline import wall_text

__all__ = ["Rows", "looks_like_register", "register_intervals", "without_repeats"]

_GLITCH_ROWS: Final = 3
_FAR: Final = 20.0
"""Times the usual difference: more than that in one step is no consumption."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in order of time: seconds on the grid, value, line of the file, place in the table."""

    at_s: array[int]
    value: array[float]
    line: array[int]
    place: array[int]


def looks_like_register(values: Sequence[float]) -> bool:
    """Whether the values only rise, from a level far above their steps: a register, whatever its heading says."""
    known = [each for each in values if each == each]
    steps = [after - before for before, after in pairwise(known)]
    rising = [each for each in steps if each > 0]
    if len(known) < 20 or len(rising) < 0.2 * len(steps):
        return False
    falls = sum(1 for each in steps if each < 0)
    return falls <= 0.005 * len(steps) and median(known) > _FAR * median(rising)


def without_repeats(rows: Rows, options: ReadingOptions, log: ProblemLog) -> Rows:
    """One row a time: equal ones once, of different ones what the person decided (none, unless told)."""
    kept = Rows(array("q"), array("d"), array("q"), array("q"))
    start = 0
    for stop in range(1, len(rows.at_s) + 1):
        if stop < len(rows.at_s) and rows.at_s[stop] == rows.at_s[start]:
            continue
        value = rows.value[start] if stop == start + 1 else _of_repeats(rows, start, stop, options, log)
        kept.at_s.append(rows.at_s[start])
        kept.value.append(value)
        kept.line.append(rows.line[start])
        kept.place.append(rows.place[start])
        start = stop
    return kept


def _of_repeats(rows: Rows, start: int, stop: int, options: ReadingOptions, log: ProblemLog) -> float:
    known = [each for each in rows.value[start:stop] if each == each]
    if len(set(known)) <= 1:
        for line in rows.line[start + 1 : stop]:
            log.add("duplicate.identical", "dropped", line)
        return known[0] if known else math.nan
    action = "missing" if options.duplicates == "missing" else "repaired"
    for line in rows.line[start + 1 : stop]:
        log.add("duplicate.different", action, line, f"{known[0]:g} / {known[-1]:g}", choice=options.duplicates)
    chosen = {"first": known[0], "last": known[-1], "sum": math.fsum(known)}
    return chosen.get(options.duplicates, math.nan)


def register_intervals(rows: Rows, interval_s: int, options: ReadingOptions, log: ProblemLog) -> Rows:
    """Differences of a register's readings as energies that start at the earlier reading, in the register's unit."""
    return _Register(rows, interval_s, options, log).intervals()


class _Register:
    def __init__(self, rows: Rows, interval_s: int, options: ReadingOptions, log: ProblemLog) -> None:
        self.rows, self.interval_s, self.options, self.log = rows, interval_s, options, log
        self.places = [place for place, value in enumerate(rows.value) if value == value]
        values = [rows.value[place] for place in self.places]
        rising = [b - a for a, b in pairwise(values) if b > a]
        self.usual = median(rising) if rising else 0.0
        digits = options.register_digits or len(str(int(max(values, default=0.0))))
        self.full = 10.0**digits
        self.made = Rows(array("q"), array("d"), array("q"), array("q"))

    def intervals(self) -> Rows:
        n, before = 1, self.places[0] if self.places else 0
        while n < len(self.places):
            skip = self._glitch(before, n)
            if skip:
                for place in self.places[n : n + skip]:
                    self.log.add("register.glitch", "missing", self.rows.line[place], self.rows.value[place])
                n += skip
                continue
            self._take(before, self.places[n])
            before = self.places[n]
            n += 1
        return self.made

    def _possible(self, before: int, place: int) -> bool:
        rise = self.rows.value[place] - self.rows.value[before]
        steps = (self.rows.at_s[place] - self.rows.at_s[before]) / self.interval_s
        return 0 <= rise <= _FAR * self.usual * max(steps, 1.0)

    def _glitch(self, before: int, n: int) -> int:
        """Number of readings from the n-th on that no register can show, after which it goes on as before."""
        if self._possible(before, self.places[n]):
            return 0
        for skip in range(1, _GLITCH_ROWS + 1):
            if n + skip < len(self.places) and self._possible(before, self.places[n + skip]):
                return skip
        return 0

    def _take(self, before: int, place: int) -> None:
        rows, line = self.rows, self.rows.line[place]
        old, new = rows.value[before], rows.value[place]
        steps = round((rows.at_s[place] - rows.at_s[before]) / self.interval_s)
        rise = new - old
        if rise < 0:
            rolled = new + self.full - old
            if rolled <= _FAR * self.usual * steps:
                self.log.add("register.rollover", "repaired", line, f"{old:g} > {new:g}", full=f"{self.full:g}")
                rise = rolled
            else:
                code = "register.reset" if new < 0.1 * old else "register.backwards"
                self.log.add(code, "missing", line, f"{old:g} > {new:g}")
                rise = math.nan
        elif rise > _FAR * self.usual * steps and self.usual > 0:
            self.log.add("register.jump", "missing", line, f"{old:g} > {new:g}")
            rise = math.nan
        self._put(rows.at_s[before], rise, steps, line, rows.place[place])

    def _put(self, start_s: int, rise: float, steps: int, line: int, place: int) -> None:
        if steps > 1 and rise == rise:
            spread = self.options.catch_up == "spread"
            self.log.add(
                "register.gap", "repaired" if spread else "missing", line, f"{rise:g}", since=wall_text(start_s)
            )
            rise = rise / steps if spread else math.nan
        for step in range(steps):
            self.made.at_s.append(start_s + step * self.interval_s)
            self.made.value.append(rise)
            self.made.line.append(line)
            self.made.place.append(place)
