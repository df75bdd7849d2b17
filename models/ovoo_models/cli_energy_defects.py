"""What is wrong with the readings of a month, named before anything is priced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ovoo_models.efficiency.readings.options import zone_named
from ovoo_models.reasons import catalogue_of, tell

if TYPE_CHECKING:
    from ovoo_models.efficiency.tariff.defects import Defect

__all__ = ["defect_lines", "defects_data"]

_SHOWN: Final = 8


def defects_data(defects: Sequence[Defect]) -> list[dict[str, Any]]:
    """Kind, window, the value that shows it and the remedy."""
    return [
        {"kind": each.kind, "start_ns": str(each.start_ns), "end_ns": str(each.end_ns), "value": each.value,
         "remedy": each.remedy, "code": each.code, "slots": {name: str(value) for name, value in each.slots.items()}}
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
        told = tell(catalogue_of("ovoo_models.reasons", language), each["code"], each["slots"])
        wrong, remedy = (each["value"], each["remedy"]) if told is None else (told.wrong, told.remedy)
        kind = f"{each['kind']}: " if language == "en" else ""
        lines.append(f"{start} - {end}\t{kind}{wrong} → {remedy}")
    more = len(data) - _SHOWN
    if more > 0:
        lines.append(f"…… 另有 {more} 处" if language == "zh" else f"... and {more} more")
    return lines
