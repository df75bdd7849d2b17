"""What is still to be read from a server's history: spans per signal, kept in a file until they are on disk."""

from __future__ import annotations

import base64
import logging
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ovoo_edge.sources.base import SourceGap
from ovoo_edge.sources.settings_opcua import BackfillOrder
from ovoo_edge.sources.state_file import StateFile

__all__ = ["BackfillPlan", "Span", "Window", "next_window"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Span:
    """Samples of one signal strictly between two times that are held already.

    Attributes:
        signal: catalogue index.
        start_ns, end_ns: UTC, both exclusive; end_ns = 0: still open, the first sample after the gap ends it.
        gap: number of the gap it belongs to.
    """

    signal: int
    start_ns: int
    end_ns: int
    gap: int


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of several spans that is read together.

    Attributes:
        spans: the spans it is cut from, one per signal.
        start_ns, end_ns: the part of them that is read; bounds of each span apply besides.
    """

    spans: tuple[Span, ...]
    start_ns: int
    end_ns: int


class BackfillPlan:
    """The spans of one source, in memory and in its file.

    Args:
        file: its place.
        keys: what stands for a signal across restarts, by catalogue index.
    """

    def __init__(self, file: StateFile, keys: Mapping[int, int]) -> None:
        self._file = file
        self._keys = keys
        self.open: dict[int, Span] = {}
        self.known_gaps: list[SourceGap] = []
        self._closed: list[Span] = []
        self._load()

    @property
    def closed(self) -> tuple[Span, ...]:
        """Spans with both ends known, oldest gap first."""
        return tuple(self._closed)

    def begin(self, starts: Iterable[tuple[int, int]], gap: int) -> int:
        """Opens spans at (signal, newest time held) for signals that have no open one; returns how many."""
        fresh = {signal: Span(signal, start, 0, gap) for signal, start in starts if signal not in self.open}
        self.open.update(fresh)
        return len(fresh)

    def end(self, firsts: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
        """Closes spans at (signal, first time held again), in order of arrival.

        Returns:
            Gaps whose spans were closed, each with those times.
        """
        ended: dict[int, list[int]] = {}
        for signal, time_ns in firsts:
            span = self.open.pop(signal, None)
            if span is None:
                continue
            ended.setdefault(span.gap, []).append(time_ns)
            if time_ns - span.start_ns > 1:
                self._closed.append(replace(span, end_ns=time_ns))
        return ended

    def add(self, span: Span) -> None:
        """Adds a span whose both ends are known at once, such as an overflow at the server."""
        if span.end_ns - span.start_ns > 1:
            self._closed.append(span)

    def drop(self, spans: Iterable[Span]) -> None:
        """Forgets spans: nothing more will come of them."""
        gone = set(spans)
        self._closed = [span for span in self._closed if span not in gone]

    def finish(self, window: Window, order: BackfillOrder) -> list[Span]:
        """Takes a window that is on disk off its spans; returns the spans that are done with it."""
        done: list[Span] = []
        kept: list[Span] = []
        cut = set(window.spans)
        for span in self._closed:
            if span not in cut:
                kept.append(span)
                continue
            if order == "newest_first":
                rest = replace(span, end_ns=min(span.end_ns, window.start_ns + 1))
            else:
                rest = replace(span, start_ns=max(span.start_ns, window.end_ns - 1))
            if rest.end_ns - rest.start_ns > 1:
                kept.append(rest)
            else:
                done.append(span)
        self._closed = kept
        return done

    def save(self, gaps: Iterable[SourceGap], *, durable: bool = True) -> None:
        """Replaces the file; while the disk refuses, the next call tries again, for collection must go on.

        Args:
            gaps: the newest ones, of the spans or over: they are listed also after a restart.
            durable: wait for the disk: a gap must not be forgotten by a power cut.
        """
        spans = [*self.open.values(), *self._closed]
        state = {
            "keys": _packed(self._keys[span.signal] for span in spans),
            "starts": _packed(span.start_ns for span in spans),
            "ends": _packed(span.end_ns for span in spans),
            "gaps": _packed(span.gap for span in spans),
            "causes": [
                [str(gap.number), str(gap.start_ns), str(gap.end_ns), gap.cause, gap.messages, gap.filled]
                for gap in gaps
            ],
            "outcomes": [[gap.outcome, gap.missing_at_most] for gap in gaps],
        }
        try:
            self._file.save(state, durable=durable)
        except OSError as error:
            _log.warning("event=gaps_not_saved file=%s detail=%r", self._file.path.name, str(error))

    def _load(self) -> None:
        state = self._file.load()
        if state is None:
            return
        try:
            columns = [_unpacked(state[name]) for name in ("keys", "starts", "ends", "gaps")]
            rows = list(zip(*columns, strict=True))
            self.known_gaps = [_gap(row) for row in state["causes"]]
            for place, (outcome, missing) in enumerate(state.get("outcomes", ())):
                gap = self.known_gaps[place]
                self.known_gaps[place] = replace(gap, outcome=str(outcome), missing_at_most=missing)
        except (KeyError, TypeError, ValueError, IndexError):
            return
        signals = {key: signal for signal, key in self._keys.items()}
        for key, start_ns, end_ns, gap in rows:
            signal = signals.get(key)
            if signal is None:
                continue
            span = Span(signal, start_ns, end_ns, gap)
            if end_ns:
                self._closed.append(span)
            else:
                self.open[signal] = span


def next_window(spans: Sequence[Span], order: BackfillOrder, most_signals: int, width_ns: int) -> Window | None:
    """What to read next: the newest (or oldest) piece, of as many signals as share it.

    Args:
        spans: all that is to be read.
        order: which end of the spans comes first.
        most_signals: signals in one call, >= 1.
        width_ns: greatest length of the piece, >= 2.
    """
    if not spans:
        return None
    newest = order == "newest_first"
    edge = max(span.end_ns for span in spans) if newest else min(span.start_ns for span in spans)
    chosen: dict[int, Span] = {}
    ranked = sorted(spans, key=lambda span: -span.end_ns if newest else span.start_ns)
    for span in ranked:
        near = span.end_ns > edge - width_ns if newest else span.start_ns < edge + width_ns
        if not near or len(chosen) >= most_signals:
            break
        chosen.setdefault(span.signal, span)
    members = tuple(chosen.values())
    low, high = min(span.start_ns for span in members), max(span.end_ns for span in members)
    if newest:
        return Window(members, max(low, edge - width_ns), high)
    return Window(members, low, min(high, edge + width_ns))


def _gap(row: Sequence[Any]) -> SourceGap:
    number, start_ns, end_ns, cause, messages, filled = row
    return SourceGap(int(start_ns), int(end_ns), str(cause), int(messages), int(number), "", int(filled))


def _packed(numbers: Iterable[int]) -> str:
    return base64.b64encode(array("q", numbers).tobytes()).decode()


def _unpacked(text: str) -> array[int]:
    return array("q", base64.b64decode(text, validate=True))
