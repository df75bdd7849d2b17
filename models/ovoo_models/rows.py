"""The models of one asset, a row a call: for hosts that hold whole rows and cannot wait for a block."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ConfigError
from ovoo_contract.findings import Finding
from ovoo_packs.templates import ModelBinding

from ovoo_models._select import row_kernels
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import Contribution, RowScorer
from ovoo_models.episodes import Episodes, reasons_of
from ovoo_models.grouping import Grouper
from ovoo_models.latch import Latch
from ovoo_models.monitor import place_of
from ovoo_models.registry import create

__all__ = ["RowMonitor"]


@runtime_checkable
class _Rowwise(Protocol):
    """What a detector offers that scores single rows."""

    @property
    def limit(self) -> float: ...

    def row_scorer(self) -> RowScorer: ...

    def explain_row(self, row: array[float]) -> tuple[Contribution, ...]: ...


@dataclass(slots=True)
class _Seat:
    """One binding at work."""

    detector: _Rowwise
    latch: Latch
    episodes: Episodes
    uses: Sequence[SignalUse]

    def finding(self, cells: array[float], kind: int) -> Finding:
        """The finding of an event at the row just scored, with its causes."""
        causes = reasons_of(self.uses, self.detector.explain_row(cells))
        return self.episodes.take(self.latch.event(kind), causes)


_Step = tuple[Callable[["array[float]", int], float], Callable[[int, float, float], int], float, _Seat]


class RowMonitor:
    """Scores whole rows of one asset as they come: NaN hold, detectors, latch, findings, some microseconds a row.

    The models must be ready and have a face for single rows (`pca`, `half_space`, `isolation`,
    `change_point`); ConfigError otherwise.
    A row holds the signals of the model set in their order; NaN = nothing new. Rows at equal distance give the bits of
    `score_many`.
    """

    def __init__(self, model_set: ModelSet, asset: AssetAddress) -> None:
        width = len(model_set.signals)
        self._cells = array("d", [math.nan]) * width
        self._hold = row_kernels.HoldRow(
            array("q", [round(use.hold_s * 1e9) for use in model_set.signals]), array("d", [math.nan]) * width,
            array("q", [-1]) * width, self._cells,
        )  # fmt: skip
        self._grouper = Grouper()
        self._loop = [self._seat(model_set, asset, binding) for binding in model_set.bindings]

    def _seat(self, model_set: ModelSet, asset: AssetAddress, binding: ModelBinding) -> _Step:
        period_ns = round(model_set.period_s * 1e9)
        place = place_of(binding, model_set, period_ns)
        detector = create(binding.model, binding.params, place)
        if not isinstance(detector, _Rowwise):
            raise ConfigError(
                "scores blocks only", offender=f"rows.{binding.id}", value=binding.model, remedy="use AssetMonitor"
            )
        if binding.id in model_set.states:
            detector.load(model_set.states[binding.id])
        latch, units = Latch(), [model_set.signals[column].unit for column in place.inputs]
        episodes = Episodes(binding, asset, units, detector.watch.quantity, 0.0, period_ns)
        seat = _Seat(detector, latch, episodes, model_set.signals)
        return detector.row_scorer().score_at, latch.row(detector.watch).step, detector.limit, seat

    def process(self, row: array[float] | memoryview, time_ns: int) -> list[Finding]:
        """Score one row at its time; the findings that opened, went on or closed at it.

        Raises ValueError, TypeError or BufferError for a row that is not doubles side by side, as many as signals.
        """
        cells = self._cells
        found: list[Finding] = []
        self._hold.take(row, time_ns)
        for score_at, step, limit, seat in self._loop:
            kind = step(time_ns, score_at(cells, time_ns), limit)
            if kind:
                found.append(seat.finding(cells, kind))
        return self._grouper.take(time_ns, found) if found else found
