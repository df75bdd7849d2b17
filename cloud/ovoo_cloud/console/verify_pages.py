"""The public page behind the square code of a report's cover."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.verification import ask
from ovoo_cloud.console.render import page
from ovoo_cloud.reports.own_keys import shown_fingerprint

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_HASH: Final = 64
_MOST_DIGITS: Final = 4


@router.get("/verify")
def verify(
    request: Request,
    services: ServicesDep,
    number: Annotated[str, Query(max_length=63)] = "",
    revision: Annotated[str, Query(max_length=10)] = "",
    code: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """A form for the three facts of a cover, filled in by the square code, and the answer."""
    asked = bool(number or code)
    whole = int(revision) if revision.isascii() and revision.isdigit() and len(revision) <= _MOST_DIGITS else 0
    tidy = "".join(code.split())
    readable = bool(number.strip()) and whole > 0 and len(tidy) == _HASH and tidy.isascii() and tidy.isalnum()
    found = ask(services, number, whole, tidy) if readable else None
    return page(
        request,
        services,
        "verify.html",
        None,
        number=number,
        revision=revision,
        code=tidy,
        asked=asked,
        readable=readable,
        found=found,
        key=shown_fingerprint(found.folder, services.settings.own_keys) if found and not found.elsewhere else "",
    )
