"""The page of entered bills: a list with what is wrong in it, entry and withdrawal, and a baseline made of them."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import QueryError
from ovoo_models.efficiency.savings.bill_periods import KINDS, settle

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.catalogue import entered_bills, enterprises
from ovoo_cloud.console.baseline_pages import day_ns, signal_choices
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page
from ovoo_cloud.energy.baseline_service import define_baseline
from ovoo_cloud.energy.bill_baseline import BillSpec
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/energy/{enterprise}/{site}/entered-bills")
_Text = Annotated[str, Form(max_length=400)]


@router.get("")
def bills_page(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """All entered bills, with the faults that settling them finds."""
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
        rows = entered_bills.bills(session, scope, enterprise, site)
    book = settle([entered_bills.bill_of(row) for row in rows])
    _, numbers = signal_choices(services, scope, enterprise, site)
    names = sorted({name for row in rows for name in row.amounts})
    return page(
        request, services, "entered_bills.html", scope, company=company, place=place, rows=rows, faults=book.faults,
        periods=len(book.periods), names=names, kinds=KINDS,
        temperatures=[row for row in numbers if row.unit == "degC"],
    )  # fmt: skip


@router.post("")
def enter(
    enterprise: str, site: str, services: ServicesDep, scope: Reader, start: _Text, end: _Text, kwh: _Text,
    kind: _Text, document: _Text, amounts: _Text = "",
) -> Response:  # fmt: skip
    """Keeps one bill of the form."""
    zone = _zone(services, scope, enterprise, site)
    bill = entered_bills.NewBill(
        day_ns(start, "start", zone), day_ns(end, "end", zone), kwh.strip(), kind, document, _amounts(amounts)
    )
    with services.database.write() as session:
        entered_bills.enter(session, scope, enterprise, site, [bill], services.clock())
    return RedirectResponse(f"/energy/{enterprise}/{site}/entered-bills", 303)


@router.post("/baseline")
def define(
    enterprise: str, site: str, services: ServicesDep, scope: Reader, name: _Text, start: _Text, end: _Text,
    amounts: Annotated[list[str] | None, Form(max_length=6)] = None, temperature: _Text = "", heating_base: _Text = "",
    cooling_base: _Text = "",
) -> Response:  # fmt: skip
    """Defines a baseline of the bills within some dates and shows its fit."""
    zone = _zone(services, scope, enterprise, site)
    bases = _degrees(heating_base, "heating_base"), _degrees(cooling_base, "cooling_base")
    spec = BillSpec(tuple(amounts or ()), temperature, *bases)
    owner, _ = define_baseline(
        services, scope, enterprise, site, name=name, asset="", spec=spec, start_ns=day_ns(start, "start", zone),
        end_ns=day_ns(end, "end", zone),
    )  # fmt: skip
    return RedirectResponse(f"/energy/{enterprise}/{site}/baselines/{owner.id}", 303)


@router.post("/{bill}/withdraw")
def withdraw(enterprise: str, site: str, bill: str, services: ServicesDep, scope: Reader) -> Response:
    """Takes out a bill that was entered by mistake."""
    with services.database.write() as session:
        entered_bills.withdraw(session, scope, enterprise, site, bill, services.clock())
    return RedirectResponse(f"/energy/{enterprise}/{site}/entered-bills", 303)


def _zone(services: Services, scope: Scope, enterprise: str, site: str) -> ZoneInfo:
    scope.require(Permission.SET_ENERGY)
    with services.database.read() as session:
        return ZoneInfo(enterprises.site(session, scope, enterprise, site).timezone)


def _amounts(text: str) -> dict[str, str]:
    """Amounts written as `产量=310.5; 班次=62`."""
    found = {}
    for part in filter(None, (each.strip() for each in text.replace("；", ";").split(";"))):
        name, sign, value = part.replace("＝", "=").partition("=")
        if not sign or not name.strip() or not value.strip():
            raise QueryError("no amount", offender="amounts", value=part, remedy="name=number, apart by semicolons")
        found[name.strip()] = value.strip()
    return found


def _degrees(text: str, name: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError as error:
        raise QueryError("not a temperature", offender=name, value=text, remedy="degC, such as 16") from error
