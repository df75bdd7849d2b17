"""What the columns of an export are, by their Chinese or English names and units."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["ENERGY_KWH", "POWER_KW", "Heading", "heading_of", "names_time"]

ENERGY_KWH: Final[Mapping[str, float]] = {
    "kwh": 1.0, "kw·h": 1.0, "kw.h": 1.0, "kw-h": 1.0, "kw*h": 1.0, "千瓦时": 1.0, "千瓦·时": 1.0, "千瓦小时": 1.0,
    "度": 1.0, "mwh": 1e3, "mw·h": 1e3, "mw.h": 1e3, "兆瓦时": 1e3, "gwh": 1e6, "wh": 1e-3, "瓦时": 1e-3,
    "万kwh": 1e4, "万千瓦时": 1e4, "万度": 1e4, "mj": 1 / 3.6, "gj": 1 / 0.0036,
}  # fmt: skip
"""Unit of energy -> kWh."""
POWER_KW: Final[Mapping[str, float]] = {"kw": 1.0, "千瓦": 1.0, "mw": 1e3, "兆瓦": 1e3, "w": 1e-3, "瓦": 1e-3}
"""Unit of power -> kW."""
_MONEY: Final = ("元", "万元", "rmb", "cny", "yuan", "¥", "$", "usd", "eur", "€", "元/kwh", "元/度", "元/千瓦时")
_OTHER: Final = ("kvarh", "kvar", "kva", "%", "a", "v", "hz", "℃", "°c", "degc", "c", "t", "吨", "m3", "m³", "h", "s")

_ROLES: Final[Sequence[tuple[str, re.Pattern[str]]]] = tuple(
    (role, re.compile(words))
    for role, words in (
        ("start", r"^(开始|起始|起)(日期)?时(间|刻)?$|^(interval)?start(time|ing|date)?$|^from$|intervalbegin"),
        ("end", r"^(结束|截止|终止|止)(日期)?时(间|刻)?$|^(interval)?end(time|ing|date)?$|^to$|intervalend"),
        ("money", r"电费|金额|费用|电价|单价|cost|amount|price|fee|charge"),
        ("reactive", r"无功|reactive|kvar|视在|apparent|kva$"),
        ("factor", r"功率因数|力率|powerfactor|^pf$|^cos"),
        ("voltage", r"电压|电流|频率|voltage|current|frequency|^[uiv][abc]$"),
        ("multiplier", r"倍率|multiplier|^ct\*?pt$|ctratio"),
        ("reverse", r"反向|上网|返送|export|feedin|reverse|generated"),
        ("phase", r"^(有功)?(功率)?([abc]相|[abc]phase|phase[abc]|l[123]|p[abc])(有功)?(功率|power|电量|energy)?$"
                  r"|^(power|energy|有功功率|功率|电量|有功)p?[abc]$|^(power|energy)l[123]$"),
        ("register", r"示数|示值|表底|底码|表码|止码|起码|读数|累计|累积|register|cumulative|meterreading|^reading$"
                     r"|totali[sz]er|odometer|正向有功总$"),
        ("demand", r"需量|demand"),
        ("energy", r"电量|电能|用电|耗电|能耗|usage|energy|consumption|importkwh|^kwh|import$"),
        ("power", r"功率|负荷|有功|power|load|activepower"),
        ("clock", r"^(时刻|钟点|时段|时|hour|clock|timeofday)$"),
        ("time", r"时间|日期时间|timestamp|datetime|date/?time|^time|^ts$|时刻|^t$|periodending"),
        ("date", r"^(数据|抄表|用电|采集|记录)?(日期|日)$|^(reading)?date$|^day$"),
        ("meter", r"表号|电表|表计|户号|用户编号|资产号|计量点|终端|测点|设备|^meter|meterid|serial|^mpan$|^nmi$"),
        ("status", r"状态|质量|标志|备注|quality|flag|status|remark|note|type$|weekstatus|dayofweek|星期"),
    )
)  # fmt: skip
_UNIT: Final = re.compile(r"[(\[{【（]([^()\[\]{}】）]*)[)\]}】）]")


@dataclass(frozen=True, slots=True)
class Heading:
    """One column: its place, name as it stands, what it is, and its unit (empty: not said).

    `quantity` is energy, power, money, other, or empty: what the unit says; `factor` leads to kWh or kW.
    """

    place: int
    name: str
    role: str
    unit: str
    quantity: str
    factor: float

    @property
    def total(self) -> bool:
        """Whether it names itself the sum of others."""
        return re.search(r"总|合计|total|sum", self.name.lower()) is not None


def names_time(cell: str) -> bool:
    """Whether a header cell names a time or a date."""
    return heading_of(0, cell).role in ("time", "date", "start", "end")


def heading_of(place: int, name: str) -> Heading:
    """What the column is."""
    bare = re.sub(r"[\s_]+", "", name.lower())
    match = _UNIT.search(bare)
    unit, words = (match[1], _UNIT.sub("", bare)) if match else _trailing(bare)
    quantity, factor = quantity_of(unit)
    role = next((role for role, pattern in _ROLES if pattern.search(words)), "")
    if not role and quantity in ("energy", "power", "money"):
        role = quantity
    if quantity == "other" and role in ("energy", "power", "demand"):
        role = "reactive" if unit.startswith("kva") else role
    return Heading(place, name, role or "other", unit if quantity else "", quantity, factor)


def quantity_of(unit: str) -> tuple[str, float]:
    """(energy, power, money, other or empty; factor to kWh or kW) of a unit in small letters."""
    unit = unit.lower().replace(" ", "")
    if unit in ENERGY_KWH:
        return "energy", ENERGY_KWH[unit]
    if unit in POWER_KW:
        return "power", POWER_KW[unit]
    if unit in _MONEY:
        return "money", 1.0
    return ("other", 1.0) if unit in _OTHER else ("", 1.0)


_AMBIGUOUS: Final[Mapping[str, str]] = {"度": "量电能万", "元": "费额价万"}
"""Units that end other words as well (temperature 温度, cell 单元): only after these signs they are units."""


def _trailing(bare: str) -> tuple[str, str]:
    """A unit at the end of the words, after a stroke or none: `usagekwh`, `有功功率/kw`, `用电量度`."""
    for unit in sorted((*ENERGY_KWH, *POWER_KW, "kvarh", "kvar", "kva", "万元", "元"), key=len, reverse=True):
        before = bare[: -len(unit)][-1:]
        if not bare.endswith(unit):
            continue
        if (before and before in "/:,-.") or (
            before in _AMBIGUOUS[unit] if unit in _AMBIGUOUS else not unit.isascii() or len(unit) > 1
        ):
            return unit, bare[: -len(unit)].rstrip("/:,-.·") or bare
    return "", bare
