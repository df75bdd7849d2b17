"""The report's charts as SVG: labels on the line, meaning never by colour alone, gaps left open."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ovoo_contract.errors import ReportError
from ovoo_models.svg import (
    ACCENT,
    ALERT,
    BLUES,
    GRID,
    INK,
    MUTED,
    PAPER,
    WARN,
    WIDTH,
    Svg,
    fitting,
    text_width,
)

from ovoo_cloud.reports import (
    charts_code,
    charts_energy,
    charts_finding,
    charts_lead,
    charts_map,
    charts_month,
    charts_norm,
    charts_plan,
    charts_radar,
    charts_region,
    charts_waterfall,
)
from ovoo_cloud.reports.resolve import Locale

__all__ = ["draw"]

Data = Mapping[str, Any]


def draw(kind: str, data: Data, locale: Locale) -> str:
    """The SVG of one chart.

    Raises:
        ReportError: unknown kind.
    """
    if kind not in _CHARTS:
        raise ReportError("unknown chart", offender=kind, remedy="one of " + ", ".join(sorted(_CHARTS)))
    made = _CHARTS[kind](data, locale)
    return made if isinstance(made, str) else made.finish()


def _scenes(data: Data, locale: Locale) -> Svg:
    rows = data["rows"]
    columns, gap, height = 4, 5.0, 34.0
    width = (WIDTH - gap * (columns - 1)) / columns
    svg = Svg(WIDTH, math.ceil(len(rows) / columns) * (height + gap) - gap)
    for n, row in enumerate(rows):
        x, y = n % columns * (width + gap), n // columns * (height + gap)
        open_level = row["low"] != row["high"]
        level = row["low"]
        svg.rect(
            x,
            y,
            width,
            height,
            "#ffffff" if open_level else BLUES[level],
            MUTED if open_level else "none",
            dash="2 2" if open_level else "",
        )
        ink = "#ffffff" if level >= 3 and not open_level else INK
        star = "★ " if row["mandatory"] else ""
        words = star + locale.inline(row["label"])
        svg.text(x + 7, y + 14, words, fitting(words, width - 27, 8), fill=ink, bold=bool(star))
        svg.text(x + 7, y + 27, locale.text(f"class.{row['cls']}"), 7, fill=ink if level >= 3 else MUTED)
        svg.text(x + width - 8, y + 24, "?" if open_level else str(level), 16, anchor="end", fill=ink, bold=True)
    return svg


def _gate(data: Data, locale: Locale) -> Svg:
    svg = Svg(WIDTH, 90)
    low, high = (float(Decimal(text)) for text in data["total"])
    left, right, top = 4.0, WIDTH - 4.0, 30.0
    span = right - left
    svg.rect(left, top, span, 14, PAPER)
    svg.rect(left, top, span * low / 100, 14, ACCENT)
    if high > low:
        svg.rect(left + span * low / 100, top, span * (high - low) / 100, 14, "#ffffff", ACCENT, dash="3 2")
    words = f"{low:g}" if low == high else f"{low:g}–{high:g}"
    inside = low >= 30  # the words lie in the bar where it is long enough, else behind it
    x = left + span * (low if inside else high) / 100 + (-5 if inside else 5)
    fill = "#ffffff" if inside else INK
    svg.text(
        x, top + 10.5, f"{words} {locale.unit('points')}", 8, bold=True, anchor="end" if inside else "start", fill=fill
    )
    for step in data["steps"]:
        _gate_step(svg, locale, step, left + span * float(Decimal(step["score"])) / 100, top)
    return svg


def _gate_step(svg: Svg, locale: Locale, step: Data, x: float, top: float) -> None:
    svg.line([(x, top - 5), (x, top + 2)], INK, 1)
    svg.line([(x, top + 12), (x, top + 19)], INK, 1)
    mark = "✓" if step["passed"] else ("?" if step["possible"] else "×")
    svg.text(
        x,
        top - 9,
        f"{locale.text('chart.gate.level', level=str(step['level']))} {mark}",
        8.5,
        anchor="middle",
        bold=True,
    )
    lines = [
        locale.text("chart.gate.score", need=f"{Decimal(step['score']).normalize():f}"),
        locale.text("chart.gate.scenes", have=_span(step["scenes_range"]), need=str(step["scenes"])),
        locale.text("chart.gate.mandatory", have=_span(step["mandatory_range"]), need=str(step["mandatory"])),
    ]
    for n, words in enumerate(lines):
        svg.text(x, top + 31 + 11 * n, words, 7.5, anchor="middle", fill=MUTED if n == 0 else INK)


def _span(ends: Sequence[int]) -> str:
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]}–{ends[1]}"


_CLASS_FILL = {"measured": ACCENT, "verified": "#4f8db8", "declared": "#cfe0ec", "insufficient": "#ffffff"}


def _classes(data: Data, locale: Locale) -> Svg:
    svg = Svg(WIDTH, 54)
    total = sum(Decimal(part["points"]) for part in data["parts"]) or Decimal(1)
    x = 0.0
    for part in data["parts"]:
        points = Decimal(part["points"])
        width = float(points / total) * WIDTH
        if not points:
            continue
        blank = part["cls"] == "insufficient"
        svg.rect(
            x + 0.4,
            16,
            width - 0.8,
            20,
            _CLASS_FILL[part["cls"]],
            MUTED if blank else "none",
            dash="2 2" if blank else "",
        )
        words = locale.text(f"class.{part['cls']}")
        value = f"{points.normalize():f}"
        dark = part["cls"] in {"measured", "verified"}
        if text_width(value, 8) < width - 4:
            svg.text(x + width / 2, 29, value, 8, anchor="middle", fill="#ffffff" if dark else INK, bold=True)
        _class_label(svg, words, x, width, low=text_width(words, 8) > width)
        x += width
    return svg


def _class_label(svg: Svg, words: str, x: float, width: float, *, low: bool) -> None:
    """Above the part, or below it where the part is narrower than its name."""
    half = text_width(words, 8) / 2
    middle = min(max(x + width / 2, half), WIDTH - half)
    svg.text(middle, 48 if low else 11, words, 8, anchor="middle", fill=INK)


def _calendar(data: Data, locale: Locale) -> Svg:
    rows = data["rows"]
    days = max(len(row["days"]) for row in rows)
    label = min(120.0, max(text_width(locale.inline(row["label"]), 8) for row in rows) + 8)
    cell, height = (WIDTH - label) / days, 15.0
    svg = Svg(WIDTH, 16 + len(rows) * (height + 2))
    first = date.fromisoformat(data["start"])
    for n in range(0, days, 7):
        svg.text(label + n * cell, 9, f"{first + timedelta(days=n):%m-%d}", 7, fill=MUTED)
    for r, row in enumerate(rows):
        y = 14 + r * (height + 2)
        svg.text(label - 6, y + 10.5, locale.inline(row["label"]), 8, anchor="end")
        for n, text in enumerate(row["days"]):
            share = int(text)
            svg.rect(
                label + n * cell + 0.4, y, cell - 0.8, height, _coverage_fill(share), GRID if share == 0 else "none"
            )
            if share < 100:
                size = min(6.0, cell * 0.62)
                svg.text(
                    label + (n + 0.5) * cell,
                    y + 9.8,
                    text,
                    size,
                    anchor="middle",
                    fill=INK if share < 70 else "#ffffff",
                )
    return svg


def _coverage_fill(share: int) -> str:
    if share == 0:
        return "#ffffff"
    return BLUES[4] if share >= 95 else BLUES[3] if share >= 80 else BLUES[2] if share >= 50 else BLUES[1]


_MARKS = {"critical": ("■", ALERT), "warning": ("▲", WARN), "info": ("●", MUTED)}


def _timeline(data: Data, locale: Locale) -> Svg:
    rows = data["rows"]
    label = min(130.0, max(text_width(locale.inline(row["label"]), 8) for row in rows) + 8)
    svg = Svg(WIDTH, 18 + 18 * len(rows))
    start, end = int(data["start_ns"]), int(data["end_ns"])
    svg.text(label, 9, data["start"], 7, fill=MUTED)
    svg.text(WIDTH, 9, data["end"], 7, anchor="end", fill=MUTED)
    for r, row in enumerate(rows):
        y = 23 + 18 * r
        svg.text(label - 6, y + 3, locale.inline(row["label"]), 8, anchor="end")
        svg.line([(label, y), (WIDTH, y)], GRID, 0.8)
        for mark in row["marks"]:
            x1, x2 = (
                label + (WIDTH - label) * _clip((int(mark[e]) - start) / (end - start)) for e in ("start_ns", "end_ns")
            )
            sign, fill = _MARKS[mark["severity"]]
            svg.rect(x1, y - 2, max(x2 - x1, 1), 4, fill)
            svg.text(x1, y + 3.4, sign, 9, anchor="middle", fill=fill)
    return svg


def _clip(share: float) -> float:
    return min(1.0, max(0.0, share))


_CHARTS: Mapping[str, Callable[[Data, Locale], Svg | str]] = {
    "scenes": _scenes,
    "gate": _gate,
    "classes": _classes,
    "calendar": _calendar,
    "timeline": _timeline,
    **charts_code.CHARTS,
    **charts_energy.CHARTS,
    **charts_finding.CHARTS,
    **charts_lead.CHARTS,
    **charts_map.CHARTS,
    **charts_plan.CHARTS,
    **charts_month.CHARTS,
    **charts_norm.CHARTS,
    **charts_radar.CHARTS,
    **charts_region.CHARTS,
    **charts_waterfall.CHARTS,
}
