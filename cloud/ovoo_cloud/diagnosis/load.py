"""The load over the window: by day, by local hour, by tariff band and by duration."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ovoo_contract.evidence import figure as decimal_text
from ovoo_packs import Tariff

from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.meters import HourEnergy, sum_by

__all__ = ["allocate_bands", "full_hours", "load_figures", "load_series", "trend"]

BANDS = ("super_peak", "peak", "flat", "valley", "deep_valley")
_FULL_HOUR_S = 3240.0  # nine tenths: a day counts although its last sample lies before midnight
_LEAST_HOURS = 168
_STEPS = 40


def full_hours(hours: Sequence[HourEnergy]) -> list[HourEnergy]:
    """Hours that count as whole."""
    return [hour for hour in hours if hour.covered_s >= _FULL_HOUR_S]


def load_series(hours: Sequence[HourEnergy]) -> dict[str, Any]:
    """Energy per day (days with every hour), mean power per local hour, load-duration curve; decimal strings."""
    full = full_hours(hours)
    by_day = sum_by(full, [hour.day for hour in full])
    counts = {day: sum(1 for hour in full if hour.day == day) for day in by_day}
    days = list(dict.fromkeys(hour.day for hour in hours))
    load: list[dict[str, str | None]] = []
    for clock in range(24):
        values = [hour.mean_kw for hour in full if hour.hour == clock]
        mean = decimal_text(math.fsum(values) / len(values), 1) if values else None
        low, high = (decimal_text(f(values), 1) if values else None for f in (min, max))
        load.append({"mean": mean, "low": low, "high": high})
    return {
        "daily": [
            {"day": day, "kwh": decimal_text(by_day[day], 1) if counts.get(day, 0) == 24 else None} for day in days
        ],
        "load": load,
        "duration": _duration(full),
    }


def _duration(full: Sequence[HourEnergy]) -> list[str]:
    """Mean power of hours, greatest first, at even steps over all hours; empty below a week of hours."""
    if len(full) < _LEAST_HOURS:
        return []
    ordered = sorted((hour.mean_kw for hour in full), reverse=True)
    return [decimal_text(ordered[(len(ordered) - 1) * step // _STEPS], 1) for step in range(_STEPS + 1)]


def load_figures(book: FigureBook, hours: Sequence[HourEnergy], evidence: Sequence[str]) -> None:
    """Highest and lowest hour, mean of all whole hours, and the load factor (mean over highest)."""
    values = [hour.mean_kw for hour in full_hours(hours)]
    enough = len(values) >= _LEAST_HOURS
    mean = math.fsum(values) / len(values) if enough else None
    parts = (("peak", max(values, default=0.0)), ("base", min(values, default=0.0)), ("mean", mean))
    made = {
        name: book.base(
            f"load.{name}",
            decimal_text(value, 1) if enough and value is not None else None,
            unit="kW",
            digits=1,
            formula="hour_mean/2",
            evidence=evidence,
            reason="" if enough else "short",
        )
        for name, value in parts
    }
    inputs = [made["mean"], made["peak"]] if enough and max(values) > 0 else []
    book.derived("load.factor_percent", "percent/1", inputs, unit="%", digits=1, reason="" if inputs else "short")


def allocate_bands(
    book: FigureBook, hours: Sequence[HourEnergy], evidence: Sequence[str], tariff: Tariff | None, data: dict[str, Any]
) -> list[str]:
    """kWh of every tariff band; returns the bands there are."""
    if tariff is None or not hours:
        return []
    sums = sum_by(hours, [tariff.band(hour.month, hour.hour) for hour in hours])
    present = [band for band in BANDS if band in sums]
    for band in present:
        book.base(
            f"energy.band.{band}",
            decimal_text(sums[band], 1),
            unit="kWh",
            digits=1,
            formula="tou_kwh/1",
            evidence=evidence,
            reference_only=tariff.reference_only,
        )
    allocated = book.derived(
        "energy.band_total", "sum/1", [book[f"energy.band.{band}"] for band in present], unit="kWh", digits=1
    )
    for band in present:
        share = [book[f"energy.band.{band}"], allocated]
        if any(sums.values()):
            book.derived(f"energy.band.{band}.percent", "percent/1", share, unit="%", digits=1)
    months = sorted({hour.month for hour in hours})
    data["tariff"] = {
        "id": tariff.id,
        "name": {"zh": tariff.name_zh, "en": tariff.name_en},
        "hours": [tariff.band(months[-1], clock) for clock in range(24)],
        "month": months[-1],
    }
    return present


def trend(book: FigureBook, hours: Sequence[HourEnergy], evidence: Sequence[str]) -> None:
    """Mean kWh a day in the second half of the window against the first, over days without a gap."""
    daily = [row for row in load_series(hours)["daily"] if row["kwh"] is not None]
    half = len(daily) // 2
    parts = (("first", daily[:half]), ("second", daily[-half:] if half else []))
    for name, rows in parts:
        mean = math.fsum(float(row["kwh"]) for row in rows) / len(rows) if rows else None
        book.base(
            f"energy.daily_{name}",
            None if mean is None else decimal_text(mean, 1),
            unit="kWh/d",
            digits=1,
            formula="daily_mean/1",
            evidence=evidence,
            reason="" if rows else "short",
        )
    known = book["energy.daily_first"].value
    inputs = [book["energy.daily_second"], book["energy.daily_first"]] if known and float(known) else []
    book.derived(
        "energy.trend_percent", "change_percent/1", inputs, unit="%", digits=1, reason="" if inputs else "short"
    )
