"""The plan of a site's month from what the cloud knows: names, register, meters, chosen tariff, price with document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from ovoo_contract.errors import ConfigError
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_contracts, energy_settings, enterprises, signals
from ovoo_cloud.catalogue.energy_tables import EnergyContract, EnergyStatement
from ovoo_cloud.catalogue.tables import AssetRecord, EnergySetting, Enterprise, SignalRecord, Site
from ovoo_cloud.energy_report.contract_bill import bill_of, market_of
from ovoo_cloud.energy_report.plan import MonthPlan, month_window, parse_plan
from ovoo_cloud.energy_report.site_baseline import baseline_of_month

__all__ = ["plan_of_site"]

_SECTORS: Final = ("coal_mine", "coal_chemical", "dairy", "steel")
_METER: Final = "site_meter"
_ENERGY_UNITS: Final = ("kWh", "MWh", "W", "kW", "MW")
_OWN: Final = ("month", "site", "timezone")


def plan_of_site(
    session: Session, scope: Scope, enterprise: str, site: str, month: str, told: Mapping[str, Any] | None = None
) -> MonthPlan:
    """The plan of one site and local month.

    `told` brings what the cloud does not know, in the form of `MonthPlan.raw`: `case.products`, `case.energy`,
    `bill`, `baseline`, `accuracy`, `decisions`. It goes before what the settings say.

    Raises:
        NotFound, Forbidden: outside the scope.
        ConfigError, ConfigErrors: not a month, or a mistake in `told`.
    """
    company = enterprises.enterprise(session, scope, enterprise)
    place = enterprises.site(session, scope, enterprise, site)
    chosen = energy_settings.chosen_tariff(session, scope, enterprise, site)
    contract = energy_contracts.contract_of(session, scope, enterprise, site)
    assets = signals.assets(session, scope, enterprise, site)
    rows = signals.signals(session, scope, enterprise, site=site)
    window = month_window(month, place.timezone)
    market = None
    if contract is not None and contract.terms.get("market"):
        series = energy_contracts.price_series(session, scope, enterprise, site)
        market = market_of(contract.terms["market"], series, window)
    bills = [
        row
        for row in energy_contracts.statements(session, scope, enterprise, site, "bill")
        if row.period == month and row.inputs["order"].get("reactive")
    ]
    given = dict(told or {})
    own = sorted(set(given) & set(_OWN))
    if own:
        remedy = "name site and month in the order of the report"
        raise ConfigError(
            "not an input of a report", code="report.not_input_of_report", offender="inputs", value=own, remedy=remedy
        )
    case = given.pop("case", {})
    if not isinstance(case, Mapping):
        raise ConfigError(
            "not a section", code="report.not_section", offender="inputs.case", value=case,
            remedy="write its keys as an object",
        )  # fmt: skip
    zone = ZoneInfo(place.timezone)
    given |= _baseline(session, scope, enterprise, site, window[0], zone, given)
    known = _case(company, place, _grid(contract, chosen), assets, rows)
    energy = {**known["energy"], **_section(case, "energy")}
    plan: dict[str, Any] = {
        "month": month,
        "site": site,
        "timezone": place.timezone,
        "case": {**known, **case, "energy": energy, "enterprise": enterprise, "sites": known["sites"]},
        **_bill(contract, chosen, market),
        **_registers(bills, contract),
        **given,
    }
    return parse_plan(plan, "inputs")


def _baseline(
    session: Session,
    scope: Scope,
    enterprise: str,
    site: str,
    month_start_ns: int,
    zone: ZoneInfo,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    told = given.get("baseline")
    if told is not None and not isinstance(told, Mapping):
        raise ConfigError(
            "not a section",
            code="report.not_section",
            offender="inputs.baseline",
            value=told,
            remedy="write its keys as an object",
        )
    if told is not None and "approved" in told:
        remedy = "name it by `id`: what was signed comes from the cloud"
        raise ConfigError(
            "not an input of a report",
            code="report.baseline_not_an_input",
            offender="inputs.baseline",
            value="approved",
            remedy=remedy,
        )
    found = baseline_of_month(session, scope, enterprise, site, month_start_ns, zone, told)
    return {} if found is None else {"baseline": found}


def _section(case: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = case.get(name) or {}
    if not isinstance(section, Mapping):
        raise ConfigError(
            "not a section", code="report.not_section", offender=f"inputs.case.{name}", value=section,
            remedy="write an object",
        )  # fmt: skip
    return dict(section)


def _case(
    company: Enterprise,
    place: Site,
    grid: str,
    assets: Sequence[AssetRecord],
    rows: Sequence[SignalRecord],
) -> dict[str, Any]:
    powered = {row.asset for row in rows if row.measurement == "telemetry" and row.unit in _ENERGY_UNITS}
    machines = [each for each in assets if each.path in powered and each.template != _METER]
    metered = [each for each in assets if each.path in powered and each.template == _METER]
    sector = company.sector if company.sector in _SECTORS else "other"
    return {
        "profile": {"name": {"zh": company.name_zh, "en": company.name_en}, "sector": sector},
        "sites": [
            {
                "id": place.id,
                "name": {"zh": place.name_zh, "en": place.name_en},
                "grid": grid,
            }
        ],
        "equipment": _register(machines),
        # without a site meter the site's energy is the sum of its machines, as on the energy page
        "energy": {"meters": [_path(each) for each in metered or machines], "complete": False},
    }


def _register(machines: Sequence[AssetRecord]) -> list[dict[str, Any]]:
    """Machines by their last name, or by their whole path where two share it."""
    names = Counter(each.path.rsplit("/", 1)[-1] for each in machines)
    rows = []
    for each in sorted(machines, key=lambda row: row.path):
        short = each.path.rsplit("/", 1)[-1]
        rows.append(
            {
                "id": short if names[short] == 1 else each.path.split("/", 2)[-1].replace("/", "-"),
                "name": {"zh": each.name_zh or short, "en": each.name_en or short},
                "asset": _path(each),
                "template": each.template,
                "digital": True,
            }
        )
    return rows


def _path(asset: AssetRecord) -> str:
    return asset.path.split("/", 1)[-1]


def _grid(contract: EnergyContract | None, chosen: EnergySetting | None) -> str:
    if contract is not None:
        return str(contract.terms["tariff"])
    return "" if chosen is None else chosen.tariff


def _registers(bills: Sequence[EnergyStatement], contract: EnergyContract | None) -> dict[str, Any]:
    """The registers entered with the newest bill of the month, and how the contract counts reactive energy."""
    if not bills:
        return {}
    newest = max(bills, key=lambda row: (row.created_ns, row.id))
    order = newest.inputs["order"]
    document = (order.get("invoice") or {}).get("document") or newest.id
    rule = {} if contract is None else (contract.terms.get("power_factor") or {})
    given = {name: value for name, value in order["reactive"].items() if value is not None}
    return {"registers": {**given, "rule": rule.get("rule", "absolute_sum"), "document": document}}


def _bill(
    contract: EnergyContract | None, chosen: EnergySetting | None, market: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The prices of the contract; without one the one price that the settings hold, of the flat band times ratios."""
    if contract is not None:
        bill = bill_of(contract.terms, market)
        return {} if bill is None else {"bill": bill}
    if chosen is None or chosen.flat_price_yuan is None or not chosen.source:
        return {}
    price = f"{Decimal(repr(chosen.flat_price_yuan)):f}"
    charge = {"name": "energy", "document": chosen.source, "form": "ratio", "price": price}
    return {"bill": {"charges": [charge]}}
