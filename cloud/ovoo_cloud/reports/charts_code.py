"""The square code of the cover, read by a telephone: where the report is verified, with number and snapshot hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import segno
from ovoo_models.svg import Svg

from ovoo_cloud.reports.resolve import Locale

__all__ = ["CHARTS"]

_SIDE: Final = 96.0
_QUIET: Final = 4
"""Empty modules around the code, as readers ask for."""


def _square_code(data: Mapping[str, Any], locale: Locale) -> Svg:
    matrix = [list(row) for row in segno.make(data["text"], error="m", micro=False, boost_error=False).matrix]
    svg = Svg(_SIDE, _SIDE)
    module = _SIDE / (len(matrix) + 2 * _QUIET)
    svg.rect(0, 0, _SIDE, _SIDE, "#ffffff")
    for y, row in enumerate(matrix):
        for x, length in _dark_runs(row):
            # a hair taller and wider than the module: no white seams between neighbours
            svg.rect((x + _QUIET) * module, (y + _QUIET) * module, length * module + 0.02, module + 0.02, "#000000")
    return svg


def _dark_runs(row: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(start, length) of each run of dark modules."""
    at = 0
    for dark, group in groupby(row):
        length = len(list(group))
        if dark:
            yield at, length
        at += length


CHARTS: Final = {"code": _square_code}
