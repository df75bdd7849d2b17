"""The forms of ideal rates: one machine's on its page, a table of all of them on the page of the site."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.row_counts import count_rows
from ovoo_cloud.catalogue import enterprises, ideal_rates, signals
from ovoo_cloud.catalogue.ideal_rate_sheet import read_sheet, write_sheet
from ovoo_cloud.console.gate import Reader

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_Text = Annotated[str, Form(max_length=32)]


@router.post("/machines/{enterprise}/{site}/{area}/{line}/{asset}/ideal-rate")
def keep_rate(
    enterprise: str, site: str, area: str, line: str, asset: str, services: ServicesDep, scope: Reader,
    ideal_rate_per_hour: _Text = "", product_unit: _Text = "",
) -> Response:  # fmt: skip
    """Keeps the rate of the form; two empty fields take it away."""
    path = f"{enterprise}/{site}/{area}/{line}/{asset}"
    given = ideal_rates.GivenRate(path, ideal_rate_per_hour, product_unit)
    with services.database.write() as session:
        ideal_rates.enter(session, scope, enterprise, [given], services.clock())
    return RedirectResponse(f"/machines/{path}#ideal-rate", 303)


@router.get("/sites/{enterprise}/{site}/ideal-rates.csv")
def rate_sheet(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """The table of a site, every machine with or without a rate."""
    with services.database.read() as session:
        enterprises.site(session, scope, enterprise, site)
        rows = signals.assets(session, scope, enterprise, site)
        body = write_sheet(rows)
    count_rows(request.state, len(rows))
    headers = {"Content-Disposition": 'attachment; filename="ideal-rates.csv"'}
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/sites/{enterprise}/{site}/ideal-rates")
def read_rates(
    enterprise: str, site: str, services: ServicesDep, scope: Reader, file: Annotated[UploadFile, File()]
) -> Response:
    """Reads a filled table in, whole or not at all."""
    given = read_sheet(file.file.read(), file.filename or "")
    with services.database.write() as session:
        ideal_rates.enter(session, scope, enterprise, given, services.clock())
    return RedirectResponse(f"/sites/{enterprise}/{site}", 303)
