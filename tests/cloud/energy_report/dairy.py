"""A small dairy in memory over two months and a baseline before: meter, compressor that idles, spray dryer, cold store.

Signals come every five minutes; the meter is the sum of the machines and a base load, so that figures can be computed
by hand. Output, prices and documents are fictitious.
"""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from ovoo_cloud.diagnosis.evidence import MemorySource, PlatformFacts
from ovoo_cloud.energy_report.plan import MonthPlan, parse_plan
from ovoo_contract.address import Address, AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.samples import SampleBatch

ENTERPRISE, SITE, MONTH = "gaolin-dairy", "gaolin", "2026-05"
ZONE = ZoneInfo("Asia/Shanghai")
STEP_NS = 300_000_000_000
DAY_NS = 86_400_000_000_000
METER, COMP, DRYER, COLD = (
    AssetAddress(ENTERPRISE, SITE, *path.split("/"))
    for path in ("utilities/power/meter1", "utilities/air/comp1", "powder/drying/dryer1", "storage/cold/store1")
)
OTHER = AssetAddress(ENTERPRISE, "elsewhere", "utilities", "power", "meter1")
BASE_KW = 60.0
FACTOR = 0.9


def instant(day: str) -> int:
    """Local midnight of an ISO day in ns UTC."""
    return int(datetime.fromisoformat(day).replace(tzinfo=ZONE).timestamp()) * 1_000_000_000


START, END = instant("2026-05-01"), instant("2026-06-01")
BASELINE = ("2026-02-01", "2026-05-01")


