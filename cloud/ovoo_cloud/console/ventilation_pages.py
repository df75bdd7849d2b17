"""The pages of a mine's ventilation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import ConfigError, ConfigErrors, NotFound
from ovoo_models.efficiency.readings.table import decode_text

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.catalogue import enterprises, ventilation_networks
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page
from ovoo_cloud.energy.ventilation import site_ventilation
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/energy/{enterprise}/{site}/ventilation")
_FAULTS: Final = 50


@router.get("")
def ventilation_page(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """One site: the frame, which fetches the solution."""
    return _frame(request, services, scope, enterprise, site)


@router.get("/figures")
def ventilation_figures(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """The solution with its moves and what is measured."""
    view = site_ventilation(services, scope, enterprise, site)
    return page(request, services, "ventilation_figures.html", scope, view=view)


@router.get("/network.csv")
def network_csv(
    enterprise: str, site: str, services: ServicesDep, scope: Reader, version: int | None = None
) -> Response:
    """The table of a version, the newest without one."""
    with services.database.read() as session:
        row = ventilation_networks.network(session, scope, enterprise, site, version)
    if row is None:
        raise NotFound(
            "not found", code="ventilation.no_network", offender=f"{enterprise}/{site}", remedy="upload a network first"
        )
    name = f"ventilation-{site}-{row.version}.csv"
    # with a mark, so that spreadsheets read the Chinese names
    body = b"\xef\xbb\xbf" + row.csv.removeprefix("\ufeff").encode()
    return Response(body, media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.post("")
def upload_network(
    request: Request,
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    table: Annotated[UploadFile, File()],
    document: Annotated[str, Form(max_length=400)] = "",
    hours: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Adds a version; a table that is no network comes back as the page with its faults."""
    scope = scope.under(Permission.SET_ENERGY)
    raw = table.file.read(4 * ventilation_networks.LONGEST_CSV + 1)
    try:
        text, _ = decode_text(raw, Path(table.filename or "table"))
        with services.database.write() as session:
            ventilation_networks.save_network(
                session, scope, enterprise, site, csv=text, document=document.strip(), hours_per_year=_hours(hours),
                now_ns=services.clock(),
            )  # fmt: skip
    except ConfigError as error:
        faults = error.errors if isinstance(error, ConfigErrors) else (error,)
        return _frame(request, services, scope, enterprise, site, faults)
    return RedirectResponse(f"/energy/{enterprise}/{site}/ventilation", 303)


def _frame(
    request: Request, services: Services, scope: Scope, enterprise: str, site: str,
    faults: tuple[ConfigError, ...] = (),
) -> Response:  # fmt: skip
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
        versions = ventilation_networks.versions(session, scope, enterprise, site)
    return page(
        request, services, "ventilation.html", scope, 422 if faults else 200, company=company, place=place,
        versions=versions, faults=faults[:_FAULTS], fault_count=len(faults),
    )  # fmt: skip


def _hours(text: str) -> float | None:
    """The hours of a form; text that is no number becomes 0, which the catalogue refuses by name."""
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        return 0.0
