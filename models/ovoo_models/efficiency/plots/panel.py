"""A panel of a picture: two scales, a grid with values, lines with gaps, bands, levels with their words."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Final

from ovoo_contract.errors import ConfigError

from ovoo_models.axes import TimeAxis, ValueAxis, value_axis
from ovoo_models.plot import Look
from ovoo_models.svg import PRINT, Svg, fitting, text_width

__all__ = ["BAND_FILLS", "LEFT", "Panel", "document", "finite", "scale", "segment_name", "time_ticks", "word"]

LEFT: Final = 52.0
_SIZE: Final = 8.5
BAND_FILLS: Final[Mapping[str, str]] = {
    "super_peak": "#e9c9a2", "peak": "#f3e2cb", "flat": "none", "valley": "#e3edf4", "deep_valley": "#c9dcea",
}  # fmt: skip
"""Ground of each tariff band, as in the reports."""


def word(key: str, language: str, **slots: str) -> str:
    """A word of the pictures."""
    return _catalogue(language)[key].format(**slots)


def segment_name(label: str, language: str) -> str:
    """The name of a baseline's segment; a label without one is shown as it is."""
    return _catalogue(language).get(f"segment_{label}", label)


@functools.cache
def _catalogue(language: str) -> Mapping[str, str]:
    if language not in ("zh", "en"):
        raise ConfigError(
            "no such language", code="plots.no_such_language", offender="language", value=language, remedy="zh or en"
        )
    raw = resources.files(__package__).joinpath("texts", f"{language}.json").read_text("utf-8")
    catalogue: Mapping[str, str] = json.loads(raw)
    return catalogue


def finite(*columns: Sequence[float]) -> list[float]:
    """All values that are numbers."""
    return [each for column in columns for each in column if math.isfinite(each)]


def scale(values: Sequence[float], *, zero: bool = False) -> tuple[float, float]:
    """Low and high end over the values with some air, from zero where asked and none is below."""
    axis = value_axis(values, 0.0, 1.0)
    low = 0.0 if zero and min(values, default=0.0) >= 0 else axis.low
    return low, axis.high if axis.high > low else low + 1.0


def document(svg: Svg, title: str, look: Look) -> str:
    """The document: for paper with plain colours, else for screens with a style of light and dark."""
    sheet = Svg(0, 0)
    sheet.rect(0, 0, svg.width, svg.height, "#ffffff" if look.palette is PRINT else look.palette.sheet)
    svg.parts.insert(0, sheet.parts[0])
    return svg.finish() if look.palette is PRINT else svg.finish_titled(title, look.palette.style)


