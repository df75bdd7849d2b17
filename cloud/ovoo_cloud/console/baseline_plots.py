"""Pictures of baselines, savings and intensities out of what is stored with them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup
from ovoo_models.efficiency.plots import (
    Course,
    Intensity,
    draw_intensity,
    draw_saving,
    draw_scatter,
)
from ovoo_models.efficiency.savings.observations import DAY_NS
from ovoo_models.plot import Look

from ovoo_cloud.catalogue.baseline_tables import EnergyEvent
from ovoo_cloud.console.language import Words
from ovoo_cloud.energy.baseline_fit import scatter_of_outcome

__all__ = ["course_plot", "intensity_plot", "scatter_plot"]

_WIDTHS: Final = (("wide", 640.0), ("narrow", 330.0))
_SUMMED: Final = ("actual", "baseline", "half_width")
_LAST: Final = ("cusum", "cusum_half_width")
_Z90: Final = 1.6448536269514722


def scatter_plot(outcome: Mapping[str, Any], words: Words) -> Markup:
    """Points of the baseline with line, knees and band; empty for a refused fit."""
    data = scatter_of_outcome(outcome)
    return Markup("") if data is None else _both(lambda look: draw_scatter(data, look), words)


def course_plot(course: Mapping[str, Any], events: Sequence[EnergyEvent], words: Words) -> Markup:
    """Measured against baseline and the CUSUM of savings, with its turning points and accepted events marked."""
    marks = {row.start_ns: words.t("saving.event_mark") for row in events if row.state == "accepted"}
    marks |= {int(turn["time_ns"]): str(number) for number, turn in enumerate(course["turns"], 1)}
    columns = {name: _numbers(course[name]) for name in (*_SUMMED, *_LAST)}
    times = [int(at) for at in course["start_ns"]]
    if len(times) > 1 and times[1] - times[0] < DAY_NS:
        times, columns = _by_day(times, columns)
    data = Course(
        times, int(course["end_ns"]), split_ns=int(course["split_ns"]), unit=course["unit"], events=marks, **columns
    )
    return _both(lambda look: draw_saving(data, look), words)


def _by_day(times: Sequence[int], columns: Mapping[str, array[float]]) -> tuple[list[int], dict[str, array[float]]]:
    """Hours as days: sums of energy, the last value of sums; a day's band is not the sum of its hours' and stays out.

    A day is drawn at its last hour, where its sum is whole; one with a missing hour has no energy.
    """
    edges = [n for n, at in enumerate(times) if (at - times[0]) % DAY_NS == 0]
    parts = list(zip(edges, [*edges[1:], len(times)], strict=True))
    found = {name: array("d", [sum(columns[name][a:b]) for a, b in parts]) for name in _SUMMED}
    found |= {name: array("d", [columns[name][b - 1] for _, b in parts]) for name in _LAST}
    found["half_width"] = array("d", [math.nan]) * len(parts)
    return [times[b - 1] for _, b in parts], found


def intensity_plot(name: str, results: Mapping[str, Any], words: Words) -> Markup:
    """Months against limit, access and advanced line; the corrected lines where every correction is known."""
    norm, items = results["norm"], results["items"]
    lines = norm["corrected"] or norm["raw"]
    shown = [(words.t(f"sec.line.{key}"), lines[key]) for key in ("limit", "access", "advanced") if lines[key]]
    values = [math.nan if each["value"] is None else float(each["value"]) for each in items]
    halves = [_Z90 * float(each.get("sigma") or 0.0) for each in items]
    data = Intensity(name, norm["unit"], [each["month"] for each in items], values, halves, shown)
    return _both(lambda look: draw_intensity(data, look), words)


def _both(draw: Callable[[Look], str], words: Words) -> Markup:
    """A picture for desks and one for telephones; the style sheet shows one of them."""
    drawn = ((kind, draw(Look(words.language, None, words.zone, width=width))) for kind, width in _WIDTHS)
    return Markup("".join(f'<div class="plot-{kind}">{svg}</div>' for kind, svg in drawn))  # noqa: S704  # escaped


def _numbers(values: Sequence[float | None]) -> array[float]:
    return array("d", [math.nan if each is None else each for each in values])
