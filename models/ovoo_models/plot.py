"""The picture of a finding as SVG: its score with the limit, its causes, its signals with their usual range.

Lines carry their names, gaps stay open, and what is abnormal has a shape or a word beside its colour. The same
explanation gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from ovoo_contract.findings import Finding

from ovoo_models.axes import TimeAxis, ValueAxis, value_axis
from ovoo_models.explanation import Explanation, Trace, pieces, thin
from ovoo_models.phrases import (
    cause_text,
    moment_text,
    number_text,
    output_name,
    plot_text,
    render,
    signal_name,
    unit_sign,
)
from ovoo_models.svg import SCREEN, Palette, Svg, fitting, text_width

__all__ = ["Look", "draw", "drawing"]

_LEFT: Final = 46.0
_SCORE_HEIGHT: Final = 92.0
_SIGNAL_HEIGHT: Final = 62.0
_BAR: Final = 15.0
_PART_GAP: Final = 26.0
_NARROW: Final = 400.0
"""Below this width, a telephone's, words stand above their bars."""


@dataclass(frozen=True, slots=True)
class Look:
    """How to draw: language, names of signals that override the catalogue's, zone of times (UTC), width in points."""

    language: str = "zh"
    names: Mapping[str, str] | None = None
    zone: tzinfo | None = None
    palette: Palette = SCREEN
    width: float = 640.0
    headline: bool = True


def draw(explanation: Explanation, look: Look) -> str:
    """The SVG document, for screens."""
    made = _Drawing(explanation, look)
    return made.finished().finish_titled(made.sentence, look.palette.style)


def drawing(explanation: Explanation, look: Look) -> Svg:
    """The same as elements, for documents that finish it themselves."""
    return _Drawing(explanation, look).finished()