class Panel:
    """A rectangle between `top` and `bottom`; `x` is a TimeAxis or (low, high), `y` is (low, high)."""

    def __init__(
        self, svg: Svg, look: Look, top: float, bottom: float, x: TimeAxis | tuple[float, float],
        y: tuple[float, float], left: float = LEFT, room: float = 10.0,
    ) -> None:  # fmt: skip
        self.svg, self.look, self.colour = svg, look, look.palette
        self.left, self.right, self.top, self.bottom = left, look.width - room, top, bottom
        self.value = ValueAxis(*y, top, bottom)
        self.time = x if isinstance(x, TimeAxis) else None
        self.along = ValueAxis(*((0.0, 1.0) if isinstance(x, TimeAxis) else x), self.right, left)

    def x(self, value: float) -> float:
        """Place of a time in ns, or of a value."""
        return self.time.x(int(value)) if self.time is not None else self.along.y(value)

    def title(self, words: str, unit: str = "") -> None:
        """Words above the panel, with the unit of the values."""
        shown = f"{words} ({unit})" if unit else words
        size = fitting(shown, self.right - self.left, 9.5)
        self.svg.text(self.left, self.top - 7, shown, size, fill=self.colour.ink, bold=True)

    def ground(self, x_words: str = "", *, x_ticks: bool = True, x_step: float = 0.0) -> None:
        """Grid lines with their values; below it the values along (each `x_step`, 0: round ones) and what they are."""
        for value in self.value.ticks():
            y = self.value.y(value)
            self.svg.line([(self.left, y), (self.right, y)], self.colour.grid, 0.6)
            self.words(self.left - 4, y + 3, f"{value:,.6g}", "end")
        if x_ticks:
            found = time_ticks(self.time) if self.time is not None else self._along_ticks(x_step)
            for x, shown in found:
                self.svg.line([(x, self.bottom), (x, self.bottom + 3)], self.colour.grid, 0.8)
                half = text_width(shown, _SIZE) / 2
                self.words(min(max(x, self.left + half), self.right - half), self.bottom + 12, shown, "middle")
        if x_words:
            self.words((self.left + self.right) / 2, self.bottom + 24, x_words, "middle")

    def _along_ticks(self, step: float) -> list[tuple[float, str]]:
        low, high = self.along.low, self.along.high
        values = [low + n * step for n in range(int((high - low) / step) + 1)] if step else self.along.ticks()
        return [(self.along.y(value), f"{value:,.6g}") for value in values]

    def words(self, x: float, y: float, words: str, anchor: str = "start", *, fill: str = "") -> None:
        """Small words."""
        self.svg.text(x, y, words, _SIZE, anchor=anchor, fill=fill or self.colour.muted)

    def line(
        self, xs: Sequence[float], ys: Sequence[float], stroke: str, width: float = 1.3, *, dash: str = ""
    ) -> None:
        """A line that breaks where a value is missing; a value alone is a dot."""
        for piece in _pieces(ys):
            points = [(self.x(xs[n]), self.value.y(ys[n])) for n in piece]
            if len(points) == 1:
                self.svg.circle(*points[0], 1.2, stroke)
            else:
                self.svg.line(points, stroke, width, dash=dash)

    def band(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], fill: str = "") -> None:
        """The ground between two lines, open where either is missing."""
        for piece in _pieces([a + b for a, b in zip(low, high, strict=True)]):
            if len(piece) > 1:
                upper = [(self.x(xs[n]), self.value.y(high[n])) for n in piece]
                lower = [(self.x(xs[n]), self.value.y(low[n])) for n in reversed(piece)]
                self.svg.line([*upper, *lower], "none", 0, close=True, fill=fill or self.colour.accent, opacity=0.16)

    def level(self, value: float, words: str, stroke: str = "", *, dash: str = "5 3", below: bool = False) -> None:
        """A level across the panel with its words."""
        y = self.value.y(value)
        self.svg.line([(self.left, y), (self.right, y)], stroke or self.colour.alert, 1, dash=dash)
        lift = 10.0 if below or y - self.top < 12 else -3.0
        self.svg.text(self.left + 3, y + lift, words, _SIZE, fill=stroke or self.colour.alert, bold=True)

    def upright(self, at: float, words: str, stroke: str = "", row: int = 0) -> None:
        """A line upwards at a time or value, with its words beside the top, `row` rows below it."""
        x = self.x(at)
        self.svg.line([(x, self.top), (x, self.bottom)], stroke or self.colour.ink, 0.8, dash="2 2")
        right = x + 3 + text_width(words, _SIZE) > self.right
        self.words(x - 3 if right else x + 3, self.top + 9 + 11 * row, words, "end" if right else "start", fill=stroke)

    def name(self, xs: Sequence[float], ys: Sequence[float], words: str, fill: str, *, above: bool = True) -> None:
        """The name of a line at its last value."""
        last = max((n for n, each in enumerate(ys) if math.isfinite(each)), default=-1)
        if last >= 0:
            y = self.value.y(ys[last]) + (-5 if above else 11)
            y = min(max(y, self.top + 8), self.bottom - 2)
            self.svg.text(self.right - 2, y, words, _SIZE, anchor="end", fill=fill, bold=True)


def time_ticks(axis: TimeAxis) -> list[tuple[float, str]]:
    """Ticks of the axis; beyond four months the starts of local months, of years by their number."""
    if axis.end_ns - axis.start_ns < 120 * 86_400 * 10**9:
        return axis.ticks()
    zone = axis.zone or UTC
    at, months = datetime.fromtimestamp(axis.start_ns // 10**9, zone), list[datetime]()
    at = at.replace(day=1, hour=0, minute=0, second=0)
    while at.timestamp() * 1e9 < axis.end_ns:
        if at.timestamp() * 1e9 >= axis.start_ns:
            months.append(at)
        at = at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
    step = next(step for step in (1, 2, 3, 6, 12, 1200) if len(months) <= 9 * step)
    shown = [each for each in months if (each.month - 1) % step == 0]
    return [(axis.x(int(each.timestamp()) * 10**9), f"{each:%Y-%m}") for each in shown]


def _pieces(values: Sequence[float]) -> list[list[int]]:
    """Places of values without a gap."""
    pieces: list[list[int]] = []
    broken = True
    for place, value in enumerate(values):
        if not math.isfinite(value):
            broken = True
        elif broken:
            pieces.append([place])
            broken = False
        else:
            pieces[-1].append(place)
    return pieces
