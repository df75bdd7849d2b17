"""The pages of what energy costs and emits: demand, tariff day, contract, bills, carbon."""

from __future__ import annotations

import datetime
import math
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from ovoo_contract.errors import OvooError, QueryError
from ovoo_models.efficiency.plots import TariffDay as DayPicture
from ovoo_models.efficiency.plots import draw_tariff_day
from ovoo_models.efficiency.tariff.demand import Projection
from ovoo_models.plot import Look
from ovoo_packs import load_factors, load_tariffs

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.catalogue import energy_contracts, enterprises, signals
from ovoo_cloud.catalogue.tables import Enterprise, Site
from ovoo_cloud.console.energy_contract_form import FIELDS, fits_form, form_of, terms_of
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.language import Words
from ovoo_cloud.console.render import page, words_of
from ovoo_cloud.energy.bills import basis_choices, check_bill, make_bill, site_contract
from ovoo_cloud.energy.carbon_statement import make_carbon, remake_carbon
from ovoo_cloud.energy.contract import Contract
from ovoo_cloud.energy.demand_gauge import demand_now, month_demand
from ovoo_cloud.energy.tariff_day import TariffDay, tariff_day
from ovoo_cloud.reasons import reason_of
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/energy/{enterprise}/{site}")
_WIDTHS: Final = (("wide", 640.0), ("narrow", 330.0))
_HOUR_NS: Final = 3.6e12
Short = Annotated[str, Form(max_length=63)]


