"""The pages of a case's parts: the form, the two versions side by side, and the text for those who want it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ConfigError, Conflict, OvooError, Stale
from starlette.datastructures import FormData, UploadFile

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.case_access import file_view
from ovoo_cloud.casework import documents, item_merge, parts, steps
from ovoo_cloud.casework.documents import DocumentFolder, Upload
from ovoo_cloud.casework.states import State
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.intake.faults import placed
from ovoo_cloud.console.intake.fields import Group
from ovoo_cloud.console.intake.merging import Side, differences, joined
from ovoo_cloud.console.intake.offers import offers
from ovoo_cloud.console.intake.reading import contradicting, object_of, part_groups, version_content
from ovoo_cloud.console.intake.sheets import Sheet, Slip, content_of, filled, sent, with_change
from ovoo_cloud.console.render import page, words_of
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/cases/{enterprise}/{case}/parts/{part}")
_MB: Final = 1_000_000
_LARGEST: Final = 1_000_000
_Text = Annotated[str, Form(max_length=_LARGEST)]
_Version = Annotated[int, Form(ge=0, le=10**6)]


async def sent_form(request: Request) -> AsyncIterator[FormData]:
    """All fields of a form, whose rows are numbered; its files are closed afterwards."""
    async with request.form(max_fields=40_000, max_files=1, max_part_size=_LARGEST) as form:
        yield form


SentForm = Annotated[FormData, Depends(sent_form)]


@dataclass(frozen=True, slots=True)
class _Place:
    """Which part of which case a request speaks of."""

    enterprise: str
    case: str
    part: str


@dataclass(frozen=True, slots=True)
class _Shown:
    """A form as it is shown: the version it was made from, what is filled in, what is wrong, and where to go on."""

    version: int
    sheet: Sheet
    errors: Sequence[ConfigError] = ()
    slips: Sequence[Slip] = ()
    go_to: str = ""
    unsaved: bool = False
    text: str | None = None


@router.get("")
def part_page(
    request: Request, enterprise: str, case: str, part: str, services: ServicesDep, scope: Reader
) -> Response:
    """The form of one part, with what contradicts itself at its fields."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        found = parts.newest(session, row, part)
        groups = part_groups(session, row, part)
        told = contradicting(session, row)
    content: Mapping[str, Any] = {} if found is None else found.content
    shown = _Shown(0 if found is None else found.version, filled(content, groups), told)
    return _form(request, services, scope, _Place(enterprise, case, part), shown, 200)


@router.post("")
def write_part(
    request: Request, enterprise: str, case: str, part: str, services: ServicesDep, scope: Reader, form: SentForm
) -> Response:
    """Writes a part, or gives the form back with a row or document more; nothing that was typed is lost."""
    place = _Place(enterprise, case, part)
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.EDIT_CASE)
        groups = part_groups(session, row, part)
        rest = filled(version_content(session, row, part, _number(form, "version")), groups).rest
    shown = _Shown(_number(form, "version"), sent(form, groups, rest), unsaved=True)
    change = str(form.get("change", ""))
    if change == "upload":
        return _form(request, services, scope, place, _uploaded(services, scope, place, form, shown), 200)
    if change:
        sheet, go_to = with_change(shown.sheet, groups, change)
        return _form(request, services, scope, place, replace(shown, sheet=sheet, go_to=go_to), 200)
    return _kept(request, services, scope, place, groups, shown)


@router.post("/text")
def write_text(
    request: Request,
    enterprise: str,
    case: str,
    part: str,
    services: ServicesDep,
    scope: Reader,
    version: _Version,
    text: _Text,
) -> Response:
    """Writes a part as JSON, as an intake file has it."""
    place = _Place(enterprise, case, part)
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.EDIT_CASE)
        groups, standing = part_groups(session, row, part), version_content(session, row, part, version)
    try:
        content = object_of(text)
    except ConfigError as error:
        shown = _Shown(version, filled(standing, groups), [error], unsaved=True, text=text)
        return _form(request, services, scope, place, shown, 422)
    shown = _Shown(version, filled(content, groups), unsaved=True, text=text)
    return _kept(request, services, scope, place, groups, shown, content)


@router.post("/join")
def join(
    request: Request, enterprise: str, case: str, part: str, services: ServicesDep, scope: Reader, form: SentForm
) -> Response:
    """Writes what a person chose of two versions; where both changed a field, it has to be chosen."""
    place, version = _Place(enterprise, case, part), _number(form, "version")
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.EDIT_CASE)
        groups = part_groups(session, row, part)
        before = filled(version_content(session, row, part, _number(form, "before")), groups)
        theirs = filled(version_content(session, row, part, version), groups)
    mine = filled(object_of(str(form.get("mine", "{}"))), groups)
    found = differences(groups, before, mine, theirs)
    picks = {each.id: side for each in found if (side := _side(form.get(f"pick:{each.id}"))) is not None}
    if any(each.chosen is None and each.id not in picks for each in found):
        shown = _Shown(_number(form, "before"), mine)
        return _late(request, services, scope, place, groups, shown, picks, missing=True)
    sheet = joined(groups, mine, theirs, found, picks)
    return _kept(request, services, scope, place, groups, _Shown(version, sheet, unsaved=True))


