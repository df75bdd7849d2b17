"""A specific consumption month by month against the lines of its norm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_models.efficiency.plots.panel import Panel, document, finite, scale
from ovoo_models.plot import Look
from ovoo_models.svg import Svg

__all__ = ["Intensity", "draw_intensity"]


@dataclass(frozen=True, slots=True)
class Intensity:
    """`values` a month in `unit` with half of their band, NaN = not known; `lines`: words and value of each line."""

    title: str
    unit: str
    months: Sequence[str]
    values: Sequence[float]
    half_width: Sequence[float]
    lines: Sequence[tuple[str, float]]


def draw_intensity(data: Intensity, look: Look) -> str:
    """The SVG document: a bar a month, its band as a stroke, the lines across; a month without a value stays empty."""
    svg = Svg(look.width, 250.0)
    count = max(len(data.months), 1)
    tops = [value + half for value, half in zip(data.values, data.half_width, strict=True)]
    levels = [value for _, value in data.lines]
    panel = Panel(svg, look, 26.0, 216.0, (0.0, float(count)), scale(finite(tops, levels) or [0.0], zero=True))
    panel.title(data.title, data.unit)
    panel.ground(x_ticks=False)
    stride = -(-count * 48 // max(int(panel.right - panel.left), 1))
    width = min(0.6 * (panel.right - panel.left) / count, 60.0)
    for n, (month, value, half) in enumerate(zip(data.months, data.values, data.half_width, strict=True)):
        middle = panel.x(n + 0.5)
        if n % stride == 0:
            panel.words(middle, panel.bottom + 12, month, "middle")
        if math.isfinite(value):
            _bar(panel, middle, width, value, half)
    for n, (words, value) in enumerate(data.lines):
        stroke = look.palette.alert if n == 0 else look.palette.ink
        panel.level(value, f"{words} {value:,.5g}", stroke, dash="5 3" if n == 0 else "2 2")
    return document(svg, data.title, look)


def _bar(panel: Panel, middle: float, width: float, value: float, half: float) -> None:
    top, colour = panel.value.y(value), panel.colour
    panel.svg.rect(middle - width / 2, top, width, panel.bottom - top, colour.accent)
    if half > 0.0:
        ends = [(middle, panel.value.y(value - half)), (middle, panel.value.y(value + half))]
        panel.svg.line(ends, colour.ink, 1.2)
    panel.words(middle, top - 4, f"{value:,.4g}", "middle", fill=colour.ink)
