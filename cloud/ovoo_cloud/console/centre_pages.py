"""The pages of the centre's registers: the way in, one register, one row, files in and out."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import ConfigError, ConfigErrors, OvooError, Stale
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.centre_registers import import_bytes
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.centre import entries
from ovoo_cloud.centre.entries import readable_kinds
from ovoo_cloud.centre.expiry import endings
from ovoo_cloud.centre.kinds import Field, Kind
from ovoo_cloud.centre.notices import notices
from ovoo_cloud.centre.own_kinds import kind_in
from ovoo_cloud.centre.referrers import referrers
from ovoo_cloud.centre.values import cell_text
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page
from ovoo_cloud.services import Services

__all__ = ["faults_of", "router"]

router = APIRouter(include_in_schema=False, prefix="/centre")
_LARGEST: Final = 3_000_000
_FAULTS: Final = 50
_SHOWN: Final = 200
_COLUMNS: Final = 5
_NEW: Final = "+"
_SOON_DAYS: Final = 60


@router.get("")
def hub(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """Everything that the centre offers to this reader."""
    scope.require(Permission.READ_REGISTERS)
    with services.database.read() as session:
        counts = [(each, len(entries.entries(session, scope, each.id))) for each in readable_kinds(session, scope)]
        asks = scope.allows(Permission.READ_REPORT)
        own = enterprises.enterprises(session, scope) if asks else ()
        unread = len(notices(session, scope)) if asks else 0
        ends = endings(session, scope, _today(services), _SOON_DAYS)[:_SHOWN]
    return page(request, services, "centre.html", scope, registers=counts, companies=own, unread=unread, endings=ends)


def _today(services: Services) -> datetime.date:
    return datetime.datetime.fromtimestamp(services.clock() // 10**9, services.settings.zone).date()


@router.get("/registers/{register}")
def register_page(
    request: Request, register: str, services: ServicesDep, scope: Reader, q: str = "", done: str = ""
) -> Response:
    """One register as a table."""
    return _register(request, services, scope, register, q[:200], done=done[:40])


@router.post("/registers/{register}/import")
def import_page(
    request: Request, register: str, services: ServicesDep, scope: Reader, table: Annotated[UploadFile, File()]
) -> Response:
    """Reads a file in; what is wrong comes back by cell, and nothing was changed."""
    raw = table.file.read(_LARGEST + 1)
    try:
        if len(raw) > _LARGEST:
            raise ConfigError(
                "the file is too large", offender=table.filename or "", remedy=f"at most {_LARGEST} bytes"
            )
        done = import_bytes(services, scope, register, raw, table.filename or "table")
    except ConfigError as error:
        return _register(request, services, scope, register, "", faults=faults_of(error))
    told = f"{done['added']}-{done['changed']}-{done['unchanged']}"
    return RedirectResponse(f"/centre/registers/{quote(register)}?done={told}", 303)


@router.get("/registers/{register}/{entry}")
def entry_page(request: Request, register: str, entry: str, services: ServicesDep, scope: Reader) -> Response:
    """One row: a form for who keeps the register, else what it says; `+` is a new one."""
    with services.database.read() as session:
        kind_of = kind_in(session, register)
    if entry == _NEW:
        scope.require(Permission.MANAGE_REGISTERS)
        return _form(request, services, scope, kind_of, "", 0, {}, False)
    with services.database.read() as session:
        row = entries.entry(session, scope, register, entry)
    given = {each.id: cell_text(each, row.content.get(each.id)) for each in _fields(scope, kind_of, row.content)}
    return _form(request, services, scope, kind_of, row.id, row.version, given, row.withdrawn)


async def form_values(request: Request) -> dict[str, str]:
    """The texts of a form whose fields a kind decides."""
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


@router.post("/registers/{register}/{entry}")
def save_entry(
    request: Request,
    register: str,
    entry: str,
    services: ServicesDep,
    scope: Reader,
    given: Annotated[dict[str, str], Depends(form_values)],
) -> Response:
    """Keeps a row as the form gave it; faults and another's change come back with the form."""
    with services.database.read() as session:
        kind_of = kind_in(session, register)
    name = given.pop("id", entry).strip() if entry == _NEW else entry
    read = int(version) if (version := given.pop("version", "0")).isascii() and version.isdigit() else 0
    withdrawn = given.pop("withdrawn", "") == "yes"
    try:
        _save(services, scope, kind_of, name, given, read, withdrawn)
    except (ConfigError, Stale) as error:
        stale = isinstance(error, Stale)
        shown = name if entry != _NEW else ""
        return _form(
            request, services, scope, kind_of, shown, read, given, withdrawn, faults=faults_of(error), stale=stale,
            typed=name,
        )  # fmt: skip
    except OvooError as error:
        if error.offender != "entry":
            raise
        wrong = [ConfigError(error.message, offender="id", value=error.value, remedy=error.remedy)]
        return _form(request, services, scope, kind_of, "", read, given, withdrawn, faults=wrong, typed=name)
    return RedirectResponse(f"/centre/registers/{quote(register)}/{quote(name)}", 303)


