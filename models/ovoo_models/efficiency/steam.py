"""Properties of water and steam by IAPWS-IF97: liquid, steam, near and above the critical point, saturation.

Range: 0 < p <= 100 MPa, 273.15 K <= T <= 1073.15 K (regions 1 to 4; region 5 is not held). Pressures are absolute, MPa;
enthalpies kJ/kg, entropies and heat capacities kJ/(kg K), volumes m3/kg. Source: IAPWS R7-97(2012), SR3-03(2014).
Single values refuse what is out of range; columns hold NaN there.

>>> round(enthalpy_kj_kg(3.0, 500.0), 6)
975.542239
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass

from ovoo_contract.errors import EvidenceError

from ovoo_models._select import steam_kernels as kernels

__all__ = [
    "Steam", "boiling_temperature_k", "boiling_temperatures_k", "dryness", "drynesses", "enthalpies_kj_kg",
    "enthalpy_kj_kg", "saturated", "saturation_pressure_mpa", "steam_at", "steam_from_enthalpy", "steam_from_entropy",
    "temperature_k", "temperatures_k",
]  # fmt: skip

_RANGE = "0 < p <= 100 MPa absolute and 273.15 to 1073.15 K"
_WET_RANGE = "611.213 Pa to 22.064 MPa, 273.15 to 647.096 K"


@dataclass(frozen=True, slots=True)
class Steam:
    """One state. `dryness` is 0 for water, 1 for steam alone, NaN above the critical pressure."""

    region: int
    pressure_mpa: float
    temperature_k: float
    volume_m3_kg: float
    enthalpy_kj_kg: float
    entropy_kj_kg_k: float
    dryness: float

    @property
    def energy_kj_kg(self) -> float:
        """Internal energy h - p v."""
        return self.enthalpy_kj_kg - 1e3 * self.pressure_mpa * self.volume_m3_kg


def enthalpy_kj_kg(pressure_mpa: float, temperature_k: float) -> float:
    """h(p, T); EvidenceError out of range. On the saturation line it is that of the water."""
    return _known(kernels.hpt(pressure_mpa, temperature_k), "steam.pressure, temperature", pressure_mpa, temperature_k)


def temperature_k(pressure_mpa: float, enthalpy: float) -> float:
    """T(p, h) within 1e-6 K of the T for which h(p, T) = h; in wet steam the boiling temperature.

    Backward equation as start, polished by Newton. On the boundaries of region 3 IF97 itself steps by up to
    0.2 kJ/kg: there two temperatures, some hundredths of a kelvin apart, have the same enthalpy.
    """
    return _known(kernels.tph(pressure_mpa, enthalpy), "steam.pressure, enthalpy", pressure_mpa, enthalpy)


def saturation_pressure_mpa(temperature: float) -> float:
    """Saturation pressure at 273.15 to 647.096 K."""
    return _known(kernels.psat(temperature), "steam.temperature", temperature, remedy=_WET_RANGE)


def boiling_temperature_k(pressure_mpa: float) -> float:
    """Saturation temperature at 611.213 Pa to 22.064 MPa."""
    return _known(kernels.tsat(pressure_mpa), "steam.pressure", pressure_mpa, remedy=_WET_RANGE)


def dryness(pressure_mpa: float, enthalpy: float) -> float:
    """x(p, h), the share of steam by mass: 0 for water, 1 for steam; EvidenceError above the critical pressure."""
    return _known(kernels.xph(pressure_mpa, enthalpy), "steam.pressure, enthalpy", pressure_mpa, enthalpy)


def steam_at(pressure_mpa: float, temperature: float) -> Steam:
    """The state at p and T; EvidenceError out of range."""
    v, h, s, _cp = kernels.state(pressure_mpa, temperature)
    _known(h, "steam.pressure, temperature", pressure_mpa, temperature)
    region = kernels.region_pt(pressure_mpa, temperature)
    return Steam(region, pressure_mpa, temperature, v, h, s, kernels.xph(pressure_mpa, h))


def steam_from_enthalpy(pressure_mpa: float, enthalpy: float) -> Steam:
    """The state at p and h, wet steam included."""
    temperature = temperature_k(pressure_mpa, enthalpy)
    if kernels.region_ph(pressure_mpa, enthalpy) == 4:
        return saturated(pressure_mpa, kernels.xph(pressure_mpa, enthalpy))
    return steam_at(pressure_mpa, min(max(temperature, 273.15), 1073.15))


def saturated(pressure_mpa: float, share: float) -> Steam:
    """Wet steam at p of which `share` (0 to 1) by mass is steam."""
    if not 0.0 <= share <= 1.0:
        raise EvidenceError(
            "no share of steam", code="steam.no_share_of_steam", offender="steam.dryness", value=share, remedy="0 to 1"
        )
    t, v1, h1, s1, v2, h2, s2 = kernels.saturated(pressure_mpa)
    _known(t, "steam.pressure", pressure_mpa, remedy=_WET_RANGE)
    mixed = (v1 + share * (v2 - v1), h1 + share * (h2 - h1), s1 + share * (s2 - s1))
    return Steam(4, pressure_mpa, t, *mixed, share)


def steam_from_entropy(pressure_mpa: float, entropy: float) -> Steam:
    """The state at p and s, for expansion without loss; found by halving in T, to 1e-9 K."""
    if 6.11213e-4 < pressure_mpa < 22.064:
        _t, _v1, _h1, s1, _v2, _h2, s2 = kernels.saturated(pressure_mpa)
        if s1 <= entropy <= s2:
            return saturated(pressure_mpa, (entropy - s1) / (s2 - s1))
    low, high = 273.15, 1073.15
    first, last = steam_at(pressure_mpa, low).entropy_kj_kg_k, steam_at(pressure_mpa, high).entropy_kj_kg_k
    if not first <= entropy <= last:
        raise EvidenceError(
            "entropy out of range", code="steam.entropy_out_of_range", offender="steam.entropy", value=entropy,
            remedy=_RANGE,
        )  # fmt: skip
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        if kernels.state(pressure_mpa, middle)[2] < entropy:
            low = middle
        else:
            high = middle
    return steam_at(pressure_mpa, 0.5 * (low + high))


def enthalpies_kj_kg(pressure_mpa: array[float], temperature: array[float], out: array[float]) -> None:
    """h of each row into `out`; NaN where out of range. ValueError where a column is shorter than the first."""
    _rows(kernels.hpt_rows, pressure_mpa, temperature, out)


def temperatures_k(pressure_mpa: array[float], enthalpy: array[float], out: array[float]) -> None:
    """T(p, h) of each row into `out`."""
    _rows(kernels.tph_rows, pressure_mpa, enthalpy, out)


def drynesses(pressure_mpa: array[float], enthalpy: array[float], out: array[float]) -> None:
    """x(p, h) of each row into `out`."""
    _rows(kernels.xph_rows, pressure_mpa, enthalpy, out)


def boiling_temperatures_k(pressure_mpa: array[float], out: array[float]) -> None:
    """Saturation temperature of each row into `out`."""
    if len(out) < len(pressure_mpa):
        raise ValueError("a column is shorter than the first")
    kernels.tsat_rows(pressure_mpa, len(pressure_mpa), out)


def _rows(
    kernel: Callable[[array[float], array[float], int, array[float]], None],
    first: array[float],
    second: array[float],
    out: array[float],
) -> None:
    if len(second) < len(first) or len(out) < len(first):
        raise ValueError("a column is shorter than the first")
    kernel(first, second, len(first), out)


def _known(found: float, offender: str, *given: float, remedy: str = _RANGE) -> float:
    if math.isnan(found):
        value = given[0] if len(given) == 1 else given
        raise EvidenceError(
            "outside IAPWS-IF97", code="steam.outside_iapws_if97", offender=offender, value=value, remedy=remedy
        )
    return found
