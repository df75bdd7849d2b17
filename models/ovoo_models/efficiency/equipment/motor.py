"""Motor: load fraction, three-phase power.

load = P_electric eta / P_rated; P = sqrt(3) U I cos phi of three phases. Source: IEC 60034-1 for the rated quantities.
"""

from __future__ import annotations

import math
from typing import Final

from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.equipment.kind import Input, Kind, share
from ovoo_models.efficiency.plausible import positive, within

__all__ = ["MOTOR", "electric_power_kw"]

MOTOR: Final = Kind(
    "motor", 7, "1",
    (Input("power_kw", "kW", "power"), Input("rated_kw", "kW", "power", 1e-6), share("efficiency")),
    credible=(0.0, 3.0), bounded="efficiency",
)  # fmt: skip


def electric_power_kw(voltage_v: float, current_a: float, power_factor: float, phases: int = 3) -> float:
    """Active power of one or three phases, line voltage and line current."""
    if phases not in (1, 3):
        raise EvidenceError(
            "no such number of phases", code="equipment.no_such_number_of_phases", offender="motor.phases",
            value=phases, remedy="1 or 3",
        )  # fmt: skip
    within(power_factor, 0.0, 1.0, "motor.power_factor", "")
    apparent = positive(voltage_v, "motor.voltage", "V") * positive(current_a, "motor.current", "A") / 1e3
    return (math.sqrt(3.0) if phases == 3 else 1.0) * apparent * power_factor
