"""The page behind the square code, in Chromium, by somebody who is not signed in."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.cloud.api.plant import OWN, Plant
from tests.cloud.console.reader import fits, keep, reader

pytestmark = pytest.mark.server
FILLED = f"/verify?number=heishan-2026-001&revision=1&code={'0' * 64}"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_square_code_leads_to_the_answer(browser: Browser, console: Plant, language: str) -> None:
    with reader(browser, console, language=language, sign=False, width=390) as page:
        page.goto(FILLED)
        status = page.get_by_role("status")
        expect(status).to_contain_text({"zh": "最新修订", "en": "newest revision"}[language])
        expect(page.locator("table.facts")).to_contain_text("heishan-2026-001")
        assert OWN not in page.content()
        fits(page)
        keep(page, f"verify-{language}")


def test_a_person_types_the_cover_by_keyboard(browser: Browser, console: Plant) -> None:
    with reader(browser, console, sign=False) as page:
        page.goto("/verify")
        page.get_by_label("报告编号").focus()
        page.keyboard.type("heishan-2026-001")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.type("0" * 32 + " " + "0" * 32)  # printed codes may be read in groups
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        expect(page.get_by_role("status")).to_contain_text("最新修订")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (f"number=heishan-2026-001&revision=1&code={'1' * 64}", "没有查到"),
        (f"number=heishan-2026-001&revision=9&code={'0' * 64}", "没有查到"),
        ("number=heishan-2026-001&revision=1&code=12", "填写不完整"),
        (f"number=heishan-2026-001&revision=x&code={'0' * 64}", "填写不完整"),
        (f"number=&revision=1&code={'é' * 64}", "填写不完整"),
    ],
)
def test_what_does_not_fit_is_told_with_what_to_do(browser: Browser, console: Plant, query: str, words: str) -> None:
    with reader(browser, console, sign=False) as page:
        page.goto(f"/verify?{query}")

        expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
        fits(page)
