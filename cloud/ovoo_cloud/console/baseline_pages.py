"""The pages of baselines: their list with the form that defines one, and each with its fits and savings."""

from __future__ import annotations

import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import QueryError, UnitError

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.catalogue import energy_baselines, energy_savings, enterprises, signals
from ovoo_cloud.catalogue.baseline_tables import EnergyFit
from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.console.baseline_form import (
    MOST_DRIVERS,
    MOST_ENERGY,
    BaselineForm,
    changed,
    form_of,
    spec_data,
)
from ovoo_cloud.console.baseline_plots import scatter_plot
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page, words_of
from ovoo_cloud.energy.baseline_service import define_baseline, fit_baseline
from ovoo_cloud.energy.baseline_spec import spec_from_data
from ovoo_cloud.energy.intervals import energy_reading
from ovoo_cloud.services import Services

__all__ = ["day_ns", "router", "signal_choices"]

router = APIRouter(include_in_schema=False, prefix="/energy/{enterprise}/{site}/baselines")
_Text = Annotated[str, Form(max_length=400)]


@router.get("")
def baselines_page(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """All baselines of a site with their newest saving."""
    return _list(request, services, scope, enterprise, site, None)


@router.post("")
async def define(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """Defines a baseline by the form and shows its first fit."""
    form = form_of(await _sent(request))
    owner = await run_in_threadpool(_defined, services, scope, enterprise, site, form)
    return RedirectResponse(f"/energy/{enterprise}/{site}/baselines/{owner}", 303)


@router.post("/form")
async def change_form(
    request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader, change: str
) -> Response:
    """The page again with a row of the form more or less; what was filled in stays."""
    scope.require(Permission.SET_ENERGY)
    form = changed(form_of(await _sent(request)), change)
    return await run_in_threadpool(_list, request, services, scope, enterprise, site, form)


def _list(
    request: Request, services: Services, scope: Scope, enterprise: str, site: str, form: BaselineForm | None
) -> Response:
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
        rows = [
            {"row": row, "champion": energy_baselines.champion(session, scope, row),
             "savings": energy_savings.of_baseline(session, scope, row)}
            for row in energy_baselines.baselines(session, scope, enterprise, site)
        ]  # fmt: skip
        machines = signals.assets(session, scope, enterprise, site)
    energy, drivers = signal_choices(services, scope, enterprise, site)
    return page(
        request, services, "baselines.html", scope, company=company, place=place, rows=rows, machines=machines,
        energy=energy, drivers=drivers, form=form or BaselineForm(), opened=form is not None or not rows,
        most=(MOST_ENERGY, MOST_DRIVERS),
    )  # fmt: skip


async def _sent(request: Request) -> dict[str, list[str]]:
    """Fields of a form with all their values, texts only."""
    form = await request.form(max_files=0, max_fields=200)
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            found.setdefault(name, []).append(value[:400])
    return found


def _defined(services: Services, scope: Scope, enterprise: str, site: str, form: BaselineForm) -> str:
    spec, zone = spec_from_data(spec_data(form)), _zone(services, scope, enterprise, site)
    owner, _ = define_baseline(
        services, scope, enterprise, site, name=form.name, asset=form.asset, spec=spec,
        start_ns=day_ns(form.start, "start", zone), end_ns=day_ns(form.end, "end", zone),
    )  # fmt: skip
    return owner.id


@router.get("/{baseline}")
def baseline_page(
    request: Request, enterprise: str, site: str, baseline: str, services: ServicesDep, scope: Reader
) -> Response:
    """One baseline: the champion, beside it what waits for a signature, its events and savings."""
    words = words_of(request, services)
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
        row = energy_baselines.baseline(session, scope, enterprise, site, baseline)
        fits = energy_baselines.fits(session, scope, row)
        savings = energy_savings.of_baseline(session, scope, row)
        events = energy_savings.events(session, scope, row)
    current = [each for role in ("champion", "challenger", "draft") for each in fits if each.role == role]
    shown = [_shown(each, scatter_plot(each.outcome, words)) for each in current]
    return page(
        request, services, "baseline.html", scope, company=company, place=place, row=row, shown=shown,
        former=[each for each in fits if each.role == "former"], savings=savings, events=events,
        champion=next((each for each in fits if each.role == "champion"), None),
    )  # fmt: skip


@router.post("/{baseline}/fits")
def fit_again(
    enterprise: str, site: str, baseline: str, services: ServicesDep, scope: Reader, start: _Text, end: _Text
) -> Response:
    """Fits over other days, as a draft."""
    zone = _zone(services, scope, enterprise, site)
    with services.database.read() as session:
        row = energy_baselines.baseline(session, scope, enterprise, site, baseline)
    fit_baseline(services, scope, row, day_ns(start, "start", zone), day_ns(end, "end", zone))
    return RedirectResponse(f"/energy/{enterprise}/{site}/baselines/{baseline}", 303)


@router.post("/{baseline}/fits/{fit}/signature")
def sign(
    enterprise: str, site: str, baseline: str, fit: str, services: ServicesDep, scope: Reader, document: _Text
) -> Response:
    """Signs a fit in the reader's name."""
    with services.database.write() as session:
        row = energy_baselines.baseline(session, scope, enterprise, site, baseline)
        energy_baselines.sign(session, scope, row, fit, document=document, now_ns=services.clock())
    return RedirectResponse(f"/energy/{enterprise}/{site}/baselines/{baseline}", 303)


def signal_choices(
    services: Services, scope: Scope, enterprise: str, site: str
) -> tuple[list[SignalRecord], list[SignalRecord]]:
    """Signals that tell energy, and all measured numbers of the site."""
    scope = scope.under(Permission.READ_ENERGY)
    with services.database.read() as session:
        rows = signals.signals(session, scope, enterprise, site=site, measurement="telemetry")
    numbers = [row for row in rows if row.type in ("float", "int")]
    return [row for row in numbers if _tells_energy(row)], numbers


def day_ns(text: str, name: str, zone: ZoneInfo) -> int:
    """Local midnight of a day of the form."""
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError as error:
        raise QueryError(
            "not a day", code="baseline.not_day", offender=name, value=text, remedy="2026-11-23"
        ) from error
    return int(datetime.datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 10**9


def _tells_energy(row: SignalRecord) -> bool:
    try:
        energy_reading(row.address, row.unit)
    except UnitError:
        return False
    return True


def _zone(services: Services, scope: Scope, enterprise: str, site: str) -> ZoneInfo:
    with services.database.read() as session:
        return ZoneInfo(enterprises.site(session, scope, enterprise, site).timezone)


def _shown(row: EnergyFit, plot: Any) -> dict[str, Any]:
    fatal = [each for each in row.outcome["faults"] if each["fatal"]]
    return {"row": row, "outcome": row.outcome, "plot": plot, "fatal": fatal}
