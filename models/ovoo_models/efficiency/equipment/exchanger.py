"""Heat exchanger: UA, its fouling trend and the day to clean it.

UA = m cp (T_hot,in - T_hot,out) / LMTD, counter-current. Fouling adds resistance, so 1/UA rises along a line, fitted by
weighted least squares. Source: VDI Heat Atlas, chapters C1 and C4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.equipment.kind import CELSIUS, Input, Kind
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.plausible import positive

__all__ = ["EXCHANGER", "Fouling", "fouling"]

EXCHANGER: Final = Kind(
    "exchanger", 6, "kW/K",
    (
        Input("flow_kg_s", "kg/s", "mass_flow"),
        Input("heat_capacity_kj_kg_k", "kJ/(kg K)", low=0.1, high=20.0),
        Input("hot_in_c", "Cel", "temperature", *CELSIUS),
        Input("hot_out_c", "Cel", "temperature", *CELSIUS),
        Input("cold_in_c", "Cel", "temperature", *CELSIUS),
        Input("cold_out_c", "Cel", "temperature", *CELSIUS),
    ),
    credible=(0.0, 1e9), bounded="effectiveness",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fouling:
    """Line through 1/UA: clean value at the start, its rise a day, and the days from the start to the least UA.

    `clean_days` holds the day on which the line reaches 1/least; infinite sigma and NaN where no rise stands out.
    """

    clean_ua: Estimate
    rise_per_day: Estimate
    clean_days: Estimate


def fouling(days: Sequence[float], ua: Sequence[Estimate], least_ua: float) -> Fouling:
    """Trend of the UA values at `days` since the cleaning; `least_ua` in their unit is where one cleans.

    The rise is taken as real only where it stands out at 95 %: the cleaning day of a trend that does not is NaN.
    """
    if len(days) != len(ua) or len(days) < 3:
        raise EvidenceError(
            "too few values", code="equipment.too_few_values", offender="fouling.ua", value=len(ua),
            remedy="3 or more, a day each",
        )  # fmt: skip
    limit = 1.0 / positive(least_ua, "fouling.least_ua", ua[0].unit)
    resistance = [1.0 / positive(each.value, "fouling.ua", each.unit) for each in ua]
    weights = [1.0 / max(each.relative() * r, 1e-12 * r) ** 2 for each, r in zip(ua, resistance, strict=True)]
    total = math.fsum(weights)
    middle = math.fsum(w * t for w, t in zip(weights, days, strict=True)) / total
    level = math.fsum(w * r for w, r in zip(weights, resistance, strict=True)) / total
    spread = positive(math.fsum(w * (t - middle) ** 2 for w, t in zip(weights, days, strict=True)), "fouling.days", "d")
    moments = zip(weights, days, resistance, strict=True)
    slope = math.fsum(w * (t - middle) * (r - level) for w, t, r in moments) / spread
    start = level - slope * middle
    misfit = math.fsum(w * (r - start - slope * t) ** 2 for w, t, r in zip(weights, days, resistance, strict=True)) / (
        len(days) - 2
    )
    wide = math.sqrt(max(misfit, 1.0))
    rise = Estimate(slope, wide / math.sqrt(spread), f"1/({ua[0].unit}) per day")
    start_sigma = wide * math.sqrt(1.0 / total + middle * middle / spread)
    clean = Estimate(1.0 / positive(start, "fouling.ua", "1"), start_sigma / start**2, ua[0].unit)
    if slope <= 0.0 or not rise.stands_out_from(0.0):
        return Fouling(clean, rise, Estimate(math.nan, math.inf, "d"))
    day = middle + (limit - level) / slope
    sigma = wide * math.sqrt(1.0 / total + (day - middle) ** 2 / spread) / slope
    return Fouling(clean, rise, Estimate(day, sigma, "d"))
