"""Boiler: efficiency by the heat in its flue gas (indirect) and by steam over fuel (direct), on the net heating value.

Indirect: eta = 1 - (T_flue - T_air)(A2/(21 - O2) + B) - other losses, in percent (Siegert; EN 12952-15 and GB/T 10184
hold the full balance). A2 and B belong to the fuel and are inputs. Direct: eta = D (h_steam - h_feed) / (F Hn).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ovoo_models.efficiency.equipment.kind import CELSIUS, Input, Kind
from ovoo_models.efficiency.equipment.reading import Reading
from ovoo_models.efficiency.steam import enthalpy_kj_kg, saturated

__all__ = ["BOILER", "BOILER_DIRECT", "steam_readings"]

BOILER: Final = Kind(
    "boiler", 4, "1",
    (
        Input("oxygen_percent", "%", "ratio", 0.0, 20.9),
        Input("flue_c", "Cel", "temperature", *CELSIUS),
        Input("air_c", "Cel", "temperature", *CELSIUS),
        Input("siegert_a", "1", high=10.0),
        Input("siegert_b", "1", high=1.0),
        Input("other_loss_percent", "%", "ratio", 0.0, 100.0, 0.0),
    ),
)  # fmt: skip
BOILER_DIRECT: Final = Kind(
    "boiler_direct", 12, "1",
    (
        Input("steam_t_h", "t/h", "mass_flow"),
        Input("steam_kj_kg", "kJ/kg", high=5000.0),
        Input("feed_kj_kg", "kJ/kg", high=2000.0),
        Input("fuel_per_h", "t/h or 1000 m3/h", "mass_flow"),
        Input("heating_value_kj", "kJ per kg or m3"),
    ),
)  # fmt: skip


def steam_readings(
    steam_mpa: Reading, steam_k: Reading | None, feed_mpa: Reading, feed_k: Reading
) -> Mapping[str, Reading]:
    """`steam_kj_kg` and `feed_kj_kg` from absolute pressures and temperatures; `steam_k` None: saturated steam."""
    if steam_k is None:
        steam = _carried(lambda p, _t: saturated(p, 1.0).enthalpy_kj_kg, steam_mpa, Reading(0.0))
    else:
        steam = _carried(enthalpy_kj_kg, steam_mpa, steam_k)
    return {"steam_kj_kg": steam, "feed_kj_kg": _carried(enthalpy_kj_kg, feed_mpa, feed_k)}


def _carried(of: object, first: Reading, second: Reading) -> Reading:
    assert callable(of)
    parts = []
    for a, b in ((first.sigma, 0.0), (0.0, second.sigma)):
        if a or b:
            up, down = of(first.value + a, second.value + b), of(first.value - a, second.value - b)
            parts.append(0.5 * (up - down))
    return Reading(of(first.value, second.value), sum(part * part for part in parts) ** 0.5)
