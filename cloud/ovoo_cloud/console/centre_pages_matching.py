"""The pages of matching: what fits an enterprise, its requests, and the life of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import ConfigError, Stale

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.centre_matching import Wanted, match_enterprise
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.centre_tables import MatchStep
from ovoo_cloud.centre import notices, request_law, requests
from ovoo_cloud.centre.kinds import enumeration
from ovoo_cloud.centre.matching import KINDS
from ovoo_cloud.centre.own_facts import fact_fields, fact_labels
from ovoo_cloud.console.centre_pages import faults_of
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/centre")
_FACTS: Final = {"sector": "sector", "size": "size"}


@router.get("/matching/{enterprise}")
def matching_page(
    request: Request, enterprise: str, services: ServicesDep, scope: Reader, measure: str = ""
) -> Response:
    """What fits, by the rules printed beside it."""
    wanted = [measure] if measure in enumeration("measure") else []
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
    found = match_enterprise(services, scope, enterprise, Wanted(measures=wanted))
    with services.database.read() as session:
        own = fact_labels(session, found["need"]["facts"])
        columns = fact_fields(session, own)
    return page(
        request, services, "centre_matching.html", scope, company=company, found=found, kinds=KINDS, chosen=measure,
        measures=enumeration("measure"), term=_term, fact=_fact, own=own, columns=columns,
    )  # fmt: skip


@router.post("/matching/{enterprise}")
def ask(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    measure: Annotated[str, Form(max_length=63)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Opens a request with what is matched now."""
    wanted = Wanted(measures=[measure] if measure else [], note=note.strip())
    found = match_enterprise(services, scope, enterprise, wanted)
    with services.database.write() as session:
        row = requests.open_request(
            session, scope, enterprise, case="", note=wanted.note, matching=found, now_ns=services.clock()
        )
        return RedirectResponse(f"/centre/requests/{quote(enterprise)}/{row.id}", 303)


@router.get("/requests")
def request_list(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """The requests that this reader may see."""
    with services.database.read() as session:
        rows = requests.requests(session, scope)
        unread = Counter(row.id for _, row in notices.notices(session, scope))
        companies = {row.id: row for row in enterprises.enterprises(session, scope)}
    return page(
        request, services, "centre_requests.html", scope, rows=rows, companies=companies, unread=unread,
        waits=request_law.waits_for,
    )  # fmt: skip


@router.get("/requests/{enterprise}/{name}")
def request_page(request: Request, enterprise: str, name: str, services: ServicesDep, scope: Reader) -> Response:
    """One request with its steps and the next ones."""
    return _request(request, services, scope, enterprise, name)


@router.post("/requests/{enterprise}/{name}")
def take_step(
    request: Request,
    enterprise: str,
    name: str,
    services: ServicesDep,
    scope: Reader,
    step: Annotated[request_law.Step, Form()],
    version: Annotated[int, Form(ge=1, le=10**9)],
    note: Annotated[str, Form(max_length=2000)] = "",
    offer: Annotated[list[str], Form()] = [],  # noqa: B006  # pydantic copies it
    outcome: Annotated[request_law.Outcome, Form()] = "",
    score: Annotated[str, Form(pattern="^[1-5]?$")] = "",
) -> Response:
    """Takes a step; a refusal comes back with the page."""
    pairs = [tuple(each.split("/", 1)) for each in offer if "/" in each]
    chosen = tuple((pair[0], pair[1]) for pair in pairs)
    given = request_law.StepGiven(step, note.strip(), chosen, outcome, int(score) if score else None)
    try:
        with services.database.write() as session:
            requests.move(session, scope, enterprise, name, given, read=version, now_ns=services.clock())
            notices.mark_seen(session, scope, enterprise, name)  # who answers the version that stands has read it
    except (ConfigError, Stale) as error:
        return _request(request, services, scope, enterprise, name, faults_of(error))
    return RedirectResponse(f"/centre/requests/{quote(enterprise)}/{quote(name)}", 303)


@router.post("/requests/{enterprise}/{name}/seen")
def mark_read(
    enterprise: str, name: str, services: ServicesDep, scope: Reader, upto: Annotated[int, Form(ge=1, le=10**9)]
) -> Response:
    """Marks the steps as read that the page showed; one that came since stays new."""
    with services.database.write() as session:
        notices.mark_seen(session, scope, enterprise, name, upto)
    return RedirectResponse(f"/centre/requests/{quote(enterprise)}/{quote(name)}", 303)


def _request(
    request: Request, services: Services, scope: Scope, enterprise: str, name: str,
    faults: list[ConfigError] | None = None,
) -> Response:  # fmt: skip
    with services.database.read() as session:
        row = requests.request(session, scope, enterprise, name)
        unread = notices.unseen(session, scope, row)
        company = enterprises.enterprise(session, scope, enterprise)
        taken = requests.steps(session, name)
    ours, theirs = request_law.ENTERPRISE_STEPS, request_law.CENTRE_STEPS
    allowed = [
        each
        for each in request_law.allowed_steps(row.state, row.outcome)
        if scope.allows(Permission.REQUEST_MATCHING)
        and each not in (ours if scope.allows(Permission.MANAGE_REGISTERS) else theirs)
    ]
    found: dict[str, Any] = row.wanted["matching"]
    return page(
        request, services, "centre_request.html", scope, 422 if faults else 200, row=row, company=company, taken=taken,
        allowed=allowed, found=found, made=_offered(taken), unread=unread,
        waits=request_law.waits_for(row.state), kinds=KINDS, faults=faults or [], term=_term,
    )  # fmt: skip


def _offered(taken: Sequence[MatchStep]) -> list[str]:
    """What was offered so far, as kind/id, in its order."""
    return list(dict.fromkeys(f"{each['kind']}/{each['id']}" for step in taken for each in step.detail["offers"]))


def _term(code: str, language: str) -> str:
    """A criterion such as `measure:idle` in the reader's words; the part before the colon is a key of the catalogue."""
    head, _, rest = code.partition(":")
    if head in ("measure", "scene"):
        label = enumeration(head).get(rest)
        return rest if label is None else label.of(language)
    return rest.partition(":")[2] if head == "condition" else head


def _fact(name: str, value: str, language: str) -> str:
    """A fact of the enterprise in the reader's words."""
    label = enumeration(_FACTS[name]).get(value) if name in _FACTS else None
    return value if label is None else label.of(language)
