"""The bars of a leading method: solid where it is certain, dashed as far as missing evidence could carry it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from ovoo_models.svg import ACCENT, ALERT, INK, MUTED, PAPER, WIDTH, Svg, fitting, nice, text_width

from ovoo_cloud.reports.resolve import Locale

__all__ = ["CHARTS"]

Data = Mapping[str, Any]
_TALL: Final = 34.0
_SHORT: Final = 20.0
"""Height of a row with the names of its own levels above it, and of one whose levels are those of the row above."""
_WORDS: Final = 92.0
"""Room behind a bar for its value."""


def _ladder(data: Data, locale: Locale) -> Svg:
    """A bar a row; levels are marked above it, each at its own bound."""
    rows = data["rows"]
    label = min(150.0, max(text_width(locale.inline(row["label"]), 8) for row in rows) + 8)
    named = [n == 0 or row["marks"] != rows[n - 1]["marks"] for n, row in enumerate(rows)]
    svg = Svg(WIDTH, sum(_TALL if each else _SHORT for each in named) + 2)
    top = 0.0
    for row, own in zip(rows, named, strict=True):
        top += _TALL if own else _SHORT
        _bar(svg, locale, row, label, top - 17, named=own)
    return svg


def _bar(svg: Svg, locale: Locale, row: Data, left: float, top: float, *, named: bool) -> None:
    words = locale.inline(row["label"])
    svg.text(left - 6, top + 9.5, words, fitting(words, left - 8, 8), anchor="end")
    figure, room = row["words"], WIDTH - left - _WORDS
    ends = [figure["value"]] * 2 if figure["value"] is not None else [figure["low"], figure["high"]]
    known = [float(Decimal(end)) for end in ends if end is not None]
    marks = [(float(Decimal(mark["at"])), locale.inline(mark["label"])) for mark in row["marks"]]
    full = float(Decimal(row["full"])) if row["full"] else nice(1.15 * max([*known, *(at for at, _ in marks), 1e-9]))
    svg.rect(left, top, room, 13, PAPER)
    if known:
        low, high = (room * min(each / full, 1.0) for each in known)
        svg.rect(left, top, low, 13, ACCENT)
        if high > low:
            svg.rect(left + low, top, high - low, 13, "#ffffff", ACCENT, dash="3 2")
    _marks(svg, [(left + room * at / full, text if named else "") for at, text in marks], top)
    value = locale.inline(figure)
    svg.text(left + room + 6, top + 10, value, fitting(value, _WORDS - 8, 8), fill=INK, bold=True)


def _marks(svg: Svg, marks: list[tuple[float, str]], top: float) -> None:
    """A line at each bound; a name that would touch the one before is left to the table."""
    end = 0.0
    for x, text in marks:
        svg.line([(x, top - 3), (x, top + 13)], ALERT, 0.9)
        half = text_width(text, 6.5) / 2
        if text and x - half > end:
            svg.text(x, top - 5, text, 6.5, anchor="middle", fill=MUTED)
            end = x + half + 2


CHARTS: Final[Mapping[str, Callable[[Data, Locale], Svg]]] = {"ladder": _ladder}
