"""The centre's pages in Chromium: what they show, what a keyboard does on them, who sees which."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from ovoo_cloud.api.egress_recorder import RECORDED
from ovoo_cloud.api.route_names import LANGUAGES, catalogue
from ovoo_cloud.console.centre_pages_region import recorded_operations
from ovoo_cloud.jobs.worker import Worker
from ovoo_cloud.reports.signing import create_key
from playwright.sync_api import Browser, Page, expect

from tests.cloud.api.plant import FAN, OWN, Plant, installation, served
from tests.cloud.console.centre_office import furnish
from tests.cloud.console.reader import fits, keep, reader, settle

pytestmark = pytest.mark.server
PAGES = {
    "hub": "/centre",
    "register": "/centre/registers/solution",
    "entry": "/centre/registers/policy/support",
    "new": "/centre/registers/policy/+",
    "matching": f"/centre/matching/{OWN}?measure=idle",
    "requests": "/centre/requests",
    "kpis": "/centre/kpis",
    "assessments": "/centre/assessments",
    "assessment": "/centre/assessments/year-2026",
    "benchmark": "/centre/benchmark",
    "index": "/centre/index",
    "parks": "/centre/parks",
    "data-centres": "/centre/data-centres",
    "data": f"/centre/data/{OWN}",
    "egress": "/centre/egress",
    "handle": "/handles/88.118.1/r-1",
    "handle-replaced": "/handles/88.118.1/credit-0",
    "kinds": "/centre/kinds",
    "kind": "/centre/kinds/own_credit",
    "own-register": "/centre/registers/own_credit",
    "own-entry": "/centre/registers/own_credit/own",
    "call": "/centre/registers/open_bid/gas",
    "region": "/centre/region",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with installation(tmp_path_factory.mktemp("office")) as built:
        furnish(built)
        with served(built) as running:
            yield running


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits_at_three_widths_in_both_languages(
    browser: Browser, office: Plant, name: str, language: str
) -> None:
    with reader(browser, office, user="head", language=language) as page:
        for width in (1920, 1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(PAGES[name])
            settle(page)
            expect(page.locator("h1")).to_be_visible()
            fits(page)
            if width != 1920:
                keep(page, f"centre-{name}-{language}-{width}")


def test_a_table_comes_in_by_the_page_and_its_faults_come_back_by_cell(
    browser: Browser, office: Plant, tmp_path: pathlib.Path
) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes("编号,名称,服务类别\ngamma,丙公司,培训\n".encode("gbk"))
    bad.write_bytes("编号,名称,服务类别\ndelta,丁公司,飞行\n".encode())
    with reader(browser, office, user="head") as page:
        page.goto("/centre/registers/provider")
        _send(page, bad)
        expect(page.locator("#faults tbody tr")).to_have_count(1)
        expect(page.locator("#faults")).to_contain_text("第 2 行 服务类别（C2）")
        expect(page.locator("#faults")).to_contain_text("不在可选值之内 (飞行)")
        expect(page.locator("[data-entry=delta]")).to_have_count(0)
        fits(page)
        keep(page, "centre-import-faults")
        _send(page, good)
        expect(page.locator("#done")).to_contain_text("新增 1")
        expect(page.locator("[data-entry=gamma]")).to_contain_text("培训")


def _send(page: Page, path: pathlib.Path) -> None:
    if page.locator("#import details:not([open]) > summary").count():
        page.locator("#import summary").click()
    page.locator("#table").set_input_files(str(path))
    page.locator("#import button").click()


def test_a_row_is_written_with_the_keyboard_and_two_editors_do_not_cross(browser: Browser, office: Plant) -> None:
    with reader(browser, office, user="head", refusals=("412",)) as page:
        page.goto("/centre/registers/open_bid/+")
        page.locator("#id").focus()
        for text in ("bid-1", "低浓度瓦斯利用", "", "2026", "示例厅"):
            page.keyboard.type(text)
            page.keyboard.press("Tab")
        page.locator("#f-goal").fill("示例目标")
        page.locator("#f-state").select_option("open")
        page.locator("#f-state").press("Enter")
        page.locator("#form button").press("Enter")
        expect(page.locator("h1")).to_have_text("bid-1")
        expect(page.locator("#history tbody tr")).to_have_count(1)

        other = page.context.new_page()
        other.goto("/centre/registers/open_bid/bid-1")
        other.locator("#f-goal").fill("另一目标")
        other.locator("#form button").click()
        expect(other.locator("#history tbody tr")).to_have_count(2)
        expect(other.locator("#history tbody tr").first).to_contain_text("示例目标 → 另一目标")
        page.locator("#f-goal").fill("迟到的目标")
        page.locator("#form button").click()
        expect(page.locator("#faults")).to_contain_text("已被他人更改")
        expect(page.locator("#faults")).to_contain_text("version 1, now 2")
        expect(page.locator("#f-goal")).to_have_value("迟到的目标")
        keep(page, "centre-stale")


def test_matching_prints_its_rules_and_a_request_goes_its_way(browser: Browser, office: Plant) -> None:
    with reader(browser, office, user="enterprise_engineer") as page:
        page.goto(PAGES["matching"])
        offers = page.locator("#solution tbody tr")
        expect(offers).to_have_count(2)
        expect(offers.first).to_have_attribute("data-offer", "idle-off")  # its sector counts
        expect(page.locator("#policy")).to_contain_text("待核实")
        expect(page.locator("#rules")).to_contain_text("不含任何付费")
        page.locator("#note").fill("请推荐")
        page.locator("#ask button").click()
        expect(page.locator("#steps tbody tr")).to_have_count(1)
        assert page.locator("#step option").all_text_contents() == ["备注", "撤回"]
        url = page.url
    with reader(browser, office, user="head") as page:
        page.goto(url)
        page.locator("#step").select_option("offer")
        page.locator("#next button").click()
        expect(page.locator("#faults")).to_contain_text("请至少选择一项推荐")
        page.locator("#step").select_option("offer")
        page.locator("input[value='solution/idle-off']").check()
        page.locator("#next button").click()
        expect(page.locator("[data-step=offer]")).to_contain_text("idle-off")
        keep(page, "centre-request")
        page.locator("#step").select_option("close")
        page.locator("#outcome").select_option("matched")
        page.locator("input[value='solution/idle-off']").check()
        page.locator("#next button").click()
        expect(page.locator(".sub")).to_contain_text("对接成功")
        expect(page.locator("#next")).to_have_count(0)


def test_figures_show_value_parts_and_evidence(browser: Browser, office: Plant) -> None:
    with reader(browser, office, user="head") as page:
        page.goto(PAGES["kpis"])
        expect(page.locator("[data-kpi=diagnoses_issued]")).to_have_attribute("data-value", "6")
        expect(page.locator("[data-kpi=diagnoses_issued]")).to_contain_text("乳业 6")
        heads = page.locator("[data-kpi=training_heads]")
        expect(heads).to_contain_text("24")
        heads.locator("summary").press("Enter")
        expect(heads).to_contain_text("register:attendance/a1@1")
        expect(page.locator("[data-kpi=saved_yuan]")).to_contain_text("没有有依据的金额")


def test_another_person_decides_an_assessment(browser: Browser, office: Plant) -> None:
    with reader(browser, office, user="centre_expert") as page:
        page.goto(PAGES["assessment"])
        expect(page.locator("[data-total=self] dd")).to_have_text("54.0 – 94.0")
        expect(page.locator("[data-criterion=heads]").first).to_contain_text("达标")
        page.locator("[name='score:days']").first.fill("70")
        page.locator("#self button").click()
        expect(page.locator("[data-total=self] dd")).to_have_text("82.0")
        expect(page.locator("#review")).to_have_count(0)
    with reader(browser, office, user="head") as page:
        page.goto(PAGES["assessment"])
        review = page.locator("#review")
        for name in ("heads", "days"):
            review.locator(f"[name='score:{name}']").fill("80")
        review.locator("#verdict").select_option("conditional")
        review.locator("#reason").fill("补充记录")
        review.locator("button").click()
        expect(page.locator("#decision")).to_contain_text("有条件通过")
        expect(page.locator("[data-total=review] dd")).to_have_text("80.0")
        keep(page, "centre-decided")


def test_region_pages_show_ranges_and_what_is_missing(browser: Browser, office: Plant) -> None:
    with reader(browser, office, user="region_viewer", language="zh") as page:
        page.goto(PAGES["index"])
        expect(page.locator("[data-region=甲旗]")).to_contain_text("88.00")
        expect(page.locator("[data-region=丙旗]")).to_contain_text("26.40 – 66.40")
        expect(page.locator("[data-region=丙旗]")).to_contain_text("上云企业占比")
        expect(page.locator("[data-trend=甲旗] svg")).to_have_count(1)
        expect(page.locator(".sub")).to_contain_text("仅供参考")
        page.goto(PAGES["parks"])
        expect(page.locator("[data-tenant=p1]")).to_contain_text("7.00")
        expect(page.locator("[data-tenant=p2]")).to_contain_text("证据不足")
        page.goto(PAGES["benchmark"])
        expect(page.locator("[data-group='dairy//'] [data-figure='score.total']")).to_contain_text("52.50")
        page.goto("/centre")
        expect(page.locator("[data-register=attendance]")).to_have_count(0)
        expect(page.locator("a[href='/centre/kpis']")).to_have_count(0)


def test_data_centres_classes_and_the_record_of_what_left(browser: Browser, office: Plant) -> None:
    with reader(browser, office, user="enterprise_viewer") as page:
        page.goto(PAGES["data"])
        expect(page.locator(f"[data-signal='{FAN}/power']")).to_contain_text("核心")
    with reader(browser, office, user="head") as page:
        page.goto(PAGES["data-centres"])
        expect(page.locator("[data-centre=dc1] [data-figure=pue] dd")).to_have_text("1.298")
        expect(page.locator("[data-centre=dc1] [data-figure=grade]")).to_contain_text("2 仅供参考")
        page.request.get("/api/v1/centre/registers/provider/export")
        page.goto(PAGES["egress"])
        expect(page.locator("#egress tbody tr").first).to_contain_text("导出台账")
        assert "{" not in page.locator("#egress tbody").inner_text()
        keep(page, "centre-egress-lines")


def test_every_way_out_that_is_recorded_is_called_something() -> None:
    called = recorded_operations()

    assert set(called) == set(RECORDED)
    for language in LANGUAGES:
        assert set(called.values()) <= set(catalogue(language))


def test_a_handles_page_needs_nobody_and_tells_nothing_inside(browser: Browser, office: Plant) -> None:
    with reader(browser, office, sign=False) as page:
        page.goto(PAGES["handle"])
        expect(page.locator("#handle")).to_contain_text("0" * 64)
        expect(page.locator("#handle")).to_contain_text("已出具")
        assert OWN not in page.content()
        page.goto("/handles/88.118.1/none")
        expect(page.locator("main")).to_contain_text("没有登记该标识")


def test_an_own_register_is_written_checked_by_line_and_filled_on_the_spot(browser: Browser, office: Plant) -> None:
    with reader(browser, office, user="head", refusals=("422",)) as page:
        page.goto("/centre/kinds")
        text = page.locator("#kind-text").input_value().replace("own_credit", "own_site_visit")
        page.locator("#kind-text").fill(text.replace("type: date", "type: datum").replace("融资授信", "走访登记"))
        page.locator("#kind-form button").press("Enter")
        expect(page.locator("[data-fault]")).to_have_attribute("data-line", "15")
        expect(page.locator("[data-fault]")).to_contain_text("不在可选范围")
        expect(page.locator("[data-bad='15']")).to_contain_text("datum")
        fits(page)
        keep(page, "centre-kind-faults")
        page.locator("#kind-text").fill(text.replace("融资授信", "走访登记"))
        page.locator("#kind-form button").press("Enter")
        expect(page.locator("h1")).to_have_text("走访登记")
        expect(page.locator("[data-column=grade]")).to_contain_text("可作政策条件")
        page.goto("/centre/registers/own_site_visit/+")
        page.locator("#id").fill("v1")
        page.locator("#f-enterprise").fill(OWN)
        page.locator("#f-grade").select_option("b")
        page.locator("#form button").press("Enter")
        expect(page.locator("#history tbody tr")).to_have_count(1)
        page.goto("/centre")
        expect(page.locator("[data-register=own_site_visit]")).to_contain_text("1")


def test_an_own_fact_decides_a_policy_and_every_line_says_why_it_stands_there(browser: Browser, office: Plant) -> None:
    with reader(browser, office, user="head", language="zh") as page:
        page.goto(PAGES["matching"])
        expect(page.locator("[data-fact='own_credit.grade']")).to_contain_text("融资授信·授信等级")
        expect(page.locator("#policy [data-offer=loan]")).to_contain_text("融资授信·授信等级")
        lines = page.locator("#solution tbody tr [data-why]")
        expect(lines.nth(0)).to_have_attribute("data-why", "")
        expect(lines.nth(1)).to_have_attribute("data-why", "criteria")
        expect(lines.nth(1)).to_contain_text("条件较少")


def test_both_sides_of_a_request_are_told_and_the_enterprise_accepts_and_judges(
    browser: Browser, office: Plant
) -> None:
    with reader(browser, office, user="enterprise_engineer") as page:
        page.goto(PAGES["matching"])
        page.locator("#note").fill("新的需求")
        page.locator("#ask button").click()
        expect(page.locator("#steps tbody tr")).to_have_count(1)
        url = page.url
    name = url.rsplit("/", 1)[1]
    with reader(browser, office, user="head") as page:
        page.goto("/centre")
        expect(page.locator("#unread")).to_be_visible()
        page.goto("/centre/requests")
        expect(page.locator(f"[data-request={name}] [data-unread]")).to_have_attribute("data-unread", "1")
        page.goto(url)
        page.locator("#step").select_option("offer")
        page.locator("input[value='solution/idle-off']").check()
        page.locator("#next button").click()
        expect(page.locator("[data-waits=enterprise]")).to_be_visible()
        page.goto("/centre/requests")
        expect(page.locator(f"[data-request={name}] [data-unread]")).to_have_count(0)
    with reader(browser, office, user="enterprise_engineer", refusals=("422",)) as page:
        page.goto("/centre/requests")
        expect(page.locator(f"[data-request={name}]")).to_contain_text("待企业处理")
        expect(page.locator(f"[data-request={name}] [data-unread]")).to_have_attribute("data-unread", "1")
        page.goto(url)
        expect(page.locator("[data-step=offer] [data-unread]")).to_have_text("新")
        page.goto("/centre/requests")
        expect(page.locator(f"[data-request={name}] [data-unread]")).to_have_attribute("data-unread", "1")
        page.goto(url)
        page.locator("#unread button").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#unread, [data-unread]")).to_have_count(0)
        page.goto("/centre/requests")
        expect(page.locator(f"[data-request={name}] [data-unread]")).to_have_count(0)
        page.goto(url)
        page.locator("#step").select_option("accept")
        page.locator("#next button").click()
        expect(page.locator("#faults")).to_contain_text("请选出接受的推荐")
        page.locator("#step").select_option("accept")
        page.locator("#accepted input").check()
        page.locator("#next button").click()
        expect(page.locator("[data-step=accept]")).to_contain_text("idle-off")
    with reader(browser, office, user="head") as page:
        page.goto(url)
        page.locator("#step").select_option("finish")
        page.locator("#next button").click()
        expect(page.locator(".sub")).to_contain_text("已完成")
    with reader(browser, office, user="enterprise_engineer") as page:
        page.goto(url)
        page.locator("#score").select_option("4")
        page.locator("#step").select_option("evaluate")
        page.locator("#next button").click()
        expect(page.locator("[data-step=evaluate]")).to_contain_text("4/5")
        fits(page)
        keep(page, "centre-request-judged")


def test_the_region_report_is_ordered_downloaded_and_verified(browser: Browser, office: Plant) -> None:
    if not office.services.settings.signing_key.exists():
        create_key(office.services.settings.authority_dir)
    with reader(browser, office, user="head") as page:
        page.goto("/centre/region")
        page.locator("#languages").select_option("zh,en")
        page.locator("#order button").press("Enter")
        expect(page.locator("#runs tbody tr")).to_have_count(1)
        _work_off(office)
        page.goto("/centre/region")
        run = page.locator("#runs tbody tr").first
        assert run.get_attribute("data-state") == "done", run.inner_text()  # a failed run shows its error here
        row = page.locator("#issued tbody tr").first
        expect(row).to_contain_text("REGION-2026-Q1")
        expect(row).to_contain_text("6 份报告")
        row.get_by_role("button").click()
        expect(row.locator("[data-ok=true]")).to_be_visible()
        fits(page)
        keep(page, "centre-region-issued")
        with page.expect_download() as taken:
            row.locator(".files a").last.click()
        assert taken.value.suggested_filename.endswith(".zip")
    with reader(browser, office, user="region_viewer") as page:
        page.goto("/centre/region")
        expect(page.locator("#order")).to_have_count(0)
        expect(page.locator("#issued tbody tr")).to_have_count(1)
        page.locator("#issued button").click()
        expect(page.locator("[data-ok=true]")).to_be_visible()


def _work_off(office: Plant) -> None:
    """Runs all that waits: the plant's records have queued runs of the same instant, which may be taken first."""
    worker = Worker(office.services)
    assert worker.run_next()
    while worker.run_next():
        pass


def test_classes_of_parks_endings_and_bids_are_on_their_pages(browser: Browser, office: Plant) -> None:
    with reader(browser, office, user="head", language="zh") as page:
        page.goto("/centre/parks")
        expect(page.locator("[data-tenant=p1] [data-class]")).to_have_attribute("data-class", "b")
        expect(page.locator("[data-tenant=p2] [data-class]")).to_contain_text("证据不足")
        expect(page.locator("#classes")).to_contain_text("仅供参考")
        page.goto("/centre")
        expect(page.locator("[data-ending='policy/ending']")).to_contain_text("天后到期")
        page.goto("/centre/registers/open_bid/gas")
        expect(page.locator("[data-from='bid/gas-acme']")).to_contain_text("中榜")
        page.goto("/centre/assessments/year-2026")
        expect(page.locator("#history tbody tr").last).to_contain_text("1")
