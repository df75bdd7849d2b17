"""Where a mine's air power goes: the airways that take most, with the regulator's part apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_models.efficiency.plots.panel import document, word
from ovoo_models.plot import Look
from ovoo_models.svg import Svg, fitting

__all__ = ["FrictionBar", "draw_friction"]

_MOST: Final = 20
_ROW: Final = 17.0
_NAMES: Final = 190.0
_WORDS: Final = 130.0


@dataclass(frozen=True, slots=True)
class FrictionBar:
    """An airway: kW of the way itself and of its regulator, and its flow in m3/s."""

    name: str
    way_kw: float
    regulator_kw: float
    flow_m3_s: float

    @property
    def whole_kw(self) -> float:
        """Both."""
        return self.way_kw + self.regulator_kw


def draw_friction(bars: Sequence[FrictionBar], look: Look) -> str:
    """The SVG document: the twenty greatest, and one bar for the rest; the sum stands in the title."""
    shown = sorted(bars, key=lambda bar: -bar.whole_kw)
    rest = shown[_MOST:]
    shown = shown[:_MOST]
    whole = math.fsum(bar.whole_kw for bar in bars)
    if rest:
        name = word("other_airways", look.language, count=str(len(rest)))
        ways, doors = math.fsum(bar.way_kw for bar in rest), math.fsum(bar.regulator_kw for bar in rest)
        shown.append(FrictionBar(name, ways, doors, math.nan))
    svg = Svg(look.width, 56.0 + _ROW * len(shown))
    title = f"{word('friction', look.language)}: {whole:,.5g} kW"
    svg.text(8, 16, title, 9.5, fill=look.palette.ink, bold=True)
    _legend(svg, look)
    top = max((bar.whole_kw for bar in shown), default=0.0)
    scale = (look.width - _NAMES - _WORDS) / top if top > 0 else 0.0
    for place, bar in enumerate(shown):
        _bar(svg, look, bar, 44.0 + _ROW * place, scale)
    return document(svg, title, look)


def _legend(svg: Svg, look: Look) -> None:
    x = _NAMES
    for key, fill in (("friction_way", look.palette.muted), ("friction_regulator", look.palette.accent)):
        svg.rect(x, 25, 8, 8, fill)
        svg.text(x + 12, 32, word(key, look.language), 8, fill=look.palette.muted)
        x += 110


def _bar(svg: Svg, look: Look, bar: FrictionBar, y: float, scale: float) -> None:
    colour = look.palette
    svg.text(_NAMES - 6, y + 8.5, bar.name, fitting(bar.name, _NAMES - 14, 8.5), anchor="end", fill=colour.ink)
    way, door = bar.way_kw * scale, bar.regulator_kw * scale
    svg.rect(_NAMES, y, way, 11, colour.muted)
    svg.rect(_NAMES + way, y, door, 11, colour.accent)
    words = f"{bar.whole_kw:,.4g} kW"
    if math.isfinite(bar.flow_m3_s):
        words += f", {bar.flow_m3_s:,.4g} m³/s"
    svg.text(_NAMES + way + door + 5, y + 8.5, words, 8, fill=colour.muted)
