"""Published equipment calculations through our engine, and impossible variants of each that it must refuse.

A case has a domain, inputs and expected values, each with its unit. Which function computes it follows from the domain
and the names of its inputs; a case for which there is none counts as failed, by name.
"""

from __future__ import annotations

import argparse
import json
import math
import pathlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_contract.errors import OvooError
from ovoo_models.efficiency import combustion, steam, steam_system
from ovoo_models.efficiency.equipment import chiller, compressor, fan, motor, pump
from ovoo_models.efficiency.plausible import positive, within

from benchmarks import frame
from benchmarks.energy_units import FACTORS, kelvin, si

MEASURES = ("benchmarks/energy_units.py", "contract", "models")
DEFAULT = frame.DATA / "energy-cases.json"
ATMOSPHERE_PA = 101_325.0
AIR_KG_MOL = 0.0289647
STANDARD_K = (60.0 - 32.0) / 1.8 + 273.15
"""Standard cubic feet are at 60 F and 14.696 psi."""
Results = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of a case in SI by name."""

    given: Mapping[str, Any]

    def get(self, name: str, default: float | None = None) -> float:
        """In SI; KeyError where it is absent and has no default."""
        if name not in self.given and default is not None:
            return default
        each = self.given[name]
        return si(float(each["value"]), each["unit"])

    def temperature(self, name: str) -> float:
        """In K."""
        return kelvin(float(self.given[name]["value"]), self.given[name]["unit"])

    def has(self, *names: str) -> bool:
        """Whether all are given."""
        return all(name in self.given for name in names)


def pump_case(case: Inputs) -> Results:
    """Hydraulic power; shaft power and efficiency where the motor is given."""
    density = 1000.0 * case.get("specific_gravity", 1.0)
    hydraulic = pump.hydraulic_power_kw(case.get("flow"), case.get("head"), density)
    if case.has("motor_power"):
        shaft = pump.shaft_power_kw(
            case.get("motor_power"), case.get("motor_efficiency"), case.get("drive_efficiency", 1.0)
        )
    elif case.has("shaft_power"):
        shaft = case.get("shaft_power")
    else:
        return {"fluid_power": hydraulic}
    return {"fluid_power": hydraulic, "shaft_power": shaft, "pump_efficiency": pump.efficiency(hydraulic, shaft)}


def fan_case(case: Inputs) -> Results:
    """Compressibility from the shaft power, else air power; efficiency where both are known."""
    inlet, outlet = case.get("inlet_pressure"), case.get("outlet_pressure")
    if case.has("shaft_power", "barometer"):
        barometer = case.get("barometer")
        factor = fan.compressibility(
            case.get("flow"), barometer + inlet, barometer + outlet, case.get("shaft_power"), case.get("gamma", 1.4)
        )
    else:
        factor = case.get("compressibility", 1.0)
    air = fan.air_power_kw(case.get("flow"), outlet - inlet, factor)
    found = {"fluid_power": air, "kp": factor}
    if case.has("shaft_power"):
        found["fan_efficiency"] = fan.efficiency(air, case.get("shaft_power"))
    return found


def air_case(case: Inputs) -> Results:
    """Usable air of a receiver, or what a load/unload machine costs a year."""
    if case.has("volume", "p_high", "p_low"):
        high, low = case.get("p_high") / 1e3, case.get("p_low") / 1e3
        return {"usable": compressor.usable_air_m3(case.get("volume"), high, low)}
    cost = compressor.running_cost(
        case.get("shaft_power"), case.get("unloaded_power"), case.get("hours"), case.get("loaded_time"),
        case.get("eff_loaded"), case.get("eff_unloaded"), case.get("price"),
    )  # fmt: skip
    return {"cost_loaded": cost.loaded, "cost_unloaded": cost.unloaded, "total": cost.total}


def electrical_case(case: Inputs) -> Results:
    """Active power, all of it heat, for the share of time that it runs."""
    share = case.get("operating", 1.0)
    if not 0.0 <= share <= 1.0:
        raise OvooError("no share of time", offender="operating", value=share)
    phases = {1.0: 1, 3.0: 3}.get(case.get("phases", 3.0), 0)
    power = motor.electric_power_kw(case.get("voltage"), case.get("current"), case.get("power_factor"), phases)
    return {"heat": power * share, "power": power * share}


def properties_case(case: Inputs) -> Results:
    """A state of water or steam from whichever two quantities are given."""
    if case.has("pressure"):
        p = case.get("pressure") / 1e6
        if case.has("temperature"):
            state = steam.steam_at(p, case.temperature("temperature"))
        elif case.has("enthalpy"):
            state = steam.steam_from_enthalpy(p, case.get("enthalpy"))
        elif case.has("entropy"):
            state = steam.steam_from_entropy(p, case.get("entropy"))
        else:
            state = steam.saturated(p, case.get("quality", 0.0))
    else:
        t = case.temperature("temperature")
        state = steam.saturated(steam.saturation_pressure_mpa(t), case.get("quality", 0.0))
    return {
        "pressure": state.pressure_mpa * 1e6, "temperature": state.temperature_k, "enthalpy": state.enthalpy_kj_kg,
        "entropy": state.entropy_kj_kg_k, "volume": state.volume_m3_kg, "quality": state.dryness,
        "internal_energy": state.energy_kj_kg, "density": 1.0 / state.volume_m3_kg,
    }  # fmt: skip


def header_case(case: Inputs) -> Results:
    """Mixing of streams; `inlets` holds (pressure, temperature, flow), units in the first."""
    groups = re.findall(r"\(([^)]*)\)", str(case.given["inlets"]["value"]))
    streams = []
    for group in groups:
        p, t, flow = (float(part.split()[0]) for part in group.split(","))
        streams.append(steam_system.Stream(flow, steam.steam_at(p, t)))
    out = steam_system.header(case.get("header_pressure") / 1e6, streams)
    state = out.state
    return {
        "enthalpy": state.enthalpy_kj_kg, "temperature": state.temperature_k, "entropy": state.entropy_kj_kg_k,
        "quality": state.dryness, "mass_flow": out.flow, "volume": state.volume_m3_kg,
    }  # fmt: skip


def gas_case(case: Inputs) -> Results:
    """Heating value of a mixture at 60 F and one atmosphere, shares scaled to a sum of one."""
    shares = {name.upper().partition("_")[0]: case.get(name) for name in case.given}
    found = combustion.gas_heating_value(shares, STANDARD_K, ATMOSPHERE_PA / 1e3)
    air_kg_m3 = AIR_KG_MOL * ATMOSPHERE_PA / (8.314462618 * STANDARD_K)
    return {
        "hhv": found.gross_mj_m3, "lhv": found.net_mj_m3, "hhv_mass": found.gross_mj_kg, "lhv_mass": found.net_mj_kg,
        "air": found.air_m3_m3, "specific_gravity": found.density_kg_m3 / air_kg_m3,
    }  # fmt: skip


def water_case(case: Inputs) -> Results:
    """Heat taken up by cooling water, or by another fluid whose density and heat capacity are given."""
    first, last = case.temperature("t_in"), case.temperature("t_out")
    if case.has("density", "specific_heat"):
        within(first, 1.0, 5000.0, "t_in", "K")
        within(last, 1.0, 5000.0, "t_out", "K")
        flow = positive(case.get("flow"), "flow", "m3/s") * positive(case.get("density"), "density", "kg/m3")
        heat = flow * positive(case.get("specific_heat"), "specific_heat", "kJ/(kg K)") * (last - first)
    else:
        heat = chiller.water_heat_kw(case.get("flow"), first, last)
    if heat <= 0.0:
        raise OvooError("cooling water leaves colder than it came", offender="t_out", value=case.given["t_out"])
    return {"heat": heat}


FUNCTIONS: tuple[tuple[str, tuple[str, ...], Callable[[Inputs], Results]], ...] = (
    ("pump", ("flow", "head"), pump_case),
    ("fan", ("flow", "inlet_pressure", "outlet_pressure"), fan_case),
    ("compressed_air", ("volume", "p_high", "p_low"), air_case),
    ("compressed_air", ("shaft_power", "unloaded_power", "hours", "loaded_time", "price"), air_case),
    ("electrical", ("voltage", "current", "power_factor"), electrical_case),
    ("steam_properties", ("pressure",), properties_case),
    ("steam_properties", ("temperature",), properties_case),
    ("steam_system", ("header_pressure", "inlets"), header_case),
    ("combustion", (), gas_case),
    ("cooling", ("flow", "t_in", "t_out"), water_case),
)
"""Domain, inputs that must be there, function."""
TEMPERATURES = ("temperature", "t_in", "t_out")
REFUSALS = ("refused", "refuse", "impossible")
NEVER_NEGATIVE = ("gpm", "cfm", "gal", "hp", "kW", "h", "V", "A", "%", "vol%", "MPa", "psig", "kJ/kg", "K", "% of full")


def function_of(case: Mapping[str, Any]) -> Callable[[Inputs], Results] | None:
    """The function for a case's domain and inputs, None where there is none."""
    names = set(case["inputs"])
    for domain, needed, work in FUNCTIONS:
        if domain == case["domain"] and names.issuperset(needed):
            return work
    return None


