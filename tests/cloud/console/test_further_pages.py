"""Further frameworks of a case in Chromium: ticked when the intake is opened, answered, reviewed, moved."""

from __future__ import annotations

import json
import pathlib

import pytest
from ovoo_cloud.casework import beside, editions
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_contract.canonical import canonical_json
from playwright.sync_api import Browser, Page, expect

from tests.cloud.casework.centre import CASE, NOW, OWN, PARTS, Centre, centre
from tests.cloud.console.reader import fits, keep, reader

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]
HOME = f"/cases/{OWN}/{CASE}"


def test_an_expert_leads_a_case_of_three_frameworks_through_its_pages(browser: Browser, tmp_path: pathlib.Path) -> None:
    with centre(tmp_path / "centre") as house:
        house.apply()
        house.done("centre_admin", "accept", {})
        house.done("enterprise_engineer", "consent", house.consent_body())
        with reader(browser, house.plant, user="centre_expert", refusals=("404", "412", "422")) as page:
            _opens(page)
            for part, content in PARTS.items():
                assert house.write(part, content).status_code == 200
            _answers(page, house)
            _two_at_once(page, house)
            _moves(page, house)
            assert house.upload().status_code == 201
            house.done("centre_expert", "submit")
            house.done("centre_expert", "freeze")
            _reviews(page, house)


def _opens(page: Page) -> None:
    page.goto(HOME)
    form = page.locator("form[data-step=open_intake]")
    form.locator("select[name=framework]").select_option("sme_2024")
    for name in ("sme_2022", "smart_mine"):
        form.locator(f"input[name=further][value={name}]").check()
    fits(page)
    keep(page, "further-open")
    form.locator("button").click()
    expect(page.locator("#rail [aria-current]")).to_have_attribute("data-state", "intake")


def _answers(page: Page, house: Centre) -> None:
    """The form keeps what was typed when it is refused, and what it does not ask stays until it is taken away."""
    told = {"assessments": {"sme_2022": {"answers": {"of_old": {"value": "3"}}}}}
    assert house.write("assessments", told).status_code == 200
    page.goto(HOME)
    page.locator("[data-part=assessments] a").click()
    total = "assessments.sme_2022.answers.total"
    page.locator(f'input[name="{total}.low"]').fill("58")
    machines = page.locator('[data-group="assessments.smart_mine.machines"]')
    machines.locator('input[value="fan1"]').nth(4).check()
    page.locator('[data-group="assessments.smart_mine.answers.must_have"] input[value=no]').check()
    page.locator("#save").click()
    expect(page.locator("#refused")).to_be_visible()
    expect(page.locator(f'input[name="{total}.low"]')).to_have_value("58")
    page.locator(f'input[name="{total}.high"]').fill("61")
    page.locator('input[name="rest:assessments.sme_2022.answers.of_old"]').uncheck()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
        keep(page, f"part-further-{width}")
    page.locator("#save").click()
    page.wait_for_url(f"**{HOME}")
    kept = house.call("centre_expert", "GET", f"/cases/{CASE}/parts/assessments").json()["content"]["assessments"]
    assert kept["sme_2022"] == {"answers": {"total": {"low": "58", "high": "61", "class": "declared"}}}
    assert kept["smart_mine"]["answers"] == {"must_have": {"options": ["no"], "class": "declared"}}
    assert list(kept["smart_mine"]["machines"].values()) == [["fan1"]]


def _two_at_once(page: Page, house: Centre) -> None:
    """Another expert writes for another framework meanwhile: the form is saved, and both stand."""
    page.goto(f"{HOME}/parts/assessments")
    page.locator('input[name="assessments.sme_2022.answers.total.low"]').fill("57")
    read = house.call("centre_expert", "GET", f"/cases/{CASE}/parts/assessments").json()
    theirs = read["content"]["assessments"]
    told = {
        "assessments": {**theirs, "smart_mine": {**theirs["smart_mine"], "answers": {"experts": {"options": ["no"]}}}}
    }
    assert house.write("assessments", told, read["version"], "enterprise_engineer").status_code == 200
    page.locator("#save").click()
    page.wait_for_url(f"**{HOME}")
    kept = house.call("centre_expert", "GET", f"/cases/{CASE}/parts/assessments").json()
    assert kept["version"] == read["version"] + 2
    assert kept["content"]["assessments"]["sme_2022"]["answers"]["total"]["low"] == "57"
    assert kept["content"]["assessments"]["smart_mine"] == told["assessments"]["smart_mine"]
    back = {"assessments": {**theirs}}
    assert house.write("assessments", back, kept["version"]).status_code == 200


def _moves(page: Page, house: Centre) -> None:
    """An edition of a further framework that is older than the installed one is offered, compared and replaced."""
    with house.plant.services.database.write() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        older = {**json.loads(editions.installed("sme_2022")), "version": "1.0"}
        beside.repin(session, row, "sme_2022", canonical_json(older), NOW)
    page.goto(f"{HOME}/edition")
    expect(page.locator("[data-further=sme_2022]")).to_contain_text("1.0")
    page.locator("#offered select").select_option("sme_2022")
    page.locator("#offered button").click()
    expect(page.locator("[data-entry='item:total']")).to_contain_text("58 – 61")
    fits(page)
    page.locator("#move button").click()
    page.wait_for_url(f"**{HOME}")
    page.goto(f"{HOME}/edition")
    expect(page.locator("#offered option[value=sme_2022]")).to_have_count(0)


def _reviews(page: Page, house: Centre) -> None:
    page.goto(f"{HOME}/review")
    expect(page.locator("tr[data-framework]")).to_have_count(2)
    row = page.locator("tr[data-subject='item:sme_2022/total']")
    row.locator("summary").click()
    row.locator("input[name=low]").fill("60")
    row.locator("input[name=reason]").fill("查阅了评测记录")
    fits(page)
    keep(page, "further-review")
    row.locator("details button").click()
    expect(row).to_have_attribute("data-decision", "override")
    house.accept_all()
    house.done("centre_expert", "propose")
    page.goto(HOME)
    expect(page.locator("#result [data-further]")).to_have_count(2)
    expect(page.locator("#result [data-further='2']")).to_contain_text("60")
    fits(page)
    keep(page, "further-result")
