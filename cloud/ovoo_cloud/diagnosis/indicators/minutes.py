"""One signal of a machine by minute, read from the samples once more when a machine is judged."""

from __future__ import annotations

import numpy as np
from ovoo_contract.quality import CLOCK_SUSPECT, UNCERTAIN

from ovoo_cloud.diagnosis.indicators.doubt import MinuteSeries
from ovoo_cloud.diagnosis.observe import Observation, SignalScan, good_series, held_minutes, held_values

__all__ = ["minute_series"]


def minute_series(scan: SignalScan, seen: Observation) -> MinuteSeries:
    """Values, good minutes and minutes whose time nobody doubts."""
    window = seen.window
    columns = seen.source.samples(scan.entry.address, window.start_ns, window.end_ns)
    quality = np.asarray(columns.quality, dtype=np.uint32)
    sure = (quality < UNCERTAIN) & (quality & CLOCK_SUSPECT == 0)
    times = np.asarray(columns.time_ns, dtype=np.int64)
    return MinuteSeries(
        entry=scan.entry,
        value=held_values(good_series(columns), scan.entry, window),
        good=scan.good,
        dated=held_minutes(times[sure], scan.entry, window),
    )
