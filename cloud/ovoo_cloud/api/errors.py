"""Every error as application/problem+json (RFC 9457), with a stable type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from ovoo_contract import errors
from starlette.exceptions import HTTPException

__all__ = ["PROBLEM_TYPE", "install", "problem", "status_of"]

PROBLEM_TYPE: Final = "application/problem+json"
_FACTS: Final = ("offender", "value", "remedy", "code", "slots")
_STATUS: Final[tuple[tuple[type[errors.OvooError], int], ...]] = (
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Stale, 412),
    (errors.Conflict, 409),
    (errors.BudgetExceeded, 422),
    (errors.QueryError, 422),
    (errors.StoreRejected, 422),
    (errors.StoreError, 503),
    (errors.OvooError, 422),
)


def problem(
    status: int, kind: str, title: str, *, detail: str = "", extra: Mapping[str, Any] | None = None
) -> Response:
    """One problem document; `kind` ends its type, `urn:ovoo:error:<kind>`."""
    body: dict[str, Any] = {"type": f"urn:ovoo:error:{kind}", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    body.update(extra or {})
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Response(orjson.dumps(body), status, headers=headers, media_type=PROBLEM_TYPE)


def install(app: FastAPI) -> None:
    """Registers the handlers."""
    app.add_exception_handler(errors.OvooError, _ovoo)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def status_of(error: errors.OvooError) -> int:
    """The HTTP status of one of our errors."""
    return next(code for kind, code in _STATUS if isinstance(error, kind))


async def _ovoo(_request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.OvooError)
    status = status_of(error)
    name = _kebab(type(error).__name__)
    facts = {key: value for key, value in error.to_dict().items() if key in _FACTS and value}
    if isinstance(error, errors.ConfigErrors):
        facts["errors"] = [{"where": each.offender, "message": str(each), "code": each.code} for each in error.errors]
    if isinstance(error, errors.Stale):
        facts["versions"] = error.versions
    return problem(status, name, error.message, detail=str(error), extra=facts)


async def _validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [{"where": ".".join(str(part) for part in item["loc"]), "message": item["msg"]} for item in error.errors()]
    detail = "; ".join(f"{fault['where']}: {fault['message']}" for fault in faults)
    return problem(422, "invalid-request", "the request does not fit the API", detail=detail, extra={"errors": faults})


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, "http", str(error.detail))


async def _unexpected(_request: Request, _error: Exception) -> Response:
    # the server logs the exception with its traceback; a stranger is told nothing of it
    return problem(500, "unexpected", "this is our mistake", detail="the server's log tells more")


def _kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
