"""Rows set on a grid of equal steps."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

from ovoo_models.efficiency.readings.amounts import Rows
from ovoo_models.efficiency.readings.options import ReadingOptions, zone_named
from ovoo_models.efficiency.readings.problem import ProblemLog
from ovoo_models.efficiency.readings.timeline import offset_s

__all__ = ["aligned", "fill", "grid_starts", "unlike_steps"]

_NS = 1_000_000_000
_COARSE_RUN = 8


def aligned(rows: Rows, interval_s: int, log: ProblemLog) -> Rows:
    """Times moved to the grid by at most a quarter of a step; rows farther off are dropped. Both are told."""
    phase = Counter(at % interval_s for at in rows.at_s).most_common(1)[0][0]
    kept = Rows(array("q"), array("d"), array("q"), array("q"))
    for place, at in enumerate(rows.at_s):
        off = (at - phase + interval_s // 2) % interval_s - interval_s // 2
        if abs(off) > interval_s // 4:
            log.add("stamp.off_grid", "dropped", rows.line[place], f"{off} s")
            continue
        if off:
            log.add("stamp.rounded", "repaired", rows.line[place], f"{off} s")
        kept.at_s.append(at - off)
        kept.value.append(rows.value[place])
        kept.line.append(rows.line[place])
        kept.place.append(rows.place[place])
    return kept


def unlike_steps(rows: Rows, interval_s: int, log: ProblemLog) -> Rows:
    """Blanks stretches in which the rows stand regularly farther apart: their values are of a longer interval."""
    steps = [b - a for a, b in pairwise(rows.at_s)]
    start = 0
    for stop in range(1, len(steps) + 1):
        if stop < len(steps) and steps[stop] == steps[start]:
            continue
        if steps and steps[start] > interval_s and stop - start >= _COARSE_RUN:
            lines = (rows.line[start], rows.line[stop], stop - start + 1)
            log.add_span("interval.coarse", "missing", lines, f"{steps[start]} s", usual=interval_s)
            for place in range(start, stop + 1):
                rows.value[place] = math.nan
        start = stop
    return rows


def fill(rows: Rows, interval_s: int) -> tuple[array[int], array[int]]:
    """(seconds of each step from the first row to the last, place of its row or -1)."""
    first = rows.at_s[0]
    count = (rows.at_s[-1] - first) // interval_s + 1
    slots = array("q", [-1]) * count
    for place, at in enumerate(rows.at_s):
        slots[(at - first) // interval_s] = place
    return array("q", range(first, first + count * interval_s, interval_s)), slots


def grid_starts(grid_s: array[int], daily: bool, options: ReadingOptions) -> tuple[array[int], array[int]]:
    """(UTC ns, wall seconds) of steps that are UTC seconds, or wall seconds where they are days."""
    zone = zone_named(options.zone)
    if daily:
        epoch = datetime(1970, 1, 1)
        starts = [(epoch + timedelta(seconds=at)).replace(tzinfo=zone).timestamp() for at in grid_s]
        return array("q", [int(at) * _NS for at in starts]), grid_s
    return array("q", [at * _NS for at in grid_s]), array("q", [at + offset_s(zone, at) for at in grid_s])