class _Drawing:
    def __init__(self, explanation: Explanation, look: Look) -> None:
        self.look, self.colour = look, look.palette
        self.finding: Finding = explanation.finding
        self.explanation = explanation
        self.svg = Svg(look.width, 0.0)
        self.time = TimeAxis(explanation.start_ns, explanation.end_ns, _LEFT, look.width - 8.0, look.zone)
        self.sentence = render(self.finding, look.language, look.names, look.zone)
        self.y = 4.0

    def finished(self) -> Svg:
        self.svg.rect(0, 0, self.look.width, 0, self.colour.sheet)
        if self.look.headline:
            self._headline()
        if self.explanation.score is not None:
            self._score(self.explanation.score)
        if "share_1" in self.finding.detail:
            self._causes()
        for trace in self.explanation.signals:
            self._signal(trace)
        if not self.explanation.signals and self.explanation.score is None:
            self._words(self.look.width / 2, self.y + 20, plot_text("empty", self.look.language), "middle")
            self.y += 40
        self._times()
        self.svg.height = self.y
        self._sheet()
        return self.svg

    def _sheet(self) -> None:
        sheet = Svg(0, 0)
        sheet.rect(0, 0, self.look.width, self.y, self.colour.sheet)
        self.svg.parts[0] = sheet.parts[0]

    def _headline(self) -> None:
        for line in _wrapped(self.sentence, self.look.width - 12, 11):
            self.y += 15
            self.svg.text(6, self.y, line, 11, fill=self.colour.ink, bold=True)
        self.y += 4

    def _words(self, x: float, y: float, words: str, anchor: str = "start", size: float = 8.5) -> None:
        self.svg.text(x, y, words, size, anchor=anchor, fill=self.colour.muted)

    def _panel(self, title: str, note: str, height: float) -> tuple[float, float]:
        """Reserves a panel below its title; gives its top and bottom."""
        self.y += _PART_GAP - 8
        room = self.time.right - _LEFT - text_width(note, 8.5) - 20
        self.svg.text(_LEFT, self.y, *_within(title, room, 9.5), fill=self.colour.ink, bold=True)
        self._words(self.time.right, self.y, note, "end")
        top = self.y + 6
        self.y = top + height
        return top, self.y

    def _score(self, score: Trace) -> None:
        line = thin(score, self.explanation.start_ns, self.explanation.end_ns)
        limit = self.explanation.limit
        held = thin(limit, self.explanation.start_ns, self.explanation.end_ns) if limit else None
        bounds = [x for x in held.value if 0 < x < math.inf] if held else []
        top_limit = max(bounds, default=math.nan)
        height = _SCORE_HEIGHT
        axis = value_axis([*line.value, *bounds], 0, height, top_limit)
        note = plot_text("log", self.look.language) if axis.log else ""
        top, bottom = self._panel(output_name("score", self.look.language), note, height)
        axis = ValueAxis(axis.low, axis.high, top, bottom, axis.log)
        self._ground(axis)
        if held is not None and bounds:
            self._line(held, axis, self.colour.alert, dash="5 3")
            self._tag(axis.y(bounds[-1]), axis, plot_text("limit", self.look.language), bounds[-1])
        self._line(line, axis, self.colour.accent, 1.6)

    def _tag(self, y: float, axis: ValueAxis, word: str, value: float) -> None:
        """Names a level at its left end: above the line, or below it under the top of the panel."""
        lift = 9.0 if y - axis.top < 10 else -3.0
        self.svg.text(_LEFT + 3, y + lift, f"{word} {number_text(value)}", 8.5, fill=self.colour.alert, bold=True)

    def _causes(self) -> None:
        places = [k for k in (1, 2, 3) if f"share_{k}" in self.finding.detail]
        narrow = self.look.width < _NARROW
        step = _BAR + 11 if narrow else _BAR
        top, _ = self._panel(plot_text("causes", self.look.language), "", step * len(places))
        full = (self.time.right - _LEFT) * (1.0 if narrow else 0.32)
        for row, k in enumerate(places):
            y = top + step * row
            words = self._cause_words(k)
            if narrow:
                # words above their bar
                self.svg.text(_LEFT, y + 9, *_within(words, full, 9), fill=self.colour.ink)
                y += 11
            else:
                room = self.time.right - _LEFT - full - 8
                self.svg.text(_LEFT + full + 8, y + 10.5, *_within(words, room, 9), fill=self.colour.ink)
            self.svg.rect(_LEFT, y + 2, full, _BAR - 5, self.colour.band)
            self.svg.rect(_LEFT, y + 2, full * float(self.finding.detail[f"share_{k}"]), _BAR - 5, self.colour.accent)

    def _cause_words(self, k: int) -> str:
        change = self.finding.detail.get(f"change_{k}")
        arrow = "" if not isinstance(change, int | float) else "▲ " if change > 0 else "▼ "
        share = 100 * float(self.finding.detail[f"share_{k}"])
        return f"{share:.0f} %  {arrow}{cause_text(self.finding, k, self.look.language, self.look.names)}"

    def _signal(self, trace: Trace) -> None:
        line = thin(trace, self.explanation.start_ns, self.explanation.end_ns)
        unit = unit_sign(trace.unit)
        title = signal_name(trace.name, self.look.language, self.look.names) + (f" ({unit})" if unit else "")
        known = math.isfinite(trace.low) and math.isfinite(trace.high)
        note = self._usual(trace, unit) if known else ""
        top, bottom = self._panel(title, note, _SIGNAL_HEIGHT)
        if known:
            self.svg.rect(self.time.right - text_width(note, 8.5) - 12, top - 13, 9, 8, self.colour.band)
        crossed = self._crossed(trace)
        axis = value_axis([*line.value, trace.low, trace.high, *(value for _, value in crossed)], top, bottom)
        self._ground(axis, trace if known else None)
        for word, value in crossed:
            y = axis.y(value)
            self.svg.line([(_LEFT, y), (self.time.right, y)], self.colour.alert, 1, dash="5 3")
            self._tag(y, axis, word, value)
        if not any(math.isfinite(x) for x in line.value):
            self._words(
                (_LEFT + self.time.right) / 2, (top + bottom) / 2, plot_text("empty", self.look.language), "middle"
            )
        self._line(line, axis, self.colour.accent, 1.4)

    def _usual(self, trace: Trace, unit: str) -> str:
        low, high = number_text(trace.low), number_text(trace.high)
        words = plot_text("range", self.look.language, low=low, high=high, unit=unit).strip()
        return f"{plot_text('usual', self.look.language)} {words}"

    def _crossed(self, trace: Trace) -> list[tuple[str, float]]:
        """The limits of the finding that lie on this signal."""
        if self.finding.detail.get("signal") != trace.name:
            return []
        word = plot_text("limit", self.look.language)
        found = [self.finding.detail.get(name) for name in ("low", "high")]
        return [(word, float(x)) for x in found if isinstance(x, int | float)]

    def _ground(self, axis: ValueAxis, usual: Trace | None = None) -> None:
        """Usual range, the finding's window, grid and values."""
        if usual is not None:
            y = axis.y(usual.high)
            self.svg.rect(_LEFT, y, self.time.right - _LEFT, axis.y(usual.low) - y, self.colour.band)
        x1, x2 = self.time.x(self.finding.start_ns), self.time.x(self.finding.end_ns)
        corners = [(x1, axis.top), (x2, axis.top), (x2, axis.bottom), (x1, axis.bottom)]
        self.svg.line(corners, "none", 0, close=True, fill=self.colour.alert, opacity=0.1)
        for x in (x1, x2):
            self.svg.line([(x, axis.top), (x, axis.bottom)], self.colour.alert, 0.8, dash="2 2")
        for value in axis.ticks():
            y = axis.y(value)
            self.svg.line([(_LEFT, y), (self.time.right, y)], self.colour.grid, 0.6)
            self._words(_LEFT - 4, y + 3, f"{value:.6g}", "end")
        for x, _word in self.time.ticks():
            self.svg.line([(x, axis.bottom), (x, axis.bottom + 3)], self.colour.grid, 0.8)

    def _line(self, trace: Trace, axis: ValueAxis, stroke: str, width: float = 1.2, dash: str = "") -> None:
        for piece in pieces(trace, self.explanation.end_ns):
            points = [(self.time.x(at), axis.y(value)) for at, value in piece]
            if len(points) == 1:
                self.svg.circle(*points[0], 1.2, stroke)
            else:
                self.svg.line(points, stroke, width, dash=dash)

    def _times(self) -> None:
        self.y += 13
        for x, word in self.time.ticks():
            half = text_width(word, 8.5) / 2
            self._words(min(max(x, _LEFT + half), self.time.right - half), self.y, word, "middle")
        self.y += 14
        start, end = (moment_text(at, self.look.zone) for at in (self.finding.start_ns, self.finding.end_ns))
        x = (self.time.x(self.finding.start_ns) + self.time.x(self.finding.end_ns)) / 2
        words = f"■ {plot_text('finding', self.look.language)} {start} – {end}"
        half = text_width(words, 8.5) / 2
        x = min(max(x, _LEFT + half), self.time.right - half)
        self.svg.text(x, self.y, words, 8.5, anchor="middle", fill=self.colour.alert, bold=True)
        self.y += 6


def _within(words: str, room: float, size: float) -> tuple[str, float]:
    """The words at the size at which they fit, and cut where they do not at the least."""
    size = fitting(words, room, size)
    if text_width(words, size) <= room:
        return words, size
    while words and text_width(words + "…", size) > room:
        words = words[:-1]
    return words + "…", size


def _wrapped(text: str, width: float, size: float) -> list[str]:
    """Lines of at most `width`; Chinese breaks anywhere, other text at blanks."""
    lines, line = [], ""
    for word in _words_of(text):
        if line and text_width((line + word).rstrip(), size) > width:
            lines.append(line.rstrip())
            line = word.lstrip()
        else:
            line += word
    return [*lines, line.rstrip()]


def _words_of(text: str) -> list[str]:
    words: list[str] = [""]
    for char in text:
        if ord(char) > 0x2E80:
            # closing marks stay with the word before
            if char in "，。；：、）":
                words[-1] += char
            else:
                words.append(char)
        elif words[-1].endswith(" ") or (words[-1] and ord(words[-1][-1]) > 0x2E80):
            words.append(char)
        else:
            words[-1] += char
    return words
