"""Pages out of templates."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse
from ovoo_models.phrases import render as sentence

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import gateways
from ovoo_cloud.catalogue.gateways import SILENT_NS
from ovoo_cloud.catalogue.tables import Gateway
from ovoo_cloud.console.centre_faults import fault_place, fault_words
from ovoo_cloud.console.language import Words, language_of, sign
from ovoo_cloud.console.sparkline import sparkline
from ovoo_cloud.services import Services

__all__ = ["SILENT_NS", "page", "words_of"]


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ovoo_cloud.console", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(sparkline=sparkline, sentence=sentence, Permission=Permission)
    environment.filters.update(unit=sign, fault=fault_words, fault_place=fault_place)
    environment.filters["path"] = lambda text: quote(str(text), safe="/")
    return environment


def words_of(request: Request, services: Services) -> Words:
    """The reader's words, in the installation's time zone."""
    return Words(language_of(request, services.settings.language), services.settings.zone, services.clock())


def page(
    request: Request, services: Services, template: str, scope: Scope | None, /, status: int = 200, **values: Any
) -> HTMLResponse:
    """One page; every template gets `w` (words), `scope`, `here` (the path) and `silent()` (sources that stopped)."""
    words = words_of(request, services)
    stopped = functools.partial(_silent, services, scope)
    body = (
        _environment()
        .get_template(template)
        .render(w=words, scope=scope, here=request.url.path, silent=stopped, **values)
    )
    return HTMLResponse(body, status, headers={"Cache-Control": "no-store"})


def _silent(
    services: Services, scope: Scope | None, enterprise: str | None = None, site: str = ""
) -> Sequence[Gateway]:
    """Of all that the reader may see, or of one site: a page of one plant reads nothing of others."""
    if scope is None or not scope.allows(Permission.READ_SITES):
        return ()
    with services.database.read() as session:
        place = None if enterprise is None else (enterprise, site)
        return gateways.silent(session, scope, services.clock() - SILENT_NS, place)
