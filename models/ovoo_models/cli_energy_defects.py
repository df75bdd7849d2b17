"""What is wrong with the readings of a month, named before anything is priced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ovoo_models.efficiency.readings.options import zone_named

if TYPE_CHECKING:
    from ovoo_models.efficiency.tariff.defects import Defect

__all__ = ["defect_lines", "defects_data"]

_SHOWN: Final = 8
_ZH: Final = {
    "empty": ("时段长度不为正", "核对时段的起止时间"),
    "backwards": ("时间倒退", "按时间排序；00:00 可能写的是前一天的日期"),
    "repeated": ("时段重复", "去掉其中一条"),
    "overlap": ("时段重叠", "核对时间戳"),
    "gap": ("缺时段", "补齐读数；不作任何填补"),
    "missing": ("缺读数", "补齐读数；不作任何填补"),
    "negative": ("电量为负", "核对电流互感器极性，或注明可向电网送电"),
    "power_as_energy": ("像是功率而非电量", "若该列为 kW，乘以时段小时数"),
    "register": ("与表底之差不符", "核对倍率、缺数和电表"),
    "daylight_saving": ("另一时区的夏令时", "按电表所在时区读取时间戳"),
    "repeated_month": ("与此前月份逐数相同", "向供电方索取本月数据"),
}


def defects_data(defects: Sequence[Defect]) -> list[dict[str, Any]]:
    """Kind, window, the value that shows it and the remedy."""
    return [
        {"kind": each.kind, "start_ns": str(each.start_ns), "end_ns": str(each.end_ns), "value": each.value,
         "remedy": each.remedy}
        for each in defects
    ]  # fmt: skip


def defect_lines(data: Sequence[dict[str, Any]], zone: str, language: str) -> list[str]:
    """One line a defect, the first few, then how many more."""
    lines = []
    for each in data[:_SHOWN]:
        start, end = (
            datetime.fromtimestamp(int(each[key]) // 10**9, zone_named(zone)).strftime("%Y-%m-%d %H:%M")
            for key in ("start_ns", "end_ns")
        )
        kind, remedy = _ZH[each["kind"]] if language == "zh" else (each["kind"], each["remedy"])
        lines.append(f"{start} - {end}\t{kind}: {each['value']} → {remedy}")
    more = len(data) - _SHOWN
    if more > 0:
        lines.append(f"…… 另有 {more} 处" if language == "zh" else f"... and {more} more")
    return lines
