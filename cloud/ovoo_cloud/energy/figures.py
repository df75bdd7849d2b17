"""From kWh to tariff bands, yuan, standard coal and carbon dioxide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_models.efficiency.carbon import Converted, convert_electricity
from ovoo_packs import FactorTable, Tariff

from ovoo_cloud.diagnosis.meters import HourEnergy

__all__ = ["Converted", "Cost", "band_cost", "convert"]

_REGION: Final = "inner_mongolia"


@dataclass(frozen=True, slots=True)
class Cost:
    """kWh per tariff band, and yuan where a flat price is known."""

    tariff: str
    bands_kwh: dict[str, float]
    cost_yuan: float | None
    reference_only: bool


def convert(kwh: float, year: int, factors: FactorTable, region: str = _REGION) -> Converted:
    """Standard coal at the calorific value; CO2 by the grid factor of the newest data year up to `year`."""
    return convert_electricity(kwh, year, factors, region)


def band_cost(hours: Sequence[HourEnergy], tariff: Tariff, flat_price: float | None) -> Cost:
    """kWh per band of each local hour; yuan = sum of kWh x ratio x flat price, None without a price."""
    lists: dict[str, list[float]] = {}
    weighted: list[float] = []
    for hour in hours:
        lists.setdefault(tariff.band(hour.month, hour.hour), []).append(hour.kwh)
        weighted.append(hour.kwh * tariff.ratio(hour.month, hour.hour))
    cost = None if flat_price is None else math.fsum(weighted) * flat_price
    bands = {band: math.fsum(values) for band, values in sorted(lists.items())}
    return Cost(tariff.id, bands, cost, tariff.reference_only)
