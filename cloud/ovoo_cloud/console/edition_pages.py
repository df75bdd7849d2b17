"""The page on which a case goes over to another edition of one of its frameworks: both results, then the step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_packs import Framework, framework_names, load_framework

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.case_access import file_view
from ovoo_cloud.casework import beside, editions, moving, steps
from ovoo_cloud.casework.freezing import result_of
from ovoo_cloud.casework.moving import Comparison
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/cases/{enterprise}/{case}/edition")
_Name = Annotated[str, Query(max_length=63)]


@router.get("")
def edition_page(
    request: Request, enterprise: str, case: str, services: ServicesDep, scope: Reader, framework: _Name = ""
) -> Response:
    """Which edition is pinned, which are installed, and with one chosen the result under both."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.REVIEW_CASE)
        view = file_view(session, scope, row, services.clock())
        pinned, further = editions.pinned(session, row), beside.frameworks(session, row)
    offered = [each for each in _listed(row) if each.sha256 not in {one.sha256 for one in (pinned, *further)}]
    found = moving.compare_editions(services, scope, enterprise, case, framework) if framework else None
    values: dict[str, Any] = {
        "case": view,
        "pinned": pinned,
        "further": further,
        "offered": offered,
        "chosen": framework,
        "found": found,
        "results": None if found is None else (result_of(found.old), result_of(found.new)),
        "rows": [] if found is None else _rows(found),
    }
    return page(request, services, "case_edition.html", scope, **values)


def _listed(row: CaseFile) -> list[Framework]:
    """What may take the place of the leading framework, and the installed editions of the further ones."""
    found = [load_framework(name) for name in framework_names()]
    return [each for each in found if each.method == "points_gate" or each.id in beside.names(row)]


def _rows(found: Comparison) -> list[dict[str, Any]]:
    """Every item and scene of either edition with what it earns under both, those that differ marked."""
    old, new = _earned(found.old), _earned(found.new)
    return [
        {
            "id": name,
            "name": (new.get(name) or old[name])["name"],
            "old": old[name]["earned"] if name in old else None,
            "new": new[name]["earned"] if name in new else None,
            "differs": old.get(name, {}).get("earned") != new.get(name, {}).get("earned"),
        }
        for name in [*new, *(each for each in old if each not in new)]
    ]


def _earned(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    rules, scored = data["framework"], data["score"]
    points = {each["id"]: each["points"] for each in scored["items"]}
    levels = {each["id"]: [str(end) for end in each["levels"]] for each in scored["scenes"]}
    items = {
        f"item:{each['id']}": {"name": each["name"], "earned": list(points[each["id"]])}
        for part in rules["dimensions"]
        for each in part["items"]
        if each["id"] in points
    }
    listed = rules.get("scenes", ())
    scenes = {f"scene:{each['id']}": {"name": each["name"], "earned": levels[each["id"]]} for each in listed}
    return items | scenes


@router.post("")
def move(
    enterprise: str,
    case: str,
    services: ServicesDep,
    scope: Reader,
    framework: Annotated[str, Form(max_length=63)],
    version: Annotated[int, Form(ge=0, le=10**9)],
) -> Response:
    """Takes the step, if the case is still the one whose results were shown."""
    moving.move_edition(services, scope, enterprise, case, framework, version)
    return RedirectResponse(f"/cases/{enterprise}/{case}", 303)
