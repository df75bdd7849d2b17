"""The pages of energy."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_packs import load_tariffs

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.catalogue import energy_settings, enterprises
from ovoo_cloud.console import energy
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/energy")
def energy_sites(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """All sites; each card fills itself."""
    scope = scope.under(Permission.READ_ENERGY)
    with services.database.read() as session:
        companies = {row.id: row for row in enterprises.enterprises(session, scope)}
        places = enterprises.sites(session, scope)
    return page(request, services, "energy_sites.html", scope, places=places, companies=companies)


@router.get("/energy/{enterprise}/{site}/card")
def energy_card(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """The figures on a site's card."""
    with services.database.read() as session:
        place = enterprises.site(session, scope, enterprise, site)
    found = energy.site_totals(services, scope, place)
    return page(request, services, "energy_card.html", scope, found=found)


@router.get("/energy/{enterprise}/{site}")
def energy_page(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """One site: the frame, which fetches its figures."""
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
        chosen = energy_settings.chosen_tariff(session, scope, enterprise, site)
    tariffs = load_tariffs().rows
    return page(
        request,
        services,
        "energy.html",
        scope,
        company=company,
        place=place,
        chosen=chosen,
        tariffs=tariffs,
    )


@router.get("/energy/{enterprise}/{site}/figures")
def energy_figures(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """The figures of one site."""
    with services.database.read() as session:
        place = enterprises.site(session, scope, enterprise, site)
    found = energy.site_figures(services, scope, place)
    return page(request, services, "energy_figures.html", scope, found=found)


@router.post("/energy/{enterprise}/{site}/tariff")
def choose_tariff(
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    tariff: Annotated[str, Form(max_length=63)] = "",
    price: Annotated[str, Form(max_length=20)] = "",
    source: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Chooses the tariff of the site."""
    with services.database.write() as session:
        energy_settings.choose_tariff(
            session,
            scope,
            enterprise,
            site,
            tariff=tariff,
            source=source.strip(),
            flat_price_yuan=_price(price),
            now_ns=services.clock(),
        )
    return RedirectResponse(f"/energy/{enterprise}/{site}", 303)


def _price(text: str) -> float | None:
    """The price of a form; text that is no number becomes 0, which the catalogue refuses by name."""
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        return 0.0
