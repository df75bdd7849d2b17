"""The load gate: score only while the asset runs and has settled."""

from __future__ import annotations

import math
from array import array

from ovoo_models._select import kernels
from ovoo_models.base import FrameBlock, Place
from ovoo_models.params import Params

__all__ = ["Gate"]

_GAP_NS = 3_600_000_000_000


class Gate:
    """Running where gate_above <= gate signal <= gate_below, settled after `settle_s`; without a signal always open.

    A gap of more than an hour in the data starts the settling anew. `running` is the gate's own state, two cells.
    """

    def __init__(self, params: Params, place: Place, settle_s: float = 0.0) -> None:
        params.text("gate", "")
        self._column = place.gate
        self._low = params.number("gate_above", -math.inf)
        self._high = params.number("gate_below", math.inf)
        self._settle_ns = round(params.number("settle_s", settle_s, 0.0) * 1e9)
        self.running = array("q", [-1, -1])
        self._out = array("B")

    @property
    def parts(self) -> tuple[int, float, float, int, int, array[int]]:
        """Column, lowest and highest running value, settling time, gap and own state: what a row kernel needs."""
        return self._column, self._low, self._high, self._settle_ns, _GAP_NS, self.running

    def mask(self, rows: FrameBlock) -> array[int]:
        """One state code a row; valid until the next call."""
        n = len(rows)
        if len(self._out) < n:
            self._out.extend(array("B", bytes(n - len(self._out))))
        kernels.gate_rows(
            rows.time_ns, rows.values, rows.width, n, self._column, self._low, self._high, self._settle_ns,
            _GAP_NS, self.running, self._out,
        )  # fmt: skip
        return self._out
