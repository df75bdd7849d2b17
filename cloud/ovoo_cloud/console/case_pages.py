"""The pages of cases: the list by state, one case with its steps, its parts and its review."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Final

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import ConfigError, ConfigErrors, NotFound
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission, Purpose
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.case_access import file_view
from ovoo_cloud.api.case_reviews import review_rows
from ovoo_cloud.api.case_steps import queue_step
from ovoo_cloud.casework import beside, documents, editions, freezing, opening, ordering, parts, reviews, steps
from ovoo_cloud.casework.documents import DocumentFolder, Upload
from ovoo_cloud.casework.reviews import Ruling
from ovoo_cloud.casework.states import RAIL, State, Step
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.console.case_results import results
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page
from ovoo_cloud.console.review_form import told
from ovoo_cloud.diagnosis.review import reviewed_parts
from ovoo_cloud.diagnosis.shelf import split_reference

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_CONSENT: Final = (Step.CONSENT.value, Step.RESUME.value)
_MB: Final = 1_000_000
_Text = Annotated[str, Form(max_length=10_000)]


@router.get("/cases")
def case_list(
    request: Request, services: ServicesDep, scope: Reader, state: Annotated[str, Query(max_length=24)] = ""
) -> Response:
    """All cases the caller may know of, and how many stand in each state."""
    with services.database.read() as session:
        rows = [file_view(session, scope, row, services.clock()) for row in steps.files(session, scope)]
        companies = {row.id: row for row in enterprises.enterprises(session, scope)}
        places = enterprises.sites(session, scope) if scope.allows(Permission.APPLY_CASE) else []
    counts = Counter(row["state"] for row in rows)
    shown = [row for row in rows if not state or row["state"] == state]
    values: dict[str, Any] = {
        "rows": shown,
        "counts": counts,
        "states": [each.value for each in State],
        "chosen": state,
    }
    return page(request, services, "cases.html", scope, companies=companies, places=places, **values)


@router.post("/cases")
def apply(
    services: ServicesDep,
    scope: Reader,
    place: Annotated[str, Form(max_length=130, pattern="^[^/]+/[^/]+$")],
    case: Annotated[str, Form(min_length=1, max_length=63)],
    title: Annotated[str, Form(min_length=1, max_length=200)],
    reason: _Text = "",
) -> Response:
    """Applies for a diagnosis of one site."""
    scope.require(Permission.APPLY_CASE)
    enterprise, _, site = place.partition("/")
    now_ns = services.clock()
    with services.database.write() as session:
        opening.apply(session, scope, enterprise, case, title=title, sites=[site], reason=reason, now_ns=now_ns)
    return _to(enterprise, case)


@router.get("/cases/{enterprise}/{case}")
def case_page(request: Request, enterprise: str, case: str, services: ServicesDep, scope: Reader) -> Response:
    """One case: where it stands, what may be done, its parts and documents, and every step."""
    with services.database.read() as session:
        row = steps.file(session, scope, enterprise, case)
        view = file_view(session, scope, row, services.clock())
        company = enterprises.enterprise(session, scope, enterprise)
        inside = _content(session, scope, row)
        leads = editions.choices(session, scope, row) if Step.OPEN_INTAKE.value in view["steps"] else []
        joining = _joining(session, scope, row) if inside and Step.ADD_FRAMEWORK.value in view["steps"] else None
    values: dict[str, Any] = {
        "leads": leads,
        "joining": joining,
        "company": company,
        "case": view,
        "content": inside,
        "rail": [each.value for each in RAIL],
    }
    return page(request, services, "case.html", scope, consent=_CONSENT, **values)


def _joining(session: Session, scope: Scope, row: CaseFile) -> dict[str, Any]:
    """What may still join an open intake, none where it has as many as it may, and what may leave it."""
    there, full = {row.framework, *beside.names(row)}, len(beside.names(row)) >= beside.MOST
    offered = [
        each for each in editions.choices(session, scope, row) if split_reference(each.reference)[0] not in there
    ]
    return {"offered": [] if full else offered, "full": full, "there": beside.frameworks(session, row)}


def _content(session: Session, scope: Scope, row: CaseFile) -> dict[str, Any] | None:
    """What a live grant opens of a case, None without one."""
    try:
        steps.opened(session, scope, row.enterprise, row.case, Permission.READ_REPORT)
    except NotFound:
        return None
    found = parts.newest_parts(session, row)
    faults: list[ConfigError] = []
    if row.edition and row.state == State.INTAKE:
        try:
            faults = [each.as_error() for each in opening.check_intake(session, row)]
        except ConfigErrors as error:
            faults = list(error.errors)
    may_read = scope.under(Permission.READ_REPORT, Purpose.DOCUMENTS).sees(row.enterprise)
    table = review_rows(session, row)
    return {
        "parts": [(name, found.get(name)) for name in parts.asked(row)],
        "documents": documents.documents(session, row) if may_read else [],
        "faults": [(each, _part_of(each)) for each in faults],
        "steps": steps.steps(session, row),
        "review": (sum(1 for each in table if each["decision"]), len(table)),
        **results(session, scope, row),
    }


def _part_of(fault: ConfigError) -> str:
    """The part whose form a fault is mended in, empty where it lies in none."""
    path = fault.offender.rpartition(" ")[2]
    section = path.partition(".")[0].partition("[")[0]
    return next((part for part, sections in parts.PARTS.items() if section in sections), "")


@router.post("/cases/{enterprise}/{case}/steps/{step}")
def take_step(
    enterprise: str,
    case: str,
    step: Step,
    services: ServicesDep,
    scope: Reader,
    reason: _Text = "",
    snapshot: Annotated[str, Form(max_length=64)] = "",
    number: Annotated[str, Form(max_length=40)] = "",
    date: Annotated[str, Form(max_length=10)] = "",
    words: _Text = "",
    assessors: Annotated[str, Form(max_length=400)] = "",
    document: Annotated[str, Form(max_length=200)] = "",
    id: Annotated[str, Form(max_length=63)] = "",  # the field's name in the form
    title: Annotated[str, Form(max_length=200)] = "",
    languages: Annotated[str, Form(pattern="^(zh|en|zh,en)$")] = "zh,en",
    framework: Annotated[str, Form(max_length=104)] = "",
    further: Annotated[list[str] | None, Form(max_length=20)] = None,
    centre_copy: Annotated[bool, Form()] = False,
) -> Response:
    """Takes a step, or queues the work that takes it."""
    if step in (Step.FREEZE, Step.ISSUE):
        wanted: dict[str, Any] = {}
        if step is Step.ISSUE:
            wanted = {"number": number, "snapshot": snapshot, "languages": languages.split(",")}
            wanted |= {"centre_copy": True} if centre_copy else {}
        queue_step(services, scope, enterprise, case, step, wanted)
    else:
        fields: dict[str, Any] = {"reason": reason, "snapshot": snapshot, "date": date, "words": words, "id": id}
        fields |= {"title": title, "framework": framework, "assessors": assessors, "document": document}
        fields["further"] = further or []  # nothing ticked is none, whatever stood beside before
        ordering.order_step(services, scope, enterprise, case, step, fields)
    return _to(enterprise, case)


@router.post("/cases/{enterprise}/{case}/documents")
def upload(
    enterprise: str, case: str, services: ServicesDep, scope: Reader, file: Annotated[UploadFile, File()]
) -> Response:
    """Takes a document; its hash is made here, of what arrived."""
    content, settings = file.file.read(), services.settings
    with services.database.write() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.EDIT_CASE)
        brought = Upload(file.filename or "", sha256_hex(content), content)
        folder, largest = DocumentFolder(settings.documents), settings.document_max_mb * _MB
        documents.add(session, scope, row, brought, folder, largest, services.clock())
    return _to(enterprise, case)


@router.get("/cases/{enterprise}/{case}/review")
def review_page(request: Request, enterprise: str, case: str, services: ServicesDep, scope: Reader) -> Response:
    """Every item and scene with what was found, to be accepted or overridden."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        view = file_view(session, scope, row, services.clock())
        table = review_rows(session, row)
        kinds = _kinds(session, row) if table else {}
        called = {each.id: {"zh": each.name_zh, "en": each.name_en} for each in beside.frameworks(session, row)}
    may = scope.allows(Permission.REVIEW_CASE) and view["state"] == State.REVIEW
    return page(
        request, services, "case_review.html", scope, case=view, rows=table, kinds=kinds, called=called, may=may
    )