def faults_of(error: ConfigError | Stale) -> list[ConfigError]:
    """The single faults, at most as many as a page shows."""
    if isinstance(error, Stale):
        return [ConfigError(error.message, offender=error.offender, value=error.value, remedy=error.remedy)]
    return list(error.errors[:_FAULTS]) if isinstance(error, ConfigErrors) else [error]


def _save(
    services: Services, scope: Scope, kind_of: Kind, name: str, given: dict[str, Any], read: int, withdrawn: bool
) -> None:
    known = {each.id for each in kind_of.fields}
    with services.database.write() as session:
        values: dict[str, Any] = {}
        if read:  # fields that this reader does not see keep what they hold
            values = dict(entries.entry(session, scope, kind_of.id, name).content)
        values |= {key: value for key, value in given.items() if key in known}
        entries.save(session, scope, kind_of.id, name, values, read=read, now_ns=services.clock(), withdrawn=withdrawn)


def _fields(scope: Scope, kind_of: Kind, content: Any) -> list[Field]:
    seen = entries.shown(scope, kind_of, content)
    return [each for each in kind_of.fields if each.id in seen]


def _register(
    request: Request, services: Services, scope: Scope, register: str, text: str, *, done: str = "",
    faults: list[ConfigError] | None = None,
) -> Response:  # fmt: skip
    with services.database.read() as session:
        kind_of = kind_in(session, register)
        rows = entries.entries(session, scope, register, withdrawn=True, text=text)
    fields = _fields(scope, kind_of, {})[:_COLUMNS]
    return page(
        request, services, "centre_register.html", scope, 422 if faults else 200, kind=kind_of, fields=fields,
        rows=[(row, entries.shown(scope, kind_of, row.content)) for row in rows[:_SHOWN]], count=len(rows),
        text=text, faults=faults or [], words=_words, done=done.split("-") if done.count("-") == 2 else None,
    )  # fmt: skip


def _form(
    request: Request, services: Services, scope: Scope, kind_of: Kind, name: str, version: int, given: dict[str, Any],
    withdrawn: bool, *, faults: list[ConfigError] | None = None, stale: bool = False, typed: str = "",
) -> Response:  # fmt: skip
    keeps = scope.allows(Permission.MANAGE_REGISTERS)
    with services.database.read() as session:
        history = entries.versions(session, scope, kind_of.id, name) if name and keeps else []
        pointing = referrers(session, scope, kind_of.id, name)[:_SHOWN] if name else []
        options = {each.id: _options(session, scope, each) for each in kind_of.fields if each.to} if keeps else {}
    return page(
        request, services, "centre_entry.html", scope, (412 if stale else 422) if faults else 200, kind=kind_of,
        name=name, version=version, given=given, withdrawn=withdrawn, faults=faults or [], typed=typed,
        fields=_fields(scope, kind_of, given), history=history, options=options, keeps=keeps,
        words=_words, pointing=pointing,
    )  # fmt: skip


def _options(session: Session, scope: Scope, field: Field) -> list[str]:
    """What a reference may name, to choose from; reports and cases are typed in."""
    if field.to == "enterprise":
        return [row.id for row in enterprises.enterprises(session, scope)]
    if field.to in ("report", "case"):
        return []
    return [row.id for row in entries.entries(session, scope, field.to)][:_SHOWN]


def _words(field: Field, value: Any, language: str) -> str:
    """A value in the reader's words."""
    if value is None or value == "":
        return "—"
    if field.type == "boolean":
        return {"zh": "是", "en": "yes"}[language] if value in (True, "yes") else {"zh": "否", "en": "no"}[language]
    if not field.values:
        return cell_text(field, value) if not isinstance(value, str) else value
    known = field.values
    parts = value if isinstance(value, list) else str(value).split(";")
    return (
        "、".join(known[each].zh for each in parts if each in known)
        if language == "zh"
        else ", ".join(known[each].en for each in parts if each in known)
    )
