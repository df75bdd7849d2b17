"""A person at the console: a browser context that is signed in."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator, Sequence

from playwright.sync_api import Browser, Page

from tests.cloud.api.plant import Plant

SHOTS = pathlib.Path(__file__).resolve().parents[3] / "ci-artifacts" / "console"
# every element whose content is wider than itself, but for boxes that scroll by design (so do fields) and their content
WIDE = """() => [...document.querySelectorAll('body *')]
  .filter((e) => !e.closest('.scroll, .unseen, .skip, svg, select, input, .chart') && e.checkVisibility())
  .filter((e) => getComputedStyle(e).display !== 'inline' && e.scrollWidth > e.clientWidth + 1)
  .map((e) => `${e.tagName}.${e.className} ${e.scrollWidth}>${e.clientWidth}: ${e.textContent.trim().slice(0, 40)}`)"""
OVER = """() => [...document.querySelectorAll('body *')]
  .filter((e) => !e.closest('.scroll, .unseen, .skip, svg, .chart') && e.checkVisibility())
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => `${e.tagName}.${e.className} ${e.getBoundingClientRect().right}`)"""


@contextlib.contextmanager
def reader(
    browser: Browser,
    plant: Plant,
    *,
    user: str = "centre_admin",
    language: str = "zh",
    width: int = 1280,
    sign: bool = True,
    refusals: Sequence[str] = ("404", "422"),
) -> Iterator[Page]:
    """A page of a signed-in reader; what it logs as an error fails the test, but for answers in `refusals`: a form that
    comes back with its faults is a page too."""
    context = browser.new_context(viewport={"width": width, "height": 900}, base_url=plant.url, locale="zh-CN")
    context.add_cookies([{"name": "ovoo_language", "value": language, "url": plant.url}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: (
            problems.append(message.text)
            if message.type == "error" and not any(code in message.text for code in refusals)
            else None
        ),
    )
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if not request.url.startswith(plant.url) else None)
    try:
        if sign:
            context.add_cookies([{"name": "ovoo_session", "value": plant.session(user), "url": plant.url}])
            page.goto("/")
        yield page
        assert not problems, problems
        assert not [url for url in outside if not url.startswith(("data:", "blob:"))]
    finally:
        context.close()


def settle(page: Page) -> None:
    """Waits until every chart is drawn and no part is still loading."""
    page.wait_for_function(
        "() => !document.querySelector('.busy') && "
        "[...document.querySelectorAll('.chart')].every((chart) => chart.dataset.drawn)"
    )


def fits(page: Page) -> None:
    """No element is wider than its box, and the document not wider than the window."""
    too_wide = page.evaluate(WIDE) + page.evaluate(OVER)
    assert not too_wide, too_wide
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def keep(page: Page, name: str) -> None:
    """A screenshot of the whole page among the CI artifacts."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"), full_page=True)
