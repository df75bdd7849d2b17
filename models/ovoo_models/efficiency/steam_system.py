"""Balances of steam nets: mixing in a header, flashing of condensate, throttling, expansion in a turbine, deaerator.

Pressures absolute in MPa, temperatures in K, enthalpies in kJ/kg; mass flows in any one unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.plausible import no_more_than_one, positive
from ovoo_models.efficiency.steam import Steam, saturated, steam_from_enthalpy, steam_from_entropy

__all__ = ["Stream", "deaerator_steam", "expanded", "flashed", "header", "throttled", "turbine_efficiency"]


@dataclass(frozen=True, slots=True)
class Stream:
    """A flow of water or steam."""

    flow: float
    state: Steam


def header(pressure_mpa: float, inlets: Sequence[Stream]) -> Stream:
    """What leaves a header: masses and enthalpy flows add up, no heat is lost. An inlet below it is refused."""
    if not inlets:
        raise EvidenceError(
            "nothing flows in", code="steam_system.nothing_flows_in", offender="header.inlets", remedy="give a stream"
        )
    for number, inlet in enumerate(inlets, 1):
        positive(inlet.flow, f"header.inlet {number} flow", "unit")
        if inlet.state.pressure_mpa < pressure_mpa:
            raise EvidenceError(
                "steam does not flow uphill", code="steam_system.steam_does_not_flow_uphill",
                slots={"pressure_mpa": f"{pressure_mpa:g}"}, offender=f"header.inlet {number} pressure",
                value=inlet.state.pressure_mpa, remedy=f"at least the header's {pressure_mpa:g} MPa",
            )  # fmt: skip
    flow = sum(inlet.flow for inlet in inlets)
    enthalpy = sum(inlet.flow * inlet.state.enthalpy_kj_kg for inlet in inlets) / flow
    return Stream(flow, steam_from_enthalpy(pressure_mpa, enthalpy))


def throttled(steam: Steam, pressure_mpa: float) -> Steam:
    """Behind a reducing valve: the same enthalpy at a lower pressure."""
    if not pressure_mpa <= steam.pressure_mpa:
        raise EvidenceError(
            "a valve does not raise pressure", code="steam_system.valve_does_not_raise_pressure",
            slots={"pressure_mpa": f"{steam.pressure_mpa:g}"}, offender="valve.outlet_pressure", value=pressure_mpa,
            remedy=f"at most {steam.pressure_mpa:g} MPa",
        )  # fmt: skip
    return steam_from_enthalpy(pressure_mpa, steam.enthalpy_kj_kg)


def flashed(inlet: Stream, pressure_mpa: float) -> tuple[Stream, Stream]:
    """Steam and water that leave a flash tank at its pressure."""
    after = throttled(inlet.state, pressure_mpa)
    share = after.dryness
    flow = positive(inlet.flow, "flash.flow", "unit")
    dry = saturated(pressure_mpa, 1.0) if after.region == 4 else after
    wet = saturated(pressure_mpa, 0.0) if after.region == 4 else after
    return Stream(flow * share, dry), Stream(flow * (1.0 - share), wet)


def expanded(steam: Steam, pressure_mpa: float, efficiency: float) -> Steam:
    """Exhaust of a turbine of isentropic `efficiency` (0 to 1)."""
    no_more_than_one(efficiency, "turbine.efficiency")
    if not pressure_mpa < steam.pressure_mpa:
        raise EvidenceError(
            "steam expands to a lower pressure", code="steam_system.steam_expands_to_lower_pressure",
            slots={"pressure_mpa": f"{steam.pressure_mpa:g}"}, offender="turbine.outlet_pressure", value=pressure_mpa,
            remedy=f"below {steam.pressure_mpa:g} MPa",
        )  # fmt: skip
    ideal = steam_from_entropy(pressure_mpa, steam.entropy_kj_kg_k)
    drop = efficiency * (steam.enthalpy_kj_kg - ideal.enthalpy_kj_kg)
    return steam_from_enthalpy(pressure_mpa, steam.enthalpy_kj_kg - drop)


def turbine_efficiency(inlet: Steam, outlet: Steam) -> float:
    """Isentropic efficiency of an expansion; refused above 1."""
    ideal = steam_from_entropy(outlet.pressure_mpa, inlet.entropy_kj_kg_k)
    drop = positive(inlet.enthalpy_kj_kg - ideal.enthalpy_kj_kg, "turbine.outlet_pressure", "MPa")
    return no_more_than_one((inlet.enthalpy_kj_kg - outlet.enthalpy_kj_kg) / drop, "turbine.outlet_temperature")


def deaerator_steam(pressure_mpa: float, feed: Stream, water: Steam, steam: Steam, vent_share: float = 0.0) -> float:
    """Steam that a deaerator takes to heat make-up `water` so that `feed` leaves boiling; a share of feed is vented."""
    vent = feed.flow * vent_share
    out = feed.flow * saturated(pressure_mpa, 0.0).enthalpy_kj_kg + vent * saturated(pressure_mpa, 1.0).enthalpy_kj_kg
    total = positive(feed.flow, "deaerator.feed", "unit") + vent
    return (out - total * water.enthalpy_kj_kg) / positive(
        steam.enthalpy_kj_kg - water.enthalpy_kj_kg, "deaerator.steam_enthalpy", "kJ/kg"
    )
