"""Waterfalls: from a whole down to what is left, each step with what is certain and what its range leaves open."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ovoo_models.svg import ACCENT, BLUES, GRID, INK, MUTED, WARN, WIDTH, Svg, fitting, nice, text_width

from ovoo_cloud.reports.resolve import Locale

__all__ = ["CHARTS"]

Data = Mapping[str, Any]
_ROW: Final = 20.0
_BAR: Final = 13.0
_TOP: Final = 16.0
_WORDS: Final = 118.0
_CUT_ABOVE: Final = 0.85
"""An axis that would show more than this share of the whole below every step starts higher, and says so."""
_TICKS: Final = 4


def _waterfall(data: Data, locale: Locale) -> Svg:
    """Rows of kind total (from the axis), loss (between two totals) and open (not known, with its cause)."""
    rows = data["rows"]
    label = min(140.0, max(text_width(locale.inline(row["label"]), 8) for row in rows) + 8)
    svg = Svg(WIDTH, _TOP + _ROW * len(rows) + 16)
    axis = _Axis(rows, label, WIDTH - _WORDS - 4)
    axis.ground(svg, locale, data["unit"], _TOP + _ROW * len(rows))
    for number, row in enumerate(rows):
        y = _TOP + _ROW * number + 3
        words = locale.inline(row["label"])
        total = row["kind"] == "total"
        svg.text(label - 6, y + 10, words, fitting(words, label - 8, 8), anchor="end", bold=total)
        _DRAWN[row["kind"]](svg, axis, row, y)
        if row["kind"] != "open":
            said = ("" if total else "− ") + locale.inline(row["words"])
            svg.text(WIDTH - _WORDS + 4, y + 10, said, fitting(said, _WORDS - 4, 8), bold=total)
        else:
            _cause(svg, axis, locale, row, y)
    return svg


class _Axis:
    """Places of values between the left and the right end of the bars."""

    def __init__(self, rows: Sequence[Data], left: float, right: float) -> None:
        ends = [float(end) for row in rows for end in row["ends"]]
        lowest, highest = min(ends), max(ends)
        self.left, self.right = left, right
        self.cut = highest > 0 and lowest > _CUT_ABOVE * highest
        self.start, self.end = 0.0, nice(highest)
        if self.cut:
            # a third of the room for what is left; steps of nothing at all still hang on a bar
            step = nice(max(1.35 * (highest - lowest), 0.03 * highest) / (_TICKS - 1))
            self.end = math.ceil(highest / step) * step
            self.start = self.end - _TICKS * step

    def x(self, value: str | float) -> float:
        share = (float(value) - self.start) / max(self.end - self.start, 1e-12)
        return self.left + (self.right - self.left) * min(1.0, max(0.0, share))

    def ground(self, svg: Svg, locale: Locale, unit: str, bottom: float) -> None:
        for n in range(_TICKS + 1):
            x = self.left + (self.right - self.left) * n / _TICKS
            svg.line([(x, _TOP), (x, bottom)], GRID, 0.6)
            anchor = "start" if n == 0 else "middle"
            value = "" if self.cut and n == 0 else _plain(self.start + (self.end - self.start) * n / _TICKS)
            svg.text(x, bottom + 10, value, 7, anchor=anchor, fill=MUTED)
        svg.text(WIDTH, bottom + 10, locale.unit(unit), 7, anchor="end", fill=MUTED)
        if self.cut:
            svg.text(self.left, _TOP - 6, locale.text("chart.axis.cut", start=_plain(self.start)), 7, fill=MUTED)


def _plain(value: float) -> str:
    """Whole numbers from a hundred on."""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.4g}"


def _total(svg: Svg, axis: _Axis, row: Data, y: float) -> None:
    low, high = (axis.x(end) for end in row["ends"])
    svg.rect(axis.left, y, low - axis.left, _BAR, ACCENT)
    _open_part(svg, low, high, y)
    if axis.cut:  # two slanted strokes: the bar is longer than it is drawn
        for shift in (5.0, 9.0):
            svg.line([(axis.left + shift, y + _BAR + 1), (axis.left + shift + 4, y - 1)], "#ffffff", 1.6)


def _loss(svg: Svg, axis: _Axis, row: Data, y: float) -> None:
    """From the level before to the level after: solid where both ranges leave no doubt."""
    (before_low, before_high), (after_low, after_high) = row["before"], row["after"]
    certain_left, certain_right = axis.x(after_high), axis.x(before_low)
    svg.line([(axis.x(before_high), y - 7), (axis.x(before_high), y + _BAR)], MUTED, 0.5, dash="2 2")
    if certain_right > certain_left:
        svg.rect(certain_left, y, certain_right - certain_left, _BAR, WARN)
        _open_part(svg, certain_right, axis.x(before_high), y, WARN)
        _open_part(svg, axis.x(after_low), certain_left, y, WARN)
    else:
        _open_part(svg, axis.x(after_low), axis.x(before_high), y, WARN)


def _open_part(svg: Svg, left: float, right: float, y: float, stroke: str = ACCENT) -> None:
    if right - left > 0.3:
        svg.rect(left, y, right - left, _BAR, "#ffffff" if stroke == WARN else BLUES[1], stroke, dash="3 2")


def _open(svg: Svg, axis: _Axis, row: Data, y: float) -> None:
    svg.rect(axis.left, y, axis.right - axis.left, _BAR, "#ffffff", MUTED, dash="2 2")


def _cause(svg: Svg, axis: _Axis, locale: Locale, row: Data, y: float) -> None:
    words = locale.inline(row["words"])
    size = fitting(words, axis.right - axis.left - 8, 7.5)
    svg.text(axis.left + 5, y + 9.5, words, size, fill=INK)


_DRAWN: Final[Mapping[str, Callable[[Svg, _Axis, Data, float], None]]] = {
    "total": _total,
    "loss": _loss,
    "open": _open,
}
CHARTS: Final[Mapping[str, Callable[[Data, Locale], Svg]]] = {"waterfall": _waterfall}
