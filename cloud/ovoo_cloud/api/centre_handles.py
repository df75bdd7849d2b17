"""The resolver of identifiers: open to everybody, with public fields only, for machines and for people."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse

from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.centre.handles import resolve

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["centre"])
Part = Annotated[str, Path(max_length=120)]
Form = Literal["json", "html", "text"]
_FORMS: Final[dict[str, Form]] = {
    "application/json": "json",
    "application/*": "json",
    "*/*": "json",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/plain": "text",
    "text/*": "text",
}
_VARY: Final = {"Vary": "Accept"}


@router.get(
    "/handles/{prefix}/{suffix}",
    responses={
        200: {"content": {"application/json": {"schema": {"type": "object"}}, "text/plain": {}}},
        303: {"description": "to the page for people, where text/html is asked for"},
    },
)
def resolve_handle(request: Request, prefix: Part, suffix: Part, services: ServicesDep) -> Response:
    """What a handle leads to; a report gives number, hash, status and the page that shows them.

    `Accept` decides: JSON unless asked otherwise, `text/plain` for lines of name and value, `text/html` leads to the
    page. A replaced handle names the one that took its place.
    """
    with services.database.read() as session:
        found = resolve(session, f"{prefix}/{suffix}")
    home = services.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    shown = _shown(found, home)
    form = _wanted(request.headers.get("accept", "*/*"))
    if form == "html":
        return RedirectResponse(shown["page"], 303, headers=_VARY)
    if form == "text":
        lines = [f"{name}: {value}" for name, value in shown.items() if value is not None]
        return PlainTextResponse("\n".join(lines) + "\n", headers=_VARY)
    return JSONResponse(shown, headers=_VARY)


def _shown(found: dict[str, Any], home: str) -> dict[str, Any]:
    issued = found.pop("issued_ns", None)
    shown = found | {"page": f"{home}/handles/{found['handle']}"}
    if after := found.get("replaced_by"):
        shown["replaced_by_page"] = f"{home}/handles/{after}"
    return shown if issued is None else shown | {"issued": to_iso(int(issued))}


def _wanted(accept: str) -> Form:
    """The form that an Accept header weighs highest, the first of equals; JSON where none of ours is in it."""
    best: tuple[float, Form] = (0.0, "json")
    for part in accept.split(",")[:20]:
        media, *parameters = (each.strip().lower() for each in part.split(";"))
        weight = _weight(parameters)
        if media in _FORMS and weight > best[0]:
            best = (weight, _FORMS[media])
    return best[1]


def _weight(parameters: list[str]) -> float:
    for each in parameters:
        name, _, value = each.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
