"""Charts of energy: by day, by hour over the tariff bands, by duration and by machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ovoo_models.svg import (
    ACCENT,
    ALERT,
    BLUES,
    INK,
    MUTED,
    WIDTH,
    Svg,
    fitting,
    nice,
    text_width,
    value_axis,
)

from ovoo_cloud.reports.resolve import Locale

__all__ = ["CHARTS"]

Data = Mapping[str, Any]

_BAND_FILL = {
    "super_peak": "#e9c9a2",
    "peak": "#f3e2cb",
    "flat": "#ffffff",
    "valley": "#e3edf4",
    "deep_valley": "#c9dcea",
}


def _load(data: Data, locale: Locale) -> Svg:
    svg = Svg(WIDTH, 168)
    left, top, height = 40.0, 20.0, 120.0
    cell = (WIDTH - left - 4) / 24
    known = [float(row["high"]) for row in data["rows"] if row["high"] is not None]
    scale = nice(max(known, default=1.0))
    _bands(svg, locale, data["bands"], left, top, height, cell)
    value_axis(svg, left, WIDTH - 4, top, height, scale, "kW")
    for hour in range(0, 25, 3):
        svg.text(
            left + hour * cell,
            top + height + 11,
            f"{hour:02d}:00",
            7,
            anchor="middle" if hour < 24 else "end",
            fill=MUTED,
        )
    for hour, kw in enumerate(data.get("shiftable", [])):
        if kw is not None and float(kw) > 0:
            tall = height * min(float(kw) / scale, 1.0)
            svg.rect(left + hour * cell + 2, top + height - tall, cell - 4, tall, "#9db7c9", ACCENT, dash="2 1")
    for hour, row in enumerate(data["rows"]):
        if row["mean"] is None:
            continue
        x = left + hour * cell
        low, mean, high = (top + height * (1 - float(row[end]) / scale) for end in ("low", "mean", "high"))
        svg.line([(x + cell / 2, low), (x + cell / 2, high)], MUTED, 0.8)
        svg.line([(x + 1, mean), (x + cell - 1, mean)], ACCENT, 2.4)
    svg.text(left + 2, top + height + 24, locale.text("chart.load.key"), 7, fill=MUTED)
    return svg


def _bands(svg: Svg, locale: Locale, bands: Sequence[str], left: float, top: float, height: float, cell: float) -> None:
    start = 0
    for hour in range(1, len(bands) + 1):
        if hour < len(bands) and bands[hour] == bands[start]:
            continue
        x, width = left + start * cell, (hour - start) * cell
        svg.rect(x, top, width, height, _BAND_FILL[bands[start]])
        words = locale.text(f"band.{bands[start]}")
        size = 7 if text_width(words, 7) <= width else 5.5
        if text_width(words, size) <= width + 6:
            svg.text(x + width / 2, top - 4, words, size, anchor="middle", fill=MUTED)
        start = hour


def _daily(data: Data, locale: Locale) -> Svg:
    rows = data["rows"]
    svg = Svg(WIDTH, 150)
    left, top, height = 48.0, 16.0, 108.0
    known = [float(row["kwh"]) for row in rows if row["kwh"] is not None]
    scale = nice(max(known, default=1.0))
    cell = (WIDTH - left - 6) / len(rows)
    value_axis(svg, left, WIDTH - 4, top, height, scale, "kWh")
    for n, row in enumerate(rows):
        x = left + (n + 0.15) * cell
        if row["kwh"] is None:
            svg.text(x + cell * 0.35, top + height - 3, "×", 7, anchor="middle", fill=MUTED)
        else:
            tall = height * float(row["kwh"]) / scale
            svg.rect(x, top + height - tall, cell * 0.7, tall, BLUES[3])
        if n % 7 == 0:
            svg.text(x, top + height + 11, row["day"][5:], 7, fill=MUTED)
    half = len(known) // 2
    _means(svg, [row["kwh"] for row in rows], half, left, top, height, scale, cell)
    svg.text(left, top + height + 23, locale.text("chart.daily.key"), 7, fill=MUTED)
    return svg


def _means(
    svg: Svg, values: Sequence[str | None], half: int, left: float, top: float, height: float, scale: float, cell: float
) -> None:
    at = [n for n, value in enumerate(values) if value is not None]
    for part in (at[:half], at[-half:] if half else []):
        if part:
            mean = math.fsum(float(values[n] or 0) for n in part) / len(part)
            y = top + height * (1 - mean / scale)
            svg.line([(left + part[0] * cell, y), (left + (part[-1] + 1) * cell, y)], ALERT, 1.1, dash="4 2")
            svg.text(left + part[0] * cell + 2, y - 3, f"{mean:,.0f}", 7, fill=ALERT, bold=True)


def _duration(data: Data, locale: Locale) -> Svg:
    """Load over the share of hours that reach it; highest, mean and lowest are named on their lines."""
    svg = Svg(WIDTH, 150)
    left, top, height, right = 48.0, 16.0, 104.0, WIDTH - 8
    values = [float(text) for text in data["values"]]
    scale = nice(max(values))
    value_axis(svg, left, right, top, height, scale, "kW")
    span = right - left
    points = [(left + span * n / (len(values) - 1), top + height * (1 - v / scale)) for n, v in enumerate(values)]
    svg.line([(left, top + height), *points, (right, top + height)], "none", 0, close=True, fill=ACCENT, opacity=0.12)
    svg.line(points, ACCENT, 1.8)
    y = top + height * (1 - float(data["mean"]["value"]) / scale)
    svg.line([(left, y), (right, y)], ALERT, 0.9, dash="4 2")
    mean = locale.text("chart.duration.mean", value=locale.inline(data["mean"]))
    svg.text(right, y - 3 if y > top + 12 else y + 9, mean, 7, anchor="end", fill=ALERT, bold=True)
    for share in (0, 25, 50, 75, 100):
        anchor = "end" if share == 100 else "middle"
        svg.text(left + span * share / 100, top + height + 11, f"{share} %", 7, anchor=anchor, fill=MUTED)
    svg.text(left, top + height + 23, locale.text("chart.duration.key"), 7, fill=MUTED)
    return svg


def _consumers(data: Data, locale: Locale) -> Svg:
    """A bar a machine; the open part of a bar is energy that gaps may hide."""
    rows = data["rows"]
    label = min(130.0, max(text_width(locale.inline(row["label"]), 8) for row in rows) + 8)
    svg = Svg(WIDTH, 17.0 * len(rows) + 2)
    room = WIDTH - label - 150
    scale = max(float(row["high"]) for row in rows) or 1.0
    for n, row in enumerate(rows):
        y = 17.0 * n + 2
        low, high = (room * float(row[end]) / scale for end in ("low", "high"))
        words = locale.inline(row["label"])
        svg.text(label - 6, y + 9.5, words, fitting(words, label - 8, 8), anchor="end")
        svg.rect(label, y, low, 12, BLUES[3])
        if high > low:
            svg.rect(label + low, y, high - low, 12, "#ffffff", ACCENT, dash="3 2")
        svg.text(label + high + 5, y + 9.5, locale.inline(row["words"]), 7.5, fill=INK)
    return svg


CHARTS: Mapping[str, Callable[[Data, Locale], Svg]] = {
    "load": _load,
    "daily": _daily,
    "duration": _duration,
    "consumers": _consumers,
}
