"""A small SVG writer: shapes in order, numbers with at most two decimals, one font. Reports and plots draw with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

__all__ = [
    "ACCENT",
    "ALERT",
    "BLUES",
    "GRID",
    "INK",
    "MUTED",
    "PAPER",
    "PRINT",
    "SCREEN",
    "WARN",
    "WIDTH",
    "Palette",
    "Svg",
    "fitting",
    "nice",
    "number",
    "text_width",
    "value_axis",
]

INK = "#1f2a33"
MUTED = "#5d6b76"
GRID = "#d5dbe0"
PAPER = "#f3f5f7"
ACCENT = "#1f5f8b"
WARN = "#b7791f"
ALERT = "#b3261e"
BLUES = ("#eef2f5", "#cfe0ec", "#97bdd6", "#4f8db8", "#1f5f8b")
_FONT = "Noto Sans SC"
WIDTH = 430.0
"""Width of every chart in points: the text column."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a drawing by their use, and the style sheet that they need."""

    ink: str
    muted: str
    grid: str
    sheet: str
    band: str
    accent: str
    alert: str
    style: str = ""


PRINT: Final = Palette(INK, MUTED, GRID, "none", "#e4e8eb", ACCENT, ALERT)
"""Plain colours, for paper and for readers of SVG that know no style sheets."""
_LIGHT: Final = (
    f"--p-ink:{INK};--p-muted:{MUTED};--p-grid:{GRID};--p-sheet:#ffffff;--p-band:#e4e8eb;"
    f"--p-accent:{ACCENT};--p-alert:{ALERT}"
)
_DARK: Final = (
    "--p-ink:#e3e6e9;--p-muted:#a7b0b8;--p-grid:#363c42;--p-sheet:#1f2327;--p-band:#2a3036;"
    "--p-accent:#7fb5dc;--p-alert:#ef8a84"
)
SCREEN: Final = Palette(
    ink="var(--p-ink)",
    muted="var(--p-muted)",
    grid="var(--p-grid)",
    sheet="var(--p-sheet)",
    band="var(--p-band)",
    accent="var(--p-accent)",
    alert="var(--p-alert)",
    style=f".ovoo-plot{{{_LIGHT}}}@media(prefers-color-scheme:dark){{.ovoo-plot{{{_DARK}}}}}",
)
"""Light and dark as the reader's system says."""


def number(value: float) -> str:
    """A coordinate: at most two decimals, no trailing zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def text_width(text: str, size: float) -> float:
    """Approximate width: a Chinese character is as wide as the size, others a little more than half of it."""
    # counted, not added up: the sum of floats differs between Pythons in its last digit
    wide = sum(char > "\u2e80" for char in text)
    return size * (wide + 0.56 * (len(text) - wide))


def fitting(text: str, width: float, size: float, least: float = 5.5) -> float:
    """The font size, at most `size` and at least `least`, at which the text fits the width."""
    return max(least, min(size, size * width / max(text_width(text, size), 1.0)))


class Svg:
    """Collects elements; `finish` returns the document. Units are points."""

    def __init__(self, width: float, height: float) -> None:
        self.width = width
        self.height = height
        self.parts: list[str] = []

    def rect(self, x: float, y: float, w: float, h: float, fill: str, stroke: str = "none", *, dash: str = "") -> None:
        """A rectangle."""
        extra = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<rect x="{number(x)}" y="{number(y)}" width="{number(max(w, 0))}" height="{number(h)}" '
            f'fill="{fill}" stroke="{stroke}" stroke-width="0.6"{extra}/>'
        )

    def line(
        self,
        points: Sequence[tuple[float, float]],
        stroke: str,
        width: float = 1.0,
        *,
        dash: str = "",
        close: bool = False,
        fill: str = "none",
        opacity: float = 1.0,
    ) -> None:
        """A line through points, or a closed shape."""
        tag = "polygon" if close else "polyline"
        extra = f' stroke-dasharray="{dash}"' if dash else ""
        joined = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        self.parts.append(
            f'<{tag} points="{joined}" fill="{fill}" fill-opacity="{number(opacity)}" stroke="{stroke}" '
            f'stroke-width="{number(width)}" stroke-linejoin="round"{extra}/>'
        )

    def circle(self, x: float, y: float, r: float, fill: str) -> None:
        """A dot."""
        self.parts.append(f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(r)}" fill="{fill}"/>')

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 8,
        *,
        anchor: str = "start",
        fill: str = INK,
        bold: bool = False,
    ) -> None:
        """Words on a baseline; anchor is start, middle or end."""
        weight = "700" if bold else "400"
        self.parts.append(
            f'<text x="{number(x)}" y="{number(y)}" font-family="{_FONT}" font-size="{number(size)}" '
            f'font-weight="{weight}" text-anchor="{anchor}" fill="{fill}">{escape(words)}</text>'
        )

    def finish(self) -> str:
        """The SVG document."""
        size = f'width="{number(self.width)}pt" height="{number(self.height)}pt"'
        box = f'viewBox="0 0 {number(self.width)} {number(self.height)}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>{"".join(self.parts)}</svg>\n'

    def finish_titled(self, title: str, style: str) -> str:
        """The document of class `ovoo-plot` at any width, with a title for those who cannot see it."""
        box = f'viewBox="0 0 {number(self.width)} {number(self.height)}" width="100%"'
        head = f"<title>{escape(title)}</title>" + (f"<style>{style}</style>" if style else "")
        body = "".join(self.parts)
        return f'<svg xmlns="http://www.w3.org/2000/svg" class="ovoo-plot" role="img" {box}>{head}{body}</svg>\n'


def nice(top: float) -> float:
    """The next round number at or above `top`."""
    if top <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(top))
    return next(step * power for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= top)


def value_axis(svg: Svg, left: float, right: float, top: float, height: float, scale: float, unit: str) -> None:
    """Four grid lines above zero with their values, and the unit on top."""
    for n in range(5):
        y = top + height * n / 4
        svg.line([(left, y), (right, y)], GRID, 0.6)
        svg.text(left - 4, y + 2.5, f"{scale * (4 - n) / 4:,.10g}", 7, anchor="end", fill=MUTED)
    svg.text(left - 4, top - 7, unit, 7, anchor="end", fill=MUTED)
