"""What a person may decide about an export; the defaults decide as little as possible and are told as problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ovoo_contract.errors import ConfigError

__all__ = ["ReadingOptions", "zone_named"]

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "date_order": ("auto", "ymd", "dmy", "mdy"),
    "label": ("auto", "start", "end"),
    "kind": ("auto", "energy", "power", "register"),
    "decimal": ("auto", ".", ","),
    "negative": ("missing", "keep", "absolute"),
    "duplicates": ("missing", "first", "last", "sum"),
    "outliers": ("missing", "keep"),
    "frozen": ("missing", "keep"),
    "copies": ("missing", "keep"),
    "slips": ("missing", "repair", "keep"),
    "phases": ("missing", "absolute", "keep"),
    "catch_up": ("missing", "spread", "keep"),
}


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How to read an export. Empty text and 0 mean: find it in the file.

    zone: of the site's calendar; stamp_zone: in which the times are written (default: the same).
    time, column: names of the header, or `#1` for the first column; meter: the value of the meter column.
    unit: of the values, against what the header says; multiplier: of a register (CT times PT ratio).
    interval_s: seconds; limit_kw: the greatest power that the connection can carry.
    register_digits: digits before the decimal point, after which a register starts again at zero.
    """

    zone: str = "Asia/Shanghai"
    stamp_zone: str = ""
    time: str = ""
    column: str = ""
    meter: str = ""
    date_order: str = "auto"
    label: str = "auto"
    kind: str = "auto"
    unit: str = ""
    decimal: str = "auto"
    multiplier: float = 0.0
    interval_s: int = 0
    limit_kw: float = 0.0
    register_digits: int = 0
    negative: str = "missing"
    duplicates: str = "missing"
    outliers: str = "missing"
    frozen: str = "missing"
    copies: str = "missing"
    slips: str = "missing"
    phases: str = "missing"
    catch_up: str = "missing"

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            if (value := getattr(self, name)) not in known:
                raise ConfigError(
                    "no such choice", code="readings.no_such_choice", slots={"known": known}, offender=name,
                    value=value, remedy=f"one of {known}",
                )  # fmt: skip
        for name in ("multiplier", "interval_s", "limit_kw", "register_digits"):
            if not 0 <= getattr(self, name) < 1e12:
                raise ConfigError(
                    "must be 0 or more", code="readings.must_be_0_or_more", offender=name, value=getattr(self, name),
                    remedy="0: find it",
                )  # fmt: skip
        for name in (self.zone, self.stamp_zone or self.zone):
            zone_named(name)

    @staticmethod
    def choices() -> Mapping[str, tuple[str, ...]]:
        """Option -> its choices."""
        return _CHOICES

    def decided(self) -> dict[str, object]:
        """The options that differ from their defaults, for records."""
        plain = ReadingOptions()
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if getattr(self, each.name) != getattr(plain, each.name)
        }


def zone_named(name: str) -> ZoneInfo:
    """The time zone; ConfigError where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(
            "no such time zone", code="readings.no_such_time_zone", offender="zone", value=name, remedy="Asia/Shanghai"
        ) from error
