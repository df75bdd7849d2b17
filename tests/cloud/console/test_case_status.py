"""A rating signed on site, the draft, and the move to another edition, in the browser."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator

import pytest
from ovoo_cloud.casework import editions
from ovoo_cloud.casework.states import State
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_contract.canonical import canonical_json
from playwright.sync_api import Browser, expect

from tests.cloud.api.plant import NOW
from tests.cloud.casework.centre import CASE, OWN, REGISTER, Centre, centre
from tests.cloud.console.reader import fits, keep, reader

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]
HOME = f"/cases/{OWN}/{CASE}"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with centre(tmp_path_factory.mktemp("status")) as opened:
        opened.to_review()
        yield opened


@pytest.fixture
def house(measured: Centre) -> Centre:
    """The case in review, wherever the test before left it."""
    if measured.file()["state"] == State.INTAKE:
        for step in ("submit", "freeze"):
            measured.done("centre_expert", step)
    assert measured.file()["state"] == State.REVIEW
    return measured


def test_a_signed_rating_is_recorded_on_the_page_and_stands_in_the_result(browser: Browser, house: Centre) -> None:
    with reader(browser, house.plant, user="centre_expert") as page:
        page.goto(HOME)
        expect(page.locator("#rating")).to_contain_text("预评")
        form = page.locator("form[data-step=on_site]")
        form.locator("input[name=date]").fill("2026-06-05")
        form.locator("input[name=assessors]").fill("王工；李工")
        form.locator("select[name=document]").select_option(REGISTER)
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
            keep(page, f"case-on-site-{width}")
        form.locator("button").click()
        expect(page.locator("#record tr[data-step=on_site]")).to_be_visible()
    house.accept_all()
    house.done("centre_expert", "propose")
    with reader(browser, house.plant, user="enterprise_engineer", language="en") as page:
        page.goto(HOME)
        expect(page.locator("#rating")).to_contain_text("Signed on site: 王工, 李工, 2026-06-05")
        with page.expect_download() as started:
            page.locator("#draft a").last.click()
        assert pathlib.Path(started.value.path()).read_bytes().startswith(b"%PDF-")
        fits(page)
        keep(page, "case-signed-en")
    house.done("enterprise_engineer", "object", {"reason": "on with the next test"})


def test_both_results_are_compared_before_a_case_moves_to_another_edition(browser: Browser, house: Centre) -> None:
    older = json.loads(editions.installed("sme_2024"))
    older["version"] = "2024.0"
    for option in older["dimensions"][0]["groups"][0]["items"][0]["options"]:
        option["points"] = option["points"] / 2
    with house.plant.services.database.write() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        editions.pin(session, row, "sme_2024", canonical_json(older), NOW)
    house.done("centre_expert", "reopen", {"reason": "an older edition"})
    for language in ("en", "zh"):
        with reader(browser, house.plant, user="centre_expert", language=language) as page:
            page.goto(HOME)
            page.locator("[data-step=move_edition] a").click()
            expect(page.locator("#pinned")).to_contain_text("2024.0")
            page.locator("#offered button").click()
            changed = page.locator("#comparison tr[data-differs]")
            expect(changed).to_have_count(1)
            expect(changed).to_have_attribute("data-entry", "item:network_build")
            for width in (390, 1280):
                page.set_viewport_size({"width": width, "height": 900})
                fits(page)
                keep(page, f"case-edition-{language}-{width}")
            if language == "zh":
                page.locator("#move button").click()
                expect(page.locator("#record tr[data-step=move_edition]")).to_be_visible()
    step = house.call("centre_expert", "GET", f"/cases/{CASE}/steps").json()["items"][-1]

    assert (step["decision"]["old"]["version"], step["before"]) == ("2024.0", "intake")
    assert step["decision"]["old"]["total"] != step["decision"]["new"]["total"]


def test_a_framework_joins_and_leaves_a_case_by_the_keyboard_alone(browser: Browser, house: Centre) -> None:
    house.done("centre_expert", "reopen", {"reason": "one more is wanted"})
    with reader(browser, house.plant, user="centre_expert") as page:
        page.goto(HOME)
        expect(page.locator("form[data-step=remove_framework]")).to_have_count(0)
        offered = page.locator("form[data-step=add_framework] select")
        listed = offered.locator("option").evaluate_all("each => each.map(one => one.value)")
        offered.focus()
        for _ in range(listed.index("smart_mine")):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#record tr[data-step=add_framework]")).to_contain_text("smart_mine")
        expect(page.locator("form[data-step=add_framework] option[value=smart_mine]")).to_have_count(0)
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
            keep(page, f"case-joining-{width}")
    with reader(browser, house.plant, user="enterprise_engineer", language="en") as page:
        page.goto(HOME)
        form = page.locator("form[data-step=remove_framework]")
        form.locator("select").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.type("not wanted this year")
        page.keyboard.press("Enter")
        row = page.locator("#record tr[data-step=remove_framework]")
        expect(row).to_contain_text("smart_mine")
        expect(row).to_contain_text("not wanted this year")
        expect(row).to_contain_text("Take the framework off")
        fits(page)
    assert house.file()["further"] == []
