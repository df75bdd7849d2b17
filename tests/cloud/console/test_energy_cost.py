"""Demand, tariff day, contract, bills and carbon in Chromium: values known from what was fed, forms, empty states."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ovoo_cloud.catalogue import energy_contracts
from ovoo_packs import load_tariffs
from ovoo_packs.tariffs import Band
from playwright.sync_api import Browser, expect

from tests.cloud.api.plant import NOW, OWN, SITE, SYSTEM, TERMS, Plant
from tests.cloud.console.reader import fits, keep, reader, settle

pytestmark = pytest.mark.server
ENERGY = f"/energy/{OWN}/{SITE}"


def _pages(plant: Plant) -> dict[str, str]:
    ids = plant.ids["own"]
    return {
        "energy-cost": f"{ENERGY}/cost?day=2026-06-04",
        "energy-bills": f"{ENERGY}/bills",
        "energy-bill": f"{ENERGY}/bills/{ids['bill']}?check=1",
        "energy-carbon": f"{ENERGY}/carbon",
        "energy-contract": f"{ENERGY}/contract",
    }


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["energy-cost", "energy-bills", "energy-bill", "energy-carbon", "energy-contract"])
def test_the_pages_fit_in_both_languages(
    browser: Browser, console: Plant, name: str, width: int, language: str
) -> None:
    with reader(browser, console, width=width, language=language) as page:
        answer = page.goto(_pages(console)[name])
        assert answer is not None
        assert answer.status == 200
        settle(page)
        fits(page)
        keep(page, f"{name}-{language}-{width}")


def test_the_gauge_tells_what_to_shed(browser: Browser, console: Plant) -> None:
    with reader(browser, console) as page:
        page.goto(f"{ENERGY}/cost")
        settle(page)
        gauge = page.locator("#demand")
        expect(gauge.locator("[data-figure=power]")).to_contain_text("600kW")  # fan 400 + compressor 200
        expect(gauge.locator("[data-over=true]")).to_contain_text("现在减载 50 kW")  # the window begins: 600 - 550
        expect(gauge.locator("#peak")).to_contain_text("600 kW")


def test_a_gauge_without_data_is_stale_and_not_zero(browser: Browser, console: Plant) -> None:
    console.clock.now_ns = NOW + 3600 * 10**9
    try:
        with reader(browser, console) as page:
            page.goto(f"{ENERGY}/cost")
            settle(page)
            expect(page.locator("#demand [data-state=stale]")).to_be_visible()
            expect(page.locator("#demand [data-figure=projected]")).to_have_count(0)
    finally:
        console.clock.now_ns = NOW


def test_a_site_without_contract_says_what_is_missing(browser: Browser, bare: Plant) -> None:
    with reader(browser, bare) as page:
        page.goto(f"{ENERGY}/cost")
        settle(page)
        expect(page.locator("#no-contract")).to_be_visible()
        expect(page.locator("#demand [data-state=stale]")).to_be_visible()
        fits(page)


def test_the_day_shows_bands_cost_and_what_a_shift_saves(browser: Browser, console: Plant) -> None:
    tariff = load_tariffs().get("west")
    ratio = [Decimal(str(tariff.ratio(6, hour))) for hour in range(24)]
    # 2026-06-05 so far: midnight to ten, the compressor idles from four to six
    with reader(browser, console) as page:
        page.goto(f"{ENERGY}/cost?day=2026-06-05")
        settle(page)
        kwh = [600 - (120 if hour in (4, 5) else 0) for hour in range(10)]
        total = page.locator("#day tr[data-band=total]")
        expect(total).to_contain_text(f"{sum(kwh):,.1f}")
        bands: dict[Band, Decimal] = {}
        for hour, each in enumerate(kwh):
            band = tariff.band(6, hour)
            own = (each * Decimal("0.40") * ratio[hour]) + each * Decimal("0.03")
            bands[band] = bands.get(band, Decimal(0)) + own
        for name, yuan in bands.items():
            expect(page.locator(f"#day tr[data-band={name}]")).to_contain_text(f"{yuan:,.2f}")
        expect(page.locator("#shift tbody tr")).to_contain_text("证据不足")  # the day is not over
        expect(page.locator("#day")).to_contain_text("虚构价格")


def test_a_person_makes_a_bill_and_compares_it(browser: Browser, console: Plant) -> None:
    with reader(browser, console) as page:
        page.goto(f"{ENERGY}/bills")
        page.fill("#month", "2026-06")
        page.fill("#invoice", "1000.00")
        page.fill("#invoice-document", "2026年6月（虚构）")
        page.select_option("#holes", "yes")
        page.click("#make button[type=submit]")
        expect(page.locator("#bill")).to_have_attribute("data-state", "incomplete")
        expect(page.locator("#comparison")).to_contain_text("1000.00")
        expect(page.locator("[data-defect=gap]").first).to_be_visible()
        page.goto(page.url + "?check=1")
        expect(page.locator("#checked")).to_have_attribute("data-equal", "true")
        keep(page, "energy-bill-compared")


def test_carbon_by_other_factors_stands_beside_the_first(browser: Browser, console: Plant) -> None:
    with reader(browser, console) as page:
        page.goto(f"{ENERGY}/carbon")
        first = page.locator("tr[data-statement]")
        expect(first).to_have_count(1)
        before = first.inner_text()
        page.locator("summary").click()
        page.select_option("select[name=electricity]", "equivalent")
        page.locator("details button").click()
        expect(page.locator("tr[data-statement]")).to_have_count(2)
        assert page.locator("tr[data-statement]").first.inner_text() == before
        keep(page, "energy-carbon-both")


def test_the_form_of_the_contract_keeps_what_it_shows(browser: Browser, console: Plant) -> None:
    with reader(browser, console) as page:
        page.goto(f"{ENERGY}/contract")
        page.fill("#c-target_kw", "560")
        page.fill("#c-shiftable", "utilities/air/comp1; 250; 0-7, 22; 示例（虚构）")
        page.click("#contract button[type=submit]")
        expect(page.locator("#c-target_kw")).to_have_value("560")
        form: dict[str, str | float | bool] = {"tariff": "west", "document": "x", "price": "45", "kind": "ratio"}
        answer = page.request.post(f"{ENERGY}/contract", form=form, headers={"Origin": console.url})
        assert answer.status == 422
        assert "fen are divided by 100" in answer.text()
    with console.services.database.write() as session:
        kept = energy_contracts.contract_of(session, SYSTEM, OWN, SITE)
        assert kept is not None
        assert kept.terms["energy"][0]["ratio"] == "0.40"
        assert kept.terms["shiftable"][0]["hours"] == [*range(8), 22]
        energy_contracts.save_contract(session, SYSTEM, OWN, SITE, TERMS, NOW)


def test_terms_that_the_form_cannot_say_are_not_lost_through_it(browser: Browser, console: Plant) -> None:
    terms = {**TERMS, "demand": {**TERMS["demand"], "over_factor": "2"}}
    with console.services.database.write() as session:
        energy_contracts.save_contract(session, SYSTEM, OWN, SITE, terms, NOW)
    try:
        with reader(browser, console) as page:
            page.goto(f"{ENERGY}/contract")
            expect(page.locator("#beyond")).to_be_visible()
            expect(page.locator("#c-price")).to_be_disabled()
            form: dict[str, str | float | bool] = {"tariff": "west"}
            answer = page.request.post(f"{ENERGY}/contract", form=form, headers={"Origin": console.url})
            assert answer.status == 422
    finally:
        with console.services.database.write() as session:
            energy_contracts.save_contract(session, SYSTEM, OWN, SITE, TERMS, NOW)


def test_a_viewer_reads_and_changes_nothing(browser: Browser, console: Plant) -> None:
    with reader(browser, console, user="enterprise_viewer") as page:
        for name in ("bills", "carbon"):
            page.goto(f"{ENERGY}/{name}")
            expect(page.locator("#make")).to_have_count(0)
        page.goto(f"{ENERGY}/contract")
        expect(page.locator("#c-price")).to_be_disabled()
        answer = page.request.post(f"{ENERGY}/bills", form={"month": "2026-06"}, headers={"Origin": console.url})
        assert answer.status == 403
