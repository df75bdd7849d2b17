"""An invoice from the quantities of a month and the prices of the case.

Rounding rule: quantities are exact; each line is rounded half up to 0.01 yuan; the total is the sum of the rounded
lines. `exact_yuan` of a line is its amount before rounding, so amounts of parts of a month can be added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final, Literal

from ovoo_contract.errors import ConfigError, EvidenceError
from ovoo_packs.tariffs import Band

from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.intervals import Intervals, kwh_of, nano_kwh, shares
from ovoo_models.efficiency.tariff.power_factor import PowerFactorTable
from ovoo_models.efficiency.tariff.prices import EnergyCharge, MarketSeries, rounded
from ovoo_models.efficiency.tariff.usage import Usage

__all__ = ["BasicCharge", "Invoice", "Line", "basic_charge", "energy_lines", "invoice", "market_line", "usage_price"]

LineKind = Literal["energy", "market", "demand", "capacity", "power_factor"]
_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_UP)
_SLIP_PER_MONTH: Final = Decimal(500)
"""No price: the bound above which a figure per kW or kVA and month is taken for fen or for a year's price."""


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` x `price` = `exact_yuan`; `yuan` is rounded. Season and band are empty where there are none."""

    kind: LineKind
    name: str
    season: str
    band: str
    quantity: Decimal
    unit: str
    price: Decimal
    exact_yuan: Decimal
    yuan: Decimal
    document: str
    adjustable: bool = True


@dataclass(frozen=True, slots=True)
class BasicCharge:
    """The price of demand (`per` = `kW`) or of transformer capacity (`per` = `kVA`) for a month, of the case.

    `contract_kw` is a demand agreed upon: it is paid in any case; what exceeds `free_share` of it is paid
    `over_factor` times. `floor_kw` is the least demand that is paid.
    """

    per: Literal["kW", "kVA"]
    price: Decimal
    document: str
    contract_kw: Decimal | None = None
    free_share: Decimal = Decimal(1)
    over_factor: Decimal = Decimal(1)
    floor_kw: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if not self.document.strip():
            raise ConfigError(
                "price without a document", code="tariff.price_without_document", offender="basic charge", value="",
                remedy="name the document",
            )  # fmt: skip
        if not self.price.is_finite() or not 0 <= self.price < _SLIP_PER_MONTH:
            remedy = f"yuan per {self.per} and month; fen are divided by 100"
            raise ConfigError(
                "not a monthly price", code="tariff.not_monthly_price", slots={"per": self.per},
                offender=self.document, value=str(self.price), remedy=remedy,
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Invoice:
    """The lines of one month. `incomplete` says that gaps were accepted: the total is then too low."""

    start_ns: int
    end_ns: int
    lines: tuple[Line, ...]
    incomplete: bool
    reference_only: bool

    @property
    def total_yuan(self) -> Decimal:
        """Sum of the rounded lines."""
        return sum((line.yuan for line in self.lines), Decimal("0.00"))

    def subtotal(self, kind: LineKind) -> Decimal:
        """Sum of the rounded lines of one kind."""
        return sum((line.yuan for line in self.lines if line.kind == kind), Decimal("0.00"))


def energy_lines(usage: Usage, charges: Sequence[EnergyCharge]) -> tuple[Line, ...]:
    """One line per charge, season and band.

    Raises:
        ConfigError: energy falls into a band that a charge has no price for, or a fund is dearer than the energy.
    """
    _check_funds(charges)
    lines = []
    for charge in charges:
        for (season, band), nano in sorted(usage.nano_kwh.items()):
            lines.append(_line("energy", charge, season, band, kwh_of(nano), _price(charge, season, band)))
    return tuple(lines)


def market_line(intervals: Intervals, series: MarketSeries, start_ns: int, end_ns: int) -> Line:
    """The energy of [start_ns, end_ns) at the market price of its time; the printed price is the mean paid.

    Raises:
        EvidenceError: there is no price for the time of an interval.
    """
    nano_total, yuan_nano = 0, Decimal(0)
    for row in intervals.between(start_ns, end_ns):
        low, high, kwh = intervals.start_ns[row], intervals.end_ns[row], intervals.kwh[row]
        cuts = _price_borders(series, low, high, (start_ns, end_ns))
        for at, part in zip([low, *cuts], shares(nano_kwh(kwh), low, high, cuts), strict=True):
            if start_ns <= at < end_ns:
                index = (at - series.start_ns) // series.step_ns
                if not 0 <= index < len(series.prices):
                    remedy = "bring the prices of the whole month; none is filled in"
                    raise EvidenceError(
                        "no market price", code="tariff.no_market_price", offender=series.document, value=at,
                        remedy=remedy,
                    )  # fmt: skip
                nano_total += part
                yuan_nano = _CONTEXT.add(yuan_nano, _CONTEXT.multiply(Decimal(part), series.prices[index]))
    exact = yuan_nano.scaleb(-9, _CONTEXT)
    quantity = kwh_of(nano_total)
    mean = _CONTEXT.divide(exact, quantity) if nano_total else Decimal(0)
    return Line(
        "market", series.name, "", "", quantity, "kWh", mean, exact, rounded(exact), series.document, series.adjustable
    )


def basic_charge(charge: BasicCharge, amount: Decimal, months: Decimal = Decimal(1)) -> Line:
    """Demand (`amount` = measured kW) or capacity (`amount` = kVA in service) for `months`, 1 or a share of one."""
    billed = _billed_demand(charge, amount) if charge.per == "kW" else amount
    exact = _CONTEXT.multiply(_CONTEXT.multiply(billed, charge.price), months)
    kind: LineKind = "demand" if charge.per == "kW" else "capacity"
    return Line(kind, kind, "", "", billed, charge.per, charge.price, exact, rounded(exact), charge.document)


def invoice(
    usage: Usage,
    charges: Sequence[EnergyCharge],
    *,
    market: Sequence[Line] = (),
    basic: Line | None = None,
    power_factor: Decimal | None = None,
    table: PowerFactorTable | None = None,
) -> Invoice:
    """The month's lines: energy by band, market energy, demand or capacity, power-factor adjustment.

    Raises:
        EvidenceError: a table is given and no power factor, or the other way round.
    """
    lines = [*energy_lines(usage, charges), *market, *([basic] if basic is not None else [])]
    if (power_factor is None) != (table is None):
        remedy = "give the power factor of the month and the table of the case, or neither"
        raise EvidenceError(
            "half an adjustment", code="tariff.half_adjustment", offender="power_factor", value=power_factor,
            remedy=remedy,
        )  # fmt: skip
    if power_factor is not None and table is not None:
        lines.append(_adjustment(lines, power_factor, table))
    return Invoice(usage.start_ns, usage.end_ns, tuple(lines), not usage.complete, usage.reference_only)


def usage_price(calendar: BandCalendar, charges: Sequence[EnergyCharge], time_ns: int) -> Decimal:
    """Yuan per kWh at an instant, all charges together.

    Raises:
        ConfigError: a charge has no price for that band.
    """
    span = calendar.span_at(time_ns)
    return sum((_price(charge, span.season, span.band) for charge in charges), Decimal(0))


def _price(charge: EnergyCharge, season: str, band: Band) -> Decimal:
    price = charge.prices.get((season, band))
    if price is None:
        remedy = f"add {season}/{band} from {charge.document}"
        raise ConfigError(
            "band without a price", code="tariff.band_without_price",
            slots={"season": season, "band": band, "document": charge.document}, offender=charge.name, value=band,
            remedy=remedy,
        )  # fmt: skip
    return price


def _check_funds(charges: Sequence[EnergyCharge]) -> None:
    """A fund or surcharge above the dearest band of the energy itself is written in fen."""
    dearest = max((price for each in charges if each.adjustable for price in each.prices.values()), default=None)
    for each in charges:
        highest = max(each.prices.values(), default=Decimal(0))
        if not each.adjustable and dearest is not None and highest > dearest:
            remedy = "give yuan per kWh: fen are divided by 100"
            raise ConfigError(
                "fund above the price of energy", code="tariff.fund_above_price_of_energy", offender=each.name,
                value=str(highest), remedy=remedy,
            )  # fmt: skip


def _line(kind: LineKind, charge: EnergyCharge, season: str, band: str, kwh: Decimal, price: Decimal) -> Line:
    exact = _CONTEXT.multiply(kwh, price)
    return Line(
        kind, charge.name, season, band, kwh, "kWh", price, exact, rounded(exact), charge.document, charge.adjustable
    )


def _adjustment(lines: Sequence[Line], factor: Decimal, table: PowerFactorTable) -> Line:
    base = sum((line.yuan for line in lines if line.adjustable), Decimal(0))
    percent = table.percent(factor)
    exact = _CONTEXT.multiply(base, percent.scaleb(-2, _CONTEXT))
    return Line("power_factor", "power_factor", "", "", base, "yuan", percent, exact, rounded(exact), table.document)


def _billed_demand(charge: BasicCharge, measured: Decimal) -> Decimal:
    contract = charge.contract_kw
    if contract is None:
        return max(measured, charge.floor_kw)
    free = _CONTEXT.multiply(contract, charge.free_share)
    over = max(measured - free, Decimal(0))
    return max(contract + _CONTEXT.multiply(over, charge.over_factor), charge.floor_kw)


def _price_borders(series: MarketSeries, low: int, high: int, window: tuple[int, int]) -> list[int]:
    first = low + (series.start_ns - low) % series.step_ns
    cuts = {*range(first, high, series.step_ns), *window}
    return sorted(cut for cut in cuts if low < cut < high)
