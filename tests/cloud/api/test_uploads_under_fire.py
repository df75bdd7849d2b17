"""Forms and files that are broken, hostile or too much: refused in words, by every route that takes any."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from ovoo_cloud.access.roles import Role

from tests.cloud.api import multipart
from tests.cloud.api.barrage import Barrage, Shot
from tests.cloud.api.conftest import furnished
from tests.cloud.api.hostile_files import hostile_files
from tests.cloud.api.multipart import Part, broken
from tests.cloud.api.test_document import PAGE
from tests.cloud.api.upload_forms import Form, changing_routes, console_forms, file_calls

SLOWEST_S = 10.0
"""An answer that takes longer, on a machine that does other things too, is a fault."""
pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module", params=["own", "required"])
def barrage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Barrage]:
    with furnished(tmp_path_factory.mktemp("uploads"), access_consent=request.param) as plant:
        fired = Barrage(plant, SLOWEST_S)
        yield fired
        reporter = request.config.pluginmanager.getplugin("terminalreporter")
        reporter.write_line(f"\naccess_consent = {request.param}: {fired.tally}")


@pytest.fixture(scope="module")
def forms(barrage: Barrage) -> list[Form]:
    return console_forms(barrage.plant)


def test_a_broken_form_is_refused(barrage: Barrage, forms: list[Form]) -> None:
    for form in forms:
        for _, body in broken(form.parts):
            for role in Role:
                barrage.fire(Shot(form.route, form.path, body), role)
    barrage.settle()


def test_a_hostile_file_is_refused(barrage: Barrage, forms: list[Form]) -> None:
    taking = [each for each in forms if each.takes_file]
    for name, content in hostile_files():
        for form in taking:
            parts = [*form.parts[:-1], Part(form.parts[-1].name, content, name.encode())]
            body = multipart.sent(multipart.body_of(parts))
            barrage.fire(Shot(form.route, form.path, body), Role.CENTRE_EXPERT)
    barrage.settle()


def test_a_hostile_file_as_the_body_is_refused(barrage: Barrage) -> None:
    document = json.loads(PAGE.read_text(encoding="utf-8"))
    for route in changing_routes(document):
        if "application/octet-stream" not in document["paths"][route[1]][route[0]]["requestBody"]["content"]:
            continue
        for name, content in hostile_files():
            path, sent = file_calls(barrage.plant, route, name, content)
            barrage.fire(Shot(route, path, sent), Role.CENTRE_ADMIN)
    barrage.settle()


def test_a_form_where_the_api_takes_none_is_refused(barrage: Barrage) -> None:
    parts = [Part(b"name", b"x"), Part(b"file", b"x", b"a.csv")]
    for route in changing_routes(json.loads(PAGE.read_text(encoding="utf-8"))):
        path = route[1].format_map(_Any(barrage.plant.ids["own"]))
        for _, body in broken(parts):
            barrage.fire(Shot(route, path, body), Role.CENTRE_ADMIN)
    barrage.settle()


class _Any(dict[str, str]):
    """Names of the plant, and one letter for every other."""

    def __missing__(self, key: str) -> str:
        return "x"
