"""A baseline as points, line, knees and band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ovoo_models.efficiency.plots.panel import Panel, document, finite, scale, segment_name, word
from ovoo_models.plot import Look
from ovoo_models.svg import Svg

__all__ = ["Line", "Scatter", "draw_scatter"]


@dataclass(frozen=True, slots=True)
class Line:
    """A model along x: its name, places, values, and half of its band."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    half_width: Sequence[float]


@dataclass(frozen=True, slots=True)
class Scatter:
    """`x`, `y`: points of the baseline period; `later_x`, `later_y`: of the reporting period; `knees`: x of each.

    `adjusted`: whether the points stand at the mean of the model's other variables, as the lines do.
    """

    x_name: str
    x_unit: str
    unit: str
    x: Sequence[float]
    y: Sequence[float]
    lines: Sequence[Line]
    knees: Sequence[float] = ()
    later_x: Sequence[float] = field(default=())
    later_y: Sequence[float] = field(default=())
    adjusted: bool = False


def draw_scatter(data: Scatter, look: Look) -> str:
    """The SVG document."""
    svg = Svg(look.width, 300.0)
    ends = [
        y + sign * h for line in data.lines for y, h in zip(line.y, line.half_width, strict=True) for sign in (-1, 1)
    ]
    along = scale(finite(data.x, data.later_x, *(line.x for line in data.lines)))
    panel = Panel(svg, look, 26.0, 262.0, along, scale(finite(data.y, data.later_y, ends), zero=True))
    title = word("scatter", look.language, x=data.x_name)
    panel.title(title + (f" · {word('adjusted', look.language)}" if data.adjusted else ""), data.unit)
    panel.ground(f"{data.x_name} ({data.x_unit})" if data.x_unit else data.x_name)
    for x, y in zip(data.x, data.y, strict=True):
        if finite((x, y)) == [x, y]:
            svg.circle(panel.x(x), panel.value.y(y), 1.7, look.palette.muted)
    for x, y in zip(data.later_x, data.later_y, strict=True):
        if finite((x, y)) == [x, y]:
            _cross(svg, panel.x(x), panel.value.y(y), look)
    for n, line in enumerate(data.lines):
        low = [y - h for y, h in zip(line.y, line.half_width, strict=True)]
        high = [y + h for y, h in zip(line.y, line.half_width, strict=True)]
        panel.band(line.x, low, high)
        panel.line(line.x, line.y, look.palette.accent, 1.8, dash="" if n == 0 else "6 2")
    for knee in data.knees:
        panel.upright(knee, f"{word('knee', look.language)} {knee:.4g}", look.palette.accent)
    for n, line in enumerate(data.lines):
        _name(panel, line, look, above=n % 2 == 0)
    _key(panel, data, look)
    return document(svg, title, look)


def _name(panel: Panel, line: Line, look: Look, *, above: bool) -> None:
    """The name of a line at its end, by the band and not on it."""
    known = [n for n, y in enumerate(line.y) if finite((y,))]
    if known:
        y = panel.value.y(line.y[known[-1]] + (1 if above else -1) * line.half_width[known[-1]])
        x = min(panel.x(line.x[known[-1]]), panel.right)
        words = segment_name(line.name, look.language) or word("baseline", look.language)
        panel.svg.text(x, y - 4 if above else y + 11, words, 8.5, anchor="end", fill=look.palette.accent, bold=True)


def _cross(svg: Svg, x: float, y: float, look: Look) -> None:
    """A mark that differs in shape, not in colour alone."""
    svg.line([(x - 2.2, y - 2.2), (x + 2.2, y + 2.2)], look.palette.alert, 0.9)
    svg.line([(x - 2.2, y + 2.2), (x + 2.2, y - 2.2)], look.palette.alert, 0.9)


def _key(panel: Panel, data: Scatter, look: Look) -> None:
    """Which mark is which period, where there are two."""
    if not data.later_x:
        return
    x, y = panel.right - 4, panel.top + 9
    panel.words(x, y, f"● {word('training', look.language)}   × {word('reporting', look.language)}", "end")
