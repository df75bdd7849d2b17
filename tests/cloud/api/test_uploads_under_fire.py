"""Forms and files that are broken, hostile or too much: refused in words, by every route that takes any."""

from __future__ import annotations

import json

import pytest
from ovoo_cloud.access.roles import Role

from tests.cloud.api import multipart
from tests.cloud.api.barrage import Barrage, Shot
from tests.cloud.api.hostile_files import hostile_files
from tests.cloud.api.multipart import Part, broken
from tests.cloud.api.test_document import PAGE
from tests.cloud.api.upload_forms import Form, case_to_fill_in, changing_routes, console_forms, file_calls

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def forms(barrage: Barrage) -> list[Form]:
    return console_forms(barrage.plant, case_to_fill_in(barrage.plant))


# where the last part of a form never ends, the framework leaves its file to the collector, which closes it
@pytest.mark.filterwarnings("ignore:Exception ignored in.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
def test_a_broken_form_breaks_nothing(barrage: Barrage, forms: list[Form]) -> None:
    for form in forms:
        for _, body in broken(form.parts):
            for role in Role:
                barrage.fire(Shot(form.route, form.path, body), role)

    assert forms
    assert barrage.faults == {}


def test_a_hostile_file_breaks_nothing(barrage: Barrage, forms: list[Form]) -> None:
    taking = [each for each in forms if each.takes_file]
    for name, content in hostile_files():
        for form in taking:
            parts = [*form.parts[:-1], Part(form.parts[-1].name, content, name.encode())]
            body = multipart.sent(multipart.body_of(parts))
            barrage.fire(Shot(form.route, form.path, body), Role.CENTRE_EXPERT)

    assert taking
    assert barrage.faults == {}


def test_a_hostile_file_as_the_body_breaks_nothing(barrage: Barrage) -> None:
    document = json.loads(PAGE.read_text(encoding="utf-8"))
    taking = [
        route
        for route in changing_routes(document)
        if "application/octet-stream" in document["paths"][route[1]][route[0]]["requestBody"]["content"]
    ]
    for route in taking:
        for name, content in hostile_files():
            path, sent = file_calls(barrage.plant, route, name, content)
            barrage.fire(Shot(route, path, sent), Role.CENTRE_ADMIN)

    assert taking
    assert barrage.faults == {}


def test_a_form_where_the_api_takes_none_is_refused(barrage: Barrage) -> None:
    parts = [Part(b"name", b"x"), Part(b"file", b"x", b"a.csv")]
    taken = []
    for route in changing_routes(json.loads(PAGE.read_text(encoding="utf-8"))):
        path = route[1].format_map(_Any(barrage.plant.ids["own"]))
        for how, body in broken(parts):
            if barrage.fire(Shot(route, path, body), Role.CENTRE_ADMIN) < 400:
                taken.append((route, how))

    assert taken == []
    assert barrage.faults == {}


class _Any(dict[str, str]):
    """Names of the plant, and one letter for every other."""

    def __missing__(self, key: str) -> str:
        return "x"
