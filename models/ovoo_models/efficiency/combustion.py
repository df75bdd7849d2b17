"""Heating value of a fuel gas from its components.

Molar gross heating values of ideal gases burnt at 25 C, kJ/mol: ISO 6976:1995, table 3. The net value is the gross one
less 44.016 kJ for each mole of water formed (its latent heat at 25 C).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.plausible import positive, within

__all__ = ["COMPONENTS", "Component", "HeatingValue", "gas_heating_value"]

_LATENT_KJ_MOL: Final = 44.016
_GAS_CONSTANT: Final = 8.314462618
_SUM_TOLERANCE: Final = 0.005
_OXYGEN_IN_AIR: Final = 0.20946


@dataclass(frozen=True, slots=True)
class Component:
    """Gross heating value in kJ/mol, moles of water formed and of oxygen needed by one mole, molar mass in g/mol."""

    gross_kj_mol: float
    water: float
    oxygen: float
    mass_g_mol: float


COMPONENTS: Final[Mapping[str, Component]] = {
    "CH4": Component(890.63, 2.0, 2.0, 16.043),
    "C2H6": Component(1560.69, 3.0, 3.5, 30.07),
    "C3H8": Component(2219.17, 4.0, 5.0, 44.097),
    "C4H10": Component(2877.40, 5.0, 6.5, 58.123),
    "C5H12": Component(3535.77, 6.0, 8.0, 72.15),
    "C2H4": Component(1411.18, 2.0, 3.0, 28.054),
    "C3H6": Component(2058.02, 3.0, 4.5, 42.081),
    "C2H2": Component(1301.05, 1.0, 2.5, 26.038),
    "H2": Component(285.83, 1.0, 0.5, 2.0159),
    "CO": Component(282.98, 0.0, 0.5, 28.01),
    "H2S": Component(562.01, 1.0, 1.5, 34.082),
    "N2": Component(0.0, 0.0, 0.0, 28.0135),
    "CO2": Component(0.0, 0.0, 0.0, 44.01),
    "H2O": Component(0.0, 0.0, 0.0, 18.0153),
    "SO2": Component(0.0, 0.0, 0.0, 64.065),
    "AR": Component(0.0, 0.0, 0.0, 39.948),
    "O2": Component(0.0, 0.0, -1.0, 31.9988),
}


@dataclass(frozen=True, slots=True)
class HeatingValue:
    """Of a cubic metre of ideal gas at the stated conditions, MJ/m3; dry air that just burns it, m3 per m3; kg/m3."""

    gross_mj_m3: float
    net_mj_m3: float
    air_m3_m3: float
    density_kg_m3: float

    @property
    def gross_mj_kg(self) -> float:
        """Of a kilogram."""
        return self.gross_mj_m3 / self.density_kg_m3

    @property
    def net_mj_kg(self) -> float:
        """Of a kilogram."""
        return self.net_mj_m3 / self.density_kg_m3


def gas_heating_value(
    shares: Mapping[str, float], temperature_k: float = 288.15, pressure_kpa: float = 101.325
) -> HeatingValue:
    """Heating value of a mixture given as volume shares (0 to 1, sum 1 within 0.5 %), per m3 at T and p.

    >>> round(gas_heating_value({"CH4": 1.0}).gross_mj_m3, 2)
    37.67
    """
    for name, share in shares.items():
        if name not in COMPONENTS:
            known = ", ".join(COMPONENTS)
            raise EvidenceError(
                "unknown component", code="combustion.unknown_component", slots={"known": known}, offender=name,
                value=share, remedy=f"one of {known}",
            )  # fmt: skip
        within(share, 0.0, 1.0, name, "of the volume")
    total = sum(shares.values())
    if not abs(total - 1.0) <= _SUM_TOLERANCE:
        raise EvidenceError(
            "shares must add up to 1", code="combustion.shares_must_add_up_to_1", offender="composition", value=total,
            remedy="0.995 to 1.005",
        )  # fmt: skip
    pressure_pa = positive(pressure_kpa, "pressure_kpa", "kPa") * 1e3
    moles_per_m3 = pressure_pa / (_GAS_CONSTANT * positive(temperature_k, "temperature_k", "K"))
    parts = [(share / total, COMPONENTS[name]) for name, share in shares.items()]
    gross = sum(share * each.gross_kj_mol for share, each in parts)
    if gross <= 0.0:
        raise EvidenceError(
            "nothing in it burns", code="combustion.nothing_in_it_burns", offender="composition", value=dict(shares),
            remedy="name a fuel gas",
        )  # fmt: skip
    net = gross - _LATENT_KJ_MOL * sum(share * each.water for share, each in parts)
    oxygen = max(sum(share * each.oxygen for share, each in parts), 0.0)
    mass = sum(share * each.mass_g_mol for share, each in parts)
    per_m3 = moles_per_m3 * 1e-3
    return HeatingValue(gross * per_m3, net * per_m3, oxygen / _OXYGEN_IN_AIR, mass * per_m3)
