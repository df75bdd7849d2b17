"""What detectors read and write: blocks of frames in, blocks of scores out."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

__all__ = [
    "ALARM",
    "IDLE",
    "LOAD",
    "NORMAL",
    "OFF",
    "PENDING",
    "SETTLING",
    "UNKNOWN",
    "Contribution",
    "Detector",
    "FrameBlock",
    "Place",
    "RowScorer",
    "ScoreBlock",
    "Watch",
]

UNKNOWN: Final = 0
"""Not scored: the model is not ready, or inputs are missing."""
OFF: Final = 1
"""Not scored: the asset does not run."""
SETTLING: Final = 2
"""Not scored: the asset has just started."""
NORMAL: Final = 3
PENDING: Final = 4
"""Violating, for less than the on-delay."""
ALARM: Final = 5
IDLE: Final = 6
"""Not scored: the asset runs without load, and the model is one of load."""
LOAD: Final = 7
"""Not scored: the asset runs under load, and the model is one of idle running."""


@dataclass(slots=True)
class FrameBlock:
    """Rows of an asset at rising times; `values` is row-major, `width` doubles a row, NaN = missing or not good.

    What is not NaN is a finite number up to 1e30: `FrameBuilder` and `Estimator` put NaN for anything else.
    """

    time_ns: array[int]
    values: array[float]
    width: int

    def __len__(self) -> int:
        return len(self.time_ns)

    def rows(self, start: int, stop: int) -> FrameBlock:
        """A copy of rows start..stop-1."""
        return FrameBlock(self.time_ns[start:stop], self.values[start * self.width : stop * self.width], self.width)

    @classmethod
    def empty(cls, width: int) -> FrameBlock:
        """A block without rows."""
        return cls(array("q"), array("d"), width)


@dataclass(slots=True)
class ScoreBlock:
    """Columns that a detector fills, one cell a row.

    score >= limit is a violation; score is NaN where `state` says that the row was not scored, never 0.
    measure: the figure that a finding quotes. trace: `trace_width` doubles a row that the detector keeps to explain.
    """

    rows: int = 0
    score: array[float] = field(default_factory=lambda: array("d"))
    limits: array[float] = field(default_factory=lambda: array("d"))
    measure: array[float] = field(default_factory=lambda: array("d"))
    state: array[int] = field(default_factory=lambda: array("B"))
    trace: array[float] = field(default_factory=lambda: array("d"))
    trace_width: int = 0

    def resize(self, rows: int, trace_width: int) -> None:
        """Make room for `rows`; the columns never shrink, so that a stream allocates once."""
        self.rows, self.trace_width = rows, trace_width
        for column in (self.score, self.limits, self.measure):
            if len(column) < rows:
                column.extend(array("d", bytes(8 * (rows - len(column)))))
        if len(self.state) < rows:
            self.state.extend(array("B", bytes(rows - len(self.state))))
        if len(self.trace) < rows * trace_width:
            self.trace.extend(array("d", bytes(8 * (rows * trace_width - len(self.trace)))))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a detector sits: columns of its inputs, its gate and its load signal (-1: none), and the frame period."""

    inputs: tuple[int, ...]
    gate: int
    width: int
    period_ns: int
    load: int = -1


@dataclass(frozen=True, slots=True)
class Watch:
    """How the violations of a detector become findings; times in seconds, all >= 0.

    The condition opens a finding after `on_delay_s` and closes it after `off_delay_s` below `release` x limit
    (0 <= release <= 1); the same again within `merge_s` continues the closed finding. quantity: which measure counts.
    """

    on_delay_s: float = 0.0
    off_delay_s: float = 60.0
    merge_s: float = 21_600.0
    release: float = 1.0
    quantity: Literal["peak", "last"] = "peak"


@dataclass(frozen=True, slots=True)
class Contribution:
    """A signal's share of a score: column in the row and 0 < share <= 1.

    sigma: how far the signal is from where it is expected, with sign, in standard deviations of normal work; change:
    the same in the signal's unit. NaN where the detector cannot tell.
    """

    column: int
    share: float
    sigma: float = math.nan
    change: float = math.nan


class RowScorer(Protocol):
    """Scores one row a call, by a kernel that holds the detector's arrays: some hundred nanoseconds instead of a block.

    A row is one dimension of at least `Place.width` doubles side by side (array, memoryview, numpy; read-only or not),
    one period after the last; other kinds raise TypeError, ValueError or BufferError. The running state is that of the
    detector, and the bits are those of `score_many` on rows a period apart. NaN: not scored.
    """

    def score(self, row: array[float] | memoryview, /) -> float:
        """The score of the row; nothing is learned from it."""
        ...

    def score_learn(self, row: array[float] | memoryview, /) -> float:
        """The score of the row, and what `score_many` learns from it."""
        ...

    def score_at(self, row: array[float] | memoryview, time_ns: int, /) -> float:
        """What `score_many` does with one row at its own time."""
        ...


class Detector(Protocol):
    """One model on one asset. All times come from the rows; scoring never looks at a clock."""

    @property
    def place(self) -> Place:
        """Where it sits."""
        ...

    @property
    def watch(self) -> Watch:
        """How its violations become findings; learning may change it."""
        ...

    @property
    def trace_width(self) -> int:
        """Doubles a row in `ScoreBlock.trace`."""
        ...

    @property
    def learned(self) -> tuple[str, ...]:
        """Names of the parts of `state()` that hold what was learned; the rest is what runs."""
        ...

    @property
    def ready(self) -> bool:
        """Whether scores can be given: fitted, or in no need of fitting."""
        ...

    def learn_many(self, rows: FrameBlock) -> None:
        """Learn from rows of normal work; nothing to do for detectors without parameters."""
        ...

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out` for the rows, in order; the same rows in any number of blocks give the same bits."""
        ...

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """The inputs that make up the score of a row just scored, greatest share first; empty for single signals."""
        ...

    def state(self) -> Mapping[str, str]:
        """Everything learned and running, as text that `load` takes back bit for bit."""
        ...

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()` of an equal detector; ArtifactError where it does not fit."""
        ...
