"""Demand by duration: for which share of time the power is at least so high."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_models.efficiency.plots.panel import Panel, document, finite, scale, word
from ovoo_models.plot import Look
from ovoo_models.svg import Svg

__all__ = ["Duration", "draw_duration"]

_POINTS = 240


@dataclass(frozen=True, slots=True)
class Duration:
    """`power_kw`: means of equal intervals in any order; contract demand and base load in kW, NaN = not known."""

    power_kw: Sequence[float]
    contract_kw: float = math.nan
    base_load_kw: float = math.nan


def draw_duration(data: Duration, look: Look) -> str:
    """The SVG document; the share counts intervals that hold a value."""
    svg = Svg(look.width, 250.0)
    ordered = sorted(finite(data.power_kw), reverse=True)
    levels = finite([data.contract_kw, data.base_load_kw])
    panel = Panel(svg, look, 26.0, 212.0, (0.0, 100.0), scale([*ordered, *levels] or [0.0], zero=True))
    title = word("duration", look.language)
    panel.title(title, "kW")
    panel.ground(word("share_of_time", look.language), x_step=20.0)
    if ordered:
        places = sorted({round(n * (len(ordered) - 1) / _POINTS) for n in range(_POINTS + 1)})
        shares = [100.0 * place / max(len(ordered) - 1, 1) for place in places]
        panel.line(shares, [ordered[place] for place in places], look.palette.accent, 1.7)
        words = f"{word('peak', look.language)} {ordered[0]:,.5g} kW"
        svg.text(panel.left + 8, max(panel.value.y(ordered[0]) + 3, panel.top + 8), words, 8.5,
                 fill=look.palette.accent, bold=True)  # fmt: skip
    if math.isfinite(data.contract_kw):
        panel.level(data.contract_kw, f"{word('contract', look.language)} {data.contract_kw:,.5g} kW")
    if math.isfinite(data.base_load_kw):
        shown = f"{word('base_load', look.language)} {data.base_load_kw:,.4g} kW"
        panel.level(data.base_load_kw, shown, look.palette.ink, dash="2 2")
    return document(svg, title, look)
