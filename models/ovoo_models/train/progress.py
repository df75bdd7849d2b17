"""Says what a long run is doing, once it takes longer than two seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, TextIO

__all__ = ["Progress"]

_QUIET_TICKS: Final = 5


class Progress:
    """A line on `stream` every `interval_s` while something runs; nothing at all for what is done sooner.

    On a terminal the line is written over; elsewhere it is written when it changed, and every fifth time.
    """

    def __init__(
        self, stream: TextIO | None = None, interval_s: float = 2.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._interval_s = interval_s
        self._clock = clock
        self._text, self._shown, self._quiet = "", "", 0
        self._start_s = clock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def say(self, what: str, done: int = 0, total: int = 0) -> None:
        """What is being done now, and how many of how many parts are through."""
        self._text = f"{what} ({done} of {total})" if total else what

    def __enter__(self) -> Self:
        self._start_s = self._clock()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._shown and self._stream.isatty():
            self._stream.write("\n")

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            self._tick()

    def _tick(self) -> None:
        text, seconds = self._text, self._clock() - self._start_s
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{text}, {seconds:.0f} s")
        elif text != self._shown or self._quiet >= _QUIET_TICKS:
            self._quiet = 0
            self._stream.write(f"{text}, {seconds:.0f} s\n")
        self._quiet += 1
        self._shown = text
        self._stream.flush()
