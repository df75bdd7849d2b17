"""A case in the browser: applied for, consented to, reviewed by keyboard, confirmed, issued; in both languages."""

from __future__ import annotations

import pathlib

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cloud.casework.centre import CASE, OWN, PARTS, Centre, centre
from tests.cloud.console.reader import fits, keep, reader

pytestmark = pytest.mark.timeout(900)
HOME = f"/cases/{OWN}/{CASE}"


def press(page: Page, step: str) -> None:
    page.locator(f"form[data-step={step}] button").click()
    page.wait_for_load_state()


def test_a_case_is_driven_in_the_browser_from_application_to_issue_and_its_grant_is_listed(
    browser: Browser, tmp_path: pathlib.Path
) -> None:
    with centre(tmp_path / "case-pages") as house:
        _driven(browser, house)
        assert (house.file()["state"], house.file()["number"]) == ("issued", "OV-2026-001")
        for language in ("zh", "en"):
            for width in (360, 1280, 1920):
                _consent_pages(browser, house, language, width)


def _driven(browser: Browser, house: Centre) -> None:
    plant = house.plant
    with reader(browser, plant, user="enterprise_engineer") as page:
        page.goto("/cases")
        page.locator("#apply input[name=case]").fill(CASE)
        page.locator("#apply input[name=title]").fill("黑山煤业 2026 年诊断")
        page.locator("#apply button").click()
        expect(page.locator("#rail [aria-current]")).to_have_attribute("data-state", "applied")
    with reader(browser, plant, user="centre_admin") as page:
        page.goto(HOME)
        expect(page.locator("#closed-content")).to_be_visible()
        press(page, "accept")
        fits(page)
    with reader(browser, plant, user="enterprise_engineer") as page:
        page.goto(HOME)
        page.locator("form[data-step=consent] input[name=until]").fill("2026-12-31")
        page.locator("form[data-step=consent] input[name=reason]").fill("参加评测")
        keep(page, "case-consent")
        press(page, "consent")
        expect(page.locator("#rail [aria-current]")).to_have_attribute("data-state", "consented")
    with reader(browser, plant, user="centre_expert") as page:
        page.goto(HOME)
        lead = page.locator("form[data-step=open_intake] select[name=framework]")
        expect(lead).to_have_value("smart_mine")  # that of the sector, until another is chosen
        lead.select_option("sme_2024")
        press(page, "open_intake")
        page.locator("#documents input[type=file]").set_input_files(
            {"name": "设备台账2026.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 register"}
        )
        page.locator("#documents button").click()
        for part, content in PARTS.items():
            assert house.write(part, content).status_code == 200
        page.reload()
        keep(page, "case-intake")
        fits(page)
        press(page, "submit")
        press(page, "freeze")
        house.work()
        page.goto(f"{HOME}/review")
        keep(page, "case-review")
        fits(page)
    _review_by_keyboard(browser, house)
    with reader(browser, plant, user="centre_expert") as page:
        page.goto(HOME)
        press(page, "propose")
    with reader(browser, plant, user="enterprise_engineer") as page:
        page.goto(HOME)
        press(page, "confirm")
    with reader(browser, plant, user="centre_admin") as page:
        page.goto(HOME)
        page.locator("form[data-step=issue] input[name=number]").fill("OV-2026-001")
        press(page, "issue")
        house.work()
        page.reload()
        expect(page.locator("#rail [aria-current]")).to_have_attribute("data-state", "issued")
        keep(page, "case-issued")
        fits(page)


def _review_by_keyboard(browser: Browser, house: Centre) -> None:
    """One entry by keys in the browser, one override by form, the rest through the API."""
    with reader(browser, house.plant, user="centre_expert") as page:
        page.goto(f"{HOME}/review")
        first, second = (page.locator("#review tr[tabindex]").nth(n) for n in (0, 1))
        page.keyboard.press("j")
        expect(first).to_be_focused()
        page.keyboard.press("a")
        expect(first).to_have_attribute("data-decision", "accept")
        expect(second).to_be_focused()
        row = page.locator("tr[data-subject='item:awareness']")
        row.focus()
        page.keyboard.press("o")
        row.locator("input[value=step_2]").check()
        row.locator("details input[name=reason]").fill("规划尚未实施")
        row.locator("details button").click()
        expect(page.locator("tr[data-subject='item:awareness']")).to_have_attribute("data-decision", "override")
    house.accept_all()


def _consent_pages(browser: Browser, house: Centre, language: str, width: int) -> None:
    """The pages of the issued case fit, and that of consent lists its grant and what was read."""
    with reader(browser, house.plant, user="enterprise_engineer", language=language, width=width) as page:
        for path in ("/consent", "/cases", HOME, f"{HOME}/parts/answers", f"{HOME}/review"):
            page.goto(path)
            fits(page)
        page.goto("/consent")
        expect(page.locator("tr[data-grant]").first).to_have_attribute("data-state", "live")
        expect(page.locator("tr[data-use]").first).to_be_visible()
        keep(page, f"consent-{language}-{width}")


def test_withdrawn_in_the_browser_the_case_closes_to_the_centre(browser: Browser, tmp_path: pathlib.Path) -> None:
    with centre(tmp_path / "withdrawn") as house:
        house.to_intake()
        with reader(browser, house.plant, user="enterprise_engineer") as page:
            page.goto(f"/consent/{OWN}")
            page.locator("tr[data-grant] button").click()
            expect(page.locator("tr[data-grant]")).to_have_attribute("data-state", "withdrawn")
        with reader(browser, house.plant, user="centre_expert") as page:
            page.goto(HOME)
            expect(page.locator("#closed-content")).to_be_visible()
            expect(page.locator("#rail [aria-current]")).to_have_attribute("data-state", "intake")
            assert page.goto(f"{HOME}/review").status == 404  # type: ignore[union-attr]
            page.goto("/")
            expect(page.locator("a.sheet")).to_have_count(0)
            keep(page, "case-suspended")
