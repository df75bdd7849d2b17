"""Every form that the server takes, of the console and of the API, and good parts for each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.params import File
from fastapi.routing import APIRoute
from ovoo_cloud.access.roles import Role
from ovoo_cloud.casework.states import State
from ovoo_cloud.console.site import ROUTERS

from tests.cloud.api import case_files
from tests.cloud.api.hostile_files import FIT
from tests.cloud.api.multipart import Part
from tests.cloud.api.plant import FAN, OWN, SITE, Plant
from tests.cloud.api.route_calls import asked

TEXTS = {
    "document": b"drawing 7", "version": b"1", "answers": b"1", "scenes": b"1", "month": b"2026-05", "name": b"fuzz",
    "start": b"2026-06-01", "end": b"2026-06-05", "subject": b"item:awareness", "decision": b"accept", "hours": b"8000",
    "language": b"zh", "reason": b"test", "upto": b"1", "price": b"0.5", "place": f"{OWN}/{SITE}".encode(),
    "text": FIT["framework.yaml"],
}  # fmt: skip
"""Words for fields that have some rule; the others get one letter."""
FILES = {
    "/questionnaire": "questionnaire.xlsx", "/frameworks/upload": "framework.yaml", "/kinds/upload": "kind.yaml",
    "/meter-tree/upload": "tree.json", "/import": "register.csv", "/ventilation": "airways.csv",
    "/ideal-rates": "register.csv",
}  # fmt: skip
UNDECLARED = ("file", "version", "document", "name-0", "tariff", "name", "energy", "driver", "id", "withdrawn", "own")
"""Fields of the forms whose names are numbered or decided elsewhere, so that no signature lists them."""


@dataclass(frozen=True)
class Form:
    """One form: its route, the path that it is sent to, and parts with which it is whole, the file last."""

    route: tuple[str, str]
    path: str
    parts: tuple[Part, ...]

    @property
    def takes_file(self) -> bool:
        return self.parts[-1].filename is not None


def case_to_fill_in(plant: Plant) -> dict[str, str]:
    """A case of its own whose intake is open."""
    return case_files.case_in(plant, OWN, SITE, f"{SITE}-fuzzed", State.INTAKE)


def console_forms(plant: Plant, case: Mapping[str, str]) -> list[Form]:
    """Every form of the console, at things that are there."""
    values = {
        **plant.ids["own_works"], **plant.ids["own"], **case,
        **dict(zip(("area", "line", "asset"), FAN.split("/")[-3:], strict=True)),
        "part": "energy", "step": "submit", "name": "year-2026",
        "framework": "own_check", "version": "1", "event": "x", "entry": "acme", "register": "provider", "bill": "x",
        "invitation": "x", "verdict": "x", "statement": "x",
    }  # fmt: skip
    return [_form(route, values) for route in _posted()]


def _posted() -> Iterator[APIRoute]:
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute) and "POST" in (route.methods or ()):
                yield route


def _form(route: APIRoute, values: dict[str, str]) -> Form:
    parts = list(_declared(route.dependant)) or [Part(name.encode(), TEXTS.get(name, b"x")) for name in UNDECLARED]
    files = [each for each in parts if each.filename is not None or each.name == b"file"]
    name = next((FILES[end] for end in FILES if route.path.endswith(end)), "proof.pdf")
    texts = [each for each in parts if each not in files]
    brought = [Part(each.name, FIT[name], name.encode()) for each in files]
    return Form(("post", route.path), route.path.format_map(values), (*texts, *brought) or (Part(b"x", b"x"),))


def _declared(dependant: Dependant) -> Iterator[Part]:
    for each in dependant.body_params:
        is_file = isinstance(each.field_info, File)
        yield Part(each.alias.encode(), TEXTS.get(each.name, b"x"), b"a.csv" if is_file else None)
    for inner in dependant.dependencies:
        yield from _declared(inner)


def changing_routes(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Every route of the OpenAPI document that takes a body."""
    return [
        (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation
    ]


def file_calls(plant: Plant, route: tuple[str, str], name: str, content: bytes) -> tuple[str, dict[str, Any]]:
    """Path and what is sent with the file to a route of the API whose body is a file."""
    path, good = asked(plant, route, plant.ids["own"], Role.CENTRE_ADMIN)
    query = dict(good["params"])
    if "sha256" in query:
        query |= {"name": name, "sha256": hashlib.sha256(content).hexdigest()}
    if "format" in query:
        query["format"] = "xlsx" if name.endswith(".xlsx") else "csv"
    return path, {"data": content, "params": query, "headers": {"Content-Type": "application/octet-stream"}}
