"""Charts of findings and plans: findings by kind, saving ranges, phases of the roadmap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ovoo_models.svg import ACCENT, ALERT, BLUES, GRID, INK, MUTED, PAPER, WARN, WIDTH, Svg, fitting, text_width

from ovoo_cloud.reports.resolve import Locale

__all__ = ["CHARTS"]

Data = Mapping[str, Any]
_STEP_ROW = 18.0
_BREAKS = " ，、：；"
_SEVERITY = (("critical", "■", ALERT), ("warning", "▲", WARN), ("info", "●", MUTED))


def _pareto(data: Data, locale: Locale) -> Svg:
    """A bar for each kind of finding, most frequent first, parted by severity; signs repeat what the colours say."""
    rows = data["rows"]
    label = min(150.0, max(text_width(locale.inline(row["label"]), 8) for row in rows) + 8)
    svg = Svg(WIDTH, 17.0 * len(rows) + 2)
    scale = max(row["total"] for row in rows)
    room = WIDTH - label - 90
    for n, row in enumerate(rows):
        x, y = label, 17.0 * n + 2
        words = locale.inline(row["label"])
        svg.text(label - 6, y + 9.5, words, fitting(words, label - 8, 8), anchor="end")
        for severity, _, fill in _SEVERITY:
            width = room * row[severity] / scale
            svg.rect(x, y, width, 12, fill)
            x += width
        parts = "  ".join(f"{sign} {row[severity]}" for severity, sign, _ in _SEVERITY if row[severity])
        svg.text(x + 5, y + 9.5, parts, 7.5, fill=INK)
    return svg


def _savings(data: Data, locale: Locale) -> Svg:
    """The provable range of every action: solid up to the lower end, open to the upper one."""
    rows = data["rows"]
    label = min(150.0, max(text_width(locale.inline(row["label"]), 8) for row in rows) + 8)
    svg = Svg(WIDTH, 19.0 * len(rows) + 2)
    scale = max(float(row["high"]) for row in rows) or 1.0
    room = WIDTH - label - 110
    for n, row in enumerate(rows):
        y = 19.0 * n + 2
        low, high = (room * float(row[end]) / scale for end in ("low", "high"))
        words = locale.inline(row["label"])
        svg.text(label - 6, y + 10.5, words, fitting(words, label - 8, 8), anchor="end")
        svg.rect(label, y, low, 14, ACCENT)
        if high > low:
            svg.rect(label + low, y, high - low, 14, BLUES[1], ACCENT, dash="3 2")
        svg.text(label + high + 5, y + 10.5, locale.inline(row["words"]), 7.5)
    return svg


def _gantt(data: Data, locale: Locale) -> Svg:
    """Steps over the three phases; the phases are drawn equally wide."""
    rows, phases = data["rows"], data["phases"]
    label = 232.0
    column = (WIDTH - label) / len(phases)
    svg = Svg(WIDTH, 20 + _STEP_ROW * len(rows))
    for n, phase in enumerate(phases):
        x = label + n * column
        svg.rect(x, 0, column - 1, 14, PAPER)
        svg.text(x + column / 2, 10, locale.inline(phase), 7.5, anchor="middle", bold=True)
        svg.line([(x, 14), (x, 20 + _STEP_ROW * len(rows))], GRID, 0.6)
    for n, row in enumerate(rows):
        y = 20 + _STEP_ROW * n
        _step(svg, locale.inline(row["label"]), label - 6, y)
        x = label + row["phase"] * column
        svg.rect(x + 3, y + 1, column - 7, 10, BLUES[4 - row["phase"]])
        note = locale.inline(row["note"]) if "note" in row else ""
        last = row["phase"] == len(phases) - 1  # behind the bar there is room but for the last phase
        start, room = (x + 6, column - 11) if last else (x + column + 3, WIDTH - x - column - 3)
        size = fitting(note, room, 7)
        if note and not last:
            svg.rect(start - 2, y + 1, text_width(note, size) + 4, 10, "#ffffff")
        svg.text(start, y + 8.6, note, size, fill=INK)
    return svg


def _step(svg: Svg, words: str, room: float, y: float) -> None:
    """The name of a step; a long one is broken near its middle, at a space or behind a mark, rather than made small."""
    breaks = [at for at, char in enumerate(words) if char in _BREAKS]
    if text_width(words, 8) <= 1.1 * room or not breaks:
        svg.text(0, y + 9, words, fitting(words, room, 8))
        return
    at = min(breaks, key=lambda each: abs(each - len(words) / 2)) + 1
    for line, place in ((words[:at].rstrip(), 5.5), (words[at:], 12.5)):
        svg.text(0, y + place, line, fitting(line, room, 7))


CHARTS: Mapping[str, Callable[[Data, Locale], Svg]] = {"pareto": _pareto, "savings": _savings, "gantt": _gantt}
