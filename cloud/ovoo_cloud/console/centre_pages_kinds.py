"""The pages of a centre's own kinds of registers: the form that takes one in, and one with its versions."""

from __future__ import annotations

import importlib.resources
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import ConfigError

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.centre.own_kinds import add_kind, kind_in, kind_versions, kinds_in
from ovoo_cloud.console.framework_pages import around, document_faults
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page, words_of
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/centre/kinds")
_LARGEST: Final = 200_000


@router.get("")
def kind_list(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """The centre's own kinds, and the form for another one that starts with an example."""
    scope.require(Permission.MANAGE_REGISTERS)
    return _form(request, services, scope, _example())


@router.post("")
def add(
    request: Request, services: ServicesDep, scope: Reader, text: Annotated[str, Form(max_length=_LARGEST)] = ""
) -> Response:
    """Puts the typed document in force, or shows it again with what is wrong, line by line."""
    return _added(request, services, scope, text.replace("\r\n", "\n"), "kind.yaml")


@router.post("/upload")
def upload(request: Request, services: ServicesDep, scope: Reader, file: UploadFile) -> Response:
    """Puts the document of a file in force, or shows it with what is wrong."""
    content = file.file.read(_LARGEST + 1)
    text = content.decode("utf-8", "replace") if len(content) <= _LARGEST else ""
    return _added(request, services, scope, text, file.filename or "kind.yaml")


@router.get("/{register}")
def kind_page(request: Request, register: str, services: ServicesDep, scope: Reader) -> Response:
    """One own kind: its columns, its versions, and its document to change."""
    with services.database.read() as session:
        versions = kind_versions(session, scope, register)
        kind_of = kind_in(session, register)
    return page(
        request, services, "centre_kind.html", scope, kind=kind_of, versions=versions,
        manages=scope.allows(Permission.MANAGE_FRAMEWORKS),
    )  # fmt: skip


def _added(request: Request, services: Services, scope: Scope, text: str, name: str) -> Response:
    scope.require(Permission.MANAGE_FRAMEWORKS)
    try:
        with services.database.write() as session:
            row = add_kind(session, scope, text, name=name[:100], now_ns=services.clock())
            target = f"/centre/kinds/{row.kind}"
    except ConfigError as error:
        return _form(request, services, scope, text, error)
    return RedirectResponse(target, 303)


def _form(request: Request, services: Services, scope: Scope, text: str, error: ConfigError | None = None) -> Response:
    faults = [] if error is None else document_faults(error, words_of(request, services))
    with services.database.read() as session:
        own = [each for each in kinds_in(session).values() if each.version]
    return page(
        request, services, "centre_kinds.html", scope, 422 if faults else 200, own=own, text=text, faults=faults,
        lines=around(text, [fault.line for fault in faults]), manages=scope.allows(Permission.MANAGE_FRAMEWORKS),
    )  # fmt: skip


def _example() -> str:
    return importlib.resources.files("ovoo_cloud.centre").joinpath("own_kind_example.yaml").read_text("utf-8")
