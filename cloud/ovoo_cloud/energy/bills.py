"""Bills of a site: made from its contract and meters, kept with what they were made from, and made again to check."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.choice import Choice, cheaper_basis
from ovoo_models.efficiency.tariff.intervals import Intervals
from ovoo_models.efficiency.tariff.prices import MarketSeries

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_contracts
from ovoo_cloud.catalogue.energy_tables import EnergyStatement
from ovoo_cloud.energy.billing import MonthInput, compare_invoice, month_bill, month_window
from ovoo_cloud.energy.contract import Contract
from ovoo_cloud.energy.quarters import site_quarters
from ovoo_cloud.energy.reactive import site_registers
from ovoo_cloud.services import Services

__all__ = ["Checked", "basis_choices", "check_bill", "make_bill", "site_contract"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A bill made again from its inputs: `equal` where every line and the record are the same."""

    equal: bool
    kept_record: str
    made_record: str
    kept_total: str | None
    made_total: str | None


def site_contract(services: Services, scope: Scope, enterprise: str, site: str) -> Contract | None:
    """The contract of a site, None where nobody entered one."""
    with services.database.read() as session:
        row = energy_contracts.contract_of(session, scope, enterprise, site)
        return None if row is None else Contract.of(row.terms)


def make_bill(
    services: Services, scope: Scope, enterprise: str, site: str, order: Mapping[str, Any]
) -> EnergyStatement:
    """Bills a month and keeps the bill with its inputs.

    Args:
        order: `month`, `accept_holes`, `register_kwh`, `reactive`, `invoice`, and `readings` (`document`, `start_ns`,
            `step_s` and `rows` of [start_ns, kWh]) where the supplier's readings are billed.

    Raises:
        ConfigError: the site has no contract.
    """
    scope = scope.under(Permission.SET_ENERGY)
    with services.database.read() as session:
        row = energy_contracts.contract_of(session, scope, enterprise, site)
        if row is None:
            remedy = "enter the tariff and the prices with their documents first"
            raise ConfigError(
                "no contract", code="bills.no_contract", offender=f"{enterprise}/{site}", value=None, remedy=remedy
            )
        terms = dict(row.terms)
        contract = Contract.of(terms)
        window = month_window(order["month"], BandCalendar(contract.tariff))
        market = None
        if contract.market:
            market = energy_contracts.series_of(session, scope, enterprise, site, contract.market, window)
    inputs = {"terms": terms, "order": dict(order), "market": None if market is None else _market_plain(market)}
    result = _result(services, scope, enterprise, site, inputs)
    draft = energy_contracts.Draft("bill", order["month"], *window, inputs, result, result["record_id"])
    with services.database.write() as session:
        return energy_contracts.keep_statement(session, scope, enterprise, site, draft, services.clock())


def check_bill(services: Services, scope: Scope, bill: EnergyStatement) -> Checked:
    """Makes a kept bill again from its inputs; late samples of its month show as a difference."""
    made = _result(services, scope, bill.enterprise, bill.site, bill.inputs)
    kept = bill.result
    # what later versions tell beside it is no difference
    equal = all(made.get(name) == value for name, value in kept.items())
    return Checked(equal, kept["record_id"], made["record_id"], kept["total_yuan"], made["total_yuan"])


def basis_choices(contract: Contract | None, bills: Sequence[EnergyStatement]) -> tuple[Choice, ...]:
    """Demand against capacity over the billed months, in periods that a choice must be kept; empty while unknown.

    Months stand in time order; of several bills of a month the newest counts.
    """
    if contract is None or contract.demand is None or contract.capacity is None or contract.capacity_kva is None:
        return ()
    peaks: dict[str, Decimal] = {}
    for bill in bills:
        if bill.result["peak"] is not None:
            peaks.setdefault(bill.period, Decimal(bill.result["peak"]["kw"]))
    if not peaks:
        return ()
    rows = [peaks[month] for month in sorted(peaks)]
    return cheaper_basis(rows, contract.capacity_kva, contract.demand, contract.capacity, contract.held_months)


def _result(services: Services, scope: Scope, enterprise: str, site: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    contract, order = Contract.of(inputs["terms"]), inputs["order"]
    window = month_window(order["month"], BandCalendar(contract.tariff))
    measured = None
    if contract.power_factor is not None and order.get("reactive") is None and order.get("readings") is None:
        measured = site_registers(services, scope, enterprise, site, *window)
    given = MonthInput(
        order["month"],
        order.get("accept_holes", False),
        order.get("register_kwh"),
        order.get("reactive"),
        _market_of(inputs.get("market")),
        measured,
    )
    readings, meter = _readings(services, scope, enterprise, site, contract, order)
    result = month_bill(contract, readings, meter, given)
    return {**result, "meter": meter, "comparison": compare_invoice(result, order.get("invoice"))}


def _readings(
    services: Services, scope: Scope, enterprise: str, site: str, contract: Contract, order: Mapping[str, Any]
) -> tuple[Intervals, str]:
    given = order.get("readings")
    if given is None:
        window = month_window(order["month"], BandCalendar(contract.tariff))
        found = site_quarters(services, scope, enterprise, site, *window)
        return _known(found.intervals), found.meter
    step_ns = given["step_s"] * 1_000_000_000
    intervals = Intervals.regular(0, 1, ())
    for start_ns, kwh in given["rows"]:
        intervals.start_ns.append(int(start_ns))
        intervals.end_ns.append(int(start_ns) + step_ns)
        intervals.kwh.append(float("nan") if kwh is None else kwh)
    return intervals, given["document"]


def _known(intervals: Intervals) -> Intervals:
    """Without the quarters that are not known: the examination then tells each hole once, as a gap."""
    rows = [row for row, kwh in enumerate(intervals.kwh) if kwh == kwh]
    return Intervals(
        array("q", (intervals.start_ns[row] for row in rows)),
        array("q", (intervals.end_ns[row] for row in rows)),
        array("d", (intervals.kwh[row] for row in rows)),
    )


def _market_plain(series: MarketSeries) -> dict[str, Any]:
    return {
        "name": series.name,
        "document": series.document,
        "start_ns": str(series.start_ns),
        "step_ns": str(series.step_ns),
        "prices": [str(price) for price in series.prices],
        "may_be_negative": series.may_be_negative,
    }


def _market_of(plain: Mapping[str, Any] | None) -> MarketSeries | None:
    if plain is None:
        return None
    prices = tuple(Decimal(each) for each in plain["prices"])
    start, step = int(plain["start_ns"]), int(plain["step_ns"])
    return MarketSeries(plain["name"], plain["document"], start, step, prices, plain["may_be_negative"])
