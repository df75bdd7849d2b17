"""The pages of balance, meter tree, idle ranking and measures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Form, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import ConfigError, ConfigErrors

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.catalogue import energy_inputs, enterprises, meter_trees, signals
from ovoo_cloud.catalogue.energy_tables import MeterTreeRecord
from ovoo_cloud.console.flow_chart import flow_chart
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.meter_form import document_rows, faults_of, form_rows, offered_rows, offered_signals
from ovoo_cloud.console.render import page, words_of
from ovoo_cloud.energy.idle_ranking import site_idle
from ovoo_cloud.energy.measure_list import site_measure, site_measures
from ovoo_cloud.energy.meter_balance import site_balance
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/energy/{enterprise}/{site}")
DAYS: Final = {"1d": 1, "7d": 7, "30d": 30}
_DAY_NS: Final = 86_400_000_000_000
_QUARTER_NS: Final = 900_000_000_000
Span = Annotated[str, Query(alias="range", pattern="^(1d|7d|30d)$")]


async def sent_form(request: Request) -> AsyncIterator[Mapping[str, Any]]:
    """All fields of a form, whose rows are numbered; whatever files came with it are closed afterwards."""
    async with request.form(max_fields=3000) as form:
        yield form


SentForm = Annotated[Mapping[str, Any], Depends(sent_form)]


@router.get("/balance")
def balance_page(
    request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader, span: Span = "7d"
) -> Response:
    """The frame; it fetches the figures."""
    return _frame(request, services, scope, enterprise, site, "balance", span)


@router.get("/balance/figures")
def balance_figures(
    request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader, span: Span = "7d"
) -> Response:
    """Flows, balances and suspects."""
    found = site_balance(services, scope, enterprise, site, *_bounds(services, span))
    words = words_of(request, services)
    charts = {
        each.carrier: orjson.dumps(flow_chart(each, words)).decode() for each in (found.carriers if found else ())
    }
    place = (enterprise, site)
    return page(request, services, "balance_figures.html", scope, found=found, charts=charts, place=place)


@router.get("/idle")
def idle_page(
    request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader, span: Span = "7d"
) -> Response:
    """The frame; it fetches the ranking."""
    return _frame(request, services, scope, enterprise, site, "idle", span)


@router.get("/idle/figures")
def idle_figures(
    request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader, span: Span = "7d"
) -> Response:
    """Machines by idle energy."""
    found = site_idle(services, scope, enterprise, site, *_bounds(services, span))
    return page(request, services, "idle_figures.html", scope, found=found, place=(enterprise, site))


@router.get("/measures")
def measures_page(
    request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader, span: Span = "30d"
) -> Response:
    """The frame; it fetches the list."""
    return _frame(request, services, scope, enterprise, site, "measures", span)


@router.get("/measures/figures")
def measures_figures(
    request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader, span: Span = "30d"
) -> Response:
    """The list."""
    found = site_measures(services, scope, enterprise, site, *_bounds(services, span))
    return page(request, services, "measures_figures.html", scope, found=found, place=(enterprise, site), span=span)


@router.get("/measures/{kind}")
def measure_page(
    request: Request,
    enterprise: str,
    site: str,
    kind: str,
    services: ServicesDep,
    scope: Reader,
    asset: Annotated[str, Query(max_length=200)] = "",
    span: Span = "30d",
) -> Response:
    """One measure: its evidence, what it needs, and the plan that will prove it."""
    found = site_measures(services, scope, enterprise, site, *_bounds(services, span))
    line = site_measure(found, kind, asset)
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
        given = energy_inputs.newest(session, scope, enterprise, site)
    path = f"{enterprise}/{site}/{asset}" if asset else ""
    known = {
        name.partition(".")[2]: (each, given.get((path, name)))
        for name, each in energy_inputs.known_inputs().items()
        if name.startswith(f"{kind}.")
    }
    return page(
        request, services, "measure.html", scope,
        company=company, place=place, found=found, line=line, inputs=known, span=span,
        plan_fields=tuple(energy_inputs.PLAN_FIELDS),
    )  # fmt: skip


@router.post("/inputs")
def give_input(
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    name: Annotated[str, Form(max_length=63)],
    asset: Annotated[str, Form(max_length=200)] = "",
    value: Annotated[str, Form(max_length=200)] = "",
    document: Annotated[str, Form(max_length=400)] = "",
    span: Annotated[str, Form(pattern="^(1d|7d|30d)$")] = "30d",
) -> Response:
    """Keeps a decision, price or plan field and goes back to where it shows."""
    with services.database.write() as session:
        path = f"{enterprise}/{site}/{asset}" if asset else ""
        now_ns = services.clock()
        energy_inputs.save(
            session, scope, enterprise, site, asset=path, name=name, value=value, source=document, now_ns=now_ns
        )
    own = f"/energy/{enterprise}/{site}"
    kind = name.partition(".")[0]
    after = f"{own}/idle?range={span}" if name == "restart_kwh" else f"{own}/measures/{kind}?asset={asset}&range={span}"
    return RedirectResponse(after, 303)


@router.get("/meter-tree")
def tree_page(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """The form, filled with what there is."""
    with services.database.read() as session:
        tree = meter_trees.current_tree(session, scope, enterprise, site)
        assets = signals.assets(session, scope, enterprise, site)
        rows = signals.signals(session, scope, enterprise, site=site)
    filled = offered_rows(tree, assets, rows)
    return _tree_form(request, services, scope, (enterprise, site), filled, tree.source if tree else "", None)


@router.post("/meter-tree")
def keep_tree(
    request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader, form: SentForm
) -> Response:
    """Keeps the rows that are ticked; where one is wrong the form comes back with what was filled in."""
    filled = form_rows(form)
    document = str(form.get("document", ""))
    meant = [{key: row[key] for key in row if key != "use"} for row in filled if row["use"]]
    error = _saved(services, scope, (enterprise, site), meant, document)
    if error is None:
        return RedirectResponse(f"/energy/{enterprise}/{site}/balance", 303)
    return _tree_form(request, services, scope, (enterprise, site), filled, document, error)


@router.post("/meter-tree/upload")
def upload_tree(
    request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader, file: UploadFile
) -> Response:
    """Keeps the tree of a JSON file; faults are told by row and the present tree stays."""
    error: ConfigError | None
    try:
        document, rows = document_rows(file.file.read())
    except ConfigErrors as caught:
        scope = scope.under(Permission.SET_ENERGY)
        error = caught
    else:
        error = _saved(services, scope, (enterprise, site), rows, document)
    if error is None:
        return RedirectResponse(f"/energy/{enterprise}/{site}/balance", 303)
    with services.database.read() as session:
        tree = meter_trees.current_tree(session, scope, enterprise, site)
        assets = signals.assets(session, scope, enterprise, site)
        listed = signals.signals(session, scope, enterprise, site=site)
    filled = offered_rows(tree, assets, listed)
    return _tree_form(
        request, services, scope, (enterprise, site), filled, tree.source if tree else "", error, uploaded=True
    )


def _saved(services: Services, scope: Scope, place: tuple[str, str], rows: object, document: str) -> ConfigError | None:
    """Keeps a tree; gives what is wrong with it."""
    try:
        with services.database.write() as session:
            meter_trees.save_tree(session, scope, *place, rows, source=document, now_ns=services.clock())
    except ConfigErrors as error:
        return error
    return None


def _tree_form(
    request: Request,
    services: Services,
    scope: Scope,
    place: tuple[str, str],
    filled: list[dict[str, Any]],
    document: str,
    error: ConfigError | None,
    *,
    uploaded: bool = False,
) -> Response:
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, place[0])
        row = enterprises.site(session, scope, *place)
        history: list[MeterTreeRecord] = list(meter_trees.versions(session, scope, *place))
        offered = offered_signals(signals.signals(session, scope, place[0], site=place[1]))
    faults = [] if error is None else faults_of(error)
    return page(
        request, services, "meter_tree.html", scope, 200 if error is None else 422,
        company=company, place=row, rows=filled, document=document, faults=faults, history=history, offered=offered,
        uploaded=uploaded,
    )  # fmt: skip


def _frame(
    request: Request, services: Services, scope: Scope, enterprise: str, site: str, part: str, span: str
) -> Response:
    scope = scope.under(Permission.READ_ENERGY)
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
    return page(
        request, services, "energy_part.html", scope,
        company=company, place=place, part=part, span=span, spans=tuple(DAYS),
    )  # fmt: skip


def _bounds(services: Services, span: str) -> tuple[int, int]:
    """The last whole quarter hour is left to come in."""
    end_ns = services.clock() // _QUARTER_NS * _QUARTER_NS
    return end_ns - DAYS[span] * _DAY_NS, end_ns
