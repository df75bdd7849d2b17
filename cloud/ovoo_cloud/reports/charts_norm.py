"""Charts against a norm: the intensity on the scale of its levels, and its course over the levels as bands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from ovoo_models.svg import ALERT, BLUES, GRID, INK, MUTED, WARN, WIDTH, Svg, fitting, nice, text_width

from ovoo_cloud.reports.resolve import Locale

__all__ = ["CHARTS"]

Data = Mapping[str, Any]
_ZONES: Final = (BLUES[3], BLUES[2], BLUES[1], "#f6dfc3")
_LEVEL_ROWS: Final = 3


def _zone(number: int, levels: int) -> str:
    """Best level darkest; above every limit a colour of its own."""
    return _ZONES[-1] if number == levels else _ZONES[min(number, 2)]


def _norm(data: Data, locale: Locale) -> Svg:
    """The intensity on a scale with the levels as zones, best on the left; an arrow where it is only a lower bound.

    A corrected limit stands as a full line, the uncorrected one of the standard as a broken line above the zones.
    """
    raw = [row for row in data["levels"] if row.get("raw") is not None]
    svg = Svg(WIDTH, 86)
    left, top, height, right = 6.0, 32.0, 18.0, WIDTH - 6
    limits = [float(Decimal(row["value"])) for row in data["levels"]]
    value = float(Decimal(data["value"]))
    tops = [value, *limits, *(float(Decimal(row["raw"])) for row in raw)]
    span, scale = right - left, nice(1.12 * max(tops))
    for n, (start, end) in enumerate(pairwise([0.0, *limits, scale])):
        svg.rect(left + span * start / scale, top, span * (end - start) / scale, height, _zone(n, len(limits)))
    places = [left + span * limit / scale for limit in limits]
    for row, x, place in zip(data["levels"], places, _rows_of(data["levels"], places, locale, right), strict=True):
        _limit(svg, locale, row, x, top + height, place, right)
    for row in raw:
        x = left + span * float(Decimal(row["raw"])) / scale
        svg.line([(x, top - 4), (x, top + height)], INK, 0.8, dash="2 2")
    _marker(svg, locale, data, left + span * value / scale, top, height, (left, right))
    return svg


def _marker(
    svg: Svg, locale: Locale, data: Data, x: float, top: float, height: float, ends: tuple[float, float]
) -> None:
    svg.line([(x, top - 6), (x, top + height)], ALERT, 2)
    if data["lower_bound"]:
        svg.line([(x, top - 6), (x + 22, top - 6)], ALERT, 1.2)
        svg.line([(x + 18, top - 9), (x + 22, top - 6), (x + 18, top - 3)], ALERT, 1.2)
    words = ("≥ " if data["lower_bound"] else "") + locale.inline(data["words"])
    half = text_width(words, 8.5) / 2
    svg.text(min(max(x, ends[0] + half), ends[1] - half), top - 13, words, 8.5, anchor="middle", fill=ALERT, bold=True)


def _said(row: Data, locale: Locale) -> str:
    return f"{locale.text('norm.level', level=str(row['level']))} {locale.inline(row['words'])}"


def _rows_of(levels: Sequence[Data], places: Sequence[float], locale: Locale, right: float) -> Iterator[int]:
    """The row below the scale in which each level's words have room beside those of the level before."""
    taken = [-1e9] * _LEVEL_ROWS
    for row, x in zip(levels, places, strict=True):
        wide = text_width(_said(row, locale), 7)
        begin = _begin(x, wide, right)
        place = next((n for n, end in enumerate(taken) if begin > end + 6), _LEVEL_ROWS - 1)
        taken[place] = begin + wide
        yield place


def _begin(x: float, wide: float, right: float) -> float:
    return max(6.0, min(x - wide / 2, right - wide))


def _limit(svg: Svg, locale: Locale, row: Data, x: float, bottom: float, place: int, right: float) -> None:
    y = bottom + 13 + 11 * place
    words = _said(row, locale)
    svg.line([(x, bottom - 18), (x, y - 7)], INK, 0.8)
    svg.text(_begin(x, text_width(words, 7), right), y, words, 7)


