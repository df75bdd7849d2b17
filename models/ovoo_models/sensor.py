"""Sensors before processes: what a sensor check distrusts is missing for the models of the machine."""

from __future__ import annotations

from array import array
from typing import Final, Protocol, cast

from ovoo_packs.templates import ModelBinding

from ovoo_models._select import sensor_kernels
from ovoo_models.base import ALARM, Detector, FrameBlock, ScoreBlock
from ovoo_models.state import ArrayStore

__all__ = ["SENSOR_MODELS", "Mask", "Suspicious", "takes_doubt", "takes_relief"]

SENSOR_MODELS: Final = ("spike", "unit_slip", "flatline", "rate", "noise", "sensor_drift")
"""Models that judge an instrument; they see every value."""
_ALWAYS_RAW: Final = (*SENSOR_MODELS, "range")
"""Alarm limits, too, judge what the instrument says: a doubtful methane reading must still alarm."""


class Suspicious(Protocol):
    """A check of sensors."""

    def suspects(self, out: ScoreBlock, n: int) -> tuple[array[int], array[int]]:
        """For n rows just scored and latched: a state code and a column each; not to be used where it is ALARM."""
        ...


def takes_doubt(model: str) -> bool:
    """Whether a model does without signals that a sensor check distrusts."""
    return model not in _ALWAYS_RAW


def takes_relief(binding: ModelBinding) -> bool:
    """Whether operators' verdicts may raise the limit of a model: never that of an alarm limit."""
    return binding.model != "range"


class Mask:
    """Hides the signals that one check distrusts; goes on through rows that the check did not score."""

    def __init__(self, detector: Detector) -> None:
        self._check = cast("Suspicious", detector)
        self._carry = array("q", [-1])
        self.arrays = ArrayStore("mask", carry=self._carry)

    def hide(self, rows: FrameBlock, out: ScoreBlock, seen: FrameBlock) -> FrameBlock:
        """`seen` with the distrusted cells of `rows` missing; `out` is what the check said of `rows`, latched.

        Gives `seen` itself where nothing is hidden; copies `rows` before the first cell is.
        """
        n = len(rows)
        state, blamed = self._check.suspects(out, n)
        if self._carry[0] < 0 and state.tobytes().find(ALARM, 0, n) < 0:
            return seen
        if seen is rows:
            seen = FrameBlock(rows.time_ns, rows.values[:], rows.width)
        sensor_kernels.mask_rows(seen.values, rows.width, n, state, blamed, self._carry)
        return seen
