"""Hold tube of a pasteuriser: residence time and lethality."""

from __future__ import annotations

from ovoo_simulator.arrays import FloatArray

__all__ = ["DIVERT_BELOW_C", "HOLD_SECONDS", "HOLD_TUBE_M3", "Z_VALUE_K", "hold_seconds", "lethality"]

HOLD_TUBE_M3 = 0.056
DIVERT_BELOW_C = 72.0
HOLD_SECONDS = 15.0
Z_VALUE_K = 10.0
_FASTEST_SHARE = 0.85


def hold_seconds(flow_m3h: FloatArray) -> FloatArray:
    """Residence time of the fastest particle: 0.85 of tube volume over flow (turbulent flow)."""
    return _FASTEST_SHARE * HOLD_TUBE_M3 / (flow_m3h / 3600.0)


def lethality(flow_m3h: FloatArray, hold_temp_c: FloatArray) -> FloatArray:
    """Lethality relative to 15 s at 72 degC: t / 15 * 10^((T - 72) / z); >= 1 is pasteurised.

    >>> import numpy as np
    >>> float(lethality(np.array([0.85 * 0.056 / 15 * 3600]), np.array([72.0])).round(6)[0])
    1.0
    """
    return hold_seconds(flow_m3h) / HOLD_SECONDS * 10.0 ** ((hold_temp_c - DIVERT_BELOW_C) / Z_VALUE_K)
