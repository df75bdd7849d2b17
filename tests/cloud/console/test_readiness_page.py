"""The page of data readiness in Chromium: before the first report, the order, parts, machines, signals of one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ovoo_cloud.jobs.worker import Worker
from ovoo_cloud.readiness.newest import newest_readiness
from playwright.sync_api import Browser, expect

from tests.cloud.api.plant import OWN, SITE, SYSTEM, Plant, announce, installation, served
from tests.cloud.api.plant_records import ensure_report_key
from tests.cloud.console.reader import fits, keep, reader

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]
PAGE = f"/readiness/{OWN}/{SITE}"
SIZES = ((1920, "projector"), (1280, "desk"), (360, "phone"))


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A plant of its own: its worker runs."""
    with installation(tmp_path_factory.mktemp("readiness")) as built, served(built) as running:
        ensure_report_key(built)
        yield running


def run(plant: Plant) -> None:
    worker = Worker(plant.services)
    while worker.run_next():
        pass


def test_from_an_empty_page_over_the_order_to_a_signal_for_every_reader(browser: Browser, scored: Plant) -> None:
    _ordered(browser, scored)
    with scored.services.database.read() as session:
        found = newest_readiness(session, SYSTEM, OWN, SITE)
    assert found is not None
    assert found.data is not None
    _in_english(browser, scored)
    _by_keyboard(browser, scored)


def _ordered(browser: Browser, scored: Plant) -> None:
    with reader(browser, scored, user="centre_expert") as page:
        page.goto(f"/sites/{OWN}/{SITE}")
        page.get_by_role("link", name="数据就绪度").click()
        expect(page.locator(".empty")).to_contain_text("还没有评估")
        fits(page)
        keep(page, "readiness-empty")
        page.get_by_role("button", name="评估最近 30 天").click()
        expect(page.locator("[data-job]")).to_have_attribute("data-state", "queued")
        expect(page.get_by_role("button", name="评估最近 30 天")).to_be_disabled()
        run(scored)
        expect(page.locator("#score [data-figure=score] dd")).to_contain_text("/ 100", timeout=15_000)
        expect(page.locator("#parts tbody tr")).to_have_count(8)
        expect(page.locator("#parts tr[data-part=coverage]")).to_contain_text("30※")
        expect(page.locator("#machines tbody tr")).to_have_count(3)
        expect(page.locator("#todo tbody tr").first).to_contain_text("缺分钟")
        expect(page.locator(".files a").first).to_have_text("PDF")
        for width, name in SIZES:
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
            keep(page, f"readiness-{name}")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.locator("#machines a", has_text="主通风机").click()
        expect(page.locator("#signals tbody tr")).to_have_count(8)
        expect(page.locator("#signals tr[data-signal=current]")).to_contain_text("没有量程")
        for width, name in SIZES:
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
            keep(page, f"readiness-machine-{name}")


def _in_english(browser: Browser, scored: Plant) -> None:
    """English readers see the same points, and whoever may not order no button."""
    figures = "() => [...document.querySelectorAll('#machines .number, #parts .number')].map((e) => e.innerText)"
    with reader(browser, scored, user="centre_expert") as page:
        page.goto(PAGE)
        chinese = page.evaluate(figures)
    with reader(browser, scored, user="enterprise_viewer", language="en") as page:
        page.goto(PAGE)
        expect(page.locator("h1")).to_have_text("Data readiness")
        expect(page.get_by_role("button", name="Score the last 30 days")).to_have_count(0)
        english = page.evaluate(figures)
        fits(page)
        keep(page, "readiness-english")

    assert len(chinese) > 8
    assert [each for each in chinese if each[:1].isdigit()] == [each for each in english if each[:1].isdigit()]


def _by_keyboard(browser: Browser, scored: Plant) -> None:
    with reader(browser, scored, user="enterprise_viewer") as page:
        page.goto(PAGE)
        page.locator("#machines a").first.focus()
        page.keyboard.press("Enter")

        expect(page.locator("#machine")).to_be_visible()
        expect(page.locator(".crumbs")).to_contain_text("数据就绪度")


def test_a_site_without_a_sample_is_scored_in_ranges(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with installation(tmp_path_factory.mktemp("bare"), fed=False) as built:
        announce(built)
        ensure_report_key(built)
        with served(built) as bare, reader(browser, bare) as page:
            page.goto(PAGE)
            page.get_by_role("button").filter(has_text="评估").click()
            run(bare)
            expect(page.locator("#score [data-figure=score] dd")).to_contain_text("–", timeout=15_000)
            expect(page.locator("#parts tr[data-part=quality]")).to_contain_text("0.0–100.0")
            fits(page)
            keep(page, "readiness-silent")
