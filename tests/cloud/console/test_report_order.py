"""Ordering the energy report of a month in Chromium: by keyboard, made by the worker, downloaded and verified."""

from __future__ import annotations

import io
import json
import pathlib
import zipfile
from collections.abc import Iterator

import pytest
from ovoo_cloud.jobs.worker import Worker
from ovoo_cloud.reports.verify import verify_bundle
from playwright.sync_api import Browser, Page, expect

from tests.cloud.api.plant import OWN, SITE, Plant, installation, served
from tests.cloud.console.reader import fits, keep, reader, settle

pytestmark = pytest.mark.server
MONTH = "2026-06"
NUMBER = f"E-{MONTH}-{SITE}-{OWN}"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with installation(tmp_path_factory.mktemp("order")) as built, served(built) as running:
        yield running


def work(plant: Plant) -> None:
    """Runs what is queued, as the worker does."""
    worker = Worker(plant.services)
    while worker.run_next():
        pass


def order_by_keyboard(page: Page) -> None:
    """Tabs through the form from its first field: site, month, language, four formats, button."""
    page.locator("#place").focus()
    page.locator("#place").select_option(f"{OWN}/{SITE}")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "month"
    page.locator("#month").fill(MONTH)
    page.locator("#languages").focus()
    page.keyboard.press("End")
    assert page.locator("#languages").input_value() == "zh,en"
    for value in ("pdf", "docx", "xlsx", "html"):
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.value") == value
        if value == "xlsx":
            page.keyboard.press("Space")  # no Excel
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def issued(page: Page) -> set[str]:
    """Ids of the month's reports on the page."""
    rows = page.locator("tr[data-report]").filter(has_text=NUMBER).all()
    return {row.get_attribute("data-report") or "" for row in rows}


def test_a_month_is_ordered_by_keyboard_made_downloaded_and_verified(
    browser: Browser, plant: Plant, tmp_path: pathlib.Path
) -> None:
    with reader(browser, plant) as page:
        page.goto("/reports")
        settle(page)
        fits(page)
        keep(page, "report-order-1280")
        known = issued(page)
        order_by_keyboard(page)
        waiting = page.locator("tr[data-job][data-state=queued]").filter(has_text=NUMBER)
        job = page.locator(f"tr[data-job='{waiting.get_attribute('data-job')}']")
        work(plant)
        expect(job).to_have_attribute("data-state", "done")  # the list asks again by itself
        (made,) = issued(page) - known  # other tests of this file order the month too
        row = page.locator(f"tr[data-report='{made}']")
        texts = row.locator("a").all_inner_texts()
        assert [each for each in texts if "Excel" in each] == []
        assert {"PDF", "Word", "报告包（zip）"} < set(texts)
        with page.expect_download() as started:
            row.get_by_text("报告包（zip）").click()
        archive = zipfile.ZipFile(io.BytesIO(pathlib.Path(started.value.path()).read_bytes()))
        archive.extractall(tmp_path)
        (folder,) = tmp_path.iterdir()
        key = plant.services.settings.signing_key.with_name("report-key.pub.pem")
        assert verify_bundle(folder, trust=key).ok
        row.locator("button").press("Enter")
        expect(row.locator("[data-ok]")).to_have_attribute("data-ok", "true", timeout=60_000)
        settle(page)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
            keep(page, f"report-verified-{width}")


def test_a_changed_bundle_is_told_with_the_file_that_changed(browser: Browser, plant: Plant) -> None:
    with reader(browser, plant, language="en") as page:
        page.goto("/reports")
        page.locator("#place").select_option(f"{OWN}/{SITE}")
        page.locator("#month").fill(MONTH)
        page.locator("#order button").click()
        work(plant)
        page.goto("/reports")
        row = page.locator("tr[data-report]").filter(has_text=NUMBER).first
        which = row.get_attribute("data-report") or ""
        path = plant.services.settings.reports_dir / OWN / which / "report.json"
        content = json.loads(path.read_bytes())
        path.write_text(json.dumps({**content, "more": 1}), encoding="utf-8")
        row.locator("button").click()
        expect(row.locator("[data-ok]")).to_have_attribute("data-ok", "false", timeout=60_000)
        expect(row).to_contain_text("report.json")


def test_no_format_is_refused_in_words_and_a_viewer_has_no_form(browser: Browser, plant: Plant) -> None:
    with reader(browser, plant) as page:
        page.goto("/reports")
        for box in page.locator("input[name=formats]").all():
            box.uncheck()
        page.locator("#order button").click()
        expect(page.locator("main")).to_contain_text("formats")
    with reader(browser, plant, user="enterprise_viewer") as page:
        page.goto("/reports")
        expect(page.locator("#order")).to_have_count(0)
