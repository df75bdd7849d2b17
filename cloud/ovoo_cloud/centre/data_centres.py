"""PUE and WUE of data centres: annual sums over twelve whole months, the monthly curve, and what was metered.

PUE = all electricity / IT electricity; WUE = litres of water / kWh of IT. Both only over the newest twelve months in a
row: a hole gives no figure. A grade only where the standard applies and everything was metered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from ovoo_packs import Norm

from ovoo_cloud.centre.facts import Row

__all__ = ["LEAST_RACKS", "MONTHS", "data_centre_figures"]

MONTHS: Final = 12
LEAST_RACKS: Final = 101
"""GB 40879-2021 leaves out edge sites of up to 100 racks."""
_STEP: Final = Decimal("0.001")


def data_centre_figures(centre: Row, months: Sequence[Row], norm: Norm) -> dict[str, Any]:
    """One data centre: annual PUE and WUE, grade with its mark, months, metering; plain data."""
    own = sorted((row for row in months if row.content["centre"] == centre.id), key=lambda row: row.content["month"])
    curve = [_month(row) for row in own]
    year = own[-MONTHS:]
    reason = _hole(year)
    pue = None if reason else _ratio(year, "total_kwh", 1)
    metered = {name: sum(1 for row in year if row.content["coverage"] == name) for name in ("all", "part")}
    grade, grade_reason = _grade(centre.content, pue, reason, metered, norm)
    water = all(row.content.get("water_m3") is not None for row in year)
    return {
        "id": centre.id,
        "name_zh": centre.content["name_zh"],
        "name_en": centre.content.get("name_en") or centre.content["name_zh"],
        "region": centre.content.get("region"),
        "racks": centre.content["racks"],
        "start": year[0].content["month"] if year else None,
        "end": year[-1].content["month"] if year else None,
        "pue": pue,
        "wue": _ratio(year, "water_m3", 1000) if not reason and water else None,
        "wue_unit": "L/kWh",
        "reason": reason,
        "wue_reason": reason or ("" if water else "no_water"),
        "metered": metered,
        "grade": grade,
        "grade_reason": grade_reason,
        "norm": _norm(norm),
        "months": curve,
        "rows": [row.source for row in [centre, *year]],
    }  # fmt: skip


def _norm(norm: Norm) -> dict[str, Any]:
    return {
        "id": norm.id,
        "levels": [str(each) for each in (norm.level1, norm.level2, norm.level3)],
        "source": norm.source.text,
        "edition": norm.source.edition,
        "reference_only": norm.reference_only,
    }


def _month(row: Row) -> dict[str, Any]:
    return {
        "month": row.content["month"],
        "total_kwh": row.content["total_kwh"],
        "it_kwh": row.content["it_kwh"],
        "pue": _ratio([row], "total_kwh", 1),
        "wue": _ratio([row], "water_m3", 1000) if row.content.get("water_m3") is not None else None,
        "coverage": row.content["coverage"],
        "document": row.content["document"],
    }


def _ratio(rows: Sequence[Row], over: str, scale: int) -> str | None:
    top, bottom = (sum((Decimal(row.content[name]) for row in rows), Decimal(0)) for name in (over, "it_kwh"))
    return None if not bottom else str((scale * top / bottom).quantize(_STEP, ROUND_HALF_EVEN))


def _hole(year: Sequence[Row]) -> str:
    """Why there is no annual figure; empty where twelve months stand in a row, each once."""
    numbers = [12 * int(row.content["month"][:4]) + int(row.content["month"][5:]) for row in year]
    if len(set(numbers)) < len(numbers):
        return "month_twice"
    if len(year) < MONTHS or numbers[-1] - numbers[0] != MONTHS - 1:
        return "months_missing"
    return "" if any(Decimal(row.content["it_kwh"]) for row in year) else "no_it_energy"


def _grade(
    content: Mapping[str, Any], pue: str | None, reason: str, metered: Mapping[str, int], norm: Norm
) -> tuple[int | None, str]:
    """Grade 1 to 3, 0 above the limit; None with why there is none."""
    if reason:
        return None, reason
    if content["racks"] < LEAST_RACKS or not content["own_power"]:
        return None, "outside_scope"
    if metered["part"]:
        return None, "part_metered"
    limits = (norm.level1, norm.level2, norm.level3)
    value = Decimal(pue or 0)
    return next((n for n, each in enumerate(limits, 1) if each is not None and value <= Decimal(str(each))), 0), ""
