"""A limit that remembers how great a fault was."""

from __future__ import annotations

from array import array

from ovoo_models._select import memory_kernels
from ovoo_models.base import FrameBlock, ScoreBlock
from ovoo_models.params import Params

__all__ = ["PeakLimit"]


class PeakLimit:
    """Parameters `peak_share`, 0 (off) to below 1, and `peak_half_s`, the time in which the remembered peak halves."""

    def __init__(self, params: Params, period_ns: int, reset_ns: int) -> None:
        self._share = params.number("peak_share", 0.0, 0.0, 0.99)
        half_s = params.number("peak_half_s", 3600.0, 1e-3)
        self._decay = 0.5 ** (period_ns / (half_s * 1e9))
        self._period_ns, self._reset_ns = period_ns, reset_ns
        self._peak, self._at = array("d", [0.0]), array("q", [-1])

    def restart(self) -> None:
        """Forget the peak."""
        self._peak[0], self._at[0] = 0.0, -1

    def apply(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Raise the limits of rows just scored."""
        if self._share > 0.0:
            memory_kernels.peak_limit_rows(
                rows.time_ns, out.score, out.limits, out.state, len(rows), self._share, self._decay,
                self._period_ns, self._reset_ns, self._peak, self._at,
            )  # fmt: skip

    def arrays(self) -> dict[str, array[float] | array[int]]:
        """State by name; nothing where the limit does not move."""
        return {"peak": self._peak, "peak_ns": self._at} if self._share > 0.0 else {}
