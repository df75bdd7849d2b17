"""What moves the air in an airway, written in one cell or option."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from ovoo_contract.errors import ConfigError

from ovoo_models.efficiency.ventilation.curve import FanCurve
from ovoo_models.efficiency.ventilation.network import FixedFlow, FixedPressure

__all__ = ["DRIVE_FORMS", "drive_of"]

_KINDS: Final[Mapping[str, str]] = {
    "flow": "flow", "风量": "flow", "pressure": "pressure", "风压": "pressure", "points": "points", "特性": "points",
    "polynomial": "polynomial", "多项式": "polynomial",
}  # fmt: skip
_RANGE: Final = ("range", "范围")
DRIVE_FORMS: Final = (
    "'flow 150' (m3/s), 'pressure 2000' (Pa), 'points 0:2600 60:2200 120:1100', 'polynomial 2600 -3 range 0 160'"
)


def drive_of(words: str, offender: str) -> FanCurve | FixedFlow | FixedPressure:
    """A fan's drive from its words: the kind in English or Chinese (风量, 风压, 特性, 多项式), then its figures.

    Flows in m3/s, pressures in Pa; points are `flow:pressure`; a polynomial holds within its range of flows.

    Raises:
        ConfigError: none of these forms, or a curve that cannot be.
    """
    parts = words.replace(";", " ").replace("；", " ").split()
    kind = _KINDS.get(parts[0].lower(), "") if parts else ""
    if kind in ("flow", "pressure") and len(parts) == 2:
        value = _figure(parts[1], offender)
        return FixedFlow(value) if kind == "flow" else FixedPressure(value)
    try:
        if kind == "points":
            return FanCurve.from_points([_point(each, offender) for each in parts[1:]])
        if kind == "polynomial":
            return _polynomial(parts[1:], offender)
    except ConfigError as error:
        if error.offender == offender:
            raise
        raise error.at(offender) from error
    raise ConfigError(
        "no fan is written so", code="ventilation.no_fan_written_so", slots={"forms": DRIVE_FORMS}, offender=offender,
        value=words, remedy=f"one of {DRIVE_FORMS}",
    )  # fmt: skip


def _point(words: str, offender: str) -> tuple[float, float]:
    flow, sign, pressure = words.replace("：", ":").partition(":")
    if not sign:
        raise ConfigError(
            "no point of a curve", code="ventilation.no_point_of_curve", offender=offender, value=words,
            remedy="flow:pressure, as 60:2200",
        )  # fmt: skip
    return _figure(flow, offender), _figure(pressure, offender)


def _polynomial(parts: list[str], offender: str) -> FanCurve:
    place = next((n for n, each in enumerate(parts) if each.lower() in _RANGE), -1)
    if place < 1 or len(parts) != place + 3:
        raise ConfigError(
            "a polynomial holds in a range of flows", code="ventilation.polynomial_holds_in_range_of_flows",
            offender=offender, value=" ".join(parts),
            remedy="polynomial 2600 -3 -0.05 range 0 160",
        )  # fmt: skip
    low, high = (_figure(each, offender) for each in parts[place + 1 :])
    return FanCurve.from_polynomial([_figure(each, offender) for each in parts[:place]], low, high)


def _figure(words: str, offender: str) -> float:
    try:
        value = float(words)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ConfigError(
            "not a number", code="ventilation.not_number", slots={"forms": DRIVE_FORMS}, offender=offender,
            value=words, remedy=f"one of {DRIVE_FORMS}",
        )  # fmt: skip
    return value
