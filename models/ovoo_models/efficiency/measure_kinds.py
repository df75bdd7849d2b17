"""The kinds of measures there are: which measured inputs each needs, and the balance that gives its saving.

Each formula is an energy balance over measured inputs and a decision (a target). No rule of thumb is in here: where
the slope of power over pressure or the efficiency at another oxygen content was not measured, there is no saving.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ovoo_contract.errors import ConfigError

__all__ = ["KINDS", "Input", "MeasureKind", "Option", "kind_of"]

Option = Literal["A", "B", "C", "D"]
Values = Mapping[str, float]
_WH_PER_GJ: Final = 1e9 / 3600.0


@dataclass(frozen=True, slots=True)
class Input:
    """An input in `unit` within [low, high]; `chosen` is a decision of the case, all else is measured."""

    unit: str
    low: float = 0.0
    high: float = float("inf")
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class MeasureKind:
    """`formula` gives the saving in `unit` over the time the inputs cover. `option` is the usual IPMVP option to prove
    it by: A key parameters measured, B all, C the whole site's meter, D calibrated simulation."""

    id: str
    name_zh: str
    name_en: str
    unit: Literal["kWh", "GJ", "kW", "yuan"]
    inputs: Mapping[str, Input]
    formula: Callable[[Values], float]
    option: Option
    boundary: str
    variables: tuple[str, ...]


_SHARE: Final = Input("1", 0.0, 1.0)
_EFFICIENCY: Final = Input("1", 0.01, 1.0)
_CHOSEN_SHARE: Final = Input("1", 0.0, 1.0, chosen=True)
_HOURS: Final = Input("h")
_ENTHALPY: Final = Input("kJ/kg", 0.0, 5000.0)


def _pressure_band(v: Values) -> float:
    return v["power_per_pressure"] * v["pressure_cut"] * v["loaded_hours"]


def _throttling(v: Values) -> float:
    return (v["damper_drop"] - v["remaining_drop"]) * v["flow"] / v["fan_efficiency"] * v["hours"]


def _blowdown(v: Values) -> float:
    now, then = (share / (1.0 - share) for share in (v["blowdown_share"], v["target_share"]))
    heat = v["blowdown_enthalpy"] - v["makeup_enthalpy"]
    return v["steam_mass"] * (now - then) * heat / v["boiler_efficiency"] * 1e-3


def _oxygen(v: Values) -> float:
    return v["fuel_heat"] * (1.0 - v["efficiency_now"] / v["efficiency_at_target"])


def _condensate(v: Values) -> float:
    heat = v["condensate_enthalpy"] - v["makeup_enthalpy"]
    return v["condensate_lost"] * v["returned_share"] * heat / v["boiler_efficiency"] * 1e-3


def _bare_pipe(v: Values) -> float:
    spared = (v["bare_loss"] - v["insulated_loss"]) * v["length"]
    return spared * v["hours"] / v["boiler_efficiency"] / _WH_PER_GJ


def _idle(v: Values) -> float:
    return v["idle_energy"] * v["avoidable_share"]


def _leaks(v: Values) -> float:
    return v["leak_power"] * v["pressurised_hours"] * v["repaired_share"]


def _ventilation(v: Values) -> float:
    return v["saved_power"] * v["fan_hours"]


def _shaving(v: Values) -> float:
    return v["peak_power"] - v["reachable_power"]


def _shifting(v: Values) -> float:
    return v["cost_now"] - v["cost_planned"]


