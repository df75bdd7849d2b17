"""What multivariate detectors share: their delays as parameters, and what they say before they are ready."""

from __future__ import annotations

import math
from array import array

from ovoo_models.base import NORMAL, UNKNOWN, ScoreBlock, Watch
from ovoo_models.params import Params

__all__ = ["say_unready", "watch_of"]


def watch_of(params: Params) -> Watch:
    """The delays of a multivariate detector, with its defaults: a minute on, ten minutes off, released at 0.7.

    `severity` and `advice` are the finding's and are only checked here.
    """
    for name in ("severity", "advice"):
        params.text(name, "")
    return Watch(
        on_delay_s=params.number("on_delay_s", 60.0, 0.0),
        off_delay_s=params.number("off_delay_s", 600.0, 0.0),
        merge_s=params.number("merge_s", 21_600.0, 0.0),
        release=params.number("release", 0.7, 0.0, 1.0),
    )


def say_unready(out: ScoreBlock, rows: int, mask: array[int], trace_width: int) -> None:
    """Fill `out` with rows that were not scored: UNKNOWN where the gate is open, else what the gate says."""
    out.resize(rows, trace_width)
    out.score[:rows] = out.measure[:rows] = out.limits[:rows] = array("d", [math.nan]) * rows
    out.state[:rows] = array("B", [UNKNOWN if code == NORMAL else code for code in mask[:rows]])
    out.trace[: rows * trace_width] = array("d", bytes(8 * rows * trace_width))
