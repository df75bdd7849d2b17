"""Air compressor: specific power at its inlet, leakage from a fall of pressure, usable air of a receiver, cost.

w = P / V1 with V1 = V_ref (p_ref/p1)(T1/T_ref), kW per m3/min of inlet air (GB 19153, ISO 1217 annexes). No machine
needs less than the isothermal p1 ln(p2/p1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.equipment.kind import CELSIUS, Input, Kind
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.plausible import no_more_than_one, positive, within

__all__ = ["COMPRESSOR", "RunningCost", "air_leak", "free_air_m3_min", "running_cost", "usable_air_m3"]

COMPRESSOR: Final = Kind(
    "compressor", 3, "kW.min/m3",
    (
        Input("power_kw", "kW", "power"),
        Input("flow_m3_min", "m3/min", "flow"),
        Input("reference_kpa", "kPa", "pressure", default=101.325),
        Input("reference_c", "Cel", "temperature", *CELSIUS, default=0.0),
        Input("inlet_kpa", "kPa", "pressure", 1.0),
        Input("inlet_c", "Cel", "temperature", *CELSIUS),
        Input("discharge_kpa", "kPa", "pressure", 1.0),
    ),
    better=-1, credible=(0.0, 1e3), bounded="isothermal efficiency",
)  # fmt: skip
_ATMOSPHERE_KPA: Final = 101.325


def free_air_m3_min(
    flow_m3_min: float, reference_kpa: float, reference_c: float, inlet_kpa: float, inlet_c: float
) -> float:
    """Flow at the inlet's state of a flow stated at reference conditions; pressures absolute."""
    warm = within(inlet_c, *CELSIUS, "compressor.inlet_c", "C") + 273.15
    cold = within(reference_c, -273.0, CELSIUS[1], "compressor.reference_c", "C") + 273.15
    pressures = positive(reference_kpa, "compressor.reference_kpa", "kPa") / positive(
        inlet_kpa, "compressor.inlet_kpa", "kPa"
    )
    return positive(flow_m3_min, "compressor.flow", "m3/min") * pressures * warm / cold


def usable_air_m3(volume_m3: float, high_kpa: float, low_kpa: float, atmosphere_kpa: float = _ATMOSPHERE_KPA) -> float:
    """Free air that a receiver gives between two pressures (both gauge or both absolute), at equal temperature."""
    fall = positive(high_kpa - low_kpa, "receiver.p_high", "kPa, above p_low")
    within(low_kpa, -_ATMOSPHERE_KPA, 1e6, "receiver.p_low", "kPa")
    return positive(volume_m3, "receiver.volume", "m3") * fall / positive(atmosphere_kpa, "atmosphere", "kPa")


def air_leak(
    volume_m3: float, time_s: Sequence[float], pressure_kpa: Sequence[float], temperature_c: float,
    atmosphere_kpa: float = _ATMOSPHERE_KPA,
) -> Estimate:  # fmt: skip
    """Leakage in m3/min of free air at the receiver's temperature from its fall of absolute pressure without supply.

    Leaks are near to proportional to absolute pressure, so ln p falls along a line; its slope by least squares, its
    uncertainty from the scatter about it. The figure is that at the first pressure. A pressure that rises is refused.
    """
    n = len(time_s)
    if n < 3 or n != len(pressure_kpa):
        raise EvidenceError(
            "too few readings", code="equipment.too_few_readings", offender="leak.pressure", value=n,
            remedy="3 or more, a time each",
        )  # fmt: skip
    within(temperature_c, *CELSIUS, "leak.temperature", "C")
    logs = [math.log(positive(p, "leak.pressure", "kPa absolute")) for p in pressure_kpa]
    middle, level = math.fsum(time_s) / n, math.fsum(logs) / n
    spread = positive(math.fsum((t - middle) ** 2 for t in time_s), "leak.time", "s, rising")
    slope = math.fsum((t - middle) * y for t, y in zip(time_s, logs, strict=True)) / spread
    scatter = math.fsum((y - level - slope * (t - middle)) ** 2 for t, y in zip(time_s, logs, strict=True)) / (n - 2)
    to_flow = positive(volume_m3, "leak.volume", "m3") * math.exp(level - slope * (middle - time_s[0])) * 60.0
    to_flow /= positive(atmosphere_kpa, "atmosphere", "kPa")
    sigma = math.sqrt(scatter / spread)
    if slope > 2.0 * sigma:
        raise EvidenceError(
            "pressure rises while nothing should flow in", code="equipment.pressure_rises_while_nothing_should_flow",
            offender="leak.pressure", value=slope,
            remedy="choose a time when the compressor is off and the supply shut",
        )  # fmt: skip
    return Estimate(-slope * to_flow, sigma * to_flow, "m3/min")


@dataclass(frozen=True, slots=True)
class RunningCost:
    """What a year of a machine costs, in the currency of the price."""

    loaded: float
    unloaded: float

    @property
    def total(self) -> float:
        """Both together."""
        return self.loaded + self.unloaded


def running_cost(
    shaft_power_kw: float, unloaded_share: float, hours: float, loaded_time: float, loaded_efficiency: float,
    unloaded_efficiency: float, price_per_kwh: float,
) -> RunningCost:  # fmt: skip
    """Cost of a load/unload machine; shares 0 to 1 of full power, of time and of the motor's efficiency."""
    power = positive(shaft_power_kw, "compressor.shaft_power", "kW")
    within(hours, 0.0, 8784.0, "compressor.hours", "h in a year")
    within(unloaded_share, 0.0, 1.0, "compressor.unloaded_power", "of full power")
    within(loaded_time, 0.0, 1.0, "compressor.loaded_time", "of the time")
    within(price_per_kwh, 0.0, math.inf, "compressor.price", "per kWh")
    for name, each in (("eff_loaded", loaded_efficiency), ("eff_unloaded", unloaded_efficiency)):
        no_more_than_one(positive(each, f"compressor.{name}", "1"), f"compressor.{name}")
    loaded = power * hours * loaded_time / loaded_efficiency
    unloaded = power * unloaded_share * hours * (1.0 - loaded_time) / unloaded_efficiency
    return RunningCost(loaded * price_per_kwh, unloaded * price_per_kwh)
