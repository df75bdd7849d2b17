"""What a monthly report is told besides the samples: register, tariff, prices, baseline and decisions, as plain text.

A plan is a mapping like the intake of a case, so that the snapshot can hold it and `verify --deep` can read it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ovoo_contract.address import Address
from ovoo_contract.errors import AddressError, ConfigError
from ovoo_models.efficiency.tariff.bands import month_bounds

from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.intake import IntakeReader, read_mapping

__all__ = [
    "Accuracy",
    "BaselineTerms",
    "BasicTerms",
    "BillTerms",
    "ChargeTerms",
    "Decision",
    "FactorTerms",
    "MonthPlan",
    "month_window",
    "parse_plan",
]

ChargeForm = Literal["flat", "band", "ratio"]
_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class ChargeTerms:
    """One price per kWh of the bill in yuan: `price` of a flat or ratio charge, `prices` by band of a band charge."""

    name: str
    document: str
    form: ChargeForm
    price: Decimal | None
    prices: tuple[tuple[str, Decimal], ...]
    adjustable: bool


@dataclass(frozen=True, slots=True)
class BasicTerms:
    """The monthly price of demand (per kW) or of transformer capacity (per kVA), yuan; `capacity_kva` in service."""

    per: Literal["kW", "kVA"]
    price: Decimal
    document: str
    contract_kw: Decimal | None
    free_share: Decimal
    over_factor: Decimal
    floor_kw: Decimal
    capacity_kva: Decimal | None


@dataclass(frozen=True, slots=True)
class FactorTerms:
    """The adjustment by power factor: rows of (power factor from, percent), rising, of a document."""

    document: str
    target: Decimal
    steps: tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class BillTerms:
    """All prices of the case. `fictitious`: of a demonstration, marked so in the report."""

    charges: tuple[ChargeTerms, ...]
    basic: BasicTerms | None
    factor: FactorTerms | None
    fictitious: bool


@dataclass(frozen=True, slots=True)
class BaselineTerms:
    """The period [start_ns, end_ns) that the month is held against, whole local days, and what drove the energy.

    `driver` is a signal whose daily mean explains it; None is a baseline of the plain daily mean.
    """

    start_ns: int
    end_ns: int
    driver: Address | None
    document: str


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
    baseline: BaselineTerms | None
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
    bill, baseline = _bill(top), _baseline(top, start_ns, ZoneInfo(timezone))
    decisions = tuple(_decision(each) for each in top.children("decisions"))
    accuracy = _accuracy(top)
    top.finish()
    top.raise_errors()
    window = {"start": _iso(start_ns, timezone), "end": _iso(end_ns, timezone), "timezone": timezone}
    case = parse_case({**(told.data if told is not None else {}), "window": window}, name)
    if [each.id for each in case.sites] != [site]:
        remedy = "describe this one site in case.sites"
        raise ConfigError("not the site of the plan", code="report.not_site_of_plan", offender=f"{name} site",
                          value=site, remedy=remedy)  # fmt: skip
    return MonthPlan(month, site, case, bill, baseline, decisions, accuracy, dict(top.data))


def _iso(instant_ns: int, timezone: str) -> str:
    return datetime.fromtimestamp(instant_ns // 1_000_000_000, ZoneInfo(timezone)).isoformat()


def _bill(top: IntakeReader) -> BillTerms | None:
    reader = top.child("bill")
    if reader is None:
        return None
    charges = tuple(_charge(each) for each in reader.children("charges"))
    if not charges:
        reader.fail("charges", "a bill without a price per kWh", "list the prices with their document, or no bill")
    terms = BillTerms(charges, _basic(reader), _factor(reader), bool(reader.boolean("fictitious", False)))
    reader.finish()
    return terms


def _charge(reader: IntakeReader) -> ChargeTerms:
    form = cast("ChargeForm", reader.choice("form", ("flat", "band", "ratio")))
    rows: list[tuple[str, Decimal]] = []
    if form == "band":
        prices = reader.child("prices", required=True)
        for band in prices.data if prices is not None else {}:
            price = prices.decimal(band, required=True) if prices is not None else None
            rows.append((band, price or Decimal(0)))
    terms = ChargeTerms(
        name=reader.text("name"),
        document=reader.text("document"),
        form=form,
        price=None if form == "band" else reader.decimal("price", required=True),
        prices=tuple(sorted(rows)),
        adjustable=bool(reader.boolean("adjustable", True)),
    )
    reader.finish()
    return terms


def _basic(parent: IntakeReader) -> BasicTerms | None:
    reader = parent.child("basic")
    if reader is None:
        return None
    per = cast("Literal['kW', 'kVA']", reader.choice("per", ("kW", "kVA")))
    terms = BasicTerms(
        per=per,
        price=reader.decimal("price", required=True) or Decimal(0),
        document=reader.text("document"),
        contract_kw=reader.decimal("contract_kw"),
        free_share=reader.decimal("free_share") or Decimal(1),
        over_factor=reader.decimal("over_factor") or Decimal(1),
        floor_kw=reader.decimal("floor_kw") or Decimal(0),
        capacity_kva=reader.decimal("capacity_kva", required=per == "kVA"),
    )
    reader.finish()
    return terms


def _factor(parent: IntakeReader) -> FactorTerms | None:
    reader = parent.child("power_factor")
    if reader is None:
        return None
    steps = []
    for entry in reader.children("steps"):
        start, percent = entry.decimal("from", required=True), entry.decimal("percent", least=None, required=True)
        steps.append((start or Decimal(0), percent or Decimal(0)))
        entry.finish()
    terms = FactorTerms(reader.text("document"), reader.decimal("target", required=True) or Decimal(0), tuple(steps))
    reader.finish()
    return terms


def _baseline(top: IntakeReader, month_start_ns: int, zone: ZoneInfo) -> BaselineTerms | None:
    reader = top.child("baseline")
    if reader is None:
        return None
    start, end = (_midnight(reader, key, zone) for key in ("start", "end"))
    driver = reader.text("driver", "")
    address = None
    if driver:
        try:
            address = Address.parse(driver)
        except AddressError:
            reader.fail("driver", "not the address of a signal", "enterprise/site/area/line/asset/signal")
    terms = BaselineTerms(start, end, address, reader.text("document"))
    reader.finish()
    if not start < end <= month_start_ns:
        reader.fail("end", "the baseline does not end before the month", "take a period before the month")
    elif end - start > 800 * _DAY_NS:
        reader.fail("start", "a baseline of more than 800 days", "take a year")
    return terms


def _midnight(reader: IntakeReader, key: str, zone: ZoneInfo) -> int:
    text = reader.text(key)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        reader.fail(key, "not a date", "write 2026-05-01; the end is not included")
        return 0
    moment = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(moment.timestamp()) * 1_000_000_000


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