def _intensity(data: Data, locale: Locale) -> Svg:
    """Points by week over the levels as bands; the mean of the window as a broken line; a gap stays open."""
    svg = Svg(WIDTH, 176)
    left, top, height, right = 48.0, 18.0, 122.0, WIDTH - 78
    limits = [float(Decimal(row["value"])) for row in data["levels"]]
    ends = [float(row[end]) for row in data["rows"] for end in ("low", "high") if row[end] is not None]
    mean = None if data["mean"] is None else float(data["mean"])
    scale = nice(1.08 * max([*limits, *ends, *([] if mean is None else [mean])]))

    def y(value: float) -> float:
        return top + height * (1 - value / scale)

    for n, (start, end) in enumerate(pairwise([0.0, *limits, scale])):
        svg.rect(left, y(end), right - left, y(start) - y(end), _zone(n, len(limits)))
    _scale_words(svg, locale, data, (left, right, top, height), scale, limits)
    if mean is not None:
        svg.line([(left, y(mean)), (right, y(mean))], ALERT, 1.1, dash="5 3")
        words = ("≥ " if data["lower_bound"] else "") + locale.text("chart.intensity.mean")
        svg.text(right + 4, y(mean) + 2.5, words, fitting(words, 72, 7), fill=ALERT, bold=True)
    if data["rows"]:
        _points(svg, data["rows"], left, right, top + height, y)
    else:
        words = locale.inline(data["reason"])
        svg.rect(left + 8, top + 6, min(text_width(words, 8) + 14, right - left - 16), 17, "#ffffff", MUTED, dash="2 2")
        svg.text(left + 15, top + 17.5, words, fitting(words, right - left - 34, 8), fill=INK, bold=True)
    svg.text(left, top + height + 28, locale.text(data["key"]), 7, fill=MUTED)
    return svg


def _scale_words(
    svg: Svg,
    locale: Locale,
    data: Data,
    box: tuple[float, float, float, float],
    scale: float,
    limits: Sequence[float],
) -> None:
    left, right, top, height = box
    for n in range(5):
        value = scale * n / 4
        at = top + height * (1 - n / 4)
        svg.line([(left - 3, at), (left, at)], GRID, 0.6)
        svg.text(left - 5, at + 2.5, f"{value:,.5g}", 7, anchor="end", fill=MUTED)
    svg.text(left - 5, top - 7, locale.unit(data["unit"]), 7, anchor="middle", fill=MUTED)
    below = top + height + 20.0
    for row, limit in zip(data["levels"], limits, strict=True):
        at = top + height * (1 - limit / scale)
        svg.line([(left, at), (right, at)], INK, 0.7)
        y = min(at - 2.5, below - 9)  # the words of a lower level keep below those of the one before
        words = locale.text("norm.level", level=str(row["level"]))
        svg.text(right - 3, y, words, 7, anchor="end")
        below = y


def _points(
    svg: Svg, rows: Sequence[Data], left: float, right: float, bottom: float, y: Callable[[float], float]
) -> None:
    cell = (right - left) / len(rows)
    every = max(1, -(-len(rows) * 30 // int(right - left)))
    run: list[tuple[float, float]] = []
    for n, row in enumerate(rows):
        x = left + (n + 0.5) * cell
        if n % every == 0:
            svg.text(x, bottom + 11, row["start"][5:], 7, anchor="middle", fill=MUTED)
        if row["low"] is None:
            svg.text(x, bottom - 4, "×", 8, anchor="middle", fill=INK)
            run = []
            continue
        low, high = y(float(row["low"])), y(float(row["high"]))
        if run:
            svg.line([run[-1], (x, (low + high) / 2)], INK, 1.6)
        run.append((x, (low + high) / 2))
        svg.line([(x, low), (x, high)], WARN, 2)
    for n, row in enumerate(rows):
        if row["low"] is not None:
            middle = (y(float(row["low"])) + y(float(row["high"]))) / 2
            svg.circle(left + (n + 0.5) * cell, middle, 2.8, INK)


CHARTS: Final[Mapping[str, Callable[[Data, Locale], Svg]]] = {"norm": _norm, "intensity": _intensity}
