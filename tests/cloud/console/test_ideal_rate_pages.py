"""The ideal rate in Chromium: entered on the machine's page, refused where it is wrong, read in as a table."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cloud.api.plant import FAN, OWN, SITE, Plant
from tests.cloud.console.reader import fits, keep, reader, settle

pytestmark = pytest.mark.server


def enter_rate(page: Page, per_hour: str, unit: str) -> None:
    page.goto(f"/machines/{FAN}")
    settle(page)
    page.locator("#ideal-rate-per-hour").fill(per_hour)
    page.locator("#product-unit").fill(unit)
    page.locator("#ideal-rate button").click()
    settle(page)


def test_a_rate_is_entered_refused_and_read_in(browser: Browser, console: Plant) -> None:
    with reader(browser, console, user="enterprise_engineer") as page:
        enter_rate(page, "12.50", "count")
        expect(page.locator("[data-rate]")).to_have_attribute("data-rate", "12.5")
        expect(page.locator("#ideal-rate")).to_contain_text("每小时 12.5 count")
        fits(page)
        keep(page, "machine-ideal-rate")

        page.goto(f"/sites/{OWN}/{SITE}")
        settle(page)
        with page.expect_download() as loading:
            page.locator("#ideal-rates a[download]").click()
        table = loading.value.path().read_bytes()
        assert f"{FAN},12.5,count".encode() in table
        changed = table.replace(b",12.5,count", b",30,t")
        page.locator("#rate-file").set_input_files({"name": "r.csv", "mimeType": "text/csv", "buffer": changed})
        page.locator("#ideal-rates button").click()
        settle(page)
        fits(page)
        page.goto(f"/machines/{FAN}")
        expect(page.locator("[data-rate]")).to_have_attribute("data-rate", "30")

    with reader(browser, console, user="enterprise_viewer") as page:
        page.goto(f"/machines/{FAN}")
        expect(page.locator("[data-rate]")).to_have_attribute("data-rate", "30")
        expect(page.locator("#ideal-rate form")).to_have_count(0)


def test_a_wrong_rate_is_refused_in_words(browser: Browser, console: Plant) -> None:
    with reader(browser, console, user="enterprise_engineer") as page:
        enter_rate(page, "-1", "t")
        expect(page.locator("[data-reason='ideal_rate.not_rate']")).to_contain_text("不是理想节拍")
        expect(page.locator("main")).to_contain_text("0.001")

        page.goto(f"/sites/{OWN}/{SITE}")
        settle(page)
        table = f"asset,ideal_rate_per_hour,product_unit\n{FAN},12,t/h\n{FAN},1,t\n".encode()
        page.locator("#rate-file").set_input_files({"name": "r.csv", "mimeType": "text/csv", "buffer": table})
        page.locator("#ideal-rates button").click()
        settle(page)
        expect(page.locator("[data-reason='ideal_rate.not_product']")).to_contain_text("line 2")
        expect(page.locator("[data-reason='ideal_rate.twice']")).to_contain_text("同一设备出现两次")