def must_refuse(case: Mapping[str, Any]) -> bool:
    """Whether the file itself says that the case is impossible."""
    expected = case.get("expected")
    if isinstance(expected, Mapping):
        return any(bool(expected.get(word)) or bool(case.get(word)) for word in REFUSALS)
    return isinstance(expected, str) and expected in REFUSALS


def misses(case: Mapping[str, Any], work: Callable[[Inputs], Results]) -> str:
    """What differs from the expected values; empty where all are within the case's tolerance."""
    found = work(Inputs(case["inputs"]))
    for name, each in case["expected"].items():
        unit, value = each["unit"], float(each["value"])
        asked = f"{name}_mass" if name in ("hhv", "lhv") and unit in ("Btu/lb", "MJ/kg", "kJ/kg") else name
        if asked not in found:
            return f"{name} is not computed"
        wanted = kelvin(value, unit) if name in TEMPERATURES else si(value, unit)
        if asked != name:
            wanted *= 1e-3 if unit != "MJ/kg" else 1.0
        if not math.isclose(found[asked], wanted, rel_tol=float(case["rel_tol"]), abs_tol=0.0):
            return f"{name} is {found[asked]:.8g}, not {wanted:.8g}"
    return ""


def impossible(case: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Variants that no plant can read: a sign turned, not a number, a share above one, colder than absolute zero."""
    for name, each in case["inputs"].items():
        value, unit = each["value"], each["unit"]
        if not isinstance(value, int | float):
            turned = re.sub(r"([\d.]+)(\s*kg/h)?\)", r"-\1\2)", str(value), count=1)
            yield f"{name} turned", _with(case, name, turned, unit)
            continue
        yield f"{name} not a number", _with(case, name, math.nan, unit)
        if unit in NEVER_NEGATIVE and value:
            yield f"{name} turned", _with(case, name, -value, unit)
        if unit in ("%", "vol%", "% of full") or (unit == "-" and name.endswith(("efficiency", "factor"))):
            yield f"{name} above one", _with(case, name, 150.0 if "%" in unit else 1.5, unit)
        if name in TEMPERATURES:
            yield f"{name} under absolute zero", _with(case, name, -500.0, unit)
    if {"t_in", "t_out"} <= set(case["inputs"]):
        first, last = case["inputs"]["t_in"], case["inputs"]["t_out"]
        yield "ends exchanged", _with({**case, "inputs": {**case["inputs"], "t_in": last}}, "t_out", **first)
    for power in ("motor_power", "shaft_power"):
        if power in case["inputs"] and {"flow"} <= set(case["inputs"]):
            each = case["inputs"][power]
            yield f"{power} for a thousandth", _with(case, power, each["value"] / 1000, each["unit"])


def _with(case: Mapping[str, Any], name: str, value: object, unit: str) -> dict[str, Any]:
    return {**case["inputs"], name: {"value": value, "unit": unit}}


def refused(work: Callable[[Inputs], Results], inputs: Mapping[str, Any]) -> bool:
    """Whether our engine says no, with an error that names something."""
    try:
        work(Inputs(inputs))
    except OvooError as error:
        return bool(error.offender)
    return False


def options(parser: argparse.ArgumentParser) -> None:
    """`--cases`."""
    parser.add_argument("--cases", type=pathlib.Path, default=DEFAULT, help="file of cases (default: the shared ones)")


def measure(chosen: frame.Options, result: frame.Result) -> int:
    """Counts; 1 where anything failed."""
    path = chosen.arguments.cases
    if not path.exists():
        raise SystemExit(f"no cases: {path} is missing")
    cases = json.loads(path.read_text("utf-8"))["cases"]
    passed, said_no, failed, variants = 0, 0, [], 0
    for case in cases:
        work = function_of(case)
        if work is None:
            failed.append(f"{case['id']}: no function for {case['domain']} of {', '.join(sorted(case['inputs']))}")
            continue
        if must_refuse(case):
            variants += 1
            said_no += refused(work, case["inputs"])
            if not refused(work, case["inputs"]):
                failed.append(f"{case['id']}: not refused")
            continue
        try:
            wrong = misses(case, work)
        except (OvooError, KeyError) as error:
            wrong = f"refused: {error}" if isinstance(error, OvooError) else f"unknown input or unit {error}"
        if wrong:
            failed.append(f"{case['id']}: {wrong}")
            continue
        passed += 1
        for label, inputs in impossible(case):
            variants += 1
            if refused(work, inputs):
                said_no += 1
            else:
                failed.append(f"{case['id']}: {label}: not refused")
    for key, value in (("total", len(cases)), ("passed", passed), ("refused_as_expected", said_no)):
        result.add(key, value, "cases")
    result.add("failed", len(failed), "cases")
    result.add("impossible_variants", variants, "cases")
    result.notes += failed
    result.notes.append(f"cases: {path.name}, SHA-256 {frame.data_digest(path)}; {len(FACTORS)} units known")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(frame.run("energy_cases", measure, description=__doc__ or "", measures=MEASURES, extra=options))
