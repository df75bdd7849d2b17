"""The page of a mine's ventilation in Chromium: empty, faults of a table, the solution, who may upload."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cloud.api.plant import NOW, OWN, SITE, SYSTEM, Plant
from tests.cloud.console.reader import fits, keep, reader, settle

pytestmark = pytest.mark.server
PAGE = f"/energy/{OWN}/{SITE}/ventilation"
FAN = "ventilation/main/fan1"
TABLE = f"""编号,巷道名称,始节点,末节点,风阻(kg/m7),调节风阻(kg/m7),需风量(m3/min),地面,风机,效率(%),风量测点,风量误差(%),功率测点,功率误差(%)
1,副井,地面A,1,0.0065,,,始,,,,,,
2,主运大巷,1,2,0.0120,,,,,,,,,
3,一采煤工作面,2,3,0.1900,0.62,1500,,,,ventilation/face1/anemometer/flow,4,,
4,二采煤工作面,2,3,0.1500,,2100,,,,,,,
5,掘进回风,1,3,0.4200,1.90,900,,,,,,,
6,总回风巷,3,4,0.0110,,,,,,,,,
7,风硐,4,大气,0.0040,,,末,特性 80:2900 120:2500 160:1700 200:600,71,{FAN}/flow,4,{FAN}/power,1.5
"""  # noqa: E501 - a header of a table is one line


def upload(page: Page, table: str, document: str = "通风阻力测定报告 2026-05") -> None:
    if page.locator("details:not([open]) > summary").count():
        page.locator("details > summary").click()
    page.locator("#table").set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": table.encode("gbk")})
    page.locator("#document").fill(document)
    page.locator("#hours").fill("8760")
    page.locator("form.fields button").click()


def test_from_no_network_to_the_solution_and_who_only_reads_it_has_no_form(browser: Browser, console: Plant) -> None:
    from ovoo_cloud.catalogue import energy_settings
    from ovoo_packs import load_tariffs

    with console.services.database.write() as session:
        energy_settings.choose_tariff(
            session, SYSTEM, OWN, SITE, tariff=next(iter(load_tariffs().rows)), source="2026-05 电费单",
            flat_price_yuan=0.42, now_ns=NOW,
        )  # fmt: skip
    with reader(browser, console, user="enterprise_engineer") as page:
        page.goto(PAGE)
        settle(page)
        expect(page.locator("#figures .empty")).to_contain_text("还没有通风网络")
        fits(page)
        keep(page, "ventilation-empty")

    with reader(browser, console, user="enterprise_engineer") as page:
        page.goto(PAGE)
        settle(page)
        upload(page, TABLE)
        settle(page)
        expect(page.locator("[data-figure=friction] dd")).to_contain_text("kW")
        expect(page.locator("[data-figure=fans] dt")).to_have_text("风机耗电")
        rows = page.locator("#airways tbody tr")
        expect(rows).to_have_count(7)
        flows = [float(each.get_attribute("data-flow") or "nan") for each in page.locator("[data-flow]").all()]
        assert flows[0] == pytest.approx(flows[6], abs=2e-4)
        assert flows[2] + flows[3] == pytest.approx(flows[1], abs=2e-4)
        expect(rows.nth(6)).to_contain_text("仪表误差")
        expect(rows.nth(2)).to_contain_text("没有该测点")
        expect(rows.nth(2).locator(".tag")).to_have_text("调节")
        expect(page.locator("#moves tbody tr").first).to_contain_text("风机")
        expect(page.locator("#price")).to_contain_text("电费单")
        expect(page.locator("#fans tbody tr")).to_contain_text("400 kW")
        for width in (1920, 1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
            keep(page, f"ventilation-{width}")
    _read_only(browser, console)


def test_a_faulty_table_comes_back_with_its_faults(browser: Browser, console: Plant) -> None:
    with reader(browser, console, user="enterprise_engineer") as page:
        page.goto(PAGE)
        settle(page)
        before = page.locator("[data-version]").count()
        answers: list[int] = []
        page.on("response", lambda answer: answers.append(answer.status) if answer.request.method == "POST" else None)
        upload(page, TABLE.replace("0.1500", "o.15").replace("0.0110", ""))
        settle(page)
        faults = page.locator("#faults tbody tr")
        expect(faults).to_have_count(2)
        expect(faults.first).to_contain_text("第 5 行 风阻(kg/m7)")
        expect(page.locator("[data-version]")).to_have_count(before)
        assert answers == [422]
        fits(page)
        keep(page, "ventilation-faults")


def _read_only(browser: Browser, console: Plant) -> None:
    with reader(browser, console, user="enterprise_viewer", language="en") as page:
        page.goto(PAGE)
        settle(page)
        expect(page.locator("h1")).to_have_text("Mine ventilation")
        expect(page.locator("form.fields")).to_have_count(0)
        expect(page.locator("#airways tbody tr")).to_have_count(7)
        fits(page)
        page.goto(f"/energy/{OWN}/{SITE}")
        settle(page)
        page.get_by_role("link", name="Mine ventilation").click()
        expect(page.locator("h1")).to_have_text("Mine ventilation")
