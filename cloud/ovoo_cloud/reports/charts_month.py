"""Charts of the monthly energy report, drawn by the pictures of the energy engine in the report's colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from ovoo_models.efficiency.plots import (
    Course,
    Shape,
    TariffDay,
    draw_heat_map,
    draw_saving,
    draw_tariff_day,
    draw_typical_days,
)
from ovoo_models.plot import Look
from ovoo_models.svg import PRINT, WIDTH

from ovoo_cloud.reports.resolve import Locale

__all__ = ["CHARTS"]

Data = Mapping[str, Any]


def _look(locale: Locale, zone: str = "") -> Look:
    return Look(locale.language, zone=ZoneInfo(zone) if zone else None, palette=PRINT, width=WIDTH)


def _numbers(texts: Sequence[str | None]) -> list[float]:
    return [math.nan if each is None else float(each) for each in texts]


def _heat(data: Data, locale: Locale) -> str:
    return draw_heat_map(Shape([_numbers(row) for row in data["rows"]]), _look(locale))


def _typical(data: Data, locale: Locale) -> str:
    days = {
        locale.inline(row["label"]): (_numbers(row["low"]), _numbers(row["middle"]), _numbers(row["high"]))
        for row in data["rows"]
    }
    base = math.nan if data["base_kw"] is None else float(data["base_kw"])
    return draw_typical_days(Shape([], base, days), _look(locale))


def _peak_day(data: Data, locale: Locale) -> str:
    limit = math.nan if data["limit_kw"] is None else float(data["limit_kw"])
    bands = []
    for name, hours in groupby(enumerate(data["bands"]), key=lambda each: each[1]):
        listed = [hour for hour, _ in hours]
        bands.append((float(listed[0]), float(listed[-1] + 1), str(name), ""))
    return draw_tariff_day(TariffDay(_numbers(data["power"]), bands, limit, data["day"]), _look(locale))


def _saving(data: Data, locale: Locale) -> str:
    starts = [int(each) for each in data["start_ns"]]
    sums = _numbers(data["sum"])
    half = [math.nan] * (len(sums) - 1) + [float(data["half"])]
    course = Course(
        starts,
        int(data["end_ns"]),
        _numbers(data["actual"]),
        _numbers(data["expected"]),
        _numbers([data["day_half"]]) * len(starts),
        sums,
        half,
        starts[0],
    )
    return draw_saving(course, _look(locale, data["timezone"]))


CHARTS: Mapping[str, Callable[[Data, Locale], str]] = {
    "month_heat": _heat,
    "month_typical": _typical,
    "month_peak_day": _peak_day,
    "month_saving": _saving,
}