_LIST: Final = (
    MeasureKind(
        "compressor_pressure", "降低空压机压力带", "Lower pressure band of the compressors", "kWh",
        {
            "power_per_pressure": Input("kW/bar"), "loaded_hours": _HOURS,
            "pressure_cut": Input("bar", 0.0, 10.0, chosen=True),
        },
        _pressure_band, "B", "compressors of the station", ("air delivered", "inlet temperature", "pressure"),
    ),
    MeasureKind(
        "fan_throttling", "风机节流改调速", "Speed control instead of a throttled fan", "kWh",
        {
            "damper_drop": Input("kPa"), "flow": Input("m3/s"), "fan_efficiency": _EFFICIENCY, "hours": _HOURS,
            "remaining_drop": Input("kPa", chosen=True),
        },
        _throttling, "B", "fan, damper and drive", ("air flow", "running hours"),
    ),
    MeasureKind(
        "blowdown", "降低锅炉排污率", "Lower blowdown of the boiler", "GJ",
        {
            "steam_mass": Input("t"), "blowdown_share": Input("1", 0.0, 0.5), "blowdown_enthalpy": _ENTHALPY,
            "makeup_enthalpy": _ENTHALPY, "boiler_efficiency": _EFFICIENCY,
            "target_share": Input("1", 0.0, 0.5, chosen=True),
        },
        _blowdown, "A", "boiler with its feed and blowdown", ("steam", "conductivity of the boiler water"),
    ),
    MeasureKind(
        "excess_oxygen", "降低过量空气（氧量）", "Lower excess oxygen of the boiler", "GJ",
        {"fuel_heat": Input("GJ"), "efficiency_now": _EFFICIENCY, "efficiency_at_target": _EFFICIENCY},
        _oxygen, "B", "boiler", ("steam", "fuel", "oxygen", "flue temperature"),
    ),
    MeasureKind(
        "condensate", "回收凝结水", "Return of condensate", "GJ",
        {
            "condensate_lost": Input("t"), "condensate_enthalpy": _ENTHALPY, "makeup_enthalpy": _ENTHALPY,
            "boiler_efficiency": _EFFICIENCY, "returned_share": _CHOSEN_SHARE,
        },
        _condensate, "A", "condensate system up to the feed tank", ("steam", "make-up water"),
    ),
    MeasureKind(
        "bare_pipe", "裸管保温", "Insulation of bare pipe", "GJ",
        {
            "bare_loss": Input("W/m"), "insulated_loss": Input("W/m"), "length": Input("m"), "hours": _HOURS,
            "boiler_efficiency": _EFFICIENCY,
        },
        _bare_pipe, "A", "the stretches of pipe named", ("surface temperature", "hours under steam"),
    ),
    MeasureKind(
        "idle_switch_off", "空转停机", "Switching off idle machines", "kWh",
        {"idle_energy": Input("kWh"), "avoidable_share": _CHOSEN_SHARE},
        _idle, "B", "the machines named", ("minutes by state", "shifts"),
    ),
    MeasureKind(
        "leak_repair", "压缩空气堵漏", "Repair of compressed-air leaks", "kWh",
        {"leak_power": Input("kW"), "pressurised_hours": _HOURS, "repaired_share": _CHOSEN_SHARE},
        _leaks, "B", "compressed-air network", ("pressure", "air used by production"),
    ),
    MeasureKind(
        "ventilation", "通风网络调节", "Regulators and fans of the ventilation network", "kWh",
        {"saved_power": Input("kW"), "fan_hours": Input("h", 0.0, 8784.0, chosen=True)},
        _ventilation, "D", "main fans and the network they serve", ("air flow of each face", "running hours"),
    ),
    MeasureKind(
        "demand_shaving", "削减最大需量", "Shaving of the demand peak", "kW",
        {"peak_power": Input("kW"), "reachable_power": Input("kW")},
        _shaving, "C", "the site's billing meter", ("production", "demand of the month"),
    ),
    MeasureKind(
        "load_shifting", "移峰填谷", "Shifting load to cheaper hours", "yuan",
        {"cost_now": Input("yuan", float("-inf")), "cost_planned": Input("yuan", float("-inf"))},
        _shifting, "C", "the site's billing meter", ("production", "prices by band"),
    ),
)  # fmt: skip
KINDS: Final[Mapping[str, MeasureKind]] = {kind.id: kind for kind in _LIST}
"""Kinds by id."""


def kind_of(name: str) -> MeasureKind:
    """The kind; raises ConfigError naming those there are."""
    found = KINDS.get(name)
    if found is None:
        raise ConfigError(
            "no such measure", code="measure_kinds.no_such_measure", slots={"known": ", ".join(KINDS)},
            offender="measures", value=name, remedy=f"one of {', '.join(KINDS)}",
        )  # fmt: skip
    return found
