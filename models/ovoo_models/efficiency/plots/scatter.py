"""A baseline as points, line, knees and band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ovoo_models.efficiency.plots.panel import Panel, document, finite, scale, word
from ovoo_models.plot import Look
from ovoo_models.svg import Svg

__all__ = ["Scatter", "draw_scatter"]


@dataclass(frozen=True, slots=True)
class Scatter:
    """`x`, `y`: points of the baseline period; `later_x`, `later_y`: of the reporting period.

    `line_x`, `line_y`, `half_width`: the model along x, with half of its band (NaN: none drawn). `knees`: x of each.
    """

    x_name: str
    x_unit: str
    y_name: str
    y_unit: str
    x: Sequence[float]
    y: Sequence[float]
    line_x: Sequence[float]
    line_y: Sequence[float]
    half_width: Sequence[float]
    knees: Sequence[float] = ()
    later_x: Sequence[float] = field(default=())
    later_y: Sequence[float] = field(default=())


def draw_scatter(data: Scatter, look: Look) -> str:
    """The SVG document."""
    svg = Svg(look.width, 300.0)
    low = [y - h for y, h in zip(data.line_y, data.half_width, strict=True)]
    high = [y + h for y, h in zip(data.line_y, data.half_width, strict=True)]
    along = scale(finite(data.x, data.later_x, data.line_x))
    up = scale(finite(data.y, data.later_y, data.line_y, low, high), zero=True)
    panel = Panel(svg, look, 26.0, 262.0, along, up)
    title = word("scatter", look.language, x=data.x_name, y=data.y_name)
    panel.title(title, data.y_unit)
    panel.ground(f"{data.x_name} ({data.x_unit})" if data.x_unit else data.x_name)
    panel.band(data.line_x, low, high)
    for x, y in zip(data.x, data.y, strict=True):
        if finite((x, y)) == [x, y]:
            svg.circle(panel.x(x), panel.value.y(y), 1.7, look.palette.muted)
    for x, y in zip(data.later_x, data.later_y, strict=True):
        if finite((x, y)) == [x, y]:
            _cross(svg, panel.x(x), panel.value.y(y), look)
    panel.line(data.line_x, data.line_y, look.palette.accent, 1.8)
    for knee in data.knees:
        panel.upright(knee, f"{word('knee', look.language)} {knee:.4g}", look.palette.accent)
    panel.name(data.line_x, data.line_y, word("baseline", look.language), look.palette.accent)
    _key(panel, data, look)
    return document(svg, title, look)


def _cross(svg: Svg, x: float, y: float, look: Look) -> None:
    """A mark that differs in shape, not in colour alone."""
    svg.line([(x - 2.2, y - 2.2), (x + 2.2, y + 2.2)], look.palette.alert, 0.9)
    svg.line([(x - 2.2, y + 2.2), (x + 2.2, y - 2.2)], look.palette.alert, 0.9)


def _key(panel: Panel, data: Scatter, look: Look) -> None:
    """Which mark is which period, where there are two."""
    if not data.later_x:
        return
    x, y = panel.right - 4, 19.0
    panel.words(x, y, f"● {word('training', look.language)}   × {word('reporting', look.language)}", "end")
