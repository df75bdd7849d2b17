"""Forms that no page of ours sends: told what is wrong, and whatever came with them is put away."""

from __future__ import annotations

import base64
import gc

import httpx
import pytest
from ovoo_cloud.casework.states import State

from tests.cloud.api.case_files import case_in
from tests.cloud.api.hostile_files import packed
from tests.cloud.api.plant import OWN, SITE, Plant
from tests.cloud.api.upload_forms import console_forms


@pytest.fixture
def expert(plant: Plant) -> httpx.Client:
    """A signed-in expert, as a browser on a page of ours."""
    headers = {"cookie": f"ovoo_session={plant.session('centre_expert')}", "origin": plant.url}
    return httpx.Client(base_url=plant.url, timeout=60, headers=headers, trust_env=False)


def test_a_part_that_nobody_wrote_has_no_version_to_be_late_for(plant: Plant, expert: httpx.Client) -> None:
    made = case_in(plant, OWN, SITE, f"{SITE}-odd-form", State.INTAKE)

    with expert:
        answer = expert.post(f"/cases/{OWN}/{made['case']}/parts/energy", data={"version": "7"})

    assert answer.status_code == 422, answer.text[:400]
    assert answer.json()["code"] == "case.not_version"


def test_a_review_of_a_case_that_was_never_measured_is_refused(plant: Plant, expert: httpx.Client) -> None:
    made = case_in(plant, OWN, SITE, f"{SITE}-unmeasured", State.INTAKE)
    ruling = {"subject": "item:awareness", "decision": "accept"}

    with expert:
        form = expert.post(f"/cases/{OWN}/{made['case']}/review", data=ruling)
        call = expert.post(f"/api/v1/enterprises/{OWN}/cases/{made['case']}/review", json=ruling)

    assert (form.status_code, form.json()["code"]) == (409, "case.not_under_review"), form.text[:300]
    assert (call.status_code, call.json()["code"]) == (409, "case.not_under_review"), call.text[:300]


def test_half_a_character_in_json_is_no_text_to_keep(plant: Plant, expert: httpx.Client) -> None:
    made = case_in(plant, OWN, SITE, f"{SITE}-half", State.INTAKE)
    half = '{"document": "\\ud800", "energy": {"x": "\\ud800"}, "meters": []}'

    with expert:
        tree = expert.post(f"/energy/{OWN}/{SITE}/meter-tree/upload", files={"file": ("tree.json", half.encode())})
        part = expert.post(
            f"/cases/{OWN}/{made['case']}/parts/energy/text", data={"version": "0", "text": half},
        )  # fmt: skip

    assert tree.status_code == part.status_code == 422, (tree.text[:300], part.text[:300])


@pytest.mark.parametrize("path", [f"/energy/{OWN}/{SITE}/contract", f"/energy/{OWN}/{SITE}/meter-tree"])
def test_a_file_beside_a_form_that_takes_none_is_closed(expert: httpx.Client, path: str) -> None:
    with expert:
        answer = expert.post(path, data={"tariff": "x"}, files={"file": ("a.csv", b"x" * 2_000_000)})
    gc.collect()  # a file left open is told of here, and warnings are errors

    assert answer.status_code < 500


def test_a_register_is_not_read_from_a_workbook_of_more_than_a_register_holds(admin: httpx.Client) -> None:
    rows = b"<worksheet>" + b"<row/>" * 1_600_000 + b"</worksheet>"
    book = b'<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/>'
    links = b"<Relationships/>"
    parts = {"xl/workbook.xml": book, "xl/_rels/workbook.xml.rels": links, "xl/styles.xml": rows}
    sent = {"name": "t.xlsx", "content": base64.b64encode(packed(parts)).decode()}

    answer = admin.post("/api/v1/centre/registers/provider/import", json=sent)

    assert answer.status_code == 422
    assert "holds too much" in answer.text


def test_every_form_of_the_console_can_be_filled_in_by_the_fuzzing(plant: Plant) -> None:
    forms = console_forms(plant, plant.ids["own_file"])

    assert len(forms) > 50
    assert sum(form.takes_file for form in forms) > 5
