"""The form of a baseline grows and shrinks by rows, with and without script; and bills entered by hand, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ovoo_cloud.catalogue import energy_baselines
from ovoo_cloud.console.baseline_form import BaselineForm, DriverRow, changed, form_of, spec_data
from ovoo_contract.errors import QueryError
from playwright.sync_api import Browser, expect

from tests.cloud.api.plant import OWN, SYSTEM, Plant, installation, served
from tests.cloud.api.works import OWN_WORKS, Works, add_works
from tests.cloud.console.reader import fits, keep, reader, settle

SITE = f"/energy/{OWN}/{OWN_WORKS}"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with installation(tmp_path_factory.mktemp("form")) as built, served(built) as running:
        yield running


@pytest.fixture(scope="module")
def works(plant: Plant) -> Works:
    return add_works(plant)


def test_rows_are_added_and_taken_out_and_the_last_one_stays() -> None:
    form = BaselineForm(energy=("a",), drivers=(DriverRow("x"), DriverRow("y")))

    grown = changed(changed(form, "energy+"), "driver+")
    shrunk = changed(changed(changed(grown, "driver-1"), "driver-1"), "driver-1")

    assert grown.energy == ("a", "")
    assert [row.address for row in grown.drivers] == ["x", "y", ""]
    assert [row.address for row in shrunk.drivers] == [""]
    for bad in ("meter+", "driver-0", "driver-9", "energy-x", ""):
        with pytest.raises(QueryError):
            changed(form, bad)


def test_what_was_sent_is_the_form_and_the_spec_of_its_filled_rows() -> None:
    sent = {
        "name": ["n"], "energy": ["e/s/a/l/m1/power", "", "e/s/a/l/m2/power"],
        "driver": ["e/s/a/l/m/load", "e/s/b/l/m/load", ""],
        "role": ["production", "load", "load"], "take": ["integral", "mean", "mean"], "sign": ["1", "0", "0"],
    }  # fmt: skip

    data = spec_data(form_of(sent))

    assert data["energy"] == ["e/s/a/l/m1/power", "e/s/a/l/m2/power"]
    assert [each["name"] for each in data["drivers"]] == ["a/l/m/load", "b/l/m/load"]  # both are `m load`
    assert [each["sign"] for each in data["drivers"]] == [1, 0]
    with pytest.raises(QueryError, match="without all its fields"):
        form_of({**sent, "sign": ["1"]})
    with pytest.raises(QueryError, match="too many rows"):
        form_of({**sent, "energy": ["x"] * 21})


@pytest.mark.server
@pytest.mark.parametrize("script", [True, False], ids=["htmx", "without_script"])
def test_a_baseline_of_two_energy_signals_and_three_drivers_is_defined_by_the_form(
    browser: Browser, plant: Plant, works: Works, script: bool
) -> None:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, base_url=plant.url, java_script_enabled=script
    )
    context.add_cookies([{"name": "ovoo_session", "value": plant.session("centre_admin"), "url": plant.url}])
    page = context.new_page()
    try:
        page.goto(f"{SITE}/baselines")
        page.locator("summary").click()
        page.locator("#name").fill("两路之和")
        page.locator("#start").fill("2026-05-01")
        page.locator("#end").fill("2026-05-22")
        page.locator("#energy-1").select_option(f"{works.belt}/power")
        page.get_by_role("button", name="再加一个能耗信号").press("Enter")
        expect(page.locator("#energy-2")).to_be_visible()
        expect(page.locator("#name")).to_have_value("两路之和")
        expect(page.locator("#energy-1")).to_have_value(f"{works.belt}/power")
        page.get_by_role("button", name="去掉能耗信号 2").click()
        expect(page.locator("#energy-2")).to_have_count(0)
        page.locator("#driver-1").select_option(f"{works.belt}/load")
        page.get_by_role("button", name="再加一个变量").click()
        expect(page.locator("#driver-3")).to_be_visible()
        page.locator("#driver-2").select_option(f"{works.belt}/noise")
        page.locator("#driver-3").select_option(f"{works.belt}/power")
        if script:
            settle(page)
            fits(page)
            keep(page, "energy-baseline-form-1280")
            page.set_viewport_size({"width": 360, "height": 900})
            fits(page)
            keep(page, "energy-baseline-form-360")
        page.locator("#define-form button.primary").click()
        expect(page.locator("h1")).to_have_text("两路之和")
        which = page.url.rsplit("/", 1)[-1]
    finally:
        context.close()
    with plant.services.database.read() as session:
        spec = energy_baselines.baseline(session, SYSTEM, OWN, OWN_WORKS, which).spec
    assert [each["address"].rsplit("/", 1)[-1] for each in spec["drivers"]] == ["load", "noise", "power"]


@pytest.mark.server
def test_bills_are_entered_withdrawn_and_make_a_baseline(browser: Browser, plant: Plant, works: Works) -> None:
    with reader(browser, plant) as page:
        page.goto(f"{SITE}/entered-bills")
        for month in range(1, 13):
            end = f"2026-{month + 1:02d}-01" if month < 12 else "2027-01-01"
            page.locator("#start").fill(f"2026-{month:02d}-01")
            page.locator("#end").fill(end)
            page.locator("#kwh").fill(str(9000 + 37 * (month * 7 % 12) + 40 * month))
            page.locator("#amounts").fill(f"产量={315 if month == 11 else 300 + month * 7 % 12}")
            page.locator("#document").fill(f"电费单 {month}")
            page.locator("#enter button").click()
            expect(page.locator("tr[data-bill]")).to_have_count(month)
        page.locator("#start").fill("2026-03-01")
        page.locator("#end").fill("2026-04-01")
        page.locator("#kwh").fill("1")
        page.locator("#document").fill("误录")
        page.locator("#enter button").click()
        expect(page.locator("[data-fault=two_bills]")).to_contain_text("同一周期有两份账单")
        page.locator("tr[data-bill]").filter(has_text="误录").locator("button").click()
        expect(page.locator("[data-fault]")).to_have_count(0)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
            keep(page, f"energy-bills-entered-{width}")
        page.locator("#b-name").fill("按账单")
        page.locator("#b-start").fill("2026-01-01")
        page.locator("#b-end").fill("2026-11-01")
        page.locator("#define input[name=amounts]").check()
        page.locator("#define button").click()
        expect(page.locator("#draft")).to_have_attribute("data-refused", "false")
        expect(page.locator("#draft")).to_contain_text("CV(RMSE)")
        fits(page)
        page.locator("#draft input[name=document]").fill("基准审批单")
        page.locator("#draft button.primary").click()
        expect(page.locator("#champion")).to_contain_text("基准审批单")
        page.locator("#p-start").fill("2026-11-01")
        page.locator("#p-end").fill("2027-01-01")
        page.locator("#savings button.primary").click()
        expect(page.locator("[data-verdict]").first).to_be_visible()
        expect(page.locator("#measured")).to_contain_text("t 分布区间")
        expect(page.locator("#events")).to_contain_text("账单看不出事件")
        expect(page.locator("tr[data-beyond]")).to_have_count(1)  # November made more than any month before
        page.locator("#record button").click()
        expect(page.locator("#recomputed [data-equal]")).to_have_attribute("data-equal", "true")
        settle(page)
        fits(page)
        keep(page, "energy-bills-saving-1280")
    with reader(browser, plant, user="enterprise_viewer") as page:
        page.goto(f"{SITE}/entered-bills")
        expect(page.locator("main form")).to_have_count(0)
