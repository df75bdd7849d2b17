"""Measured energy against the baseline, and below it the savings added up with their band."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ovoo_models.axes import TimeAxis
from ovoo_models.efficiency.plots.panel import LEFT, Panel, document, finite, scale, word
from ovoo_models.plot import Look
from ovoo_models.svg import Svg

__all__ = ["Course", "draw_saving"]

_ROOM: Final = 58.0
"""Width kept right of the panels for the names of lines."""


@dataclass(frozen=True, slots=True)
class Course:
    """Steps at `start_ns` (UTC): measured, baseline, half of the baseline's band, all in `unit`; NaN = missing.

    `split_ns`: start of the reporting period; savings are added up from there, `cusum_half_width` is half of the band
    of the sum (NaN before the split). `events`: start ns -> words.
    """

    start_ns: Sequence[int]
    end_ns: int
    actual: Sequence[float]
    baseline: Sequence[float]
    half_width: Sequence[float]
    cusum: Sequence[float]
    cusum_half_width: Sequence[float]
    split_ns: int
    unit: str = "kWh"
    events: Mapping[int, str] = field(default_factory=dict)


def draw_saving(data: Course, look: Look) -> str:
    """The SVG document."""
    svg = Svg(look.width, 344.0)
    time = TimeAxis(data.start_ns[0], data.end_ns, LEFT, look.width - _ROOM, look.zone)
    title = word("course", look.language)
    _against(svg, data, look, time, title)
    _cusum(svg, data, look, time)
    return document(svg, title, look)


def _against(svg: Svg, data: Course, look: Look, time: TimeAxis, title: str) -> None:
    low = [b - h for b, h in zip(data.baseline, data.half_width, strict=True)]
    high = [b + h for b, h in zip(data.baseline, data.half_width, strict=True)]
    panel = Panel(
        svg, look, 26.0, 176.0, time, scale(finite(data.actual, data.baseline, low, high), zero=True), room=_ROOM
    )
    panel.title(title, data.unit)
    panel.ground(x_ticks=False)
    panel.band(data.start_ns, low, high)
    panel.line(data.start_ns, data.baseline, look.palette.accent, 1.2, dash="4 2")
    panel.line(data.start_ns, data.actual, look.palette.ink, 1.2)
    _name_beside(panel, data, look)
    _marks(panel, data, look, words=True)


def _name_beside(panel: Panel, data: Course, look: Look) -> None:
    """Names right of the lines, at their last values but not on each other."""
    measured, expected = (panel.value.y(_last(each)) if finite(each) else panel.bottom
                          for each in (data.actual, data.baseline))  # fmt: skip
    if abs(measured - expected) < 11:
        middle = (measured + expected) / 2
        measured, expected = (middle + 6, middle - 6) if measured >= expected else (middle - 6, middle + 6)
    for y, key, fill in ((measured, "actual", look.palette.ink), (expected, "baseline", look.palette.accent)):
        panel.svg.text(panel.right + 4, y + 3, word(key, look.language), 8.5, fill=fill, bold=True)


def _cusum(svg: Svg, data: Course, look: Look, time: TimeAxis) -> None:
    low = [c - h for c, h in zip(data.cusum, data.cusum_half_width, strict=True)]
    high = [c + h for c, h in zip(data.cusum, data.cusum_half_width, strict=True)]
    panel = Panel(svg, look, 208.0, 318.0, time, scale([0.0, *finite(data.cusum, low, high)]), room=_ROOM)
    panel.title(f"{word('cusum', look.language)} · {word('saving_positive', look.language)}", data.unit)
    panel.ground()
    zero = panel.value.y(0.0)
    svg.line([(panel.left, zero), (panel.right, zero)], look.palette.ink, 0.8)
    panel.band(data.start_ns, low, high)
    panel.line(data.start_ns, data.cusum, look.palette.accent, 1.6)
    last = _last(data.cusum)
    half = _last(data.cusum_half_width)
    words = (
        f"{last:,.5g}"
        + (f" ± {half:,.0f}" if half >= 100 else f" ± {half:,.3g}" if math.isfinite(half) else "")
        + f" {data.unit}"
    )
    panel.name(data.start_ns, data.cusum, words, look.palette.accent)
    _marks(panel, data, look, words=False)


def _marks(panel: Panel, data: Course, look: Look, *, words: bool) -> None:
    parted = data.start_ns[0] < data.split_ns < data.end_ns
    if parted:
        panel.upright(data.split_ns, word("reporting", look.language) if words else "")
    for at, said in data.events.items():
        panel.upright(at, said if words else "", look.palette.alert, row=1 if parted else 0)


def _last(values: Sequence[float]) -> float:
    return next((each for each in reversed(values) if math.isfinite(each)), math.nan)
