"""What a monthly report is told besides the samples: register, tariff, prices, baseline and decisions, as plain text.

A plan is a mapping like the intake of a case, so that the snapshot can hold it and `verify --deep` can read it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.tariff.bands import month_bounds

from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.intake import IntakeReader, read_mapping
from ovoo_cloud.energy_report.baseline_terms import ApprovedTerms, BaselineTerms, read_baseline
from ovoo_cloud.energy_report.bill_terms import BillTerms, read_bill
from ovoo_cloud.energy_report.register_terms import RegisterTerms, read_registers

__all__ = [
    "Accuracy",
    "Decision",
    "MonthPlan",
    "month_window",
    "parse_plan",
]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that a measure needs, such as the share of idling that can be avoided, with its document."""

    measure: str
    input: str
    value: Decimal
    unit: str
    document: str


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Standard uncertainty of metered energy in percent, from the instruments' class, with its document."""

    percent: Decimal
    document: str


@dataclass(frozen=True, slots=True)
class MonthPlan:
    """Everything told about one site and month; `raw` rebuilds it. The window of `case` is the local month."""

    month: str
    site: str
    case: Case
    bill: BillTerms | None
    baseline: BaselineTerms | ApprovedTerms | None
    registers: RegisterTerms | None
    decisions: tuple[Decision, ...]
    accuracy: Accuracy | None
    raw: Mapping[str, Any]

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of the month."""
        return ZoneInfo(self.case.timezone)


def month_window(month: str, timezone: str) -> tuple[int, int]:
    """[first instant of the local month, first of the next) in ns UTC.

    Raises:
        ConfigError: not a month like 2026-10, or no such time zone.
    """
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise ConfigError("not a month", code="report.not_month", offender="month", value=month,
                          remedy="write it as 2026-10") from error  # fmt: skip
    try:
        return month_bounds(first.year, first.month, ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        remedy = "an IANA name such as Asia/Shanghai"
        raise ConfigError("no such time zone", code="report.no_such_time_zone", offender="timezone", value=timezone,
                          remedy=remedy) from error  # fmt: skip


def parse_plan(data: Mapping[str, Any], name: str = "plan") -> MonthPlan:
    """The plan of a plain mapping whose scalars are texts, as `MonthPlan.raw` holds it.

    Raises:
        ConfigErrors: all mistakes together, each with key path and remedy.
        ConfigError: the month or the time zone is none.
    """
    top = read_mapping(data, name)
    month, site, timezone = top.text("month"), top.text("site"), top.text("timezone", "Asia/Shanghai")
    top.raise_errors()
    start_ns, end_ns = month_window(month, timezone)
    told = top.child("case", required=True)
    bill, baseline = read_bill(top), read_baseline(top, start_ns, ZoneInfo(timezone))
    decisions = tuple(_decision(each) for each in top.children("decisions"))
    accuracy, registers = _accuracy(top), read_registers(top)
    top.finish()
    top.raise_errors()
    window = {"start": _iso(start_ns, timezone), "end": _iso(end_ns, timezone), "timezone": timezone}
    case = parse_case({**(told.data if told is not None else {}), "window": window}, name)
    if [each.id for each in case.sites] != [site]:
        remedy = "describe this one site in case.sites"
        raise ConfigError("not the site of the plan", code="report.not_site_of_plan", offender=f"{name} site",
                          value=site, remedy=remedy)  # fmt: skip
    return MonthPlan(month, site, case, bill, baseline, registers, decisions, accuracy, dict(top.data))


def _iso(instant_ns: int, timezone: str) -> str:
    return datetime.fromtimestamp(instant_ns // 1_000_000_000, ZoneInfo(timezone)).isoformat()


def _decision(reader: IntakeReader) -> Decision:
    found = Decision(
        measure=reader.text("measure"),
        input=reader.text("input"),
        value=reader.decimal("value", required=True) or Decimal(0),
        unit=reader.text("unit"),
        document=reader.text("document"),
    )
    reader.finish()
    return found


def _accuracy(top: IntakeReader) -> Accuracy | None:
    reader = top.child("accuracy")
    if reader is None:
        return None
    found = Accuracy(reader.decimal("percent", required=True) or Decimal(0), reader.text("document"))
    reader.finish()
    return found