def _kinds(session: Session, row: CaseFile) -> dict[str, Any]:
    """The options of every item, for the forms of the review."""
    _, measured = freezing.newest_measured(session, row)
    return {
        each.subject("item", item["id"]): item
        for each in reviewed_parts(measured)
        for part in each.rules["dimensions"]
        for item in part["items"]
    }


@router.post("/cases/{enterprise}/{case}/review")
def decide(
    enterprise: str,
    case: str,
    services: ServicesDep,
    scope: Reader,
    subject: Annotated[str, Form(max_length=140)],
    decision: Annotated[str, Form(pattern="^(accept|override)$")],
    option: Annotated[list[str] | None, Form()] = None,
    ratio: Annotated[str, Form(max_length=20)] = "",
    level: Annotated[str, Form(pattern="^[0-4]?$")] = "",
    low: Annotated[str, Form(max_length=30)] = "",
    high: Annotated[str, Form(max_length=30)] = "",
    grades: Annotated[str, Form(max_length=500)] = "",
    reason: _Text = "",
    document: Annotated[str, Form(max_length=200)] = "",
    on_site: Annotated[bool, Form()] = False,
) -> Response:
    """Keeps a decision and goes on with the next entry."""
    value: dict[str, Any] | None = None
    if decision == "override":
        value = told(options=option or [], ratio=ratio, level=level, low=low, high=high, grades=grades)
    ruling = Ruling(subject, "override" if value is not None else "accept", reason, value, on_site, document)
    with services.database.write() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.REVIEW_CASE)
        name, measured = freezing.newest_measured(session, row)
        reviews.decide(session, scope, row, measured, name, ruling, services.clock())
    return RedirectResponse(f"/cases/{enterprise}/{case}/review#after-{subject.replace(':', '-')}", 303)


def _to(enterprise: str, case: str) -> Response:
    return RedirectResponse(f"/cases/{enterprise}/{case}", 303)
