"""The page of specific consumption against norms."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import QueryError
from ovoo_packs import load_norms

from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.catalogue import energy_intensities, enterprises
from ovoo_cloud.console.baseline_pages import signal_choices
from ovoo_cloud.console.baseline_plots import intensity_plot
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page, words_of
from ovoo_cloud.energy.intensity import IntensitySpec, define_intensity

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/energy/{enterprise}/{site}/intensity")
_Text = Annotated[str, Form(max_length=400)]


@router.get("")
def intensity_page(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """Every intensity of the site by month."""
    words = words_of(request, services)
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
        rows = energy_intensities.intensities(session, scope, enterprise, site)
    energy, products = signal_choices(services, scope, enterprise, site)
    shown = [{"row": row, "plot": intensity_plot(row.name, row.results, words)} for row in rows if row.results]
    table = load_norms()
    norms = table.of_sector(company.sector) or tuple(table.rows.values())
    return page(
        request, services, "intensity.html", scope, company=company, place=place, shown=shown, energy=energy,
        products=[row for row in products if row not in energy], norms=norms,
    )  # fmt: skip


@router.post("")
def define(
    enterprise: str, site: str, services: ServicesDep, scope: Reader, name: _Text, energy: _Text, product: _Text,
    norm: _Text, take: _Text = "integral", total: _Text = "", document: _Text = "", intensity: _Text = "",
    complete: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    """Defines an intensity by the form."""
    spec = IntensitySpec(
        (energy,), product, norm, "increase" if take == "increase" else "integral", correction_document=document,
        correction_total=_number(total), complete=complete,
    )  # fmt: skip
    define_intensity(services, scope, enterprise, site, spec, name=name, intensity_id=intensity)
    return RedirectResponse(f"/energy/{enterprise}/{site}/intensity", 303)


def _number(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError as error:
        raise QueryError(
            "not a number", code="intensity.not_number", offender="total", value=text, remedy="1.08"
        ) from error
