"""The page of a saving: what is proven, its course, its non-routine events; and the record made again."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.catalogue import energy_baselines, energy_savings, enterprises
from ovoo_cloud.console.baseline_pages import day_ns
from ovoo_cloud.console.baseline_plots import course_plot
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page, words_of
from ovoo_cloud.energy.baseline_service import Refused, decide_event, prove_saving, recompute

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/energy/{enterprise}/{site}")
_Text = Annotated[str, Form(max_length=1000)]


@router.post("/baselines/{baseline}/savings")
def prove(
    request: Request, enterprise: str, site: str, baseline: str, services: ServicesDep, scope: Reader, start: _Text,
    end: _Text,
) -> Response:  # fmt: skip
    """Proves the saving of some days and shows it, or says why nothing can be told."""
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
        owner = energy_baselines.baseline(session, scope, enterprise, site, baseline)
    zone = ZoneInfo(place.timezone)
    found = prove_saving(services, scope, owner, day_ns(start, "start", zone), day_ns(end, "end", zone))
    if isinstance(found, Refused):
        return page(
            request, services, "saving_refused.html", scope, company=company, place=place, owner=owner,
            reason=found.told,
        )  # fmt: skip
    return RedirectResponse(f"/energy/{enterprise}/{site}/savings/{found.id}", 303)


@router.get("/savings/{record}")
def saving_page(
    request: Request, enterprise: str, site: str, record: str, services: ServicesDep, scope: Reader
) -> Response:
    """One saving."""
    words = words_of(request, services)
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
        row, owner = energy_savings.saving(session, scope, enterprise, site, record)
        fit = energy_baselines.fit(session, scope, owner, row.fit)
        events = energy_savings.events(session, scope, owner)
    near = [each for each in events if each.start_ns < row.end_ns and row.start_ns < each.end_ns]
    return page(
        request, services, "saving.html", scope, company=company, place=place, row=row, owner=owner, fit=fit,
        events=near, plot=course_plot(row.course, near, words),
        results=row.record["results"], note=energy_savings.note_of(row),
    )  # fmt: skip


@router.get("/savings/{record}/recompute")
def recompute_part(
    request: Request, enterprise: str, site: str, record: str, services: ServicesDep, scope: Reader
) -> Response:
    """What making the record again from the store says."""
    with services.database.read() as session:
        energy_savings.saving(session, scope, enterprise, site, record)
    return page(request, services, "saving_recomputed.html", scope, found=recompute(services, scope, record))


@router.post("/savings/{record}/events/{event}")
def decide(
    enterprise: str, site: str, record: str, event: str, services: ServicesDep, scope: Reader,
    accepted: Annotated[bool, Form()], reason: _Text = "",
) -> Response:  # fmt: skip
    """Accepts or rejects a non-routine event in the reader's name."""
    with services.database.read() as session:
        _, owner = energy_savings.saving(session, scope, enterprise, site, record)
    decide_event(services, scope, owner, event, accepted=accepted, reason=reason)
    return RedirectResponse(f"/energy/{enterprise}/{site}/savings/{record}#events", 303)
