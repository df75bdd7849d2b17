"""The pages of assessment frameworks: their list, each with rules and marks, the form that takes one in, changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_packs import Framework, Item

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.frameworks import all_shown, compiled_of, shown_of
from ovoo_cloud.catalogue import frameworks
from ovoo_cloud.catalogue.framework_changes import changes
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.language import Words, catalogue
from ovoo_cloud.console.render import page, words_of
from ovoo_cloud.services import Services

__all__ = ["Fault", "around", "document_faults", "lint_key", "router"]

router = APIRouter(include_in_schema=False, prefix="/frameworks")
_LARGEST: Final = 2_000_000
_PLACE: Final = re.compile(r"(?P<file>.*):(?P<line>\d+)(?: (?P<key>.*))?", re.S)
_Text = Annotated[str, Form(max_length=_LARGEST)]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a document: `line` counts from 1, 0 where none is known."""

    line: int
    key: str
    message: str
    value: str
    remedy: str


@router.get("")
def framework_list(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """Every edition: those of the packs, then the centre's own."""
    scope.require(Permission.READ_REPORT)
    with services.database.read() as session:
        found = all_shown(session, scope)
    return page(request, services, "frameworks.html", scope, found=found)


@router.get("/new")
def form(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """The form that takes a framework in."""
    scope.require(Permission.MANAGE_FRAMEWORKS)
    return page(request, services, "framework_form.html", scope, text="", faults=[], lines=[])


@router.post("")
def add(request: Request, services: ServicesDep, scope: Reader, text: _Text = "") -> Response:
    """Keeps the typed document as a draft, or shows it again with what is wrong, line by line."""
    return _added(request, services, scope, text.replace("\r\n", "\n"), "framework.yaml")


@router.post("/upload")
def upload(request: Request, services: ServicesDep, scope: Reader, file: UploadFile) -> Response:
    """Keeps the document of a file as a draft, or shows it with what is wrong."""
    content = file.file.read(_LARGEST + 1)
    text = content[:_LARGEST].decode("utf-8", "replace") if len(content) <= _LARGEST else ""
    return _added(request, services, scope, text, file.filename or "framework.yaml")


def _added(request: Request, services: Services, scope: Scope, text: str, name: str) -> Response:
    scope.require(Permission.MANAGE_FRAMEWORKS)
    try:
        with services.database.write() as session:
            row = frameworks.add(session, scope, text, name=name[:100], now_ns=services.clock())
            target = f"/frameworks/{row.framework}/{row.version}"
    except ConfigError as error:
        faults = document_faults(error, words_of(request, services))
        return page(
            request, services, "framework_form.html", scope, 422, text=text, faults=faults,
            lines=around(text, [fault.line for fault in faults]),
        )  # fmt: skip
    return RedirectResponse(target, 303)


def document_faults(error: ConfigError, words: Words) -> list[Fault]:
    """What is wrong with a document, in the reader's words."""
    return [_fault(each, words) for each in (error.errors if isinstance(error, ConfigErrors) else [error])]


def _fault(error: ConfigError, words: Words) -> Fault:
    place = _PLACE.fullmatch(error.offender)
    texts = catalogue(words.language)
    return Fault(
        line=int(place["line"]) if place else 0,
        key=(place["key"] or "") if place else error.offender,
        message=texts.get(lint_key(error.message), error.message),
        value="" if error.value is None else str(error.value)[:200],
        remedy=error.remedy,
    )


def lint_key(message: str) -> str:
    """The catalogue key of a message of the linter."""
    return "lint." + re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")


def around(text: str, numbers: list[int]) -> list[tuple[int, str, bool]]:
    """The lines that have faults, with one before and after: number, text, whether it is at fault."""
    lines, bad = text.split("\n"), {number for number in numbers if number}
    near = sorted({n + step for n in bad for step in (-1, 0, 1) if 1 <= n + step <= len(lines)})[:60]
    return [(number, lines[number - 1][:200], number in bad) for number in near]


@router.get("/{framework}/changes")
def changes_page(
    request: Request, framework: str, services: ServicesDep, scope: Reader, before: str, after: str
) -> Response:
    """What differs between two editions."""
    scope.require(Permission.READ_REPORT)
    with services.database.read() as session:
        pair = [shown_of(session, scope, framework, version) for version in (before, after)]
    found = changes(*(compiled_of(each) for each in pair))
    return page(request, services, "framework_changes.html", scope, pair=pair, changes=found)


@router.get("/{framework}/{version}")
def framework_page(request: Request, framework: str, version: str, services: ServicesDep, scope: Reader) -> Response:
    """One edition: where it comes from, its items with points, marks and clauses, its levels."""
    scope.require(Permission.READ_REPORT)
    with services.database.read() as session:
        shown = shown_of(session, scope, framework, version)
        others = [each for each in all_shown(session, scope) if each.framework.id == framework]
    return page(
        request, services, "framework.html", scope, shown=shown, f=shown.framework, row=shown.row,
        others=[each for each in others if each.framework.version != version],
        parts=_parts(shown.framework, words_of(request, services)),
    )  # fmt: skip


@router.post("/{framework}/{version}/state")
def set_state(
    framework: str, version: str, services: ServicesDep, scope: Reader, state: Annotated[str, Form(max_length=16)]
) -> Response:
    """Publishes a draft or retires an edition."""
    with services.database.write() as session:
        frameworks.set_state(session, scope, framework, version, state, now_ns=services.clock())
    return RedirectResponse(f"/frameworks/{framework}/{version}", 303)


def _parts(framework: Framework, words: Words) -> list[dict[str, Any]]:
    return [
        {"part": part, "items": [(item, _asks(item, words)) for group in part.groups for item in group.items]}
        for part in framework.dimensions
    ]


def _asks(item: Item, words: Words) -> str:
    """What an item asks: options with their points, brackets, limits or bounds."""
    if item.kind in ("multi", "single", "direction"):
        return " · ".join(f"{words.name(option)} {option.points:g}" for option in item.options)
    if item.kind == "ratio":
        return " · ".join(f"≤{bracket.upto:g} % → {item.points * bracket.share:g}" for bracket in item.brackets)
    if item.kind == "norm":
        limits = " / ".join(f"{limit:g}" for limit in item.rule["limits"].values())
        return f"{limits} {item.rule['unit']}"
    if item.kind == "at_least":
        return " · ".join(f"{name} ≥{need:g} {item.rule['unit']}" for name, need in item.rule["need"].items())
    return "—"
