"""The pages of baselines, savings and intensity in Chromium, over a conveyor with known physics."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator

import pytest
from ovoo_cloud.ingest.intake import Message
from ovoo_cloud.jobs.energy_baselines import energy_baselines_job
from ovoo_contract import topics
from ovoo_contract.hour_sums import SumsEnvelope
from playwright.sync_api import Browser, expect

from tests.cloud.api.plant import HOUR, OWN, Plant, installation, served
from tests.cloud.api.works import OWN_WORKS, START, TURN, Works, add_works
from tests.cloud.console.reader import fits, keep, reader, settle
from tests.cloud.energy.machine_hours import hours_of, minutes

pytestmark = pytest.mark.server
TYPED = {"event": "第二条输送带试运行", "short": "短"}
"""What tests of this file write into its forms; whichever of them runs first, the pages show it."""
SITE = f"/energy/{OWN}/{OWN_WORKS}"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with installation(tmp_path_factory.mktemp("baselines")) as built, served(built) as running:
        yield running


@pytest.fixture(scope="module")
def works(plant: Plant) -> Works:
    return add_works(plant)


def _pages(made: Works) -> dict[str, str]:
    return {
        "baselines": f"{SITE}/baselines",
        "baseline": f"{SITE}/baselines/{made.ids['baseline']}",
        "saving": f"{SITE}/savings/{made.ids['record']}",
        "intensity": f"{SITE}/intensity",
    }


@pytest.mark.parametrize("name", ["baselines", "baseline", "saving", "intensity"])
def test_a_page_fits_every_screen_in_both_languages(browser: Browser, plant: Plant, works: Works, name: str) -> None:
    for language in ("zh", "en"):
        with reader(browser, plant, language=language) as page:
            assert page.goto(_pages(works)[name]).status == 200  # type: ignore[union-attr]
            settle(page)
            for width in (1920, 1280, 360):
                page.set_viewport_size({"width": width, "height": 900})
                fits(page)
                keep(page, f"energy-{name}-{language}-{width}")
            if language == "en":
                words = page.evaluate("() => document.querySelector('main').innerText")
                assert set(re.findall(r"[\u4e00-\u9fff]+", words)) <= {"主运带式输送机", "黑山煤业", *TYPED.values()}


def test_the_challenger_is_shown_with_its_gain_and_cannot_be_signed(
    browser: Browser, plant: Plant, works: Works
) -> None:
    with reader(browser, plant, user="enterprise_engineer") as page:
        page.goto(_pages(works)["baseline"])
        settle(page)
        expect(page.locator("#champion [data-boosted]")).to_have_attribute("data-boosted", "not_better")
        expect(page.locator("#champion [data-figure=boosted] dd")).to_contain_text("%")
        expect(page.locator("#champion [data-figure=gain] dd")).to_contain_text("百分点")
        expect(page.locator("#champion form")).to_have_count(0)


def test_a_saving_is_shown_with_both_uncertainties_and_is_made_again(
    browser: Browser, plant: Plant, works: Works
) -> None:
    with reader(browser, plant) as page:
        page.goto(_pages(works)["saving"])
        expect(page.locator("[data-verdict]").first).to_have_attribute("data-verdict", "provable")
        expect(page.locator("[data-figure=fsu] dd")).to_contain_text("%")
        expect(page.locator("[data-figure=interval] dd")).to_contain_text("至")
        expect(page.locator("tr[data-turn]")).to_have_count(2)  # the second belt came and went
        page.locator("#record button").click()
        expect(page.locator("#recomputed [data-equal]")).to_have_attribute("data-equal", "true")


def test_an_event_is_decided_with_a_reason_and_both_results_stay(browser: Browser, plant: Plant, works: Works) -> None:
    with reader(browser, plant, user="enterprise_engineer") as page:
        page.goto(_pages(works)["saving"])
        measured = page.locator("[data-figure=avoided] dd").inner_text()
        expect(page.locator("#adjusted")).to_have_count(0)
        row = page.locator(f"tr[data-event={works.ids['event']}]")
        row.locator("input[name=reason]").fill(TYPED["event"])
        row.locator("button[value=true]").click()
        expect(row).to_have_attribute("data-state", "accepted")
        expect(row).to_contain_text("enterprise_engineer")
        expect(page.locator("[data-figure=avoided] dd")).to_have_text(measured)
        expect(page.locator("[data-figure=avoided-adjusted] dd")).not_to_have_text(measured)
        settle(page)
        fits(page)
        keep(page, "energy-saving-adjusted-1280")


def test_screening_refusals_fit_figures_and_signature_stand_by_the_picture(
    browser: Browser, plant: Plant, works: Works
) -> None:
    with reader(browser, plant) as page:
        page.goto(_pages(works)["baseline"])
        sheet = page.locator("#champion")
        expect(sheet.locator("[data-screened=noise]")).to_contain_text("不能进一步解释用电量")
        expect(sheet.locator("[data-figure=cv] dd")).to_contain_text("%")
        expect(sheet).to_contain_text("M&V plan 3")
        expect(sheet.locator("form")).to_have_count(0)  # what is signed cannot be signed by accident again


def test_a_challenger_stands_beside_the_baseline_in_force(browser: Browser, plant: Plant, works: Works) -> None:
    energy_baselines_job(plant.services, {}, lambda share: None)
    with reader(browser, plant, user="centre_expert") as page:
        page.goto(_pages(works)["baseline"])
        expect(page.locator("#champion")).to_have_attribute("data-fit", works.ids["fit"])
        expect(page.locator("#challenger form")).to_contain_text("centre_expert")
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
            keep(page, f"energy-baseline-challenger-{width}")


def test_a_viewer_sees_the_pages_and_none_of_their_forms(browser: Browser, plant: Plant, works: Works) -> None:
    with reader(browser, plant, user="enterprise_viewer") as page:
        for path in _pages(works).values():
            page.goto(path)
            expect(page.locator('main form:not([method="get"])')).to_have_count(0)


def test_a_norm_that_is_not_verified_is_marked_and_its_open_corrections_are_named(
    browser: Browser, plant: Plant, works: Works
) -> None:
    with reader(browser, plant) as page:
        page.goto(_pages(works)["intensity"])
        expect(page.locator("[data-mark=reference]")).to_have_text("仅供参考")
        expect(page.locator("[data-open]")).to_contain_text("工艺系数")
        assert page.locator("tr[data-month]").count() == 2 or page.locator("tr[data-month]").count() == 3


def test_too_few_days_are_told_as_insufficient_evidence(browser: Browser, plant: Plant, works: Works) -> None:
    with reader(browser, plant) as page:
        page.goto(_pages(works)["baselines"])
        page.locator("summary").click()
        page.locator("#name").fill(TYPED["short"])
        page.locator("#start").fill("2026-05-20")
        page.locator("#end").fill("2026-05-24")
        page.locator("button.primary").click()
        draft = page.locator("#draft")
        expect(draft).to_have_attribute("data-refused", "true")
        expect(draft).to_contain_text("有效天数不足")
        settle(page)
        fits(page)
        keep(page, "energy-baseline-refused-1280")


def test_a_site_without_baselines_says_what_to_do(browser: Browser, plant: Plant, tmp_path: pathlib.Path) -> None:
    with reader(browser, plant) as page:
        for part, words in (("baselines", "还没有基准"), ("intensity", "还没有单位产品能耗")):
            page.goto(f"/energy/{OWN}/heishan/{part}")
            expect(page.locator(".sheet.empty")).to_contain_text(words)
            fits(page)


def test_a_machine_is_refitted_from_its_sums_beside_the_baseline(browser: Browser, plant: Plant, works: Works) -> None:
    empty = _pages(works)["baseline"]
    with reader(browser, plant) as page:
        page.goto(empty)
        expect(page.locator('#sums [data-sums="none"]')).to_be_visible()
    for number, hour in enumerate(hours_of(works.belt, minutes(TURN - 48 * HOUR, 48))):
        told = SumsEnvelope(8, 1 + number, hour)
        assert plant.intake.handle([Message(topics.sums(f"{OWN_WORKS}-gw1"), told.to_bytes())])

    for language in ("zh", "en"):
        with reader(browser, plant, language=language, user="enterprise_viewer") as page:
            page.goto(empty)
            row = page.locator('#sums tr[data-regime="load"]')
            expect(row).to_have_attribute("data-fitted", "true")
            expect(page.locator('#sums [data-figure="rows"] dd')).to_have_text(str(48 * 60))
            share = 48 / (works_hours() / 100.0)
            expect(page.locator('#sums [data-figure="coverage"] dd')).to_have_text(f"{share:.1f}%")
            expect(page.locator('#sums tr[data-regime="idle"]')).to_have_attribute("data-fitted", "false")
            settle(page)
            for width in (1280, 360):
                page.set_viewport_size({"width": width, "height": 900})
                fits(page)

    with reader(browser, plant) as page:
        page.goto(empty)
        day = page.locator("#s-start")
        day.fill("2020-01-01")
        page.locator("#s-end").fill("2020-01-02")
        page.locator("#sums button").click()
        expect(page.locator('#sums [data-sums="refused"]')).to_be_visible()


def works_hours() -> float:
    """Hours of the period of the signed baseline."""
    return (TURN - START) / HOUR
