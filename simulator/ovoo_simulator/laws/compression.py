"""Compressors: isentropic and isothermal work of air, heat balance of an oil-cooled screw."""

from __future__ import annotations

import numpy as np

from ovoo_simulator.arrays import FloatArray
from ovoo_simulator.weather import AIR_PRESSURE_PA

__all__ = ["isentropic_power_kw", "isothermal_power_kw", "oil_outlet_c"]

_KAPPA = 1.4
_POWER = (_KAPPA - 1.0) / _KAPPA
NORMAL_PRESSURE_PA = 101_325.0
NORMAL_K = 273.15


def isentropic_power_kw(flow_m3min: FloatArray, gauge_mpa: FloatArray, efficiency: FloatArray) -> FloatArray:
    """Electric power of a one-stage compressor, kappa/(kappa-1) p1 V1 ((p2/p1)^((kappa-1)/kappa) - 1) / eta.

    Args:
        flow_m3min: free air delivered at the plant's pressure.
        gauge_mpa: discharge gauge pressure.
        efficiency: isentropic, mechanical and electric together, (0, 1).
    """
    ratio = (gauge_mpa * 1e6 + AIR_PRESSURE_PA) / AIR_PRESSURE_PA
    work = AIR_PRESSURE_PA * flow_m3min / 60.0 / _POWER * (ratio**_POWER - 1.0)
    return work / efficiency / 1000.0


def isothermal_power_kw(
    normal_m3h: FloatArray, discharge_mpa: FloatArray, inlet_c: FloatArray, efficiency: FloatArray
) -> FloatArray:
    """Electric power of an intercooled compressor, p_n V_n (T1/T_n) ln(p2/p1) / eta; discharge pressure is absolute."""
    ratio = discharge_mpa * 1e6 / AIR_PRESSURE_PA
    work = NORMAL_PRESSURE_PA * normal_m3h / 3600.0 * (inlet_c + 273.15) / NORMAL_K * np.log(ratio)
    return work / efficiency / 1000.0


def oil_outlet_c(power_kw: FloatArray, oil_in_c: FloatArray, heat_share: float, oil_kw_per_k: float) -> FloatArray:
    """Discharge temperature when the injected oil takes `heat_share` of the power (heat balance of the stage)."""
    return oil_in_c + heat_share * power_kw / oil_kw_per_k
