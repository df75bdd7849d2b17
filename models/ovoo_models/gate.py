"""The regime of every row: off, just started, idle or under load; a model scores only its own, settled."""

from __future__ import annotations

import math
from array import array
from typing import Final

from ovoo_contract.errors import ConfigError

from ovoo_models._rows_py import Gate as Gated
from ovoo_models._select import kernels
from ovoo_models.base import FrameBlock, Place
from ovoo_models.params import Params

__all__ = ["GATE_PARAMS", "LEARN", "Gate"]

GATE_PARAMS: Final = ("gate", "gate_above", "gate_below", "settle_s", "load", "load_above", "load_release", "regimes")
LEARN: Final = "learn"
"""The threshold of load that history gives (`regimes.learned_params`); until then no running row is scored."""
_GAP_NS: Final = 3_600_000_000_000
_REGIMES: Final = {"load": 1, "idle": 2, "both": 3}


class Gate:
    """Running where gate_above <= gate signal <= gate_below, settled after `settle_s`; without a signal always running.

    A gap of more than an hour in the data starts the settling anew. `running` is the gate's own state, two cells.
    With `load` (a signal) or `load_above` (of the gate signal itself) a machine that runs is under load from
    `load_above` on until it falls below `load_release`, else idle; a change of regime settles as a start does, and
    only the rows of `regimes` (`load`, `idle` or `both`) are scored. `running` then has a third cell.
    """

    def __init__(self, params: Params, place: Place, settle_s: float = 0.0) -> None:
        params.text("gate", "")
        self._column = place.gate
        self._low = params.number("gate_above", -math.inf)
        self._high = params.number("gate_below", math.inf)
        self._settle_ns = round(params.number("settle_s", settle_s, 0.0) * 1e9)
        self._load, self._above, self._release = _load_of(params, place)
        self.regimes = params.text("regimes", "load", *_REGIMES)
        if self._load < 0 and "regimes" in params:
            raise ConfigError(
                "regimes need a load", offender="gate.regimes", value=self.regimes, remedy="give load or load_above"
            )
        self.running = array("q", [-1, -1] if self._load < 0 else [-1, -1, 0])
        self._out = array("B")

    @property
    def parts(self) -> Gated:
        """What a row kernel needs: column, lowest and highest running value, settling time, gap, own state; with a load
        also its column, threshold and release, and a bit each for load (1) and idle (2), 0: not known yet."""
        plain = (self._column, self._low, self._high, self._settle_ns, _GAP_NS, self.running)
        if self._load < 0:
            return plain
        regimes = _REGIMES[self.regimes] if self._above == self._above else 0
        return (*plain, self._load, self._above, self._release, regimes)

    def restart(self) -> None:
        """Forget since when the asset runs."""
        self.running[:] = array("q", [-1, -1, 0][: len(self.running)])

    def mask(self, rows: FrameBlock) -> array[int]:
        """One state code a row; valid until the next call."""
        n = len(rows)
        if len(self._out) < n:
            self._out.extend(array("B", bytes(n - len(self._out))))
        if self._load < 0:
            kernels.gate_rows(
                rows.time_ns, rows.values, rows.width, n, self._column, self._low, self._high, self._settle_ns,
                _GAP_NS, self.running, self._out,
            )  # fmt: skip
        else:
            kernels.regime_rows(rows.time_ns, rows.values, rows.width, n, self.parts, self._out)
        return self._out


def _load_of(params: Params, place: Place) -> tuple[int, float, float]:
    """Column of the load signal (-1: none), threshold and release; NaN while the threshold is to be learned."""
    params.text("load", "")
    used = "load" in params or "load_above" in params
    column = place.load if "load" in params else place.gate if used else -1
    if used and column < 0:
        raise ConfigError(
            "no load signal", offender="gate.load_above", value=None, remedy="name it by load, or give a gate"
        )
    if not used and "load_release" in params:
        raise ConfigError("no load", offender="gate.load_release", value=None, remedy="give load_above")
    if params.is_word("load_above", LEARN) or (used and "load_above" not in params):
        params.number("load_release", 0.0)
        return column, math.nan, math.nan
    above = params.number("load_above", math.inf)
    return column, above, params.number("load_release", above, high=above)
