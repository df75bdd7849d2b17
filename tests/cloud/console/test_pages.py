"""Every page in Chromium: values known from what was fed, stale and empty states, both languages, three widths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from ovoo_cloud.catalogue import findings
from ovoo_cloud.catalogue.tables import AlarmRecord, EnergySetting, FindingRecord, Job
from ovoo_contract.address import AssetAddress
from ovoo_contract.findings import Finding
from playwright.sync_api import Browser, Page, expect

from tests.cloud.api.plant import COMPRESSOR, DAY_KWH, FAN, GATEWAY, NOW, OWN, PASSWORD, SITE, Plant
from tests.cloud.console.reader import fits, keep, reader, settle

pytestmark = pytest.mark.server
ENERGY = f"/energy/{OWN}/{SITE}"
COMPLETENESS = f"/completeness/{OWN}/{SITE}"


@pytest.fixture
def undone(console: Plant) -> Iterator[Plant]:
    """The console, whose jobs, alarm and tariff are after the test what they were: other tests show what was fed."""
    with console.services.database.read() as session:
        known = {job.id for job in session.query(Job)}
    yield console
    with console.services.database.write() as session:
        session.query(Job).filter(Job.id.not_in(known)).delete()
        session.query(EnergySetting).delete()
        session.query(AlarmRecord).update(
            {"state": "active_unacknowledged", "acknowledged_ns": None, "acknowledged_by": "", "comment": ""}
        )


def _pages(plant: Plant) -> dict[str, str]:
    return {
        "overview": "/",
        "site": f"/sites/{OWN}/{SITE}",
        "machine": f"/machines/{FAN}",
        "signal": f"/signals/{FAN}/power",
        "findings": "/findings",
        "finding": f"/findings/{plant.ids['own']['finding']}",
        "alarms": "/alarms",
        "energy-sites": "/energy",
        "energy": ENERGY,
        "reports": "/reports",
        "gateways": "/gateways",
        "gateway": f"/gateways/{GATEWAY}",
        "completeness": COMPLETENESS,
    }


NAMES = [
    "overview",
    "site",
    "machine",
    "signal",
    "findings",
    "finding",
    "alarms",
    "energy-sites",
    "energy",
    "reports",
    "gateways",
    "gateway",
    "completeness",
]


def _overview(page: Page) -> None:
    card = page.locator(f"[data-site={SITE}]")
    expect(card).to_have_attribute("data-state", "warning")
    expect(card).to_contain_text("600kW")  # fan 400 + compressor 200
    expect(card).to_contain_text("17/ 17")


def _site(page: Page) -> None:
    fan = page.locator("[data-asset='ventilation/main/fan1']")
    expect(fan).to_have_attribute("data-state", "warning")
    expect(page.locator("[data-asset='utilities/air/comp1']")).to_have_attribute("data-state", "normal")
    expect(page.locator("[data-asset='utilities/power/meter1'] [data-signal=power]")).to_contain_text("600")


def _machine(page: Page) -> None:
    row = page.locator("tr[data-signal=power]")
    expect(row).to_contain_text("400")
    expect(row).to_have_attribute("data-stale", "false")
    assert page.locator("svg.spark").count() >= 6
    assert int(page.locator(".chart").get_attribute("data-points") or 0) > 100


def _signal(page: Page) -> None:
    expect(page.locator("#samples")).to_have_attribute(
        "data-count", "1440"
    )  # half-open: the sample of 24 hours ago is outside
    expect(page.locator("#now")).to_contain_text("400kW")
    assert int(page.locator(".chart").get_attribute("data-points") or 0) > 300


def _findings(page: Page) -> None:
    assert page.locator("tbody tr").count() == 1
    machine = page.locator("tbody [data-label=设备]")
    expect(machine).to_contain_text("主通风机")
    expect(machine).to_contain_text("ventilation/main/fan1")


def _finding(page: Page) -> None:
    expect(page.locator(".page-head")).to_contain_text("主通风机")
    expect(page.locator(".figures")).to_contain_text("31.5")
    expect(page.locator("main")).to_contain_text("ev_0123456789abcdef")
    plot = page.locator("figure svg.ovoo-plot:visible")
    expect(plot).to_have_count(1)
    expect(plot).to_contain_text("得分")
    expect(plot).to_contain_text("限值 20")
    assert plot.locator("polyline").count() > 5


def _alarms(page: Page) -> None:
    expect(page.locator("tr[data-alarm]")).to_have_attribute("data-state", "active_unacknowledged")
    expect(page.locator("tr[data-alarm]")).to_contain_text("主通风机")


def _energy_sites(page: Page) -> None:
    expect(page.locator("[data-figure=day]")).to_have_attribute("data-kwh", f"{DAY_KWH:.1f}")


def _energy(page: Page) -> None:
    shown = page.locator("#totals [data-figure=day]")
    expect(shown).to_contain_text("14,160kWh")
    assert float(shown.get_attribute("data-kwh") or 0) == pytest.approx(DAY_KWH, abs=0.01)
    expect(page.locator("#machines tbody tr").first).to_have_attribute("data-asset", FAN)
    expect(page.locator("#machines tbody tr").first).to_contain_text("9,600")
    idle = page.locator("#idle tbody tr")
    expect(idle).to_have_attribute("data-asset", COMPRESSOR)
    expect(idle).to_contain_text("120")
    expect(idle).to_contain_text("160")
    expect(page.locator("[data-figure=cost]")).to_have_count(0)
    assert page.locator("[data-day]").count() == 7


def _reports(page: Page) -> None:
    row = page.locator("tr[data-report='heishan-2026-001-r1']")
    expect(row).to_contain_text("heishan-2026-001")
    assert row.locator("a").all_inner_texts() == ["PDF", "Word", "数据（JSON）", "报告包（zip）"]
    expect(page.locator("tr[data-job]")).to_have_attribute("data-state", "queued")


def _gateways(page: Page) -> None:
    row = page.locator(f"tr[data-gateway={GATEWAY}]")
    expect(row).to_have_attribute("data-health", "incomplete")
    assert [text.strip() for text in row.locator("td.number").all_inner_texts()][1:] == ["12", "3 秒", "1", "1"]
    expect(page.locator("tr[data-gateway=heishan-gw2]")).to_have_attribute("data-health", "never")


def _gateway(page: Page) -> None:
    expect(page.locator("#gaps tbody")).to_contain_text("4–4")
    expect(page.locator("#rejections tbody")).to_contain_text("wire")
    expect(page.locator("#hours tbody")).to_contain_text("31,220")  # 20 signals x 1,561 minutes


def _completeness(page: Page) -> None:
    figures = {"expected": "26,400", "lost": "30", "suppressed": "110", "absent": "0"}
    for key, words in figures.items():
        expect(page.locator(f"[data-figure={key}] dd")).to_have_text(words)
    row = page.locator(f"tr[data-row='{FAN}/power']")
    cells = row.locator("td.hour")
    assert cells.all_inner_texts() == ["100"] * 3 + ["–"] * 2 + ["100"] * 18 + ["83"]
    expect(cells.last).to_have_attribute("data-state", "lost")
    expect(cells.last).to_have_attribute("title", re.compile("丢失 10"))
    running = page.locator(f"tr[data-row='{FAN}/running'] td.hour")
    expect(running.last).to_have_attribute("title", re.compile("丢失 20"))
    losses = page.locator("#losses tbody tr")
    expect(losses).to_have_count(2)
    expect(page.locator("tr[data-cause=spool_full]")).to_contain_text("网关缓存已满")
    expect(page.locator("tr[data-cause=spool_full]")).to_contain_text("09:05:00")
    expect(page.locator("tr[data-cause=gateway_stopped]")).to_contain_text("≈ 20")


CHECKS: dict[str, Callable[[Page], None]] = dict(
    zip(
        NAMES,
        (
            _overview,
            _site,
            _machine,
            _signal,
            _findings,
            _finding,
            _alarms,
            _energy_sites,
            _energy,
            _reports,
            _gateways,
            _gateway,
            _completeness,
        ),
        strict=True,
    )
)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_what_was_fed_and_fits_every_screen(browser: Browser, console: Plant, name: str) -> None:
    with reader(browser, console) as page:
        assert page.goto(_pages(console)[name]).status == 200  # type: ignore[union-attr]
        settle(page)
        for width in (1920, 1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
            if width != 1920:
                keep(page, f"{name}-{width}")
        page.set_viewport_size({"width": 1280, "height": 900})
        CHECKS[name](page)


def test_every_page_speaks_english_too(browser: Browser, console: Plant) -> None:
    with reader(browser, console, language="en") as page:
        for name, path in _pages(console).items():
            assert page.goto(path).status == 200  # type: ignore[union-attr]
            settle(page)
            page.set_viewport_size({"width": 360, "height": 900})
            fits(page)
            words = page.evaluate("() => document.querySelector('main').innerText")
            left = re.findall(r"[\u4e00-\u9fff]+", words)
            assert set(left) <= {"黑山煤业有限公司", "得分", "限值", "状态"}, (name, left)
        assert page.evaluate("() => document.documentElement.lang") == "en"


STALE: dict[str, Callable[[Page], None]] = {
    "overview": lambda page: expect(page.locator(f"[data-site={SITE}]")).to_contain_text("3 小时前"),
    "machine": lambda page: expect(page.locator("tr[data-signal=power]")).to_have_attribute("data-stale", "true"),
    "gateways": lambda page: expect(page.locator(f"tr[data-gateway={GATEWAY}]")).to_have_attribute(
        "data-health", "offline"
    ),
}


def test_hours_without_an_account_are_told_as_such(browser: Browser, console: Plant) -> None:
    console.clock.now_ns = NOW + 8 * 3600 * 10**9
    try:
        with reader(browser, console, language="en") as page:
            page.goto(f"{COMPLETENESS}?asset={FAN.split('/', 2)[2]}")
            expect(page.locator(".notice.stale[data-state=stale] h2").last).to_contain_text("Last hour")
            assert page.locator("tr[data-row]").count() == 10
            power = page.locator(f"tr[data-row='{FAN}/power'] td.hour")
            assert power.all_inner_texts() == ["100"] * 15 + ["83"] + ["–"] * 8
    finally:
        console.clock.now_ns = NOW


def test_a_large_site_is_shown_by_machine_first(
    browser: Browser, console: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ovoo_cloud.console.completeness._FEW_SIGNALS", 5)
    with reader(browser, console) as page:
        page.goto(COMPLETENESS)
        row = page.locator(f"tr[data-row='{FAN}']")
        expect(row.locator("td.hour").last).to_have_text("95")  # 10 signals of 60, of which 30 are lost
        row.locator("a").click()
        expect(page.locator(f"tr[data-row='{FAN}/power']")).to_be_visible()


@pytest.mark.parametrize("name", NAMES)
def test_a_stopped_source_is_told_on_every_page(browser: Browser, console: Plant, name: str) -> None:
    console.clock.now_ns = NOW + 3 * 3600 * 10**9
    try:
        with reader(browser, console) as page:
            page.goto(_pages(console)[name])
            settle(page)
            if name in STALE:
                STALE[name](page)
            else:
                expect(page.locator(".notice.stale").first).to_be_visible()
            for width in (1920, 1280, 360):
                page.set_viewport_size({"width": width, "height": 900})
                fits(page)
            keep(page, f"{name}-stale-360")
    finally:
        console.clock.now_ns = NOW


def test_a_live_source_is_not_called_stopped_on_any_page(browser: Browser, console: Plant) -> None:
    with reader(browser, console) as page:
        for path in _pages(console).values():
            page.goto(path)
            settle(page)
            expect(page.locator(".notice.stale")).to_have_count(0)


def _bare_site(page: Page) -> None:
    card = page.locator("[data-asset='ventilation/main/fan1']")
    expect(card).to_have_attribute("data-state", "empty")
    expect(card).to_contain_text("尚无数据")


def _bare_machine(page: Page) -> None:
    expect(page.locator("tr[data-signal=power]")).to_contain_text("—")
    expect(page.locator("main")).to_contain_text("没有发现")


def _bare_signal(page: Page) -> None:
    expect(page.locator(".chart")).to_contain_text("所选时间范围内没有数据")
    expect(page.locator("#samples")).to_have_count(0)


BARE: dict[str, tuple[str, Callable[[Page], None]]] = {
    "site": (f"/sites/{OWN}/{SITE}", _bare_site),
    "site-without-machines": (
        f"/sites/{OWN}/second",
        lambda page: expect(page.locator(".empty")).to_contain_text("还没有设备"),
    ),
    "machine": (f"/machines/{FAN}", _bare_machine),
    "signal": (f"/signals/{FAN}/power", _bare_signal),
    "energy": (ENERGY, lambda page: expect(page.locator(".sheet.empty")).to_contain_text("还没有能源数据")),
    "energy-sites": (
        "/energy",
        lambda page: expect(page.locator(f"[data-site={SITE}]")).to_contain_text("还没有电能或功率数据"),
    ),
    "completeness": (
        COMPLETENESS,
        lambda page: expect(page.locator(".sheet.empty")).to_contain_text("还没有报告数据去向"),
    ),
    "gateway": (
        f"/gateways/{GATEWAY}",
        lambda page: expect(page.locator(".notice:not(.failed) h2")).to_contain_text("从未联系"),
    ),
}


@pytest.mark.parametrize("name", BARE)
def test_a_page_whose_first_sample_has_not_come_says_so(browser: Browser, bare: Plant, name: str) -> None:
    path, check = BARE[name]
    with reader(browser, bare) as page:
        assert page.goto(path).status == 200  # type: ignore[union-attr]
        settle(page)
        check(page)
        for width in (1920, 1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
        keep(page, f"{name}-empty-360")


def test_a_fresh_installation_says_what_comes_next(browser: Browser, fresh: Plant) -> None:
    with reader(browser, fresh) as page:
        for path, words in (
            ("/", "还没有站点"),
            ("/findings", "没有发现"),
            ("/alarms", "没有待处理的报警"),
            ("/energy", "还没有站点"),
            ("/reports", "还没有报告"),
            ("/gateways", "还没有网关"),
        ):
            page.goto(path)
            settle(page)
            expect(page.locator(".empty")).to_contain_text(words)
            for width in (1920, 1280, 360):
                page.set_viewport_size({"width": width, "height": 900})
                fits(page)
            keep(page, f"empty{path.replace('/', '-')}")
        page.goto("/sites/no/where")
        expect(page.locator(".notice.failed:not([hidden])")).to_contain_text("没有找到")


def test_the_overview_follows_new_samples_without_a_reload(browser: Browser, console: Plant) -> None:
    with reader(browser, console) as page:
        page.evaluate("() => { window.kept = document.querySelector('[data-site]'); }")
        console.clock.now_ns = NOW + 300 * 10**9
        try:
            expect(page.locator(f"[data-site={SITE}]")).to_contain_text("5 分钟前", timeout=15_000)
            # the card is the same element with other words: nothing was torn down, so nothing flickers
            assert page.evaluate("() => window.kept === document.querySelector('[data-site]')")
            expect(page.locator("#page-time")).to_contain_text("10:05:00")
        finally:
            console.clock.now_ns = NOW


def test_signing_in_acknowledging_and_ordering_a_report(browser: Browser, undone: Plant) -> None:
    with reader(browser, undone, user="enterprise_viewer") as page:
        page.goto("/alarms")
        expect(page.locator("tr[data-alarm]")).to_contain_text("等待企业工程师确认")
        expect(page.locator("nav a[href='/gateways']")).to_have_count(0)
    with reader(browser, undone) as page:
        page.goto("/reports")
        page.fill("tr[data-case] input[name=number]", "HS-2026-009")
        page.click("tr[data-case] button")
        expect(page.locator("tr[data-job]").filter(has_text="HS-2026-009")).to_have_attribute("data-state", "queued")
        page.goto("/alarms")
        page.fill("input[name=comment]", "已派人检查轴承")
        page.click("tr[data-alarm] button")
        page.goto("/alarms?show=all")
        expect(page.locator("tr[data-alarm]")).to_have_attribute("data-state", "active_acknowledged")
        expect(page.locator("tr[data-alarm]")).to_contain_text("centre_admin: 已派人检查轴承")


def test_a_finding_is_judged_in_ones_name_and_taken_back(browser: Browser, console: Plant) -> None:
    with reader(browser, console) as page:
        page.goto(f"/findings/{console.ids['own']['finding']}")
        settle(page)
        page.fill("#comment", "现场检查过")
        page.click("button[value=false]")
        settle(page)
        expect(page.locator("[data-verdict]")).to_have_attribute("data-verdict", "false")
        expect(page.locator("[data-verdict]")).to_contain_text("centre_admin: 现场检查过")
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
        page.click("[data-verdict] button")
        settle(page)
        expect(page.locator("[data-verdict]")).to_have_count(0)


def test_a_finding_of_waste_leads_to_the_measures_of_its_machine(browser: Browser, console: Plant) -> None:
    found = Finding(
        code="energy.drift", severity="warning", asset=AssetAddress.parse(COMPRESSOR), start_ns=NOW - 3600 * 10**9,
        end_ns=NOW, value=5.0, unit="kW", model="energy-drift",
    )  # fmt: skip
    with console.services.database.write() as session:
        findings.upsert(session, GATEWAY, found, NOW)
    with reader(browser, console) as page:
        page.goto(f"/findings/{found.id}")
        settle(page)
        links = page.locator("[data-list=measures] a")
        expect(links).to_have_count(2)
        page.click("[data-measure=leak_repair]")
        expect(page.locator("h1")).to_have_text("压缩空气堵漏")
    with console.services.database.write() as session:
        session.delete(session.get(FindingRecord, found.id))


def test_a_chosen_tariff_shows_cost_with_its_document(browser: Browser, undone: Plant) -> None:
    with reader(browser, undone) as page:
        page.goto(ENERGY)
        settle(page)
        expect(page.locator("#tariff")).to_contain_text("没有选择电价")
        page.click("summary")
        page.select_option("#tariff-id", index=1)
        page.fill("#price", "0.45")
        page.fill("#source", "供电合同 2026-1（虚构）")
        page.click("form[action$='/tariff'] button")
        settle(page)
        expect(page.locator("#tariff")).to_contain_text("供电合同 2026-1（虚构）")
        expect(page.locator("[data-figure=cost]")).to_contain_text("元")
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
        keep(page, "energy-tariff-1280")


def test_the_region_sees_counts_only(browser: Browser, console: Plant) -> None:
    with reader(browser, console, user="region_viewer") as page:
        row = page.locator("tr[data-sector=coal_mine]")
        assert row.locator("td").all_inner_texts() == ["煤矿", "1", "1", "2", "1"]
        links = page.locator("nav.nav a").evaluate_all("(all) => all.map((each) => each.getAttribute('href'))")
        assert links == ["/centre"]  # registers and parks; nothing of a single enterprise
        keep(page, "region-1280")


def test_signing_in_tells_what_is_wrong_and_leads_where_one_wanted_to_go(browser: Browser, console: Plant) -> None:
    with reader(browser, console, sign=False, width=360) as page:
        page.goto("/reports")
        fits(page)
        keep(page, "sign-in-360")
        page.set_viewport_size({"width": 1280, "height": 900})
        keep(page, "sign-in-1280")
        page.fill("#name", "enterprise_viewer")
        page.fill("#password", PASSWORD)
        page.click("form[action='/sign-in'] button")
        page.wait_for_url(f"{console.url}/reports")
        assert page.locator("nav.nav").is_visible()
        page.click("form[action='/sign-out'] button")
        page.wait_for_url(f"{console.url}/sign-in")
        assert page.locator("nav.nav").count() == 0