def weekday(time_ns: int) -> int:
    """0 Monday, local."""
    return datetime.fromtimestamp(time_ns // 1_000_000_000, ZONE).weekday()


def hour(time_ns: int) -> float:
    """Local hour with fraction."""
    return ((time_ns + 8 * 3_600_000_000_000) % DAY_NS) / 3.6e12


def compressor(time_ns: int) -> float:
    """90 kW at work from 6 to 20 h, 28 kW idle at night, off on Sundays."""
    if weekday(time_ns) == 6:
        return 0.0
    return 90.0 + 4 * math.sin(hour(time_ns)) if 6 <= hour(time_ns) < 20 else 28.0


def dryer(time_ns: int) -> float:
    """About 300 kW from 8 to 18 h on weekdays; a twentieth less from May on; days differ a little."""
    if weekday(time_ns) >= 5 or not 8 <= hour(time_ns) < 18:
        return 0.0
    day = (time_ns + 8 * 3_600_000_000_000) // DAY_NS
    return (300.0 + 10 * math.sin(2.4 * day)) * (0.93 if time_ns >= START else 1.0)


def cold_store(time_ns: int) -> float:
    """40 kW with the day's warmth."""
    return 40.0 + 6 * math.sin(2 * math.pi * (hour(time_ns) - 9) / 24)


def site_power(time_ns: int) -> float:
    """All machines and the base load."""
    return BASE_KW + compressor(time_ns) + dryer(time_ns) + cold_store(time_ns)


SHAPES: dict[tuple[AssetAddress, str], tuple[str, Callable[[int], float]]] = {
    (METER, "power"): ("kW", site_power),
    (METER, "power_factor"): ("1", lambda _: FACTOR),
    (COMP, "power"): ("kW", compressor),
    (DRYER, "power"): ("kW", dryer),
    (COLD, "power"): ("kW", cold_store),
    (OTHER, "power"): ("kW", lambda _: 5000.0),
}


def entries() -> list[SignalEntry]:
    """The catalogue: the counter of the meter first."""
    listed = [(METER, "energy", "kWh"), *((asset, name, unit) for (asset, name), (unit, _) in SHAPES.items())]
    return [SignalEntry(asset.signal(name), unit, period_s=300.0, uplink="raw") for asset, name, unit in listed]


@cache
def _rows(start_ns: int, end_ns: int) -> tuple[SampleBatch, ...]:
    times = array("q", range(start_ns, end_ns, STEP_NS))
    total, counter = 1_000_000.0, array("d")
    for at in times:
        counter.append(round(total, 3))
        total += site_power(at) / 12
    columns = [counter, *(array("d", [round(shape(at), 3) for at in times]) for _, shape in SHAPES.values())]
    return tuple(
        SampleBatch(array("I", [n] * len(times)), times, column, array("I", bytes(4 * len(times))))
        for n, column in enumerate(columns)
    )


def batches(
    start: str = BASELINE[0], end: str = "2026-06-01", cuts: Sequence[tuple[str, str]] = ()
) -> list[SampleBatch]:
    """One batch a signal from local day to local day; `cuts` are silences of every signal."""
    hidden = [(instant(a), instant(b)) for a, b in cuts]
    first, last = instant(start), instant(end)
    result = []
    for whole in _rows(instant(BASELINE[0]), END):
        keep = [
            n for n, at in enumerate(whole.time_ns) if first <= at < last and not any(a <= at < b for a, b in hidden)
        ]
        result.append(whole.take(array("q", keep)))
    return result


def shuffled(parts: Sequence[SampleBatch], seed: int) -> list[SampleBatch]:
    """The same rows in another order, cut into other batches."""
    whole = SampleBatch.concat(list(parts))
    rows = list(range(len(whole)))
    random.Random(seed).shuffle(rows)
    return [whole.take(array("q", rows[at : at + 20_000])) for at in range(0, len(rows), 20_000)]


def source(parts: Sequence[SampleBatch] | None = None) -> MemorySource:
    """The dairy's evidence."""
    return MemorySource(
        entries(),
        batches() if parts is None else parts,
        catalogue_ids=[Catalogue(entries()).id],
        platform=PlatformFacts(gateways=1, gateways_tls=1, roles_enforced=True),
    )


def told(**changes: Any) -> dict[str, Any]:
    """The plan as plain data; `changes` replace its sections, None takes one away."""
    prices = {"super_peak": "0.92", "peak": "0.78", "flat": "0.52", "valley": "0.27", "deep_valley": "0.21"}
    machines = [
        ("comp1", "空压机", "Air compressor", COMP, "air_compressor"),
        ("dryer1", "喷雾干燥塔", "Spray dryer", DRYER, "spray_dryer"),
        ("store1", "冷库", "Cold store", COLD, "cold_store"),
    ]
    plan: dict[str, Any] = {
        "month": MONTH,
        "site": SITE,
        "case": {
            "enterprise": ENTERPRISE,
            "profile": {"name": {"zh": "高林乳业（虚构）", "en": "Gaolin Dairy (fictitious)"}, "sector": "dairy"},
            "sites": [{"id": SITE, "name": {"zh": "高林厂", "en": "Gaolin works"}, "grid": "west"}],
            "products": [
                {"id": "powder", "name": {"zh": "奶粉", "en": "Milk powder"}, "unit": "t", "output": "310",
                 "class": "verified", "evidence": ["产量月报.xlsx"]}
            ],
            "equipment": [
                {"id": name, "name": {"zh": zh, "en": en}, "asset": f"{asset.site}/{asset.path}", "template": template,
                 "digital": True}
                for name, zh, en, asset, template in machines
            ],
            "energy": {
                "meters": [f"{METER.site}/{METER.path}"],
                "complete": True,
                "norm": {"id": "dairy_powder", "product": "powder"},
            },
        },
        "bill": {
            "fictitious": True,
            "charges": [
                {"name": "电度电价", "document": "购电合同2026.pdf", "form": "band", "prices": prices},
                {"name": "基金附加", "document": "代理购电公告.pdf", "form": "flat", "price": "0.03",
                 "adjustable": False},
            ],
            "basic": {"per": "kW", "price": "28", "document": "购电合同2026.pdf", "contract_kw": "480"},
            "power_factor": {
                "document": "力调电费办法.pdf",
                "target": "0.90",
                "steps": [{"from": "0", "percent": "5"}, {"from": "0.90", "percent": "0"},
                          {"from": "0.95", "percent": "-0.75"}],
            },
        },
        "baseline": {"start": BASELINE[0], "end": BASELINE[1], "document": "能耗基准书.pdf"},
        "accuracy": {"percent": "0.6", "document": "电表检定证书.pdf"},
        "decisions": [
            {"measure": "idle_switch_off", "input": "avoidable_share", "value": "0.8", "unit": "1",
             "document": "停机规程.pdf"}
        ],
    }  # fmt: skip
    plan |= changes
    return {name: value for name, value in plan.items() if value is not None}


def plan(**changes: Any) -> MonthPlan:
    """The plan of May 2026."""
    return parse_plan(told(**changes))


def driver() -> Address:
    """The cold store's power, taken for a driver."""
    return COLD.signal("power")
