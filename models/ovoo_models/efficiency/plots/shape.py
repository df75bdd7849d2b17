"""The shape of a load: a map of weekday and hour, and typical days with their spread."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ovoo_models.efficiency.plots.panel import LEFT, Panel, document, finite, scale, word
from ovoo_models.plot import Look
from ovoo_models.svg import BLUES, Svg

__all__ = ["Shape", "draw_heat_map", "draw_typical_days"]

_CELL = 20.0


@dataclass(frozen=True, slots=True)
class Shape:
    """`middle_kw`: seven rows (Monday first) of 24 hours, NaN = no data; `base_load_kw`: NaN = not known.

    `days`: name -> (low, middle, high) of equal steps over one day, kW.
    """

    middle_kw: Sequence[Sequence[float]]
    base_load_kw: float = math.nan
    days: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[float]]] = field(default_factory=dict)


def draw_heat_map(data: Shape, look: Look) -> str:
    """Weekday by hour; every second cell shows its value where there is room, a cell without data is hatched."""
    svg = Svg(look.width, 26.0 + 7 * _CELL + 40.0)
    known = finite(*data.middle_kw)
    low, high = min(known, default=0.0), max(known, default=1.0)
    width = (look.width - LEFT - 10.0) / 24
    title = word("heat_map", look.language)
    svg.text(LEFT, 17, f"{title} (kW)", 9.5, fill=look.palette.ink, bold=True)
    names = word("weekdays", look.language).split()
    for day, row in enumerate(data.middle_kw):
        y = 26.0 + day * _CELL
        svg.text(LEFT - 5, y + 13, names[day], 8.5, anchor="end", fill=look.palette.muted)
        for hour, value in enumerate(row):
            _cell(svg, LEFT + hour * width, y, width, value, (low, high), look)
    for hour in range(0, 25, 3):
        anchor = "end" if hour == 24 else "middle" if hour else "start"
        svg.text(LEFT + hour * width, 26 + 7 * _CELL + 12, f"{hour}", 8.5, anchor=anchor, fill=look.palette.muted)
    svg.text(LEFT + 12 * width, 26 + 7 * _CELL + 24, word("hour", look.language), 8.5, anchor="middle",
             fill=look.palette.muted)  # fmt: skip
    _key(svg, low, high, look)
    return document(svg, title, look)


def _cell(svg: Svg, x: float, y: float, width: float, value: float, ends: tuple[float, float], look: Look) -> None:
    if not math.isfinite(value):
        svg.rect(x, y, width - 0.6, _CELL - 0.6, "none", look.palette.grid, dash="2 2")
        svg.line([(x, y + _CELL), (x + width, y)], look.palette.grid, 0.6)
        return
    share = (value - ends[0]) / (ends[1] - ends[0]) if ends[1] > ends[0] else 0.0
    step = min(int(share * len(BLUES)), len(BLUES) - 1)
    svg.rect(x, y, width - 0.6, _CELL - 0.6, BLUES[step])
    shown = f"{value:.0f}" if abs(value) >= 10 else f"{value:.1f}"
    if width >= 5.5 * len(shown):
        svg.text(x + width / 2, y + 13, shown, 7, anchor="middle", fill="#ffffff" if step >= 3 else "#1f2a33")


def _key(svg: Svg, low: float, high: float, look: Look) -> None:
    x, y = look.width - 10.0 - 5 * 16, 9.0
    for step, fill in enumerate(BLUES):
        svg.rect(x + 16 * step, y, 16, 8, fill)
    svg.text(x - 4, y + 7.5, f"{low:,.4g}", 8, anchor="end", fill=look.palette.muted)
    svg.text(x + 80, y - 1.5, f"{high:,.4g}", 8, anchor="end", fill=look.palette.muted)


def draw_typical_days(data: Shape, look: Look) -> str:
    """One line a kind of day with the band of its 10 to 90 % points, and the base load."""
    svg = Svg(look.width, 250.0)
    columns = [column for each in data.days.values() for column in each]
    base = [data.base_load_kw] if math.isfinite(data.base_load_kw) else []
    panel = Panel(svg, look, 26.0, 212.0, (0.0, 24.0), scale(finite(*columns, base), zero=True))
    title = word("typical", look.language)
    panel.title(title, "kW")
    panel.ground(word("hour", look.language), x_step=3.0)
    strokes = (look.palette.accent, look.palette.alert, look.palette.muted, look.palette.ink)
    for n, (name, (low, middle, high)) in enumerate(data.days.items()):
        hours = [24.0 * (step + 0.5) / len(middle) for step in range(len(middle))]
        stroke = strokes[n % len(strokes)]
        panel.band(hours, low, high, stroke)
        panel.line(hours, middle, stroke, 1.6, dash="" if n == 0 else "5 2")
        _name_at_best(panel, hours, middle, name, stroke, data, n)
    if base:
        panel.level(
            base[0], f"{word('base_load', look.language)} {base[0]:,.4g} kW", look.palette.ink, dash="2 2", below=True
        )
    return document(svg, title, look)


def _name_at_best(
    panel: Panel, hours: Sequence[float], middle: Sequence[float], name: str, stroke: str, data: Shape, n: int
) -> None:
    """Names a line where it is farthest from the others."""
    others = [each[1] for m, each in enumerate(data.days.values()) if m != n and len(each[1]) == len(middle)]

    def clear(place: int) -> float:
        return min((abs(middle[place] - other[place]) for other in others), default=middle[place])

    places = [place for place in range(len(middle)) if math.isfinite(middle[place]) and math.isfinite(clear(place))]
    if places:
        best = max(places, key=lambda place: (clear(place), -place))
        x = min(max(panel.x(hours[best]), panel.left + 30), panel.right - 30)
        y = max(panel.value.y(middle[best]) - 5, panel.top + 9)
        panel.svg.text(x, y, name, 8.5, anchor="middle", fill=stroke, bold=True)
