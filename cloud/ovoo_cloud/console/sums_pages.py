"""The part of a baseline's page that fits the machine again from sums, beside what was fitted from samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from ovoo_contract.errors import EvidenceError, QueryError

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.catalogue import energy_baselines, enterprises, hour_sums, signals
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline
from ovoo_cloud.console.baseline_pages import day_ns
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.language import Words
from ovoo_cloud.console.render import page, words_of
from ovoo_cloud.energy.sums_refit import refit
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/energy/{enterprise}/{site}/baselines/{baseline}")
_Day = Annotated[str, Query(max_length=40)]


@router.get("/sums")
def sums_part(
    request: Request, enterprise: str, site: str, baseline: str, services: ServicesDep, scope: Reader,
    start: _Day = "", end: _Day = "",
) -> Response:  # fmt: skip
    """The refit over the days of the form, else over the period of the baseline in force or of the newest fit."""
    words = words_of(request, services)
    with services.database.read() as session:
        place = enterprises.site(session, scope, enterprise, site)
        row = energy_baselines.baseline(session, scope, enterprise, site, baseline)
        fits = energy_baselines.fits(session, scope, row)
        spans = hour_sums.machines(session, scope, enterprise, site)
    zone = ZoneInfo(place.timezone)
    span = next((each for each in spans if each.asset == row.asset), None)
    if start and end:
        window = day_ns(start, "start", zone), day_ns(end, "end", zone)
    else:
        told = next((each for each in fits if each.role == "champion"), fits[0])
        window = told.start_ns, told.end_ns
    found, refused = None, ""
    if span is not None:
        try:
            found = refit(services, scope, enterprise, site, row.asset, *window)
        except EvidenceError:
            refused = "sums.no_hours"
        except QueryError:
            refused = "sums.no_window"
    return page(
        request, services, "sums_refit.html", scope, row=row, span=span, window=window, found=found, refused=refused,
        names=_names(services, scope, row, words) if found else {},
    )  # fmt: skip


def _names(services: Services, scope: Scope, row: EnergyBaseline, words: Words) -> Mapping[str, str]:
    """Variables as people call them."""
    with services.database.read() as session:
        listed = signals.signals(session, scope, row.enterprise, asset=row.asset, current_only=False)
    return {each.name: words.name(each) or each.name for each in listed}
