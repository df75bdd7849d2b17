"""Phases that run backwards in the rows: a current transformer put on the wrong way round, and what the total lost."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from ovoo_models.efficiency.readings.layout import Layout
from ovoo_models.efficiency.readings.numbers import read_numbers
from ovoo_models.efficiency.readings.options import ReadingOptions
from ovoo_models.efficiency.readings.problem import ProblemLog

__all__ = ["check_phases"]

_SAME = 0.02


def check_phases(
    rows: Sequence[list[str]], lines: Sequence[int], layout: Layout, decimal: str,
    values: array[float], options: ReadingOptions, log: ProblemLog,
) -> None:  # fmt: skip
    """Changes `values` in place where one phase is negative while another is positive."""
    if len(layout.phases) < 2:
        return
    columns = [read_numbers([row[each.place] for row in rows], lines, decimal, None) for each in layout.phases]
    action = {"missing": "missing", "absolute": "repaired", "keep": "kept"}[options.phases]
    for place, phases in enumerate(zip(*columns, strict=True)):
        known = [each for each in phases if each == each]
        if not known or min(known) >= 0 or max(known) <= 0:
            continue
        worst = layout.phases[phases.index(min(known))].name
        if abs(values[place] - math.fsum(known)) > _SAME * abs(math.fsum(map(abs, known))):
            # the total comes from a measurement of its own
            log.add("phase.negative_beside", "kept", lines[place], min(known), phase=worst)
            continue
        log.add("phase.negative", action, lines[place], min(known), phase=worst)
        if options.phases == "absolute":
            values[place] = math.fsum(map(abs, known))
        elif options.phases == "missing":
            values[place] = math.nan