@router.get("/cost")
def cost_page(
    request: Request,
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    day: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """The demand of now, and a day against its tariff."""
    company, place = _place(services, scope, enterprise, site)
    contract = site_contract(services, scope, enterprise, site)
    found, reason, picture = None, None, Markup("")
    asked = _day(day) if day else _yesterday(services, place)
    names: dict[str, Any] = {}
    if contract is not None:
        with services.database.read() as session:
            rows = signals.assets(session, scope, enterprise, site)
            names = {row.path.split("/", 2)[2]: row for row in rows}
        try:
            found = tariff_day(services, scope, enterprise, site, contract, asked)
            picture = _picture(found, contract, words_of(request, services))
        except OvooError as error:
            reason = reason_of(error)
    return page(
        request, services, "energy_cost.html", scope, company=company, place=place, contract=contract, found=found,
        reason=reason, day=asked, picture=picture, names=names,
    )  # fmt: skip


@router.get("/cost/demand")
def demand_part(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """The running quarter hour."""
    contract = site_contract(services, scope, enterprise, site)
    now = demand_now(services, scope, enterprise, site, None if contract is None else contract.agreed_kw)
    return page(request, services, "energy_demand.html", scope, now=now, bar=_bar(now.projection, now.target_kw))


@router.get("/cost/month")
def month_part(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """The month's peak so far."""
    found = month_demand(services, scope, enterprise, site)
    return page(request, services, "energy_month.html", scope, month=found)


@router.get("/contract")
def contract_page(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """The terms of the site, and the form to change them."""
    company, place = _place(services, scope, enterprise, site)
    with services.database.read() as session:
        row = energy_contracts.contract_of(session, scope, enterprise, site)
        series = energy_contracts.price_series(session, scope, enterprise, site)
    return page(
        request, services, "energy_contract.html", scope, company=company, place=place, row=row, series=series,
        form=form_of(None if row is None else row.terms), tariffs=load_tariffs().rows,
        fits=fits_form(None if row is None else row.terms),
    )  # fmt: skip


@router.post("/contract")
async def put_contract(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """Enters the terms of a form."""
    async with request.form(max_fields=40) as given:
        terms = terms_of({name: str(given.get(name, ""))[:8000] for name in FIELDS})
    Contract.of(terms)
    with services.database.write() as session:
        row = energy_contracts.contract_of(session, scope, enterprise, site)
        if not fits_form(None if row is None else row.terms):
            remedy = "change it through the API, where it came from"
            raise QueryError(
                "the contract says more than the form", code="cost.contract_says_more_than_form", offender="contract",
                value=site, remedy=remedy,
            )  # fmt: skip
        energy_contracts.save_contract(session, scope, enterprise, site, terms, services.clock())
    return RedirectResponse(f"/energy/{enterprise}/{site}/contract", 303)


@router.get("/bills")
def bills_page(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """The kept bills and the form to make one."""
    company, place = _place(services, scope, enterprise, site)
    contract = site_contract(services, scope, enterprise, site)
    with services.database.read() as session:
        rows = energy_contracts.statements(session, scope, enterprise, site, "bill")
    first = _today(services, place).replace(day=1) - datetime.timedelta(days=1)
    return page(
        request, services, "energy_bills.html", scope, company=company, place=place, contract=contract, rows=rows,
        choices=basis_choices(contract, rows), month=f"{first:%Y-%m}",
    )  # fmt: skip


@router.post("/bills")
def post_bill(
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    month: Annotated[str, Form(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")],
    accept_holes: Short = "",
    register_kwh: Short = "",
    active_import: Short = "",
    reactive_import: Short = "",
    reactive_export: Short = "",
    invoice_yuan: Short = "",
    invoice_document: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Bills a month by the site's meter."""
    order: dict[str, Any] = {"month": month, "accept_holes": bool(accept_holes)}
    if register_kwh.strip():
        order["register_kwh"] = register_kwh.strip()
    if active_import.strip() and reactive_import.strip():
        order["reactive"] = {
            "active_import": active_import.strip(), "active_export": "0",
            "reactive_import": reactive_import.strip(), "reactive_export": reactive_export.strip() or "0",
        }  # fmt: skip
    if invoice_yuan.strip():
        if not invoice_document.strip():
            raise QueryError(
                "an invoice needs its number", code="cost.invoice_needs_its_number", offender="invoice_document",
                value="", remedy="name it",
            )  # fmt: skip
        order["invoice"] = {"total_yuan": invoice_yuan.strip(), "document": invoice_document.strip(), "lines": []}
    made = make_bill(services, scope, enterprise, site, order)
    return RedirectResponse(f"/energy/{enterprise}/{site}/bills/{made.id}", 303)


@router.get("/bills/{bill}")
def bill_page(
    request: Request, enterprise: str, site: str, bill: str, services: ServicesDep, scope: Reader, check: str = ""
) -> Response:
    """One bill; `check` makes it again."""
    company, place = _place(services, scope, enterprise, site)
    with services.database.read() as session:
        row = energy_contracts.statement(session, scope, enterprise, site, bill, "bill")
    checked = check_bill(services, scope, row) if check else None
    return page(
        request, services, "energy_bill.html", scope, company=company, place=place, row=row, bill=row.result,
        checked=checked,
    )  # fmt: skip


@router.get("/carbon")
def carbon_page(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """The figures that were made, those of one window side by side."""
    company, place = _place(services, scope, enterprise, site)
    with services.database.read() as session:
        rows = energy_contracts.statements(session, scope, enterprise, site, "carbon")
    windows: dict[str, list[Any]] = {}
    for row in reversed(rows):
        windows.setdefault(row.period, []).append(row)
    today = _today(services, place)
    grids = [row for row in load_factors().rows.values() if row.kind == "co2_grid"]
    return page(
        request, services, "energy_carbon.html", scope, company=company, place=place, grids=grids,
        windows=list(reversed(windows.values())), first=today - datetime.timedelta(days=7), last=today,
    )  # fmt: skip


@router.post("/carbon")
def post_carbon(
    enterprise: str, site: str, services: ServicesDep, scope: Reader, first: Short, last: Short, grid: Short
) -> Response:
    """Counts the metered electricity from the first day to before the last."""
    _, place = _place(services, scope, enterprise, site)
    zone = ZoneInfo(place.timezone)
    ends = [datetime.datetime.combine(_day(text), datetime.time(), zone) for text in (first, last)]
    window = (int(ends[0].timestamp()) * 10**9, int(ends[1].timestamp()) * 10**9)
    make_carbon(services, scope, enterprise, site, window, _choice(services, grid, "calorific"), [])
    return RedirectResponse(f"/energy/{enterprise}/{site}/carbon", 303)


@router.post("/carbon/{statement}/remake")
def post_remake(
    enterprise: str, site: str, statement: str, services: ServicesDep, scope: Reader, grid: Short,
    electricity: Annotated[str, Form(pattern="^(calorific|equivalent)$")] = "calorific",
) -> Response:  # fmt: skip
    """The same amounts by other factors."""
    with services.database.read() as session:
        earlier = energy_contracts.statement(session, scope, enterprise, site, statement, "carbon")
    remake_carbon(services, scope, earlier, _choice(services, grid, electricity))
    return RedirectResponse(f"/energy/{enterprise}/{site}/carbon", 303)


def _choice(services: Services, grid: str, electricity: str) -> dict[str, Any]:
    year = datetime.datetime.fromtimestamp(services.clock() // 10**9, datetime.UTC).year
    return {"year": year, "region": "inner_mongolia", "electricity": electricity, "grid_id": grid}


def _place(services: Services, scope: Scope, enterprise: str, site: str) -> tuple[Enterprise, Site]:
    scope = scope.under(Permission.READ_ENERGY)
    with services.database.read() as session:
        return enterprises.enterprise(session, scope, enterprise), enterprises.site(session, scope, enterprise, site)


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise QueryError("not a day", code="cost.not_day", offender="day", value=text, remedy="2026-06-04") from error


def _today(services: Services, place: Site) -> datetime.date:
    return datetime.datetime.fromtimestamp(services.clock() // 10**9, ZoneInfo(place.timezone)).date()


def _yesterday(services: Services, place: Site) -> datetime.date:
    return _today(services, place) - datetime.timedelta(days=1)


def _bar(projection: Projection | None, target_kw: float | None) -> float | None:
    """The projected demand as a share of the target, at most 1.5, for the width of a bar."""
    if projection is None or not target_kw:
        return None
    return min(max(projection.kw / target_kw, 0.0), 1.5)


def _picture(found: TariffDay, contract: Contract, words: Words) -> Markup:
    if not found.known:
        return Markup("")
    power = [math.nan if slot.kwh is None else slot.kwh * 4 for slot in found.slots]
    bands: list[tuple[float, float, str, str]] = []
    for slot in found.slots:
        at = (slot.start_ns - found.start_ns) / _HOUR_NS
        price = "" if slot.price_yuan is None else f"{slot.price_yuan:.4f}"
        if bands and bands[-1][2] == slot.band:
            bands[-1] = (bands[-1][0], at + 0.25, slot.band, price)
        else:
            bands.append((at, at + 0.25, slot.band, price))
    limit = math.nan if contract.agreed_kw is None else contract.agreed_kw
    data = DayPicture(power, bands, limit, found.day)
    drawn = ((kind, draw_tariff_day(data, Look(words.language, width=width))) for kind, width in _WIDTHS)
    return Markup("".join(f'<div class="plot-{kind}">{svg}</div>' for kind, svg in drawn))  # noqa: S704  # escaped