def _kept(
    request: Request,
    services: Services,
    scope: Scope,
    place: _Place,
    groups: Sequence[Group],
    shown: _Shown,
    content: Mapping[str, Any] | None = None,
) -> Response:
    """Writes, joined with what others changed beside it; what does not fit, or came too late, stays on the page."""
    made, slips = content_of(shown.sheet, groups)
    if slips and content is None:
        return _form(request, services, scope, place, replace(shown, slips=slips), 422)
    try:
        with services.database.write() as session:
            row = steps.opened(session, scope, place.enterprise, place.case, Permission.EDIT_CASE)
            given = made if content is None else content
            item_merge.write_part(session, scope, row, place.part, given, shown.version, services.clock())
    except Stale:
        return _late(request, services, scope, place, groups, shown)
    except ConfigError as error:
        return _form(request, services, scope, place, replace(shown, errors=[error]), 422)
    return RedirectResponse(f"/cases/{place.enterprise}/{place.case}", 303)


def _late(
    request: Request,
    services: Services,
    scope: Scope,
    place: _Place,
    groups: Sequence[Group],
    shown: _Shown,
    picks: Mapping[str, Side] | None = None,
    *,
    missing: bool = False,
) -> Response:
    """Both versions side by side, field by field."""
    with services.database.read() as session:
        row = steps.opened(session, scope, place.enterprise, place.case, Permission.EDIT_CASE)
        standing = parts.newest(session, row, place.part)
        if standing is None:  # nobody wrote the part: the page that was sent is none of ours
            raise ConfigError("not a version", code="case.not_version", offender="version", value=shown.version)
        before = filled(version_content(session, row, place.part, shown.version), groups)
        view = file_view(session, scope, row, services.clock())
        listed = offers(session, scope, row)
    theirs = filled(standing.content, groups)
    values: dict[str, Any] = {
        "case": view,
        "part": place.part,
        "offers": listed,
        "theirs": standing,
        "before": shown.version,
        "found": differences(groups, before, shown.sheet, theirs),
        "mine": canonical_json(content_of(shown.sheet, groups)[0]).decode(),
        "picks": picks or {},
        "missing": missing,
    }
    return page(request, services, "case_part_late.html", scope, 422 if missing else 412, **values)


def _form(request: Request, services: Services, scope: Scope, place: _Place, shown: _Shown, status: int) -> Response:
    with services.database.read() as session:
        row = steps.opened(session, scope, place.enterprise, place.case, Permission.READ_REPORT)
        groups, listed = part_groups(session, row, place.part), offers(session, scope, row)
        view = file_view(session, scope, row, services.clock())
    content, _ = content_of(shown.sheet, groups)
    values: dict[str, Any] = {
        "case": view,
        "part": place.part,
        "shown": shown,
        "groups": groups,
        "offers": listed,
        "faults": placed(shown.errors, shown.slips, groups, shown.sheet, words_of(request, services)),
        "may": view["state"] == State.INTAKE and scope.allows(Permission.EDIT_CASE),
        "text": _pretty(content) if shown.text is None else shown.text,
    }
    return page(request, services, "case_part.html", scope, status, **values)


def _uploaded(services: Services, scope: Scope, place: _Place, form: FormData, shown: _Shown) -> _Shown:
    """Takes the document of the form, so that its fields can choose it."""
    brought = form.get("file")
    if not isinstance(brought, UploadFile):
        return shown
    content, settings = brought.file.read(), services.settings
    upload = Upload(brought.filename or "", sha256_hex(content), content)
    try:
        with services.database.write() as session:
            row = steps.opened(session, scope, place.enterprise, place.case, Permission.EDIT_CASE)
            folder, largest = DocumentFolder(settings.documents), settings.document_max_mb * _MB
            documents.add(session, scope, row, upload, folder, largest, services.clock())
    except (ConfigError, Conflict) as error:
        return replace(shown, errors=[_as_setting(error)], go_to="file")
    return replace(shown, go_to="file")


def _as_setting(error: OvooError) -> ConfigError:
    """The same refusal, told of the field of the upload."""
    return ConfigError(error.message, offender="file", value=error.offender, code=error.code, slots=error.slots)


def _side(text: Any) -> Side | None:
    return "mine" if text == "mine" else "theirs" if text == "theirs" else None


def _number(form: FormData, name: str) -> int:
    text = str(form.get(name, ""))
    if not text.isdecimal() or len(text) > 6:
        raise ConfigError("not a version", code="case.not_version", offender=name, value=text[:20])
    return int(text)


def _pretty(content: Iterable[str] | Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)
