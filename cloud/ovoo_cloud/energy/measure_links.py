"""Which measures may end what a finding tells: by its code, its advice and the kind of machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ovoo_contract.findings import Finding

__all__ = ["APPLIES", "measures_for"]

APPLIES: Final[Mapping[str, tuple[str, ...]]] = {
    "air_compressor": ("compressor_pressure", "leak_repair"),
    "asu_compressor": ("compressor_pressure",),
    "main_fan": ("fan_throttling",),
    "boiler": ("blowdown", "excess_oxygen", "condensate"),
    "steam_header": ("bare_pipe",),
}
"""Measures that a kind of machine can have beside switching it off."""
_WASTE: Final = ("energy.drift", "energy.excess", "energy.efficiency", "energy.specific")
_ADVICE: Final[Mapping[str, tuple[str, ...]]] = {
    "find_air_leak": ("leak_repair",),
    "trim_excess_air": ("excess_oxygen",),
}


def measures_for(finding: Finding, template: str) -> tuple[tuple[str, str], ...]:
    """(kind, area/line/asset or empty for the site), in the order of the machine's; none where none may help."""
    place = finding.asset.path
    if finding.code == "energy.demand":
        return (("demand_shaving", ""),)
    if finding.code == "energy.idle":
        return (("idle_switch_off", place),)
    own = APPLIES.get(template, ())
    named = tuple(kind for kind in _ADVICE.get(finding.advice, ()) if kind in own)
    return tuple((kind, place) for kind in named or (own if finding.code in _WASTE else ()))
