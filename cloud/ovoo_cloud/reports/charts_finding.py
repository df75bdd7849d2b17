"""The chart of one finding: drawn as on the screen, in print colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from ovoo_contract.canonical import canonical_json
from ovoo_contract.findings import Finding
from ovoo_models.explanation import Explanation, Trace
from ovoo_models.plot import Look, drawing
from ovoo_models.svg import PRINT, WIDTH, Svg

from ovoo_cloud.reports.resolve import Locale

__all__ = ["CHARTS"]

Data = Mapping[str, Any]


def _finding(data: Data, locale: Locale) -> Svg:
    lines = [*data["signals"], *(data[field] for field in ("score", "limit") if field in data)]
    explanation = Explanation(
        Finding.from_json(canonical_json(data["finding"])),
        int(data["start_ns"]),
        int(data["end_ns"]),
        tuple(_trace(each) for each in data["signals"]),
        _trace(data["score"]) if "score" in data else None,
        _trace(data["limit"], hold=True) if "limit" in data else None,
    )
    names = {each["name"]: each["label"][locale.language] for each in lines}
    zone = ZoneInfo(data["zone"])
    return drawing(explanation, Look(locale.language, names, zone, PRINT, WIDTH))


def _trace(data: Data, *, hold: bool = False) -> Trace:
    times = [int(at) for at, _value in data["points"]]
    values = [_number(value) for _at, value in data["points"]]
    return Trace(data["name"], data["unit"], times, values, _number(data["low"]), _number(data["high"]), hold)


def _number(text: str | None) -> float:
    return math.nan if text is None else float(text)


CHARTS: Mapping[str, Callable[[Data, Locale], Svg]] = {"finding": _finding}
