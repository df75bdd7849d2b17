"""A day's power over the bands of its tariff."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_models.efficiency.plots.panel import BAND_FILLS, Panel, document, finite, scale, word
from ovoo_models.plot import Look
from ovoo_models.svg import Svg, text_width

__all__ = ["TariffDay", "draw_tariff_day"]

_ROOM = 1.12
"""Above the limit, so that its words stand free of the power below it."""


@dataclass(frozen=True, slots=True)
class TariffDay:
    """`power_kw`: equal steps over one day; `limit_kw`: of demand, NaN = none; `words`: beside the title.

    `bands`: (from hour, to hour, super_peak | peak | flat | valley | deep_valley, price in words or nothing).
    """

    power_kw: Sequence[float]
    bands: Sequence[tuple[float, float, str, str]]
    limit_kw: float = math.nan
    words: str = ""


def draw_tariff_day(data: TariffDay, look: Look) -> str:
    """The SVG document."""
    svg = Svg(look.width, 260.0)
    limit = [data.limit_kw] if math.isfinite(data.limit_kw) else []
    panel = Panel(
        svg, look, 48.0, 222.0, (0.0, 24.0), scale(finite(data.power_kw, [each * _ROOM for each in limit]), zero=True)
    )
    title = word("tariff_day", look.language) + (f" · {data.words}" if data.words else "")
    svg.text(panel.left, 14, f"{title} (kW)", 9.5, fill=look.palette.ink, bold=True)
    for start, end, name, price in data.bands:
        x, width = panel.x(start), panel.x(end) - panel.x(start)
        svg.rect(x, panel.top, width, panel.bottom - panel.top, BAND_FILLS.get(name, "none"))
        shown = word(f"band_{name}", look.language) if f"band_{name}" in _NAMED else name
        if text_width(shown, 8) <= width:
            panel.words(x + width / 2, panel.top - 4, shown, "middle")
        if price and text_width(price, 8) <= width:
            panel.words(x + width / 2, panel.top - 14, price, "middle")
    panel.ground(word("hour", look.language), x_step=3.0)
    _steps(panel, data.power_kw, look)
    if limit:
        _limit(panel, data.power_kw, limit[0], f"{word('limit', look.language)} {limit[0]:,.5g} kW", look)
    return document(svg, title, look)


def _limit(panel: Panel, power: Sequence[float], limit: float, words: str, look: Look) -> None:
    """The limit, its words above the power that stands there."""
    panel.level(limit, "")
    hours = (text_width(words, 8.5) + 6) / (panel.x(1.0) - panel.x(0.0))
    beneath = finite(power[: math.ceil(len(power) * hours / 24.0)])
    y = panel.value.y(max([limit, *beneath]))
    panel.svg.text(panel.left + 3, max(y - 4, panel.top + 9), words, 8.5, fill=look.palette.alert, bold=True)


_NAMED = frozenset(f"band_{name}" for name in BAND_FILLS)


def _steps(panel: Panel, power: Sequence[float], look: Look) -> None:
    """Means of intervals are flat within them; a missing one is a gap."""
    xs, ys = [], []
    for n, value in enumerate(power):
        xs += [24.0 * n / len(power), 24.0 * (n + 1) / len(power)]
        ys += [value, value]
    panel.line(xs, ys, look.palette.accent, 1.5)
