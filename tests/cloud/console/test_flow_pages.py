"""The pages of balance, meter tree, idle ranking and measures in Chromium, against what was fed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ovoo_cloud.catalogue import energy_inputs, meter_trees
from ovoo_cloud.catalogue.energy_tables import EnergyInput, MeterTreeRecord
from playwright.sync_api import Browser, Page, expect

from tests.cloud.api.plant import COMPRESSOR, COMPRESSOR_KW, FAN_KW, IDLE_KW, NOW, OWN, SITE, SYSTEM, Plant
from tests.cloud.console.reader import fits, keep, reader, settle

pytestmark = pytest.mark.server
HOME = f"/energy/{OWN}/{SITE}"
AIR = "utilities/air/comp1"
MAIN = {"name": "main", "name_zh": "总进线", "signal": "utilities/power/meter1/energy", "class_percent": 0.5}
FAN_METER = {"name": "fan", "name_zh": "风机表", "signal": "ventilation/main/fan1/power", "class_percent": 1.0}
AIR_METER = {"name": "air", "name_zh": "空压机表", "signal": f"{AIR}/power", "class_percent": 1.0}
FAN_KWH, AIR_KWH = 24 * FAN_KW, 22 * COMPRESSOR_KW + 2 * IDLE_KW


@pytest.fixture(autouse=True)
def clean(console: Plant) -> Iterator[None]:
    """Every test begins without a tree and without inputs."""
    yield
    with console.services.database.write() as session:
        session.query(MeterTreeRecord).delete()
        session.query(EnergyInput).delete()


def place(console: Plant, *meters: dict[str, Any]) -> None:
    rows = [{"carrier": "electricity", **meter} for meter in meters]
    with console.services.database.write() as session:
        meter_trees.save_tree(session, SYSTEM, OWN, SITE, rows, source="一次系统图 E-01", now_ns=NOW)


def whole(console: Plant) -> None:
    place(console, MAIN, {**FAN_METER, "parent": "main"}, {**AIR_METER, "parent": "main"})


def on_every_screen(page: Page, name: str) -> None:
    for width in (1920, 1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
        if width != 1920:
            keep(page, f"{name}-{width}")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_balance_that_closes_shows_flows_with_their_errors(browser: Browser, console: Plant) -> None:
    whole(console)
    with reader(browser, console) as page:
        page.goto(f"{HOME}/balance?range=1d")
        settle(page)
        on_every_screen(page, "balance")
        section = page.locator("[data-carrier=electricity]")
        expect(section).to_have_attribute("data-abnormal", "false")
        expect(section.locator(".chart")).to_have_attribute("data-points", "2")
        expect(section.locator(".chart svg")).to_contain_text(f"风机表 {FAN_KWH:,.0f}")
        row = section.locator("tr[data-meter=air]")
        expect(row).to_contain_text(f"{AIR_KWH:,.0f}")
        expect(row).to_have_attribute("data-state", "ok")
        expect(section.locator("tr[data-node=main]")).to_contain_text("误差内")
        expect(section.locator("[data-evidence^=ev_]")).to_have_count(1)
        expect(page.locator("#tree")).to_contain_text("第 1 版，依据：一次系统图 E-01")


def test_what_is_not_metered_is_shown_as_the_rest_and_not_tested(browser: Browser, console: Plant) -> None:
    place(console, MAIN, {**FAN_METER, "parent": "main"}, {"name": "rest", "measured": False, "parent": "main"})
    with reader(browser, console) as page:
        page.goto(f"{HOME}/balance?range=1d")
        settle(page)
        expect(page.locator(".chart svg")).to_contain_text(f"未计量 {AIR_KWH:,.0f}")
        expect(page.locator("tr[data-node=main]")).to_contain_text("未计量与损失")
        expect(page.locator("[data-list=suspects]")).to_have_count(0)
        expect(page.locator("main")).to_contain_text("无法判断哪块表有误")


def test_a_balance_that_does_not_close_names_the_set_of_suspects(browser: Browser, console: Plant) -> None:
    place(console, MAIN, {**FAN_METER, "parent": "main"})
    with reader(browser, console) as page:
        page.goto(f"{HOME}/balance?range=1d")
        settle(page)
        on_every_screen(page, "balance-open")
        expect(page.locator("[data-carrier=electricity]")).to_have_attribute("data-abnormal", "true")
        expect(page.locator("tr[data-node=main]")).to_contain_text("超出误差")
        expect(page.locator("[data-suspect]").first).to_contain_text(re.compile("总进线|风机表"))


def test_a_window_with_too_little_data_says_so(browser: Browser, console: Plant) -> None:
    whole(console)
    with reader(browser, console) as page:
        page.goto(f"{HOME}/balance?range=7d")
        settle(page)
        on_every_screen(page, "balance-sparse")
        expect(page.locator("[data-state=sparse].notice")).to_be_visible()
        assert page.locator("tr[data-state=sparse]").count() == 3


def test_a_site_without_a_tree_leads_to_the_form_and_the_form_to_a_balance(browser: Browser, console: Plant) -> None:
    with reader(browser, console) as page:
        page.goto(f"{HOME}/balance")
        settle(page)
        on_every_screen(page, "balance-empty")
        expect(page.locator("[data-state=empty]")).to_contain_text("还没有计量表树")
        page.click("[data-state=empty] a")
        on_every_screen(page, "meter-tree")
        assert page.input_value("[name=name-0]") == "meter1"
        page.fill("[name=class_percent-0]", "0.5")
        page.fill("[name=class_percent-1]", "1")
        page.fill("#tree-document", "一次系统图 E-02")
        page.click("#tree-form button")
        fault = page.locator("[data-fault]")
        expect(fault).to_have_count(1)
        expect(fault).to_have_attribute("data-row", "3")
        expect(fault).to_contain_text("精度等级")
        on_every_screen(page, "meter-tree-faults")
        assert page.input_value("[name=class_percent-1]") == "1.0"
        page.fill("[name=class_percent-2]", "1")
        page.click("#tree-form button")
        settle(page)
        expect(page).to_have_url(re.compile("/balance$"))
        expect(page.locator("#tree")).to_contain_text("一次系统图 E-02")
        expect(page.locator("tr[data-meter]")).to_have_count(3)


def _file(content: object) -> Any:
    text = content if isinstance(content, str) else json.dumps(content)
    return {"name": "tree.json", "mimeType": "application/json", "buffer": text.encode()}


def test_an_uploaded_tree_is_kept_or_refused_by_row(browser: Browser, console: Plant) -> None:
    good = {"document": "表计清单 3", "meters": [{"carrier": "electricity", **MAIN}]}
    bad = {**good, "meters": [*good["meters"], {"carrier": "electricity", **FAN_METER, "parent": "mian"}]}
    with reader(browser, console) as page:
        for content, key, row in ((bad, "parent", "2"), ("{", "json", "0"), ([], "json", "0")):
            page.goto(f"{HOME}/meter-tree")
            page.set_input_files("#tree-file", _file(content))
            page.click("form[action$=upload] button")
            expect(page.locator("[data-fault]")).to_have_attribute("data-fault", key)
            expect(page.locator("[data-fault]")).to_have_attribute("data-row", row)
        page.set_input_files("#tree-file", _file(good))
        page.click("form[action$=upload] button")
        settle(page)
        expect(page.locator("#tree")).to_contain_text("第 1 版，依据：表计清单 3")


def test_a_reader_without_the_right_sees_the_tree_but_no_form(browser: Browser, console: Plant) -> None:
    with reader(browser, console, user="enterprise_viewer") as page:
        page.goto(f"{HOME}/balance")
        settle(page)
        expect(page.locator("[data-state=empty]")).to_contain_text("请企业工程师建立")
        page.goto(f"{HOME}/meter-tree")
        expect(page.locator("#tree-form button")).to_have_count(0)
        expect(page.locator("#tree-file")).to_have_count(0)
        answer = page.request.post(f"{console.url}{HOME}/meter-tree", form={"name-0": "x", "use-0": "yes"})
        assert answer.status == 403


def test_idle_ranking_says_what_idled_and_a_restart_makes_a_rule(browser: Browser, console: Plant) -> None:
    with reader(browser, console) as page:
        page.goto(f"{HOME}/idle?range=1d")
        settle(page)
        on_every_screen(page, "idle")
        first = page.locator("#ranking tbody tr").first
        expect(first).to_have_attribute("data-asset", COMPRESSOR)
        expect(first).to_have_attribute("data-verdict", "told")
        assert float(first.get_attribute("data-kwh") or 0) == pytest.approx(2 * IDLE_KW, abs=0.01)
        expect(page.locator("#ranking tbody tr").last).to_have_attribute("data-verdict", "no_idle")
        expect(page.locator("#rules")).to_contain_text("没有给出")
        page.click("#rules summary")
        page.select_option("#restart-asset", AIR)
        page.fill("#restart-kwh", "3")
        page.fill("#restart-document", "电工实测")
        page.click("#rules form button")
        settle(page)
        page.goto(f"{HOME}/idle?range=1d")
        settle(page)
        rule = page.locator("[data-rule]")
        expect(rule).to_have_attribute("data-rule", COMPRESSOR)
        expect(rule).to_contain_text("5 分钟")


def test_a_measure_lacks_a_decision_until_it_is_given_with_its_document(browser: Browser, console: Plant) -> None:
    whole(console)
    row = f"tr[data-measure=idle_switch_off][data-asset='{AIR}']"
    with reader(browser, console) as page:
        page.goto(f"{HOME}/measures?range=1d")
        settle(page)
        on_every_screen(page, "measures")
        expect(page.locator(row)).to_have_attribute("data-status", "insufficient_evidence")
        expect(page.locator(row)).to_contain_text("可避免比例")
        page.click(f"{row} a >> nth=0")
        on_every_screen(page, "measure")
        expect(page.locator("[data-measured=idle_energy]")).to_contain_text("160")
        expect(page.locator("[data-missing]")).to_have_attribute("data-missing", "avoidable_share")
        expect(page.locator("tr[data-field=responsible]")).to_have_attribute("data-open", "true")
        page.select_option("#input-name", "idle_switch_off.avoidable_share")
        page.fill("#input-value", "0.5")
        page.fill("#input-document", "班会纪要 3")
        page.click("#inputs form button")
        expect(page.locator("#saving")).to_have_attribute("data-status", "saving")
        expect(page.locator("#saving")).to_contain_text("80")
        expect(page.locator("tr[data-input=avoidable_share]")).to_contain_text("班会纪要 3")
        page.goto(f"{HOME}/measures?range=1d")
        settle(page)
        expect(page.locator("#measures tbody tr").first).to_have_attribute("data-status", "saving")
        link = page.locator(row).locator("a[href*='#ev_']")
        link.click()
        anchor = page.url.partition("#")[2]
        expect(page.locator(f"#{anchor}")).to_be_visible()


def test_a_measure_says_why_the_data_do_not_give_it_and_takes_a_reading_instead(
    browser: Browser, console: Plant
) -> None:
    whole(console)
    with reader(browser, console) as page:
        page.goto(f"{HOME}/measures/compressor_pressure?asset={AIR}&range=1d")
        on_every_screen(page, "measure-refused")
        why = page.locator("[data-missing=power_per_pressure] [data-refused]")
        expect(why).to_have_count(1)
        for name, value in (("power_per_pressure", "8.5 ± 0.6"), ("pressure_cut", "0.5")):
            page.select_option("#input-name", f"compressor_pressure.{name}")
            page.fill("#input-value", value)
            page.fill("#input-document", "现场试验 12")
            page.click("#inputs form button")
        measured = page.locator("[data-measured=power_per_pressure]")
        expect(measured).to_contain_text("8.5")
        expect(measured).to_contain_text("由人实测填写")
        expect(page.locator("#saving")).to_have_attribute("data-status", "saving")


def test_an_input_that_cannot_be_is_refused_with_its_remedy(browser: Browser, console: Plant) -> None:
    whole(console)
    with reader(browser, console) as page:
        answer = page.request.post(
            f"{console.url}{HOME}/inputs",
            form={"name": "idle_switch_off.avoidable_share", "value": "7", "asset": AIR, "document": "x"},
            headers={"accept": "text/html"},
        )
        assert answer.status == 422
        assert "0 至 1" in answer.text()
        with console.services.database.read() as session:
            assert energy_inputs.newest(session, SYSTEM, OWN, SITE) == {}


PAGES: dict[str, Callable[[], str]] = {
    "balance": lambda: f"{HOME}/balance?range=1d",
    "balance-sparse": lambda: f"{HOME}/balance",
    "meter-tree": lambda: f"{HOME}/meter-tree",
    "idle": lambda: f"{HOME}/idle?range=1d",
    "measures": lambda: f"{HOME}/measures?range=1d",
    "measure": lambda: f"{HOME}/measures/idle_switch_off?asset={AIR}&range=1d",
    "measure-of-the-site": lambda: f"{HOME}/measures/demand_shaving?range=1d",
}


def test_every_page_speaks_english_too(browser: Browser, console: Plant) -> None:
    place(console, {**MAIN, "name_zh": ""}, {**FAN_METER, "name_zh": "", "parent": "main"})
    with reader(browser, console, language="en") as page:
        for name, path in PAGES.items():
            assert page.goto(path()).status == 200  # type: ignore[union-attr]
            settle(page)
            page.set_viewport_size({"width": 360, "height": 900})
            fits(page)
            words = page.evaluate("() => document.querySelector('main').innerText")
            assert set(re.findall(r"[\u4e00-\u9fff]+", words)) <= {"黑山煤业有限公司", "一次系统图"}, name


def test_a_stopped_source_is_told_where_its_samples_are_shown(browser: Browser, console: Plant) -> None:
    console.clock.now_ns = NOW + 3 * 3600 * 10**9
    try:
        with reader(browser, console) as page:
            for part in ("balance", "idle", "measures"):
                page.goto(f"{HOME}/{part}")
                settle(page)
                expect(page.locator(".notice.stale[data-gateway]").first).to_be_visible()
            page.goto(f"/energy/{OWN}/second/idle")
            settle(page)
            expect(page.locator(".notice.stale[data-gateway]")).to_have_count(0)
    finally:
        console.clock.now_ns = NOW


def test_a_site_without_samples_says_what_is_missing(browser: Browser, bare: Plant) -> None:
    with reader(browser, bare) as page:
        page.goto(f"{HOME}/idle")
        settle(page)
        assert set(page.locator("#ranking tbody tr").evaluate_all("rows => rows.map(r => r.dataset.verdict)")) == {
            "too_few"
        }
        page.goto(f"/energy/{OWN}/second/idle")
        settle(page)
        expect(page.locator(".sheet.empty")).to_contain_text("没有可判断的设备")
        page.goto(f"/energy/{OWN}/second/measures")
        settle(page)
        expect(page.locator(".sheet.empty")).to_contain_text("没有可列的措施")
