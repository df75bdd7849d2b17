"""Units of published equipment calculations into the SI units of our functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["FACTORS", "kelvin", "si"]

_FOOT: Final = 0.3048
_GALLON: Final = 231 * 0.0254**3
_POUND: Final = 0.45359237
_G: Final = 9.80665
_BTU: Final = 1055.05585262

FACTORS: Final[Mapping[str, float]] = {
    "": 1.0, "-": 1.0, "1": 1.0, "%": 0.01, "vol%": 0.01, "% of full": 0.01, "mol%": 0.01,
    "gpm": _GALLON / 60, "m3/h": 1 / 3600, "m3/s": 1.0, "m3/min": 1 / 60, "l/s": 1e-3, "L/s": 1e-3,
    "cfm": _FOOT**3 / 60, "acfm": _FOOT**3 / 60, "scfm": _FOOT**3 / 60, "gal": _GALLON, "ft3": _FOOT**3, "m3": 1.0,
    "scf": _FOOT**3, "ft": _FOOT, "m": 1.0, "in": 0.0254,
    "kW": 1.0, "W": 1e-3, "MW": 1e3, "hp": 550 * _FOOT * _POUND * _G / 1e3, "Btu/h": _BTU / 3.6e6,
    "MMBtu/h": _BTU / 3.6, "kJ/h": 1 / 3600,
    "Pa": 1.0, "kPa": 1e3, "MPa": 1e6, "bar": 1e5, "psi": _POUND * _G / 0.0254**2, "psig": _POUND * _G / 0.0254**2,
    "psia": _POUND * _G / 0.0254**2, "inH2O": 249.08891, "inHg": 3386.389,
    "V": 1.0, "A": 1.0, "h": 1.0, "$/kWh": 1.0, "$": 1.0, "yuan/kWh": 1.0, "yuan": 1.0,
    "kJ/kg": 1.0, "Btu/lb": _BTU / _POUND / 1e3, "kJ/kgK": 1.0, "kJ/kg/K": 1.0, "kJ/(kg K)": 1.0, "m3/kg": 1.0,
    "kg/h": 1.0, "kg/s": 3600.0, "t/h": 1000.0, "kg/m3": 1.0, "Btu/scf": _BTU / _FOOT**3 / 1e6, "MJ/m3": 1.0,
    "MJ/kg": 1.0, "lb/ft3": _POUND / _FOOT**3, "lb/gal": _POUND / _GALLON, "Btu/lb-F": _BTU / _POUND / 1e3 * 1.8,
    "Btu/(lb F)": _BTU / _POUND / 1e3 * 1.8, "Btu/lbF": _BTU / _POUND / 1e3 * 1.8, "kJ/kg.K": 1.0, "lb/h": _POUND,
    "mmHg": 133.322387415, "mbar": 100.0, "atm": 101_325.0, "kV": 1e3, "mA": 1e-3, "kVA": 1.0, "L/min": 1e-3 / 60,
}  # fmt: skip
"""SI per unit: m3/s, m3, m, kW, Pa, kJ/kg, kg/h, MJ/m3; shares for percent."""


def si(value: float, unit: str) -> float:
    """`value` in SI; KeyError names an unknown unit."""
    return value * FACTORS[unit]


def kelvin(value: float, unit: str) -> float:
    """A temperature in K; KeyError names an unknown unit."""
    return {"K": value, "C": value + 273.15, "Cel": value + 273.15, "F": (value - 32.0) / 1.8 + 273.15,
            "R": value / 1.8}[unit]  # fmt: skip
