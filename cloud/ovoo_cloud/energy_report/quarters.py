"""The quarter hours of the site: the sum of its meters, unknown where one of them is not known."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS, Intervals

from ovoo_cloud.diagnosis.energy import MeterEnergy
from ovoo_cloud.diagnosis.meters import quarterly
from ovoo_cloud.diagnosis.observe import SignalScan, Window

__all__ = ["FULL_S", "SiteQuarters", "site_quarters"]

FULL_S = 810.0
"""Covered seconds, nine tenths, from which the mean power of a quarter hour is told."""


@dataclass(frozen=True, slots=True)
class SiteQuarters:
    """Energy of all meters by quarter hour; `covered_s` is that of the meter that covers least."""

    start_ns: int
    kwh: npt.NDArray[np.float64]
    covered_s: npt.NDArray[np.float64]
    scans: tuple[SignalScan, ...]

    def billed(self) -> Intervals:
        """What was measured, for the bill: NaN only where nothing is known."""
        return Intervals.regular(self.start_ns, QUARTER_NS, array("d", self.kwh.tolist()))

    def full(self) -> Intervals:
        """Quarter hours that are covered by nine tenths or more, for powers; NaN elsewhere."""
        kwh = np.where(self.covered_s >= FULL_S, self.kwh, np.nan)
        return Intervals.regular(self.start_ns, QUARTER_NS, array("d", kwh.tolist()))


def site_quarters(meters: Sequence[MeterEnergy], scans: Sequence[SignalScan], window: Window) -> SiteQuarters | None:
    """The sum over the meters; None without a meter."""
    if not meters:
        return None
    each = [quarterly(meter.parts, window) for meter in meters]
    kwh, covered = each[0].kwh.copy(), each[0].covered_s.copy()
    for more in each[1:]:
        kwh, covered = kwh + more.kwh, np.minimum(covered, more.covered_s)
    return SiteQuarters(window.start_ns, kwh, covered, tuple(scans))
