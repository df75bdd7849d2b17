"""The OpenAPI document: problems as RFC 9457 and the ways to sign in, on every route."""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ovoo_cloud.api.errors import PROBLEM_TYPE
from ovoo_cloud.api.idempotency import CHANGING, HEADER, REPLAYED

__all__ = ["OPEN_ROUTES", "PROBLEMS", "UNKEYED", "dump", "install", "main"]

OPEN_ROUTES: Final = frozenset(
    {
        ("get", "/health"),
        ("post", "/api/v1/sessions"),
        ("post", "/api/v1/enrol"),
        ("post", "/api/v1/invitations/accept"),
        ("get", "/api/v1/verification"),
        ("get", "/api/v1/handles/{prefix}/{suffix}"),
    }
)
"""Routes that need no credential of a user."""
UNKEYED: Final = frozenset(
    {("post", "/api/v1/sessions"), ("delete", "/api/v1/sessions"), ("post", "/api/v1/me/password")}
)
"""Changing routes without Idempotency-Key: an answer that sets a cookie, or ends every token, is never given twice."""
_CONTENT: Final = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    code: {"description": words, "content": _CONTENT}
    for code, words in {
        400: "Unreadable request",
        401: "Not signed in",
        403: "Not allowed",
        404: "Absent, or somebody else's",
        413: "Too large",
        422: "Does not fit",
        503: "Store or database away",
    }.items()
}
_STILL: Final = "The first request with this Idempotency-Key has not ended"
_KEY: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": (
        "Best a UUID. Sent again with the same body within the life time of the settings, the request does nothing "
        f"and gets the first answer, marked `{REPLAYED}: true`; another body is refused with 422."
    ),
}
_PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457: what went wrong, who is meant, and what to do.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "urn:ovoo:error:<kind>; stable"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "offender": {"type": "string"},
        "value": {},
        "remedy": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


def install(app: FastAPI) -> None:
    """Replaces the application's document."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, routes=app.routes, description=_ABOUT)
    parts = found.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
    parts["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "POST /api/v1/tokens or `ovoo-cloud token`"},
        "session": {"type": "apiKey", "in": "cookie", "name": "ovoo_session", "description": "POST /api/v1/sessions"},
    }
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            if (method, path) not in OPEN_ROUTES:
                operation["security"] = [{"bearer": []}, {"session": []}]
            if method.upper() in CHANGING and (method, path) not in UNKEYED:
                operation.setdefault("parameters", []).append(_KEY)
                operation["responses"]["409"] = {"description": _STILL, "content": _CONTENT}
    return found


_ABOUT: Final = (
    "Times are ISO 8601 with a zone; columns named `*_ns` are nanoseconds since 1970 UTC. "
    "Lists are paged: `limit` and `cursor`, which is `next` of the page before. Errors are application/problem+json."
)


def dump(app: FastAPI) -> str:
    """The document as it is committed: sorted, readable, without the package's version."""
    document = json.loads(json.dumps(app.openapi()))
    document["info"]["version"] = "1"
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Writes the document to the file named on the command line."""
    from ovoo_cloud.api.app import create_app  # here: app imports this module
    from ovoo_cloud.services import build_services
    from ovoo_cloud.settings import Settings

    target = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, build_services(Settings(data_dir=pathlib.Path(folder))) as services:
        target.write_text(dump(create_app(services)), encoding="utf-8")


if __name__ == "__main__":
    main()
