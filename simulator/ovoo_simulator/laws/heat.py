"""Boiler, cooling tower, evaporator: heat and water balances."""

from __future__ import annotations

import numpy as np

from ovoo_simulator.arrays import FloatArray

__all__ = [
    "COAL_LHV_KJ_KG",
    "FEEDWATER_KJ_KG",
    "boiler_efficiency",
    "concentrate_share",
    "fuel_rate_th",
    "soft_floor",
    "steam_enthalpy",
    "water_range_k",
]

COAL_LHV_KJ_KG = 21_000.0
FEEDWATER_KJ_KG = 945.0
"""Enthalpy of feed water at 220 degC and 11 MPa."""
_UNBURNED = 1.5
_RADIATION = 0.5


def steam_enthalpy(pressure_mpa: FloatArray, temp_c: FloatArray) -> FloatArray:
    """Enthalpy in kJ/kg of superheated steam near 9.8 MPa and 540 degC.

    Plane through IAPWS-IF97 values (9.8 MPa, 540 degC: 3,477.6 kJ/kg); within 3 kJ/kg for +-0.6 MPa and +-20 K.
    """
    return 3477.6 + 2.47 * (temp_c - 540.0) - 6.4 * (pressure_mpa - 9.8)


def boiler_efficiency(flue_temp_c: FloatArray, flue_o2: FloatArray, air_temp_c: FloatArray) -> FloatArray:
    """Efficiency by losses: flue gas (3.55 alpha + 0.44)(T - T_air)/100 %, unburned 1.5 %, radiation 0.5 %.

    alpha = 21 / (21 - O2) is the excess-air ratio from the measured oxygen in %.
    """
    alpha = 21.0 / (21.0 - flue_o2)
    flue_loss = (3.55 * alpha + 0.44) * (flue_temp_c - air_temp_c) / 100.0
    return (100.0 - flue_loss - _UNBURNED - _RADIATION) / 100.0


def fuel_rate_th(
    steam_th: FloatArray, pressure_mpa: FloatArray, temp_c: FloatArray, efficiency: FloatArray
) -> FloatArray:
    """Coal in t/h from the heat balance: fuel LHV eta = steam (h_steam - h_feed)."""
    gain = steam_enthalpy(pressure_mpa, temp_c) - FEEDWATER_KJ_KG
    return steam_th * gain / (COAL_LHV_KJ_KG * efficiency)


def water_range_k(heat_mw: FloatArray, water_m3h: FloatArray) -> FloatArray:
    """Temperature rise in K of cooling water that takes `heat_mw`."""
    return heat_mw * 3600.0 / (water_m3h * 0.998 * 4.186)


def soft_floor(value: FloatArray, floor: float, width: float) -> FloatArray:
    """`value` well above `floor`, `floor` well below it, a bend of `width` between (a fan slowed against frost)."""
    return floor + width * np.logaddexp(0.0, (value - floor) / width)


def concentrate_share(feed_solids: FloatArray | float, out_solids: FloatArray) -> FloatArray:
    """Mass of concentrate per mass of feed: solids are kept, water leaves."""
    return np.asarray(feed_solids, dtype=np.float64) / out_solids
