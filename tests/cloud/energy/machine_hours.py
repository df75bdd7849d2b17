"""Hours of a compressor as a gateway sends them, from minutes with known physics."""

from __future__ import annotations

import json
import math
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.address import AssetAddress
from ovoo_contract.completeness import HOUR_NS
from ovoo_contract.hour_sums import HourSums, SumsLayout
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.regime_sums import RegimeSums
from ovoo_models.minute_rows import POWER, REGIMES

MINUTE_NS = 60_000_000_000
LAYOUT = SumsLayout("power_state", REGIMES, (("flow", "m3/min"), ("pressure", "MPa")), POWER)
MODEL = "0123456789abcdef"
BASE_KW, KW_PER_FLOW, KW_PER_MPA, IDLE_KW = 40.0, 5.0, 60.0, 20.0


@dataclass(frozen=True, slots=True)
class Minute:
    """One row: regime 1 idle or 2 at load, flow, pressure and power."""

    at_ns: int
    regime: int
    flow: float
    pressure: float
    power_kw: float


def minutes(start_ns: int, hours: int, seed: int = 1, saved_share: float = 0.0) -> list[Minute]:
    """Every minute; the last ten of each hour idle, the power at load lower by `saved_share`."""
    rng = random.Random(seed)
    found = []
    for number in range(hours * 60):
        pressure = 0.7 + 0.02 * rng.random()
        if number % 60 >= 50:
            found.append(Minute(start_ns + number * MINUTE_NS, 1, 0.0, pressure, IDLE_KW + rng.gauss(0.0, 0.2)))
            continue
        flow = 30.0 + 6.0 * math.sin(number / 40.0) + rng.gauss(0.0, 0.5)
        power = (BASE_KW + KW_PER_FLOW * flow + KW_PER_MPA * pressure) * (1.0 - saved_share) + rng.gauss(0.0, 1.0)
        found.append(Minute(start_ns + number * MINUTE_NS, 2, flow, pressure, power))
    return found


def hour_of(
    asset: str,
    rows: Sequence[Minute],
    start_ns: int,
    *,
    made_ns: int = 0,
    model: str = MODEL,
    layout: SumsLayout = LAYOUT,
) -> HourSums:
    """What a gateway sends of the hour that starts then."""
    names = [name for name, _unit in layout.variables]
    sums, mask = RegimeSums(names, layout.target[0], len(layout.regimes)), 0
    for row in rows:
        if 0 <= row.at_ns - start_ns < HOUR_NS:
            values = [*(row.flow, row.pressure)[: len(names)], row.power_kw]
            block = FrameBlock(array("q", [row.at_ns]), array("d", values), len(values))
            sums.push(block, range(len(values)), [row.regime])
            mask |= 1 << (row.at_ns - start_ns) // MINUTE_NS
    return HourSums(
        AssetAddress.parse(asset), model, layout, start_ns, made_ns or start_ns + HOUR_NS + 5 * MINUTE_NS, mask,
        tuple(sums.rows(code) for code in range(len(layout.regimes))), "general", json.loads(sums.to_json()),
    )  # fmt: skip


def hours_of(asset: str, rows: Sequence[Minute]) -> list[HourSums]:
    """All hours that the minutes lie in."""
    starts = sorted({row.at_ns // HOUR_NS * HOUR_NS for row in rows})
    by_hour: dict[int, list[Minute]] = {start: [] for start in starts}
    for row in rows:
        by_hour[row.at_ns // HOUR_NS * HOUR_NS].append(row)
    return [hour_of(asset, by_hour[start], start) for start in starts]
