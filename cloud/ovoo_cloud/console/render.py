"""Pages out of templates."""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import quote

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse
from ovoo_models.phrases import render as sentence

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.console.language import Words, language_of, sign
from ovoo_cloud.console.sparkline import sparkline
from ovoo_cloud.services import Services

__all__ = ["page", "words_of"]


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
    environment.filters["unit"] = sign
    environment.filters["path"] = lambda text: quote(str(text), safe="/")
    return environment


def words_of(request: Request, services: Services) -> Words:
    """The reader's words, in the installation's time zone."""
    return Words(language_of(request, services.settings.language), services.settings.zone, services.clock())


def page(
    request: Request, services: Services, template: str, scope: Scope | None, /, status: int = 200, **values: Any
) -> HTMLResponse:
    """One page; every template gets `w` (words), `scope` and `here` (the path)."""
    words = words_of(request, services)
    body = _environment().get_template(template).render(w=words, scope=scope, here=request.url.path, **values)
    return HTMLResponse(body, status, headers={"Cache-Control": "no-store"})
